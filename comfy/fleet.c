/*
 * comfy/fleet.c - the life of a fleet: made with the first pool of its name, over reloads, until
 * the program ends; and its workers, which come and go with the configuration.
 */
#include "comfy/fleet.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/fleet_parts.h"
#include "comfy/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 1000
#define TELL_MS 30000
#define TELL_MOST (1u << 20) /* of an answer that nobody reads */

static struct list fleets = {&fleets, &fleets};

const struct list *fleets_all(void)
{
	return &fleets;
}

struct fleet *fleet_find(const char *pool_name)
{
	list_each (node, &fleets) {
		struct fleet *fleet = CONTAINER_OF(node, struct fleet, node);
		if (strcmp(fleet->name, pool_name) == 0)
			return fleet;
	}
	return NULL;
}

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

struct fetch *fleet_ask(struct fleet_worker *worker, struct fetch_ask *ask)
{
	ask->addr = &worker->backend->addr;
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

uint32_t fleet_queue_remaining(const struct fleet *fleet)
{
	return jobs_active(fleet->jobs);
}

bool fleet_is_all_known(const struct fleet *fleet)
{
	list_each (node, &fleet->workers) {
		const struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (fleet_worker_is_up(worker) && !worker->is_leaving &&
			!defs_worker_is_known(worker->defs))
			return false;
	}
	return true;
}

/* -- workers -- */

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

static void destroy_worker(struct fleet_worker *worker)
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
		destroy_worker(worker);
		return NULL;
	}
	return worker;
}

/* One that left the configuration is kept for as long as its jobs run. */
static void end_leavers(struct fleet *fleet)
{
	list_each_safe (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (worker->is_leaving && list_is_empty(&worker->jobs))
			destroy_worker(worker);
	}
}

static bool follow_members(struct fleet *fleet)
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
	end_leavers(fleet);
	return is_ok;
}

/* -- the fleet -- */

static void on_tick(struct deadline *tick)
{
	struct fleet *fleet = CONTAINER_OF(tick, struct fleet, tick);
	deadline_set(&fleet->tick, TICK_MS);
	list_each_safe (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		worker_look(worker);
	}
	end_leavers(fleet);
	place_sweep(fleet);
	if (schedule_waiting(fleet->schedule) != 0)
		fleet_place_soon(fleet);
}

static void on_placing(struct next_turn *turn)
{
	place_all(CONTAINER_OF(turn, struct fleet, placing));
}

void fleet_place_soon(struct fleet *fleet)
{
	next_turn_add(&fleet->placing);
}

static void on_drop(void *arg, struct job *job)
{
	(void)arg;
	supply_names_release(job->names);
	job->names = NULL;
}

static void fleet_destroy(struct fleet *fleet)
{
	deadline_clear(&fleet->tick);
	next_turn_cancel(&fleet->placing);
	home_finish(fleet);
	if (fleet->jobs != NULL)
		finish_abandon_all(fleet);
	list_each_safe (node, &fleet->workers)
		destroy_worker(CONTAINER_OF(node, struct fleet_worker, node));
	/* What is left of the jobs is in the journal. */
	journal_stop(fleet->journal);
	owners_destroy(fleet->owners);
	jobs_destroy(fleet->jobs);
	defs_destroy(fleet->defs);
	schedule_destroy(fleet->schedule);
	files_destroy(fleet->files);
	spool_close(fleet->spool);
	/* Whoever let go of a worker above wanted to place others there. */
	next_turn_cancel(&fleet->placing);
	list_remove(&fleet->node);
	free(fleet->name);
	free(fleet);
}

static struct fleet *fleet_create(const struct conf_pool *conf)
{
	struct jobs_limits limits = {conf->fleet.max_history, conf->fleet.history_bytes, 0};
	struct sched_settings settings;
	struct fleet *fleet = calloc(1, sizeof(*fleet));
	if (fleet == NULL)
		return NULL;
	list_init(&fleet->workers);
	list_init(&fleet->submits);
	list_init(&fleet->info_waits);
	list_init(&fleet->home_writes);
	list_init(&fleet->node);
	next_turn_init(&fleet->placing, on_placing);
	deadline_init(&fleet->tick, on_tick);
	place_settings(fleet, &conf->fleet, &settings);
	fleet->name = strdup(conf->name);
	fleet->jobs = jobs_create(&limits);
	fleet->defs = defs_create();
	fleet->schedule = schedule_create(&settings);
	fleet->files = files_create();
	if (fleet->jobs != NULL && fleet->schedule != NULL)
		fleet->owners = owners_create(fleet);
	if (fleet->name == NULL || fleet->jobs == NULL || fleet->defs == NULL ||
		fleet->schedule == NULL || fleet->files == NULL || fleet->owners == NULL) {
		fleet_destroy(fleet);
		return NULL;
	}
	jobs_on_drop(fleet->jobs, on_drop, fleet);
	list_push_back(&fleets, &fleet->node);
	deadline_set(&fleet->tick, TICK_MS);
	return fleet;
}

