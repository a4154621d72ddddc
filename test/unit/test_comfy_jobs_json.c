/* test/unit/test_comfy_jobs_json.c: pages of jobs as ComfyUI shows them, made in slices. */
#include "test/unit/jobs_help.h"

/* What a page became. */
struct told {
	struct blob *json;
	uint32_t count, failed;
};

static void on_ready(void *arg, struct blob *json)
{
	struct told *told = arg;
	blob_unref(told->json);
	told->json = json != NULL ? blob_ref(json) : NULL;
	told->count++;
	told->failed += json == NULL;
}

static void forget(struct told *told)
{
	blob_unref(told->json);
	*told = (struct told){0};
}

static void check_queue(struct jobs *jobs, const char *want)
{
	struct told told = {0};
	assert_null(jobs_queue_json(jobs, on_ready, &told));
	assert_int_equal(told.count, 1);
	check_blob(told.json, want);
}

static void check_history(struct jobs *jobs, int64_t most, int64_t offset, const char *want_ids)
{
	struct told told = {0};
	char ids[400] = "";
	struct jobs_page *page = jobs_history_json(jobs, most, offset, on_ready, &told);
	if (page != NULL)
		TURN_UNTIL(told.count != 0);
	json_t *got = parse(blob_slice(told.json));
	const char *id;
	json_t *entry;
	json_object_foreach(got, id, entry)
	{
		(void)strcat(ids, id + 34);
		(void)strcat(ids, " ");
		assert_true(json_is_object(json_object_get(entry, "outputs")));
	}
	assert_string_equal(ids, want_ids);
	json_decref(got);
	forget(&told);
}

static void an_empty_table_has_empty_pages(void **state)
{
	int status = 0;
	check_queue(*state, "{\"queue_running\": [], \"queue_pending\": []}");
	check_history(*state, -1, -1, "");
	check_blob(jobs_list_json(*state, (struct slice){NULL, 0}, &status),
		"{\"jobs\": [], \"pagination\": {\"offset\": 0, \"limit\": null, \"total\": 0, "
		"\"has_more\": false}}");
	assert_int_equal(status, 200);
}

static void the_queue_has_running_and_pending_ones_by_number(void **state)
{
	struct jobs *jobs = *state;
	jobs_move(jobs, add(jobs, 0, "{\"1\": {\"class_type\": \"K\\u00e9\"}}"), JOB_RUNNING);
	jobs_move(jobs, add(jobs, 1, "{}"), JOB_ENDING);
	struct job *checked = jobs_new(jobs, id_of(5));
	jobs_add(jobs, checked);
	struct job *last = jobs_new(jobs, id_of(2));
	jobs_own_number(last, 10.5);
	jobs_add(jobs, last);
	jobs_move(jobs, last, JOB_PLACING);
	struct job *first = jobs_new(jobs, id_of(3));
	jobs_number(jobs, first, true);
	jobs_add(jobs, first);
	jobs_move(jobs, first, JOB_WAITING);
	jobs_move(jobs, add(jobs, 4, "{\"2\": {}}"), JOB_PLACED);
	check_queue(jobs,
		"{\"queue_running\": ["
		"[0, \"0f1e2d3c-4b5a-4678-9abc-def012000000\", {\"1\": {\"class_type\": "
		"\"K\\u00e9\"}}, {\"client_id\": \"me\", \"create_time\": 17}, [\"9\"]],"
		"[1, \"0f1e2d3c-4b5a-4678-9abc-def012000001\", {}, {\"client_id\": \"me\", "
		"\"create_time\": 17}, [\"9\"]]],"
		"\"queue_pending\": ["
		"[-2, \"0f1e2d3c-4b5a-4678-9abc-def012000003\", {}, {}, []],"
		"[3, \"0f1e2d3c-4b5a-4678-9abc-def012000004\", {\"2\": {}}, {\"client_id\": "
		"\"me\", \"create_time\": 17}, [\"9\"]],"
		"[10.5, \"0f1e2d3c-4b5a-4678-9abc-def012000002\", {}, {}, []]]}");
}

static void a_page_is_kept_until_something_it_shows_has_changed(void **state)
{
	struct jobs *jobs = *state;
	struct told told = {0};
	struct job *job = add(jobs, 1, "{}");
	assert_null(jobs_queue_json(jobs, on_ready, &told));
	struct blob *first = blob_ref(told.json);
	assert_null(jobs_queue_json(jobs, on_ready, &told));
	assert_ptr_equal(told.json, first);
	jobs_move(jobs, job, JOB_PLACED);
	assert_null(jobs_queue_json(jobs, on_ready, &told));
	assert_ptr_equal(told.json, first);
	jobs_move(jobs, job, JOB_RUNNING);
	assert_null(jobs_queue_json(jobs, on_ready, &told));
	assert_ptr_not_equal(told.json, first);
	assert_int_equal(first->refs, 1); /* nobody keeps what nobody will get */
	blob_unref(first);
	forget(&told);
}

