/* test/unit/test_comfy_schedule_next.c */
#include "test/unit/schedule_help.h"

/* -- the terms of the score -- */

static void the_load_time_counts_twice(void **state)
{
	(void)state;
	/* Worker 0 has the models and is slow, worker 1 has to load them. */
	for (int i = 0; i < 200; i++) {
		teach(0, 7, 14, 0.1);
		teach(1, 7, 10, 3);
		teach(1, 8, 10, 3);
	}
	double slow = 10 / f.workers[0]->place.speed * f.workers[1]->place.speed;
	assert_true(slow > 13.5 && slow < 14.5);
	/* 4 s longer there, 3 s of loading here: with alpha 1 the other one. */
	free_worker(0);
	free_worker(1);
	submit(0, 7);
	f.settings.alpha = 0.1;
	schedule_set(f.schedule, &f.settings);
	expect_next(&f.jobs[0], 1);
	f.settings.alpha = 4;
	schedule_set(f.schedule, &f.settings);
	ran(1, 8, 10);
	free_worker(1);
	submit(0, 7);
	expect_next(&f.jobs[1], 0);
}

static void the_faster_one_of_two_free_workers_is_taken(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		ran(0, 0, 6);
		ran(1, 0, 3);
	}
	free_worker(0);
	free_worker(1);
	submit(0, 0);
	submit(0, 0);
	expect_next(&f.jobs[0], 1);
	f.now_s += 100; /* overdue: nobody waits for that one */
	expect_next(&f.jobs[1], 0);
}

static void a_client_goes_back_to_where_its_graph_ran(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		teach(i, 7, 5, 5);
	free_worker(1);
	submit(0, 7);
	expect_next(&f.jobs[0], 1);
	schedule_ended(f.schedule, f.now_s += 5, &f.jobs[0], f.workers[1], SCHED_DONE, 5, false);
	for (int i = 0; i < 3; i++)
		free_worker(i);
	submit(0, 7);
	expect_next(&f.jobs[1], 1);
	/* It is worth a tenth of the run, and no more. */
	schedule_ended(f.schedule, f.now_s += 5, &f.jobs[1], f.workers[1], SCHED_DONE, 5, false);
	for (int i = 0; i < 100; i++) {
		ran(0, 7, 5);
		ran(1, 7, 7);
		ran(2, 7, 5);
	}
	for (int i = 0; i < 3; i++)
		free_worker(i);
	submit(0, 7);
	int worker;
	assert_ptr_equal(start_next(&worker), &f.jobs[2]);
	assert_int_not_equal(worker, 1);
}

static void a_worker_that_works_already_is_the_last_choice(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 3; k++)
			ran(i, 0, 5);
		sched_worker_set_room(f.workers[i], 2);
	}
	for (int i = 0; i < 4; i++)
		submit(0, 0);
	int first, second;
	start_next(&first);
	start_next(&second);
	assert_int_not_equal(first, second);
}

/* -- busy workers -- */

/* Worker 0 has models 7 (run 4 s, load 20 s) and is busy with them for another 4 s; worker 1 is
 * free and has to load. */
static struct sched_job *one_busy_one_cold(void)
{
	teach(0, 7, 4, 20);
	teach(1, 9, 4, 20);
	struct sched_job *running = new_job(7);
	free_worker(0);
	schedule_started(f.schedule, f.now_s, f.clients[3], running, f.workers[0]);
	free_worker(1);
	return running;
}

static void a_job_waits_for_a_busy_worker_that_finishes_it_sooner(void **state)
{
	(void)state;
	struct sched_job *running = one_busy_one_cold();
	struct sched_job *job = submit(0, 7);
	expect_none();
	schedule_ended(f.schedule, f.now_s += 4, running, f.workers[0], SCHED_DONE, 4, false);
	free_worker(0);
	expect_next(job, 0);
}

static void a_busy_worker_is_waited_for_by_one_job_at_most(void **state)
{
	(void)state;
	one_busy_one_cold();
	submit(0, 7);
	struct sched_job *second = submit(1, 7);
	expect_next(second, 1);
	expect_none();
}

static void the_second_job_of_a_line_does_not_leave_a_worker_idle(void **state)
{
	(void)state;
	one_busy_one_cold();
	submit(0, 7);
	struct sched_job *second = submit(0, 7);
	expect_next(second, 1);
	expect_none();
}

static void first_jobs_of_others_come_before_the_rest_of_a_line(void **state)
{
	(void)state;
	one_busy_one_cold();
	submit(0, 7);
	submit(0, 9);
	charge(1);
	struct sched_job *other = submit(1, 9);
	expect_next(other, 1);
}

static void the_rest_of_a_line_comes_before_a_lower_priority(void **state)
{
	(void)state;
	one_busy_one_cold();
	struct sched_job *jobs[] = {new_job(7), new_job(7)};
	for (size_t i = 0; i < COUNT_OF(jobs); i++) {
		jobs[i]->priority = 1;
		schedule_add(f.schedule, f.clients[0], jobs[i]);
	}
	submit(1, 9);
	expect_next(jobs[1], 1);
}

