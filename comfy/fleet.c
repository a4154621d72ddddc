/*
 * comfy/fleet.c - the life of a fleet: made with the first pool of its name, over reloads, until
 * the program ends.
 */
#include "comfy/fleet.h"

#include "base/log.h"
#include "comfy/fleet_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 1000

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

uint32_t fleet_queue_remaining(const struct fleet *fleet)
{
	return jobs_active(fleet->jobs);
}

static void on_tick(struct deadline *tick)
{
	struct fleet *fleet = CONTAINER_OF(tick, struct fleet, tick);
	deadline_set(&fleet->tick, TICK_MS);
	list_each_safe (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		worker_look(worker);
	}
	fleet_workers_end_leavers(fleet);
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
		fleet_worker_destroy(CONTAINER_OF(node, struct fleet_worker, node));
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
	*ret_ok = fleet_workers_follow(fleet);
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
