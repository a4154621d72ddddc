/*
 * comfy/poll.c - jobs whose events do not come: their workers are asked once a second.
 *
 *   GET /history/{id}   has it: it has ended
 *   GET /queue          running, pending, or unknown: lost
 */
#include "comfy/fleet_parts.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

#define POLL_MS 1000
#define SILENT_MS 10000 /* of one that has a link, and is silent there */
#define FIRST_MS 1      /* after a link broke it matters to know soon whether the worker lives */
#define TIMEOUT_MS 10000
#define ANSWER_MOST (256u << 20)
#define ODDITIES 60 /* answers in a row that say nothing, or none in time */
#define REFUSALS 2  /* questions in a row that nobody answers: the worker is gone */

static void ask(struct job_run *run, const char *path,
	void (*on_done)(const struct fetch_result *result, void *arg))
{
	struct fetch_ask ask = {
		.path = path,
		.timeout_ms = TIMEOUT_MS,
		.body_most = ANSWER_MOST,
		.on_done = on_done,
		.arg = run,
	};
	run->fleet->stats.polls++;
	run->fetch = fleet_ask(run->worker, &ask);
	if (run->fetch == NULL)
		deadline_set(&run->deadline, POLL_MS);
}

static bool is_refusal(int error)
{
	return error == -ECONNREFUSED || error == -ECONNRESET || error == -ENODATA ||
	       error == -EHOSTUNREACH || error == -ENETUNREACH || error == -ENOENT;
}

/* Nothing was learned this time. */
static void later(struct job_run *run, int error)
{
	struct fleet_worker *worker = run->worker;
	if (is_refusal(error) && ++run->refusals >= REFUSALS) {
		lb_backend_failed(worker->backend, false, fetch_error_text(error));
		if (worker->backend->state != BACKEND_DOWN)
			lose_worker(worker, fetch_error_text(error));
		return;
	}
	if (!is_refusal(error) && ++run->oddities >= ODDITIES) {
		finish_failed(run->fleet, run->job, "comfymux.WorkerSilent",
			"The worker took this job and does not tell what became of it.");
		return;
	}
	deadline_set(&run->deadline, run->refusals != 0 ? 100 : POLL_MS);
}

static void on_queue(const struct fetch_result *result, void *arg)
{
	struct job_run *run = arg;
	struct job *job = run->job;
	struct json_value root;
	run->fetch = NULL;
	if (result->error != 0 || result->status != 200 || !json_read(result->body, &root)) {
		later(run, result->error);
		return;
	}
	run->refusals = run->oddities = 0;
	if (cancel_is_in(root, "queue_running", job->worker_id)) {
		run->misses = 0;
		if (job->state == JOB_PLACED) {
			job->started_us = clock_now_us;
			job->started_wall_ms = clock_wall_us() / 1000;
			jobs_move(run->fleet->jobs, job, JOB_RUNNING);
			recover_note(run->fleet, job);
			/* It was cancelled while this was asked, and could not be taken out. */
			if (run->is_unwanted)
				(void)finish_cancel(run->fleet, job);
		}
	} else if (cancel_is_in(root, "queue_pending", job->worker_id)) {
		run->misses = 0;
	} else if (++run->misses >= 2) {
		/* Twice, because it may have ended between the two questions. */
		lose_job(run->fleet, job, "the worker does not know it");
		return;
	}
	deadline_set(&run->deadline, run->misses != 0    ? 50
				     : run->link != NULL ? SILENT_MS
							 : POLL_MS);
}

static void put_renamed(struct text *text, struct job_run *run, struct slice output)
{
	struct blob *renamed = files_rename_outputs(run->fleet, run->worker, output);
	struct slice shown = renamed == NULL ? output : blob_slice(renamed);
	text_put(text, shown.p, shown.n);
	blob_unref(renamed);
}

