/*
 * comfy/job.h - one prompt from its acceptance to its end, and the table of them.
 *
 *   CHECKED ---> WAITING <---> PLACING ---> PLACED ---> RUNNING ---> ENDING ---> DONE
 *      '------------------------^                          |                     FAILED
 *   (a worker can take it at once)                         '---> WAITING again   CANCELLED
 *                                                           (its worker died)    LOST
 *
 * The table knows ids, order and bounds, and nothing of sockets. A job that has ended is kept as
 * ComfyUI's history keeps it; the oldest goes when there are too many.
 */
#ifndef COMFY_JOB_H
#define COMFY_JOB_H

#include "base/blob.h"
#include "base/list.h"
#include "comfy/graph.h"
#include "comfy/schedule.h"

#define JOB_ID_BYTES 36
#define JOB_WORKER_ID_MOST 64
#define JOB_NUMBER_ROOM 32

enum job_state {
	JOB_CHECKED, /* read; its client waits for an answer */
	JOB_WAITING, /* accepted; in the proxy */
	JOB_PLACING, /* on its way to a worker */
	JOB_PLACED,  /* accepted by the worker, in its queue */
	JOB_RUNNING, /* execution_start was seen */
	JOB_ENDING,  /* its outcome is known, its history entry is being fetched */
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELLED,
	JOB_LOST, /* with its worker, and is not run again; shown as failed */
	JOB_STATES
};

struct owner;
struct fleet_worker;
struct link;
struct exchange;

struct job {
	struct list in_table;    /* active ones by age, ended ones by their end */
	struct list in_owner;    /* active ones of its owner */
	struct list in_worker;   /* while PLACING .. ENDING */
	struct job *same_bucket; /* jobs.c's */
	char id[JOB_ID_BYTES + 1];
	char worker_id[JOB_WORKER_ID_MOST + 1]; /* what the worker calls it: mostly the same */
	enum job_state state;
	struct owner *owner; /* ref by being in its list; NULL once ended and the owner is gone */
	struct fleet_worker *worker; /* borrowed: it knows its jobs; NULL while none */
	char worker_node[129];       /* the node_id it runs or ran on; "" before */

	/* Order. */
	double number;
	char number_text[JOB_NUMBER_ROOM]; /* as it is shown: "5", "-2", "1.5" */
	uint64_t seq;
	int32_t priority;

	/* What was asked. */
	/* Owned until ended: what a worker is sent behind our client_id, prompt_id and number, from
	 * the comma on: , "prompt": {...}, "extra_data": {...}} with secrets. */
	struct blob *body;
	struct slice graph, targets; /* in body; targets {NULL, 0} without */
	struct blob *extra;   /* owned: extra_data without secrets, with client_id, create_time */
	struct blob *outputs; /* owned: ["9"], the outputs to execute; NULL unknown */
	struct blob *node_errors; /* owned: "{}" mostly */
	struct blob *needs; /* owned until ended: what a worker must have, see comfy/needs.h */
	uint64_t *allowed;  /* owned: workers that have it, as of allowed_epoch */
	uint64_t allowed_epoch;
	uint32_t excluded[8]; /* index + 1 of workers it may not go to now */
	uint64_t excluded_us; /* since when */
	uint64_t vram_over;   /* so much was too little for it */
	uint32_t node_count;
	struct supply_names *names; /* owned by supply.c: uploaded files that it names; NULL none */
	struct submit *submit;      /* borrowed: its client waits for the answer; NULL else */
	struct sched_job sched;     /* facts, line */
	char capability[65];        /* asked for; "" none */
	char usage_source[65];      /* the header Comfy-Usage-Source; "" none */
	bool had_secrets;
	bool lacks_secrets; /* it had, before we were restarted */
	bool is_journaled;
	bool is_second_opinion; /* one worker refused it, and this is the other one */
	uint32_t refused_by;    /* index + 1 of the first one */
	bool runs_again;        /* its run has failed, and nobody is to hear of it */
	char workflow_id[65];   /* extra_pnginfo.workflow.id; "" */

