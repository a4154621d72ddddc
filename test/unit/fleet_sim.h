/*
 * test/unit/fleet_sim.h - a fleet of workers in simulated time, for tests of comfy/schedule.h.
 *
 * Workers run one job after another, keep their last models (LRU) and load others first. Jobs go to
 * them as the schedule says, or into their own queues as other proxies would put them there.
 */
#ifndef TEST_UNIT_FLEET_SIM_H
#define TEST_UNIT_FLEET_SIM_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "comfy/schedule.h"

#define SIM_JOBS_MOST 20000
#define SIM_WORKERS_MOST 64
#define SIM_CLIENTS_MOST 512
#define SIM_MODELS_MOST 16

struct sim_job {
	double submit_s, run_s;
	uint32_t client, model, class;
	uint64_t signature;
	int32_t priority;
	double start_s, end_s; /* end_s 0: not yet */
	bool is_bulk;
	struct sched_job sched;
	struct sim_job *next_there; /* in a worker's own queue */
};

struct sim_worker {
	double speed;
	uint32_t room; /* models it keeps */
	uint32_t loaded[SIM_MODELS_MOST], loaded_count;
	struct sim_job *running;
	double ends_s;
	struct sim_job *first, **last; /* its own queue */
	uint32_t in_queue, done;
	struct sched_worker *sched;
};

enum sim_policy {
	SIM_SCHEDULE,
	SIM_ONE_WORKER,  /* all clients are behind one address: ip_hash */
	SIM_CONNECTIONS, /* the fewest open WebSockets and requests at once: least_conn */
	SIM_PER_CLIENT,  /* each client has its worker */
	SIM_QUEUES,      /* the shortest queue */
};

struct sim {
	struct sim_job *jobs; /* [count], in order of submit_s. Borrowed */
	uint32_t count, clients;
	struct sim_worker workers[SIM_WORKERS_MOST];
	uint32_t worker_count;
	double load_s[8];  /* per class */
	double overhead_s; /* between a job's end and the next one's start */
	enum sim_policy policy;
	struct sched_settings settings;
	/* Results. */
	double makespan_s, jain;
	double mean_s, p95_s; /* of jobs that are not bulk: from submission to result */
	uint32_t loads;
};

struct sim_random {
	uint64_t word;
};

static inline double sim_uniform(struct sim_random *random)
{
	random->word ^= random->word << 13;
	random->word ^= random->word >> 7;
	random->word ^= random->word << 17;
	return (double)(random->word >> 11) / (double)(1ull << 53);
}

static inline double sim_between(struct sim_random *random, double low, double high)
{
	return low + (high - low) * sim_uniform(random);
}

static inline uint32_t sim_below(struct sim_random *random, uint32_t n)
{
	return (uint32_t)(sim_uniform(random) * n);
}

static inline int sim_by_time(const void *a, const void *b)
{
	const struct sim_job *left = a, *right = b;
	return (left->submit_s > right->submit_s) - (left->submit_s < right->submit_s);
}

/* Work for `quads` times four workers for 800 s: ten people each who submit some jobs of one graph,
 * look at the results, and go on; one of higher priority; one with a batch of forty. */
static inline void sim_trace(struct sim *sim, struct sim_job *jobs, uint64_t seed, uint32_t quads)
{
	static const struct {
		uint32_t model, models, most;
		double run_least_s, run_most_s;
	} classes[] = {{0, 3, 6, 1.8, 4.5}, {3, 3, 6, 6, 16}, {6, 2, 3, 24, 56}};
	struct sim_random random = {seed * 0x9e3779b97f4a7c15u + 1};
	uint64_t signature = 0;
	sim_uniform(&random);
	sim->clients = 12 * quads;
	sim->count = 0;
	sim->jobs = jobs;
	for (uint32_t client = 0; client < sim->clients; client++) {
		bool is_bulk = client % 12 == 11;
		double now_s = is_bulk ? 60 : sim_between(&random, 0, 120);
		while (now_s < 780) {
			double luck = sim_uniform(&random);
			uint32_t class = is_bulk ? 1 : (luck > 0.55) + (luck > 0.9);
			uint32_t model = classes[class].model +
					 sim_below(&random, classes[class].models);
			uint32_t most = is_bulk ? 40 : 1 + sim_below(&random, classes[class].most);
			double run_s = sim_between(
				&random, classes[class].run_least_s, classes[class].run_most_s);
			signature++;
			for (uint32_t i = 0; i < most; i++) {
				jobs[sim->count++] = (struct sim_job){.client = client,
					.model = model,
					.class = class,
					.signature = signature,
					.is_bulk = is_bulk,
					.priority = client % 12 == 0,
					.submit_s = now_s + i * (is_bulk ? 0.05 : 1),
					.run_s = run_s * sim_between(&random, 0.9, 1.1)};
			}
			now_s += is_bulk ? 1000 : most - 130 * log(1 - sim_uniform(&random)) + 10;
		}
	}
	qsort(jobs, sim->count, sizeof(jobs[0]), sim_by_time);
}

