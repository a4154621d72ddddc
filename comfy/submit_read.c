/*
 * comfy/submit_read.c - the body of POST /prompt to a job: what ComfyUI's handler looks at, in its
 * order, and what the proxy needs to know besides.
 */
#include "comfy/check.h"
#include "comfy/fleet_parts.h"
#include "comfy/needs.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A random UUID, version 4 (RFC 9562 section 5.4). */
static bool make_id(char out[JOB_ID_BYTES + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t bytes[16];
	if (!random_secret(bytes, sizeof(bytes)))
		return false;
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	size_t n = 0;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		out[n++] = hex[bytes[i] >> 4];
		out[n++] = hex[bytes[i] & 15];
	}
	out[n] = '\0';
	return true;
}

static int32_t whole_number(struct slice text, int32_t least, int32_t most)
{
	char digits[16];
	if (text.n == 0 || text.n >= sizeof(digits))
		return 0;
	memcpy(digits, text.p, text.n);
	digits[text.n] = '\0';
	long value = strtol(digits, NULL, 10);
	return value < least ? least : value > most ? most : (int32_t)value;
}

/* A trusted header counts as it is; what a client asks for by itself is capped. */
static void read_wishes(struct fleet *fleet, const struct submit_ask *ask,
	const struct prompt_body *body, struct job *job)
{
	struct json_value ours, value;
	bool has_ours = json_find(body->extra_data, "comfymux", &ours);
	if (ask->priority.n != 0)
		job->priority = whole_number(ask->priority, -1000, 1000);
	else if (has_ours && json_find(ours, "priority", &value) && value.kind == JSON_KIND_NUMBER)
		job->priority = whole_number(value.raw, -1000, fleet->settings.max_priority);
	if (has_ours)
		(void)json_copy_text(ours, "capability", job->capability, sizeof(job->capability));
	if (job->capability[0] == '\0' && ask->capability.n < sizeof(job->capability) &&
		ask->capability.n != 0)
		memcpy(job->capability, ask->capability.p, ask->capability.n);
	struct json_value pnginfo, workflow;
	if (json_find(body->extra_data, "extra_pnginfo", &pnginfo) &&
		json_find(pnginfo, "workflow", &workflow))
		(void)json_copy_text(workflow, "id", job->workflow_id, sizeof(job->workflow_id));
}

static bool read_job(struct fleet *fleet, const struct submit_ask *ask,
	const struct prompt_body *body, struct job *job)
{
	job->created_wall_ms = clock_wall_us() / 1000;
	job->body = prompt_body_for_worker(body, &job->graph, &job->targets);
	job->extra = prompt_extra_data(
		body, body->client_id, job->created_wall_ms, &job->had_secrets);
	job->needs = needs_pack(body);
	job->node_count = body->node_count;
	graph_facts(body, &job->sched.facts);
	read_wishes(fleet, ask, body, job);
	if (ask->usage_source.n < sizeof(job->usage_source) && ask->usage_source.n != 0)
		memcpy(job->usage_source, ask->usage_source.p, ask->usage_source.n);
	if (body->number.kind == JSON_KIND_NUMBER)
		jobs_own_number(job, json_number(body->number));
	else
		jobs_number(fleet->jobs, job, body->front);
	job->owner = owners_get(fleet->owners, body->client_id, ask->cookie, ask->ip);
	return job->body != NULL && job->extra != NULL && job->needs != NULL &&
	       job->owner != NULL && supply_names(fleet, body, &job->names) == 0;
}

static int refuse(int status, const char *type, const char *message, const char *details,
	struct blob **ret_refusal)
{
	*ret_refusal = check_refusal(type, message, details);
	return status;
}

static int choose_id(struct fleet *fleet, const struct prompt_body *body,
	char out[JOB_ID_BYTES + 1], struct blob **ret_refusal)
{
	if (!body->has_prompt_id) {
		if (make_id(out))
			return 0;
		return refuse(503, "internal_error", "No randomness", "", ret_refusal);
	}
	if (body->prompt_id.p == NULL || !graph_is_uuid(body->prompt_id))
		return refuse(400, "invalid_prompt_id", "prompt_id must be a canonical UUID",
			"Expected 8-4-4-4-12 lower-case hexadecimal digits", ret_refusal);
	const struct job *twin = jobs_find(fleet->jobs, body->prompt_id);
	if (twin != NULL && job_is_active(twin))
		return refuse(400, "duplicate_prompt_id",
			"A job with this prompt_id is in the queue already",
			"Every job needs an id of its own", ret_refusal);
	memcpy(out, body->prompt_id.p, JOB_ID_BYTES);
	out[JOB_ID_BYTES] = '\0';
	return 0;
}

int submit_read(struct fleet *fleet, const struct submit_ask *ask, struct job **ret_job,
	struct blob **ret_refusal)
{
	char id[JOB_ID_BYTES + 1];
	int rc = prompt_body_read(ask->read, ask->body, ask->arena);
	int status = 0;
	if (rc == -EINVAL)
		status = refuse(
			400, "invalid_json", "The body is not a JSON object", "", ret_refusal);
	else if (rc == -E2BIG)
		status = refuse(
			400, "prompt_too_large", "The graph has too many nodes", "", ret_refusal);
	else if (rc != 0)
		status = refuse(503, "out_of_memory", "Out of memory", "", ret_refusal);
	else if (!ask->read->has_prompt)
		status = refuse(
			400, "no_prompt", "No prompt provided", "No prompt provided", ret_refusal);
	else
		status = choose_id(fleet, ask->read, id, ret_refusal);
	struct job *job = status == 0 ? jobs_new(fleet->jobs, id) : NULL;
	if (status == 0 && (job == NULL || !read_job(fleet, ask, ask->read, job))) {
		status = refuse(503, "out_of_memory", "Out of memory", "", ret_refusal);
		if (job != NULL) {
			supply_names_release(job->names);
			job->names = NULL;
			jobs_drop(fleet->jobs, job);
		}
	}
	if (status != 0)
		return status;
	list_push_back(&job->owner->jobs, &job->in_owner);
	*ret_job = job;
	return 0;
}
