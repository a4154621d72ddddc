/* test/unit/test_comfy_jobs.c: the job table, its numbers and its archive. */
#include "base/hash.h"
#include "base/text.h"
#include "comfy/jobs_table.h"
#include "test/unit/memory_help.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct jobs_limits wide = {10000, UINT64_C(1) << 40, 10000};
static char dropped[400];

static void note_drop(void *arg, struct job *job)
{
	(void)arg;
	(void)strncat(dropped, job->id + 30, sizeof(dropped) - strlen(dropped) - 1);
	(void)strncat(dropped, " ", sizeof(dropped) - strlen(dropped) - 1);
}

static int setup(void **state)
{
	struct jobs *jobs = jobs_create(&wide);
	if (jobs == NULL || hash_start() != 0)
		return -1;
	dropped[0] = '\0';
	jobs_on_drop(jobs, note_drop, NULL);
	*state = jobs;
	return 0;
}

static int teardown(void **state)
{
	jobs_destroy(*state);
	return 0;
}

/* The nth id: only its last six digits differ. */
static const char *id_of(uint32_t n)
{
	static char id[JOB_ID_BYTES + 1];
	(void)snprintf(id, sizeof(id), "0f1e2d3c-4b5a-4678-9abc-def012%06u", n);
	return id;
}

static struct job *add(struct jobs *jobs, uint32_t n)
{
	struct job *job = jobs_new(jobs, id_of(n));
	assert_non_null(job);
	jobs_number(jobs, job, false);
	jobs_add(jobs, job);
	jobs_move(jobs, job, JOB_WAITING);
	return job;
}

static void end(struct jobs *jobs, struct job *job)
{
	jobs_move(jobs, job, JOB_RUNNING);
	jobs_move(jobs, job, JOB_ENDING);
	jobs_move(jobs, job, JOB_DONE);
}

static struct job *find(struct jobs *jobs, uint32_t n)
{
	return jobs_find(jobs, slice_of(id_of(n)));
}

static void a_job_is_found_by_its_id_once_it_is_added(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = jobs_new(jobs, id_of(1));
	assert_null(find(jobs, 1));
	assert_int_equal(job->state, JOB_CHECKED);
	jobs_add(jobs, job);
	assert_ptr_equal(find(jobs, 1), job);
	assert_null(find(jobs, 2));
	assert_null(jobs_find(jobs, SLICE("0f1e2d3c")));
	assert_null(jobs_find(jobs, (struct slice){NULL, 0}));
	jobs_drop(jobs, job);
	assert_null(find(jobs, 1));
}

static void a_job_that_was_never_added_can_be_dropped(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = jobs_new(jobs, id_of(1));
	uint64_t epoch = jobs_queue_epoch(jobs);
	jobs_move(jobs, job, JOB_WAITING);
	job->body = blob_copy("x", 1);
	jobs_drop(jobs, job);
	assert_int_equal(jobs_queue_epoch(jobs), epoch);
	assert_int_equal(jobs_active(jobs), 0);
}

static void twenty_thousand_are_found_and_go_again(void **state)
{
	struct jobs *jobs = *state;
	struct job *all[20000];
	for (uint32_t i = 0; i < COUNT_OF(all); i++)
		all[i] = add(jobs, i);
	assert_int_equal(jobs_active(jobs), COUNT_OF(all));
	for (uint32_t i = 0; i < COUNT_OF(all); i++)
		assert_ptr_equal(find(jobs, i), all[i]);
	for (uint32_t i = 0; i < COUNT_OF(all); i += 2)
		jobs_drop(jobs, all[i]);
	for (uint32_t i = 0; i < COUNT_OF(all); i++)
		assert_ptr_equal(find(jobs, i), i % 2 ? all[i] : NULL);
	assert_int_equal(jobs_active(jobs), COUNT_OF(all) / 2);
}

