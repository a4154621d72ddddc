/*
 * comfy/post.c - POST /prompt to a worker, and what its answer means.
 *
 *   200        --> PLACED; without a prompt_id it is no ComfyUI, and its words are the answer
 *   400        --> the client's answer, unless another worker may see it in another way: asked once
 *   5xx        --> another worker, up to max_retries; then it is the client's answer
 *   no answer  --> another worker; this one is told to forget the job, should it have it
 */
#include "comfy/fleet_parts.h"
#include "comfy/may_run.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/check.h"
#include "comfy/top_keys.h"

#include <stdio.h>

#define TIMEOUT_MS 60000
#define ANSWER_MOST (4u << 20)
#define JSON_FIELD "Content-Type: application/json\r\n"

static void tell_forget(struct fleet_worker *worker, const struct job *job, const char *path,
	const char *before, const char *after)
{
	char body[JOB_ID_BYTES + 48];
	int n = snprintf(body, sizeof(body), "%s%s%s", before, job->id, after);
	if (!fleet_tell(worker, path, (struct slice){body, (size_t)n}))
		log_warn("job_not_taken_back", "worker=%s job=%s", LOG_QUOTE(worker->node_id),
			job->id);
}

/* Whether it waits there, runs already or never came is not known. */
static void take_back(struct fleet_worker *worker, const struct job *job)
{
	tell_forget(worker, job, "/queue", "{\"delete\": [\"", "\"]}");
	/* A version that does not read ids would stop whatever runs. */
	if (worker->ignores_ids)
		return;
	worker->interrupted_us = clock_now_us;
	tell_forget(worker, job, "/interrupt", "{\"prompt_id\": \"", "\"}");
}

/* What the worker said is the answer. */
static void end_refused(struct fleet *fleet, struct job *job, const struct fetch_result *result)
{
	place_undo(fleet, job, SCHED_SHORT);
	if (job->submit != NULL)
		submit_refused(fleet, job, result->status, result->body);
	else
		finish_refused(fleet, job, result->status, result->body);
}

static bool take_id(struct job *job, struct slice answer)
{
	struct top_key id = {.name = "prompt_id"};
	if (!top_keys_find(answer, &id, 1) || id.length == 0 || id.length > JOB_WORKER_ID_MOST)
		return false;
	memcpy(job->worker_id, id.value, id.length);
	job->worker_id[id.length] = '\0';
	job->run->worker->ignores_ids = strcmp(job->worker_id, job->id) != 0;
	return true;
}

static void accepted(struct fleet *fleet, struct job *job, const struct fetch_result *result)
{
	struct job_run *run = job->run;
	struct json_value root, errors = {JSON_KIND_NULL, {NULL, 0}};
	if (!take_id(job, result->body)) {
		end_refused(fleet, job, result);
		return;
	}
	if (json_read(result->body, &root))
		(void)json_find(root, "node_errors", &errors);
	run->heard_us = clock_now_us;
	fleet->stats.placed++;
	run->worker->backend->stats.jobs_accepted++;
	jobs_move(fleet->jobs, job, JOB_PLACED);
	recover_note(fleet, job);
	owners_status_changed(fleet->owners);
	if (job->submit != NULL)
		submit_accepted(job, errors.raw);
	if (run->link == NULL)
		poll_begin(fleet, job);
	run_early(job);
	if (job->run == run && run->is_unwanted)
		(void)finish_cancel(fleet, job);
}

static void refused(struct fleet *fleet, struct job *job, const struct fetch_result *result)
{
	struct fleet_worker *worker = job->run->worker;
	struct job_run *run = job->run;
	bool is_missing = result->status == 400 && check_is_worth_another(result->body);
	/* Its files may have been taken away there since they were copied. */
	if (is_missing && !run->is_resupplied && !run->is_unwanted &&
		supply_forget_names(worker->supply, job->names)) {
		run->is_resupplied = true;
		run->is_posted = false;
		place_supply(run);
		return;
	}
	worker->backend->stats.jobs_refused++;
	bool is_worth = is_missing && !job->is_second_opinion &&
			may_run_elsewhere(fleet, job, worker);
	if (!is_worth) {
		end_refused(fleet, job, result);
		return;
	}
	job->is_second_opinion = true;
	job->refused_by = worker->index + 1;
	/* It was thought to have what the job needs. */
	worker_refresh(worker, 5000);
	place_again(fleet, job, "refused; another one may accept it");
}

/* A 5xx that nobody else is asked about any more. */
static bool is_last_word(struct fleet *fleet, struct job *job)
{
	return job->server_errors++ >= fleet->max_retries ||
	       !may_run_elsewhere(fleet, job, job->run->worker);
}

static void on_posted(const struct fetch_result *result, void *arg)
{
	struct job_run *run = arg;
	struct fleet *fleet = run->fleet;
	struct job *job = run->job;
	struct fleet_worker *worker = run->worker;
	int error = result->error;
	run->fetch = NULL;
	if (error != 0) {
		if (result->was_sent)
			take_back(worker, job);
		/* Taken away first: the verdict may end others' stay there. */
		place_again(fleet, job, fetch_error_text(error));
		place_blame(worker, error);
	} else if (result->status >= 200 && result->status < 300) {
		accepted(fleet, job, result);
	} else if (result->status < 500) {
		refused(fleet, job, result);
	} else if (is_last_word(fleet, job)) {
		end_refused(fleet, job, result);
	} else {
		place_again(fleet, job, "answered with 5xx");
	}
}

void post_prompt(struct job_run *run)
{
	char head[256], fields[128];
	struct job *job = run->job;
	bool has_source = job->usage_source[0] != '\0';
	(void)snprintf(fields, sizeof(fields), "%s%s%s" JSON_FIELD,
		has_source ? "Comfy-Usage-Source: " : "", job->usage_source,
		has_source ? "\r\n" : "");
	int n = snprintf(head, sizeof(head),
		"{\"client_id\": \"%s\", \"prompt_id\": \"%s\", \"number\": %s",
		run->link != NULL ? run->link->sid : job->id, job->id, job->number_text);
	struct fetch_ask ask = {
		.path = "/prompt",
		.method = "POST",
		.fields = fields,
		.head = {head, (size_t)n},
		.body = job->body,
		.timeout_ms = TIMEOUT_MS,
		.body_most = ANSWER_MOST,
		.on_done = on_posted,
		.arg = run,
	};
	/* Its events would come to nobody. */
	if (run->link != NULL && run->link->state != LINK_OPEN) {
		place_again(run->fleet, job, "its link was lost");
		return;
	}
	run->is_posted = true;
	run->fetch = fleet_ask(run->worker, &ask);
	if (run->fetch == NULL)
		place_again(run->fleet, job, "no connection can be made now");
}
