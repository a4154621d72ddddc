/*
 * conf/nginx/set_location.c - location and limit_except: blocks by path and by method.
 */
#include "conf/nginx/http.h"

#include "conf/web_defaults.h"

/* location [= ~ ~* ^~] TEXT, also glued together; @NAME. False: told. */
static bool read_match(struct ngx_build *b, const struct ngx_node *node,
	struct conf_location *location, const char **ret_text, bool *ret_caseless)
{
	const char *text = node->args[0];
	*ret_caseless = false;
	if (node->arg_count == 2) {
		const char *mod = text;
		text = node->args[1];
		if (strcmp(mod, "=") == 0)
			location->match = CONF_MATCH_EXACT;
		else if (strcmp(mod, "^~") == 0)
			location->stops_regex = true;
		else if (strcmp(mod, "~") == 0)
			location->match = CONF_MATCH_REGEX;
		else if (strcmp(mod, "~*") == 0)
			location->match = CONF_MATCH_REGEX, *ret_caseless = true;
		else
			return ngx_fail(b, node, "invalid location modifier \"%s\"", mod);
	} else if (text[0] == '=') {
		location->match = CONF_MATCH_EXACT;
		text++;
	} else if (text[0] == '^' && text[1] == '~') {
		location->stops_regex = true;
		text += 2;
	} else if (text[0] == '~') {
		location->match = CONF_MATCH_REGEX;
		*ret_caseless = text[1] == '*';
		text += *ret_caseless ? 2 : 1;
	} else if (text[0] == '@') {
		location->match = CONF_MATCH_NAMED;
	}
	*ret_text = text;
	return true;
}

/* What nginx says of a location that stands in another. */
static bool judge_nesting(struct ngx_build *b, const struct ngx_node *node,
	const struct conf_location *outer, const struct conf_location *location)
{
	if (outer == NULL || outer->match == CONF_MATCH_NONE)
		return true;
	if (outer->match == CONF_MATCH_EXACT)
		return ngx_fail(b, node,
			"location \"%s\" cannot be inside the exact location \"%s\"",
			location->path, outer->path);
	if (outer->match == CONF_MATCH_NAMED)
		return ngx_fail(b, node,
			"location \"%s\" cannot be inside the named location \"%s\"",
			location->path, outer->path);
	if (location->match == CONF_MATCH_NAMED)
		return ngx_fail(b, node, "named location \"%s\" can be on the server level only",
			location->path);
	if (location->match != CONF_MATCH_REGEX && outer->match != CONF_MATCH_REGEX &&
		strncmp(outer->path, location->path, outer->path_bytes) != 0)
		return ngx_fail(b, node, "location \"%s\" is outside location \"%s\"",
			location->path, outer->path);
	return true;
}

static struct ngx_inner *inner_of(struct ngx_scope *scope)
{
	return scope->where == NGX_SERVER ? scope->location_list : scope->own;
}

bool ngx_set_location(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *text = "";
	bool is_caseless = false;
	struct ngx_scope *outer = b->scope;
	struct conf_location *location = arena_zero(b->arena, sizeof(*location));
	struct ngx_inner *inner = arena_zero(b->arena, sizeof(*inner));
	(void)d;
	if (location == NULL || inner == NULL)
		return ngx_no_memory(b);
	if (!read_match(b, node, location, &text, &is_caseless))
		return false;
	location->place = node->place;
	location->path = text;
	location->path_bytes = (uint32_t)strlen(text);
	if (!judge_nesting(b, node, outer->location, location))
		return false;
	if (location->match == CONF_MATCH_REGEX) {
		location->regex = ngx_regex(b, node, text, is_caseless);
		if (location->regex == NULL)
			return false;
	}
	struct ngx_scope *scope = ngx_enter(b, NGX_LOCATION, node);
	if (scope == NULL)
		return false;
	scope->location = location;
	scope->own = inner;
	location->loc = scope->loc;
	if (!ngx_block(b, node) || !ngx_seal_inner(b, location, inner))
		return false;
	ngx_leave(b);
	if (location->match == CONF_MATCH_NAMED) {
		struct ngx_server *server = ngx_server_of(outer);
		const struct conf_location **named = ngx_push(b, &server->named);
		if (named == NULL)
			return false;
		*named = location;
		return true;
	}
	struct ngx_inner *list = inner_of(outer);
	const struct conf_location **slot = ngx_push(b, &list->items);
	if (slot == NULL)
		return false;
	*slot = location;
	return true;
}

/* Exact ones, then prefixes from the longest, then regular expressions in their order. */
static int rank(const struct conf_location *location)
{
	switch (location->match) {
	case CONF_MATCH_EXACT:
		return 0;
	case CONF_MATCH_PREFIX:
		return 1;
	default:
		return 2;
	}
}

static bool goes_before(const struct conf_location *x, const struct conf_location *y)
{
	if (rank(x) != rank(y))
		return rank(x) < rank(y);
	return x->match == CONF_MATCH_PREFIX && x->path_bytes > y->path_bytes;
}