static void active_ones_stand_by_age_and_ended_ones_by_their_end(void **state)
{
	struct jobs *jobs = *state;
	struct job *a = add(jobs, 1);
	struct job *c = jobs_new(jobs, id_of(3));
	struct job *b = jobs_new(jobs, id_of(2));
	assert_true(jobs_kept_number(jobs, b, SLICE("7"), 5));
	assert_true(jobs_kept_number(jobs, c, SLICE("8"), 9));
	jobs_add(jobs, c);
	jobs_add(jobs, b);
	assert_ptr_equal(list_first(jobs_all_active(jobs), struct job, in_table), a);
	assert_ptr_equal(list_first(&a->in_table, struct job, in_table), b);
	assert_ptr_equal(list_last(jobs_all_active(jobs), struct job, in_table), c);
	end(jobs, c);
	end(jobs, a);
	assert_ptr_equal(list_first(jobs_all_ended(jobs), struct job, in_table), c);
	assert_ptr_equal(list_last(jobs_all_ended(jobs), struct job, in_table), a);
	assert_ptr_equal(list_first(jobs_all_active(jobs), struct job, in_table), b);
	assert_int_equal(add(jobs, 4)->seq, 10);
}

static void states_are_counted(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = jobs_new(jobs, id_of(1));
	jobs_add(jobs, job);
	assert_int_equal(jobs_count(jobs, JOB_CHECKED), 1);
	assert_int_equal(jobs_active(jobs), 0);
	static const enum job_state way[] = {JOB_WAITING, JOB_PLACING, JOB_PLACED, JOB_RUNNING,
		JOB_WAITING, JOB_PLACING, JOB_RUNNING, JOB_ENDING};
	for (size_t i = 0; i < COUNT_OF(way); i++) {
		jobs_move(jobs, job, way[i]);
		assert_int_equal(jobs_active(jobs), 1);
		assert_int_equal(jobs_count(jobs, way[i]), 1);
	}
	jobs_move(jobs, job, JOB_LOST);
	assert_int_equal(jobs_active(jobs), 0);
	assert_int_equal(jobs_count(jobs, JOB_LOST), 1);
	jobs_drop(jobs, job);
	assert_int_equal(jobs_count(jobs, JOB_LOST), 0);
	assert_string_equal(dropped, "");
}

static void the_oldest_ended_ones_are_dropped(void **state)
{
	struct jobs *jobs = *state;
	jobs_set_limits(jobs, &(struct jobs_limits){3, UINT64_MAX, 10});
	for (uint32_t i = 0; i < 5; i++)
		end(jobs, add(jobs, i));
	assert_string_equal(dropped, "000000 000001 ");
	assert_null(find(jobs, 1));
	assert_non_null(find(jobs, 2));
	jobs_set_limits(jobs, &(struct jobs_limits){1, UINT64_MAX, 10});
	assert_string_equal(dropped, "000000 000001 000002 000003 ");
	jobs_set_limits(jobs, &(struct jobs_limits){0, UINT64_MAX, 10});
	assert_true(list_is_empty(jobs_all_ended(jobs)));
	/* The one that is being ended is its mover's: it is never dropped under him. */
	struct job *job = add(jobs, 9);
	end(jobs, job);
	assert_ptr_equal(find(jobs, 9), job);
	struct job *next = add(jobs, 10);
	end(jobs, next);
	assert_null(find(jobs, 9));
	assert_ptr_equal(find(jobs, 10), next);
}

static void what_results_weigh_is_bounded(void **state)
{
	struct jobs *jobs = *state;
	jobs_set_limits(jobs, &(struct jobs_limits){100, 2500, 10});
	for (uint32_t i = 0; i < 4; i++) {
		struct job *job = add(jobs, i);
		job->result = blob_create(1000);
		memset(job->result->p, ' ', 1000);
		end(jobs, job);
		jobs_archive(jobs, job);
	}
	assert_string_equal(dropped, "000000 000001 ");
	/* Twice is not counted twice. */
	jobs_archive(jobs, find(jobs, 3));
	assert_string_equal(dropped, "000000 000001 ");
	/* One that is too large for itself alone stays, alone. */
	struct job *huge = add(jobs, 8);
	huge->result = blob_create(5000);
	end(jobs, huge);
	jobs_archive(jobs, huge);
	assert_string_equal(dropped, "000000 000001 000002 000003 ");
	assert_ptr_equal(find(jobs, 8), huge);
}