/* What its client would have been told: outputs, the outcome, the end marker. */
static void tell_executed(struct job_run *run, struct slice node, struct slice output)
{
	struct text text;
	text_init(&text, output.n + 256);
	text_puts(&text, "{\"type\": \"executed\", \"data\": {\"node\": ");
	text_put(&text, node.p, node.n);
	text_puts(&text, ", \"display_node\": ");
	text_put(&text, node.p, node.n);
	text_puts(&text, ", \"output\": ");
	put_renamed(&text, run, output);
	text_puts(&text, ", \"prompt_id\": \"");
	text_puts(&text, run->job->id);
	text_puts(&text, "\"}}");
	if (!text.is_short)
		run_keep(&run->held, WS_TEXT, (struct slice){text.p, text.n});
	text_finish(&text);
}

static bool is_of_start(struct json_value type)
{
	return json_is_text(type.raw, SLICE("execution_start")) ||
	       json_is_text(type.raw, SLICE("execution_cached"));
}

static void tell_message(struct job_run *run, struct json_value message, bool is_start_wanted)
{
	struct json_value type, data;
	struct json_scan scan;
	struct text text;
	json_walk(&scan, message);
	if (!json_item(&scan, &type) || !json_item(&scan, &data) ||
		is_of_start(type) != is_start_wanted)
		return;
	text_init(&text, data.raw.n + 128);
	text_puts(&text, "{\"type\": ");
	text_put(&text, type.raw.p, type.raw.n);
	text_puts(&text, ", \"data\": ");
	text_put(&text, data.raw.p, data.raw.n);
	text_puts(&text, "}");
	if (!text.is_short) {
		(void)event_rename(
			text.p, text.n, slice_of(run->job->worker_id), slice_of(run->job->id));
		run_keep(&run->held, WS_TEXT, (struct slice){text.p, text.n});
	}
	text_finish(&text);
}

static void tell_messages(struct job_run *run, struct json_value entry, bool is_start_wanted)
{
	struct json_value status, messages, value;
	struct json_scan scan;
	if (!json_find(entry, "status", &status) || !json_find(status, "messages", &messages))
		return;
	json_walk(&scan, messages);
	while (json_item(&scan, &value))
		tell_message(run, value, is_start_wanted);
}

/* Ended, as the worker's history says. Its client saw the events until its link was lost: it may
 * be told of an output twice, but not that the job starts again. */
static void tell_end(struct job_run *run, struct json_value entry)
{
	struct job *job = run->job;
	struct json_value outputs, value;
	struct slice name;
	struct json_scan scan;
	files_learn(run->fleet, job, entry.raw);
	if (run->messages.n == 0)
		tell_messages(run, entry, true);
	if (json_find(entry, "outputs", &outputs)) {
		json_walk(&scan, outputs);
		while (json_member(&scan, &name, &value))
			tell_executed(run, name, value.raw);
	}
	tell_messages(run, entry, false);
	run_keep_marker(&run->held, job);
	finish_polled(run->fleet, job, entry);
}

static void on_history(const struct fetch_result *result, void *arg)
{
	struct job_run *run = arg;
	struct job *job = run->job;
	struct json_value root, entry;
	run->fetch = NULL;
	if (result->error != 0 || result->status != 200 || !json_read(result->body, &root)) {
		later(run, result->error);
		return;
	}
	if (!json_find(root, job->worker_id, &entry) || !cancel_is_entry_of(entry, job)) {
		ask(run, "/queue", on_queue);
		return;
	}
	tell_end(run, entry);
}

void poll_ask(struct job_run *run)
{
	char path[JOB_WORKER_ID_MOST + 16];
	(void)snprintf(path, sizeof(path), "/history/%s", run->job->worker_id);
	/* A question of somebody else's about this job is under way: look again soon. */
	if (run->fetch != NULL)
		deadline_set(&run->deadline, POLL_MS);
	else
		ask(run, path, on_history);
}

void poll_begin(struct fleet *fleet, struct job *job)
{
	(void)fleet;
	job->run->is_polled = true;
	job->run->misses = job->run->refusals = 0;
	deadline_set(&job->run->deadline, FIRST_MS);
}

void poll_end(struct job *job)
{
	if (job->run == NULL || !job->run->is_polled)
		return;
	job->run->is_polled = false;
	deadline_clear(&job->run->deadline);
}
