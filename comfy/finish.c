/*
 * comfy/finish.c - how a job ends.
 *
 *   end marker --> ENDING --> GET /history/{id} at the worker --> DONE, FAILED, CANCELLED
 *                    '- its slot is free                            '- told now: the end marker
 *
 * Without the worker's entry (it died, or forgot) the history is made from what the events said.
 */
#include "comfy/fleet_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/owner.h"

#include <stdio.h>

#define HISTORY_MOST (256u << 20)
#define HISTORY_TIMEOUT_MS 10000
#define HISTORY_TRIES 5

static const uint64_t history_waits_ms[HISTORY_TRIES] = {0, 50, 200, 600, 1500};

/* From all lists but the table's. */
static void detach(struct fleet *fleet, struct job *job)
{
	struct owner *owner = job->owner;
	place_undo(fleet, job, SCHED_SHORT);
	supply_names_release(job->names);
	job->names = NULL;
	list_remove(&job->in_owner);
	job->owner = NULL;
	if (owner != NULL)
		owner_rest(owner);
}

void finish_end(struct fleet *fleet, struct job *job, enum job_state state, struct list *told)
{
	struct owner *owner = job->owner;
	job->ended_wall_ms = clock_wall_us() / 1000;
	recover_forget(fleet, job);
	if (state == JOB_DONE)
		fleet->stats.done++;
	else if (state == JOB_CANCELLED)
		fleet->stats.cancelled++;
	else if (state == JOB_LOST)
		fleet->stats.lost++;
	else
		fleet->stats.failed++;
	jobs_move(fleet->jobs, job, state);
	jobs_archive(fleet->jobs, job);
	/* Now whoever hears of the end finds it in the history. */
	run_deliver(job, told);
	if (owner != NULL)
		owner_forget_run(owner, job);
	detach(fleet, job);
	owners_status_changed(fleet->owners);
	fleet_place_soon(fleet);
}

void finish_removed(struct fleet *fleet, struct job *job)
{
	struct owner *owner = job->owner;
	if (job->submit != NULL) {
		static const char words[] = "{\"error\": {\"type\": \"cancelled\", \"message\": "
					    "\"The job was cancelled\", \"details\": \"\", "
					    "\"extra_info\": {}}, \"node_errors\": {}}";
		submit_refused(fleet, job, 400, SLICE(words));
		return;
	}
	recover_forget(fleet, job);
	fleet->stats.cancelled++;
	if (owner != NULL)
		owner_forget_run(owner, job);
	detach(fleet, job);
	jobs_drop(fleet->jobs, job);
	owners_status_changed(fleet->owners);
	fleet_place_soon(fleet);
}

/* -- with what the worker remembers -- */

static struct slice raw_of(struct json_value object, const char *name, struct slice otherwise)
{
	struct json_value value;
	return json_find(object, name, &value) ? value.raw : otherwise;
}

struct blob *finish_result(struct slice outputs, struct slice status, struct slice meta)
{
	struct text text;
	text_init(&text, outputs.n + status.n + meta.n + 64);
	text_puts(&text, "{\"outputs\": ");
	text_put(&text, outputs.p, outputs.n);
	text_puts(&text, ", \"status\": ");
	text_put(&text, status.p, status.n);
	text_puts(&text, ", \"meta\": ");
	text_put(&text, meta.p, meta.n);
	text_puts(&text, "}");
	return blob_of_text(&text);
}

static enum job_state state_of(const struct job_run *run, struct slice status)
{
	struct json_value value, text;
	enum run_outcome outcome = run->outcome;
	if (outcome == RUN_NONE && json_read(status, &value)) {
		bool is_good = json_find(value, "status_str", &text) &&
			       json_is_text(text.raw, SLICE("success"));
		bool was_stopped = memmem(status.p, status.n, "\"execution_interrupted\"", 23) !=
				   NULL;
		outcome = is_good ? RUN_SUCCESS : was_stopped ? RUN_INTERRUPTED : RUN_ERROR;
	}
	return outcome == RUN_SUCCESS       ? JOB_DONE
	       : outcome == RUN_INTERRUPTED ? JOB_CANCELLED
	       : outcome == RUN_NONE        ? JOB_DONE
					    : JOB_FAILED;
}

/* `outputs` as clients see them: with the names that the fleet gives to files. */
static void conclude(
	struct fleet *fleet, struct job *job, struct json_value entry, struct slice outputs)
{
	struct job_run *run = job->run;
	struct slice status = raw_of(entry, "status", SLICE("{}"));
	enum job_state state = state_of(run, status);
	blob_unref(job->result);
	job->result = finish_result(outputs, status, raw_of(entry, "meta", SLICE("{}")));
	if (job->result != NULL && strcmp(job->worker_id, job->id) != 0)
		(void)event_rename(job->result->p, job->result->n, slice_of(job->worker_id),
			slice_of(job->id));
	struct list told;
	run_move(&run->held, &told);
	finish_end(fleet, job, state, &told);
}

void finish_with_entry(struct fleet *fleet, struct job *job, struct json_value entry)
{
	struct slice outputs = raw_of(entry, "outputs", SLICE("{}"));
	files_learn(fleet, job, outputs);
	struct blob *renamed = files_rename_outputs(fleet, job->run->worker, outputs);
	conclude(fleet, job, entry, renamed != NULL ? blob_slice(renamed) : outputs);
	blob_unref(renamed);
}

/* -- without it -- */

