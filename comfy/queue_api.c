/*
 * comfy/queue_api.c - GET and POST of /queue, /history, /prompt, /interrupt and /api/jobs: the job
 * table as ComfyUI's API shows it, and what can be done to jobs there.
 */
#include "comfy/ask_others.h"
#include "comfy/fleet_parts.h"
#include "comfy/jobs_json.h"
#include "comfy/route.h"

#include "http/query.h"

#include <stdio.h>
#include <stdlib.h>

static void answer_empty(struct exchange *x)
{
	handler_set_state(x, NULL);
	handler_answer(x, 200, "", "", NULL);
}

static void answer_text(struct exchange *x, int status, const char *text)
{
	route_answer(x, status, blob_copy(text, strlen(text)));
}

/* -- pages that are made over several turns -- */

struct page_request {
	struct route_state state;
	struct exchange *x; /* borrowed */
	struct jobs_page *page;
	bool is_done;
};

static void on_page_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	struct page_request *request = CONTAINER_OF(state, struct page_request, state);
	(void)x;
	(void)reason;
	jobs_page_cancel(request->page);
	free(request);
}

static void on_page(void *arg, struct blob *json)
{
	struct page_request *request = arg;
	struct exchange *x = request->x;
	request->is_done = true;
	/* It was ready at once: whoever asked is still on the stack and frees this. */
	if (request->page != NULL)
		free(request);
	route_answer(x, 200, json == NULL ? NULL : blob_ref(json));
}

static struct page_request *begin_page(struct exchange *x)
{
	struct page_request *request = calloc(1, sizeof(*request));
	if (request == NULL) {
		route_answer(x, 200, NULL);
		return NULL;
	}
	request->x = x;
	request->state.on_gone = on_page_gone;
	handler_set_state(x, &request->state);
	return request;
}

static void keep_page(struct page_request *request, struct jobs_page *page)
{
	if (request->is_done)
		free(request);
	else
		request->page = page;
}

void route_queue(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	(void)rest;
	struct page_request *request = begin_page(x);
	if (request != NULL)
		keep_page(request, jobs_queue_json(fleet->jobs, on_page, request));
}

/* A whole number in the query; `otherwise` when it is not there. False: it is no number. */
static bool query_number(
	struct slice query, const char *name, int64_t otherwise, int64_t *ret_value)
{
	char text[32];
	char *end;
	*ret_value = otherwise;
	if (query_find(query, name, text, sizeof(text)) <= 0)
		return true;
	*ret_value = strtoll(text, &end, 10);
	return *end == '\0';
}

void route_history(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	int64_t most, offset;
	(void)rest;
	handler_request(x, &r);
	if (!query_number(r.query, "max_items", -1, &most) ||
		!query_number(r.query, "offset", -1, &offset)) {
		route_refuse(
			x, 400, "invalid_request", "max_items and offset must be whole numbers");
		return;
	}
	struct page_request *request = begin_page(x);
	if (request != NULL)
		keep_page(request, jobs_history_json(fleet->jobs, most, offset, on_page, request));
}

/* -- one job -- */

/* The id in a path, decoded; n == 0 when it cannot be one. */
static struct slice path_id(struct slice rest, char *out, size_t room)
{
	int n = percent_decode(rest, out, room);
	return (struct slice){out, n < 0 ? 0 : (size_t)n};
}

void route_history_one(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	char text[128];
	const struct job *job = jobs_find(fleet->jobs, path_id(rest, text, sizeof(text)));
	if (job != NULL) {
		route_answer(x, 200, jobs_history_one(job));
		return;
	}
	/* Not ours: it may have run before we did. */
	ask_first_member(fleet, x);
}

void route_job(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	char text[128];
	const struct job *job = jobs_find(fleet->jobs, path_id(rest, text, sizeof(text)));
	if (job == NULL || job->state == JOB_CHECKED)
		answer_text(x, 404, "{\"error\": \"Job not found\"}");
	else
		route_answer(x, 200, jobs_one_json(job));
}

void route_jobs(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	int status = 200;
	(void)rest;
	handler_request(x, &r);
	struct blob *json = jobs_list_json(fleet->jobs, r.query, &status);
	route_answer(x, status, json);
}

void route_prompt_info(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	char text[80];
	(void)rest;
	(void)snprintf(text, sizeof(text), "{\"exec_info\": {\"queue_remaining\": %u}}",
		fleet_queue_remaining(fleet));
	answer_text(x, 200, text);
}

/* -- changes -- */

/* The object in the body; an empty one for a body that is none. */
static bool read_body(struct exchange *x, struct handler_request *r, struct json_value *ret_root)
{
	handler_request(x, r);
	return json_read(r->body, ret_root) && ret_root->kind == JSON_KIND_OBJECT;
}

static bool is_true(struct json_value root, const char *name)
{
	struct json_value value;
	return json_find(root, name, &value) && json_is_truthy(value);
}

static struct job *find_quoted(struct fleet *fleet, struct json_value value)
{
	char id[JOB_ID_BYTES + 1];
	if (value.kind != JSON_KIND_STRING || value.raw.n > sizeof(id) + 1)
		return NULL;
	ptrdiff_t n = json_decode(value.raw, id, sizeof(id));
	return n < 0 ? NULL : jobs_find(fleet->jobs, (struct slice){id, (size_t)n});
}

