/*
 * proxy/web_accel.c - X-Accel-Redirect: a worker leaves the answer to another location, and some of
 * its head goes along.
 */
#include "proxy/web_proxy.h"

#include "http/chars.h"
#include "proxy/web_log.h"
#include "proxy/web_uri.h"

#define OTHERS 3 /* more than dots */

static bool is_carried(struct slice name)
{
	static const struct slice carried[] = {{"Set-Cookie", 10}, {"Content-Disposition", 19},
		{"Cache-Control", 13}, {"Expires", 7}, {"Accept-Ranges", 13}};
	for (size_t i = 0; i < COUNT_OF(carried); i++)
		if (slice_is_nocase(name, carried[i]))
			return true;
	return false;
}

static bool copy(struct exchange *x, struct slice *slice)
{
	const char *p = arena_copy(&x->arena, slice->p, slice->n);
	slice->p = p;
	return p != NULL;
}

static bool is_challenge(struct slice name)
{
	return slice_is_nocase(name, SLICE("WWW-Authenticate"));
}

/* Of the worker's head, which goes, what is_wanted says. */
static bool carry(struct exchange *x, const char *p, bool (*is_wanted)(struct slice name))
{
	struct web *web = x->web;
	const struct http_head *answer = x->answer;
	web->carried = arena_zero(&x->arena, (answer->count + 1) * sizeof(*web->carried));
	web->carried_count = 0;
	if (web->carried == NULL)
		return false;
	for (uint16_t i = 0; i < answer->count; i++) {
		struct slice name = http_span_in(p, answer->field[i].name);
		struct slice value = http_span_in(p, answer->field[i].value);
		if (!is_wanted(name))
			continue;
		if (!copy(x, &name) || !copy(x, &value))
			return false;
		web->carried[web->carried_count++] = (struct web_field){name, value, false};
	}
	return true;
}

bool web_carry_challenge(struct exchange *x, const char *p)
{
	return carry(x, p, is_challenge);
}

static bool carry_type(struct exchange *x, const char *p)
{
	struct slice type = http_head_value(x->answer, p, HF_CONTENT_TYPE);
	if (type.p == NULL)
		return true;
	if (!copy(x, &type))
		return false;
	x->web->carried_type = type;
	return true;
}

/* "%2e" -> "."; what is none of that stays as it is. */
static bool decode(struct arena *arena, struct slice text, struct slice *ret)
{
	char *out = arena_take(arena, text.n + 1);
	size_t n = 0;
	if (out == NULL)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool may_be = text.p[i] == '%' && text.n - i > 2;
		int high = may_be ? http_hex_value(text.p[i + 1]) : -1;
		int low = may_be ? http_hex_value(text.p[i + 2]) : -1;
		bool is_escape = high >= 0 && low >= 0;
		if (is_escape)
			out[n++] = (char)(high << 4 | low);
		else
			out[n++] = text.p[i];
		i += is_escape ? 2 : 0;
	}
	*ret = (struct slice){out, n};
	return true;
}

/* Whether ".." is one of its parts. */
static bool leads_up(struct slice path)
{
	unsigned dots = 0;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '/' && dots == 2)
			return true;
		if (path.p[i] == '/')
			dots = 0;
		else
			dots = path.p[i] == '.' && dots < 2 ? dots + 1 : OTHERS;
	}
	return dots == 2;
}

/* A worker may have been told what to say, so nginx resolves no ".." here, in whatever spelling,
 * and no "." and "//" either. False: no memory. *ret_unsafe: what is wrong, p NULL: nothing. */
static bool judge(struct exchange *x, struct slice to, struct slice *ret_uri,
	struct slice *ret_args, struct slice *ret_unsafe)
{
	const char *mark = memchr(to.p, '?', to.n);
	struct slice path = {to.p, mark != NULL ? (size_t)(mark - to.p) : to.n};
	*ret_args = mark != NULL ? (struct slice){mark + 1, to.n - path.n - 1} : WEB_SLICE_NONE;
	*ret_unsafe = to;
	if (path.n == 0 || leads_up(path))
		return true;
	if (!decode(&x->arena, path, ret_uri))
		return false;
	bool is_unsafe = leads_up(*ret_uri) || memchr(ret_uri->p, '\0', ret_uri->n) != NULL;
	*ret_unsafe = is_unsafe ? *ret_uri : WEB_SLICE_NONE;
	return true;
}

static enum step no_target(struct exchange *x, struct slice to)
{
	web_log(x, LOG_ERROR, 0, "while reading response header from upstream",
		"unsafe URI \"%.*s\" was detected", (int)to.n, to.p);
	return web_answer(x, 404, false);
}

bool web_accel(struct exchange *x, const char *p, enum step *ret_step)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice to = http_head_find(x->answer, p, "X-Accel-Redirect"), uri, args, unsafe;
	if (to.p == NULL || to.n == 0 || (proxy->ignore_headers & CONF_IGNORE_ACCEL_REDIRECT))
		return false;
	if (!carry(x, p, is_carried) || !carry_type(x, p) || !copy(x, &to)) {
		*ret_step = exchange_out_of_memory(x);
		return true;
	}
	if (to.p[0] == '@') {
		*ret_step = web_redirect_named(x, to);
		return true;
	}
	if (!judge(x, to, &uri, &args, &unsafe)) {
		*ret_step = exchange_out_of_memory(x);
		return true;
	}
	if (unsafe.p != NULL) {
		*ret_step = no_target(x, unsafe);
		return true;
	}
	if (uri.p == NULL || uri.p[0] != '/') {
		*ret_step = web_answer(x, 404, false);
		return true;
	}
	if (!slice_is(x->web->method, SLICE("HEAD")))
		x->web->method = SLICE("GET");
	*ret_step = web_redirect(x, uri, args);
	return true;
}
