/*
 * comfy/run.c - what a worker tells of a job, message by message: whose it is, what it changes, and
 * on to the owner.
 *
 *   execution_start         RUNNING
 *   executed                outputs: who made which file
 *   success error interrupted    the outcome; an error of memory may be held back
 *   executing, node null    the end marker: finish.c
 *
 * A version that gives ids of its own has ours written over them, in place: both have 36 octets.
 */
#include "comfy/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/fleet_parts.h"
#include "comfy/may_run.h"

#include <stdlib.h>

#define EARLY_MOST (4u << 20)  /* octets kept before the worker's answer came */
#define MARKER_TIMEOUT_MS 5000 /* from the outcome to the end marker */
#define STRAY_INTERRUPT_US (UINT64_C(60) * 1000000)
#define NOTED_MOST (16u << 20) /* octets of outputs and messages kept for a history of our own */

static void on_due(struct deadline *deadline)
{
	struct job_run *run = CONTAINER_OF(deadline, struct job_run, deadline);
	if (run->job->state == JOB_ENDING)
		finish_ask_history(run);
	else if (run->is_polled)
		poll_ask(run);
	else
		/* The outcome came and its marker did not. */
		finish_job(run->fleet, run->job);
}

struct job_run *run_create(struct fleet *fleet, struct job *job, struct fleet_worker *worker)
{
	struct job_run *run = calloc(1, sizeof(*run));
	if (run == NULL)
		return NULL;
	run->job = job;
	run->fleet = fleet;
	run->worker = worker;
	list_init(&run->early);
	list_init(&run->held);
	list_init(&run->opened.node);
	deadline_init(&run->deadline, on_due);
	return run;
}

void run_destroy(struct job_run *run)
{
	if (run == NULL)
		return;
	deadline_clear(&run->deadline);
	fetch_cancel(run->fetch);
	supply_wait_cancel(&run->supply);
	link_wait_cancel(&run->opened);
	link_release(run->link);
	run_forget(&run->early);
	run_forget(&run->held);
	text_finish(&run->outputs);
	text_finish(&run->messages);
	free(run);
}

struct job *run_find(const struct fleet_worker *worker, struct slice worker_id)
{
	list_each (node, &worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		if (slice_is(slice_of(job->worker_id), worker_id))
			return job;
	}
	return NULL;
}

/* The one of this link's that runs: messages without an id belong to it. */
static struct job *running_on(const struct link *link)
{
	struct job *ending = NULL;
	list_each (node, &link->worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		if (job->run->link != link)
			continue;
		if (job->state == JOB_RUNNING)
			return job;
		if (job->state == JOB_ENDING)
			ending = job;
	}
	return ending;
}

/* One whose id may be another than ours, because its worker has not answered yet. */
static struct job *unanswered_on(const struct link *link)
{
	list_each (node, &link->worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		if (job->run->link == link && job->state == JOB_PLACING && job->run->is_posted)
			return job;
	}
	return NULL;
}

/* For the history, should the worker's own be lost. */
static void note(struct text *text, const char *before, struct slice p, const char *between,
	struct slice q, const char *after)
{
	if (text->n + p.n + q.n > NOTED_MOST)
		return;
	if (text->n != 0)
		text_puts(text, ", ");
	text_puts(text, before);
	text_put(text, p.p, p.n);
	text_puts(text, between);
	text_put(text, q.p, q.n);
	text_puts(text, after);
}

static void note_message(struct job_run *run, const struct comfy_event *event)
{
	note(&run->messages, "[\"", event->type, "\", ", event->data.raw, "]");
}

static void started(struct fleet *fleet, struct job *job)
{
	job->run->outcome = RUN_NONE;
	job->started_us = clock_now_us;
	job->started_wall_ms = clock_wall_us() / 1000;
	if (job->state != JOB_PLACED)
		return;
	jobs_move(fleet->jobs, job, JOB_RUNNING);
	recover_note(fleet, job);
	/* It was to be taken out of the queue, and began before that. */
	if (job->run->is_unwanted)
		(void)finish_cancel(fleet, job);
}

