/*
 * conf/nginx/http.c - http { } and server { }: read, merged, and made into the tree's servers.
 */
#include "conf/nginx/http.h"

#include "conf/vars.h"

#define HEAD_MOST (UINT64_C(1) << 20) /* octets of a head, whatever the file says */
#define HEAD_FIELDS_MOST 256

struct ngx_server *ngx_server_of(const struct ngx_scope *scope)
{
	while (scope->where != NGX_SERVER)
		scope = scope->outer;
	return scope->own;
}

bool ngx_read_server(struct ngx_build *b, const struct ngx_node *node)
{
	struct ngx_server *server = arena_zero(b->arena, sizeof(*server));
	struct ngx_inner *inner = arena_zero(b->arena, sizeof(*inner));
	struct ngx_scope *scope = ngx_enter(b, NGX_SERVER, node);
	if (server == NULL || inner == NULL || scope == NULL)
		return ngx_no_memory(b);
	server->scope = scope;
	server->place = node->place;
	server->root = arena_zero(b->arena, sizeof(*server->root));
	if (server->root == NULL)
		return ngx_no_memory(b);
	*server->root = (struct conf_location){
		.place = node->place, .match = CONF_MATCH_NONE, .path = "", .loc = scope->loc};
	scope->own = server;
	scope->location = server->root;
	scope->location_list = inner;
	if (!ngx_block(b, node))
		return false;
	if (server->listens.count == 0 && !ngx_default_listen(b, server))
		return false;
	if (!ngx_seal_inner(b, server->root, inner))
		return false;
	scope->srv->root = server->root;
	scope->srv->named = server->named.items;
	scope->srv->named_count = server->named.count;
	ngx_leave(b);
	struct ngx_server **end = &b->servers;
	while (*end != NULL)
		end = &(*end)->next;
	*end = server;
	return true;
}

static struct slice first_name(const struct ngx_server *server)
{
	if (server->names.count == 0)
		return SLICE("");
	struct slice name = server->names.items[0].name;
	/* ".x" is called x. */
	bool has_dot = name.n > 1 && name.p[0] == '.';
	return (struct slice){name.p + has_dot, name.n - has_dot};
}

static bool fill_server(struct ngx_build *b, const struct ngx_server *from, struct conf_server *to)
{
	from->scope->srv->first_name = first_name(from);
	*to = (struct conf_server){
		.place = from->place,
		.listens = from->listens.items,
		.listen_count = from->listens.count,
		.tls = from->tls,
		.srv = from->scope->srv,
	};
	to->names = arena_zero(b->arena, (from->names.count * 2 + 1) * sizeof(*to->names));
	to->name_regexes = arena_zero(
		b->arena, (from->names.count + 1) * sizeof(*to->name_regexes));
	if (to->names == NULL || to->name_regexes == NULL)
		return ngx_no_memory(b);
	for (uint32_t i = 0; i < from->names.count; i++) {
		const struct ngx_name *name = &from->names.items[i];
		if (name->regex != NULL) {
			to->name_regexes[to->name_regex_count++].regex = name->regex;
			continue;
		}
		if (name->name.n > 1 && name->name.p[0] == '.') {
			/* ".x" is x and *.x */
			char *star = arena_take(b->arena, name->name.n + 2);
			if (star == NULL)
				return ngx_no_memory(b);
			star[0] = '*';
			memcpy(star + 1, name->name.p, name->name.n);
			star[name->name.n + 1] = '\0';
			to->names[to->name_count++] = star;
			to->names[to->name_count++] = name->name.p + 1;
			continue;
		}
		to->names[to->name_count++] = name->name.p;
	}
	return true;
}

