/*
 * proxy/web_target.c - proxy_pass with variables: the request says where it goes.
 *
 *   the URL --host, port--> an upstream of the configuration, or the host of another proxy_pass
 *                      '--> an address: a pool of its own (proxy/dynamic_pool.h)
 *                      '--> a name: looked up (proxy/resolver.h), GUARD waits; then likewise
 */
#include "proxy/web_proxy.h"

#include "base/clock.h"
#include "conf/nginx/url.h"
#include "conf/upstream.h"
#include "proxy/dynamic_pool.h"
#include "proxy/generation.h"
#include "proxy/resolver.h"
#include "proxy/value.h"
#include "proxy/web_log.h"
#include "proxy/web_uri.h"

#include <errno.h>
#include <stdio.h>

#define PORT_ROOM 8

/* A pool that this request led to: an internal redirect may lead to a further one. */
struct held_pool {
	struct held_pool *next;
	struct dynamic_pool *pool; /* a reference */
};

struct web_target {
	struct resolver_wait wait;
	struct exchange *exchange; /* borrowed: it owns us */
	bool is_waiting, is_answered;
	uint64_t due_us; /* 0: never */
	struct held_pool *held;
	struct ngx_url url;
	struct slice name; /* "host:port" */
	struct slice uri;  /* as the URL says; empty: none */
	bool is_https;
};

/* What is left of `text` behind "http://" or "https://"; p NULL: neither. */
static struct slice skip_scheme(struct slice text, bool *ret_https)
{
	*ret_https = false;
	if (text.n > 7 && strncasecmp(text.p, "http://", 7) == 0)
		return (struct slice){text.p + 7, text.n - 7};
	if (text.n > 8 && strncasecmp(text.p, "https://", 8) == 0) {
		*ret_https = true;
		return (struct slice){text.p + 8, text.n - 8};
	}
	return WEB_SLICE_NONE;
}

/* "host:port/uri", "unix:/path:/uri": how much of it says where the server is. */
static size_t host_bytes(struct slice text)
{
	bool is_unix = text.n >= 5 && strncasecmp(text.p, "unix:", 5) == 0;
	size_t n = is_unix ? 5 : 0;
	while (n < text.n && (is_unix ? text.p[n] != ':' : text.p[n] != '/' && text.p[n] != '?'))
		n++;
	return n;
}

/* No line of the request's head ends in a value of the client's. */
static bool is_one_line(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\r' || text.p[i] == '\n' || text.p[i] == '\0')
			return false;
	return true;
}

static bool take_uri(struct exchange *x, struct web_target *target, struct slice rest)
{
	bool is_unix = target->url.addr.len != 0 && target->url.addr.u.any.sa_family == AF_UNIX;
	if (is_unix && rest.n != 0)
		rest = (struct slice){rest.p + 1, rest.n - 1};
	target->uri = rest;
	if (rest.n == 0 || rest.p[0] != '?')
		return true;
	const struct slice pieces[] = {SLICE("/"), rest};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), &target->uri);
}

static bool take_names(struct exchange *x, struct web_target *target, struct slice authority)
{
	const struct ngx_url *url = &target->url;
	struct web *web = x->web;
	uint16_t usual = target->is_https ? 443 : 80;
	char *port = arena_take(&x->arena, PORT_ROOM);
	if (port == NULL)
		return false;
	size_t n = (size_t)snprintf(port, PORT_ROOM, "%u", url->port);
	const struct slice pieces[] = {url->host, SLICE(":"), {port, n}};
	if (url->port == 0) {
		target->name = authority;
		web->proxied_host = SLICE("localhost");
		web->proxied_port = SLICE("");
		return true;
	}
	web->proxied_host = url->port == usual ? url->host : authority;
	web->proxied_port = (struct slice){port, n};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), &target->name);
}

/* False: it is answered, or there is no memory: *ret_step. */
static bool take_url(struct exchange *x, struct web_target *target, enum step *ret_step)
{
	struct slice text, rest;
	*ret_step = STEP_GONE;
	if (!web_value_kept(x, &x->web->loc->proxy.url, &text)) {
		*ret_step = exchange_out_of_memory(x);
		return false;
	}
	rest = skip_scheme(text, &target->is_https);
	if (rest.p == NULL || !is_one_line(rest)) {
		web_log(x, LOG_ERROR, 0, NULL, "invalid URL prefix in \"%.*s\"", (int)text.n,
			text.p);
		*ret_step = web_answer(x, 500, false);
		return false;
	}
	size_t n = host_bytes(rest);
	struct slice authority = {rest.p, n};
	const char *wrong = ngx_url_parse(&target->url, authority, target->is_https ? 443 : 80);
	if (wrong != NULL) {
		web_log(x, LOG_ERROR, 0, NULL, "%s in upstream \"%.*s\"", wrong, (int)rest.n,
			rest.p);
		*ret_step = web_answer(x, 500, false);
		return false;
	}
	x->web->is_proxied_https = target->is_https;
	if (take_uri(x, target, (struct slice){rest.p + n, rest.n - n}) &&
		take_names(x, target, authority))
		return true;
	*ret_step = exchange_out_of_memory(x);
	return false;
}

