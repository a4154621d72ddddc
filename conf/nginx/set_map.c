/*
 * conf/nginx/set_map.c - map, geo and split_clients: variables that are computed.
 */
#include "conf/nginx/areas.h"

#include "conf/geo.h"
#include "conf/map.h"
#include "conf/split.h"

#include <errno.h>

/* What may stand in their blocks: rows, and nothing that is a block. */
static bool is_row(struct ngx_build *b, const struct ngx_node *row)
{
	if (row->error != NULL)
		return ngx_fail(b, row, "%s", row->error);
	if (row->is_block)
		return ngx_fail(b, row, "unexpected \"{\"");
	return true;
}

static bool define(struct ngx_build *b, const struct ngx_node *node, const char *name,
	enum conf_user_kind kind, const void *rule, struct conf_part *ret)
{
	struct err err = {""};
	return conf_vars_define(b->vars, name, kind, rule, b->arena, ret, &err) ||
	       ngx_fail(b, node, "%s", err.text);
}

/* -- map -- */

static bool map_row(struct ngx_build *b, const struct ngx_node *row, struct conf_map *map)
{
	struct slice key = {row->name, row->name_bytes};
	struct conf_value value;
	struct err err = {""};
	if (!ngx_compile(b, row, row->args[0], &value))
		return false;
	if (slice_is(key, SLICE("default"))) {
		if (map->has_default)
			return ngx_fail(b, row, "duplicate default map parameter");
		map->has_default = true;
		map->value = value;
		return true;
	}
	if (key.n != 0 && key.p[0] == '~') {
		bool is_caseless = key.n > 1 && key.p[1] == '*';
		const struct regex *regex = ngx_regex(
			b, row, key.p + (is_caseless ? 2 : 1), is_caseless);
		if (regex == NULL)
			return false;
		return conf_map_put_regex(map, regex, &value, b->arena) || ngx_no_memory(b);
	}
	if (key.n != 0 && key.p[0] == '\\')
		key = (struct slice){key.p + 1, key.n - 1};
	return conf_map_put(map, key, &value, b->arena, &err) || ngx_fail(b, row, "%s", err.text);
}

static bool set_map(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_part variable;
	struct conf_map *map = arena_zero(b->arena, sizeof(*map));
	(void)d;
	if (map == NULL)
		return ngx_no_memory(b);
	if (!ngx_compile(b, node, node->args[0], &map->source) ||
		!define(b, node, node->args[1], CONF_USER_MAP, map, &variable))
		return false;
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct ngx_node *row = &node->children[i];
		if (!is_row(b, row))
			return false;
		if (row->arg_count == 0 && strcmp(row->name, "hostnames") == 0) {
			map->has_hostnames = true;
		} else if (row->arg_count == 0 && strcmp(row->name, "volatile") == 0) {
			if (variable.kind == CONF_PART_USER)
				conf_vars_set_volatile(b->vars, variable.n);
		} else if (row->arg_count != 1) {
			return ngx_fail(b, row, "invalid number of the map parameters");
		} else if (!map_row(b, row, map)) {
			return false;
		}
	}
	return true;
}

/* -- split_clients -- */

static bool split_row(struct ngx_build *b, const struct ngx_node *row, uint32_t *ret)
{
	struct slice share = {row->name, row->name_bytes};
	*ret = 0;
	if (!is_row(b, row))
		return false;
	if (row->arg_count == 0)
		return ngx_fail(
			b, row, "invalid number of arguments in \"split_clients\" directive");
	if (slice_is(share, SLICE("*")))
		return true;
	if (share.n != 0 && share.p[share.n - 1] == '%') {
		share.n--;
		if (conf_split_percent(share, ret))
			return true;
	}
	return ngx_fail(b, row, "invalid percent value \"%s\"", row->name);
}

static bool set_split(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_split *split = arena_zero(b->arena, sizeof(*split));
	uint32_t *shares = arena_zero(b->arena, (node->child_count + 1) * sizeof(*shares));
	(void)d;
	if (split == NULL || shares == NULL)
		return ngx_no_memory(b);
	split->parts = arena_zero(b->arena, (node->child_count + 1) * sizeof(*split->parts));
	if (split->parts == NULL)
		return ngx_no_memory(b);
	if (!ngx_compile(b, node, node->args[0], &split->source) ||
		!define(b, node, node->args[1], CONF_USER_SPLIT, split, NULL))
		return false;
	for (uint32_t i = 0; i < node->child_count; i++)
		if (!split_row(b, &node->children[i], &shares[i]))
			return false;
	for (uint32_t i = 0; i < node->child_count; i++) {
		/* nginx is at the end of the block by then. */
		struct ngx_node end = *node;
		end.place.line = node->end_line;
		if (!conf_split_put(split, shares[i], slice_of(node->children[i].args[0])))
			return ngx_fail(b, &end, "percent total is greater than 100%%");
	}
	conf_split_finish(split);
	return true;
}

