/*
 * conf/nginx/set_proxy.c - proxy_*: where requests go, what is said to workers, what of theirs is
 * passed on.
 */
#include "conf/nginx/areas.h"
#include "conf/nginx/http.h"
#include "conf/nginx/url.h"

#include <stdio.h>

/* -- proxy_pass -- */

/* $proxy_host and $proxy_port. The host is good. */
static bool name_host(struct ngx_build *b, struct conf_proxy *proxy, uint16_t usual)
{
	struct ngx_url url;
	(void)ngx_url_parse(&url, proxy->host, usual);
	if (url.port == 0) {
		proxy->header_host = SLICE("localhost");
		proxy->port_text = SLICE("");
		return true;
	}
	char *port = arena_take(b->arena, sizeof("65535"));
	if (port == NULL)
		return ngx_no_memory(b);
	proxy->header_host = url.port == usual ? url.host : proxy->host;
	proxy->port_text = (struct slice){
		port, (size_t)snprintf(port, sizeof("65535"), "%u", url.port)};
	return true;
}

static bool read_url(struct ngx_build *b, const struct ngx_node *node, struct conf_proxy *proxy)
{
	const char *text = node->args[0];
	uint16_t port = 80;
	if (strncasecmp(text, "http://", 7) == 0) {
		text += 7;
	} else if (strncasecmp(text, "https://", 8) == 0) {
		text += 8;
		port = 443;
		proxy->is_https = true;
	} else {
		return ngx_fail(b, node, "invalid URL prefix");
	}
	/* unix:/path:/uri */
	bool is_unix = strncmp(text, "unix:", 5) == 0;
	const char *end = is_unix ? strchr(text + 5, ':') : text + strcspn(text, "/?");
	if (end == NULL)
		end = text + strlen(text);
	proxy->host = (struct slice){text, (size_t)(end - text)};
	if (proxy->host.n == 0)
		return ngx_fail(b, node, "no host in upstream \"%s\"", text);
	if (is_unix && *end == ':')
		end++;
	proxy->uri = slice_of(end);
	proxy->has_uri = proxy->uri.n != 0;
	if (proxy->has_uri && end[0] == '?') {
		const char *slash = arena_copy(b->arena, end - 1, proxy->uri.n + 1);
		if (slash == NULL)
			return ngx_no_memory(b);
		((char *)slash)[0] = '/';
		proxy->uri = slice_of(slash);
	}
	return ngx_upstream_for(b, node, proxy->host, port, &proxy->pool) &&
	       name_host(b, proxy, port);
}

static bool set_proxy_pass(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_loc *loc = b->scope->loc;
	(void)d;
	if (loc->content == CONF_CONTENT_PROXY)
		return ngx_wrong(b, node, "is duplicate");
	loc->content = CONF_CONTENT_PROXY;
	if (conf_text_has_vars(node->args[0])) {
		loc->proxy.has_variables = true;
		return ngx_compile(b, node, node->args[0], &loc->proxy.url);
	}
	if (!read_url(b, node, &loc->proxy))
		return false;
	const struct conf_location *location = b->scope->location;
	bool has_no_prefix = location->match == CONF_MATCH_REGEX ||
			     location->match == CONF_MATCH_NAMED || b->scope->where != NGX_LOCATION;
	if (loc->proxy.has_uri && has_no_prefix)
		return ngx_fail(b, node,
			"\"proxy_pass\" cannot have URI part in location given by regular "
			"expression, "
			"or inside named location, or inside \"if\" statement, or inside "
			"\"limit_except\" block");
	return true;
}

/* -- lists -- */

static bool set_header(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)ngx_field(b, d);
	struct conf_set_header *header = ngx_push(b, &b->scope->loc->proxy.set_header);
	if (header == NULL)
		return false;
	header->name = slice_of(node->args[0]);
	return ngx_compile(b, node, node->args[1], &header->value);
}

static bool set_names(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)ngx_field(b, d);
	struct conf_proxy *proxy = &b->scope->loc->proxy;
	struct slice *name = node->name[6] == 'h' ? ngx_push(b, &proxy->hide_header)
						  : ngx_push(b, &proxy->pass_header);
	if (name == NULL)
		return false;
	*name = slice_of(node->args[0]);
	return true;
}

