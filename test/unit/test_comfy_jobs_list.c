/* test/unit/test_comfy_jobs_list.c: GET /api/jobs, one job, and previews. */
#include "test/unit/jobs_help.h"

static void check_list(struct jobs *jobs, const char *query, const char *want)
{
	int status = 0;
	char ids[400] = "";
	struct blob *blob = jobs_list_json(jobs, slice_of(query), &status);
	assert_int_equal(status, 200);
	json_t *page = parse(blob_slice(blob));
	size_t i;
	json_t *job;
	json_array_foreach(json_object_get(page, "jobs"), i, job)
	{
		(void)strcat(ids, json_string_value(json_object_get(job, "id")) + 34);
		(void)strcat(ids, " ");
	}
	assert_string_equal(ids, want);
	json_decref(page);
	blob_unref(blob);
}

static void make_five(struct jobs *jobs)
{
	end(jobs, add(jobs, 1, "{}"), JOB_DONE, pictures);
	end(jobs, add(jobs, 2, "{}"), JOB_CANCELLED, NULL);
	struct job *failed = add(jobs, 3, "{}");
	failed->started_wall_ms = 10;
	failed->ended_wall_ms = 15;
	end(jobs, failed, JOB_FAILED,
		"{\"outputs\": {}, \"status\": {\"messages\": [[\"execution_error\", "
		"{\"exception_message\": \"no\", \"timestamp\": 12.5}], 5, [], [3, 4], [\"x\"]]}}");
	(void)strcpy(add(jobs, 4, "{}")->workflow_id, "flow\"");
	jobs_move(jobs, add(jobs, 5, "{}"), JOB_RUNNING);
}

static void the_list_is_filtered_sorted_and_cut(void **state)
{
	struct jobs *jobs = *state;
	make_five(jobs);
	check_list(jobs, "", "05 04 03 02 01 ");
	check_list(jobs, "status=completed,%20Failed,", "03 01 ");
	check_list(jobs, "status=in_progress%2Cpending&limit=200&offset=0", "05 04 ");
	check_list(jobs, "status=cancelled", "02 ");
	check_list(jobs, "sort_order=ASC", "01 02 03 04 05 ");
	check_list(jobs, "sort_by=execution_duration", "01 03 04 05 02 ");
	check_list(jobs, "sort_by=execution_duration&sort_order=asc", "04 05 02 03 01 ");
	check_list(jobs, "limit=2", "05 04 ");
	check_list(jobs, "limit=2&offset=4", "01 ");
	check_list(jobs, "offset=-5&limit=1", "05 ");
	check_list(jobs, "offset=99999999999999999999", "");
	check_list(jobs, "limit=99999999999999999999", "05 04 03 02 01 ");
	check_list(jobs, "workflow_id=flow%22", "04 ");
	check_list(jobs, "workflow_id=none", "");
	int status = 0;
	struct blob *blob = jobs_list_json(jobs, SLICE("limit=2&offset=1&status=failed"), &status);
	check_blob(blob, "{\"jobs\": [], \"pagination\": {\"offset\": 1, \"limit\": 2, \"total\": "
			 "1, \"has_more\": false}}");
	blob = jobs_list_json(jobs, SLICE("limit=1&status=pending,failed"), &status);
	json_t *page = parse(blob_slice(blob));
	assert_true(json_is_true(json_object_get(json_object_get(page, "pagination"), "has_more")));
	json_decref(page);
	blob_unref(blob);
}

static void a_bad_query_is_told(void **state)
{
	static const char *const bad[] = {"status=done", "status=pending,x", "sort_by=id",
		"sort_order=up", "limit=0", "limit=-1", "limit=x", "limit=1.5", "offset=x",
		"limit=5x"};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		int status = 0;
		struct blob *blob = jobs_list_json(*state, slice_of(bad[i]), &status);
		assert_int_equal(status, 400);
		json_t *page = parse(blob_slice(blob));
		assert_true(json_is_string(json_object_get(page, "error")));
		assert_int_equal(json_object_size(page), 1);
		json_decref(page);
		blob_unref(blob);
	}
}

