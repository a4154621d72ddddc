/*
 * proxy/roster.c - from names to pools; what one name stands for is proxy/roster_name.c's.
 */
#include "proxy/roster.h"

#include "base/log.h"
#include "conf/spread.h"
#include "proxy/roster_name.h"

#include <errno.h>
#include <stdlib.h>

/* One pool that has names. */
struct roster_pool {
	struct generation *generation; /* borrowed: it owns the roster */
	uint32_t index;                /* in generation->pools */
	const struct conf_pool *conf;  /* as it was read: the members that have addresses */
	struct roster_name *names;     /* owned, [conf->upstream->name_count] */
};

struct roster {
	struct roster_pool *pools; /* owned */
	uint32_t count;
};

static void (*the_listener)(struct generation *generation, uint32_t index, struct lb_pool *old);

void roster_on_change(
	void (*listener)(struct generation *generation, uint32_t index, struct lb_pool *old))
{
	the_listener = listener;
}

static struct conf_node *put_found(struct conf_node *node, const struct roster_name *name)
{
	for (uint32_t k = 0; k < name->found_count; k++, node++) {
		const struct roster_found *found = &name->found[k];
		*node = *name->conf;
		node->addr = found->addr;
		node->backup = found->is_backup;
		/* What SRV says of weights counts where the file says nothing (nginx). */
		if (node->weight == 1)
			node->weight = found->weight;
		node->port = addr_port(&found->addr);
	}
	return node;
}

/* NULL: no memory. */
static struct conf_pool *make_conf(const struct roster_pool *one, struct arena *arena)
{
	uint32_t count = one->conf->node_count;
	for (uint32_t i = 0; i < one->conf->upstream->name_count; i++)
		count += one->names[i].found_count;
	struct conf_pool *conf = arena_zero(arena, sizeof(*conf));
	if (conf == NULL)
		return NULL;
	*conf = *one->conf;
	conf->nodes = arena_zero(arena, (count + 1) * sizeof(*conf->nodes));
	if (conf->nodes == NULL)
		return NULL;
	conf->node_count = count;
	for (uint32_t i = 0; i < one->conf->node_count; i++)
		conf->nodes[i] = one->conf->nodes[i];
	struct conf_node *end = conf->nodes + one->conf->node_count;
	for (uint32_t i = 0; i < one->conf->upstream->name_count; i++)
		end = put_found(end, &one->names[i]);
	return conf_name_nodes(arena, conf) ? conf : NULL;
}

static bool is_same(const struct conf_pool *a, const struct conf_pool *b)
{
	if (a->node_count != b->node_count)
		return false;
	for (uint32_t i = 0; i < a->node_count; i++) {
		const struct conf_node *x = &a->nodes[i], *y = &b->nodes[i];
		if (!addr_is_same(&x->addr, &y->addr) || x->weight != y->weight ||
			x->backup != y->backup || x->peer.server != y->peer.server)
			return false;
	}
	return true;
}

/* False: no memory. *ret_old: the pool that lost its place, or NULL. */
static bool renew(const struct roster_pool *one, struct lb_pool **ret_old)
{
	struct lb_pool **place = &one->generation->pools[one->index];
	struct lb_pool *made;
	struct arena arena;
	struct err err;
	*ret_old = NULL;
	arena_init(&arena, 4096);
	const struct conf_pool *conf = make_conf(one, &arena);
	if (conf == NULL || is_same(conf, (*place)->conf)) {
		arena_finish(&arena);
		return conf != NULL;
	}
	if (lb_pool_renew(&made, *place, conf, &arena, &err) != 0)
		return false;
	*ret_old = *place;
	*place = made;
	return true;
}

static bool on_found(struct roster_name *name)
{
	struct roster_pool *one = name->owner;
	struct generation *generation = one->generation;
	struct lb_pool *old;
	if (!renew(one, &old)) {
		log_warn("members_delayed", "pool=%s why=\"out of memory\"",
			LOG_QUOTE(one->conf->name));
		return false;
	}
	if (old == NULL)
		return true;
	struct lb_pool *now = generation->pools[one->index];
	lb_pool_activate(now);
	log_info("members_changed", "pool=%s name=%s before=%u now=%u", LOG_QUOTE(one->conf->name),
		LOG_QUOTE(name->conf->host), old->count, now->count);
	if (the_listener != NULL)
		the_listener(generation, one->index, old);
	lb_pool_destroy(old);
	return true;
}

static const struct roster_name *find_before(
	const struct roster *before, const char *pool, const struct conf_node *conf)
{
	for (uint32_t i = 0; before != NULL && i < before->count; i++) {
		const struct roster_pool *one = &before->pools[i];
		if (strcmp(one->conf->name, pool) != 0)
			continue;
		for (uint32_t k = 0; k < one->conf->upstream->name_count; k++)
			if (roster_name_is(&one->names[k], conf))
				return &one->names[k];
	}
	return NULL;
}

/* False: no memory, nothing of it is left. */
static bool start_pool(struct roster_pool *one, struct generation *generation, uint32_t index,
	const struct roster *before)
{
	const struct conf_pool *conf = &generation->conf->pools[index];
	const struct conf_upstream *upstream = conf->upstream;
	struct lb_pool *old;
	*one = (struct roster_pool){.generation = generation, .index = index, .conf = conf};
	one->names = calloc(upstream->name_count, sizeof(*one->names));
	if (one->names == NULL)
		return false;
	for (uint32_t i = 0; i < upstream->name_count; i++) {
		const struct conf_node *name = &upstream->names[i];
		if (!roster_name_start(&one->names[i], upstream, name, on_found, one)) {
			while (i-- != 0)
				roster_name_stop(&one->names[i]);
			free(one->names);
			return false;
		}
		one->names[i].generation = generation;
		roster_name_take(&one->names[i], find_before(before, conf->name, name));
	}
	/* Without memory it begins without them. */
	if (renew(one, &old))
		lb_pool_destroy(old);
	return true;
}

void roster_start(struct generation *generation, const struct generation *before)
{
	const struct conf *conf = generation->conf;
	uint32_t count = 0;
	for (uint32_t i = 0; i < conf->pool_count; i++)
		count += conf->pools[i].upstream != NULL &&
			 conf->pools[i].upstream->name_count != 0;
	if (count == 0)
		return;
	struct roster *roster = calloc(1, sizeof(*roster));
	if (roster != NULL)
		roster->pools = calloc(count, sizeof(*roster->pools));
	for (uint32_t i = 0; roster != NULL && roster->pools != NULL && i < conf->pool_count; i++) {
		const struct conf_upstream *upstream = conf->pools[i].upstream;
		if (upstream == NULL || upstream->name_count == 0)
			continue;
		if (start_pool(&roster->pools[roster->count], generation, i,
			    before == NULL ? NULL : before->roster))
			roster->count++;
	}
	generation->roster = roster;
	if (roster == NULL || roster->count != count)
		log_error("members_unknown", "why=\"out of memory\" what=\"names are not looked up "
					     "until the next reload\"");
}

void roster_stop(struct generation *generation)
{
	struct roster *roster = generation->roster;
	if (roster == NULL)
		return;
	generation->roster = NULL;
	for (uint32_t i = 0; i < roster->count; i++) {
		struct roster_pool *one = &roster->pools[i];
		for (uint32_t k = 0; k < one->conf->upstream->name_count; k++)
			roster_name_stop(&one->names[k]);
		free(one->names);
	}
	free(roster->pools);
	free(roster);
}