static void open_files(struct fleet *fleet, const struct conf_fleet *conf)
{
	struct err err;
	fleet->spool = spool_open(conf->spool_dir, conf->spool_bytes, &err);
	if (fleet->spool == NULL)
		log_error("spool_failed", "pool=%s why=%s what=\"files cannot be uploaded\"",
			LOG_QUOTE(fleet->name), LOG_QUOTE(err.text));
	supply_begin(fleet);
	if (conf->journal.path[0] != '\0')
		recover_start(fleet, &conf->journal);
}

static void take_settings(struct fleet *fleet, const struct conf_pool *conf)
{
	struct sched_settings settings;
	struct jobs_limits limits = {conf->fleet.max_history, conf->fleet.history_bytes, 0};
	fleet->settings = conf->fleet;
	fleet->settings.spool_dir = fleet->settings.journal.path = "";
	fleet->settings.priority_header = fleet->priority_header;
	(void)snprintf(fleet->priority_header, sizeof(fleet->priority_header), "%s",
		conf->fleet.priority_header);
	fleet->max_retries = conf->balancing.enable_failover ? conf->balancing.max_retries : 0;
	fleet->has_strategy = strcmp(conf->balancing.strategy, "score") != 0;
	jobs_set_limits(fleet->jobs, &limits);
	place_settings(fleet, &conf->fleet, &settings);
	schedule_set(fleet->schedule, &settings);
	if (fleet->spool != NULL)
		spool_set_most(fleet->spool, conf->fleet.spool_bytes);
	if (fleet->journal != NULL)
		journal_set_full(fleet->journal, conf->fleet.journal.sync == CONF_SYNC_FULL);
}

struct fleet *fleet_begin(struct lb_pool *pool, bool *ret_ok)
{
	const struct conf_pool *conf = pool->conf;
	*ret_ok = true;
	if (conf->mode != CONF_MODE_FLEET)
		return NULL;
	struct fleet *fleet = fleet_find(conf->name);
	bool is_new = fleet == NULL;
	if (is_new)
		fleet = fleet_create(conf);
	*ret_ok = fleet != NULL;
	if (fleet == NULL)
		return NULL;
	fleet->pool = pool;
	take_settings(fleet, conf);
	*ret_ok = follow_members(fleet);
	if (is_new)
		open_files(fleet, &conf->fleet);
	fleet_place_soon(fleet);
	return fleet;
}

void fleet_pause(struct fleet *fleet)
{
	if (fleet == NULL)
		return;
	fleet->pool = NULL;
	list_each (node, &fleet->workers)
		CONTAINER_OF(node, struct fleet_worker, node)->conf = NULL;
}

uint32_t fleets_unsaved(void)
{
	uint32_t count = 0;
	list_each (node, &fleets) {
		const struct fleet *fleet = CONTAINER_OF(node, struct fleet, node);
		if (fleet->journal == NULL)
			count += jobs_active(fleet->jobs);
	}
	return count;
}

void fleets_finish(void)
{
	list_each_safe (node, &fleets)
		fleet_destroy(CONTAINER_OF(node, struct fleet, node));
}

void fleet_backend_changed(struct backend *backend, enum backend_state from)
{
	list_each (node, &fleets) {
		struct fleet *fleet = CONTAINER_OF(node, struct fleet, node);
		struct fleet_worker *worker = fleet_worker_of(fleet, backend);
		if (worker == NULL)
			continue;
		if (backend->state == BACKEND_DOWN && from != BACKEND_DOWN) {
			worker->was_down = true;
			lose_worker(worker, "it is down");
		}
		if (backend->state != BACKEND_DOWN && from == BACKEND_DOWN)
			worker_is_back(worker);
		if (backend->is_draining)
			lose_drained(worker);
		fleet_refresh_room(worker);
	}
}
