/*
 * conf/nginx/set_sticky.c - sticky cookie | route | learn, as nginx has it since 1.29.6.
 */
#include "conf/nginx/upstream.h"

#include <stdio.h>

#define ENTRY_BYTES 128u /* of a zone: what one remembered key is taken to need (1m: 8,000) */
#define LEAST_BYTES UINT64_C(32768)
#define TIMEOUT_MS 600000

struct values {
	CONF_ARRAY(struct conf_value) list;
};

static const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);
	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

static struct conf_value *compile(
	struct ngx_build *b, const struct ngx_node *node, const char *text)
{
	struct conf_value *value = arena_zero(b->arena, sizeof(*value));
	if (value == NULL) {
		(void)ngx_no_memory(b);
		return NULL;
	}
	return ngx_compile(b, node, text, value) ? value : NULL;
}

/* "$name" and nothing else is what nginx wants; more is as good. */
static bool add_variable(
	struct ngx_build *b, const struct ngx_node *node, struct values *values, const char *text)
{
	struct conf_value *value = ngx_push(b, &values->list);
	return value != NULL && ngx_compile(b, node, text, value);
}

/* -- cookie -- */

static bool is_same_site(const char *text)
{
	return strcasecmp(text, "strict") == 0 || strcasecmp(text, "lax") == 0 ||
	       strcasecmp(text, "none") == 0;
}

static bool read_flag(
	struct ngx_build *b, const struct ngx_node *node, bool *flag, const char *name)
{
	char text[48];
	(void)snprintf(text, sizeof(text), "parameter \"%s\" is duplicate", name);
	if (*flag)
		return ngx_wrong(b, node, text);
	*flag = true;
	return true;
}

static bool read_domain(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, const char *value)
{
	if (sticky->domain != NULL)
		return ngx_wrong(b, node, "parameter \"domain\" is duplicate");
	if (value[0] == '\0')
		return ngx_wrong(b, node, "no value for \"domain\"");
	sticky->domain = compile(b, node, value);
	return sticky->domain != NULL;
}

static bool read_path(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, const char *value)
{
	if (sticky->path.n != 0)
		return ngx_wrong(b, node, "parameter \"path\" is duplicate");
	if (value[0] == '\0')
		return ngx_wrong(b, node, "no value for \"path\"");
	sticky->path = slice_of(value);
	return true;
}

static bool read_expires(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, const char *value)
{
	uint64_t seconds;
	if (sticky->expires_s != -1)
		return ngx_wrong(b, node, "parameter \"expires\" is duplicate");
	if (strcmp(value, "max") == 0) {
		sticky->expires_s = CONF_EXPIRES_MAX_S;
		return true;
	}
	if (!ngx_parse_seconds(value, &seconds))
		return ngx_wrong(b, node, "invalid \"expires\" parameter value");
	sticky->expires_s = (int64_t)seconds;
	return true;
}

static bool read_same_site(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, const char *value)
{
	if (sticky->samesite != NULL)
		return ngx_wrong(b, node, "parameter \"samesite\" is duplicate");
	if (!conf_text_has_vars(value) && !is_same_site(value))
		return ngx_wrong(b, node, "invalid \"samesite\" parameter value");
	sticky->samesite = compile(b, node, value);
	return sticky->samesite != NULL;
}

static bool read_cookie_param(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, const char *arg)
{
	const char *value;
	if ((value = value_of(arg, "domain=")) != NULL)
		return read_domain(b, node, sticky, value);
	if ((value = value_of(arg, "path=")) != NULL)
		return read_path(b, node, sticky, value);
	if ((value = value_of(arg, "expires=")) != NULL)
		return read_expires(b, node, sticky, value);
	if ((value = value_of(arg, "samesite=")) != NULL)
		return read_same_site(b, node, sticky, value);
	if (strcmp(arg, "httponly") == 0)
		return read_flag(b, node, &sticky->is_httponly, arg);
	if (strcmp(arg, "secure") == 0)
		return read_flag(b, node, &sticky->is_secure, arg);
	return ngx_fail(b, node, "unknown parameter \"%s\"", arg);
}

static bool read_cookie(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, struct values *lookup)
{
	const char *name = node->args[1];
	size_t n = strlen(name) + sizeof("${cookie_}");
	char *variable = arena_take(b->arena, n);
	sticky->kind = CONF_AFFINITY_COOKIE;
	if (variable == NULL)
		return ngx_no_memory(b);
	if (name[0] == '\0')
		return ngx_wrong(b, node, "empty cookie name");
	sticky->cookie = slice_of(name);
	for (uint32_t i = 2; i < node->arg_count; i++)
		if (!read_cookie_param(b, node, sticky, node->args[i]))
			return false;
	(void)snprintf(variable, n, "${cookie_%s}", name);
	return add_variable(b, node, lookup, variable);
}

/* -- route, learn -- */

static bool read_route(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, struct values *lookup)
{
	sticky->kind = CONF_AFFINITY_ROUTE;
	for (uint32_t i = 1; i < node->arg_count; i++) {
		if (node->args[i][0] != '$')
			return ngx_fail(b, node, "invalid variable name \"%s\"", node->args[i]);
		if (!add_variable(b, node, lookup, node->args[i]))
			return false;
	}
	return true;
}

