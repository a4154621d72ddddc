#include "proxy/dynamic_pool.h"

#include "base/hash.h"
#include "conf/keys.h"
#include "conf/schema.h"
#include "conf/spread.h"

#include <stdlib.h>

struct dynamic_pools {
	struct list list; /* used last comes first */
	uint32_t count;
};

struct dynamic_pool {
	struct list node;
	struct dynamic_pools *all; /* borrowed: it owns us */
	uint32_t refs;             /* requests that use it */
	struct arena arena;        /* what `conf` points at */
	struct conf_pool conf;
	struct conf_upstream upstream;
	struct lb_pool *members; /* owned */
};

struct dynamic_pools *dynamic_pools_create(void)
{
	struct dynamic_pools *pools = calloc(1, sizeof(*pools));
	if (pools != NULL)
		list_init(&pools->list);
	return pools;
}

static void destroy(struct dynamic_pool *pool)
{
	list_remove(&pool->node);
	pool->all->count--;
	lb_pool_destroy(pool->members);
	arena_finish(&pool->arena);
	free(pool);
}

void dynamic_pools_destroy(struct dynamic_pools *pools)
{
	if (pools == NULL)
		return;
	list_each_safe (node, &pools->list)
		destroy(CONTAINER_OF(node, struct dynamic_pool, node));
	free(pools);
}

static int addr_order(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(&x->u, &y->u, x->len);
}

static bool is_it(const struct dynamic_pool *pool, struct slice name, const struct addr *addrs,
	uint32_t count)
{
	if (pool->conf.node_count != count || !slice_is(name, slice_of(pool->conf.name)))
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!addr_is_same(&pool->conf.nodes[i].addr, &addrs[i]))
			return false;
	return true;
}

/* As nginx has what it resolved: each address once, no memory of failures. */
static bool fill_conf(
	struct dynamic_pool *pool, struct slice name, const struct addr *addrs, uint32_t count)
{
	struct conf_pool *conf = &pool->conf;
	conf_keys_preset(&conf_group_pool, conf);
	conf->place.file = "";
	conf->keepalive = 0;
	conf->balancing.strategy = "round_robin";
	conf->balancing.sticky.key_count = 0;
	conf->health.interval_ms = 0;
	pool->upstream = (struct conf_upstream){.is_implicit = true, .sticky = {.expires_s = -1}};
	conf->upstream = &pool->upstream;
	conf->name = arena_copy(&pool->arena, name.p, name.n);
	conf->nodes = arena_zero(&pool->arena, count * sizeof(*conf->nodes));
	conf->node_count = count;
	if (conf->name == NULL || conf->nodes == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
		conf->nodes[i] = (struct conf_node){
			.place = conf->place,
			.node_id = "",
			.host = conf->name,
			.addr = addrs[i],
			.port = addr_port(&addrs[i]),
			.weight = 1,
			.max_concurrent = 1,
			.metadata = {.location = "", .gpu_model = "", .description = ""},
			.peer = {.server = conf->name},
		};
	return conf_name_nodes(&pool->arena, conf);
}

static struct dynamic_pool *create(
	struct dynamic_pools *pools, struct slice name, const struct addr *addrs, uint32_t count)
{
	struct err err;
	struct dynamic_pool *pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	arena_init(&pool->arena, 1024);
	pool->all = pools;
	pools->count++;
	list_push_front(&pools->list, &pool->node);
	if (!fill_conf(pool, name, addrs, count) ||
		lb_pool_create(&pool->members, &pool->conf, &err) != 0) {
		pool->members = NULL;
		destroy(pool);
		return NULL;
	}
	lb_pool_activate(pool->members);
	return pool;
}

static void make_room(struct dynamic_pools *pools)
{
	for (struct list *node = pools->list.prev;
		node != &pools->list && pools->count >= DYNAMIC_POOLS_MOST;) {
		struct dynamic_pool *pool = CONTAINER_OF(node, struct dynamic_pool, node);
		node = node->prev;
		if (pool->refs == 0)
			destroy(pool);
	}
}

struct dynamic_pool *dynamic_pool_get(
	struct dynamic_pools *pools, struct slice name, struct addr *addrs, uint32_t count)
{
	struct dynamic_pool *found = NULL;
	qsort(addrs, count, sizeof(*addrs), addr_order);
	list_each (node, &pools->list) {
		struct dynamic_pool *pool = CONTAINER_OF(node, struct dynamic_pool, node);
		if (!is_it(pool, name, addrs, count))
			continue;
		found = pool;
		break;
	}
	if (found == NULL) {
		make_room(pools);
		found = create(pools, name, addrs, count);
	}
	if (found == NULL)
		return NULL;
	list_remove(&found->node);
	list_push_front(&pools->list, &found->node);
	found->refs++;
	return found;
}

void dynamic_pool_release(struct dynamic_pool *pool)
{
	ensure(pool->refs != 0);
	pool->refs--;
}

struct lb_pool *dynamic_pool_members(struct dynamic_pool *pool)
{
	return pool->members;
}
