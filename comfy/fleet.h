/*
 * comfy/fleet.h - one ComfyUI out of a pool's workers. One struct fleet for each pool with mode =
 * "fleet"; found again by the pool's name, it outlives reloads.
 *
 *   request --> routes.c --> submit.c --> place.c --> worker: POST /prompt
 *                  |            |            ^
 *                  |            '-> schedule-'  <--- run.c <--- link.c <--- events
 *                  '--> pages of the API                 '---> owner.c ---> the client's WebSocket
 *
 *   fleet.c     life of the fleet         fleet_workers.c  its workers, over reloads
 *   worker.c    what is known of one
 *   submit.c    POST /prompt              place.c       a job to a worker; post.c its answer
 *   run.c       events to states          run_frames.c  messages that are told later
 *   finish.c    ends and history          finish_own.c  ends that no worker tells
 *   lose.c      deaths, drains, reruns    poll.c        jobs without a link
 *   supply.c    uploads to workers        recover.c     the journal
 */
#ifndef COMFY_FLEET_H
#define COMFY_FLEET_H

#include "comfy/defs.h"
#include "comfy/job.h"
#include "comfy/journal.h"
#include "comfy/link.h"
#include "comfy/owner.h"
#include "comfy/spool.h"
#include "health/fetch.h"
#include "lb/pool.h"

struct fleet_worker {
	struct list node;
	struct fleet *fleet;
	struct backend *backend; /* ref */
	char host[FETCH_HOST_ROOM];
	char node_id[129];
	const struct conf_node *conf; /* borrowed: the current generation's; NULL once it left */
	uint32_t index;               /* small, its own while it lives: a bit in a job's set */
	uint32_t max_jobs;            /* max_concurrent */
	uint32_t foreign;             /* jobs in its queue that are not ours */
	uint64_t moves;               /* worker.c: jobs that came and went, when it looked last */
	uint32_t foreign_looks;       /* in a row that saw more than ours */
	bool was_down;                /* since it was last asked what it has */
	struct defs_worker *defs;     /* owned */
	struct sched_worker *sched;   /* owned */
	struct list jobs, links;
	uint32_t job_count;
	bool ignores_ids;        /* a version that gives its own prompt_id */
	uint64_t interrupted_us; /* when it was last told to stop what runs; 0: never */
	bool is_polled;          /* completions are only seen by polling */
	bool is_leaving;         /* not in the configuration any more */
	int32_t queue_len;       /* what it says itself; -1 unknown */
	struct blob *features;   /* owned: GET /features, {} if it has none; NULL unknown */
	uint64_t vram_total;
	struct worker_refresh *refresh; /* owned by worker.c */
	struct home_worker *home;       /* owned by home.c: writes that it has to get */
	struct supply_worker *supply;   /* owned by supply.c: which uploads it has */
};

struct fleet_stats {
	uint64_t submitted, refused, queue_limit, placed, retried, done, failed, cancelled, lost,
		rerun, moved, oom_retried, reconciled, polls;
};

#define FLEET_TIGHT_MOST 256

struct fleet {
	struct list node;
	char *name;
	struct lb_pool *pool; /* borrowed: of the era in force; NULL between eras */
	/* What the configuration says; the texts in it are not to be used but these. */
	struct conf_fleet settings;
	char priority_header[65];
	uint32_t max_retries;
	bool has_strategy; /* one of lb/ replaces the score */
	struct list workers;
	uint32_t worker_count;
	uint64_t worker_bits[16]; /* indexes in use */
	struct jobs *jobs;
	struct owners *owners;
	struct defs *defs;
	struct schedule *schedule;
	struct spool *spool;     /* NULL while it cannot be opened */
	struct journal *journal; /* NULL: none configured */
	uint64_t swept_epoch;    /* place.c: all that wait were looked at as of this */
	uint64_t swept_seq;      /* and up to this one for the next */
	struct list info_waits;  /* routes.c: who waits for the first list of classes */
	uint64_t members_epoch;  /* grows when a worker comes */
	struct list home_writes; /* home.c: under way */
	struct list submits; /* struct submit: clients that wait for an answer to their prompt */
	struct next_turn placing;
	struct deadline tick;
	struct files *files; /* which worker made which output: comfy/files.h */
	/* Sets of models that did not fit somewhere, the oldest replaced first. */
	struct fleet_tight {
		uint64_t models; /* graph_facts */
		uint64_t vram;   /* so much was too little */
	} tight[FLEET_TIGHT_MOST];
	uint32_t tight_next;
	struct fleet_stats stats;
};

/* -- life (fleet.c) -- */

/* The pool is in force: its fleet is found or made, its workers follow it. NULL with *ret_ok true
 * for pools of another mode; *ret_ok false: no memory, ask again. */
struct fleet *fleet_begin(struct lb_pool *pool, bool *ret_ok);
/* The pool is not in force any more. Nothing of the fleet is lost. Takes NULL. */
void fleet_pause(struct fleet *fleet);
/* Jobs that would be lost if the program ended now: accepted, not ended, in no journal. */
uint32_t fleets_unsaved(void);
/* At exit. */
void fleets_finish(void);
struct fleet *fleet_find(const char *pool_name);
const struct list *fleets_all(void);
struct fleet_worker *fleet_worker_of(struct fleet *fleet, const struct backend *backend);
struct fleet_worker *fleet_worker_named(struct fleet *fleet, const char *node_id);

/* Something may be placeable: looked at once, in the next turn. */
void fleet_place_soon(struct fleet *fleet);
/* A worker's health, drain or room changed (app.c's listener of backends). */
void fleet_backend_changed(struct backend *backend, enum backend_state from);

/* May take a new job: up, not draining, fewer than max_concurrent jobs (ours and its own). */
uint32_t fleet_worker_room(const struct fleet_worker *worker);
/* Up or busy: may be asked things. */
bool fleet_worker_is_up(const struct fleet_worker *worker);

/* A question to a worker, with its address and host filled in. See fetch_start. */
struct fetch *fleet_ask(struct fleet_worker *worker, struct fetch_ask *ask) MUST_CHECK;

/* -- what the sockets tell (run.c, lose.c) -- */

/* A message came on a link. The callee finds the job, renames ids, and delivers. */
void fleet_on_message(struct link *link, enum ws_opcode opcode, char *message, size_t n);
/* An open link ended. Its holders' jobs are reconciled. */
void fleet_link_lost(struct link *link, const char *why);

/* -- the fleet as one ComfyUI -- */

/* Accepted jobs that have not ended. */
uint32_t fleet_queue_remaining(const struct fleet *fleet);
/* {"type": "feature_flags", "data": {...}}: the intersection of the workers'. NULL: no memory. */
struct blob *fleet_feature_flags(struct fleet *fleet) MUST_CHECK;

#endif
