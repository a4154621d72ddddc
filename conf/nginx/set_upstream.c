/*
 * conf/nginx/set_upstream.c - upstream NAME { server ...; }, and the upstreams that nobody wrote:
 * the hosts of proxy_pass.
 *
 *   upstream a { ... } --.                                        .--> conf.pools, at the end of
 * http proxy_pass http://a; +--> one entry each, in order of mention --> names stay names until
 *   proxy_pass http://h:1 '                                            conf_resolve
 */
#include "conf/nginx/areas.h"
#include "conf/nginx/own.h"

#include "conf/resolver.h"
#include "conf/schema.h"
#include "conf/spread.h"

#include <stdio.h>

#define PRIMARY_PORT 80

static struct ngx_upstreams *upstreams_of(struct ngx_build *b)
{
	if (b->upstreams == NULL)
		b->upstreams = arena_zero(b->arena, sizeof(struct ngx_upstreams));
	if (b->upstreams == NULL)
		(void)ngx_no_memory(b);
	return b->upstreams;
}

static const char *copy_text(struct ngx_build *b, struct slice text)
{
	const char *copy = arena_copy(b->arena, text.p, text.n);
	if (copy == NULL)
		(void)ngx_no_memory(b);
	return copy;
}

struct ngx_upstream *ngx_upstream_make(
	struct ngx_build *b, const struct ngx_node *node, struct slice name)
{
	struct ngx_upstream *one = arena_zero(b->arena, sizeof(*one));
	struct conf_pool *pool = arena_zero(b->arena, sizeof(*pool));
	if (one == NULL || pool == NULL) {
		(void)ngx_no_memory(b);
		return NULL;
	}
	conf_keys_preset(&conf_group_pool, pool);
	/* What nginx has not is off until it is asked for. */
	pool->keepalive = 0;
	pool->balancing.sticky.key_count = 0;
	pool->health.interval_ms = 0;
	*one = (struct ngx_upstream){.node = node,
		.place = node->place,
		.pool = pool,
		.allows = UPSTREAM_BACKUP,
		.conf = {.keepalive_requests = 1000,
			.keepalive_time_ms = 3600000,
			.keepalive_timeout_ms = 60000,
			.sticky = {.expires_s = -1}}};
	one->name.p = copy_text(b, name);
	one->name.n = name.n;
	return one->name.p != NULL ? one : NULL;
}

static struct ngx_upstream *add(struct ngx_build *b, const struct ngx_node *node, struct slice name)
{
	struct ngx_upstreams *all = upstreams_of(b);
	struct ngx_upstream *one = ngx_upstream_make(b, node, name);
	if (all == NULL || one == NULL)
		return NULL;
	struct ngx_upstream_place *place = ngx_push(b, &all->list);
	if (place == NULL)
		return NULL;
	place->one = one;
	return one;
}

/* An entry that this one means, too; NULL: none, or (has_failed) a contradiction. */
static struct ngx_upstream *find(struct ngx_build *b, const struct ngx_node *node,
	struct slice name, uint16_t port, bool has_port, bool is_block, uint32_t *ret_index)
{
	struct ngx_upstreams *all = upstreams_of(b);
	for (uint32_t i = 0; all != NULL && i < all->list.count; i++) {
		struct ngx_upstream *one = all->list.items[i].one;
		if (!slice_is_nocase(one->name, name))
			continue;
		*ret_index = i;
		if (is_block && one->is_block) {
			(void)ngx_fail(b, node, "duplicate upstream \"%.*s\"", (int)name.n, name.p);
			return NULL;
		}
		if (one->is_block && has_port) {
			(void)ngx_fail(b, node, "upstream \"%.*s\" may not have port %u",
				(int)name.n, name.p, port);
			return NULL;
		}
		if (is_block && one->has_port) {
			const struct ngx_node there = {.place = one->place};
			(void)ngx_fail(b, &there, "upstream \"%.*s\" may not have port %u",
				(int)name.n, name.p, one->port);
			return NULL;
		}
		if (one->port != 0 && port != 0 && one->port != port)
			continue;
		return one;
	}
	return NULL;
}

/* -- server -- */

static const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);
	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