void route_queue_post(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	struct json_value root, ids, id;
	struct json_scan scan;
	(void)rest;
	if (!read_body(x, &r, &root)) {
		route_refuse(x, 400, "invalid_json", "The body is not a JSON object");
		return;
	}
	if (is_true(root, "clear")) {
		list_each_safe (node, jobs_all_active(fleet->jobs)) {
			struct job *job = CONTAINER_OF(node, struct job, in_table);
			if (job_is_pending(job) && job->state != JOB_CHECKED)
				(void)finish_cancel(fleet, job);
		}
	}
	if (json_find(root, "delete", &ids)) {
		json_walk(&scan, ids);
		while (json_item(&scan, &id)) {
			struct job *job = find_quoted(fleet, id);
			if (job != NULL && job_is_pending(job) && job->state != JOB_CHECKED)
				(void)finish_cancel(fleet, job);
		}
	}
	journal_flush(fleet->journal);
	answer_empty(x);
}

static void drop_ended(struct fleet *fleet, struct job *job)
{
	if (job == NULL || job_is_active(job))
		return;
	supply_names_release(job->names);
	job->names = NULL;
	jobs_drop(fleet->jobs, job);
}

void route_history_post(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	struct json_value root, ids, id;
	struct json_scan scan;
	(void)rest;
	if (!read_body(x, &r, &root)) {
		route_refuse(x, 400, "invalid_json", "The body is not a JSON object");
		return;
	}
	if (is_true(root, "clear")) {
		list_each_safe (node, jobs_all_ended(fleet->jobs))
			drop_ended(fleet, CONTAINER_OF(node, struct job, in_table));
	}
	if (json_find(root, "delete", &ids)) {
		json_walk(&scan, ids);
		while (json_item(&scan, &id))
			drop_ended(fleet, find_quoted(fleet, id));
	}
	/* Workers remember, too, and are asked about ids that we do not know. */
	ask_tell_all(fleet, "/history", r.body);
	answer_empty(x);
}

/* Whether a running job is of the client that asks: by its cookie; without one, by address. */
static bool is_its_own(const struct job *job, const struct handler_request *r)
{
	struct slice cookie = route_cookie(r);
	if (cookie.n != 0)
		return slice_is(cookie, slice_of(job->owner->cookie));
	return job->owner->cookie[0] == '\0' && strcmp(job->owner->ip, r->client_ip) == 0;
}

/* The id of its WebSocket, if it tells: in the query or in the body. */
static int told_id(
	const struct handler_request *r, struct json_value root, bool has_root, char *out, int room)
{
	struct json_value value;
	int n = query_find(r->query, "clientId", out, (size_t)room);
	if (n <= 0 && has_root && json_find(root, "client_id", &value) &&
		value.kind == JSON_KIND_STRING)
		n = (int)json_decode(value.raw, out, (size_t)room);
	return n;
}

void route_interrupt(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	struct json_value root, id;
	char own[OWNER_ID_MOST + 1];
	(void)rest;
	bool has_root = read_body(x, &r, &root);
	if (has_root && json_find(root, "prompt_id", &id) && id.kind != JSON_KIND_NULL) {
		struct job *job = find_quoted(fleet, id);
		if (job != NULL && job->state == JOB_RUNNING)
			(void)finish_cancel(fleet, job);
		answer_empty(x);
		return;
	}
	/* Who tells an id that is not known has no jobs. */
	int n = told_id(&r, root, has_root, own, sizeof(own));
	const struct owner *owner = n <= 0 ? NULL
					   : owners_find(
						     fleet->owners, (struct slice){own, (size_t)n});
	list_each_safe (node, jobs_all_active(fleet->jobs)) {
		struct job *job = CONTAINER_OF(node, struct job, in_table);
		if (job->state == JOB_RUNNING && job->owner != NULL &&
			(n > 0 ? job->owner == owner : is_its_own(job, &r)))
			(void)finish_cancel(fleet, job);
	}
	answer_empty(x);
}

static bool cancel(struct fleet *fleet, struct job *job)
{
	return job != NULL && job->state != JOB_CHECKED && job_is_active(job) &&
	       finish_cancel(fleet, job);
}

void route_job_cancel(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	char text[128];
	struct slice id = path_id(rest, text, sizeof(text));
	bool is_cancelled = cancel(fleet, jobs_find(fleet->jobs, id));
	journal_flush(fleet->journal);
	answer_text(x, 200, is_cancelled ? "{\"cancelled\": true}" : "{\"cancelled\": false}");
}

/* Every one must be a canonical id, or nothing is done. */
static struct blob *invalid_ids(struct json_value ids)
{
	struct json_value id;
	struct json_scan scan;
	struct text text;
	bool is_first = true;
	text_init(&text, 256);
	text_puts(&text, "{\"error\": \"job_ids must be canonical UUIDs\", \"invalid_ids\": [");
	json_walk(&scan, ids);
	while (json_item(&scan, &id)) {
		if (id.kind == JSON_KIND_STRING && graph_is_uuid(json_inside(id.raw)))
			continue;
		text_puts(&text, is_first ? "" : ", ");
		text_put(&text, id.raw.p, id.raw.n);
		is_first = false;
	}
	text_puts(&text, "]}");
	if (is_first) {
		text_finish(&text);
		return NULL;
	}
	return blob_of_text(&text);
}

void route_jobs_cancel(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request r;
	struct json_value root, ids, id;
	struct json_scan scan;
	bool is_cancelled = false;
	(void)rest;
	if (!read_body(x, &r, &root) || !json_find(root, "job_ids", &ids) ||
		ids.kind != JSON_KIND_ARRAY) {
		answer_text(x, 400, "{\"error\": \"job_ids must be a list\"}");
		return;
	}
	struct blob *invalid = invalid_ids(ids);
	if (invalid != NULL) {
		route_answer(x, 400, invalid);
		return;
	}
	json_walk(&scan, ids);
	while (json_item(&scan, &id))
		is_cancelled = cancel(fleet, find_quoted(fleet, id)) || is_cancelled;
	journal_flush(fleet->journal);
	answer_text(x, 200, is_cancelled ? "{\"cancelled\": true}" : "{\"cancelled\": false}");
}
