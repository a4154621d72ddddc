/*
 * comfy/schedule_state.h - what schedule.c and schedule_next.c share. Nobody else's.
 */
#ifndef COMFY_SCHEDULE_STATE_H
#define COMFY_SCHEDULE_STATE_H

#include "comfy/estimate.h"
#include "comfy/schedule.h"

#define AFFINITIES 4    /* model sets remembered per client */
#define LEAST_LOADS 256 /* model sets remembered in one search */

struct schedule {
	struct sched_settings settings;
	struct estimate *estimate; /* owned */
	struct list active;        /* clients with waiting jobs */
	struct list gone;          /* destroyed ones whose jobs still run */
	struct list workers;
	uint32_t client_count, worker_count;
	uint32_t waiting;
	uint32_t roomy; /* workers with room */
	double virtual_s;
	uint64_t next_serial;
	/* Room for one search, grown with clients and workers so that a search cannot fail. */
	struct candidate *heap;          /* owned, [client_count] */
	struct sched_worker **free_ones; /* owned, [2 * worker_count] */
	uint32_t heap_count, heap_room, free_count, free_room;
	uint64_t search; /* number of the current one: marks reservations and the following */
	struct least_load {
		uint64_t search, models;
		double seconds; /* on the free worker where it is least */
	} least[LEAST_LOADS];
};

struct sched_client {
	struct schedule *schedule; /* borrowed: outlives its clients */
	struct list in_active;     /* or in gone */
	struct list line;
	uint32_t waiting, running;
	bool is_gone;
	double virtual_s;
	struct affinity {
		uint64_t models, worker; /* serial; 0 none */
	} last[AFFINITIES];              /* the newest first */
};

struct sched_worker {
	struct schedule *schedule; /* borrowed: outlives its workers */
	struct list node;
	void *arg;
	uint64_t serial;
	uint32_t room;
	uint32_t running;
	double since_s;     /* when what runs there began */
	double expected_s;  /* what runs there takes from then on, all of it */
	double remaining_s; /* of that, in the current search */
	uint64_t reserved;  /* the search that reserved it */
	struct estimate_place place;
};

/* A job that may be next. */
struct candidate {
	struct sched_client *client;
	struct sched_job *job;
	struct sched_worker *worker; /* NULL: score is only a bound */
	double score;
	int32_t priority;  /* the job's */
	bool is_by_number; /* the job's number decides, not the score */
	double there_s;    /* until it has ended there */
	double reserved_s; /* run times of those before it in the line that wait for busy workers */
	uint32_t looked_at; /* how many stood before it in the line */
	bool is_settled;    /* no busy worker is sooner */
};

static inline struct sched_job *sched_job_of(struct list *node)
{
	return CONTAINER_OF(node, struct sched_job, node);
}

/* Where only priority and number count. */
bool sched_is_before(const struct sched_job *a, const struct sched_job *b);
/* The client's share: 1, or bulk_weight. */
double sched_weight(const struct sched_client *client);
/* Where its last graph with these models ran: the worker's serial number; 0 unknown. */
uint64_t sched_ran_at(const struct sched_client *client, uint64_t models);

#endif