/* -- geo -- */

static void destroy_networks(void *networks)
{
	cidr_table_destroy(networks);
}

/* A network as geo reads it; the warning is told. */
static bool read_network(
	struct ngx_build *b, const struct ngx_node *row, const char *text, struct cidr *ret)
{
	struct err warning = {""};
	int rc = cidr_parse(ret, slice_of(text), &warning);
	if (rc < 0 || ret->kind == CIDR_ALL || ret->kind == CIDR_UNIX)
		return ngx_fail(b, row, "invalid network \"%s\"", text);
	if (rc > 0)
		ngx_warn(b, row, "%s", warning.text);
	return true;
}

static bool put_network(struct ngx_build *b, const struct ngx_node *row, struct conf_geo *geo,
	const struct cidr *cidr, const char *name)
{
	uint32_t value = conf_geo_value(geo, slice_of(row->args[0]), b->arena), old;
	if (value == CIDR_NONE || cidr_table_put(geo->networks, cidr, value, &old) != 0)
		return ngx_no_memory(b);
	if (old != CIDR_NONE)
		ngx_warn(b, row, "duplicate network \"%s\", value: \"%s\", old value: \"%.*s\"",
			name, row->args[0], (int)geo->values[old].n, geo->values[old].p);
	return true;
}

static bool network_row(struct ngx_build *b, const struct ngx_node *row, struct conf_geo *geo)
{
	struct cidr cidr;
	if (strcmp(row->name, "default") == 0) {
		const struct cidr v4 = {.kind = CIDR_V4}, v6 = {.kind = CIDR_V6};
		return put_network(b, row, geo, &v4, "default") &&
		       put_network(b, row, geo, &v6, "default");
	}
	if (strcmp(row->name, "delete") == 0) {
		if (!read_network(b, row, row->args[0], &cidr))
			return false;
		if (!cidr_table_drop(geo->networks, &cidr))
			ngx_warn(b, row, "no network \"%s\" to delete", row->args[0]);
		return true;
	}
	return read_network(b, row, row->name, &cidr) && put_network(b, row, geo, &cidr, row->name);
}

struct range_row {
	struct ngx_build *b;
	const struct ngx_node *row;
	const struct conf_geo *geo;
};

static void on_duplicate(void *arg, uint32_t old)
{
	const struct range_row *r = arg;
	struct slice text = r->geo->values[old];
	ngx_warn(r->b, r->row, "duplicate range \"%s\", value: \"%s\", old value: \"%.*s\"",
		r->row->name, r->row->args[0], (int)text.n, text.p);
}

static bool range_default(struct ngx_build *b, const struct ngx_node *row, struct conf_geo *geo)
{
	struct slice old = geo->values[geo->default_range];
	if (geo->has_default_range)
		ngx_warn(b, row, "duplicate default geo range value: \"%s\", old value: \"%.*s\"",
			row->args[0], (int)old.n, old.p);
	geo->has_default_range = true;
	geo->default_range = conf_geo_value(geo, slice_of(row->args[0]), b->arena);
	return geo->default_range != UINT32_MAX || ngx_no_memory(b);
}

#define OCTETS(n) (n) >> 24, (n) >> 16 & 255, (n) >> 8 & 255, (n)&255

