/*
 * proxy/web_trailers.c - add_trailer: fields behind a body in chunks (RFC 9112 section 7.1.2).
 *
 * That there will be some is settled with the head: such an answer goes in chunks, whatever is
 * known of its length. What they say is asked when the body has ended.
 */
#include "proxy/head_writer.h"
#include "proxy/value.h"
#include "proxy/web.h"

static bool is_wanted(const struct exchange *x, const struct conf_add_header *trailer)
{
	return trailer->is_always || web_is_success(x->web->out.status);
}

bool web_expects_trailers(const struct exchange *x)
{
	const struct conf_loc *loc = x->web->loc;
	for (uint32_t i = 0; i < loc->add_trailer.count; i++)
		if (is_wanted(x, &loc->add_trailer.items[i]))
			return true;
	return false;
}

/* flow->trailer. What was said is kept for $sent_trailer_NAME. */
static bool put_trailers(struct flow *flow, struct buf *out)
{
	struct exchange *x = CONTAINER_OF(flow, struct exchange, down);
	const struct conf_loc *loc = x->web->loc;
	struct head_writer w = {.buf = out};
	struct web_field *sent = arena_zero(&x->arena, loc->add_trailer.count * sizeof(*sent));
	if (sent == NULL)
		return false;
	x->web->trailers = sent;
	x->web->trailer_count = 0;
	for (uint32_t i = 0; i < loc->add_trailer.count; i++) {
		const struct conf_add_header *trailer = &loc->add_trailer.items[i];
		struct slice value;
		if (!is_wanted(x, trailer))
			continue;
		if (!web_value_kept(x, &trailer->value, &value))
			return false;
		if (value.n == 0)
			continue;
		head_put_safe_field(&w, trailer->name, value);
		sent[x->web->trailer_count++] = (struct web_field){trailer->name, value, false};
	}
	return !w.is_bad;
}

void web_set_trailers(struct exchange *x)
{
	if (x->down.out == FLOW_CHUNKED && web_expects_trailers(x))
		x->down.trailer = put_trailers;
}
