#include "lb/pool.h"

#include "base/clock.h"
#include "lb/peer.h"
#include "lb/registry.h"

#include <errno.h>
#include <stdlib.h>

static void put_into_by_id(struct lb_pool *pool, uint32_t index)
{
	uint32_t at = (uint32_t)pool->seats[index].backend->id_hash & pool->by_id_mask;
	while (pool->by_id[at] != 0)
		at = (at + 1) & pool->by_id_mask;
	pool->by_id[at] = index + 1;
}

static int make_tables(struct lb_pool *pool)
{
	size_t count = pool->count;
	uint32_t slots = 2;
	while (slots < 2 * count)
		slots *= 2;
	pool->words = (uint32_t)(count + 63) / 64;
	pool->seats = calloc(count + 1, sizeof(*pool->seats));
	pool->load = calloc(count + 1, sizeof(*pool->load));
	pool->by_id = calloc(slots, sizeof(*pool->by_id));
	pool->by_id_mask = slots - 1;
	uint64_t *bitmaps = calloc((size_t)pool->words * (LB_SET_COUNT + 1) + 1, sizeof(*bitmaps));
	for (int set = 0; set < LB_SET_COUNT; set++) {
		pool->sets[set] = bitmaps == NULL ? NULL : bitmaps + (size_t)set * pool->words;
		pool->set_epoch[set] = ++pool->last_epoch;
	}
	if (pool->seats == NULL || pool->load == NULL || pool->by_id == NULL || bitmaps == NULL)
		return -ENOMEM;
	pool->scratch = bitmaps + (size_t)LB_SET_COUNT * pool->words;
	pool->view = (struct lb_view){
		.load = pool->load, .allowed = pool->sets[LB_SET_UP], .count = pool->count};
	return 0;
}

static int make_seat(struct lb_pool *pool, uint32_t index)
{
	const struct conf_node *node = &pool->conf->nodes[index];
	struct lb_seat *seat = &pool->seats[index];
	seat->backend = lb_backend_get(pool->conf->name, node);
	if (seat->backend == NULL)
		return -ENOMEM;
	seat->pool = pool;
	seat->index = index;
	seat->weight = node->weight == 0 ? 1 : node->weight;
	seat->max_jobs = node->max_concurrent == 0 ? 1 : node->max_concurrent;
	seat->priority = node->metadata.priority;
	seat->is_backup = node->backup;
	pool->load[index] = (struct lb_load){
		.weight = seat->weight,
		.max_jobs = seat->max_jobs,
		.priority = seat->priority,
		.queue_len = -1,
	};
	put_into_by_id(pool, index);
	return 0;
}

/* In place of a strategy where an `upstream` has its method: needs nothing, keeps nothing. */
static const struct lb_strategy by_method = {.name = "upstream", .needs = LB_NEED_CLIENT};

static bool has_method(const struct conf_pool *conf)
{
	return conf->upstream != NULL && conf->upstream->method != CONF_METHOD_STRATEGY;
}

static int make_strategy(struct lb_pool *pool, struct err *err)
{
	const struct lb_strategy *strategy = pool->strategy;
	int rc = 0;
	if (strategy == &by_method)
		return lb_peers_create(&pool->peers, pool, err);
	pool->view.now_ms = clock_now_ms();
	if (strategy->create != NULL)
		rc = strategy->create(&pool->self, pool->conf, err);
	if (rc == 0 && strategy->rebuild != NULL)
		rc = strategy->rebuild(pool->self, &pool->view);
	return rc;
}

static bool has_table(const struct conf_pool *conf)
{
	return conf->balancing.sticky.key_count != 0 ||
	       (conf->upstream != NULL && conf->upstream->sticky.kind == CONF_AFFINITY_LEARN);
}

static void leave_line(struct lb_pool *pool)
{
	struct lb_line *line = pool->line;
	if (line == NULL)
		return;
	if (line->current == pool)
		line->current = NULL;
	if (--line->refs == 0)
		free(line);
}

