/* test/unit/test_comfy_schedule.c */
#include "test/unit/schedule_help.h"

/* -- lines -- */

static void nothing_is_next_without_jobs_or_room(void **state)
{
	(void)state;
	expect_none();
	submit(0, 0);
	expect_none();
	assert_int_equal(f.asked, 0);
	assert_int_equal(schedule_waiting(f.schedule), 1);
	free_worker(2);
	expect_next(&f.jobs[0], 2);
	assert_int_equal(schedule_waiting(f.schedule), 0);
	submit(0, 0);
	expect_none(); /* its room was one */
}

static void a_line_goes_by_number_and_then_by_arrival(void **state)
{
	(void)state;
	const double numbers[] = {5, 3, 5, 4.5, 3};
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct sched_job *job = new_job(0);
		job->order = numbers[i];
		schedule_add(f.schedule, f.clients[0], job);
	}
	sched_worker_set_room(f.workers[0], 9);
	const int wanted[] = {1, 4, 3, 0, 2};
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		expect_next(&f.jobs[wanted[i]], 0);
	expect_none();
}

static void a_higher_priority_goes_strictly_first(void **state)
{
	(void)state;
	submit(0, 0);
	for (int i = 0; i < 3; i++) {
		struct sched_job *job = new_job(0);
		job->priority = 1;
		schedule_add(f.schedule, f.clients[1], job);
	}
	struct sched_job *low = new_job(0);
	low->priority = -1;
	schedule_add(f.schedule, f.clients[2], low);
	sched_worker_set_room(f.workers[0], 9);
	for (int i = 1; i <= 3; i++)
		expect_next(&f.jobs[i], 0);
	expect_next(&f.jobs[0], 0);
	expect_next(low, 0);
}

static void front_goes_before_everybody_of_its_priority(void **state)
{
	(void)state;
	submit(0, 0);
	submit(1, 0);
	charge(1);
	charge(2);
	struct sched_job *front = new_job(0), *later = new_job(0), *high = new_job(0);
	front->order = -3;
	later->order = -4;
	high->priority = 1;
	schedule_add(f.schedule, f.clients[1], front);
	schedule_add(f.schedule, f.clients[2], later);
	schedule_add(f.schedule, f.clients[3], high);
	sched_worker_set_room(f.workers[0], 9);
	expect_next(high, 0);
	expect_next(later, 0);
	expect_next(front, 0);
	expect_next(&f.jobs[0], 0);
	expect_next(&f.jobs[1], 0);
}

static void a_job_that_was_taken_out_is_not_next(void **state)
{
	(void)state;
	submit(0, 0);
	submit(0, 0);
	schedule_remove(&f.jobs[0]);
	schedule_remove(&f.jobs[0]);
	assert_null(f.jobs[0].client);
	assert_int_equal(schedule_waiting(f.schedule), 1);
	sched_worker_set_room(f.workers[0], 2);
	expect_next(&f.jobs[1], 0);
	expect_none();
}

/* -- fairness -- */

static void clients_share_by_time_and_not_by_jobs(void **state)
{
	(void)state;
	int owners[JOBS], of[CLIENTS] = {0}, worker;
	for (int i = 0; i < 3; i++) {
		teach(0, 7, 9, 0.001);
		teach(0, 8, 3, 0.001);
	}
	for (int i = 0; i < 30; i++) {
		submit(i % 2, i % 2 == 0 ? 7 : 8);
		owners[i] = i % 2;
	}
	for (int i = 0; i < 16; i++) {
		free_worker(0);
		struct sched_job *job = start_next(&worker);
		double run_s = job->facts.models == 7 ? 9 : 3;
		of[client_of(job, owners)]++;
		schedule_ended(
			f.schedule, f.now_s += run_s, job, f.workers[0], SCHED_DONE, run_s, false);
	}
	assert_in_range(of[0], 3, 5);
	assert_in_range(of[1], 11, 13);
}

static void who_comes_later_neither_waits_for_the_others_nor_saved_anything_up(void **state)
{
	(void)state;
	int worker, turns = 0;
	for (int i = 0; i < 30; i++)
		submit(0, 0);
	for (int i = 0; i < 10; i++) {
		free_worker(0);
		struct sched_job *job = start_next(&worker);
		schedule_ended(f.schedule, f.now_s += 10, job, f.workers[0], SCHED_DONE, 10, false);
	}
	uint32_t first = f.job_count;
	for (int i = 0; i < 10; i++)
		submit(1, 0);
	for (int i = 0; i < 10; i++) {
		free_worker(0);
		struct sched_job *job = start_next(&worker);
		turns += job >= &f.jobs[first];
		if (i < 2 && turns == 0 && i == 1)
			fail_msg("the newcomer waits");
		schedule_ended(f.schedule, f.now_s += 10, job, f.workers[0], SCHED_DONE, 10, false);
	}
	assert_in_range(turns, 4, 6);
}