/* What the events said, as the history would have it. */
static void finish_by_events(struct fleet *fleet, struct job *job)
{
	struct json_value entry;
	struct job_run *run = job->run;
	bool is_good = run->outcome == RUN_SUCCESS || run->outcome == RUN_NONE;
	struct text text;
	text_init(&text, run->outputs.n + run->messages.n + 128);
	text_puts(&text, "{\"outputs\": {");
	text_put(&text, run->outputs.p, run->outputs.n);
	text_puts(&text, "}, \"status\": {\"status_str\": ");
	text_puts(&text,
		is_good ? "\"success\", \"completed\": true" : "\"error\", \"completed\": false");
	text_puts(&text, ", \"messages\": [");
	text_put(&text, run->messages.p, run->messages.n);
	text_puts(&text, "]}, \"meta\": {}}");
	struct blob *whole = blob_of_text(&text);
	log_warn("history_missing", "pool=%s worker=%s job=%s", LOG_QUOTE(fleet->name),
		LOG_QUOTE(run->worker->node_id), job->id);
	if (whole == NULL || !json_read(blob_slice(whole), &entry))
		entry = (struct json_value){JSON_KIND_OBJECT, SLICE("{}")};
	/* The names in it are those that were shown already. */
	conclude(fleet, job, entry, raw_of(entry, "outputs", SLICE("{}")));
	blob_unref(whole);
}

static void on_history(const struct fetch_result *result, void *arg)
{
	struct job_run *run = arg;
	struct job *job = run->job;
	struct json_value root, entry;
	run->fetch = NULL;
	if (result->error == 0 && result->status == 200 && json_read(result->body, &root) &&
		json_find(root, job->worker_id, &entry) && cancel_is_entry_of(entry, job)) {
		finish_with_entry(run->fleet, job, entry);
		return;
	}
	if (run->history_tries >= HISTORY_TRIES || !fleet_worker_is_up(run->worker))
		finish_by_events(run->fleet, job);
	else
		deadline_set(&run->deadline, history_waits_ms[run->history_tries]);
}

void finish_ask_history(struct job_run *run)
{
	char path[JOB_WORKER_ID_MOST + 16];
	struct job *job = run->job;
	(void)snprintf(path, sizeof(path), "/history/%s", job->worker_id);
	struct fetch_ask ask = {
		.path = path,
		.timeout_ms = HISTORY_TIMEOUT_MS,
		.body_most = HISTORY_MOST,
		.on_done = on_history,
		.arg = run,
	};
	run->history_tries++;
	if (run->fetch == NULL)
		run->fetch = fleet_ask(run->worker, &ask);
	if (run->fetch == NULL)
		finish_by_events(run->fleet, job);
}

/* -- the end marker -- */

static void release_slot(struct fleet *fleet, struct job *job)
{
	struct job_run *run = job->run;
	double run_s = job->started_us == 0 ? 0 : (double)(clock_now_us - job->started_us) / 1e6;
	bool is_good = run->outcome == RUN_SUCCESS ||
		       (run->outcome == RUN_NONE && job->started_us != 0);
	if (run->is_released)
		return;
	run->is_released = true;
	run->worker->job_count--;
	schedule_ended(fleet->schedule, (double)clock_now_us / 1e6, &job->sched, run->worker->sched,
		is_good ? SCHED_DONE : SCHED_SHORT, run_s, run->was_cached);
	fleet_refresh_room(run->worker);
}

void finish_job(struct fleet *fleet, struct job *job)
{
	struct job_run *run = job->run;
	deadline_clear(&run->deadline);
	poll_end(job);
	/* A question that was about another end of it. */
	fetch_cancel(run->fetch);
	run->fetch = NULL;
	run->is_removing = false;
	if (job->runs_again && run->outcome == RUN_ERROR) {
		job->runs_again = false;
		place_undo(fleet, job, SCHED_SHORT);
		owner_forget_run(job->owner, job);
		place_wait(fleet, job);
		recover_note(fleet, job);
		return;
	}
	if (job->submit != NULL)
		submit_accepted(job, (struct slice){NULL, 0});
	/* Its worker never told the end, and the client waits for it. */
	if (list_is_empty(&run->held))
		run_keep_marker(&run->held, job);
	jobs_move(fleet->jobs, job, JOB_ENDING);
	release_slot(fleet, job);
	finish_ask_history(run);
}

void finish_polled(struct fleet *fleet, struct job *job, struct json_value entry)
{
	struct slice status = raw_of(entry, "status", SLICE("{}"));
	bool was_stopped = job->run->outcome == RUN_NONE &&
			   state_of(job->run, status) == JOB_CANCELLED;
	if (was_stopped && run_was_hit_by_mistake(fleet, job)) {
		finish_job(fleet, job);
		return;
	}
	poll_end(job);
	if (job->submit != NULL)
		submit_accepted(job, (struct slice){NULL, 0});
	jobs_move(fleet->jobs, job, JOB_ENDING);
	release_slot(fleet, job);
	finish_with_entry(fleet, job, entry);
}

/* -- at exit -- */

void finish_abandon_all(struct fleet *fleet)
{
	submit_abandon_all(fleet);
	list_each_safe (node, jobs_all_active(fleet->jobs)) {
		struct job *job = CONTAINER_OF(node, struct job, in_table);
		place_undo(fleet, job, SCHED_SHORT);
		supply_names_release(job->names);
		job->names = NULL;
		list_remove(&job->in_owner);
		job->owner = NULL;
	}
	list_each (node, jobs_all_ended(fleet->jobs)) {
		struct job *job = CONTAINER_OF(node, struct job, in_table);
		supply_names_release(job->names);
		job->names = NULL;
	}
}