static void the_history_has_the_prompt_and_what_came_of_it(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = add(jobs, 1, "{\"9\": {}}");
	check_blob(jobs_history_one(job), "{}");
	end(jobs, job, JOB_DONE, pictures);
	char want[2000];
	(void)snprintf(want, sizeof(want),
		"{\"0f1e2d3c-4b5a-4678-9abc-def012000001\": {\"prompt\": [0, "
		"\"0f1e2d3c-4b5a-4678-9abc-def012000001\", {\"9\": {}}, {\"client_id\": \"me\", "
		"\"create_time\": 17}, [\"9\"]], %s}",
		pictures + 1);
	check_blob(jobs_history_one(job), want);
	struct told told = {0};
	assert_null(jobs_history_json(jobs, -1, -1, on_ready, &told));
	check_blob(told.json, want);
	struct job *lost = add(jobs, 2, "{}");
	end(jobs, lost, JOB_LOST, NULL);
	check_blob(jobs_history_one(lost),
		"{\"0f1e2d3c-4b5a-4678-9abc-def012000002\": {\"prompt\": [1, "
		"\"0f1e2d3c-4b5a-4678-9abc-def012000002\", {}, {\"client_id\": \"me\", "
		"\"create_time\": 17}, [\"9\"]], \"outputs\": {}, \"status\": {\"status_str\": "
		"\"error\", \"completed\": false, \"messages\": []}}}");
	struct job *bare = add(jobs, 3, "{}");
	end(jobs, bare, JOB_DONE, "{}");
	blob_unref(jobs_history_one(bare));
	check_history(jobs, -1, -1, "01 02 03 ");
}

static void the_history_is_cut_as_comfyui_does(void **state)
{
	struct jobs *jobs = *state;
	for (uint32_t i = 0; i < 60; i++)
		end(jobs, add(jobs, i, "{}"), JOB_DONE, NULL);
	check_history(jobs, 3, -1, "57 58 59 ");
	check_history(jobs, 3, 10, "10 11 12 ");
	check_history(jobs, 3, 58, "58 59 ");
	check_history(jobs, 3, 60, "");
	check_history(jobs, -1, 57, "57 58 59 ");
	check_history(jobs, 0, -1, "");
	check_history(jobs, INT64_MAX, 57, "57 58 59 ");
	check_history(jobs, INT64_MAX, INT64_MAX, "");
}

/* -- pages that take several turns -- */

static void many(struct jobs *jobs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		(void)add(jobs, i, "{\"1\": {\"class_type\": \"A\", \"inputs\": {}}}");
}

static size_t pending_in(const struct blob *json)
{
	json_t *page = parse(blob_slice(json));
	size_t count = json_array_size(json_object_get(page, "queue_pending"));
	json_decref(page);
	return count;
}

static void a_long_page_takes_turns_and_all_who_ask_share_it(void **state)
{
	struct jobs *jobs = *state;
	struct told told[4] = {0};
	many(jobs, 3000);
	assert_non_null(jobs_queue_json(jobs, on_ready, &told[0]));
	assert_non_null(jobs_queue_json(jobs, on_ready, &told[1]));
	turn_once();
	turn_once();
	turn_once();
	assert_non_null(jobs_queue_json(jobs, on_ready, &told[2]));
	assert_int_equal(told[0].count, 0);
	int turns = 0;
	for (; told[0].count == 0; turns++)
		turn_once();
	assert_true(turns >= 3000 / 256 - 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(told[i].count, 1);
		assert_ptr_equal(told[i].json, told[0].json);
	}
	assert_int_equal(pending_in(told[0].json), 3000);
	assert_null(jobs_queue_json(jobs, on_ready, &told[3]));
	assert_ptr_equal(told[3].json, told[0].json);
	for (size_t i = 0; i < COUNT_OF(told); i++)
		forget(&told[i]);
}

static void who_asks_after_a_change_gets_a_page_that_has_it(void **state)
{
	struct jobs *jobs = *state;
	struct told early = {0};
	struct told late = {0};
	struct told history = {0};
	many(jobs, 1000);
	end(jobs, add(jobs, 5000, "{}"), JOB_DONE, NULL);
	assert_non_null(jobs_queue_json(jobs, on_ready, &early));
	turn_once();
	(void)add(jobs, 4000, "{}");
	assert_non_null(jobs_queue_json(jobs, on_ready, &late));
	/* What is small does not wait for what is large. */
	assert_null(jobs_history_json(jobs, -1, -1, on_ready, &history));
	TURN_UNTIL(late.count != 0);
	assert_int_equal(early.count, 1);
	assert_int_equal(pending_in(early.json), 1000);
	assert_int_equal(pending_in(late.json), 1001);
	assert_int_equal(early.json->refs, 1); /* only the newest is kept */
	assert_int_equal(late.json->refs, 2);
	forget(&early);
	forget(&late);
	forget(&history);
}