static void jobs_that_never_waited_are_charged_too(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct sched_job *job = new_job(0);
		schedule_started(f.schedule, f.now_s, f.clients[0], job, f.workers[0]);
		schedule_ended(f.schedule, f.now_s += 10, job, f.workers[0], SCHED_DONE, 10, false);
	}
	struct sched_job *one = submit(0, 0), *other = submit(1, 0);
	sched_worker_set_room(f.workers[0], 2);
	expect_next(other, 0);
	expect_next(one, 0);
}

static void loading_is_charged_to_who_needs_it(void **state)
{
	(void)state;
	teach(0, 7, 4, 20);
	teach(0, 8, 4, 20);
	struct sched_job *cold = new_job(7), *warm = new_job(8);
	schedule_started(f.schedule, f.now_s, f.clients[1], warm, f.workers[0]);
	schedule_ended(f.schedule, f.now_s + 4, warm, f.workers[0], SCHED_DONE, 4, false);
	schedule_started(f.schedule, f.now_s, f.clients[0], cold, f.workers[1]);
	schedule_ended(f.schedule, f.now_s + 24, cold, f.workers[1], SCHED_DONE, 24, false);
	struct sched_job *one = submit(0, 0), *other = submit(1, 0);
	sched_worker_set_room(f.workers[2], 2);
	expect_next(other, 2);
	expect_next(one, 2);
}

/* Both clients run one job that is expected to take 10 s; client 0's takes so long. Then worker 2
 * takes two. */
static void run_one_each(double took_s, enum sched_end end)
{
	ran(0, 0, 10);
	struct sched_job *jobs[] = {new_job(0), new_job(0)};
	for (size_t i = 0; i < COUNT_OF(jobs); i++)
		schedule_started(f.schedule, f.now_s, f.clients[i], jobs[i], f.workers[i]);
	schedule_ended(f.schedule, f.now_s + 10, jobs[1], f.workers[1], SCHED_DONE, 10, false);
	schedule_ended(f.schedule, f.now_s + took_s, jobs[0], f.workers[0], end, took_s, false);
	sched_worker_set_room(f.workers[2], 2);
}

static void what_was_charged_and_not_used_is_paid_back(void **state)
{
	(void)state;
	run_one_each(2, SCHED_DONE);
	struct sched_job *other = submit(1, 0), *less = submit(0, 0);
	expect_next(less, 2);
	expect_next(other, 2);
}

static void of_a_job_that_failed_early_most_is_paid_back(void **state)
{
	(void)state;
	run_one_each(1, SCHED_SHORT);
	struct sched_job *other = submit(1, 0), *less = submit(0, 0);
	expect_next(less, 2);
	expect_next(other, 2);
}

static void a_job_that_failed_late_is_charged_for_its_time(void **state)
{
	(void)state;
	ran(0, 0, 10);
	struct sched_job *job = new_job(0);
	schedule_started(f.schedule, f.now_s, f.clients[0], job, f.workers[0]);
	schedule_ended(f.schedule, f.now_s + 10, job, f.workers[0], SCHED_SHORT, 0, false);
	struct sched_job *more = submit(0, 0), *other = submit(1, 0);
	sched_worker_set_room(f.workers[1], 2);
	expect_next(other, 1);
	expect_next(more, 1);
}

static void what_took_longer_than_expected_is_not_charged_again(void **state)
{
	(void)state;
	run_one_each(30, SCHED_DONE);
	struct sched_job *more = submit(0, 0), *other = submit(1, 0);
	expect_next(more, 2);
	expect_next(other, 2);
}

static void nobody_is_paid_back_to_before_where_the_others_are(void **state)
{
	(void)state;
	struct sched_job *wrong[4];
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		wrong[i] = new_job(0);
		schedule_started(f.schedule, f.now_s, f.clients[0], wrong[i], f.workers[i]);
	}
	/* Client 1 comes while all that is charged, and begins there. */
	for (int i = 0; i < 10; i++)
		submit(1, 0);
	f.now_s += 0.1;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		schedule_ended(f.schedule, f.now_s, wrong[i], f.workers[i], SCHED_DONE, 0.1, false);
	for (int i = 0; i < 10; i++)
		submit(0, 0);
	int of_first = 0, worker;
	for (int i = 0; i < 8; i++) {
		free_worker(0);
		struct sched_job *job = start_next(&worker);
		of_first += job->charged == f.clients[0];
		schedule_ended(
			f.schedule, f.now_s += 0.1, job, f.workers[0], SCHED_DONE, 0.1, false);
	}
	assert_in_range(of_first, 3, 5);
}