/* All times by that. */
static inline void sim_divide(struct sim *sim, double by)
{
	for (uint32_t i = 0; i < sim->count; i++) {
		sim->jobs[i].submit_s /= by;
		sim->jobs[i].run_s /= by;
	}
	for (size_t i = 0; i < COUNT_OF(sim->load_s); i++)
		sim->load_s[i] /= by;
	sim->overhead_s /= by;
}

/* Loads it if it must; how long that takes. */
static inline double sim_load(struct sim *sim, struct sim_worker *worker, const struct sim_job *job)
{
	uint32_t at = 0;
	while (at < worker->loaded_count && worker->loaded[at] != job->model)
		at++;
	bool is_there = at < worker->loaded_count;
	if (!is_there) {
		sim->loads++;
		if (worker->loaded_count < worker->room)
			worker->loaded_count++;
		at = worker->loaded_count - 1;
	}
	memmove(worker->loaded + 1, worker->loaded, at * sizeof(worker->loaded[0]));
	worker->loaded[0] = job->model;
	return is_there ? 0 : sim->load_s[job->class];
}

static inline void sim_start(
	struct sim *sim, struct sim_worker *worker, struct sim_job *job, double now_s)
{
	job->start_s = now_s + sim->overhead_s;
	worker->running = job;
	worker->ends_s = job->start_s + sim_load(sim, worker, job) + job->run_s / worker->speed;
}

static inline bool sim_may_run(
	void *arg, const struct sched_job *job, const struct sched_worker *worker)
{
	(void)arg;
	(void)job;
	(void)worker;
	return true;
}

static inline void sim_place(
	struct sim *sim, struct schedule *schedule, struct sched_client **clients, double now_s)
{
	struct sched_job *job;
	struct sched_worker *worker;
	while (schedule_next(schedule, now_s, sim_may_run, sim, &job, &worker)) {
		struct sim_job *one = CONTAINER_OF(job, struct sim_job, sched);
		schedule_started(schedule, now_s, clients[one->client], job, worker);
		sim_start(sim, sched_worker_arg(worker), one, now_s);
	}
}

static inline struct sim_worker *sim_choose(
	struct sim *sim, const struct sim_job *job, struct sim_random *random)
{
	uint32_t best = 0, ties = 0;
	switch (sim->policy) {
	case SIM_PER_CLIENT:
		return &sim->workers[job->client % sim->worker_count];
	case SIM_CONNECTIONS: /* requests end at once and sockets are spread: round robin */
		return &sim->workers[(uint32_t)(job - sim->jobs) % sim->worker_count];
	case SIM_QUEUES:
		for (uint32_t i = 0; i < sim->worker_count; i++) {
			uint32_t n = sim->workers[i].in_queue, least = sim->workers[best].in_queue;
			if (n < least)
				ties = 0;
			if (n < least || (n == least && sim_uniform(random) < 1.0 / ++ties))
				best = i;
		}
		return &sim->workers[best];
	default:
		return &sim->workers[0];
	}
}

static inline void sim_queue(
	struct sim *sim, struct sim_job *job, struct sim_random *random, double now_s)
{
	struct sim_worker *worker = sim_choose(sim, job, random);
	worker->in_queue++;
	if (worker->running == NULL) {
		sim_start(sim, worker, job, now_s);
		return;
	}
	job->next_there = NULL;
	*worker->last = job;
	worker->last = &job->next_there;
}