static void destroy(struct lb_pool *pool)
{
	leave_line(pool);
	if (pool->strategy->destroy != NULL)
		pool->strategy->destroy(pool->self);
	secure_unref(pool->secure);
	/* Without a table of seats nothing was put into it. */
	for (uint32_t i = 0; pool->seats != NULL && i < pool->count; i++) {
		struct lb_seat *seat = &pool->seats[i];
		if (seat->backend == NULL)
			break;
		secure_unref(seat->secure);
		list_remove(&seat->node);
		lb_backend_unref(seat->backend);
	}
	lb_peers_destroy(pool->peers);
	lb_sticky_unref(pool->sticky);
	free(pool->sets[0]);
	free(pool->by_id);
	free(pool->load);
	free(pool->seats);
	arena_finish(&pool->arena);
	free(pool);
}

int lb_pool_create(struct lb_pool **ret_pool, const struct conf_pool *conf, struct err *err)
{
	const struct conf_balancing *balancing = &conf->balancing;
	const struct lb_strategy *strategy = has_method(conf)
						     ? &by_method
						     : lb_strategy_find(balancing->strategy);
	if (strategy == NULL) {
		err_set(err, "pool %s: there is no strategy \"%s\", but %s", conf->name,
			balancing->strategy, lb_strategy_names());
		return -EINVAL;
	}
	struct lb_pool *pool = calloc(1, sizeof(*pool));
	int rc = -ENOMEM;
	if (pool == NULL)
		goto failed;
	pool->refs = 1;
	pool->conf = conf;
	pool->strategy = strategy;
	pool->count = conf->node_count;
	rc = make_tables(pool);
	for (uint32_t i = 0; i < pool->count && rc == 0; i++) {
		list_init(&pool->seats[i].node);
		rc = make_seat(pool, i);
	}
	if (rc == 0 && has_table(conf)) {
		pool->sticky = lb_sticky_get(conf->name, &balancing->sticky);
		rc = pool->sticky == NULL ? -ENOMEM : 0;
	}
	if (rc == 0)
		rc = make_strategy(pool, err);
	if (rc == 0) {
		*ret_pool = pool;
		return 0;
	}
failed:
	if (rc == -ENOMEM)
		err_set(err, "pool %s: out of memory", conf->name);
	if (pool != NULL)
		destroy(pool);
	return rc;
}

void lb_pool_activate(struct lb_pool *pool)
{
	const struct conf_pool *conf = pool->conf;
	ensure(!pool->is_active);
	pool->is_active = true;
	if (pool->sticky != NULL)
		lb_sticky_set_bounds(pool->sticky, &conf->balancing.sticky);
	for (uint32_t i = 0; i < pool->count; i++) {
		struct lb_seat *seat = &pool->seats[i];
		list_push_back(&seat->backend->seats, &seat->node);
		lb_backend_set_limits(seat->backend, conf->health.rise, conf->health.fall);
		lb_backend_set_draining(seat->backend, conf->nodes[i].drain);
		lb_backend_set_secure(seat->backend, seat->secure);
		lb_seat_refresh(seat);
	}
}

struct lb_pool *lb_pool_ref(struct lb_pool *pool)
{
	pool->refs++;
	return pool;
}

void lb_pool_unref(struct lb_pool *pool)
{
	if (pool == NULL)
		return;
	ensure(pool->refs != 0);
	if (--pool->refs == 0)
		destroy(pool);
}

void lb_pool_destroy(struct lb_pool *pool)
{
	lb_pool_unref(pool);
}

bool lb_pool_is_available(const struct lb_pool *pool)
{
	return pool->set_count[LB_SET_UP] != 0 || pool->set_count[LB_SET_BACKUP] != 0 ||
	       pool->set_count[LB_SET_BUSY] != 0;
}

uint32_t lb_pool_tries(const struct lb_pool *pool)
{
	if (pool->peers == NULL)
		return pool->count;
	if (pool->peers->list[0].is_single)
		return 1;
	return pool->peers->list[0].tries + pool->peers->list[1].tries;
}

const char *lb_pool_peer_id(const struct lb_pool *pool, const struct lb_seat *seat)
{
	return pool->peers->by_seat[seat->index]->id;
}

bool lb_pool_needs(const struct lb_pool *pool, enum lb_need need)
{
	return (pool->strategy->needs & need) != 0;
}
