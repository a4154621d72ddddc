/*
 * comfy/submit.c - POST /prompt: a job from a request, and the answer to it.
 *
 *   read --> a worker is free: its answer is the client's answer
 *       '--> none is: checked here, written to the journal, answered, and it waits
 */
#include "comfy/check.h"
#include "comfy/fleet_parts.h"
#include "comfy/may_run.h"
#include "comfy/route.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/needs.h"

#include <stdio.h>
#include <stdlib.h>

struct submit {
	struct route_state state;
	struct list node; /* in fleet->submits */
	struct fleet *fleet;
	struct exchange *x; /* borrowed until it is answered or gone; NULL: the client left */
	struct job *job;    /* it points back; NULL once it was refused */
	struct journal_wait written;
	/* The prompt as it was read, until it is known whether it has to wait. */
	struct blob *text; /* owned */
	struct arena arena;
	struct prompt_body read;
	struct blob *answer; /* owned: waits for the journal */
	bool is_waiting_for_disk;
};

static void free_submit(struct submit *submit)
{
	if (submit->job != NULL)
		submit->job->submit = NULL;
	if (submit->is_waiting_for_disk)
		journal_wait_cancel(&submit->written);
	list_remove(&submit->node);
	arena_finish(&submit->arena);
	blob_unref(submit->text);
	blob_unref(submit->answer);
	free(submit);
}

/* The job goes on: ComfyUI keeps it, too, when who sent it hangs up. */
static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	struct submit *submit = CONTAINER_OF(state, struct submit, state);
	(void)x;
	(void)reason;
	submit->x = NULL;
	if (submit->job == NULL || submit->is_waiting_for_disk)
		free_submit(submit);
}

static void answer(struct submit *submit, int status, struct blob *json)
{
	struct exchange *x = submit->x;
	free_submit(submit);
	if (x != NULL)
		route_answer(x, status, json);
	else
		blob_unref(json);
}

static void on_written(struct journal_wait *wait, bool is_safe)
{
	struct submit *submit = CONTAINER_OF(wait, struct submit, written);
	struct blob *json = submit->answer;
	submit->answer = NULL;
	submit->is_waiting_for_disk = false;
	if (!is_safe)
		log_warn("job_not_journaled", "pool=%s", LOG_QUOTE(submit->fleet->name));
	answer(submit, 200, json);
}

static bool is_target(struct json_value targets, struct slice id)
{
	struct json_value item;
	struct json_scan scan;
	if (targets.kind != JSON_KIND_ARRAY)
		return true;
	json_walk(&scan, targets);
	while (json_item(&scan, &item))
		if (item.kind == JSON_KIND_STRING && json_is_text(item.raw, id))
			return true;
	return false;
}

/* Which outputs a worker executes that was asked at once is not told; the queue shows what there
 * are. */
static void find_outputs(struct submit *submit, struct job *job)
{
	const struct prompt_body *read = &submit->read;
	struct text text;
	if (job->outputs != NULL)
		return;
	text_init(&text, 64);
	text_puts(&text, "[");
	for (uint32_t i = 0; i < read->node_count; i++) {
		const struct graph_node *node = &read->nodes[i];
		const struct defs_class *found = defs_find(submit->fleet->defs, node->class_type);
		if (found == NULL || !defs_class_is_output(found) ||
			!is_target(read->targets, node->id))
			continue;
		text_puts(&text, text.n == 1 ? "" : ", ");
		json_put_text(&text, node->id);
	}
	text_puts(&text, "]");
	job->outputs = blob_of_text(&text);
}

void submit_accepted(struct job *job, struct slice node_errors)
{
	struct submit *submit = job->submit;
	struct fleet *fleet = submit->fleet;
	struct text text;
	find_outputs(submit, job);
	if (node_errors.p == NULL)
		node_errors = job->node_errors == NULL ? SLICE("{}") : blob_slice(job->node_errors);
	text_init(&text, node_errors.n + 128);
	text_puts(&text, "{\"prompt_id\": \"");
	text_puts(&text, job->id);
	text_puts(&text, "\", \"number\": ");
	text_puts(&text, job->number_text);
	text_puts(&text, ", \"node_errors\": ");
	text_put(&text, node_errors.p, node_errors.n);
	text_puts(&text, "}");
	submit->answer = blob_of_text(&text);
	job->submit = NULL;
	submit->job = NULL;
	if (fleet->journal == NULL) {
		struct blob *json = submit->answer;
		submit->answer = NULL;
		answer(submit, 200, json);
		return;
	}
	submit->is_waiting_for_disk = true;
	submit->written.on_done = on_written;
	journal_wait(fleet->journal, &submit->written);
}