static bool read_pattern(struct ngx_build *b, const struct ngx_node *node, const char *text,
	struct conf_replace *replace)
{
	bool is_caseless = text[1] == '*';
	if (text[0] != '~') {
		replace->kind = CONF_REDIRECT_TEXT;
		return ngx_compile(b, node, text, &replace->from);
	}
	replace->kind = CONF_REDIRECT_REGEX;
	replace->regex = ngx_regex(b, node, text + 1 + is_caseless, is_caseless);
	return replace->regex != NULL;
}

static bool set_redirect(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	bool had_some = ngx_is_set(b, d);
	(void)ngx_field(b, d);
	struct conf_proxy *proxy = &b->scope->loc->proxy;
	const char *text = node->args[0];
	if (had_some && proxy->redirect.count != 0 &&
		proxy->redirect.items[0].kind == CONF_REDIRECT_OFF)
		return ngx_wrong(b, node, "is duplicate");
	struct conf_replace *replace = ngx_push(b, &proxy->redirect);
	if (replace == NULL)
		return false;
	if (node->arg_count == 1) {
		if (strcmp(text, "off") == 0) {
			replace->kind = CONF_REDIRECT_OFF;
			return !had_some || ngx_wrong(b, node, "is duplicate");
		}
		if (strcmp(text, "default") != 0)
			return ngx_fail(b, node, "invalid parameter \"%s\"", text);
		replace->kind = CONF_REDIRECT_DEFAULT;
		if (b->scope->loc->content != CONF_CONTENT_PROXY)
			return ngx_fail(b, node,
				"\"proxy_redirect default\" should be placed after the "
				"\"proxy_pass\" "
				"directive");
		if (proxy->has_variables)
			return ngx_fail(b, node,
				"\"proxy_redirect default\" cannot be used with \"proxy_pass\" "
				"directive "
				"with variables");
		return true;
	}
	return read_pattern(b, node, text, replace) &&
	       ngx_compile(b, node, node->args[1], &replace->to);
}

static bool set_cookie(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	bool had_some = ngx_is_set(b, d);
	(void)ngx_field(b, d);
	struct conf_proxy *proxy = &b->scope->loc->proxy;
	bool is_domain = node->name[13] == 'd';
	struct conf_replace *replace = is_domain ? ngx_push(b, &proxy->cookie_domain)
						 : ngx_push(b, &proxy->cookie_path);
	if (replace == NULL)
		return false;
	if (node->arg_count == 1) {
		if (strcmp(node->args[0], "off") != 0)
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[0]);
		replace->kind = CONF_REDIRECT_OFF;
		return !had_some || ngx_wrong(b, node, "is duplicate");
	}
	const char *from = node->args[0];
	if (is_domain && from[0] == '.')
		from++;
	if (from[0] == '~') {
		/* Always without regard to case for domains. */
		bool is_caseless = from[1] == '*';
		replace->kind = CONF_REDIRECT_REGEX;
		replace->regex = ngx_regex(
			b, node, from + 1 + is_caseless, is_caseless || is_domain);
		if (replace->regex == NULL)
			return false;
	} else {
		replace->kind = CONF_REDIRECT_TEXT;
		if (!ngx_compile(b, node, from, &replace->from))
			return false;
	}
	const char *to = node->args[1];
	if (is_domain && replace->kind == CONF_REDIRECT_TEXT && to[0] == '.')
		to++;
	return ngx_compile(b, node, to, &replace->to);
}

static bool set_cookie_flags(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)ngx_field(b, d);
	struct conf_cookie_flags *item = ngx_push(b, &b->scope->loc->proxy.cookie_flags);
	if (item == NULL)
		return false;
	const char *name = node->args[0];
	if (node->arg_count == 1) {
		if (strcmp(name, "off") != 0)
			return ngx_fail(b, node, "invalid parameter \"%s\"", name);
		return true;
	}
	if (name[0] == '~') {
		item->regex = ngx_regex(b, node, name + 1, true);
		if (item->regex == NULL)
			return false;
	} else if (!ngx_compile(b, node, name, &item->name)) {
		return false;
	}
	item->flag_count = node->arg_count - 1;
	item->flags = arena_zero(b->arena, item->flag_count * sizeof(*item->flags));
	if (item->flags == NULL)
		return ngx_no_memory(b);
	for (uint32_t i = 0; i < item->flag_count; i++) {
		/* One that nobody knows is no error to nginx, and adds nothing. */
		if (!ngx_compile(b, node, node->args[i + 1], &item->flags[i]))
			return false;
	}
	return true;
}

