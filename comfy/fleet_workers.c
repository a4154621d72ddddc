/*
 * comfy/fleet_workers.c - the workers of a fleet: they follow the seats of its pool.
 *
 *   a seat comes    worker, unknown --> asked what it has (worker.c) --> takes jobs
 *   a seat goes     is_leaving: takes no jobs --> the last one has ended --> gone
 */
#include "comfy/fleet_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define TELL_MS 30000
#define TELL_MOST (1u << 20) /* of an answer that nobody reads */

struct fleet_worker *fleet_worker_of(struct fleet *fleet, const struct backend *backend)
{
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (worker->backend == backend)
			return worker;
	}
	return NULL;
}

struct fleet_worker *fleet_worker_named(struct fleet *fleet, const char *node_id)
{
	struct fleet_worker *found = NULL;
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		/* One that changed its address is there twice until the old one has ended. */
		if (strcmp(worker->node_id, node_id) == 0 && (found == NULL || found->is_leaving))
			found = worker;
	}
	return found;
}

bool fleet_worker_is_up(const struct fleet_worker *worker)
{
	return worker->backend->state != BACKEND_DOWN;
}

uint32_t fleet_worker_room(const struct fleet_worker *worker)
{
	const struct backend *backend = worker->backend;
	uint32_t used = worker->job_count + worker->foreign;
	/* One that is polled would stand idle for as long as nobody looks. */
	uint32_t most = worker->max_jobs + (worker->is_polled ? 1 : 0);
	/* After it was down it is first asked what it still has of ours. */
	if (backend->state != BACKEND_UP || backend->is_draining || worker->is_leaving ||
		worker->was_down || worker->conf == NULL)
		return 0;
	return used < most ? most - used : 0;
}

void fleet_refresh_room(struct fleet_worker *worker)
{
	uint32_t room = fleet_worker_room(worker);
	sched_worker_set_room(worker->sched, room);
	if (room != 0)
		fleet_place_soon(worker->fleet);
}

bool fleet_knows_up(const struct fleet *fleet)
{
	list_each (node, &fleet->workers) {
		const struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (fleet_worker_is_up(worker) && !worker->is_leaving &&
			!defs_worker_is_known(worker->defs))
			return false;
	}
	return true;
}

bool fleet_knows_all(const struct fleet *fleet)
{
	list_each (node, &fleet->workers) {
		const struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (!worker->is_leaving && !defs_worker_is_known(worker->defs))
			return false;
	}
	return true;
}

/* -- asking and telling -- */

struct fetch *fleet_ask(struct fleet_worker *worker, struct fetch_ask *ask)
{
	ask->addr = &worker->backend->addr;
	ask->secure = worker->backend->secure;
	ask->host = worker->host;
	return fetch_start(ask);
}

static void on_told(const struct fetch_result *result, void *arg)
{
	(void)result;
	(void)arg;
}

bool fleet_tell(struct fleet_worker *worker, const char *path, struct slice json)
{
	struct fetch_ask ask = {
		.path = path,
		.method = "POST",
		.fields = "Content-Type: application/json\r\n",
		.head = json,
		.timeout_ms = TELL_MS,
		.body_most = TELL_MOST,
		.on_done = on_told,
	};
	return fleet_ask(worker, &ask) != NULL;
}

/* -- coming and going -- */

static uint32_t take_index(struct fleet *fleet)
{
	for (uint32_t i = 0; i < COUNT_OF(fleet->worker_bits) * 64; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);
		if ((fleet->worker_bits[i / 64] & bit) == 0) {
			fleet->worker_bits[i / 64] |= bit;
			return i;
		}
	}
	return UINT32_MAX;
}

void fleet_worker_destroy(struct fleet_worker *worker)
{
	struct fleet *fleet = worker->fleet;
	ensure(list_is_empty(&worker->jobs));
	links_close_worker(worker);
	worker_refresh_destroy(worker);
	supply_worker_destroy(worker->supply);
	defs_worker_destroy(worker->defs);
	sched_worker_destroy(worker->sched);
	home_worker_destroy(worker->home);
	blob_unref(worker->features);
	if (worker->index != UINT32_MAX)
		fleet->worker_bits[worker->index / 64] &= ~(UINT64_C(1) << (worker->index % 64));
	list_remove(&worker->node);
	fleet->worker_count--;
	lb_backend_unref(worker->backend);
	free(worker);
}

static struct fleet_worker *create_worker(
	struct fleet *fleet, struct backend *backend, const struct conf_node *node)
{
	struct fleet_worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return NULL;
	worker->fleet = fleet;
	worker->backend = lb_backend_ref(backend);
	list_init(&worker->jobs);
	list_init(&worker->links);
	list_push_back(&fleet->workers, &worker->node);
	fleet->worker_count++;
	(void)snprintf(worker->node_id, sizeof(worker->node_id), "%s", backend->id);
	fetch_host_text(worker->host, node->host, node->port);
	worker->queue_len = -1;
	worker->index = take_index(fleet);
	fleet->members_epoch++;
	worker->defs = defs_worker_create(fleet->defs);
	worker->sched = sched_worker_create(fleet->schedule, worker);
	worker->supply = supply_worker_create(worker);
	if (worker->defs == NULL || worker->sched == NULL || worker->supply == NULL ||
		!worker_refresh_create(worker)) {
		fleet_worker_destroy(worker);
		return NULL;
	}
	return worker;
}

void fleet_workers_end_leavers(struct fleet *fleet)
{
	list_each_safe (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (worker->is_leaving && list_is_empty(&worker->jobs))
			fleet_worker_destroy(worker);
	}
}

bool fleet_workers_follow(struct fleet *fleet)
{
	struct lb_pool *pool = fleet->pool;
	bool is_ok = true;
	list_each (node, &fleet->workers)
		CONTAINER_OF(node, struct fleet_worker, node)->conf = NULL;
	for (uint32_t i = 0; i < pool->count; i++) {
		struct backend *backend = pool->seats[i].backend;
		struct fleet_worker *worker = fleet_worker_of(fleet, backend);
		if (worker == NULL)
			worker = create_worker(fleet, backend, &pool->conf->nodes[i]);
		if (worker == NULL) {
			is_ok = false;
			continue;
		}
		worker->conf = &pool->conf->nodes[i];
		worker->max_jobs = worker->conf->max_concurrent;
	}
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (worker->is_leaving != (worker->conf == NULL))
			fleet->members_epoch++;
		worker->is_leaving = worker->conf == NULL;
		fleet_refresh_room(worker);
		if (worker->is_leaving || worker->backend->is_draining)
			lose_drained(worker);
	}
	fleet_workers_end_leavers(fleet);
	return is_ok;
}
