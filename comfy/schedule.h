/*
 * comfy/schedule.h - which waiting job goes to which free worker. Pure: no sockets, no clock.
 *
 * Whenever a job arrives or a worker frees: of all pairs (first waiting job of a client, free
 * worker) the one that minimises
 *
 *    finish tag of the job
 *  + alpha * expected load time there
 *  + (expected run time there - the same on a worker of speed 1)
 *  - 0.1 * run time, if this client's last graph with these models ran there
 *
 * Higher priority strictly first. A client's tag is its virtual time plus the expected run; a start
 * charges run + load, and the end pays back what was not used. A free worker is passed over when
 * a busy one is expected to finish the job sooner, at most one such reservation per busy worker.
 *
 * Run times are learned per model set and size class, speeds per worker, load times from the first
 * job after a change of model (comfy/estimate.h). Times are seconds of a worker of speed 1.
 */
#ifndef COMFY_SCHEDULE_H
#define COMFY_SCHEDULE_H

#include "base/list.h"
#include "comfy/graph.h"

struct schedule;
struct sched_client;
struct sched_worker;

struct sched_settings {
	double alpha;       /* 2 */
	double bulk_weight; /* share of a client with bulk_jobs or more waiting; 1.0 */
	uint32_t bulk_jobs; /* 10 */
	/* Replaces the score: the first job by priority and order, and of the free workers that may
	 * run it the one this picks. NULL for the score. Returns NULL for none. */
	struct sched_worker *(*choose)(void *arg, struct sched_worker *const *free, size_t count);
	void *arg;
};

/* Lives in its owner, the job. */
struct sched_job {
	struct list node;            /* in its client's line; schedule.c's */
	struct sched_client *client; /* borrowed; NULL while it does not wait */
	struct graph_facts facts;
	int32_t priority; /* higher goes first */
	double order; /* ComfyUI's number: lower first. Below 0 (front): before all others of its
			 priority, whoever they belong to */
	uint64_t seq; /* between equal numbers */
	/* schedule.c's, of its last start. */
	struct sched_client *charged; /* ref: who pays; NULL when it does not run */
	double weight, started_s;
	double run_s, load_s; /* expected there */
	uint32_t depth;       /* estimate_depth of its models */
};

struct schedule *schedule_create(const struct sched_settings *settings) MUST_CHECK;
void schedule_destroy(struct schedule *schedule); /* takes NULL; clients and workers must be gone */
void schedule_set(struct schedule *schedule, const struct sched_settings *settings);

/* One for each client id, as long as it has jobs here or was seen lately. */
struct sched_client *sched_client_create(struct schedule *schedule) MUST_CHECK;
void sched_client_destroy(struct sched_client *client); /* no jobs wait, some may run; takes NULL */

struct sched_worker *sched_worker_create(struct schedule *schedule, void *arg) MUST_CHECK;
void sched_worker_destroy(struct sched_worker *worker); /* takes NULL */
void *sched_worker_arg(const struct sched_worker *worker);
/* How many more jobs it takes now: 0 while it is down, drains or is full. */
void sched_worker_set_room(struct sched_worker *worker, uint32_t room);
/* It was restarted: no models are loaded. What was learned of its speed stays. */
void sched_worker_restarted(struct sched_worker *worker);

void schedule_add(struct schedule *schedule, struct sched_client *client, struct sched_job *job);
void schedule_remove(struct sched_job *job); /* legal for one that does not wait */
uint32_t schedule_waiting(const struct schedule *schedule);

/* Whether the worker may run that job at all (classes, models, capability, VRAM, not tried before),
 * apart from room. False for one that is down or drains: those that have no room are asked about,
 * too. Called often: cheap. */
typedef bool sched_may_run(
	void *arg, const struct sched_job *job, const struct sched_worker *worker);

/*
 * The next pair to start now, or false. The caller starts it (schedule_started) or asks again after
 * taking the job or the room away. now_s: monotonic.
 */
bool schedule_next(struct schedule *schedule, double now_s, sched_may_run *may_run, void *arg,
	struct sched_job **ret_job, struct sched_worker **ret_worker);
/* It was sent there: out of the line, its client charged, the worker's models changed, its room one
 * less. Also for jobs that never waited (client: whose it is). */
void schedule_started(struct schedule *schedule, double now_s, struct sched_client *client,
	struct sched_job *job, struct sched_worker *worker);

enum sched_end {
	SCHED_DONE,  /* ran to its end: run_s is learned from */
	SCHED_SHORT, /* failed, was interrupted or lost: says nothing of times */
};
/* run_s: from its start on the worker (execution_start) to its end. cached: every node was. The
 * room is the caller's to set. */
void schedule_ended(struct schedule *schedule, double now_s, struct sched_job *job,
	struct sched_worker *worker, enum sched_end end, double run_s, bool was_cached);

#endif