static void a_busy_worker_that_may_not_run_it_is_not_waited_for(void **state)
{
	(void)state;
	one_busy_one_cold();
	f.banned[0] = 7;
	expect_next(submit(0, 7), 1);
}

static void an_overdue_worker_is_not_waited_for_forever(void **state)
{
	(void)state;
	one_busy_one_cold();
	struct sched_job *job = submit(0, 7);
	expect_none();
	f.now_s += 300; /* its end would be no news any more */
	expect_next(job, 1);
}

/* -- who may run what -- */

static void a_job_goes_only_where_it_may_run(void **state)
{
	(void)state;
	f.banned[0] = 7;
	f.banned[1] = UINT64_MAX;
	for (int i = 0; i < 3; i++)
		free_worker(i);
	struct sched_job *job = submit(0, 7), *second = submit(0, 7);
	expect_next(job, 2);
	expect_none();
	f.banned[0] = 0;
	expect_next(second, 0);
}

static void a_job_that_may_run_nowhere_does_not_hold_up_its_line(void **state)
{
	(void)state;
	f.banned[0] = 7;
	free_worker(0);
	submit(0, 7);
	submit(0, 7);
	struct sched_job *third = submit(0, 8);
	expect_next(third, 0);
}

static void a_long_line_of_such_jobs_is_not_walked_to_its_end(void **state)
{
	(void)state;
	f.banned[0] = 7;
	free_worker(0);
	for (int i = 0; i < JOBS; i++)
		submit(0, 7);
	expect_none();
	assert_in_range(f.asked, 2, 40);
}

static void all_such_lines_together_are_not_walked_either(void **state)
{
	(void)state;
	static struct sched_job jobs[50][30];
	struct sched_client *clients[50];
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		clients[i] = sched_client_create(f.schedule);
		for (size_t k = 0; k < COUNT_OF(jobs[0]); k++) {
			jobs[i][k] = (struct sched_job){.order = (double)k};
			schedule_add(f.schedule, clients[i], &jobs[i][k]);
		}
	}
	f.banned[0] = UINT64_MAX;
	free_worker(0);
	expect_none();
	assert_in_range(f.asked, COUNT_OF(clients), 400);
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		for (size_t k = 0; k < COUNT_OF(jobs[0]); k++)
			schedule_remove(&jobs[i][k]);
		sched_client_destroy(clients[i]);
	}
}

/* -- somebody else's choice -- */

static struct sched_worker *take_last(void *arg, struct sched_worker *const *free, size_t count)
{
	*(size_t *)arg = count;
	return free[count - 1];
}

static struct sched_worker *take_none(void *arg, struct sched_worker *const *free, size_t count)
{
	(void)arg;
	(void)free;
	(void)count;
	return NULL;
}

static void a_strategy_takes_the_place_of_the_score(void **state)
{
	(void)state;
	size_t count = 0;
	f.settings.choose = take_last;
	f.settings.arg = &count;
	schedule_set(f.schedule, &f.settings);
	f.banned[3] = 7;
	for (int i = 0; i < WORKERS; i++)
		free_worker(i);
	struct sched_job *first = submit(0, 7), *second = submit(1, 9), *third = submit(0, 9);
	expect_next(first, 2);
	assert_int_equal(count, 3);
	expect_next(second, 3); /* by number, whatever they had */
	assert_int_equal(count, 3);
	expect_next(third, 1);
	f.settings.choose = take_none;
	schedule_set(f.schedule, &f.settings);
	submit(0, 1);
	expect_none();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_load_time_counts_twice),
		TEST(the_faster_one_of_two_free_workers_is_taken),
		TEST(a_client_goes_back_to_where_its_graph_ran),
		TEST(a_worker_that_works_already_is_the_last_choice),
		TEST(a_job_waits_for_a_busy_worker_that_finishes_it_sooner),
		TEST(a_busy_worker_is_waited_for_by_one_job_at_most),
		TEST(the_second_job_of_a_line_does_not_leave_a_worker_idle),
		TEST(first_jobs_of_others_come_before_the_rest_of_a_line),
		TEST(the_rest_of_a_line_comes_before_a_lower_priority),
		TEST(a_busy_worker_that_may_not_run_it_is_not_waited_for),
		TEST(an_overdue_worker_is_not_waited_for_forever),
		TEST(a_job_goes_only_where_it_may_run),
		TEST(a_job_that_may_run_nowhere_does_not_hold_up_its_line),
		TEST(a_long_line_of_such_jobs_is_not_walked_to_its_end),
		TEST(all_such_lines_together_are_not_walked_either),
		TEST(a_strategy_takes_the_place_of_the_score),
	};
	return cmocka_run_group_tests_name("comfy/schedule_next", tests, NULL, NULL);
}
