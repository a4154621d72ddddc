/*
 * conf/nginx/set_resolver.c - resolver and resolver_timeout.
 */
#include "conf/nginx/areas.h"
#include "conf/nginx/upstream.h"
#include "conf/resolver.h"

#include <netdb.h>

#define DNS_PORT 53

struct servers {
	struct addr *items;
	uint32_t count, room;
};

static bool add_server(struct ngx_build *b, struct servers *servers, const struct addr *addr)
{
	struct addr *one = ngx_push(b, servers);
	if (one == NULL)
		return false;
	*one = *addr;
	return true;
}

/* A name server that has a name itself: looked up once, when the configuration is read. */
static bool add_named(struct ngx_build *b, const struct ngx_node *node, struct servers *servers,
	const struct ngx_url *url, const char *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct addrinfo *list = NULL;
	const char *name = arena_copy(b->arena, url->host.p, url->host.n);
	if (name == NULL)
		return ngx_no_memory(b);
	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return ngx_fail(b, node, "host not found in resolver \"%s\"", arg);
	bool is_ok = true;
	for (const struct addrinfo *at = list; at != NULL && is_ok; at = at->ai_next) {
		struct addr addr = {.len = at->ai_addrlen};
		memcpy(&addr.u, at->ai_addr, at->ai_addrlen);
		addr_set_port(&addr, url->port);
		is_ok = add_server(b, servers, &addr);
	}
	freeaddrinfo(list);
	return is_ok;
}

/* "on" or "off"; false: neither. */
static bool read_switch(const char *text, bool *ret)
{
	*ret = strcmp(text, "on") == 0;
	return *ret || strcmp(text, "off") == 0;
}

/* valid=, ipv4=, ipv6=, status_zone=: *ret_is_param tells that it was one of them. */
static bool read_param(struct ngx_build *b, const struct ngx_node *node, const char *arg,
	struct conf_resolver *resolver, bool *ret_is_param)
{
	bool is_ok = true;
	*ret_is_param = true;
	if (strncmp(arg, "valid=", 6) == 0)
		is_ok = ngx_parse_seconds(arg + 6, &resolver->valid_s);
	else if (strncmp(arg, "ipv4=", 5) == 0)
		is_ok = read_switch(arg + 5, &resolver->ipv4);
	else if (strncmp(arg, "ipv6=", 5) == 0)
		is_ok = read_switch(arg + 5, &resolver->ipv6);
	else if (strncmp(arg, "status_zone=", 12) == 0)
		is_ok = arg[12] != '\0';
	else
		*ret_is_param = false;
	return is_ok || ngx_fail(b, node, "invalid parameter: %s", arg);
}

static bool read_resolver(
	struct ngx_build *b, const struct ngx_node *node, struct conf_resolver *resolver)
{
	struct servers servers = {0};
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const char *arg = node->args[i];
		struct ngx_url url;
		bool is_param;
		if (!read_param(b, node, arg, resolver, &is_param))
			return false;
		if (is_param)
			continue;
		const char *wrong = ngx_url_parse(&url, slice_of(arg), DNS_PORT);
		if (wrong == NULL && url.port == 0)
			wrong = "invalid host";
		if (wrong != NULL)
			return ngx_fail(b, node, "%s in resolver \"%s\"", wrong, arg);
		bool is_ok = url.addr.len != 0 ? add_server(b, &servers, &url.addr)
					       : add_named(b, node, &servers, &url, arg);
		if (!is_ok)
			return false;
	}
	if (!resolver->ipv4 && !resolver->ipv6)
		return ngx_fail(b, node, "\"ipv4\" and \"ipv6\" cannot both be \"off\"");
	if (servers.count == 0)
		return ngx_fail(b, node, "no name servers defined");
	resolver->servers = servers.items;
	resolver->count = servers.count;
	return true;
}

/* `off` is one without servers. */
static bool make_resolver(
	struct ngx_build *b, const struct ngx_node *node, const struct conf_resolver **field)
{
	struct conf_resolver *resolver = arena_zero(b->arena, sizeof(*resolver));
	if (resolver == NULL)
		return ngx_no_memory(b);
	resolver->ipv4 = resolver->ipv6 = true;
	*field = resolver;
	if (node->arg_count == 1 && strcmp(node->args[0], "off") == 0)
		return true;
	return read_resolver(b, node, resolver);
}

static bool set_resolver(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return ngx_once(b, node, d) && make_resolver(b, node, ngx_field(b, d));
}

static bool set_upstream_resolver(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	(void)d;
	if (one->resolver != NULL)
		return ngx_wrong(b, node, "is duplicate");
	return make_resolver(b, node, &one->resolver);
}

static bool set_upstream_timeout(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	(void)d;
	if (one->has_resolver_timeout)
		return ngx_wrong(b, node, "is duplicate");
	one->has_resolver_timeout = true;
	return ngx_parse_ms(node->args[0], &one->conf.resolver_timeout_ms) ||
	       ngx_wrong(b, node, "invalid value");
}

static const struct ngx_directive directives[] = {
	/* A pointer. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	{"resolver", NGX_HTTP_LEVELS, NGX_1MORE, set_resolver, NGX_LOC(resolver)},
	{"resolver_timeout", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(resolver_timeout_ms)},
	{"resolver", NGX_UPSTREAM, NGX_1MORE, set_upstream_resolver},
	{"resolver_timeout", NGX_UPSTREAM, BIT(1), set_upstream_timeout},
};

const struct ngx_area ngx_area_resolver = {
	.directives = directives,
	.count = COUNT_OF(directives),
};