static bool read_count(const char *text, bool may_be_none, uint32_t *ret)
{
	uint64_t n;
	if (!ngx_parse_number(text, INT32_MAX, &n) || (n == 0 && !may_be_none))
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* False: invalid. */
static bool read_value(struct conf_node *server, const char *arg)
{
	const char *value;
	if ((value = value_of(arg, "weight=")) != NULL)
		return read_count(value, false, &server->weight);
	if ((value = value_of(arg, "max_conns=")) != NULL)
		return read_count(value, true, &server->peer.max_conns);
	if ((value = value_of(arg, "max_fails=")) != NULL)
		return read_count(value, true, &server->peer.max_fails);
	if ((value = value_of(arg, "fail_timeout=")) != NULL)
		return ngx_parse_seconds(value, &server->peer.fail_timeout_s);
	if ((value = value_of(arg, "route=")) != NULL) {
		server->peer.route = value;
		return value[0] != '\0' && strlen(value) <= 32;
	}
	return false;
}

static bool read_param(struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one,
	struct conf_node *server, const char *arg)
{
	const char *value;
	if (strcmp(arg, "backup") == 0) {
		if (!(one->allows & UPSTREAM_BACKUP))
			return ngx_fail(
				b, node, "balancing method does not support parameter \"%s\"", arg);
		server->backup = true;
	} else if (strcmp(arg, "down") == 0) {
		server->peer.is_down = true;
	} else if (strcmp(arg, "drain") == 0) {
		server->drain = true;
	} else if (strcmp(arg, "resolve") == 0) {
		server->peer.is_resolved = true;
	} else if ((value = value_of(arg, "service=")) != NULL) {
		server->peer.service = value;
		return value[0] != '\0' || ngx_fail(b, node, "service is empty");
	} else if (!read_value(server, arg)) {
		return ngx_fail(b, node, "invalid parameter \"%s\"", arg);
	}
	return true;
}

/* A host that was parsed: name or address into the node. */
static bool fill_server(struct ngx_build *b, struct conf_node *server, const struct ngx_url *url)
{
	bool is_unix = url->addr.len != 0 && url->addr.u.any.sa_family == AF_UNIX;
	server->addr = url->addr;
	server->port = url->port;
	server->max_concurrent = 1;
	server->metadata = (struct conf_metadata){
		.location = "", .gpu_model = "", .description = ""};
	if (is_unix) {
		size_t n = url->host.n + sizeof("unix:");
		char *host = arena_take(b->arena, n);
		if (host == NULL)
			return ngx_no_memory(b);
		(void)snprintf(host, n, "unix:%.*s", (int)url->host.n, url->host.p);
		server->host = host;
		return true;
	}
	server->host = copy_text(b, url->host);
	return server->host != NULL;
}

/* `service=http` is short for _http._tcp. */
static bool name_service(struct ngx_build *b, const struct ngx_node *node, struct conf_node *server,
	const struct ngx_url *url)
{
	const char *wrong = NULL;
	if (url->addr.len != 0)
		wrong = "requires domain name";
	else if (url->has_port)
		wrong = "may not have port";
	else if (!server->peer.is_resolved)
		wrong = "requires \"resolve\" parameter";
	if (wrong != NULL)
		return ngx_fail(b, node, "service upstream server \"%s\" %s", node->args[0], wrong);
	const char *service = server->peer.service;
	bool is_short = strchr(service, '.') == NULL;
	size_t room = strlen(service) + url->host.n + sizeof("_._tcp.");
	char *name = arena_take(b->arena, room);
	if (name == NULL)
		return ngx_no_memory(b);
	(void)snprintf(name, room, "%s%s%s.%.*s", is_short ? "_" : "", service,
		is_short ? "._tcp" : "", (int)url->host.n, url->host.p);
	server->peer.service = name;
	return true;
}

static bool set_server(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	struct ngx_url url;
	(void)d;
	struct conf_node *server = ngx_push(b, &one->servers);
	if (server == NULL)
		return false;
	*server = (struct conf_node){.place = node->place,
		.node_id = "",
		.weight = 1,
		.peer = {.server = node->args[0], .max_fails = 1, .fail_timeout_s = 10}};
	for (uint32_t i = 1; i < node->arg_count; i++)
		if (!read_param(b, node, one, server, node->args[i]))
			return false;
	const char *wrong = ngx_url_parse(&url, slice_of(node->args[0]), PRIMARY_PORT);
	if (wrong != NULL)
		return ngx_fail(b, node, "%s in upstream \"%s\"", wrong, node->args[0]);
	if (server->peer.service != NULL && !name_service(b, node, server, &url))
		return false;
	/* An address needs no looking up. */
	server->peer.is_resolved = server->peer.is_resolved && url.addr.len == 0;
	one->has_resolve = one->has_resolve || server->peer.is_resolved;
	return fill_server(b, server, &url);
}

/* -- upstream -- */

static bool set_upstream(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct slice name = slice_of(node->args[0]);
	uint32_t index;
	(void)d;
	struct ngx_upstream *one = find(b, node, name, 0, false, true, &index);
	if (one == NULL && !b->has_failed)
		one = add(b, node, name);
	if (one == NULL)
		return false;
	one->is_block = true;
	one->port = 0;
	one->node = node;
	one->servers.count = 0;
	struct ngx_scope *scope = ngx_enter(b, NGX_UPSTREAM, node);
	if (scope == NULL)
		return false;
	scope->own = one;
	if (!ngx_block(b, node))
		return false;
	ngx_leave(b);
	if (one->servers.count == 0) {
		/* nginx blames the line of the closing bracket. */
		const struct ngx_node end = {
			.place = {.file = node->place.file, .line = node->end_line}};
		return ngx_fail(b, &end, "no servers are inside upstream");
	}
	return true;
}

bool ngx_upstream_for(struct ngx_build *b, const struct ngx_node *node, struct slice host,
	uint16_t default_port, uint32_t *ret_pool)
{
	struct ngx_url url;
	const char *wrong = ngx_url_parse(&url, host, default_port);
	if (wrong != NULL)
		return ngx_fail(b, node, "%s in upstream \"%.*s\"", wrong, (int)host.n, host.p);
	struct ngx_upstream *one = find(b, node, url.host, url.port, url.has_port, false, ret_pool);
	if (one != NULL)
		return true;
	if (b->has_failed)
		return false;
	one = add(b, node, url.host);
	if (one == NULL)
		return false;
	struct conf_node *server = ngx_push(b, &one->servers);
	if (server == NULL)
		return false;
	*ret_pool = ((struct ngx_upstreams *)b->upstreams)->list.count - 1;
	one->port = url.port;
	one->has_port = url.has_port;
	one->conf.is_implicit = true;
	*server = (struct conf_node){.place = node->place,
		.node_id = "",
		.weight = 1,
		.peer = {.max_fails = 1, .fail_timeout_s = 10}};
	server->peer.server = copy_text(b, host);
	return server->peer.server != NULL && fill_server(b, server, &url);
}

/* -- the end of http -- */

/* "h:80" for what has no block of its own. */
static const char *name_pool(struct ngx_build *b, const struct ngx_upstream *one)
{
	if (!one->conf.is_implicit || one->is_block || one->port == 0)
		return one->name.p;
	size_t room = one->name.n + sizeof(":65535");
	char *name = arena_take(b->arena, room);
	if (name == NULL)
		(void)ngx_no_memory(b);
	else
		(void)snprintf(name, room, "%s:%u", one->name.p, one->port);
	return name;
}

/* Some other upstream said how large that zone is. */
static bool has_zone(const struct ngx_build *b, const char *zone)
{
	const struct ngx_upstreams *all = b->upstreams;
	for (uint32_t i = 0; i < all->list.count; i++) {
		const struct ngx_upstream *one = all->list.items[i].one;
		if (one->zone != NULL && one->has_zone_size && strcmp(one->zone, zone) == 0)
			return true;
	}
	return false;
}

static bool check_whole(struct ngx_build *b, const struct ngx_upstream *one)
{
	const struct ngx_node there = {.place = one->place};
	bool has_primary = false;
	for (uint32_t i = 0; i < one->servers.count; i++)
		has_primary = has_primary || !one->servers.items[i].backup;
	if (!has_primary)
		return ngx_fail(b, &there, "no servers in upstream \"%s\"", one->name.p);
	if (one->has_resolve && !one->conf.has_zone)
		return ngx_fail_bare(b,
			"resolving names at run time requires upstream \"%s\" in %s:%u to be in "
			"shared memory",
			one->name.p, one->place.file, one->place.line);
	if (one->has_resolve && (one->conf.resolver == NULL || one->conf.resolver->count == 0))
		return ngx_fail_bare(b,
			"no resolver defined to resolve names at run time in upstream \"%s\" in "
			"%s:%u",
			one->name.p, one->place.file, one->place.line);
	return true;
}

/* Servers with `resolve` are no nodes, but names. */
static bool split_servers(struct ngx_build *b, struct ngx_upstream *one)
{
	struct conf_node *names;
	uint32_t kept = 0;
	if (!one->has_resolve)
		return true;
	names = arena_zero(b->arena, one->servers.count * sizeof(*names));
	if (names == NULL)
		return ngx_no_memory(b);
	for (uint32_t i = 0; i < one->servers.count; i++) {
		const struct conf_node *server = &one->servers.items[i];
		if (server->peer.is_resolved)
			names[one->conf.name_count++] = *server;
		else
			one->servers.items[kept++] = *server;
	}
	one->conf.names = names;
	one->pool->node_count = kept;
	return true;
}

/* For people: what the admin pages and the metrics call it. */
static const char *const method_names[CONF_METHOD_COUNT] = {
	[CONF_METHOD_ROUND_ROBIN] = "round_robin",
	[CONF_METHOD_IP_HASH] = "ip_hash",
	[CONF_METHOD_LEAST_CONN] = "least_conn",
	[CONF_METHOD_HASH] = "hash",
	[CONF_METHOD_HASH_CONSISTENT] = "hash",
	[CONF_METHOD_RANDOM] = "random",
	[CONF_METHOD_RANDOM_TWO] = "random_two",
	[CONF_METHOD_RANDOM_TIME] = "random_two",
	[CONF_METHOD_LEAST_TIME] = "least_time",
};

static bool make_pool(
	struct ngx_build *b, struct ngx_upstream *one, uint32_t index, struct conf_pool *ret_pool)
{
	const struct conf_loc *outer = b->http->loc;
	one->conf.resolver = one->resolver != NULL ? one->resolver : outer->resolver;
	if (!one->has_resolver_timeout)
		one->conf.resolver_timeout_ms = outer->resolver_timeout_ms;
	if (!check_whole(b, one))
		return false;
	one->conf.is_implicit = one->conf.is_implicit && !one->is_block;
	one->pool->place = one->place;
	one->pool->name = name_pool(b, one);
	if (one->pool->name == NULL)
		return false;
	one->pool->nodes = one->servers.items;
	one->pool->node_count = one->servers.count;
	one->pool->upstream = &one->conf;
	one->pool->keepalive = one->conf.keepalive;
	if (!ngx_own_finish(b, one, index))
		return false;
	if (one->conf.method != CONF_METHOD_STRATEGY)
		one->pool->balancing.strategy = method_names[one->conf.method];
	if (!split_servers(b, one))
		return false;
	*ret_pool = *one->pool;
	return conf_name_nodes(b->arena, ret_pool) || ngx_no_memory(b);
}

static bool finish_http(struct ngx_build *b)
{
	struct ngx_upstreams *all = upstreams_of(b);
	if (all == NULL)
		return false;
	b->conf->pools = arena_zero(b->arena, (all->list.count + 1) * sizeof(*b->conf->pools));
	if (b->conf->pools == NULL)
		return ngx_no_memory(b);
	for (uint32_t i = 0; i < all->list.count; i++)
		if (!make_pool(b, all->list.items[i].one, i, &b->conf->pools[i]))
			return false;
	b->conf->pool_count = all->list.count;
	return ngx_own_check(b);
}

/* nginx makes its zones when it has read everything. */
static bool check_zones(struct ngx_build *b)
{
	const struct ngx_upstreams *all = b->upstreams;
	for (uint32_t i = 0; all != NULL && i < all->list.count; i++) {
		const struct ngx_upstream *one = all->list.items[i].one;
		if (one->zone != NULL && !one->has_zone_size && !has_zone(b, one->zone))
			return ngx_fail_bare(b, "zero size shared memory zone \"%s\"", one->zone);
	}
	return true;
}

static const struct ngx_directive directives[] = {
	{"upstream", NGX_HTTP, NGX_BLOCK | BIT(1), set_upstream},
	{"server", NGX_UPSTREAM, NGX_1MORE, set_server},
	{"ip_hash", NGX_UPSTREAM, BIT(0), ngx_set_method},
	{"least_conn", NGX_UPSTREAM, BIT(0), ngx_set_method},
	{"hash", NGX_UPSTREAM, BIT(1) | BIT(2), ngx_set_hash},
	{"random", NGX_UPSTREAM, BIT(0) | BIT(1) | BIT(2), ngx_set_random},
	{"least_time", NGX_UPSTREAM, BIT(1) | BIT(2), ngx_set_least_time},
	{"keepalive", NGX_UPSTREAM, BIT(1) | BIT(2), ngx_set_keepalive},
	{"keepalive_requests", NGX_UPSTREAM, BIT(1), ngx_set_keepalive_requests},
	{"keepalive_time", NGX_UPSTREAM, BIT(1), ngx_set_keepalive_time},
	{"keepalive_timeout", NGX_UPSTREAM, BIT(1), ngx_set_keepalive_timeout},
	{"zone", NGX_UPSTREAM, BIT(1) | BIT(2), ngx_set_zone},
	{"sticky", NGX_UPSTREAM, NGX_2MORE, ngx_set_sticky},
	{"comfymux", NGX_UPSTREAM, NGX_BLOCK | BIT(0), ngx_set_upstream_own},
	{"comfymux", NGX_MAIN | NGX_HTTP_LEVELS, NGX_BLOCK | BIT(0), ngx_set_own},
};

const struct ngx_area ngx_area_upstream = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_http = finish_http,
	.finish_main = check_zones,
};