static void count_cached(struct job *job, const struct comfy_event *event)
{
	struct json_value nodes, item;
	struct json_scan scan;
	uint32_t count = 0;
	if (!json_find(event->data, "nodes", &nodes))
		return;
	json_walk(&scan, nodes);
	while (json_item(&scan, &item))
		count++;
	job->run->was_cached = job->node_count != 0 && count >= job->node_count;
}

/* The outputs of one node. Returns a blob in the place of the message where names had to change. */
static struct blob *executed(struct job *job, const struct comfy_event *event, struct slice message)
{
	struct json_value output;
	struct job_run *run = job->run;
	if (!json_find(event->data, "output", &output) || output.kind != JSON_KIND_OBJECT)
		return NULL;
	files_learn(run->fleet, job, output.raw);
	struct blob *renamed = files_rename_outputs(run->fleet, run->worker, output.raw);
	struct slice shown = renamed == NULL ? output.raw : blob_slice(renamed);
	note(&run->outputs, "\"", event->node, "\": ", shown, "");
	if (renamed == NULL)
		return NULL;
	size_t before = (size_t)(output.raw.p - message.p);
	size_t after = message.n - before - output.raw.n;
	struct blob *whole = blob_create(before + shown.n + after);
	if (whole != NULL) {
		memcpy(whole->p, message.p, before);
		memcpy(whole->p + before, shown.p, shown.n);
		memcpy(whole->p + before + shown.n, output.raw.p + output.raw.n, after);
	}
	blob_unref(renamed);
	return whole;
}

/* True: it runs once more elsewhere, and its client is told nothing of this. */
static bool ran_out_of_vram(struct fleet *fleet, struct job *job, const struct comfy_event *event)
{
	struct json_value type;
	const struct fleet_worker *worker = job->run->worker;
	if (job->oom_retries != 0 || job->run->is_unwanted ||
		!json_find(event->data, "exception_type", &type) ||
		memmem(type.raw.p, type.raw.n, "OutOfMemory", 11) == NULL)
		return false;
	uint64_t had = worker->vram_total;
	if (had != 0)
		may_run_learn_tight(fleet, job, had);
	if (had == 0 || !may_run_with_more_vram(fleet, job, had))
		return false;
	job->vram_over = had;
	job->oom_retries++;
	job->run->outcome = RUN_ERROR;
	job->runs_again = true;
	fleet->stats.oom_retried++;
	return true;
}

/* The same, for a job that was in the way of an interrupt that came late: it was for another one at
 * a worker that does not read for whom it is, or for an earlier run of this job there. */
bool run_was_hit_by_mistake(struct fleet *fleet, struct job *job)
{
	const struct fleet_worker *worker = job->run->worker;
	if (job->run->is_unwanted || worker->interrupted_us == 0 ||
		clock_now_us - worker->interrupted_us > STRAY_INTERRUPT_US)
		return false;
	log_warn("interrupt_strayed", "pool=%s worker=%s job=%s", LOG_QUOTE(fleet->name),
		LOG_QUOTE(worker->node_id), job->id);
	job->run->outcome = RUN_ERROR;
	job->runs_again = true;
	return true;
}

static void outcome(struct job *job, enum run_outcome outcome)
{
	job->run->outcome = outcome;
	deadline_set(&job->run->deadline, MARKER_TIMEOUT_MS);
}

/* What it means to us. False: it is not for the client now. */
static bool apply(struct fleet *fleet, struct job *job, const struct comfy_event *event)
{
	switch (event->kind) {
	case EVENT_EXECUTION_START:
		started(fleet, job);
		note_message(job->run, event);
		return true;
	case EVENT_EXECUTION_CACHED:
		count_cached(job, event);
		note_message(job->run, event);
		return true;
	case EVENT_SUCCESS:
		note_message(job->run, event);
		outcome(job, RUN_SUCCESS);
		return true;
	case EVENT_ERROR:
		if (ran_out_of_vram(fleet, job, event)) {
			deadline_set(&job->run->deadline, MARKER_TIMEOUT_MS);
			return false;
		}
		note_message(job->run, event);
		outcome(job, RUN_ERROR);
		return true;
	case EVENT_INTERRUPTED:
		if (run_was_hit_by_mistake(fleet, job)) {
			deadline_set(&job->run->deadline, MARKER_TIMEOUT_MS);
			return false;
		}
		note_message(job->run, event);
		outcome(job, RUN_INTERRUPTED);
		return true;
	default:
		return true;
	}
}

