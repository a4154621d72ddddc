/*
 * conf/build_pool.c - pools and their nodes.
 */
#include "conf/build.h"
#include "conf/load.h"
#include "conf/schema.h"
#include "conf/tls_tree.h"

#include <stdio.h>

#define VERIFY_DEPTH 9 /* certificates between the worker's and one that is trusted */

bool conf_build_addr(
	struct conf_builder *b, const char *text, struct conf_place place, struct addr *ret_addr)
{
	struct err err;
	char whole[sizeof(struct sockaddr_un) + 8];
	if (strncmp(text, "unix:", 5) == 0 && text[5] != '/' && text[5] != '\0') {
		const char *path = conf_path_absolute(b->arena, b->prefix, text + 5);
		if (path == NULL) {
			b->is_out_of_memory = true;
			return false;
		}
		int n = snprintf(whole, sizeof(whole), "unix:%s", path);
		if (n < 0 || (size_t)n >= sizeof(whole)) {
			conf_keys_wrong(b, place,
				"\"unix:%.200s\" is too long for a unix socket's path", path);
			return false;
		}
		text = whole;
	}
	if (addr_parse(ret_addr, text, &err) == 0)
		return true;
	conf_keys_wrong(b, place, "%s", err.text);
	return false;
}

static void build_node(
	struct conf_builder *b, const struct conf_raw *raw, struct conf_node *ret_node)
{
	conf_keys_preset(&conf_group_node, ret_node);
	ret_node->place = raw->place;
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place,
			"\"static_nodes\" must be a list of groups, not of %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	conf_keys_read(b, &conf_group_node, raw, ret_node, NULL);
	if (strncmp(ret_node->host, "unix:", 5) == 0)
		conf_build_addr(b, ret_node->host, ret_node->place, &ret_node->addr);
	else if (addr_from_ip(&ret_node->addr, ret_node->host, ret_node->port) != 0)
		ret_node->addr.len = 0; /* a name: until it is looked up */
}

static void check_strategy(
	struct conf_builder *b, const struct conf_raw *pool, const char *strategy)
{
	const struct conf_raw *raw = conf_raw_member(
		conf_raw_member(pool, "load_balancing"), "strategy");
	if (raw == NULL || b->rules == NULL || b->rules->is_strategy == NULL ||
		b->rules->is_strategy(strategy))
		return;
	conf_keys_wrong(b, raw->place, "unknown strategy \"%.100s\", known are %s", strategy,
		b->rules->strategies == NULL ? "others" : b->rules->strategies);
}

static struct conf_tls_file file_of(const char *path)
{
	return path[0] == '\0' ? (struct conf_tls_file){NULL, NULL}
			       : (struct conf_tls_file){path, path};
}

static void check_file(
	struct conf_builder *b, const struct conf_raw *raw, const char *key, const char *path)
{
	const struct conf_raw *given = conf_raw_member(raw, key);
	if (path[0] != '\0')
		conf_check_file(b->problems, given == NULL ? raw->place : given->place, key, path);
}

/* nginx's words for the same (proxy_ssl_*). */
static void build_tls(struct conf_builder *b, const struct conf_raw *raw, struct conf_pool *pool)
{
	struct conf_pool_tls *tls = conf_keys_take(b, sizeof(*tls));
	struct conf_upstream_tls *how = conf_keys_take(b, sizeof(*how));
	if (tls == NULL || how == NULL)
		return;
	conf_keys_preset(&conf_group_pool_tls, tls);
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place, "\"tls\" must be a group, not %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	conf_keys_read(b, &conf_group_pool_tls, raw, tls, NULL);
	if (tls->verify)
		check_file(b, raw, "trusted_certificate", tls->trusted_certificate);
	check_file(b, raw, "crl", tls->crl);
	check_file(b, raw, "certificate", tls->certificate);
	check_file(b, raw, "key", tls->key);
	if ((tls->certificate[0] == '\0') != (tls->key[0] == '\0'))
		conf_keys_wrong(b, raw->place,
			"\"certificate\" and \"key\" of a pool's \"tls\" belong together");
	*how = (struct conf_upstream_tls){
		.certificate = file_of(tls->certificate),
		.certificate_key = file_of(tls->key),
		.protocols = tls->min_version == 0x0304 ? CONF_TLS_1_3
							: CONF_TLS_1_2 | CONF_TLS_1_3,
		.ciphers = CONF_TLS_CIPHERS_UPSTREAM,
		.server_name = true,
		.verify = tls->verify,
		.verify_depth = VERIFY_DEPTH,
		.trusted_certificate = file_of(tls->trusted_certificate),
		.crl = file_of(tls->crl),
		.session_reuse = true,
	};
	tls->how = how;
	pool->tls = tls;
}

void conf_build_pool(struct conf_builder *b, const struct conf_raw *raw, const char *name,
	struct conf_pool *ret_pool)
{
	const struct conf_raw *holes[CONF_HOLE_COUNT] = {NULL};
	conf_keys_preset(&conf_group_pool, ret_pool);
	ret_pool->place = raw->place;
	/* The short form is for people with one ComfyUI too few. */
	if (name != NULL)
		ret_pool->mode = CONF_MODE_FLEET;
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place, "\"%s\" must be %s, not %s",
			name == NULL ? "pools" : name,
			name == NULL ? "a list of groups" : "a group",
			conf_raw_kind_name(raw->kind));
		return;
	}
	if (name != NULL)
		ret_pool->name = name;
	conf_keys_read(
		b, name == NULL ? &conf_group_pool : &conf_group_nodes, raw, ret_pool, holes);
	check_strategy(b, raw, ret_pool->balancing.strategy);
	if (ret_pool->balancing.strategy[0] == '\0')
		ret_pool->balancing.strategy = ret_pool->mode == CONF_MODE_FLEET ? "score"
										 : "least_loaded";

	if (holes[CONF_HOLE_TLS] != NULL)
		build_tls(b, holes[CONF_HOLE_TLS], ret_pool);

	const struct conf_raw *list = holes[CONF_HOLE_STATIC_NODES];
	if (list == NULL)
		return;
	if (list->kind != CONF_RAW_LIST) {
		conf_keys_wrong(b, list->place, "\"static_nodes\" must be a list of groups, not %s",
			conf_raw_kind_name(list->kind));
		return;
	}
	ret_pool->nodes = conf_keys_take(b, list->count * sizeof(*ret_pool->nodes));
	if (ret_pool->nodes == NULL)
		return;
	ret_pool->node_count = list->count;
	for (uint32_t i = 0; i < list->count; i++)
		build_node(b, &list->u.members[i], &ret_pool->nodes[i]);
}