static void an_id_that_comes_again_replaces_the_ended_one_when_it_ends(void **state)
{
	struct jobs *jobs = *state;
	struct job *first = add(jobs, 1);
	end(jobs, first);
	struct job *second = add(jobs, 1);
	assert_ptr_equal(find(jobs, 1), second);
	for (uint32_t i = 100; i < 3000; i++)
		(void)add(jobs, i); /* the table grows */
	assert_ptr_equal(find(jobs, 1), second);
	assert_int_equal(jobs_count(jobs, JOB_DONE), 1);
	end(jobs, second);
	assert_string_equal(dropped, "000001 ");
	assert_ptr_equal(find(jobs, 1), second);
	assert_int_equal(jobs_count(jobs, JOB_DONE), 1);
	/* One that was refused leaves the ended one as it was. */
	struct job *third = add(jobs, 1);
	jobs_drop(jobs, third);
	assert_ptr_equal(find(jobs, 1), second);
}

static void every_change_that_can_be_seen_is_a_new_epoch(void **state)
{
	struct jobs *jobs = *state;
	uint64_t queue = jobs_queue_epoch(jobs);
	uint64_t history = jobs_history_epoch(jobs);
	struct job *job = jobs_new(jobs, id_of(1));
	jobs_number(jobs, job, false);
	jobs_add(jobs, job);
	assert_int_equal(jobs_queue_epoch(jobs), queue); /* nobody sees it yet */
	jobs_move(jobs, job, JOB_WAITING);
	assert_true(jobs_queue_epoch(jobs) > queue);
	queue = jobs_queue_epoch(jobs);
	jobs_move(jobs, job, JOB_PLACING);
	assert_int_equal(jobs_queue_epoch(jobs), queue); /* pending as before */
	jobs_move(jobs, job, JOB_RUNNING);
	assert_true(jobs_queue_epoch(jobs) > queue);
	queue = jobs_queue_epoch(jobs);
	assert_int_equal(jobs_history_epoch(jobs), history);
	jobs_move(jobs, job, JOB_FAILED);
	assert_true(jobs_queue_epoch(jobs) > queue);
	assert_true(jobs_history_epoch(jobs) > history);
	queue = jobs_queue_epoch(jobs);
	history = jobs_history_epoch(jobs);
	jobs_archive(jobs, job);
	assert_true(jobs_history_epoch(jobs) > history);
	history = jobs_history_epoch(jobs);
	jobs_drop(jobs, job);
	assert_true(jobs_history_epoch(jobs) > history);
	assert_int_equal(jobs_queue_epoch(jobs), queue);
}

static void the_counter_gives_whole_numbers_and_front_ones_overtake(void **state)
{
	struct jobs *jobs = *state;
	static const char *const want[] = {"0", "1", "-2", "-3", "4"};
	for (uint32_t i = 0; i < COUNT_OF(want); i++) {
		struct job *job = jobs_new(jobs, id_of(i));
		jobs_number(jobs, job, i == 2 || i == 3);
		assert_string_equal(job->number_text, want[i]);
		assert_true(job->number == strtod(want[i], NULL));
		jobs_drop(jobs, job);
	}
}

static void a_number_of_a_clients_own_is_written_as_python_does(void **state)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{0, "0.0"},
		{-0.0, "-0.0"},
		{5, "5.0"},
		{1.5, "1.5"},
		{-2, "-2.0"},
		{0.1, "0.1"},
		{1.0 / 3, "0.3333333333333333"},
		{100, "100.0"},
		{123456789.125, "123456789.125"},
		{0.0001, "0.0001"},
		{0.00012345, "0.00012345"},
		{0.00001, "1e-05"},
		{-1.5e-7, "-1.5e-07"},
		{1e15, "1000000000000000.0"},
		{1234567890123456, "1234567890123456.0"},
		{1e16, "1e+16"},
		{1.25e100, "1.25e+100"},
		{9007199254740992, "9007199254740992.0"},
		{DBL_MAX, "1.7976931348623157e+308"},
		{-DBL_MIN, "-2.2250738585072014e-308"},
		{5e-324, "5e-324"},
		{HUGE_VAL, "1.7976931348623157e+308"},
		{-HUGE_VAL, "-1.7976931348623157e+308"},
		{NAN, "0.0"},
	};
	struct jobs *jobs = *state;
	struct job *job = jobs_new(jobs, id_of(1));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		jobs_own_number(job, rows[i].number);
		assert_string_equal(job->number_text, rows[i].text);
		assert_true(strtod(job->number_text, NULL) == job->number);
	}
	jobs_drop(jobs, job);
	job = jobs_new(jobs, id_of(2));
	jobs_number(jobs, job, false);
	assert_string_equal(job->number_text, "0");
	jobs_drop(jobs, job);
}