bool ngx_seal_inner(struct ngx_build *b, struct conf_location *location, struct ngx_inner *inner)
{
	const struct conf_location **items = inner->items.items;
	uint32_t n = inner->items.count;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (items[i]->match == items[k]->match &&
				items[i]->match != CONF_MATCH_REGEX &&
				strcmp(items[i]->path, items[k]->path) == 0) {
				const struct ngx_node where = {.place = items[i]->place};
				return ngx_fail(
					b, &where, "duplicate location \"%s\"", items[i]->path);
			}
		}
	}
	/* By insertion: regular expressions keep their order. */
	for (uint32_t i = 1; i < n; i++) {
		const struct conf_location *moved = items[i];
		uint32_t k = i;
		for (; k > 0 && goes_before(moved, items[k - 1]); k--)
			items[k] = items[k - 1];
		items[k] = moved;
	}
	location->inner = items;
	location->inner_count = n;
	return true;
}

/* -- limit_except -- */

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "MKCOL", "COPY",
	"MOVE", "OPTIONS", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "PATCH"};

uint32_t conf_method_bit(struct slice method)
{
	for (uint32_t i = 0; i < COUNT_OF(methods); i++)
		if (slice_is_nocase(method, slice_of(methods[i])))
			return BIT(i);
	return 0;
}

bool ngx_set_limit_except(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_scope *outer = b->scope;
	(void)d;
	if (outer->loc->limit_except != NULL)
		return ngx_wrong(b, node, "is duplicate");
	for (uint32_t i = 0; i < node->arg_count; i++) {
		uint32_t bit = conf_method_bit(slice_of(node->args[i]));
		if (bit == 0)
			return ngx_fail(b, node, "invalid method \"%s\"", node->args[i]);
		outer->loc->limit_except_methods |= bit;
	}
	/* HEAD goes with GET. */
	if (outer->loc->limit_except_methods & BIT(0))
		outer->loc->limit_except_methods |= BIT(1);
	struct conf_location *location = arena_zero(b->arena, sizeof(*location));
	struct ngx_scope *scope = ngx_enter(b, NGX_LIMIT_EXCEPT, node);
	if (location == NULL || scope == NULL)
		return ngx_no_memory(b);
	*location = (struct conf_location){
		.place = node->place, .match = CONF_MATCH_NONE, .path = "", .loc = scope->loc};
	scope->location = location;
	outer->loc->limit_except = location;
	if (!ngx_block(b, node))
		return false;
	ngx_leave(b);
	return true;
}

/* -- after the merge -- */

static const struct conf_srv *srv_of(const struct ngx_scope *scope)
{
	while (scope->srv == NULL)
		scope = scope->outer;
	return scope->srv;
}

/* An `if` or a limit_except does what its location does, unless it says otherwise. */
static void take_over_content(struct ngx_scope *scope)
{
	if (!(scope->where & (NGX_LOCATION_IF | NGX_LIMIT_EXCEPT)))
		return;
	const struct conf_loc *outer = scope->outer->loc;
	struct conf_loc *loc = scope->loc;
	if (loc->content != CONF_CONTENT_STATIC)
		return;
	loc->content = outer->content;
	struct conf_proxy *to = &loc->proxy;
	const struct conf_proxy *from = &outer->proxy;
	to->is_https = from->is_https;
	to->has_uri = from->has_uri;
	to->has_variables = from->has_variables;
	to->host = from->host;
	to->header_host = from->header_host;
	to->port_text = from->port_text;
	to->uri = from->uri;
	to->url = from->url;
	to->pool = from->pool;
}

/* The default "html" lies below the prefix, as what `root` says does. */
static bool finish_root(struct ngx_build *b, struct ngx_scope *scope)
{
	struct conf_value *root = &scope->loc->root;
	if (root->parts != conf_loc_defaults.root.parts)
		return true;
	const char *path = ngx_path(b, "html");
	struct conf_part *part = arena_zero(b->arena, sizeof(*part));
	if (path == NULL || part == NULL)
		return ngx_no_memory(b);
	*part = (struct conf_part){.kind = CONF_PART_TEXT, .text = slice_of(path)};
	*root = (struct conf_value){part, 1};
	return true;
}

/* The data plane's own words for what the directives say. */
bool ngx_finish_location(struct ngx_build *b, struct ngx_scope *scope)
{
	struct conf_location *location = scope->location;
	const struct conf_loc *loc = scope->loc;
	const struct conf_srv *srv = srv_of(scope);
	if (!finish_root(b, scope))
		return false;
	if (location == NULL)
		return true;
	take_over_content(scope);
	location->timeouts = (struct conf_timeouts){
		.header_ms = srv->client_header_timeout_ms,
		.body_ms = loc->client_body_timeout_ms,
		.send_ms = loc->send_timeout_ms,
		.keepalive_ms = loc->keepalive_timeout_ms,
		.connect_ms = loc->proxy.connect_timeout_ms,
		.read_ms = loc->proxy.read_timeout_ms,
		.tunnel_ms = loc->proxy.read_timeout_ms,
		.drain_ms = b->conf->timeouts.drain_ms,
	};
	location->limits = b->conf->limits;
	location->limits.body_bytes = loc->client_max_body_size;
	location->limits.buffer_body = loc->proxy.request_buffering ? UINT64_MAX : 0;
	if (loc->content == CONF_CONTENT_PROXY && location->match == CONF_MATCH_PREFIX &&
		location->path_bytes != 0 && location->path[location->path_bytes - 1] == '/')
		location->has_auto_slash = true;
	return true;
}