static bool range_row(struct ngx_build *b, const struct ngx_node *row, struct conf_geo *geo)
{
	bool deletes = strcmp(row->name, "delete") == 0;
	const char *text = deletes ? row->args[0] : row->name;
	struct range_row told = {b, row, geo};
	struct conf_geo_span span, other;
	if (strcmp(row->name, "default") == 0)
		return range_default(b, row, geo);
	if (!conf_geo_parse_range(slice_of(text), &span))
		return ngx_fail(b, row, "invalid range \"%s\"", text);
	if (deletes) {
		if (!conf_geo_drop_range(geo, &span))
			ngx_warn(b, row, "no address range \"%s\" to delete", text);
		return true;
	}
	uint32_t value = conf_geo_value(geo, slice_of(row->args[0]), b->arena);
	if (value == UINT32_MAX)
		return ngx_no_memory(b);
	switch (conf_geo_put_range(geo, &span, value, &other, on_duplicate, &told, b->arena)) {
	case CONF_GEO_OK:
		return true;
	case CONF_GEO_OVERLAPS:
		return ngx_fail(b, row, "range \"%s\" overlaps \"%u.%u.%u.%u-%u.%u.%u.%u\"", text,
			OCTETS(other.start), OCTETS(other.end));
	case CONF_GEO_NO_MEMORY:
		break;
	}
	return ngx_no_memory(b);
}

static bool geo_row(
	struct ngx_build *b, const struct ngx_node *row, struct conf_geo *geo, bool *has_rows)
{
	if (row->arg_count == 0 && strcmp(row->name, "ranges") == 0) {
		if (*has_rows && !geo->has_ranges)
			return ngx_fail(b, row,
				"the \"ranges\" directive must be the first directive "
				"inside \"geo\" block");
		geo->has_ranges = true;
		return true;
	}
	if (row->arg_count == 0 && strcmp(row->name, "proxy_recursive") == 0) {
		geo->is_recursive = true;
		return true;
	}
	if (row->arg_count != 1)
		return ngx_fail(b, row, "invalid number of the geo parameters");
	if (strcmp(row->name, "proxy") == 0) {
		struct cidr proxy;
		return read_network(b, row, row->args[0], &proxy) &&
		       (conf_geo_add_proxy(geo, &proxy, b->arena) || ngx_no_memory(b));
	}
	*has_rows = true;
	return geo->has_ranges ? range_row(b, row, geo) : network_row(b, row, geo);
}

/* `geo $address $variable`. */
static bool geo_source(
	struct ngx_build *b, const struct ngx_node *node, struct conf_geo *geo, const char *name)
{
	struct err err = {""};
	struct conf_part *part = arena_zero(b->arena, sizeof(*part));
	if (part == NULL)
		return ngx_no_memory(b);
	if (name[0] != '$' || name[1] == '\0')
		return ngx_fail(b, node, "invalid variable name \"%s\"", name);
	geo->source = (struct conf_value){part, 1};
	geo->has_source = true;
	return conf_vars_use(b->vars, slice_of(name + 1), b->arena, part, &err) ||
	       ngx_fail(b, node, "%s", err.text);
}

static bool set_geo(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	bool has_rows = false;
	struct conf_geo *geo = arena_zero(b->arena, sizeof(*geo));
	(void)d;
	if (geo == NULL || !conf_geo_init(geo, b->arena))
		return ngx_no_memory(b);
	if (node->arg_count == 2 && !geo_source(b, node, geo, node->args[0]))
		return false;
	if (!define(b, node, node->args[node->arg_count - 1], CONF_USER_GEO, geo, NULL))
		return false;
	geo->networks = cidr_table_create();
	if (geo->networks == NULL)
		return ngx_no_memory(b);
	if (!conf_own(b->conf, b->arena, destroy_networks, geo->networks)) {
		cidr_table_destroy(geo->networks);
		return ngx_no_memory(b);
	}
	for (uint32_t i = 0; i < node->child_count; i++)
		if (!is_row(b, &node->children[i]) ||
			!geo_row(b, &node->children[i], geo, &has_rows))
			return false;
	return true;
}

#define TUNING "has no counterpart: tables here have the size they need"

static const struct ngx_directive directives[] = {
	{"map", NGX_HTTP, NGX_BLOCK | BIT(2), set_map},
	{"geo", NGX_HTTP, NGX_BLOCK | BIT(1) | BIT(2), set_geo},
	{"split_clients", NGX_HTTP, NGX_BLOCK | BIT(2), set_split},
	{"map_hash_max_size", NGX_HTTP, BIT(1), ngx_accept, .note = TUNING},
	{"map_hash_bucket_size", NGX_HTTP, BIT(1), ngx_accept, .note = TUNING},
	{"variables_hash_max_size", NGX_HTTP, BIT(1), ngx_accept, .note = TUNING},
	{"variables_hash_bucket_size", NGX_HTTP, BIT(1), ngx_accept, .note = TUNING},
};

const struct ngx_area ngx_area_map = {.directives = directives, .count = COUNT_OF(directives)};