static void numbers_go_on_behind_those_of_the_journal(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = jobs_new(jobs, id_of(1));
	static const char *const bad[] = {"", "x", "nan", "inf", "0x10", "1e999", "5 ", "1-", "--1",
		".", "99999999999999999999", "1111111111111111111111111111111111111111"};
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(jobs_kept_number(jobs, job, slice_of(bad[i]), 100));
	assert_true(jobs_kept_number(jobs, job, SLICE("1e+30"), 3));
	assert_string_equal(job->number_text, "1e+30");
	assert_true(jobs_kept_number(jobs, job, SLICE("700.0"), 4));
	assert_string_equal(job->number_text, "700.0");
	assert_true(jobs_kept_number(jobs, job, SLICE("-41"), 17));
	assert_string_equal(job->number_text, "-41");
	assert_true(job->number == -41);
	assert_true(jobs_kept_number(jobs, job, SLICE("12"), 6));
	assert_int_equal(job->seq, 6);
	jobs_drop(jobs, job);
	job = jobs_new(jobs, id_of(2));
	assert_int_equal(job->seq, 18);
	jobs_number(jobs, job, false);
	assert_string_equal(job->number_text, "42");
	jobs_drop(jobs, job);
}

/* -- the archive -- */

static void fill(struct job *job, size_t graph_bytes)
{
	struct text body;
	text_init(&body, graph_bytes + 100);
	text_puts(&body, "{\"prompt\":{\"1\":\"");
	for (size_t i = 0; body.n < graph_bytes; i++)
		text_u64(&body, i * i);
	text_puts(&body, "\"}}");
	job->body = blob_of_text(&body);
	assert_non_null(job->body);
	job->graph = (struct slice){job->body->p + 10, job->body->n - 11};
	job->extra = blob_copy("{\"client_id\":\"c\"}", 17);
	job->outputs = blob_copy("[\"9\"]", 5);
	job->node_errors = blob_copy("{}", 2);
}

static void check_prompt(const struct job *job, const char *want)
{
	struct text text;
	text_init(&text, 0);
	assert_true(job_put_prompt(&text, job));
	assert_int_equal(text.n, strlen(want));
	assert_memory_equal(text.p, want, text.n);
	text_finish(&text);
}

static char *prompt_of(const struct job *job)
{
	struct text text;
	text_init(&text, 0);
	assert_true(job_put_prompt(&text, job));
	text_put(&text, "", 1);
	return text.p;
}

static void the_archive_gives_back_what_was_asked(void **state)
{
	struct jobs *jobs = *state;
	static const size_t sizes[] = {16, 2000, 200000, 300000};
	for (uint32_t i = 0; i < COUNT_OF(sizes); i++) {
		struct job *job = add(jobs, i);
		fill(job, sizes[i]);
		char *want = prompt_of(job);
		end(jobs, job);
		jobs_archive(jobs, job);
		assert_null(job->body);
		assert_null(job->graph.p);
		assert_null(job->extra);
		assert_null(job->outputs);
		assert_null(job->node_errors);
		assert_non_null(job->archive);
		assert_int_equal(job->is_deflated, sizes[i] != 16 && sizes[i] != 300000);
		if (job->is_deflated)
			assert_true(job->archive->n < job->archive_bytes * 2 / 3);
		check_prompt(job, want);
		jobs_archive(jobs, job);
		check_prompt(job, want);
		free(want);
	}
}