/* An upstream { } by its name without a port, the host of another proxy_pass by name and port. */
static struct lb_pool *find_pool(const struct exchange *x, const struct web_target *target)
{
	const struct conf *conf = x->generation->conf;
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *pool = &conf->pools[i];
		if (pool->upstream == NULL)
			continue;
		bool is_block = !pool->upstream->is_implicit;
		if (is_block && target->url.has_port)
			continue;
		struct slice name = is_block ? target->url.host : target->name;
		if (slice_is_nocase(name, slice_of(pool->name)))
			return x->generation->pools[i];
	}
	return NULL;
}

static bool use_addrs(
	struct exchange *x, struct web_target *target, struct addr *addrs, uint32_t count)
{
	struct generation *g = x->generation;
	if (g->dynamic == NULL)
		g->dynamic = dynamic_pools_create();
	struct held_pool *held = arena_take(&x->arena, sizeof(*held));
	if (g->dynamic == NULL || held == NULL)
		return false;
	held->pool = dynamic_pool_get(g->dynamic, target->name, addrs, count);
	if (held->pool == NULL)
		return false;
	held->next = target->held;
	target->held = held;
	exchange_use_pool(x, dynamic_pool_members(held->pool));
	return true;
}

/* -- names -- */

static enum step not_found(struct exchange *x, const struct web_target *target, int code)
{
	web_log(x, LOG_ERROR, 0, NULL, "%.*s could not be resolved (%d: %s)",
		(int)target->url.host.n, target->url.host.p, code, resolver_text(code));
	return web_answer(x, 502, false);
}

static enum step use_answer(struct exchange *x, struct web_target *target)
{
	struct resolver_wait *wait = &target->wait;
	if (wait->code != 0 || wait->count == 0)
		return not_found(x, target, wait->code);
	for (uint32_t i = 0; i < wait->count; i++)
		addr_set_port(&wait->addrs[i], target->url.port);
	if (!use_addrs(x, target, wait->addrs, wait->count))
		return exchange_out_of_memory(x);
	return web_proxy_to(x, target->is_https, target->url.host, target->uri);
}

static void on_resolved(struct resolver_wait *wait)
{
	struct web_target *target = CONTAINER_OF(wait, struct web_target, wait);
	target->is_answered = true;
	exchange_step(target->exchange);
}

static enum step look_up(struct exchange *x, struct web_target *target)
{
	const struct conf_loc *loc = x->web->loc;
	if (loc->resolver == NULL || loc->resolver->count == 0) {
		web_log(x, LOG_ERROR, 0, NULL, "no resolver defined to resolve %.*s",
			(int)target->url.host.n, target->url.host.p);
		return web_answer(x, 502, false);
	}
	struct resolver *resolver = generation_resolver(x->generation, loc->resolver);
	if (resolver == NULL)
		return exchange_out_of_memory(x);
	target->wait.done = on_resolved;
	target->is_answered = false;
	switch (resolver_ask(resolver, RESOLVER_ADDRS, target->url.host, &target->wait)) {
	case 0:
		return use_answer(x, target);
	case -EINPROGRESS:
		break;
	case -EBUSY:
		return not_found(x, target, ETIMEDOUT);
	default:
		return exchange_out_of_memory(x);
	}
	target->is_waiting = true;
	uint64_t ms = loc->resolver_timeout_ms;
	target->due_us = ms == 0 ? 0 : clock_now_us + ms * 1000;
	exchange_wait(x, WAIT_GUARD, ms);
	return STEP_WAIT;
}

static enum step wait_on(struct exchange *x, struct web_target *target)
{
	bool is_due = target->due_us != 0 && clock_now_us >= target->due_us;
	if (!target->is_answered && !is_due)
		return STEP_WAIT;
	deadline_clear(&x->deadline);
	target->is_waiting = false;
	if (target->is_answered)
		return use_answer(x, target);
	resolver_leave(&target->wait);
	return not_found(x, target, ETIMEDOUT);
}

bool web_target_waits(const struct exchange *x)
{
	return x->dynamic != NULL && x->dynamic->is_waiting;
}

enum step web_target(struct exchange *x)
{
	enum step step;
	if (x->dynamic == NULL)
		x->dynamic = arena_zero(&x->arena, sizeof(*x->dynamic));
	struct web_target *target = x->dynamic;
	if (target == NULL)
		return exchange_out_of_memory(x);
	target->exchange = x;
	if (target->is_waiting)
		return wait_on(x, target);
	if (!take_url(x, target, &step))
		return step;
	exchange_use_pool(x, find_pool(x, target));
	if (x->pool != NULL)
		return web_proxy_to(x, target->is_https, target->url.host, target->uri);
	if (target->url.addr.len == 0)
		return look_up(x, target);
	if (!use_addrs(x, target, &target->url.addr, 1))
		return exchange_out_of_memory(x);
	return web_proxy_to(x, target->is_https, target->url.host, target->uri);
}

void web_target_finish(struct exchange *x)
{
	struct web_target *target = x->dynamic;
	if (target == NULL)
		return;
	resolver_leave(&target->wait);
	for (struct held_pool *held = target->held; held != NULL; held = held->next)
		dynamic_pool_release(held->pool);
	x->dynamic = NULL;
}
