/*
 * proxy/web_response.c - what of a worker's head the client sees.
 */
#include "proxy/web_proxy.h"

#include "proxy/value.h"
#include "proxy/web_balance.h"

#define STATUS_AT 9 /* behind "HTTP/1.1 " */

static bool is_listed(const struct slice *names, uint32_t count, struct slice name)
{
	for (uint32_t i = 0; i < count; i++)
		if (slice_is_nocase(names[i], name))
			return true;
	return false;
}

/* nginx's own list of what is not passed on unless proxy_pass_header says so. */
static bool is_private(enum http_field_id id, struct slice name)
{
	static const struct slice others[] = {{"X-Pad", 5}, {"X-Accel-Expires", 15},
		{"X-Accel-Redirect", 16}, {"X-Accel-Limit-Rate", 18}, {"X-Accel-Buffering", 17},
		{"X-Accel-Charset", 15}};
	if (id != HF_OTHER)
		return id == HF_DATE || id == HF_SERVER;
	return ascii_lower(name.p[0]) == 'x' && is_listed(others, COUNT_OF(others), name);
}

static bool is_hidden(const struct conf_proxy *proxy, enum http_field_id id, struct slice name)
{
	if (is_listed(proxy->hide_header.items, proxy->hide_header.count, name))
		return true;
	return is_private(id, name) &&
	       !is_listed(proxy->pass_header.items, proxy->pass_header.count, name);
}

/* Those of one connection are ours to write. */
static bool is_ours(enum http_field_id id, struct slice name)
{
	switch (id) {
	case HF_CONNECTION:
	case HF_KEEP_ALIVE:
	case HF_TRANSFER_ENCODING:
	case HF_CONTENT_LENGTH:
		return true;
	case HF_OTHER:
		return slice_is_nocase(name, SLICE("Status"));
	default:
		return false;
	}
}

static bool take_field(
	struct exchange *x, enum http_field_id id, struct slice name, struct slice value)
{
	if (id == HF_LOCATION)
		return web_take_location(x, name, value);
	if (id == HF_SET_COOKIE)
		return web_take_cookie(x, name, value);
	if (id == HF_OTHER && slice_is_nocase(name, SLICE("Refresh")))
		return web_take_refresh(x, name, value);
	return web_out_add(x, name, value);
}

/* "200 OK" as it came; also "200" and "200 ". */
static struct slice words_of(const struct http_head *answer, const char *p)
{
	const char *code = p + STATUS_AT;
	size_t blank = code[3] == ' ';
	return (struct slice){code, 3 + blank + answer->reason.n};
}

bool web_take_answer(struct exchange *x, const char *p)
{
	const struct http_head *answer = x->answer;
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	web_out_begin(x, answer->code);
	struct web_out *out = &x->web->out;
	out->is_proxied = true;
	out->may_range = proxy->force_ranges;
	out->length = answer->has_length ? (int64_t)answer->content_length : -1;
	out->reason = words_of(answer, p);
	/* Where the worker's are passed on there is none if it sent none. */
	out->has_server = !is_hidden(proxy, HF_SERVER, SLICE("Server"));
	out->has_date = !is_hidden(proxy, HF_DATE, SLICE("Date"));
	for (uint16_t i = 0; i < answer->count; i++) {
		const struct http_field *field = &answer->field[i];
		struct slice name = http_span_in(p, field->name);
		struct slice value = http_span_in(p, field->value);
		enum http_field_id id = (enum http_field_id)field->id;
		if (id == HF_OTHER && slice_is_nocase(name, SLICE("X-Accel-Charset")) &&
			!(proxy->ignore_headers & CONF_IGNORE_ACCEL_CHARSET))
			out->accel_charset = value;
		if (is_ours(id, name) || is_hidden(proxy, id, name))
			continue;
		if (proxy->force_ranges && slice_is_nocase(name, SLICE("Accept-Ranges")))
			continue;
		/* Of several types the last one counts. */
		if (id == HF_CONTENT_TYPE) {
			out->type = value;
			continue;
		}
		if (!take_field(x, id, name, value))
			return false;
	}
	if (out->type.n == 0)
		out->type = x->web->carried_type;
	return web_headed(x);
}