static void jobs_that_end_or_go_meanwhile_stand_as_they_stood(void **state)
{
	struct jobs *jobs = *state;
	struct told told = {0};
	many(jobs, 1000);
	jobs_move(jobs, jobs_find(jobs, slice_of(id_of(7))), JOB_RUNNING);
	assert_non_null(jobs_queue_json(jobs, on_ready, &told));
	turn_once();
	for (uint32_t i = 0; i < 1000; i++) {
		struct job *job = jobs_find(jobs, slice_of(id_of(i)));
		if (i % 3 == 0)
			end(jobs, job, JOB_DONE, pictures);
		if (i % 2 == 0)
			jobs_drop(jobs, job);
	}
	TURN_UNTIL(told.count != 0);
	json_t *page = parse(blob_slice(told.json));
	assert_int_equal(json_array_size(json_object_get(page, "queue_running")), 1);
	json_t *pending = json_object_get(page, "queue_pending");
	assert_int_equal(json_array_size(pending), 999);
	for (size_t i = 0; i < 999; i++) {
		json_t *item = json_array_get(pending, i);
		assert_int_equal(json_array_size(item), 5);
		assert_int_equal(json_object_size(json_array_get(item, 2)), 1);
		assert_int_equal(json_integer_value(json_array_get(item, 0)), i + (i >= 7));
	}
	json_decref(page);
	forget(&told);
}

static void who_cancels_is_not_told(void **state)
{
	struct jobs *jobs = *state;
	struct told gone = {0};
	struct told told = {0};
	many(jobs, 1000);
	jobs_page_cancel(NULL);
	jobs_page_cancel(jobs_queue_json(jobs, on_ready, &gone));
	turn_once();
	struct jobs_page *alone = jobs_queue_json(jobs, on_ready, &gone);
	turn_once();
	turn_once();
	turn_once();
	jobs_page_cancel(alone);
	struct jobs_page *first = jobs_queue_json(jobs, on_ready, &gone);
	assert_non_null(jobs_queue_json(jobs, on_ready, &told));
	turn_once();
	turn_once();
	jobs_page_cancel(first);
	TURN_UNTIL(told.count != 0);
	assert_int_equal(gone.count, 0);
	assert_int_equal(pending_in(told.json), 1000);
	forget(&told);
}

static void a_table_that_goes_leaves_nobody_hanging(void **state)
{
	struct jobs *jobs = *state;
	struct told told = {0};
	many(jobs, 1000);
	struct jobs_page *first = jobs_queue_json(jobs, on_ready, &told);
	turn_once();
	turn_once();
	turn_once();
	(void)add(jobs, 5000, "{}");
	struct jobs_page *second = jobs_queue_json(jobs, on_ready, &told);
	jobs_destroy(jobs);
	*state = NULL;
	turn_once();
	jobs_page_cancel(first);
	jobs_page_cancel(second);
	assert_int_equal(told.count, 0);
}

static struct jobs_page *other_page;

static void cancel_other(void *arg, struct blob *json)
{
	jobs_page_cancel(other_page);
	other_page = NULL;
	on_ready(arg, json);
}

static void who_is_told_may_cancel_one_who_is_not(void **state)
{
	struct jobs *jobs = *state;
	struct told told = {0};
	struct told gone = {0};
	many(jobs, 1000);
	assert_non_null(jobs_queue_json(jobs, cancel_other, &told));
	other_page = jobs_queue_json(jobs, on_ready, &gone);
	TURN_UNTIL(told.count != 0);
	turn_once();
	assert_int_equal(gone.count, 0);
	forget(&told);
}

static void without_memory_whoever_asked_is_told_so(void **state)
{
	struct jobs *jobs = *state;
	many(jobs, 400);
	for (uint32_t i = 0; i < 50; i++)
		end(jobs, add(jobs, 1000 + i, "{\"9\": {}}"), JOB_DONE, pictures);
	for (long nth = 0;; nth++) {
		struct told told = {0};
		struct told other = {0};
		left = nth;
		has_failed = false;
		(void)jobs_queue_json(jobs, on_ready, &told);
		(void)jobs_history_json(jobs, 40, nth, on_ready, &other);
		while (told.count == 0 || other.count == 0)
			ensure(loop_turn());
		left = -1;
		assert_int_equal(told.count + other.count, 2);
		if (!has_failed) {
			assert_int_equal(pending_in(told.json), 400);
			assert_true(nth >= 5);
			forget(&told);
			forget(&other);
			break;
		}
		assert_true(told.failed + other.failed >= 1);
		forget(&told);
		forget(&other);
		(void)add(jobs, 2000 + (uint32_t)nth, "{}");
		jobs_drop(jobs, jobs_find(jobs, slice_of(id_of(2000 + (uint32_t)nth))));
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_empty_table_has_empty_pages),
		T(the_queue_has_running_and_pending_ones_by_number),
		T(a_page_is_kept_until_something_it_shows_has_changed),
		T(the_history_has_the_prompt_and_what_came_of_it),
		T(the_history_is_cut_as_comfyui_does),
		T(a_long_page_takes_turns_and_all_who_ask_share_it),
		T(who_asks_after_a_change_gets_a_page_that_has_it),
		T(jobs_that_end_or_go_meanwhile_stand_as_they_stood),
		T(who_cancels_is_not_told),
		T(a_table_that_goes_leaves_nobody_hanging),
		T(who_is_told_may_cancel_one_who_is_not),
		T(without_memory_whoever_asked_is_told_so),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
