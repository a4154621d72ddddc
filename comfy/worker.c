/*
 * comfy/worker.c - what is known of a worker: its classes, VRAM and features, asked for when it
 * comes up and refreshed when somebody wants to know; and jobs in its queue that are not ours.
 *
 *   comes up --> GET /queue if it was down --> /object_info --> /system_stats --> /features
 *
 * One question at a time to each, at most ASKING_MOST workers at once in all fleets, so that a
 * hundred workers do not send their megabytes in one second.
 */
#include "comfy/fleet_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/comfy.h"

#include <stdio.h>
#include <stdlib.h>

#define ASKING_MOST 4
#define INFO_TIMEOUT_MS 120000 /* thousands of nodes take their time */
#define INFO_MOST (128u << 20)
#define SMALL_TIMEOUT_MS 10000
#define SMALL_MOST (1u << 20)
#define SILENT_US (UINT64_C(30) * 1000000)
#define FOREIGN_LOOKS 3 /* seconds; queues are asked for every two */
#define RETRY_MS 5000   /* after a question that failed */

enum step { STEP_QUEUE, STEP_INFO, STEP_STATS, STEP_FEATURES, STEP_REST };

struct worker_refresh {
	struct fleet_worker *worker;
	enum step step;
	struct fetch *fetch;
	bool wants, is_asking, has_failed;
	uint64_t asked_us; /* when the last round ended; 0 never */
};

static uint32_t asking;

static void ask_next(struct worker_refresh *refresh);

static void end_round(struct worker_refresh *refresh)
{
	refresh->step = STEP_REST;
	refresh->asked_us = clock_now_us;
	if (refresh->is_asking)
		asking--;
	refresh->is_asking = false;
	/* Who waits for a list waits no longer if nobody is left who could tell. */
	if (refresh->has_failed)
		routes_info_failed(refresh->worker->fleet);
}

/* Its classes are known now, or it told nonsense. */
static void on_read(void *arg, int error)
{
	struct fleet_worker *worker = arg;
	if (error == 0) {
		fleet_place_soon(worker->fleet);
		routes_info_known(worker->fleet);
		return;
	}
	worker->refresh->has_failed = true;
	routes_info_failed(worker->fleet);
	log_warn("object_info_unusable", "pool=%s worker=%s why=%s", LOG_QUOTE(worker->fleet->name),
		LOG_QUOTE(worker->node_id), LOG_QUOTE(strerrordesc_np(-error)));
}

static void take_info(struct fleet_worker *worker, const struct fetch_result *result)
{
	if (result->error != 0 || result->status != 200) {
		worker->refresh->has_failed = true;
		return;
	}
	struct blob *body = blob_copy(result->body.p, result->body.n);
	int rc = body == NULL ? -1 : defs_worker_set(worker->defs, body);
	blob_unref(body);
	if (rc != 0)
		log_warn("object_info_unusable", "pool=%s worker=%s bytes=%llu",
			LOG_QUOTE(worker->fleet->name), LOG_QUOTE(worker->node_id),
			(unsigned long long)result->bytes);
	worker->refresh->has_failed = rc != 0;
}

static void take_stats(struct fleet_worker *worker, const struct fetch_result *result)
{
	struct backend_report report;
	if (result->error == 0 && result->status == 200 &&
		comfy_read_system_stats(result->body, &report)) {
		worker->backend->report = report;
		worker->vram_total = report.vram_total;
	}
}

static void take_features(struct fleet_worker *worker, const struct fetch_result *result)
{
	struct json_value value;
	blob_unref(worker->features);
	worker->features = NULL;
	/* A version that has none answers 404. */
	if (result->error == 0 && result->status == 404)
		worker->features = blob_copy("{}", 2);
	if (result->error == 0 && result->status == 200 && json_read(result->body, &value) &&
		value.kind == JSON_KIND_OBJECT)
		worker->features = blob_copy(result->body.p, result->body.n);
}

/* A job of ours that was given up there while the worker could not be reached: it must not run
 * twice. */
static void stop_stray(struct fleet_worker *worker, struct slice id, bool is_running)
{
	char body[128];
	int n = snprintf(body, sizeof(body),
		is_running ? "{\"prompt_id\": \"%.*s\"}" : "{\"delete\": [\"%.*s\"]}", (int)id.n,
		id.p);
	log_info("stray_job_stopped", "pool=%s worker=%s job=%.*s", LOG_QUOTE(worker->fleet->name),
		LOG_QUOTE(worker->node_id), (int)id.n, id.p);
	if (is_running)
		worker->interrupted_us = clock_now_us;
	if (!fleet_tell(
		    worker, is_running ? "/interrupt" : "/queue", (struct slice){body, (size_t)n}))
		log_warn("stray_job_runs", "worker=%s", LOG_QUOTE(worker->node_id));
}

static void look_for_strays(struct fleet_worker *worker, struct json_value queue, const char *list)
{
	struct json_value items, item, id;
	struct json_scan scan, inner;
	if (!json_find(queue, list, &items))
		return;
	json_walk(&scan, items);
	while (json_item(&scan, &item)) {
		json_walk(&inner, item);
		bool has_id = json_item(&inner, &id);
		has_id = has_id && json_item(&inner, &id);
		if (!has_id || id.kind != JSON_KIND_STRING || json_has_escape(id.raw))
			continue;
		const struct job *job = jobs_find(worker->fleet->jobs, json_inside(id.raw));
		if (job != NULL && job->worker != worker)
			stop_stray(worker, json_inside(id.raw), strcmp(list, "queue_running") == 0);
	}
}

