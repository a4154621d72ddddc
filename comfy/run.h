/*
 * comfy/run.h - a job on its worker: from PLACING to the end of ENDING.
 */
#ifndef COMFY_RUN_H
#define COMFY_RUN_H

#include "base/text.h"
#include "comfy/fleet.h"
#include "comfy/supply.h"

enum run_outcome { RUN_NONE, RUN_SUCCESS, RUN_ERROR, RUN_INTERRUPTED };

struct run_frame; /* run_frames.c: a message that came too early, or is held back */

struct job_run {
	struct job *job;
	struct fleet *fleet;
	struct fleet_worker *worker;
	struct link *link; /* held; NULL: polled */
	struct link_wait opened;
	struct supply_wait supply;
	struct fetch *fetch;      /* POST /prompt, or a question about its history */
	struct deadline deadline; /* what comes next: see on_due of the file that set it */
	struct list early;        /* struct run_frame, owned */
	size_t early_bytes;
	struct list held;     /* struct run_frame, owned: told once the history is there */
	struct text outputs;  /* "9": {...}, "12": {...} as `executed` told */
	struct text messages; /* ["execution_start", {...}], ... as the history has them */
	enum run_outcome outcome;
	bool is_posted;     /* the worker may have it */
	bool is_resupplied; /* its files were copied there anew */
	bool is_released;   /* the worker's slot was given back */
	bool was_cached;    /* every node was */
	bool is_removing;   /* a delete is under way */
	bool is_polled;     /* poll.c has it: its events do not come */
	uint8_t misses;     /* looks in a row in which its worker did not know it */
	uint8_t oddities;   /* answers in a row that said nothing */
	uint8_t refusals;   /* questions in a row that nobody took */
	bool is_unwanted;   /* it was cancelled while it was on its way */
	uint8_t history_tries;
	uint64_t heard_us; /* the last event of it */
};

struct job_run *run_create(
	struct fleet *fleet, struct job *job, struct fleet_worker *worker) MUST_CHECK;
/* Ends all that it waits for. Takes NULL. */
void run_destroy(struct job_run *run);

/* The job on that worker which it calls so; NULL. */
struct job *run_find(const struct fleet_worker *worker, struct slice worker_id);

/* An interruption that nobody asked for: the job is to run again, silently. */
bool run_was_hit_by_mistake(struct fleet *fleet, struct job *job);

/* -- run_frames.c: lists of messages that are not told yet -- */

/* Keeps a message in `list`. Without memory it is lost, which is logged. */
void run_keep(struct list *list, enum ws_opcode opcode, struct slice message);
/* {"type": type, "data": data}; type has nothing to escape. */
void run_keep_event(struct list *list, const char *type, struct slice data);
/* The end marker: executing, with no node. */
void run_keep_marker(struct list *list, const struct job *job);
/* All of them, in order, into `to`, which is none yet. */
void run_move(struct list *from, struct list *to);
/* Gives them to the job's owner, in order, and frees them. */
void run_deliver(struct job *job, struct list *list);
void run_forget(struct list *list);

#endif