static void the_list_tells_of_each_job_what_comfyui_tells(void **state)
{
	struct jobs *jobs = *state;
	int status = 0;
	make_five(jobs);
	check_blob(jobs_list_json(jobs, SLICE("sort_order=asc"), &status),
		"{\"jobs\": ["
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000001\", \"status\": \"completed\", "
		"\"priority\": 0, \"create_time\": 1001, \"execution_start_time\": 5000, "
		"\"execution_end_time\": 7500, \"outputs_count\": 2, "
		"\"previewable_outputs_count\": 2, \"preview_output\": {\"filename\": "
		"\"a\\\"b.png\", \"subfolder\": \"\", \"type\": \"output\", \"nodeId\": \"9\", "
		"\"mediaType\": \"images\"}},"
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000002\", \"status\": \"cancelled\", "
		"\"priority\": 1, \"create_time\": 1002, \"outputs_count\": 0, "
		"\"previewable_outputs_count\": 0},"
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000003\", \"status\": \"failed\", "
		"\"priority\": 2, \"create_time\": 1003, \"execution_start_time\": 10, "
		"\"execution_end_time\": 12.5, \"execution_error\": {\"exception_message\": "
		"\"no\", \"timestamp\": 12.5}, \"outputs_count\": 0, "
		"\"previewable_outputs_count\": 0},"
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000004\", \"status\": \"pending\", "
		"\"priority\": 3, \"create_time\": 1004, \"outputs_count\": 0, "
		"\"previewable_outputs_count\": 0, \"workflow_id\": \"flow\\\"\"},"
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000005\", \"status\": \"in_progress\", "
		"\"priority\": 4, \"create_time\": 1005, \"outputs_count\": 0, "
		"\"previewable_outputs_count\": 0}],"
		"\"pagination\": {\"offset\": 0, \"limit\": null, \"total\": 5, \"has_more\": "
		"false}}");
}

static void a_list_is_kept_until_something_has_changed(void **state)
{
	struct jobs *jobs = *state;
	int status = 0;
	char query[20];
	make_five(jobs);
	struct blob *first = jobs_list_json(jobs, SLICE("limit=1"), &status);
	struct blob *again = jobs_list_json(jobs, SLICE("limit=1"), &status);
	assert_ptr_equal(first, again);
	blob_unref(again);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(query, sizeof(query), "limit=%d", i + 10);
		blob_unref(jobs_list_json(jobs, slice_of(query), &status));
	}
	assert_int_equal(first->refs, 1);
	blob_unref(first);
	first = jobs_list_json(jobs, SLICE("limit=0"), &status);
	again = jobs_list_json(jobs, SLICE("limit=0"), &status);
	assert_ptr_equal(first, again);
	assert_int_equal(status, 400);
	blob_unref(again);
	(void)add(jobs, 9, "{}");
	blob_unref(jobs_list_json(jobs, SLICE("limit=1"), &status));
	assert_int_equal(first->refs, 1);
	blob_unref(first);
}

static void the_list_without_memory_is_none(void **state)
{
	struct jobs *jobs = *state;
	make_five(jobs);
	for (long nth = 0;; nth++) {
		int status = 0;
		char query[30];
		(void)snprintf(query, sizeof(query), "limit=4&offset=%ld", nth);
		left = nth;
		has_failed = false;
		struct blob *blob = jobs_list_json(jobs, slice_of(query), &status);
		left = -1;
		if (!has_failed) {
			assert_non_null(blob);
			assert_true(nth >= 3);
			blob_unref(blob);
			break;
		}
		blob_unref(blob); /* without memory for what is kept there is a list all the same */
	}
}

/* -- one job, and its preview -- */

static void one_job_has_outputs_status_and_workflow(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = add(jobs, 1, "{\"9\": {\"a\": [1]}}");
	check_blob(jobs_one_json(job),
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000001\", \"status\": \"pending\", "
		"\"priority\": 0, \"create_time\": 1001, \"outputs_count\": 0, "
		"\"previewable_outputs_count\": 0, \"workflow\": {\"prompt\": {\"9\": {\"a\": "
		"[1]}}, \"extra_data\": {\"client_id\": \"me\", \"create_time\": 17}}}");
	end(jobs, job, JOB_DONE,
		"{\"outputs\": {\"1\": {\"3d\": [null, \"x.GLB\", \"note\", {\"a\": 1}], "
		"\"animated\": [null]}, \"2\": 5}, \"status\": {\"status_str\": \"success\"}}");
	check_blob(jobs_one_json(job),
		"{\"id\": \"0f1e2d3c-4b5a-4678-9abc-def012000001\", \"status\": \"completed\", "
		"\"priority\": 0, \"create_time\": 1001, \"outputs_count\": 2, "
		"\"previewable_outputs_count\": 2, \"preview_output\": {\"filename\": \"x.GLB\", "
		"\"type\": \"output\", \"subfolder\": \"\", \"mediaType\": \"3d\", \"nodeId\": "
		"\"1\"}, \"outputs\": {\"1\": {\"3d\": [{\"filename\": \"x.GLB\", \"type\": "
		"\"output\", \"subfolder\": \"\", \"mediaType\": \"3d\"}, \"note\", {\"a\": 1}], "
		"\"animated\": [null]}, \"2\": 5}, \"execution_status\": {\"status_str\": "
		"\"success\"}, \"workflow\": {\"prompt\": {\"9\": {\"a\": [1]}}, \"extra_data\": "
		"{\"client_id\": \"me\", \"create_time\": 17}}}");
	struct job *lost = add(jobs, 2, "{}");
	end(jobs, lost, JOB_LOST, NULL);
	struct blob *blob = jobs_one_json(lost);
	json_t *json = parse(blob_slice(blob));
	assert_string_equal(json_string_value(json_object_get(json, "status")), "failed");
	assert_int_equal(json_object_size(json_object_get(json, "outputs")), 0);
	json_decref(json);
	blob_unref(blob);
}

