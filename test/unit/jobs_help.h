/*
 * test/unit/jobs_help.h - a table of jobs, and JSON read back by jansson. One test program each: it
 * has the allocations that fail.
 */
#ifndef TEST_JOBS_HELP_H
#define TEST_JOBS_HELP_H

#include "base/hash.h"
#include "base/text.h"
#include "comfy/jobs_json.h"
#include "test/unit/loop_help.h"
#include "test/unit/memory_help.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static inline void *real_malloc(size_t n)
{
	return __real_malloc(n);
}

static const struct jobs_limits wide = {20000, UINT64_C(1) << 40, 20000};

static inline int setup(void **state)
{
	json_set_alloc_funcs(real_malloc, free);
	if (loop_start() != 0 || hash_start() != 0)
		return -1;
	*state = jobs_create(&wide);
	return *state != NULL ? 0 : -1;
}

static inline int teardown(void **state)
{
	jobs_destroy(*state);
	loop_finish();
	return 0;
}

static inline const char *id_of(uint32_t n)
{
	static char id[JOB_ID_BYTES + 1];
	(void)snprintf(id, sizeof(id), "0f1e2d3c-4b5a-4678-9abc-def012%06u", n);
	return id;
}

static inline void set_graph(struct job *job, const char *graph)
{
	struct text body;
	text_init(&body, 0);
	text_puts(&body, ", \"prompt\": ");
	size_t at = body.n;
	text_puts(&body, graph);
	text_puts(&body, ", \"extra_data\": {\"auth_token_comfy_org\": \"secret\"}}");
	job->body = blob_of_text(&body);
	assert_non_null(job->body);
	job->graph = (struct slice){job->body->p + at, strlen(graph)};
}

static inline struct job *add(struct jobs *jobs, uint32_t n, const char *graph)
{
	struct job *job = jobs_new(jobs, id_of(n));
	assert_non_null(job);
	set_graph(job, graph);
	job->extra = blob_copy("{\"client_id\": \"me\", \"create_time\": 17}", 38);
	job->outputs = blob_copy("[\"9\"]", 5);
	job->created_wall_ms = 1000 + n;
	jobs_number(jobs, job, false);
	jobs_add(jobs, job);
	jobs_move(jobs, job, JOB_WAITING);
	return job;
}

static inline void end(struct jobs *jobs, struct job *job, enum job_state state, const char *result)
{
	jobs_move(jobs, job, JOB_RUNNING);
	if (result != NULL)
		job->result = blob_copy(result, strlen(result));
	jobs_move(jobs, job, state);
	jobs_archive(jobs, job);
}

static const char pictures[] =
	"{\"outputs\": {\"9\": {\"images\": [{\"filename\": \"a\\\"b.png\", \"subfolder\": \"\", "
	"\"type\": \"output\"}, {\"filename\": \"c.png\", \"subfolder\": \"\", \"type\": "
	"\"output\"}], \"animated\": [false, {}]}}, \"status\": {\"status_str\": \"success\", "
	"\"completed\": true, \"messages\": [[\"execution_start\", {\"timestamp\": 5000}], "
	"[\"execution_success\", {\"timestamp\": 7500}]]}, \"meta\": {}}";

static inline json_t *parse(struct slice text)
{
	json_error_t error;
	json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s in %.*s", error.text, (int)text.n, text.p);
	return json;
}

/* Equal as values. Takes the blob. */
static inline void check_blob(struct blob *blob, const char *want)
{
	assert_non_null(blob);
	json_t *got = parse(blob_slice(blob));
	json_t *wanted = parse(slice_of(want));
	if (!json_equal(got, wanted))
		fail_msg("%s\nis not %s", blob->p, want);
	json_decref(got);
	json_decref(wanted);
	blob_unref(blob);
}

#endif
