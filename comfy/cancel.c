/*
 * comfy/cancel.c - a job that nobody wants any more, wherever it is.
 *
 *   waits here            gone at once
 *   on its way            gone as soon as it is known whether the worker took it
 *   in a worker's queue   deleted there; gone when the worker's queue does not have it
 *   runs                  interrupted there: its events tell the end
 */
#include "comfy/fleet_parts.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

#define TIMEOUT_MS 30000
#define QUEUE_MOST (256u << 20)

static void interrupt(struct job *job)
{
	char body[JOB_WORKER_ID_MOST + 32];
	struct fleet_worker *worker = job->run->worker;
	int n = snprintf(body, sizeof(body), "{\"prompt_id\": \"%s\"}", job->worker_id);
	/* An old version does not read the id and stops what runs: that is this job, mostly. */
	worker->interrupted_us = clock_now_us;
	if (!fleet_tell(worker, "/interrupt", (struct slice){body, (size_t)n}))
		log_warn(
			"not_interrupted", "worker=%s job=%s", LOG_QUOTE(worker->node_id), job->id);
}

bool cancel_is_entry_of(struct json_value entry, const struct job *job)
{
	struct json_value prompt, number;
	struct json_scan scan;
	/* An id can be used again once its job has ended; its number cannot. */
	if (entry.kind != JSON_KIND_OBJECT || !json_find(entry, "prompt", &prompt))
		return entry.kind == JSON_KIND_OBJECT;
	json_walk(&scan, prompt);
	return !json_item(&scan, &number) || number.kind != JSON_KIND_NUMBER ||
	       json_number(number) == job->number;
}

bool cancel_is_in(struct json_value queue, const char *list, const char *id)
{
	struct json_value items, item, second;
	struct json_scan scan, inner;
	if (!json_find(queue, list, &items))
		return false;
	json_walk(&scan, items);
	while (json_item(&scan, &item)) {
		json_walk(&inner, item);
		bool has_number = json_item(&inner, &second);
		if (has_number && json_item(&inner, &second) && second.kind == JSON_KIND_STRING &&
			json_is_text(second.raw, slice_of(id)))
			return true;
	}
	return false;
}

static void on_queue(const struct fetch_result *result, void *arg)
{
	struct job_run *run = arg;
	struct job *job = run->job;
	struct json_value root;
	run->fetch = NULL;
	run->is_removing = false;
	if (job->state == JOB_RUNNING && run->is_unwanted) {
		interrupt(job);
		return;
	}
	if (job->state != JOB_PLACED)
		return;
	bool is_known = result->error == 0 && result->status == 200 &&
			json_read(result->body, &root);
	if (!is_known || cancel_is_in(root, "queue_pending", job->worker_id))
		return; /* it stays where it is; whoever wanted it elsewhere asks again */
	if (cancel_is_in(root, "queue_running", job->worker_id)) {
		if (run->is_unwanted)
			interrupt(job);
		return;
	}
	if (run->is_unwanted)
		finish_removed(run->fleet, job);
	else
		cancel_moved(run->fleet, job);
}

static void on_deleted(const struct fetch_result *result, void *arg)
{
	struct job_run *run = arg;
	struct fetch_ask ask = {
		.path = "/queue",
		.timeout_ms = TIMEOUT_MS,
		.body_most = QUEUE_MOST,
		.on_done = on_queue,
		.arg = run,
	};
	(void)result;
	/* A delete says nothing of whether it came in time. */
	run->fetch = fleet_ask(run->worker, &ask);
	if (run->fetch == NULL)
		run->is_removing = false;
}

bool cancel_remove(struct job *job)
{
	char body[JOB_WORKER_ID_MOST + 32];
	struct job_run *run = job->run;
	if (run->is_removing || run->fetch != NULL)
		return false;
	int n = snprintf(body, sizeof(body), "{\"delete\": [\"%s\"]}", job->worker_id);
	struct fetch_ask ask = {
		.path = "/queue",
		.method = "POST",
		.fields = "Content-Type: application/json\r\n",
		.head = {body, (size_t)n},
		.timeout_ms = TIMEOUT_MS,
		.body_most = QUEUE_MOST,
		.on_done = on_deleted,
		.arg = run,
	};
	run->fetch = fleet_ask(run->worker, &ask);
	run->is_removing = run->fetch != NULL;
	return run->is_removing;
}

bool finish_cancel(struct fleet *fleet, struct job *job)
{
	switch (job->state) {
	case JOB_CHECKED:
	case JOB_WAITING:
		finish_removed(fleet, job);
		return true;
	case JOB_PLACING:
		job->run->is_unwanted = true;
		if (!job->run->is_posted)
			finish_removed(fleet, job);
		return true;
	case JOB_PLACED:
		job->run->is_unwanted = true;
		(void)cancel_remove(job);
		return true;
	case JOB_RUNNING:
		job->run->is_unwanted = true;
		interrupt(job);
		return true;
	default:
		return false;
	}
}