static void the_prompt_is_written_in_comfyuis_order(void **state)
{
	struct jobs *jobs = *state;
	struct job *job = add(jobs, 1);
	check_prompt(job, "[0,\"0f1e2d3c-4b5a-4678-9abc-def012000001\",{},{},[]]");
	jobs_own_number(job, -1);
	job->body = blob_copy("{\"prompt\": {\"3\": [] } }", 23);
	job->graph = (struct slice){job->body->p + 11, 11};
	job->extra = blob_copy("{\"a\":1}", 7);
	job->outputs = blob_copy("[\"3\"]", 5);
	check_prompt(job,
		"[-1.0,\"0f1e2d3c-4b5a-4678-9abc-def012000001\",{\"3\": [] } ,{\"a\":1},[\"3\"]]");
}

static void without_memory_the_graph_is_lost_and_the_job_stays(void **state)
{
	struct jobs *jobs = *state;
	for (long nth = 0;; nth++) {
		struct job *job = add(jobs, 1);
		fill(job, 2000);
		end(jobs, job);
		left = nth;
		has_failed = false;
		jobs_archive(jobs, job);
		left = -1;
		assert_null(job->body);
		assert_ptr_equal(find(jobs, 1), job);
		if (job->archive == NULL)
			check_prompt(job, "[0,\"0f1e2d3c-4b5a-4678-9abc-def012000001\",{},{},[]]");
		jobs_drop(jobs, job);
		jobs_destroy(jobs);
		jobs = jobs_create(&wide);
		if (!has_failed) {
			assert_true(nth >= 3);
			break;
		}
	}
	*state = jobs;
	for (long nth = 0; nth < 2; nth++) {
		left = nth;
		assert_null(jobs_create(&wide));
	}
	left = 0;
	assert_null(jobs_new(jobs, id_of(1)));
	left = -1;
}

static void growing_without_memory_loses_nothing(void **state)
{
	struct jobs *jobs = *state;
	struct job *ready[1200];
	for (uint32_t i = 0; i < COUNT_OF(ready); i++)
		ready[i] = jobs_new(jobs, id_of(i));
	for (uint32_t i = 0; i < COUNT_OF(ready); i++) {
		left = 0;
		jobs_add(jobs, ready[i]);
		left = -1;
	}
	for (uint32_t i = 0; i < COUNT_OF(ready); i++)
		assert_ptr_equal(find(jobs, i), ready[i]);
}

static void ten_thousand_jobs_take_less_than_64_mib(void **state)
{
	(void)state;
	/* Apart from bodies: the job, its buckets, and a blob's head and some words for each of
	 * extra, outputs, node_errors and needs. */
	size_t one = sizeof(struct job) + 2 * sizeof(struct job *) +
		     4 * (sizeof(struct blob) + 16 /* malloc */) + 512;
	assert_true(one * 10000 <= (size_t)64 << 20);
	assert_true(sizeof(struct job) <= 1024);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_job_is_found_by_its_id_once_it_is_added),
		T(a_job_that_was_never_added_can_be_dropped),
		T(twenty_thousand_are_found_and_go_again),
		T(active_ones_stand_by_age_and_ended_ones_by_their_end),
		T(states_are_counted),
		T(the_oldest_ended_ones_are_dropped),
		T(what_results_weigh_is_bounded),
		T(an_id_that_comes_again_replaces_the_ended_one_when_it_ends),
		T(every_change_that_can_be_seen_is_a_new_epoch),
		T(the_counter_gives_whole_numbers_and_front_ones_overtake),
		T(a_number_of_a_clients_own_is_written_as_python_does),
		T(numbers_go_on_behind_those_of_the_journal),
		T(the_archive_gives_back_what_was_asked),
		T(the_prompt_is_written_in_comfyuis_order),
		T(without_memory_the_graph_is_lost_and_the_job_stays),
		T(growing_without_memory_loses_nothing),
		T(ten_thousand_jobs_take_less_than_64_mib),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
