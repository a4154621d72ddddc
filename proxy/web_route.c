/*
 * proxy/web_route.c - ROUTE where the configuration is nginx's: server, URI, location, again and
 * again until nothing changes the URI any more (proxy/web.h has the drawing).
 */
#include "proxy/web_proxy.h"

#include "http/host.h"
#include "http/path.h"
#include "proxy/guard.h"
#include "proxy/site.h"
#include "proxy/stats.h"
#include "proxy/tls.h"
#include "proxy/web_log.h"
#include "proxy/web_tls.h"
#include "proxy/web_uri.h"

void web_set_location(struct exchange *x, const struct conf_location *location)
{
	x->location = location;
	x->web->loc = location->loc;
}

static bool copy_uri(struct exchange *x, struct slice uri, struct slice *ret)
{
	const char *copy = arena_copy(&x->arena, uri.p, uri.n);
	*ret = (struct slice){copy, uri.n};
	return copy != NULL;
}

bool web_split_uri(
	struct exchange *x, struct slice text, struct slice *ret_uri, struct slice *ret_args)
{
	const char *mark = text.n == 0 ? NULL : memchr(text.p, '?', text.n);
	struct slice path = text;
	*ret_args = WEB_SLICE_NONE;
	if (mark != NULL) {
		path.n = (size_t)(mark - text.p);
		if (!copy_uri(x, (struct slice){mark + 1, text.n - path.n - 1}, ret_args))
			return false;
	}
	return web_unescape_path(&x->arena, path, true, ret_uri);
}

/* A location that was found may have another one for some methods: that one decides instead, and
 * nothing of the location's own rewriting is done. */
static const struct conf_location *except_methods(
	const struct exchange *x, const struct conf_location *location)
{
	const struct conf_loc *loc = location->loc;
	if (loc->limit_except == NULL)
		return location;
	return conf_method_bit(x->web->method) & loc->limit_except_methods ? location
									   : loc->limit_except;
}

static enum step locate(struct exchange *x)
{
	struct web *web = x->web;
	bool needs_slash = false;
	const struct conf_location *location = web_find_location(x, &needs_slash);
	web->is_location_valid = true;
	web->has_lost_proxy = false;
	web->prefix = location;
	web_set_location(x, location);
	if (location->loc->is_internal && !web->is_internal)
		return web_answer(x, 404, false);
	web_set_location(x, except_methods(x, location));
	uint64_t most = web->loc->client_max_body_size;
	if (most != 0 && !web->is_internal && x->head->has_length &&
		x->head->content_length > most) {
		proxy_stats.limit_hits_body++;
		web_log(x, LOG_ERROR, 0, NULL, "client intended to send too large body: %llu bytes",
			(unsigned long long)x->head->content_length);
		return web_answer(x, 413, true);
	}
	if (needs_slash) {
		struct slice to;
		if (!web_escape_uri(&x->arena, (struct slice){location->path, location->path_bytes},
			    web->args, &to))
			return exchange_out_of_memory(x);
		return web_answer_redirect(x, 301, to);
	}
	web->stage = WEB_REWRITE;
	return STEP_AGAIN;
}

/* One more change of the URI; false: too many, and the answer is in *ret. */
static bool may_change(struct exchange *x, enum step *ret)
{
	if (++x->web->redirects <= WEB_REDIRECTS_MOST)
		return true;
	x->web->is_error_page = true;
	*ret = web_answer(x, 500, true);
	return false;
}

static enum step rewrite_server(struct exchange *x)
{
	bool is_changed = false;
	enum step step = STEP_AGAIN;
	x->web->stage = WEB_LOCATE;
	x->web->escapes_captures = true;
	web_set_location(x, x->web->srv->root);
	if (web_rewrite(x, &x->web->srv->ops, &is_changed, &step) == WEB_ANSWERED)
		return step;
	return STEP_AGAIN;
}

static enum step rewrite_location(struct exchange *x)
{
	struct web *web = x->web;
	bool is_changed = false;
	enum step step = STEP_AGAIN;
	web->stage = WEB_PLACED;
	web->escapes_captures = true;
	if (web_rewrite(x, &web->loc->ops, &is_changed, &step) == WEB_ANSWERED)
		return step;
	if (is_changed) {
		if (!may_change(x, &step))
			return step;
		web->stage = WEB_LOCATE;
	}
	return STEP_AGAIN;
}