static void the_preview_is_the_most_telling_output(void **state)
{
	struct jobs *jobs = *state;
	static const struct {
		const char *outputs, *preview;
		int count, previewable;
	} rows[] = {
		{"{}", NULL, 0, 0},
		{"{\"1\": {\"images\": [{\"type\": \"temp\"}]}, \"2\": {\"images\": [{\"type\": "
		 "\"output\", \"nodeId\": 5}]}}",
			"{\"type\": \"output\", \"nodeId\": \"2\", \"mediaType\": \"images\"}", 2,
			2},
		{"{\"1\": {\"images\": [{\"type\": \"temp\", \"mediaType\": \"m\"}]}}",
			"{\"type\": \"temp\", \"nodeId\": \"1\", \"mediaType\": \"m\"}", 1, 1},
		{"{\"1\": {\"latents\": [{\"filename\": \"a.latent\", \"type\": \"output\"}]}}",
			NULL, 1, 0},
		{"{\"1\": {\"gifs\": [{\"format\": \"video/mp4\", \"type\": \"output\"}]}}",
			"{\"format\": \"video/mp4\", \"type\": \"output\", \"nodeId\": \"1\", "
			"\"mediaType\": \"gifs\"}",
			1, 1},
		{"{\"1\": {\"text\": [\"some \\\"words\\\"\"]}}",
			"{\"content\": \"some \\\"words\\\"\", \"nodeId\": \"1\", \"mediaType\": "
			"\"text\"}",
			0, 0},
		{"{\"1\": {\"text\": [\"words\"]}, \"2\": {\"files\": [{\"filename\": "
		 "\"A.TXT\"}]}}",
			"{\"filename\": \"A.TXT\", \"nodeId\": \"2\", \"mediaType\": \"files\"}", 1,
			1},
		{"{\"1\": {\"x\": [{\"filename\": \"a.md\", \"type\": \"output\"}]}, \"2\": "
		 "{\"images\": [{\"type\": \"temp\"}]}}",
			"{\"type\": \"temp\", \"nodeId\": \"2\", \"mediaType\": \"images\"}", 2, 2},
		{"{\"1\": [1], \"2\": 3, \"3\": {\"images\": 5, \"audio\": [1, \"x\", null, []]}}",
			NULL, 0, 0},
		{"[1, 2]", NULL, 0, 0},
	};
	for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
		struct job *job = add(jobs, i, "{}");
		char result[600];
		(void)snprintf(result, sizeof(result), "{\"outputs\": %s, \"status\": null}",
			rows[i].outputs);
		end(jobs, job, JOB_DONE, result);
		struct blob *blob = jobs_one_json(job);
		json_t *json = parse(blob_slice(blob));
		json_t *preview = json_object_get(json, "preview_output");
		assert_int_equal(
			json_integer_value(json_object_get(json, "outputs_count")), rows[i].count);
		assert_int_equal(
			json_integer_value(json_object_get(json, "previewable_outputs_count")),
			rows[i].previewable);
		if (rows[i].preview == NULL) {
			assert_null(preview);
		} else {
			json_t *want = parse(slice_of(rows[i].preview));
			if (!json_equal(preview, want))
				fail_msg("%s: %s", rows[i].outputs, blob->p);
			json_decref(want);
		}
		json_decref(json);
		blob_unref(blob);
	}
}

static void long_words_are_cut_between_characters(void **state)
{
	struct jobs *jobs = *state;
	static const char *const characters[] = {
		"a", "\xc3\xa9", "\\n", "\\u00e9", "\\ud83d\\ude00", "\xf0\x9f\x98\x80"};
	for (uint32_t i = 0; i < COUNT_OF(characters); i++) {
		struct text result;
		struct job *job = add(jobs, i, "{}");
		text_init(&result, 0);
		text_puts(&result, "{\"outputs\":{\"1\":{\"text\":[\"");
		for (int k = 0; k < 1025; k++)
			text_puts(&result, characters[i]);
		text_put(&result, "\"]}}}\0", 7);
		end(jobs, job, JOB_DONE, result.p);
		text_finish(&result);
		struct blob *blob = jobs_one_json(job);
		json_t *json = parse(blob_slice(blob));
		json_t *preview = json_object_get(json, "preview_output");
		assert_true(json_is_true(json_object_get(preview, "truncated")));
		size_t octets = json_string_length(json_object_get(preview, "content"));
		assert_int_equal(octets % 1024, 0);
		assert_true(octets <= 4 * 1024);
		json_decref(json);
		blob_unref(blob);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_list_is_filtered_sorted_and_cut),
		T(a_bad_query_is_told),
		T(the_list_tells_of_each_job_what_comfyui_tells),
		T(a_list_is_kept_until_something_has_changed),
		T(the_list_without_memory_is_none),
		T(one_job_has_outputs_status_and_workflow),
		T(the_preview_is_the_most_telling_output),
		T(long_words_are_cut_between_characters),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