static bool set_version(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	uint8_t *version = ngx_field(b, d);
	if (strcmp(node->args[0], "1.0") == 0)
		*version = 10;
	else if (strcmp(node->args[0], "1.1") == 0)
		*version = 11;
	else
		return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
	return true;
}

static bool set_bind(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	struct conf_proxy *proxy = &b->scope->loc->proxy;
	struct conf_value *value = ngx_field(b, d);
	struct addr addr;
	ngx_mark_loc(b->scope, offsetof(struct conf_loc, proxy.is_bind_off), sizeof(bool));
	if (node->arg_count == 2) {
		if (strcmp(node->args[1], "transparent") != 0)
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
		return ngx_fail(b, node, "\"transparent\" is not supported");
	}
	if (strcmp(node->args[0], "off") == 0) {
		proxy->is_bind_off = true;
		return true;
	}
	if (!conf_text_has_vars(node->args[0]) && addr_from_ip(&addr, node->args[0], 0) != 0 &&
		addr_parse(&addr, node->args[0], NULL) != 0)
		return ngx_fail(b, node, "invalid address \"%s\"", node->args[0]);
	return ngx_compile(b, node, node->args[0], value);
}

static const struct ngx_word next_words[] = {{"error", CONF_NEXT_ERROR},
	{"timeout", CONF_NEXT_TIMEOUT}, {"invalid_header", CONF_NEXT_INVALID_HEADER},
	{"non_idempotent", CONF_NEXT_NON_IDEMPOTENT}, {"http_500", CONF_NEXT_HTTP_500},
	{"http_502", CONF_NEXT_HTTP_502}, {"http_503", CONF_NEXT_HTTP_503},
	{"http_504", CONF_NEXT_HTTP_504}, {"http_403", CONF_NEXT_HTTP_403},
	{"http_404", CONF_NEXT_HTTP_404}, {"http_429", CONF_NEXT_HTTP_429}, {"off", CONF_NEXT_OFF},
	{NULL, 0}};

static const struct ngx_word ignore_words[] = {{"X-Accel-Redirect", CONF_IGNORE_ACCEL_REDIRECT},
	{"X-Accel-Expires", CONF_IGNORE_ACCEL_EXPIRES},
	{"X-Accel-Limit-Rate", CONF_IGNORE_ACCEL_LIMIT_RATE},
	{"X-Accel-Buffering", CONF_IGNORE_ACCEL_BUFFERING},
	{"X-Accel-Charset", CONF_IGNORE_ACCEL_CHARSET}, {"Expires", CONF_IGNORE_EXPIRES},
	{"Cache-Control", CONF_IGNORE_CACHE_CONTROL}, {"Set-Cookie", CONF_IGNORE_SET_COOKIE},
	{"Vary", CONF_IGNORE_VARY}, {NULL, 0}};

#define NOT_CACHED "answers are not cached"

