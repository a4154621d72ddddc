/*
 * conf/nginx/set_realip.c - set_real_ip_from, real_ip_header, real_ip_recursive: whose word about
 * the client's address counts.
 */
#include "conf/nginx/areas.h"
#include "conf/web_access.h"

#include <netdb.h>

enum { GIVEN_FROM = 1 << 0, GIVEN_HEADER = 1 << 1, GIVEN_RECURSIVE = 1 << 2 };

static struct conf_realip *realip_of(struct ngx_build *b, const struct ngx_directive *d)
{
	bool is_ours = ngx_is_set(b, d);
	struct conf_realip **field = ngx_field(b, d);
	if (is_ours)
		return *field;
	*field = arena_zero(b->arena, sizeof(**field));
	if (*field == NULL)
		(void)ngx_no_memory(b);
	else
		(*field)->field = SLICE("X-Real-IP");
	return *field;
}

static bool add_host(struct ngx_build *b, const struct ngx_node *node, struct conf_realip *realip)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;
	const char *host = node->args[0];
	if (strchr(host, '/') != NULL || getaddrinfo(host, NULL, &hints, &found) != 0)
		return ngx_fail(b, node, "host not found in set_real_ip_from \"%s\"", host);
	bool is_good = true;
	for (struct addrinfo *one = found; one != NULL && is_good; one = one->ai_next) {
		struct addr addr = {.len = one->ai_addrlen};
		if (one->ai_addrlen > sizeof(addr.u))
			continue;
		memcpy(&addr.u, one->ai_addr, one->ai_addrlen);
		struct slice octets = addr_ip_octets(&addr);
		struct cidr *cidr = octets.n == 0 ? NULL : ngx_push(b, &realip->from);
		is_good = cidr != NULL;
		if (!is_good)
			break;
		cidr->kind = octets.n == 4 ? CIDR_V4 : CIDR_V6;
		cidr->bits = (uint8_t)(octets.n * 8);
		memcpy(cidr->octets, octets.p, octets.n);
	}
	freeaddrinfo(found);
	return is_good;
}

static bool set_from(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_realip *realip = realip_of(b, d);
	struct cidr cidr;
	struct err warning;
	if (realip == NULL)
		return false;
	realip->given |= GIVEN_FROM;
	struct slice text = slice_of(node->args[0]);
	int rc = slice_is(text, SLICE("all")) ? -1 : cidr_parse(&cidr, text, &warning);
	if (rc < 0)
		return add_host(b, node, realip);
	if (rc > 0)
		ngx_warn(b, node, "%s", warning.text);
	struct cidr *place = ngx_push(b, &realip->from);
	if (place == NULL)
		return false;
	*place = cidr;
	return true;
}

static bool set_header(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_realip *realip = realip_of(b, d);
	if (realip == NULL)
		return false;
	if (realip->given & GIVEN_HEADER)
		return ngx_wrong(b, node, "is duplicate");
	realip->given |= GIVEN_HEADER;
	realip->field = slice_of(node->args[0]);
	realip->kind = CONF_REALIP_FIELD;
	if (strcmp(node->args[0], "X-Real-IP") == 0)
		realip->kind = CONF_REALIP_X_REAL_IP;
	if (strcmp(node->args[0], "X-Forwarded-For") == 0)
		realip->kind = CONF_REALIP_X_FORWARDED_FOR;
	if (strcmp(node->args[0], "proxy_protocol") == 0)
		realip->kind = CONF_REALIP_PROXY_PROTOCOL;
	return true;
}

static bool set_recursive(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_realip *realip = realip_of(b, d);
	if (realip == NULL)
		return false;
	if (realip->given & GIVEN_RECURSIVE)
		return ngx_wrong(b, node, "is duplicate");
	realip->given |= GIVEN_RECURSIVE;
	realip->is_recursive = strcasecmp(node->args[0], "on") == 0;
	if (!realip->is_recursive && strcasecmp(node->args[0], "off") != 0)
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
			node->args[0], node->name);
	return true;
}

static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	const struct conf_loc *above = scope->outer == NULL ? NULL : scope->outer->loc;
	const struct conf_realip *given = scope->loc->realip;
	const struct conf_realip *outer = above == NULL ? NULL : above->realip;
	if (outer == NULL || given == outer)
		return true;
	struct conf_realip *realip = arena_zero(b->arena, sizeof(*realip));
	if (realip == NULL)
		return ngx_no_memory(b);
	*realip = *given;
	unsigned missing = outer->given & ~given->given;
	if (missing & GIVEN_FROM)
		realip->from = outer->from;
	if (missing & GIVEN_HEADER) {
		realip->kind = outer->kind;
		realip->field = outer->field;
	}
	if (missing & GIVEN_RECURSIVE)
		realip->is_recursive = outer->is_recursive;
	realip->given |= missing;
	scope->loc->realip = realip;
	return true;
}

/* The fields are pointers. NOLINTBEGIN(bugprone-sizeof-expression) */
static const struct ngx_directive directives[] = {
	{"set_real_ip_from", NGX_HTTP_LEVELS, BIT(1), set_from, NGX_LOC(realip)},
	{"real_ip_header", NGX_HTTP_LEVELS, BIT(1), set_header, NGX_LOC(realip)},
	{"real_ip_recursive", NGX_HTTP_LEVELS, NGX_FLAG, set_recursive, NGX_LOC(realip)},
};
/* NOLINTEND(bugprone-sizeof-expression) */

const struct ngx_area ngx_area_realip = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
};