/* Nothing of it stays. */
static void drop(struct fleet *fleet, struct job *job)
{
	struct owner *owner = job->owner;
	place_undo(fleet, job, SCHED_SHORT);
	recover_forget(fleet, job);
	supply_names_release(job->names);
	job->names = NULL;
	list_remove(&job->in_owner);
	job->owner = NULL;
	if (job->submit != NULL) {
		job->submit->job = NULL;
		job->submit = NULL;
	}
	jobs_drop(fleet->jobs, job);
	if (owner != NULL)
		owner_rest(owner);
	owners_status_changed(fleet->owners);
}

static void refuse(struct fleet *fleet, struct job *job, int status, struct blob *json)
{
	struct submit *submit = job->submit;
	fleet->stats.refused++;
	drop(fleet, job);
	answer(submit, status, json);
}

void submit_refused(struct fleet *fleet, struct job *job, uint16_t status, struct slice body)
{
	refuse(fleet, job, status, blob_copy(body.p, body.n));
}

/* No worker can take it now: it waits here, if it is right as far as can be told. */
static void let_wait(struct fleet *fleet, struct job *job)
{
	struct check_result result = {.is_ok = true};
	struct submit *submit = job->submit;
	if (schedule_waiting(fleet->schedule) > fleet->settings.max_queue) {
		fleet->stats.queue_limit++;
		refuse(fleet, job, 429,
			check_refusal("QUEUE_LIMIT", "The queue is full",
				"As many jobs wait as are allowed to (max_queue). Try again "
				"later."));
		return;
	}
	/* What nobody is known to have, one whose list is not known yet may have. */
	if (fleet_knows_up(fleet) && check_graph(fleet->defs, &submit->read, &result) != 0) {
		refuse(fleet, job, 503, check_refusal("out_of_memory", "Out of memory", ""));
		return;
	}
	if (!result.is_ok) {
		refuse(fleet, job, 400, result.answer);
		return;
	}
	if (!may_run_somewhere(fleet, job)) {
		blob_unref(result.answer);
		blob_unref(result.outputs);
		refuse(fleet, job, 400,
			check_refusal("no_suitable_worker", "No worker can run this job",
				"None has the capability, all the nodes and all the models that it "
				"asks for, and enough memory."));
		return;
	}
	blob_unref(job->node_errors);
	blob_unref(job->outputs);
	job->node_errors = result.answer;
	job->outputs = result.outputs;
	if (job->state == JOB_CHECKED)
		jobs_move(fleet->jobs, job, JOB_WAITING);
	recover_note(fleet, job);
	owners_status_changed(fleet->owners);
	submit_accepted(job, (struct slice){NULL, 0});
}

const struct prompt_body *submit_prompt(const struct job *job)
{
	return job->submit == NULL ? NULL : &job->submit->read;
}

void submit_abandon_all(struct fleet *fleet)
{
	list_each_safe (node, &fleet->submits)
		free_submit(CONTAINER_OF(node, struct submit, node));
}

void submit_let_wait(struct fleet *fleet)
{
	list_each_safe (node, &fleet->submits) {
		struct submit *submit = CONTAINER_OF(node, struct submit, node);
		if (submit->job != NULL && submit->job->state == JOB_CHECKED)
			let_wait(fleet, submit->job);
	}
}

static struct slice header(const struct handler_request *r, const char *name)
{
	if (name[0] == '\0')
		return (struct slice){NULL, 0};
	return http_head_find(r->head, r->p, name);
}

void route_prompt(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	struct job *job;
	struct blob *refusal = NULL;
	(void)rest;
	handler_request(x, &r);
	fleet->stats.submitted++;
	struct submit *submit = calloc(1, sizeof(*submit));
	if (submit == NULL) {
		route_answer(x, 503, NULL);
		return;
	}
	submit->state.on_gone = on_gone;
	submit->fleet = fleet;
	submit->x = x;
	list_init(&submit->node);
	list_init(&submit->written.node);
	arena_init(&submit->arena, 16384);
	submit->text = blob_copy(r.body.p, r.body.n);
	struct submit_ask ask = {
		.body = submit->text == NULL ? (struct slice){"", 0} : blob_slice(submit->text),
		.cookie = route_cookie(&r),
		.capability = header(&r, "X-Comfymux-Capability"),
		.priority = header(&r, fleet->priority_header),
		.usage_source = header(&r, "Comfy-Usage-Source"),
		.ip = r.client_ip,
		.arena = &submit->arena,
		.read = &submit->read,
	};
	int status = submit_read(fleet, &ask, &job, &refusal);
	if (status != 0) {
		fleet->stats.refused++;
		answer(submit, status, refusal);
		return;
	}
	submit->job = job;
	list_push_back(&fleet->submits, &submit->node);
	job->submit = submit;
	handler_set_state(x, &submit->state);
	jobs_add(fleet->jobs, job);
	place_wait(fleet, job);
}