static bool is_end_marker(const struct comfy_event *event)
{
	return event->kind == EVENT_EXECUTING && !event->has_node;
}

static void take_event(struct fleet *fleet, struct job *job, const struct comfy_event *event,
	enum ws_opcode opcode, struct slice message)
{
	struct blob *changed = NULL; /* in the message's place */
	job->run->heard_us = clock_now_us;
	if (is_end_marker(event)) {
		if (job->state == JOB_ENDING)
			return;
		/* Told once its history can be asked for: clients rely on that order. */
		if (!job->runs_again)
			run_keep(&job->run->held, opcode, message);
		finish_job(fleet, job);
		return;
	}
	if (!apply(fleet, job, event))
		return;
	if (event->kind == EVENT_EXECUTED)
		changed = executed(job, event, message);
	struct slice told = changed == NULL ? message : blob_slice(changed);
	if (job->state == JOB_ENDING)
		run_keep(&job->run->held, opcode, told);
	else if (job->owner != NULL)
		(void)owner_deliver(job->owner, job, event, opcode, told);
	blob_unref(changed);
}

/* Events that ComfyUI sends to everybody, and that say nothing of a job. */
static bool is_for_everybody(const struct comfy_event *event)
{
	return event->kind == EVENT_OTHER && slice_starts(event->type, SLICE("assets."));
}

static void without_id(struct link *link, const struct comfy_event *event, enum ws_opcode opcode,
	struct slice message)
{
	struct job *job = running_on(link);
	if (event->kind == EVENT_LOGS && link->owner != NULL) {
		(void)owner_deliver(link->owner, NULL, event, opcode, message);
	} else if (job != NULL && !is_for_everybody(event)) {
		take_event(link->worker->fleet, job, event, opcode, message);
	} else if (unanswered_on(link) != NULL && !is_for_everybody(event)) {
		struct job_run *run = unanswered_on(link)->run;
		run->early_bytes += message.n;
		if (run->early_bytes <= EARLY_MOST)
			run_keep(&run->early, opcode, message);
	} else {
		owner_stats.foreign_dropped++;
	}
}

void fleet_on_message(struct link *link, enum ws_opcode opcode, char *message, size_t n)
{
	struct comfy_event event;
	struct slice all = {message, n};
	struct fleet_worker *worker = link->worker;
	if (opcode == WS_TEXT)
		event_read_text(&event, all);
	else
		event_read_binary(&event, all);
	if (event.kind == EVENT_STATUS || event.kind == EVENT_FEATURE_FLAGS ||
		event.kind == EVENT_BROKEN)
		return;
	if (event.prompt_id.p == NULL) {
		without_id(link, &event, opcode, all);
		return;
	}
	struct job *job = run_find(worker, event.prompt_id);
	if (job != NULL && job->run->link != link) {
		/* Somebody else's: a broadcast, or a job that changed its link. */
		owner_stats.foreign_dropped++;
		return;
	}
	if (job == NULL || job->state == JOB_PLACING) {
		struct job *waits = job != NULL ? job : unanswered_on(link);
		if (waits == NULL || waits->run->early_bytes + n > EARLY_MOST) {
			owner_stats.foreign_dropped++;
			return;
		}
		waits->run->early_bytes += n;
		run_keep(&waits->run->early, opcode, all);
		return;
	}
	if (worker->ignores_ids)
		(void)event_rename(message, n, slice_of(job->worker_id), slice_of(job->id));
	take_event(worker->fleet, job, &event, opcode, all);
}