static bool read_zone(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, const char *value)
{
	const char *colon = strchr(value, ':');
	if (sticky->zone != NULL)
		return ngx_wrong(b, node, "duplicate zone");
	if (colon == NULL)
		return ngx_wrong(b, node, "zone size is not specified");
	if (colon == value)
		return ngx_wrong(b, node, "zone name is not specified");
	if (!ngx_parse_size(colon + 1, &sticky->zone_bytes))
		return ngx_wrong(b, node, "invalid zone size");
	if (sticky->zone_bytes < LEAST_BYTES)
		return ngx_wrong(b, node, "zone is too small");
	sticky->zone = arena_copy(b->arena, value, (size_t)(colon - value));
	return sticky->zone != NULL || ngx_no_memory(b);
}

static bool read_variable(struct ngx_build *b, const struct ngx_node *node, struct values *values,
	const char *value, const char *missing)
{
	if (value[0] != '$')
		return ngx_wrong(b, node, missing);
	return add_variable(b, node, values, value);
}

static bool read_learn_param(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, struct values *lookup, struct values *create, const char *arg)
{
	const char *value;
	if ((value = value_of(arg, "zone=")) != NULL)
		return read_zone(b, node, sticky, value);
	if ((value = value_of(arg, "timeout=")) != NULL) {
		if (sticky->timeout_ms != 0)
			return ngx_wrong(b, node, "duplicate timeout");
		return (ngx_parse_ms(value, &sticky->timeout_ms) && sticky->timeout_ms != 0) ||
		       ngx_wrong(b, node, "invalid timeout");
	}
	if ((value = value_of(arg, "create=")) != NULL)
		return read_variable(
			b, node, create, value, "missing variable in the \"create\" parameter");
	if ((value = value_of(arg, "lookup=")) != NULL)
		return read_variable(
			b, node, lookup, value, "missing variable in the \"lookup\" parameter");
	if (strcmp(arg, "header") == 0)
		sticky->learns_at_header = true;
	else if (strcmp(arg, "sync") != 0)
		return ngx_fail(b, node, "unknown parameter \"%s\"", arg);
	return true;
}

/* A zone belongs to one upstream. */
static bool is_zone_free(struct ngx_build *b, const struct ngx_node *node, const char *zone)
{
	const struct ngx_upstreams *all = b->upstreams;
	for (uint32_t i = 0; i < all->list.count; i++) {
		const struct ngx_upstream *one = all->list.items[i].one;
		if (one == ngx_upstream_of(b) || one->conf.sticky.zone == NULL ||
			strcmp(one->conf.sticky.zone, zone) != 0)
			continue;
		return ngx_fail(b, node, "sticky zone \"%s\" is already used in upstream \"%s\"",
			zone, one->name.p);
	}
	return true;
}

static bool read_learn(struct ngx_build *b, const struct ngx_node *node,
	struct conf_affinity *sticky, struct values *lookup, struct values *create)
{
	struct conf_sticky *table = &ngx_upstream_of(b)->pool->balancing.sticky;
	sticky->kind = CONF_AFFINITY_LEARN;
	for (uint32_t i = 1; i < node->arg_count; i++)
		if (!read_learn_param(b, node, sticky, lookup, create, node->args[i]))
			return false;
	if (lookup->list.count == 0)
		return ngx_wrong(b, node, "\"lookup\" parameter is not specified");
	if (create->list.count == 0)
		return ngx_wrong(b, node, "\"create\" parameter is not specified");
	if (sticky->zone == NULL)
		return ngx_wrong(b, node, "\"zone\" parameter is not specified");
	if (!is_zone_free(b, node, sticky->zone))
		return false;
	if (sticky->timeout_ms == 0)
		sticky->timeout_ms = TIMEOUT_MS;
	table->ttl_ms = sticky->timeout_ms;
	table->max_entries = (uint32_t)min_u64(sticky->zone_bytes / ENTRY_BYTES, UINT32_MAX);
	return true;
}

bool ngx_set_sticky(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_affinity *sticky = &ngx_upstream_of(b)->conf.sticky;
	struct values lookup = {{NULL, 0, 0}}, create = {{NULL, 0, 0}};
	bool is_ok;
	(void)d;
	if (sticky->kind != CONF_AFFINITY_NONE)
		return ngx_wrong(b, node, "is duplicate");
	if (strcmp(node->args[0], "cookie") == 0)
		is_ok = read_cookie(b, node, sticky, &lookup);
	else if (strcmp(node->args[0], "route") == 0)
		is_ok = read_route(b, node, sticky, &lookup);
	else if (strcmp(node->args[0], "learn") == 0)
		is_ok = read_learn(b, node, sticky, &lookup, &create);
	else
		return ngx_fail(b, node, "unknown parameter \"%s\"", node->args[0]);
	sticky->lookup = lookup.list.items;
	sticky->lookup_count = lookup.list.count;
	sticky->create = create.list.items;
	sticky->create_count = create.list.count;
	return is_ok;
}
