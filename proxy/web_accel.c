/*
 * proxy/web_accel.c - X-Accel-Redirect: a worker leaves the answer to another location, and some of
 * its head goes along.
 */
#include "proxy/web_proxy.h"

#include "proxy/web_uri.h"

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

static bool carry(struct exchange *x, const char *p)
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
		if (slice_is_nocase(name, SLICE("Content-Type"))) {
			if (!copy(x, &value))
				return false;
			web->carried_type = value;
			continue;
		}
		if (!is_carried(name))
			continue;
		if (!copy(x, &name) || !copy(x, &value))
			return false;
		web->carried[web->carried_count++] = (struct web_field){name, value, false};
	}
	return true;
}

bool web_carry_challenge(struct exchange *x, const char *p)
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
		if (!slice_is_nocase(name, SLICE("WWW-Authenticate")))
			continue;
		if (!copy(x, &name) || !copy(x, &value))
			return false;
		web->carried[web->carried_count++] = (struct web_field){name, value, false};
	}
	return true;
}

bool web_accel(struct exchange *x, const char *p, enum step *ret_step)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice to = http_head_find(x->answer, p, "X-Accel-Redirect"), uri, args;
	if (to.p == NULL || to.n == 0 || (proxy->ignore_headers & CONF_IGNORE_ACCEL_REDIRECT))
		return false;
	if (!carry(x, p) || !copy(x, &to)) {
		*ret_step = exchange_out_of_memory(x);
		return true;
	}
	if (to.p[0] == '@') {
		*ret_step = web_redirect_named(x, to);
		return true;
	}
	if (!web_split_uri(x, to, &uri, &args)) {
		*ret_step = exchange_out_of_memory(x);
		return true;
	}
	if (uri.p == NULL || uri.n == 0 || uri.p[0] != '/') {
		*ret_step = web_answer(x, 404, false);
		return true;
	}
	if (!slice_is(x->web->method, SLICE("HEAD")))
		x->web->method = SLICE("GET");
	*ret_step = web_redirect(x, uri, args);
	return true;
}
