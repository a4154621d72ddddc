/*
 * app_drain.c - workers that are taken away.
 *
 *   draining ---> nothing runs there any more:  its connections are closed, forgotten
 *       |-------> timeouts.drain is over:       what runs is ended first
 *       '-------> a reload wants it again:      forgotten
 */
#include "app.h"
#include "base/list.h"
#include "base/loop.h"
#include "lb/pool.h"
#include "proxy/proxy.h"

#include <stdlib.h>

#define LOOK_MS 500

struct leaving {
	struct list node;
	struct backend *backend; /* ref */
	bool was_busy;           /* something ran there when it was taken away */
	struct deadline due;
};

static struct list all = {&all, &all};
static struct deadline look;

static void forget(struct leaving *leaving)
{
	list_remove(&leaving->node);
	deadline_clear(&leaving->due);
	lb_backend_unref(leaving->backend);
	free(leaving);
}

static void on_due(struct deadline *deadline)
{
	struct leaving *leaving = CONTAINER_OF(deadline, struct leaving, due);
	struct backend *backend = leaving->backend;
	log_warn("drain_timeout", "pool=%s worker=%s ended=%u", LOG_QUOTE(backend->pool),
		LOG_QUOTE(backend->id), backend->in_flight);
	proxy_close_backend(backend, CLOSE_DRAIN_TIMEOUT);
	forget(leaving);
}

static void look_at_all(void)
{
	list_each_safe (node, &all) {
		struct leaving *leaving = CONTAINER_OF(node, struct leaving, node);
		struct backend *backend = leaving->backend;
		if (backend->is_draining && backend->in_flight != 0)
			continue;
		if (backend->is_draining && leaving->was_busy)
			log_info("worker_drained", "pool=%s worker=%s", LOG_QUOTE(backend->pool),
				LOG_QUOTE(backend->id));
		if (backend->is_draining)
			proxy_close_backend(backend, CLOSE_DONE);
		forget(leaving);
	}
	if (!list_is_empty(&all))
		deadline_set(&look, LOOK_MS);
}

static void on_look(struct deadline *deadline)
{
	(void)deadline;
	look_at_all();
}

static bool is_leaving(const struct backend *backend)
{
	list_each (node, &all) {
		if (CONTAINER_OF(node, struct leaving, node)->backend == backend)
			return true;
	}
	return false;
}

static void add(struct backend *backend, uint64_t drain_ms)
{
	struct leaving *leaving = malloc(sizeof(*leaving));
	if (leaving == NULL) {
		log_warn("drain_unbounded", "pool=%s worker=%s why=\"out of memory\"",
			LOG_QUOTE(backend->pool), LOG_QUOTE(backend->id));
		return;
	}
	leaving->backend = lb_backend_ref(backend);
	leaving->was_busy = backend->in_flight != 0;
	deadline_init(&leaving->due, on_due);
	deadline_set(&leaving->due, drain_ms);
	list_push_back(&all, &leaving->node);
}

static bool is_member(const struct generation *generation, const struct backend *backend)
{
	list_each (node, &backend->seats) {
		const struct lb_pool *pool = CONTAINER_OF(node, struct lb_seat, node)->pool;
		for (uint32_t i = 0; i < generation->conf->pool_count; i++) {
			if (generation->pools[i] == pool)
				return true;
		}
	}
	return false;
}

/* Members of `generation` that drain, `now` being in force. */
static void take_leaving(const struct generation *generation, const struct generation *now)
{
	uint64_t drain_ms = now->conf->timeouts.drain_ms;
	for (uint32_t i = 0; i < generation->conf->pool_count; i++) {
		const struct lb_pool *pool = generation->pools[i];
		for (uint32_t k = 0; k < pool->count; k++) {
			struct backend *backend = pool->seats[k].backend;
			bool was_draining = backend->is_draining;
			if (generation != now && !is_member(now, backend))
				lb_backend_set_draining(backend, true);
			else if (generation != now)
				continue;
			/* One that left while it drained has had its time from then on. */
			if (backend->is_draining && !(was_draining && is_leaving(backend)))
				add(backend, drain_ms);
		}
	}
}

void drain_members(const struct lb_pool *old, const struct generation *now)
{
	for (uint32_t i = 0; i < old->count; i++) {
		struct backend *backend = old->seats[i].backend;
		if (is_member(now, backend))
			continue;
		lb_backend_set_draining(backend, true);
		if (!is_leaving(backend))
			add(backend, now->conf->timeouts.drain_ms);
	}
	look_at_all();
}

void drain_update(const struct generation *old, const struct generation *now)
{
	if (old == NULL)
		deadline_init(&look, on_look);
	if (old != NULL)
		take_leaving(old, now);
	take_leaving(now, now);
	look_at_all();
}

void drain_finish(void)
{
	while (!list_is_empty(&all))
		forget(list_first(&all, struct leaving, node));
	if (look.on_due != NULL)
		deadline_clear(&look);
}