/* What a client may not leave out or write in this way (nginx answers 400 and closes). */
static enum step begin(struct exchange *x)
{
	struct http_host host = {{"", 0}, -1};
	struct web *web = arena_zero(&x->arena, sizeof(*web));
	const struct conf_web *conf = x->generation->conf->web;
	if (web == NULL)
		return exchange_out_of_memory(x);
	x->web = web;
	web->loc = conf->loc;
	web->srv = conf->srv;
	web->method = http_span_in(x->p, x->head->method);
	web->vars = arena_zero(&x->arena, (conf->users.count + 1) * sizeof(*web->vars));
	if (web->vars == NULL)
		return exchange_out_of_memory(x);
	bool is_host_good = x->head->host.n == 0 ||
			    http_host_parse(&host, http_span_in(x->p, x->head->host));
	const struct conf_server *first = web_tls_server(x);
	/* nginx reads the request line before it looks for the Host. */
	bool merges = (first != NULL ? first : x->site->default_server)->srv->merge_slashes;
	x->server = x->head->host.n == 0 ? first : NULL;
	if (x->server == NULL)
		x->server = site_find(x, host.name);
	web->srv = x->server->srv;
	web_set_location(x, web->srv->root);
	/* A head that was refused, and a reload while its page was on its way. */
	if (!is_host_good || x->head->status != 0 ||
		memmem(host.name.p, host.name.n, "..", 2) != NULL)
		return web_answer(x, 400, true);
	enum step step;
	if (!web_take_uri(x, merges, &step) || !web_tls_admit(x, host.name, &step))
		return step;
	return realip_apply(x, web->loc->realip) ? STEP_AGAIN : exchange_out_of_memory(x);
}

enum step web_route(struct exchange *x)
{
	enum step step = STEP_AGAIN;
	if (x->web == NULL) {
		step = begin(x);
	}
	while (step == STEP_AGAIN && x->state == EX_ROUTE && x->web->stage != WEB_PLACED) {
		switch (x->web->stage) {
		case WEB_SERVER:
			step = rewrite_server(x);
			break;
		case WEB_LOCATE:
			step = locate(x);
			break;
		case WEB_REWRITE:
			step = rewrite_location(x);
			break;
		case WEB_PLACED:
			break;
		}
	}
	if (step == STEP_AGAIN && x->state == EX_ROUTE && x->web->stage == WEB_PLACED)
		exchange_move(x, EX_GUARD);
	return step;
}

enum step web_guard(struct exchange *x)
{
	enum step step;
	if (web_target_waits(x))
		return web_target(x);
	return guard_passes(x, &step) ? web_content(x) : step;
}

/* What was begun for the URI before is of no use. */
static enum step go_back(struct exchange *x, enum web_stage stage)
{
	struct web *web = x->web;
	enum step step;
	exchange_drop_upstream(x);
	deadline_clear(&x->deadline);
	web->is_internal = true;
	web->is_raw_valid = web->adds_uri_to_alias = false;
	web->stage = stage;
	x->tried = NULL;
	x->tries = x->spared = 0;
	x->target = WEB_SLICE_NONE;
	memset(&web->out, 0, sizeof(web->out));
	if (x->state != EX_ROUTE)
		exchange_move(x, EX_ROUTE);
	return may_change(x, &step) ? STEP_AGAIN : step;
}

enum step web_redirect(struct exchange *x, struct slice uri, struct slice args)
{
	x->web->uri = uri;
	x->web->args = args;
	return go_back(x, WEB_SERVER);
}

enum step web_redirect_named(struct exchange *x, struct slice name)
{
	const struct conf_srv *srv = x->web->srv;
	for (uint32_t i = 0; i < srv->named_count; i++) {
		const struct conf_location *location = srv->named[i];
		if (!slice_is(name, (struct slice){location->path, location->path_bytes}))
			continue;
		bool is_raw_valid = x->web->is_raw_valid;
		enum step step = go_back(x, WEB_REWRITE);
		if (step != STEP_AGAIN || x->state != EX_ROUTE)
			return step;
		/* The URI stays as it was. */
		x->web->is_raw_valid = is_raw_valid;
		x->web->prefix = location;
		web_set_location(x, except_methods(x, location));
		return STEP_AGAIN;
	}
	x->web->is_error_page = true;
	return web_answer(x, 500, true);
}