static const struct ngx_directive directives[] = {
	/* Without a name: what set_bind marks beside its own field. */
	{"", .set = ngx_accept, NGX_LOC(proxy.is_bind_off)},
	{"proxy_pass", NGX_LOCATION | NGX_LOCATION_IF | NGX_LIMIT_EXCEPT, BIT(1), set_proxy_pass},
	{"proxy_set_header", NGX_HTTP_LEVELS, BIT(2), set_header, NGX_LOC(proxy.set_header)},
	{"proxy_hide_header", NGX_HTTP_LEVELS, BIT(1), set_names, NGX_LOC(proxy.hide_header)},
	{"proxy_pass_header", NGX_HTTP_LEVELS, BIT(1), set_names, NGX_LOC(proxy.pass_header)},
	{"proxy_redirect", NGX_HTTP_LEVELS, BIT(1) | BIT(2), set_redirect, NGX_LOC(proxy.redirect)},
	{"proxy_cookie_domain", NGX_HTTP_LEVELS, BIT(1) | BIT(2), set_cookie,
		NGX_LOC(proxy.cookie_domain)},
	{"proxy_cookie_path", NGX_HTTP_LEVELS, BIT(1) | BIT(2), set_cookie,
		NGX_LOC(proxy.cookie_path)},
	{"proxy_cookie_flags", NGX_HTTP_LEVELS, NGX_1MORE, set_cookie_flags,
		NGX_LOC(proxy.cookie_flags)},
	{"proxy_http_version", NGX_HTTP_LEVELS, BIT(1), set_version, NGX_LOC(proxy.http_version)},
	{"proxy_method", NGX_HTTP_LEVELS, BIT(1), ngx_set_value, NGX_LOC(proxy.method)},
	{"proxy_set_body", NGX_HTTP_LEVELS, BIT(1), ngx_set_value, NGX_LOC(proxy.set_body)},
	{"proxy_pass_request_headers", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.pass_request_headers)},
	{"proxy_pass_request_body", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.pass_request_body)},
	{"proxy_intercept_errors", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.intercept_errors)},
	{"proxy_ignore_client_abort", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.ignore_client_abort)},
	{"proxy_force_ranges", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.force_ranges)},
	{"proxy_socket_keepalive", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(proxy.socket_keepalive)},
	{"proxy_connect_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms,
		NGX_LOC(proxy.connect_timeout_ms)},
	{"proxy_send_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(proxy.send_timeout_ms)},
	{"proxy_read_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(proxy.read_timeout_ms)},
	{"proxy_next_upstream", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_bits,
		NGX_LOC(proxy.next_upstream), .extra = next_words},
	{"proxy_next_upstream_tries", NGX_HTTP_LEVELS, BIT(1), ngx_set_number,
		NGX_LOC(proxy.next_upstream_tries)},
	{"proxy_next_upstream_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms,
		NGX_LOC(proxy.next_upstream_timeout_ms)},
	{"proxy_ignore_headers", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_bits,
		NGX_LOC(proxy.ignore_headers), .extra = ignore_words},
	{"proxy_bind", NGX_HTTP_LEVELS, BIT(1) | BIT(2), set_bind, NGX_LOC(proxy.bind)},
	{"comfymux_websocket", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(proxy.websocket)},
	{"proxy_headers_hash_max_size", NGX_HTTP_LEVELS, BIT(1), ngx_accept,
		.note = "tables here have the size they need"},
	{"proxy_headers_hash_bucket_size", NGX_HTTP_LEVELS, BIT(1), ngx_accept,
		.note = "tables here have the size they need"},
	{"proxy_send_lowat", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = "is of no use on Linux"},
	{"proxy_store", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = "answers are not stored"},
	{"proxy_store_access", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept,
		.note = "answers are not stored"},
	{"proxy_cache", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_path", NGX_HTTP, NGX_2MORE, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_key", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_bypass", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = NOT_CACHED},
	{"proxy_no_cache", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_valid", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_min_uses", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_max_range_offset", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_use_stale", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_methods", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_lock", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_lock_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_lock_age", NGX_HTTP_LEVELS, BIT(1), ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_revalidate", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_convert_head", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept, .note = NOT_CACHED},
	{"proxy_cache_background_update", NGX_HTTP_LEVELS, NGX_FLAG, ngx_accept,
		.note = NOT_CACHED},
	{"proxy_cache_purge", NGX_HTTP_LEVELS, NGX_1MORE, ngx_accept, .note = NOT_CACHED},
};

/* Does a proxy_set_header name one of the two that carry an upgrade? */
static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	struct conf_proxy *proxy = &scope->loc->proxy;
	proxy->sets_upgrade = false;
	for (uint32_t i = 0; i < proxy->set_header.count; i++) {
		struct slice name = proxy->set_header.items[i].name;
		if (slice_is_nocase(name, SLICE("Upgrade")) ||
			slice_is_nocase(name, SLICE("Connection")))
			proxy->sets_upgrade = true;
	}
	if (scope->where == NGX_LOCATION && scope->loc->content == CONF_CONTENT_PROXY &&
		proxy->websocket && !proxy->sets_upgrade)
		ngx_notice(b, scope->node,
			"WebSocket handshakes are passed on in location \"%s\", which sets neither "
			"Upgrade nor Connection; \"comfymux_websocket off\" keeps them back",
			scope->location->path);
	return true;
}

const struct ngx_area ngx_area_proxy = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
};