static inline void sim_end(
	struct sim *sim, struct sim_worker *worker, struct schedule *schedule, double now_s)
{
	struct sim_job *job = worker->running;
	job->end_s = now_s;
	worker->running = NULL;
	worker->done++;
	if (sim->policy == SIM_SCHEDULE) {
		schedule_ended(schedule, now_s, &job->sched, worker->sched, SCHED_DONE,
			now_s - job->start_s, false);
		sched_worker_set_room(worker->sched, 1);
		return;
	}
	worker->in_queue--;
	struct sim_job *next = worker->first;
	if (next == NULL)
		return;
	worker->first = next->next_there;
	if (worker->first == NULL)
		worker->last = &worker->first;
	sim_start(sim, worker, next, now_s);
}

static inline int sim_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static inline void sim_report(struct sim *sim)
{
	static double took[SIM_JOBS_MOST];
	double slow[SIM_CLIENTS_MOST] = {0}, sum = 0, squares = 0;
	uint32_t of[SIM_CLIENTS_MOST] = {0}, n = 0, seen = 0;
	sim->makespan_s = sim->mean_s = 0;
	for (uint32_t i = 0; i < sim->count; i++) {
		const struct sim_job *job = &sim->jobs[i];
		sim->makespan_s = fmax(sim->makespan_s, job->end_s);
		slow[job->client] += (job->end_s - job->submit_s) / job->run_s;
		of[job->client]++;
		if (job->is_bulk)
			continue;
		took[n] = job->end_s - job->submit_s;
		sim->mean_s += took[n++];
	}
	sim->mean_s /= n;
	qsort(took, n, sizeof(took[0]), sim_compare);
	sim->p95_s = took[(uint32_t)ceil(0.95 * n) - 1];
	for (uint32_t i = 0; i < sim->clients; i++) {
		if (of[i] == 0)
			continue;
		seen++;
		sum += slow[i] / of[i];
		squares += slow[i] / of[i] * (slow[i] / of[i]);
	}
	sim->jain = sum * sum / (seen * squares);
}

/* Runs it to its end. workers: speed and room, jobs: what was submitted; all else is begun anew. */
static inline void sim_run(struct sim *sim)
{
	struct sim_random random = {88172645463325252ull};
	struct schedule *schedule = schedule_create(&sim->settings);
	struct sched_client *clients[SIM_CLIENTS_MOST] = {NULL};
	uint32_t submitted = 0;
	for (uint32_t i = 0; i < sim->clients; i++)
		clients[i] = sched_client_create(schedule);
	for (uint32_t i = 0; i < sim->worker_count; i++) {
		struct sim_worker *worker = &sim->workers[i];
		*worker = (struct sim_worker){.speed = worker->speed,
			.room = worker->room,
			.last = &worker->first,
			.sched = sched_worker_create(schedule, worker)};
		sched_worker_set_room(worker->sched, 1);
	}
	sim->loads = 0;
	for (;;) {
		double now_s = submitted < sim->count ? sim->jobs[submitted].submit_s : INFINITY;
		struct sim_worker *ended = NULL;
		for (uint32_t i = 0; i < sim->worker_count; i++) {
			if (sim->workers[i].running != NULL && sim->workers[i].ends_s <= now_s) {
				ended = &sim->workers[i];
				now_s = ended->ends_s;
			}
		}
		if (ended == NULL && submitted == sim->count)
			break;
		if (ended != NULL) {
			sim_end(sim, ended, schedule, now_s);
		} else {
			struct sim_job *job = &sim->jobs[submitted++];
			job->sched = (struct sched_job){
				.facts = {.models = job->model + 1, .signature = job->signature},
				.priority = job->priority,
				.order = submitted,
				.seq = submitted};
			if (sim->policy == SIM_SCHEDULE)
				schedule_add(schedule, clients[job->client], &job->sched);
			else
				sim_queue(sim, job, &random, now_s);
		}
		if (sim->policy == SIM_SCHEDULE)
			sim_place(sim, schedule, clients, now_s);
	}
	for (uint32_t i = 0; i < sim->clients; i++)
		sched_client_destroy(clients[i]);
	for (uint32_t i = 0; i < sim->worker_count; i++)
		sched_worker_destroy(sim->workers[i].sched);
	schedule_destroy(schedule);
	sim_report(sim);
}

#endif
