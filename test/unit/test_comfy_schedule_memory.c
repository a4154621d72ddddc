/* test/unit/test_comfy_schedule_memory.c: memory that runs out is told, and costs no job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "comfy/schedule.h"
#include "test/unit/memory_help.h"

#define MANY 40

void *__real_reallocarray(void *p, size_t count, size_t n);
void *__wrap_reallocarray(void *p, size_t count, size_t n);

void *__wrap_reallocarray(void *p, size_t count, size_t n)
{
	return fails_now() ? NULL : __real_reallocarray(p, count, n);
}

static bool may_run(void *arg, const struct sched_job *job, const struct sched_worker *worker)
{
	(void)arg;
	(void)job;
	(void)worker;
	return true;
}

/* Everything that allocates, from the beginning to the end; what could not be made is done without.
 * Returns the number of jobs that ran. */
static int attempt(long nth)
{
	struct sched_settings settings = {.alpha = 2, .bulk_weight = 1, .bulk_jobs = 10};
	struct sched_client *clients[MANY] = {NULL};
	struct sched_worker *workers[MANY] = {NULL}, *worker;
	struct sched_job jobs[MANY] = {0}, *job;
	int ran = 0;
	fail_at(nth);
	struct schedule *schedule = schedule_create(&settings);
	for (int i = 0; schedule != NULL && i < MANY; i++) {
		clients[i] = sched_client_create(schedule);
		workers[i] = sched_worker_create(schedule, NULL);
		if (clients[i] == NULL || workers[i] == NULL)
			continue;
		jobs[i].facts.models = (uint64_t)i;
		schedule_add(schedule, clients[i], &jobs[i]);
		sched_worker_set_room(workers[i], 1);
	}
	while (schedule != NULL && schedule_next(schedule, 1, may_run, NULL, &job, &worker)) {
		schedule_started(schedule, 1, job->client, job, worker);
		schedule_ended(schedule, 2, job, worker, SCHED_DONE, 1, false);
		ran++;
	}
	if (schedule != NULL)
		assert_int_equal(schedule_waiting(schedule), 0);
	for (int i = 0; i < MANY; i++) {
		sched_client_destroy(clients[i]);
		sched_worker_destroy(workers[i]);
	}
	schedule_destroy(schedule);
	left = -1;
	return ran;
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	long nth = 0;
	do {
		int ran = attempt(nth++);
		assert_true(ran == 0 || ran >= MANY - 1);
	} while (has_failed);
	assert_true(nth > 3L * MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(any_allocation_may_fail)};
	return cmocka_run_group_tests_name("comfy/schedule without memory", tests, NULL, NULL);
}
