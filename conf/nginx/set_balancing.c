/*
 * conf/nginx/set_balancing.c - inside upstream { }: the method, kept connections, zone.
 */
#include "conf/nginx/upstream.h"

#define ZONE_LEAST UINT64_C(32768) /* 8 pages, as nginx wants */

/* One more method: nginx warns and takes the last one. In 1.22 a method behind `keepalive` also
 * takes that back. */
static void choose(struct ngx_build *b, const struct ngx_node *node, enum conf_method method)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	if (one->has_method || one->conf.keepalive != 0)
		ngx_warn(b, node, "load balancing method redefined");
	one->conf.keepalive = 0;
	one->has_method = true;
	one->conf.method = method;
	one->allows = method == CONF_METHOD_LEAST_CONN || method == CONF_METHOD_LEAST_TIME
			      ? UPSTREAM_BACKUP
			      : 0;
}

bool ngx_set_method(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	bool is_ip_hash = strcmp(d->name, "ip_hash") == 0;
	choose(b, node, is_ip_hash ? CONF_METHOD_IP_HASH : CONF_METHOD_LEAST_CONN);
	return true;
}

bool ngx_set_hash(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_value *key = arena_zero(b->arena, sizeof(*key));
	(void)d;
	if (key == NULL)
		return ngx_no_memory(b);
	if (!ngx_compile(b, node, node->args[0], key))
		return false;
	ngx_upstream_of(b)->conf.key = key;
	choose(b, node, CONF_METHOD_HASH);
	if (node->arg_count == 1)
		return true;
	if (strcmp(node->args[1], "consistent") != 0)
		return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
	ngx_upstream_of(b)->conf.method = CONF_METHOD_HASH_CONSISTENT;
	return true;
}

static bool read_time(const char *text, enum conf_least_time *ret)
{
	if (strcmp(text, "header") == 0)
		*ret = CONF_TIME_HEADER;
	else if (strcmp(text, "last_byte") == 0)
		*ret = CONF_TIME_LAST_BYTE;
	else
		return false;
	return true;
}

bool ngx_set_random(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	static const char by_time[] = "least_time=";
	struct conf_upstream *conf = &ngx_upstream_of(b)->conf;
	(void)d;
	choose(b, node, CONF_METHOD_RANDOM);
	if (node->arg_count == 0)
		return true;
	if (strcmp(node->args[0], "two") != 0)
		return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[0]);
	conf->method = CONF_METHOD_RANDOM_TWO;
	if (node->arg_count == 1 || strcmp(node->args[1], "least_conn") == 0)
		return true;
	conf->method = CONF_METHOD_RANDOM_TIME;
	if (strncmp(node->args[1], by_time, sizeof(by_time) - 1) != 0 ||
		!read_time(node->args[1] + sizeof(by_time) - 1, &conf->time))
		return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
	return true;
}

bool ngx_set_least_time(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_upstream *conf = &ngx_upstream_of(b)->conf;
	(void)d;
	choose(b, node, CONF_METHOD_LEAST_TIME);
	if (node->arg_count == 2) {
		if (strcmp(node->args[1], "inflight") != 0)
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
		conf->counts_inflight = true;
	}
	if (!read_time(node->args[0], &conf->time))
		return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
	return true;
}

/* -- kept connections -- */

bool ngx_set_keepalive(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_upstream *conf = &ngx_upstream_of(b)->conf;
	uint64_t n;
	if (conf->keepalive != 0)
		return ngx_wrong(b, node, "is duplicate");
	if (node->arg_count == 2 && strcmp(node->args[1], "local") != 0)
		return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
	if (!ngx_parse_number(node->args[0], UINT32_MAX, &n) || n == 0)
		return ngx_fail(b, node, "invalid value \"%s\" in \"%s\" directive", node->args[0],
			d->name);
	conf->keepalive = (uint32_t)n;
	return true;
}

bool ngx_set_keepalive_requests(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	uint64_t n;
	(void)d;
	if (one->has_keepalive_requests)
		return ngx_wrong(b, node, "is duplicate");
	one->has_keepalive_requests = true;
	if (!ngx_parse_number(node->args[0], UINT32_MAX, &n))
		return ngx_wrong(b, node, "invalid number");
	one->conf.keepalive_requests = (uint32_t)n;
	return true;
}

static bool read_once(
	struct ngx_build *b, const struct ngx_node *node, bool *is_set, uint64_t *ret_ms)
{
	if (*is_set)
		return ngx_wrong(b, node, "is duplicate");
	*is_set = true;
	return ngx_parse_ms(node->args[0], ret_ms) || ngx_wrong(b, node, "invalid value");
}

bool ngx_set_keepalive_time(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	(void)d;
	return read_once(b, node, &one->has_keepalive_time, &one->conf.keepalive_time_ms);
}

bool ngx_set_keepalive_timeout(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	(void)d;
	return read_once(b, node, &one->has_keepalive_timeout, &one->conf.keepalive_timeout_ms);
}

/* One process has nothing to share: read, judged, and good for `resolve`. */
bool ngx_set_zone(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	uint64_t size = 0;
	(void)d;
	if (node->args[0][0] == '\0')
		return ngx_fail(b, node, "invalid zone name \"%s\"", node->args[0]);
	if (node->arg_count == 2) {
		if (!ngx_parse_size(node->args[1], &size))
			return ngx_fail(b, node, "invalid zone size \"%s\"", node->args[1]);
		if (size < ZONE_LEAST)
			return ngx_fail(b, node, "zone \"%s\" is too small", node->args[0]);
	}
	one->conf.has_zone = true;
	one->zone = node->args[0];
	one->has_zone_size = node->arg_count == 2;
	return true;
}
