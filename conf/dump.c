/*
 * conf/dump.c - the tree as JSON, by the same tables that read it.
 */
#include "conf/judge.h"
#include "conf/schema.h"

#include <jansson.h>
#include <stdlib.h>

/* A failure anywhere makes the whole NULL: json_object_set_new and json_array_append_new refuse
 * NULL, and whoever passes it on fails in turn. */
static bool put(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0;
}

/* JSON is UTF-8; a body or a path need not be. */
static json_t *text_json(const char *text)
{
	if (conf_is_utf8(text))
		return json_string(text);
	size_t n = strlen(text);
	char *plain = malloc(n + 1);
	if (plain == NULL)
		return NULL;
	memcpy(plain, text, n + 1);
	for (char *p = plain; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	json_t *value = json_string(plain);
	free(plain);
	return value;
}

static json_t *seconds_json(uint64_t ms)
{
	if (ms % 1000 == 0)
		return json_integer((json_int_t)(ms / 1000));
	return json_real((double)ms / 1000);
}

static json_t *list_json(const struct conf_key *key, const void *fields)
{
	const void *field = (const char *)fields + key->at;
	uint32_t n = *(const uint32_t *)((const char *)fields + key->count_at);
	json_t *array = json_array();
	for (uint32_t i = 0; i < n; i++) {
		const char *text = key->kind == CONF_WORDS
					   ? key->words[((const unsigned *)field)[i]]
					   : (*(const char *const *const *)field)[i];
		if (json_array_append_new(array, text_json(text)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool put_group(json_t *object, const struct conf_group *group, const void *fields);

static json_t *value_json(const struct conf_key *key, const void *fields)
{
	const void *field = (const char *)fields + key->at;
	switch (key->kind) {
	case CONF_BOOL:
		return json_boolean(conf_keys_number(key, fields));
	case CONF_WHOLE:
	case CONF_BYTES:
		return json_integer(conf_keys_number(key, fields));
	case CONF_FACTOR:
	case CONF_SECONDS:
		return seconds_json((uint64_t)conf_keys_number(key, fields));
	case CONF_TEXT:
		return text_json(*(const char *const *)field);
	case CONF_WORD:
		return json_string(key->words[conf_keys_number(key, fields) - key->least]);
	case CONF_TEXTS:
	case CONF_WORDS:
		return list_json(key, fields);
	default:
		ensure(key->kind == CONF_GROUP);
		json_t *inner = json_object();
		if (!put_group(inner, key->inner, field)) {
			json_decref(inner);
			return NULL;
		}
		return inner;
	}
}

/* The members of `group` but for its holes, each with what it is in effect. */
static bool put_group(json_t *object, const struct conf_group *group, const void *fields)
{
	for (uint32_t i = 0; i < group->count; i++) {
		const struct conf_key *key = &group->keys[i];
		if (key->kind != CONF_HOLE && !put(object, key->name, value_json(key, fields)))
			return false;
	}
	return true;
}

static json_t *group_json(const struct conf_group *group, const void *fields)
{
	json_t *object = json_object();
	if (put_group(object, group, fields))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *pool_json(const struct conf_pool *pool)
{
	json_t *object = group_json(&conf_group_pool, pool), *nodes = json_array();
	bool is_ok = object != NULL;
	for (uint32_t i = 0; is_ok && i < pool->node_count; i++)
		is_ok = json_array_append_new(
				nodes, group_json(&conf_group_node, &pool->nodes[i])) == 0;
	if (is_ok && pool->tls != NULL)
		is_ok = put(object, "tls", group_json(&conf_group_pool_tls, pool->tls));
	if (is_ok && put(object, "static_nodes", json_incref(nodes))) {
		json_decref(nodes);
		return object;
	}
	json_decref(nodes);
	json_decref(object);
	return NULL;
}

static json_t *location_json(const struct conf *conf, const struct conf_location *location)
{
	json_t *object = group_json(&conf_group_location, location);
	bool is_ok = location->handler == CONF_HANDLE_PROXY
			     ? put(object, "pool", json_string(conf->pools[location->pool].name))
			     : put(object, "respond",
				       group_json(&conf_group_respond, &location->respond));
	if (is_ok)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *listens_json(const struct conf_server *server)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < server->listen_count; i++) {
		if (json_array_append_new(array, text_json(server->listens[i].text)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *proxies_json(const struct conf_server *server)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < server->proxy_count; i++) {
		if (json_array_append_new(array, text_json(server->proxies[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *server_json(const struct conf *conf, const struct conf_server *server)
{
	json_t *object = json_object(), *locations = json_array();
	bool is_ok = put(object, "listen", listens_json(server)) &&
		     put_group(object, &conf_group_server, server);
	if (is_ok && server->proxy_count != 0)
		is_ok = put(object, "proxy_protocol", proxies_json(server));
	if (is_ok && server->tls != NULL)
		is_ok = put(object, "tls", group_json(&conf_group_tls, server->tls));
	for (uint32_t i = 0; is_ok && i < server->location_count; i++)
		is_ok = json_array_append_new(
				locations, location_json(conf, &server->locations[i])) == 0;
	is_ok = is_ok && put(object, "locations", json_incref(locations));
	json_decref(locations);
	if (is_ok)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *conf_json(const struct conf *conf)
{
	json_t *object = group_json(&conf_group_root, conf);
	json_t *pools = json_array(), *servers = json_array();
	bool is_ok = object != NULL;
	for (uint32_t i = 0; is_ok && i < conf->pool_count; i++)
		is_ok = json_array_append_new(pools, pool_json(&conf->pools[i])) == 0;
	for (uint32_t i = 0; is_ok && i < conf->server_count; i++)
		is_ok = json_array_append_new(servers, server_json(conf, &conf->servers[i])) == 0;
	is_ok = is_ok && put(object, "pools", json_incref(pools)) &&
		put(object, "servers", json_incref(servers));
	json_decref(pools);
	json_decref(servers);
	if (is_ok)
		return object;
	json_decref(object);
	return NULL;
}

char *conf_dump(const struct conf *conf)
{
	/* 15 digits: 0.1 is printed as 0.1, and a time in milliseconds has fewer. */
	static const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(15);
	json_t *root = conf_json(conf);
	size_t n = json_dumpb(root, NULL, 0, flags);
	char *text = n == 0 ? NULL : malloc(n + 2);
	if (text != NULL && json_dumpb(root, text, n, flags) == n) {
		text[n] = '\n';
		text[n + 1] = '\0';
	} else {
		free(text);
		text = NULL;
	}
	json_decref(root);
	return text;
}