static void a_client_may_go_while_its_jobs_run(void **state)
{
	(void)state;
	struct sched_client *client = sched_client_create(f.schedule);
	struct sched_job *jobs[] = {new_job(0), new_job(0)};
	for (size_t i = 0; i < COUNT_OF(jobs); i++)
		schedule_started(f.schedule, f.now_s, client, jobs[i], f.workers[i]);
	sched_client_destroy(client);
	schedule_ended(f.schedule, f.now_s, jobs[0], f.workers[0], SCHED_DONE, 1, false);
	schedule_ended(f.schedule, f.now_s, jobs[1], f.workers[1], SCHED_DONE, 1, false);
	/* One whose job never ends goes with the schedule. */
	client = sched_client_create(f.schedule);
	schedule_started(f.schedule, f.now_s, client, jobs[0], f.workers[0]);
	sched_client_destroy(client);
}

static void share_of_bulk(double weight, int *ret_bulk)
{
	int owners[JOBS], worker;
	f.settings.bulk_weight = weight;
	schedule_set(f.schedule, &f.settings);
	ran(0, 0, 10);
	for (int i = 0; i < 40; i++) {
		submit(0, 0);
		owners[i] = 0;
	}
	for (int i = 40; i < 49; i++) {
		submit(1, 0);
		owners[i] = 1;
	}
	*ret_bulk = 0;
	for (int i = 0; i < 10; i++) {
		free_worker(0);
		struct sched_job *job = start_next(&worker);
		*ret_bulk += client_of(job, owners) == 0;
		schedule_ended(f.schedule, f.now_s += 10, job, f.workers[0], SCHED_DONE, 10, false);
	}
}

static void a_bulk_has_the_same_share_by_default(void **state)
{
	(void)state;
	int bulk;
	share_of_bulk(1, &bulk);
	assert_in_range(bulk, 4, 6);
}

static void a_bulk_has_a_smaller_share_if_told_so(void **state)
{
	(void)state;
	int bulk;
	share_of_bulk(0.25, &bulk);
	assert_in_range(bulk, 1, 3);
}

/* -- starts and ends -- */

static void what_failed_or_was_cached_teaches_nothing(void **state)
{
	(void)state;
	struct graph_facts facts = {.models = 0};
	ran(0, 0, 10);
	const struct {
		enum sched_end end;
		bool was_cached;
	} ends[] = {{SCHED_SHORT, false}, {SCHED_DONE, true}};
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct sched_job *job = new_job(0);
		schedule_started(f.schedule, f.now_s, f.clients[0], job, f.workers[0]);
		schedule_ended(f.schedule, f.now_s + 1, job, f.workers[0], ends[i].end, 1,
			ends[i].was_cached);
	}
	assert_true(fabs(estimate_run(f.schedule->estimate, &facts) - 10) < 0.001);
	ran(0, 0, 10);
	assert_true(fabs(estimate_run(f.schedule->estimate, &facts) - 10) < 0.001);
}

static void a_restarted_worker_has_to_load_again(void **state)
{
	(void)state;
	teach(0, 7, 4, 20);
	teach(1, 7, 4.5, 20);
	free_worker(0);
	free_worker(1);
	submit(0, 7);
	expect_next(&f.jobs[0], 0);
	schedule_ended(f.schedule, f.now_s += 4, &f.jobs[0], f.workers[0], SCHED_DONE, 4, false);
	free_worker(0);
	sched_worker_restarted(f.workers[0]);
	submit(1, 7);
	expect_next(&f.jobs[1], 1);
}

static void a_worker_may_go_while_others_work(void **state)
{
	(void)state;
	free_worker(0);
	sched_worker_destroy(f.workers[0]);
	f.workers[0] = NULL;
	submit(0, 7);
	expect_none();
	free_worker(1);
	expect_next(&f.jobs[0], 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_next_without_jobs_or_room),
		TEST(a_line_goes_by_number_and_then_by_arrival),
		TEST(a_higher_priority_goes_strictly_first),
		TEST(front_goes_before_everybody_of_its_priority),
		TEST(a_job_that_was_taken_out_is_not_next),
		TEST(clients_share_by_time_and_not_by_jobs),
		TEST(who_comes_later_neither_waits_for_the_others_nor_saved_anything_up),
		TEST(jobs_that_never_waited_are_charged_too),
		TEST(loading_is_charged_to_who_needs_it),
		TEST(what_was_charged_and_not_used_is_paid_back),
		TEST(of_a_job_that_failed_early_most_is_paid_back),
		TEST(a_job_that_failed_late_is_charged_for_its_time),
		TEST(what_took_longer_than_expected_is_not_charged_again),
		TEST(nobody_is_paid_back_to_before_where_the_others_are),
		TEST(a_client_may_go_while_its_jobs_run),
		TEST(a_bulk_has_the_same_share_by_default),
		TEST(a_bulk_has_a_smaller_share_if_told_so),
		TEST(what_failed_or_was_cached_teaches_nothing),
		TEST(a_restarted_worker_has_to_load_again),
		TEST(a_worker_may_go_while_others_work),
	};
	return cmocka_run_group_tests_name("comfy/schedule", tests, NULL, NULL);
}