	/* What came of it. */
	struct blob *result; /* owned: {"outputs": {...}, "status": {...}, "meta": {...}}, our id in
				it */
	struct blob *archive; /* owned once ended: see jobs_archive */
	bool is_deflated;     /* the archive is */
	size_t archive_bytes; /* inflated */
	struct blob *summary; /* owned once ended: its part of the job list */
	uint64_t run_ms;      /* once ended: what the job list sorts by */
	/* What it counts for in ended_bytes_most (jobs.c); who holds its memory (job.c). */
	size_t counted_bytes;
	uint32_t keeps;
	uint8_t crashes; /* workers that died while it ran */
	uint8_t tries;   /* placements */
	uint8_t oom_retries;
	uint8_t server_errors; /* workers that answered its prompt with 5xx */
	uint64_t created_wall_ms, started_wall_ms, ended_wall_ms; /* 0: not yet */
	uint64_t started_us; /* clock_now_us of execution_start */
	struct job_run *run; /* owned by place.c while PLACING .. ENDING; NULL else */
};

struct jobs_limits {
	uint32_t ended_most;       /* 10000 */
	uint64_t ended_bytes_most; /* of archives and results */
	uint32_t active_most;      /* waiting and running ones; checked by the caller */
};

/* The table. */
struct jobs;
struct jobs *jobs_create(const struct jobs_limits *limits) MUST_CHECK;
void jobs_destroy(struct jobs *jobs); /* frees every job; takes NULL */
void jobs_set_limits(struct jobs *jobs, const struct jobs_limits *limits);

/* A new one in CHECKED, of that id (36 octets), with the next seq. It is no part of any list before
 * jobs_add. NULL: no memory. */
struct job *jobs_new(struct jobs *jobs, const char *id) MUST_CHECK;
/* From now on it is found, and shown once it has left CHECKED. An ended one of the same id stays in
 * the history until this one has ended. */
void jobs_add(struct jobs *jobs, struct job *job);
/* One that was refused, or deleted from the history; also one that was never added. Its schedule,
 * links, timers and run are the caller's to undo first. on_drop is not told. */
void jobs_drop(struct jobs *jobs, struct job *job);
/* Of several with that id the newest. */
struct job *jobs_find(const struct jobs *jobs, struct slice id);

/* States are changed here alone. Moving to an ended state puts it into the history and may drop the
 * oldest ones there (on_drop is told first), never the one that is moved. An ended one is never
 * moved again. The times are the caller's to set. */
void jobs_move(struct jobs *jobs, struct job *job, enum job_state state);
void jobs_on_drop(struct jobs *jobs, void (*on_drop)(void *arg, struct job *job), void *arg);
const char *job_state_name(enum job_state state);
static inline bool job_is_active(const struct job *job)
{
	return job->state < JOB_DONE;
}
static inline bool job_is_pending(const struct job *job)
{
	return job->state <= JOB_PLACED;
}

/* The next number of the queue, written into job->number and number_text: counter, then +1; front:
 * minus it. A client's own number: as Python's float() prints it, and the counter stays; infinities
 * become the largest number and what is none 0.0, since JSON has no word for them. Both before
 * jobs_add. */
void jobs_number(struct jobs *jobs, struct job *job, bool front);
void jobs_own_number(struct job *job, double number);
/* After a restart: number_text and seq as they were in the journal, before jobs_add. The counters
 * go on behind them. False: that is no number, and nothing was set. */
bool jobs_kept_number(
	struct jobs *jobs, struct job *job, struct slice text, uint64_t seq) MUST_CHECK;

uint32_t jobs_count(const struct jobs *jobs, enum job_state state);
uint32_t jobs_active(const struct jobs *jobs); /* accepted and not ended: queue_remaining */
/* list_each over in_table. Active ones in order of age; ended ones in order of their end. */
const struct list *jobs_all_active(const struct jobs *jobs);
const struct list *jobs_all_ended(const struct jobs *jobs);

/*
 * Ended: what the history shows as "prompt" ([number, id, graph, extra_data, outputs]) is put
 * aside, deflated if it has up to 256 KiB, and body, extra, outputs, node_errors and needs are
 * let go. The result stays as it is. Without memory the graph is lost and only the job stays. May
 * drop the oldest ended jobs, as jobs_move.
 */
void jobs_archive(struct jobs *jobs, struct job *job);

#endif
