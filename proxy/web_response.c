/*
 * proxy/web_response.c - what of a worker's head the client sees.
 */
#include "proxy/web_proxy.h"

#include "proxy/value.h"
#include "proxy/web_balance.h"

static bool is_listed(const struct slice *names, uint32_t count, struct slice name)
{
	for (uint32_t i = 0; i < count; i++)
		if (slice_is_nocase(names[i], name))
			return true;
	return false;
}

/* Not passed on unless proxy_pass_header says so. */
static bool is_hidden(const struct conf_proxy *proxy, struct slice name)
{
	static const struct slice hidden[] = {{"Date", 4}, {"Server", 6}, {"X-Pad", 5},
		{"X-Accel-Expires", 15}, {"X-Accel-Redirect", 16}, {"X-Accel-Limit-Rate", 18},
		{"X-Accel-Buffering", 17}, {"X-Accel-Charset", 15}};
	if (is_listed(proxy->hide_header.items, proxy->hide_header.count, name))
		return true;
	return is_listed(hidden, COUNT_OF(hidden), name) &&
	       !is_listed(proxy->pass_header.items, proxy->pass_header.count, name);
}

/* Those of one connection are ours to write. */
static bool is_ours(struct slice name)
{
	static const struct slice ours[] = {{"Connection", 10}, {"Keep-Alive", 10},
		{"Transfer-Encoding", 17}, {"Content-Length", 14}, {"Status", 6}};
	return is_listed(ours, COUNT_OF(ours), name);
}

static bool take_field(struct exchange *x, struct slice name, struct slice value)
{
	if (slice_is_nocase(name, SLICE("Location")))
		return web_take_location(x, name, value);
	if (slice_is_nocase(name, SLICE("Refresh")))
		return web_take_refresh(x, name, value);
	if (slice_is_nocase(name, SLICE("Set-Cookie")))
		return web_take_cookie(x, name, value);
	return web_out_add(x, name, value);
}

bool web_take_answer(struct exchange *x, const char *p)
{
	const struct http_head *answer = x->answer;
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	web_out_begin(x, answer->code);
	struct web_out *out = &x->web->out;
	out->is_proxied = true;
	out->length = answer->has_length ? (int64_t)answer->content_length : -1;
	/* "200 OK" as it came. */
	const char *code = p + answer->reason.at - 4;
	if (answer->reason.n != 0)
		out->reason = (struct slice){code, answer->reason.n + 4};
	for (uint16_t i = 0; i < answer->count; i++) {
		const struct http_field *field = &answer->field[i];
		struct slice name = http_span_in(p, field->name);
		struct slice value = http_span_in(p, field->value);
		if (is_ours(name) || is_hidden(proxy, name))
			continue;
		if (slice_is_nocase(name, SLICE("Content-Type")) && out->type.n == 0) {
			out->type = value;
			continue;
		}
		if (!take_field(x, name, value))
			return false;
	}
	return web_headed(x);
}
