/*
 * conf/diff.c - what is different between two trees, for a reload's log.
 */
#include "conf/diff.h"
#include "conf/build.h"
#include "conf/schema.h"

#include <stdarg.h>
#include <stdio.h>

void conf_diff_tell(const struct conf_diffing *d, enum conf_change change, const char *format, ...)
{
	char what[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	d->tell(change, what, d->arg);
}

void conf_diff_add(struct conf_changes *changes, const char *prefix, const char *name)
{
	int more = snprintf(changes->text + changes->n, sizeof(changes->text) - changes->n,
		"%s%s%s%s", changes->n == 0 ? "" : ", ", prefix, prefix[0] == '\0' ? "" : ".",
		name);
	changes->n = min_size(changes->n + (size_t)more, sizeof(changes->text) - 1);
}

void conf_diff_keys(const struct conf_group *group, const void *old, const void *now,
	const char *prefix, struct conf_changes *changes)
{
	for (uint32_t i = 0; i < group->count; i++) {
		const struct conf_key *key = &group->keys[i];
		if (key->kind == CONF_GROUP)
			conf_diff_keys(key->inner, (const char *)old + key->at,
				(const char *)now + key->at, key->name, changes);
		else if (key->kind != CONF_HOLE && !key->needs_restart &&
			 !conf_keys_is_same(key, old, now))
			conf_diff_add(changes, prefix, key->name);
	}
}

static void diff_root(const struct conf_diffing *d, const struct conf_group *group, const void *old,
	const void *now, const char *prefix)
{
	struct conf_changes changes = {.n = 0};
	for (uint32_t i = 0; i < group->count; i++) {
		const struct conf_key *key = &group->keys[i];
		if (key->kind == CONF_GROUP)
			diff_root(d, key->inner, (const char *)old + key->at,
				(const char *)now + key->at, key->name);
		else if (key->kind == CONF_HOLE || conf_keys_is_same(key, old, now))
			continue;
		else if (key->needs_restart)
			conf_diff_tell(d, CONF_NEEDS_RESTART, "%s%s%s: needs a restart", prefix,
				prefix[0] == '\0' ? "" : ".", key->name);
		else
			conf_diff_add(&changes, "", key->name);
	}
	if (changes.n != 0)
		conf_diff_tell(d, CONF_CHANGED, "%s: changed (%s)", prefix, changes.text);
}

static void diff_node(const struct conf_diffing *d, const char *pool, const struct conf_node *old,
	const struct conf_node *now)
{
	struct conf_changes changes = {.n = 0};
	conf_diff_keys(&conf_group_node, old, now, "", &changes);
	/* The same name can have got another address since. */
	if (strcmp(old->host, now->host) == 0 && old->port == now->port && old->addr.len != 0 &&
		now->addr.len != 0 && !addr_is_same(&old->addr, &now->addr))
		conf_diff_add(&changes, "", "address");
	if (changes.n != 0)
		conf_diff_tell(d, CONF_CHANGED, "pool %s: worker %s: changed (%s)", pool,
			now->node_id, changes.text);
}

static bool diff_nodes(
	struct conf_diffing *d, const struct conf_pool *old, const struct conf_pool *now)
{
	struct conf_names before, after;
	if (!conf_names_init(&before, &d->arena, old->node_count) ||
		!conf_names_init(&after, &d->arena, now->node_count))
		return false;
	for (uint32_t i = 0; i < old->node_count; i++)
		(void)conf_names_put(&before, slice_of(old->nodes[i].node_id), &old->nodes[i]);
	for (uint32_t i = 0; i < now->node_count; i++) {
		const struct conf_node *node = &now->nodes[i];
		const struct conf_node *was = conf_names_find(&before, slice_of(node->node_id));
		(void)conf_names_put(&after, slice_of(node->node_id), node);
		if (was == NULL)
			conf_diff_tell(
				d, CONF_NEW, "pool %s: worker %s: new", now->name, node->node_id);
		else
			diff_node(d, now->name, was, node);
	}
	for (uint32_t i = 0; i < old->node_count; i++) {
		const char *id = old->nodes[i].node_id;
		if (conf_names_find(&after, slice_of(id)) == NULL)
			conf_diff_tell(
				d, CONF_DROPPED, "pool %s: worker %s: dropped", now->name, id);
	}
	return true;
}

static void diff_restarts(const struct conf_diffing *d, const char *pool,
	const struct conf_group *group, const void *old, const void *now)
{
	for (uint32_t i = 0; i < group->count; i++) {
		const struct conf_key *key = &group->keys[i];
		if (key->kind == CONF_GROUP)
			diff_restarts(d, pool, key->inner, (const char *)old + key->at,
				(const char *)now + key->at);
		else if (key->needs_restart && !conf_keys_is_same(key, old, now))
			conf_diff_tell(d, CONF_NEEDS_RESTART, "pool %s: %s: needs a restart", pool,
				key->name);
	}
}

static void diff_tls(
	const struct conf_pool *old, const struct conf_pool *now, struct conf_changes *changes)
{
	if ((old->tls == NULL) != (now->tls == NULL))
		conf_diff_add(changes, "", "tls");
	else if (now->tls != NULL)
		conf_diff_keys(&conf_group_pool_tls, old->tls, now->tls, "tls", changes);
}

static bool diff_pools(struct conf_diffing *d)
{
	struct conf_names before, after;
	if (!conf_names_init(&before, &d->arena, d->old->pool_count) ||
		!conf_names_init(&after, &d->arena, d->now->pool_count))
		return false;
	for (uint32_t i = 0; i < d->old->pool_count; i++)
		(void)conf_names_put(&before, slice_of(d->old->pools[i].name), &d->old->pools[i]);
	for (uint32_t i = 0; i < d->now->pool_count; i++) {
		const struct conf_pool *pool = &d->now->pools[i];
		const struct conf_pool *was = conf_names_find(&before, slice_of(pool->name));
		(void)conf_names_put(&after, slice_of(pool->name), pool);
		if (was == NULL) {
			conf_diff_tell(d, CONF_NEW, "pool %s: new", pool->name);
			continue;
		}
		struct conf_changes changes = {.n = 0};
		conf_diff_keys(&conf_group_pool, was, pool, "", &changes);
		diff_tls(was, pool, &changes);
		diff_restarts(d, pool->name, &conf_group_pool, was, pool);
		if (changes.n != 0)
			conf_diff_tell(
				d, CONF_CHANGED, "pool %s: changed (%s)", pool->name, changes.text);
		if (!diff_nodes(d, was, pool))
			return false;
	}
	for (uint32_t i = 0; i < d->old->pool_count; i++) {
		const char *name = d->old->pools[i].name;
		if (conf_names_find(&after, slice_of(name)) == NULL)
			conf_diff_tell(d, CONF_DROPPED, "pool %s: dropped", name);
	}
	return true;
}

static uint32_t count_listens(const struct conf *conf)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < conf->server_count; i++)
		n += conf->servers[i].listen_count;
	return n;
}