/* Two servers of one name on one address: the second is never found by it. */
static void warn_of_names(struct ngx_build *b, const struct ngx_server *first,
	const struct ngx_server *second, const struct conf_listen *listen)
{
	const struct ngx_node nowhere = {.place = {NULL, 0}};
	if (first->names.count == 0 && second->names.count == 0)
		ngx_warn(b, &nowhere, "conflicting server name \"\" on %s, ignored", listen->text);
	for (uint32_t i = 0; i < second->names.count; i++) {
		const struct ngx_name *name = &second->names.items[i];
		for (uint32_t k = 0; k < first->names.count && name->regex == NULL; k++)
			if (first->names.items[k].regex == NULL &&
				slice_is(first->names.items[k].name, name->name))
				ngx_warn(b, &nowhere,
					"conflicting server name \"%.*s\" on %s, ignored",
					(int)name->name.n, name->name.p, listen->text);
	}
}

/* Servers that listen on the same address share what was said about its socket, and one of them at
 * most is its default. */
static bool join_with(struct ngx_build *b, struct ngx_server *before, struct ngx_server *server,
	struct conf_listen *listen)
{
	for (uint32_t k = 0; k < before->listens.count; k++) {
		struct conf_listen *there = &before->listens.items[k];
		const struct ngx_node where = {.place = listen->place};
		if (strcmp(there->text, listen->text) != 0)
			continue;
		if (there->is_default && listen->is_default)
			return ngx_fail(
				b, &where, "a duplicate default server for %s", listen->text);
		if (there->has_options && listen->has_options)
			return ngx_fail(b, &where, "duplicate listen options for %s", listen->text);
		warn_of_names(b, before, server, listen);
		there->is_tls = listen->is_tls = there->is_tls || listen->is_tls;
		there->is_proxy_protocol = listen->is_proxy_protocol = there->is_proxy_protocol ||
								       listen->is_proxy_protocol;
	}
	return true;
}

static bool join_listens(struct ngx_build *b)
{
	for (struct ngx_server *server = b->servers; server != NULL; server = server->next)
		for (uint32_t i = 0; i < server->listens.count; i++)
			for (struct ngx_server *before = b->servers; before != server;
				before = before->next)
				if (!join_with(b, before, server, &server->listens.items[i]))
					return false;
	return true;
}

static bool finish_http(struct ngx_build *b)
{
	struct err err = {""};
	uint32_t count = 0;
	if (!ngx_merge(b))
		return false;
	for (uint32_t i = 0; i < ngx_area_count; i++)
		if (ngx_areas[i]->finish_http != NULL && !ngx_areas[i]->finish_http(b))
			return false;
	if (!conf_vars_check(b->vars, &b->web->users, &err))
		return ngx_fail_bare(b, "%s", err.text);
	if (!join_listens(b))
		return false;
	for (struct ngx_server *server = b->servers; server != NULL; server = server->next)
		count++;
	b->conf->servers = arena_zero(b->arena, (count + 1) * sizeof(*b->conf->servers));
	if (b->conf->servers == NULL)
		return ngx_no_memory(b);
	for (struct ngx_server *server = b->servers; server != NULL; server = server->next)
		if (!fill_server(b, server, &b->conf->servers[b->conf->server_count++]))
			return false;
	b->web->loc = b->http->loc;
	b->web->srv = b->http->srv;
	b->conf->web = b->web;
	/* What holds before a server is known. A line is its method, two blanks and a version, too.
	 */
	const struct conf_srv *srv = b->http->srv;
	uint64_t line = srv->large_buffers_size, all = line * srv->large_buffers_count;
	b->conf->limits.header_bytes = (uint32_t)min_u64(all, HEAD_MOST);
	b->conf->limits.target_bytes = (uint32_t)min_u64(line > 13 ? line - 13 : 1, HEAD_MOST);
	b->conf->limits.header_fields = HEAD_FIELDS_MOST;
	b->conf->timeouts.header_ms = srv->client_header_timeout_ms;
	return true;
}

bool ngx_read_http(struct ngx_build *b, const struct ngx_node *node)
{
	b->http = ngx_enter(b, NGX_HTTP, node);
	if (b->http == NULL || !ngx_block(b, node))
		return false;
	ngx_leave(b);
	return finish_http(b);
}

bool ngx_finish_core(struct ngx_build *b)
{
	if (!b->has_events)
		return ngx_fail_bare(b, "no \"events\" section in configuration");
	return true;
}
