/*
 * conf/diff_server.c - servers are known by their first address and name, locations by their path.
 */
#include "conf/build.h"
#include "conf/diff.h"
#include "conf/schema.h"

#include <stdio.h>

#define LABEL 512

static void label_of(const struct conf_server *server, char out[LABEL])
{
	const char *listen = server->listen_count == 0 ? "" : server->listens[0].text;
	if (server->name_count == 0)
		(void)snprintf(out, LABEL, "server on %s", listen);
	else
		(void)snprintf(out, LABEL, "server %s on %s", server->names[0], listen);
}

/* As conf_diff_keys; but what both locations only inherited is told once, at the top level. */
static void own_keys(const struct conf_group *group, const void *const fields[2],
	const void *const inherited[2], struct conf_changes *changes)
{
	for (uint32_t i = 0; i < group->count; i++) {
		const struct conf_key *key = &group->keys[i];
		if (conf_keys_is_same(key, fields[0], fields[1]))
			continue;
		if (!conf_keys_is_same(key, fields[0], inherited[0]) ||
			!conf_keys_is_same(key, fields[1], inherited[1]))
			conf_diff_add(changes, group->name, key->name);
	}
}

static const char *pool_name(const struct conf *conf, const struct conf_location *location)
{
	return location->handler == CONF_HANDLE_PROXY ? conf->pools[location->pool].name : "";
}

static void diff_location(const struct conf_diffing *d, const char *label,
	const struct conf_location *old, const struct conf_location *now)
{
	struct conf_changes changes = {.n = 0};
	if (old->handler != now->handler)
		conf_diff_add(&changes, "", "handler");
	else if (now->handler == CONF_HANDLE_RESPOND)
		conf_diff_keys(
			&conf_group_respond, &old->respond, &now->respond, "respond", &changes);
	else if (strcmp(pool_name(d->old, old), pool_name(d->now, now)) != 0)
		conf_diff_add(&changes, "", "pool");
	own_keys(&conf_group_timeouts, (const void *[]){&old->timeouts, &now->timeouts},
		(const void *[]){&d->old->timeouts, &d->now->timeouts}, &changes);
	own_keys(&conf_group_limits, (const void *[]){&old->limits, &now->limits},
		(const void *[]){&d->old->limits, &d->now->limits}, &changes);
	if (changes.n != 0)
		conf_diff_tell(d, CONF_CHANGED, "%s: location %s: changed (%s)", label, now->path,
			changes.text);
}

static bool gather_locations(
	struct conf_diffing *d, const struct conf_server *server, struct conf_names *ret_names)
{
	if (!conf_names_init(ret_names, &d->arena, server->location_count))
		return false;
	for (uint32_t i = 0; i < server->location_count; i++)
		(void)conf_names_put(
			ret_names, slice_of(server->locations[i].path), &server->locations[i]);
	return true;
}

static bool diff_locations(struct conf_diffing *d, const char *label, const struct conf_server *old,
	const struct conf_server *now)
{
	struct conf_names before, after;
	if (!gather_locations(d, old, &before) || !gather_locations(d, now, &after))
		return false;
	for (uint32_t i = 0; i < now->location_count; i++) {
		const struct conf_location *location = &now->locations[i];
		const struct conf_location *was = conf_names_find(
			&before, slice_of(location->path));
		if (was == NULL)
			conf_diff_tell(d, CONF_NEW, "%s: location %s: new", label, location->path);
		else
			diff_location(d, label, was, location);
	}
	for (uint32_t i = 0; i < old->location_count; i++) {
		const char *path = old->locations[i].path;
		if (conf_names_find(&after, slice_of(path)) == NULL)
			conf_diff_tell(d, CONF_DROPPED, "%s: location %s: dropped", label, path);
	}
	return true;
}

static bool has_same_listens(const struct conf_server *one, const struct conf_server *other)
{
	if (one->listen_count != other->listen_count)
		return false;
	for (uint32_t i = 0; i < one->listen_count; i++) {
		if (strcmp(one->listens[i].text, other->listens[i].text) != 0)
			return false;
	}
	return true;
}

static bool diff_server(
	struct conf_diffing *d, const struct conf_server *old, const struct conf_server *now)
{
	struct conf_changes changes = {.n = 0};
	char label[LABEL];
	label_of(now, label);
	if (!has_same_listens(old, now))
		conf_diff_add(&changes, "", "listen");
	conf_diff_keys(&conf_group_server, old, now, "", &changes);
	if ((old->tls == NULL) != (now->tls == NULL))
		conf_diff_add(&changes, "", "tls");
	else if (now->tls != NULL)
		conf_diff_keys(&conf_group_tls, old->tls, now->tls, "tls", &changes);
	if (!conf_same_proxies(old, now))
		conf_diff_add(&changes, "", "proxy_protocol");
	if (changes.n != 0)
		conf_diff_tell(d, CONF_CHANGED, "%s: changed (%s)", label, changes.text);
	return diff_locations(d, label, old, now);
}

static bool gather_servers(
	struct conf_diffing *d, const struct conf *conf, struct conf_names *ret_names)
{
	if (!conf_names_init(ret_names, &d->arena, conf->server_count))
		return false;
	for (uint32_t i = 0; i < conf->server_count; i++) {
		char label[LABEL];
		label_of(&conf->servers[i], label);
		char *key = arena_copy(&d->arena, label, strlen(label));
		if (key == NULL)
			return false;
		(void)conf_names_put(ret_names, slice_of(key), &conf->servers[i]);
	}
	return true;
}

bool conf_diff_servers(struct conf_diffing *d)
{
	struct conf_names before, after;
	char label[LABEL];
	if (!gather_servers(d, d->old, &before) || !gather_servers(d, d->now, &after))
		return false;
	for (uint32_t i = 0; i < d->now->server_count; i++) {
		label_of(&d->now->servers[i], label);
		const struct conf_server *was = conf_names_find(&before, slice_of(label));
		if (was == NULL)
			conf_diff_tell(d, CONF_NEW, "%s: new", label);
		else if (!diff_server(d, was, &d->now->servers[i]))
			return false;
	}
	for (uint32_t i = 0; i < d->old->server_count; i++) {
		label_of(&d->old->servers[i], label);
		if (conf_names_find(&after, slice_of(label)) == NULL)
			conf_diff_tell(d, CONF_DROPPED, "%s: dropped", label);
	}
	return true;
}