static void take_queue(struct fleet_worker *worker, const struct fetch_result *result)
{
	struct json_value queue;
	if (result->error != 0)
		return;
	if (result->status == 200 && json_read(result->body, &queue)) {
		look_for_strays(worker, queue, "queue_running");
		look_for_strays(worker, queue, "queue_pending");
	}
	/* Now it may get jobs again. */
	worker->was_down = false;
	fleet_refresh_room(worker);
}

static void on_done(const struct fetch_result *result, void *arg)
{
	static void (*const takers[])(struct fleet_worker *, const struct fetch_result *) = {
		take_queue, take_info, take_stats, take_features};
	struct worker_refresh *refresh = arg;
	refresh->fetch = NULL;
	takers[refresh->step](refresh->worker, result);
	refresh->step++;
	/* Whoever does not answer the first question is not asked the others. */
	if (result->error != 0)
		end_round(refresh);
	else
		ask_next(refresh);
}

static void ask_next(struct worker_refresh *refresh)
{
	static const char *const paths[] = {"/queue", "/object_info", "/system_stats", "/features"};
	if (refresh->step == STEP_QUEUE && !refresh->worker->was_down)
		refresh->step++;
	if (refresh->step == STEP_REST) {
		end_round(refresh);
		return;
	}
	bool is_large = refresh->step == STEP_INFO || refresh->step == STEP_QUEUE;
	struct fetch_ask ask = {
		.path = paths[refresh->step],
		.timeout_ms = is_large ? INFO_TIMEOUT_MS : SMALL_TIMEOUT_MS,
		.body_most = is_large ? INFO_MOST : SMALL_MOST,
		.on_done = on_done,
		.arg = refresh,
	};
	refresh->fetch = fleet_ask(refresh->worker, &ask);
	if (refresh->fetch == NULL) {
		refresh->has_failed = true;
		end_round(refresh);
	}
}

static void begin_round(struct worker_refresh *refresh)
{
	if (refresh->is_asking || asking >= ASKING_MOST || !fleet_worker_is_up(refresh->worker))
		return;
	refresh->is_asking = true;
	refresh->wants = refresh->has_failed = false;
	refresh->step = STEP_QUEUE;
	asking++;
	ask_next(refresh);
}

void worker_refresh(struct fleet_worker *worker, uint64_t older_ms)
{
	struct worker_refresh *refresh = worker->refresh;
	if (refresh->asked_us != 0 && clock_now_us - refresh->asked_us < older_ms * 1000)
		return;
	refresh->wants = true;
	begin_round(refresh);
}

void worker_is_back(struct fleet_worker *worker)
{
	struct worker_refresh *refresh = worker->refresh;
	supply_worker_forget(worker->supply);
	home_worker_is_back(worker);
	/* What is asked now may be the answer of the one before. */
	fetch_cancel(refresh->fetch);
	refresh->fetch = NULL;
	if (refresh->is_asking)
		end_round(refresh);
	refresh->asked_us = 0;
	worker_refresh(worker, 0);
}

/* Jobs that somebody else gave it. Believed after a while in which we gave it none and none of ours
 * ended, because a report may be older than that. */
static void look_for_foreign(struct fleet_worker *worker)
{
	int32_t queue_len = worker->backend->queue_len;
	uint32_t ours = 0;
	list_each (node, &worker->jobs)
		ours++;
	uint32_t more = queue_len > (int32_t)ours ? (uint32_t)queue_len - ours : 0;
	uint64_t moves = worker->backend->stats.jobs_accepted + ours;
	worker->foreign_looks = more == 0 || moves != worker->moves ? 0 : worker->foreign_looks + 1;
	worker->moves = moves;
	uint32_t foreign = worker->foreign_looks >= FOREIGN_LOOKS ? more : 0;
	if (foreign == worker->foreign)
		return;
	worker->foreign = foreign;
	fleet_refresh_room(worker);
}

/* A job that is silent for long, though it has a link: it may have been deleted there. */
static void look_for_silent(struct fleet_worker *worker)
{
	list_each_safe (node, &worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		struct job_run *run = job->run;
		bool is_there = job->state == JOB_PLACED || job->state == JOB_RUNNING;
		if (is_there && !run->is_polled && run->outcome == RUN_NONE &&
			clock_now_us - run->heard_us > SILENT_US)
			poll_begin(worker->fleet, job);
	}
}

void worker_look(struct fleet_worker *worker)
{
	struct worker_refresh *refresh = worker->refresh;
	bool is_due = refresh->asked_us == 0 || refresh->wants || worker->was_down ||
		      (refresh->has_failed &&
			      clock_now_us - refresh->asked_us > (uint64_t)RETRY_MS * 1000);
	if (is_due)
		begin_round(refresh);
	look_for_foreign(worker);
	look_for_silent(worker);
	lose_unwanted(worker);
	if (worker->is_leaving || worker->backend->is_draining)
		lose_drained(worker);
	fleet_refresh_room(worker);
}

bool worker_is_asked(const struct fleet_worker *worker)
{
	return fleet_worker_is_up(worker) &&
	       (worker->refresh->is_asking || worker->refresh->asked_us == 0);
}

bool worker_refresh_create(struct fleet_worker *worker)
{
	struct worker_refresh *refresh = calloc(1, sizeof(*refresh));
	if (refresh == NULL)
		return false;
	refresh->worker = worker;
	refresh->step = STEP_REST;
	worker->refresh = refresh;
	defs_worker_on_read(worker->defs, on_read, worker);
	return true;
}

void worker_refresh_destroy(struct fleet_worker *worker)
{
	struct worker_refresh *refresh = worker->refresh;
	if (refresh == NULL)
		return;
	fetch_cancel(refresh->fetch);
	if (refresh->is_asking)
		asking--;
	worker->refresh = NULL;
	free(refresh);
}
