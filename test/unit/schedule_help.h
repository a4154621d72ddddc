/*
 * test/unit/schedule_help.h - four clients, four workers and what is done with them, for the tests
 * of comfy/schedule.h. Workers begin without room.
 */
#ifndef TEST_UNIT_SCHEDULE_HELP_H
#define TEST_UNIT_SCHEDULE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "comfy/schedule_state.h"

#define CLIENTS 4
#define WORKERS 4
#define JOBS 80

struct fixture {
	struct schedule *schedule;
	struct sched_settings settings;
	struct sched_client *clients[CLIENTS];
	struct sched_worker *workers[WORKERS];
	struct sched_job jobs[JOBS];
	uint32_t job_count;
	double now_s;
	uint64_t banned[WORKERS]; /* models that may not run there; UINT64_MAX: none may */
	uint32_t asked;
};

static struct fixture f;

static inline int setup(void **state)
{
	(void)state;
	f = (struct fixture){
		.settings = {.alpha = 2, .bulk_weight = 1, .bulk_jobs = 10}, .now_s = 1000};
	f.schedule = schedule_create(&f.settings);
	if (f.schedule == NULL)
		return -1;
	for (size_t i = 0; i < CLIENTS; i++)
		f.clients[i] = sched_client_create(f.schedule);
	for (size_t i = 0; i < WORKERS; i++)
		f.workers[i] = sched_worker_create(f.schedule, &f.banned[i]);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < f.job_count; i++)
		schedule_remove(&f.jobs[i]);
	for (size_t i = 0; i < CLIENTS; i++)
		sched_client_destroy(f.clients[i]);
	for (size_t i = 0; i < WORKERS; i++)
		sched_worker_destroy(f.workers[i]);
	schedule_destroy(f.schedule);
	return 0;
}

static inline bool may_run(
	void *arg, const struct sched_job *job, const struct sched_worker *worker)
{
	(void)arg;
	f.asked++;
	uint64_t banned = *(uint64_t *)sched_worker_arg(worker);
	return banned == 0 || (banned != UINT64_MAX && banned != job->facts.models);
}

/* -- what is done -- */

static inline struct sched_job *new_job(uint64_t models)
{
	assert_true(f.job_count < JOBS);
	struct sched_job *job = &f.jobs[f.job_count++];
	job->facts.models = models;
	job->order = job->seq = f.job_count;
	return job;
}

static inline struct sched_job *submit(int client, uint64_t models)
{
	struct sched_job *job = new_job(models);
	schedule_add(f.schedule, f.clients[client], job);
	return job;
}

/* A job that ran there, by a client that is not seen again. */
static inline void ran(int worker, uint64_t models, double run_s)
{
	struct sched_job job = {.facts = {.models = models}};
	struct sched_client *client = sched_client_create(f.schedule);
	schedule_started(f.schedule, f.now_s, client, &job, f.workers[worker]);
	schedule_ended(
		f.schedule, f.now_s + run_s, &job, f.workers[worker], SCHED_DONE, run_s, false);
	sched_client_destroy(client);
}

/* On one worker: these models take so long, and so long to load. */
static inline void teach(int worker, uint64_t models, double run_s, double load_s)
{
	ran(worker, models, run_s + load_s);
	for (int i = 0; i < 3; i++)
		ran(worker, models, run_s);
}

/* The client had more than its share. */
static inline void charge(int client)
{
	for (int i = 0; i < 5; i++) {
		struct sched_job *job = new_job(9);
		schedule_started(f.schedule, f.now_s, f.clients[client], job, f.workers[3]);
		schedule_ended(f.schedule, f.now_s + 100, job, f.workers[3], SCHED_SHORT, 0, false);
	}
}

static inline void free_worker(int worker)
{
	sched_worker_set_room(f.workers[worker], 1);
}

/* -- what is seen -- */

static inline struct sched_job *start_next(int *ret_worker)
{
	struct sched_job *job;
	struct sched_worker *worker;
	*ret_worker = -1;
	if (!schedule_next(f.schedule, f.now_s, may_run, NULL, &job, &worker))
		return NULL;
	while (f.workers[++*ret_worker] != worker)
		assert_true(*ret_worker < WORKERS);
	schedule_started(f.schedule, f.now_s, job->client, job, worker);
	return job;
}

static inline void expect_next(struct sched_job *job, int worker)
{
	int seen;
	struct sched_job *next = start_next(&seen);
	if (next != job || seen != worker)
		fail_msg("job %ld on %d and not %ld on %d",
			(long)(next == NULL ? -1 : next - f.jobs), seen, (long)(job - f.jobs),
			worker);
}

static inline void expect_none(void)
{
	struct sched_job *job;
	struct sched_worker *worker;
	assert_false(schedule_next(f.schedule, f.now_s, may_run, NULL, &job, &worker));
}

static inline int client_of(const struct sched_job *job, const int *owners)
{
	return owners[job - f.jobs];
}

#endif