/* The servers on each address, under its text; an address that several share counts once. */
static bool gather_listens(
	struct conf_diffing *d, const struct conf *conf, struct conf_names *ret_names)
{
	if (!conf_names_init(ret_names, &d->arena, count_listens(conf)))
		return false;
	for (uint32_t i = 0; i < conf->server_count; i++) {
		const struct conf_server *server = &conf->servers[i];
		for (uint32_t j = 0; j < server->listen_count; j++)
			(void)conf_names_put(ret_names, slice_of(server->listens[j].text), server);
	}
	return true;
}

/* Calls for each address of `conf` once: those that `other` has not, and those that it has. */
static void tell_listens(const struct conf_diffing *d, const struct conf *conf,
	const struct conf_names *own, const struct conf_names *other, enum conf_change change)
{
	for (uint32_t i = 0; i < conf->server_count; i++) {
		const struct conf_server *server = &conf->servers[i];
		for (uint32_t j = 0; j < server->listen_count; j++) {
			const char *text = server->listens[j].text;
			const struct conf_server *there = conf_names_find(other, slice_of(text));
			if (conf_names_find(own, slice_of(text)) != server)
				continue;
			if (there == NULL)
				conf_diff_tell(d, change, "listen %s: %s", text,
					change == CONF_NEW ? "new" : "dropped");
			else if (change == CONF_NEW &&
				 (there->tls == NULL) != (server->tls == NULL))
				conf_diff_tell(d, CONF_CHANGED, "listen %s: changed (tls)", text);
			else if (change == CONF_NEW && !conf_same_proxies(there, server))
				conf_diff_tell(d, CONF_CHANGED,
					"listen %s: changed (proxy_protocol)", text);
		}
	}
}

static bool diff_listens(struct conf_diffing *d)
{
	struct conf_names before, after;
	if (!gather_listens(d, d->old, &before) || !gather_listens(d, d->now, &after))
		return false;
	tell_listens(d, d->now, &after, &before, CONF_NEW);
	tell_listens(d, d->old, &before, &after, CONF_DROPPED);
	return true;
}

void conf_diff(const struct conf *old, const struct conf *now,
	void (*tell)(enum conf_change change, const char *what, void *arg), void *arg)
{
	struct conf_diffing d = {.old = old, .now = now, .tell = tell, .arg = arg};
	arena_init(&d.arena, 16384);
	diff_root(&d, &conf_group_root, old, now, "");
	if (!diff_pools(&d) || !diff_listens(&d) || !conf_diff_servers(&d))
		tell(CONF_CHANGED, "out of memory: further changes are not listed", arg);
	arena_finish(&d.arena);
}
