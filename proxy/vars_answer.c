/*
 * proxy/vars_answer.c - what the client gets: as it is being made, and as it was sent.
 */
#include "proxy/vars.h"

#include "base/clock.h"
#include "proxy/guard.h"
#include "proxy/web_gzip.h"
#include "proxy/web_uri.h"

#include <time.h>

static uint16_t status_of(const struct exchange *x)
{
	if (x->web->error_status != 0)
		return x->web->error_status;
	return x->status != 0 ? x->status : x->web->out.status;
}

static bool keep(struct exchange *x, struct slice *slice)
{
	if (slice->n != 0)
		slice->p = arena_copy(&x->arena, slice->p, slice->n);
	return slice->n == 0 || slice->p != NULL;
}

bool web_keep_out(struct exchange *x)
{
	struct web_out *out = &x->web->out;
	if (!out->is_proxied || !x->generation->conf->web->users.uses_sent_head)
		return true;
	if (!keep(x, &out->type) || !keep(x, &out->location))
		return false;
	for (uint32_t i = 0; i < out->fields.count; i++)
		if (!keep(x, &out->fields.items[i].name) || !keep(x, &out->fields.items[i].value))
			return false;
	return true;
}

/* All of that name that are to be sent. */
static enum web_found out_fields(struct exchange *x, struct slice name, bool all, struct slice *ret)
{
	const struct web_out *out = &x->web->out;
	bool is_found = false;
	for (uint32_t i = 0; i < out->fields.count; i++) {
		const struct web_field *field = &out->fields.items[i];
		if (field->is_gone || !web_is_field_named(field->name, name))
			continue;
		if (!is_found) {
			*ret = field->value;
			is_found = true;
			if (!all)
				break;
			continue;
		}
		const struct slice pieces[] = {*ret, SLICE(", "), field->value};
		if (!web_join(&x->arena, pieces, COUNT_OF(pieces), ret))
			return WEB_NO_MEMORY;
	}
	return is_found ? WEB_FOUND : WEB_MISSING;
}

static enum web_found http_date(struct exchange *x, int64_t seconds, struct slice *ret)
{
	char text[40];
	struct tm tm;
	time_t when = (time_t)seconds;
	if (gmtime_r(&when, &tm) == NULL)
		return WEB_MISSING;
	return web_copy(
		x, text, strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm), ret);
}

/* While the head is made; whoever asks later, a log line, is told "close" by nginx. */
static bool keeps_alive(const struct exchange *x)
{
	return x->keeps_client && x->status == 0;
}

static enum web_found sent_connection(const struct exchange *x, struct slice *ret)
{
	if (status_of(x) == 101)
		*ret = SLICE("upgrade");
	else
		*ret = keeps_alive(x) ? SLICE("keep-alive") : SLICE("close");
	return WEB_FOUND;
}

/* nginx keeps some fields apart from the others, and these go by what it knows. */
static enum web_found sent_field(struct exchange *x, struct slice name, struct slice *ret)
{
	const struct web_out *out = &x->web->out;
	const struct conf_loc *loc = x->web->loc;
	if (slice_is(name, SLICE("content_type")) && out->type.n != 0)
		return web_found_if(ret, out->type);
	if (slice_is(name, SLICE("content_length")) && out->length >= 0 && status_of(x) != 0)
		return web_number(x, (uint64_t)out->length, ret);
	if (slice_is(name, SLICE("last_modified")) && out->modified >= 0 && status_of(x) != 0)
		return http_date(x, out->modified, ret);
	if (slice_is(name, SLICE("location")) && out->location.n != 0)
		return web_found_if(ret, out->location);
	if (slice_is(name, SLICE("connection")))
		return sent_connection(x, ret);
	if (slice_is(name, SLICE("keep_alive"))) {
		if (!keeps_alive(x) || loc == NULL || loc->keepalive_header_s == 0)
			return WEB_MISSING;
		return web_format(
			x, ret, "timeout=%llu", (unsigned long long)loc->keepalive_header_s);
	}
	if (slice_is(name, SLICE("transfer_encoding"))) {
		*ret = SLICE("chunked");
		return x->status != 0 && x->down.out == FLOW_CHUNKED ? WEB_FOUND : WEB_MISSING;
	}
	bool all = slice_is(name, SLICE("cache_control")) || slice_is(name, SLICE("link"));
	return out_fields(x, name, all, ret);
}

static enum web_found sent_trailer(const struct exchange *x, struct slice name, struct slice *ret)
{
	for (uint32_t i = 0; i < x->web->trailer_count; i++)
		if (web_is_field_named(x->web->trailers[i].name, name))
			return web_found_if(ret, x->web->trailers[i].value);
	return WEB_MISSING;
}

/* Everything that was to be sent is with the kernel. */
static bool is_complete(const struct exchange *x)
{
	return x->status != 0 && x->down.failed == FLOW_WAIT && flow_is_flushed(&x->down) &&
	       (x->down.is_taken || x->down.in == FLOW_EMPTY);
}

/* "3.25" */
static enum web_found gzip_ratio(struct exchange *x, struct slice *ret)
{
	uint64_t in, out;
	if (!web_gzip_ratio(x, &in, &out))
		return WEB_MISSING;
	uint64_t hundredths = (in * 1000 / out + 5) / 10;
	return web_format(x, ret, "%llu.%02u", (unsigned long long)(hundredths / 100),
		(unsigned)(hundredths % 100));
}

enum web_found web_vars_answer(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	const struct web_more *more = x->web->log;
	uint64_t sent = x->down.sent;
	switch ((enum conf_var)part->n) {
	case CONF_VAR_BODY_BYTES_SENT:
		return web_number(x, sent > x->head_bytes ? sent - x->head_bytes : 0, ret);
	case CONF_VAR_BYTES_SENT:
		return web_number(x, sent, ret);
	case CONF_VAR_GZIP_RATIO:
		return gzip_ratio(x, ret);
	case CONF_VAR_LIMIT_CONN_STATUS:
	case CONF_VAR_LIMIT_REQ_STATUS:
		return web_found_if(ret, guard_limit_status(x, (enum conf_var)part->n));
	case CONF_VAR_LIMIT_RATE:
		return web_number(x, more != NULL ? more->limit_rate : 0, ret);
	case CONF_VAR_REQUEST_COMPLETION:
		*ret = is_complete(x) ? SLICE("OK") : SLICE("");
		return WEB_FOUND;
	case CONF_VAR_REQUEST_TIME:
		return web_seconds(x, (clock_now_us - x->began_us) / 1000, ret);
	case CONF_VAR_SENT_HTTP_X:
		return sent_field(x, part->text, ret);
	case CONF_VAR_STATUS:
		return web_three_digits(x, status_of(x), ret);
	default:
		return sent_trailer(x, part->text, ret);
	}
}
