/*
 * proxy/web_balance.c - what an upstream's method goes by in a request, and what stickiness says in
 * an answer.
 */
#include "proxy/web_balance.h"

#include "base/clock.h"
#include "conf/upstream.h"
#include "http/date.h"
#include "proxy/value.h"
#include "proxy/web_uri.h"

#include <stdio.h>

#define LAST_OF_2037_S INT64_C(2145916799)

/* The first of the values that is not empty; false: no memory. */
static bool first_value(
	struct exchange *x, const struct conf_value *values, uint32_t count, struct slice *ret)
{
	*ret = WEB_SLICE_NONE;
	for (uint32_t i = 0; i < count; i++) {
		if (!web_value_kept(x, &values[i], ret))
			return false;
		if (ret->n != 0)
			return true;
	}
	*ret = WEB_SLICE_NONE;
	return true;
}

bool web_balance(struct exchange *x)
{
	const struct conf_upstream *conf = x->pool->conf->upstream;
	struct web *web = x->web;
	if (conf == NULL)
		return true;
	web->walk = (struct lb_walk){0};
	x->lb.walk = &web->walk;
	x->lb.hash_key = x->lb.peer_id = x->lb.session = WEB_SLICE_NONE;
	if (conf->key != NULL && !web_value_kept(x, conf->key, &x->lb.hash_key))
		return false;
	const struct conf_affinity *sticky = &conf->sticky;
	switch (sticky->kind) {
	case CONF_AFFINITY_NONE:
		return true;
	case CONF_AFFINITY_COOKIE:
	case CONF_AFFINITY_ROUTE:
		return first_value(x, sticky->lookup, sticky->lookup_count, &x->lb.peer_id);
	case CONF_AFFINITY_LEARN:
		return first_value(x, sticky->lookup, sticky->lookup_count, &x->lb.session);
	}
	return true;
}

/* -- the cookie -- */

struct line {
	struct slice pieces[32];
	uint32_t count;
};

static void add(struct line *line, struct slice piece)
{
	line->pieces[line->count++] = piece;
}

/* "Thu, 31 Dec 2037 ..." -> "Thu, 31-Dec-37 ...", as cookies had it first; years that two digits
 * were not meant for have four. */
static void cookie_date(int64_t time, char out[HTTP_DATE_ROOM])
{
	http_date_format(time, out);
	out[7] = out[11] = '-';
	if (time <= LAST_OF_2037_S)
		memmove(out + 12, out + 14, strlen(out + 14) + 1);
}

static bool add_expires(struct exchange *x, const struct conf_affinity *sticky, struct line *line)
{
	char date[HTTP_DATE_ROOM];
	int64_t now = (int64_t)(clock_wall_us() / 1000000);
	if (sticky->expires_s < 0)
		return true;
	bool is_fixed = sticky->expires_s == CONF_EXPIRES_MAX_S;
	int64_t age = is_fixed ? 315360000 : sticky->expires_s;
	cookie_date(is_fixed ? CONF_EXPIRES_MAX_S : now + sticky->expires_s, date);
	char *text = arena_take(&x->arena, 96);
	if (text == NULL)
		return false;
	int n = snprintf(text, 96, "; expires=%s; max-age=%lld", date, (long long)age);
	add(line, (struct slice){text, (size_t)n});
	return true;
}

static struct slice same_site(struct slice text)
{
	static const struct slice known[] = {{"strict", 6}, {"lax", 3}, {"none", 4}};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (slice_is_nocase(text, known[i]))
			return known[i];
	return known[0];
}

static bool make_cookie(struct exchange *x, const struct conf_affinity *sticky)
{
	struct line line = {.count = 0};
	struct slice value;
	add(&line, sticky->cookie);
	add(&line, SLICE("="));
	add(&line, slice_of(lb_pool_peer_id(x->pool, x->seat)));
	if (!add_expires(x, sticky, &line))
		return false;
	if (sticky->domain != NULL) {
		if (!web_value_kept(x, sticky->domain, &value))
			return false;
		if (value.n != 0) {
			add(&line, SLICE("; domain="));
			add(&line, value);
		}
	}
	if (sticky->is_httponly)
		add(&line, SLICE("; httponly"));
	if (sticky->is_secure)
		add(&line, SLICE("; secure"));
	if (sticky->samesite != NULL) {
		if (!web_value_kept(x, sticky->samesite, &value))
			return false;
		if (value.n != 0) {
			add(&line, SLICE("; samesite="));
			add(&line, same_site(value));
		}
	}
	if (sticky->path.n != 0) {
		add(&line, SLICE("; path="));
		add(&line, sticky->path);
	}
	return web_join(&x->arena, line.pieces, line.count, &x->web->sticky_cookie);
}

bool web_picked(struct exchange *x)
{
	const struct conf_upstream *conf = x->pool->conf->upstream;
	if (conf == NULL || x->pool->peers == NULL || conf->sticky.kind != CONF_AFFINITY_COOKIE)
		return true;
	return make_cookie(x, &conf->sticky);
}

bool web_put_cookie(struct exchange *x)
{
	struct web *web = x->web;
	struct web_field *fields;
	if (web->sticky_cookie.n == 0)
		return true;
	if (!web_out_add(x, SLICE("Set-Cookie"), web->sticky_cookie))
		return false;
	fields = web->out.fields.items;
	struct web_field cookie = fields[web->out.fields.count - 1];
	memmove(fields + 1, fields, (web->out.fields.count - 1) * sizeof(*fields));
	fields[0] = cookie;
	return true;
}

/* -- what is learned -- */

static bool learn(struct exchange *x)
{
	const struct conf_affinity *sticky = &x->pool->conf->upstream->sticky;
	struct slice created;
	if (!first_value(x, sticky->create, sticky->create_count, &created))
		return false;
	lb_pool_learn_session(x->pool, x->seat, created, x->lb.session);
	return true;
}

static bool learns(const struct exchange *x, bool at_header)
{
	const struct conf_upstream *conf = x->pool->conf->upstream;
	return conf != NULL && conf->sticky.kind == CONF_AFFINITY_LEARN &&
	       conf->sticky.learns_at_header == at_header;
}

bool web_headed(struct exchange *x)
{
	if (x->pool->conf->upstream == NULL || x->seat == NULL)
		return true;
	uint64_t took_us = clock_now_us - x->picked_us;
	x->was_headed = true;
	x->headed_us = (uint32_t)min_u64(took_us == 0 ? 1 : took_us, UINT32_MAX);
	lb_pool_headed(x->pool, x->seat, x->headed_us);
	/* At the end of a tunnel what the request said is gone. */
	bool is_due = learns(x, true) || (x->is_tunnel && learns(x, false));
	return !is_due || learn(x);
}

void web_served(struct exchange *x, enum lb_result result)
{
	bool is_left = result == LB_DONE_REFUSED || (result == LB_DONE_FAILED && !x->was_headed);
	/* Without memory nothing is learned. */
	if (!is_left && !x->is_tunnel && learns(x, false))
		(void)learn(x);
}
