/*
 * comfy/fleet_parts.h - between the files of the fleet (comfy/fleet.h).
 */
#ifndef COMFY_FLEET_PARTS_H
#define COMFY_FLEET_PARTS_H

#include "comfy/files.h"
#include "comfy/fleet.h"
#include "comfy/home.h"
#include "comfy/run.h"
#include "comfy/supply.h"

/* -- fleet_workers.c -- */
/* They follow the seats of the fleet's pool. False: no memory for one, the others are there. */
bool fleet_workers_follow(struct fleet *fleet) MUST_CHECK;
/* One that left the configuration is kept for as long as its jobs run. */
void fleet_workers_end_leavers(struct fleet *fleet);
/* It has no jobs. */
void fleet_worker_destroy(struct fleet_worker *worker);
/* The list of classes of every worker that is up is known. */
bool fleet_knows_up(const struct fleet *fleet);
/* The same of those that are down, too: nobody else can have what none of them is known to have. */
bool fleet_knows_all(const struct fleet *fleet);
/* Tells the scheduler what the worker takes now. */
void fleet_refresh_room(struct fleet_worker *worker);
/* POSTs that to the worker; what it answers is not waited for. False: it could not be sent. */
bool fleet_tell(struct fleet_worker *worker, const char *path, struct slice json) MUST_CHECK;

/* -- worker.c: /object_info, /system_stats, /features, and jobs in its queue that are not ours --
 */
bool worker_refresh_create(struct fleet_worker *worker) MUST_CHECK;
void worker_refresh_destroy(struct fleet_worker *worker);
/* Once a second. */
void worker_look(struct fleet_worker *worker);
/* It was down and is not any more: it may be another one now. */
void worker_is_back(struct fleet_worker *worker);
/* Its list of classes is on its way. */
bool worker_is_asked(const struct fleet_worker *worker);
/* Asks anew what it has, unless that was done in the last `older_ms`. */
void worker_refresh(struct fleet_worker *worker, uint64_t older_ms);

/* -- place.c -- */
#define PLACE_TRIES_MOST 30 /* placements of one job, all workers together */
void place_settings(struct fleet *fleet, const struct conf_fleet *conf, struct sched_settings *ret);
/* Starts what can be started. */
void place_all(struct fleet *fleet);
/* Once a second: jobs that wait and that no worker can run any more, as far as is known now, fail.
 */
void place_sweep(struct fleet *fleet);
/* Into the line. */
void place_wait(struct fleet *fleet, struct job *job);
/* It may not go to that worker for a while. */
void place_exclude(struct job *job, const struct fleet_worker *worker);
/* Copies its files to its worker and posts it. */
void place_supply(struct job_run *run);
/* Away from its worker and back into the line; or an end to it, after too many tries. */
void place_again(struct fleet *fleet, struct job *job, const char *why);
/* A connection to it failed, for its health. May end the stay of any job there. */
void place_blame(struct fleet_worker *worker, int error);
/* Takes it away from its worker and the line, whatever it does there. */
void place_undo(struct fleet *fleet, struct job *job, enum sched_end end);

/* -- post.c -- */
/* The link is open, the files are there. */
void post_prompt(struct job_run *run);

/* -- submit.c: what became of a job whose client still waits; each ends job->submit -- */
void submit_accepted(struct job *job, struct slice node_errors);
/* The worker's own words; the job is gone when this returns. */
void submit_refused(struct fleet *fleet, struct job *job, uint16_t status, struct slice body);
/* Those whose clients wait and that found no worker: checked, accepted or refused. */
void submit_let_wait(struct fleet *fleet);

/* At exit. */
void submit_abandon_all(struct fleet *fleet);
/* The prompt as it was read, while its client waits; NULL later. */
const struct prompt_body *submit_prompt(const struct job *job);

/* -- run_frames.c -- */
/* Frames that came before the worker's answer told its id. */
void run_early(struct job *job);

/* -- finish.c -- */
/* The end marker came, or what tells the same. Its slot on the worker is free now. */
void finish_job(struct fleet *fleet, struct job *job);
/* Its history entry, once more. */
void finish_ask_history(struct job_run *run);
/* Cancelled before it ran: it is gone without a trace, as in ComfyUI. */
void finish_removed(struct fleet *fleet, struct job *job);
/* The history entry of the worker; `entry` is {"outputs": ..., "status": ...}. */
void finish_with_entry(struct fleet *fleet, struct job *job, struct json_value entry);
/* The same for one that was asked for: its slot is given back, too. */
void finish_polled(struct fleet *fleet, struct job *job, struct json_value entry);
/* At exit: sockets and memory, nothing is told. */
void finish_abandon_all(struct fleet *fleet);
/* It has ended, with job->result: into the history, away from its worker, and then `told` (run.h)
 * to its client. */
void finish_end(struct fleet *fleet, struct job *job, enum job_state state, struct list *told);
/* A job's result of three pieces of JSON. NULL: no memory. */
struct blob *finish_result(struct slice outputs, struct slice status, struct slice meta) MUST_CHECK;

/* -- finish_own.c: each ends the job, and tells its client so -- */
/* It fails here: an execution_error with that exception_type. */
void finish_failed(struct fleet *fleet, struct job *job, const char *type, const char *message);
/* The same for one whose worker died, and that is not run again. */
void finish_lost(struct fleet *fleet, struct job *job, const char *message);
/* It was cancelled while it ran, and its worker cannot tell so any more. */
void finish_interrupted(struct fleet *fleet, struct job *job);
/* A worker refused it after it was accepted here: `body` is what it said. */
void finish_refused(struct fleet *fleet, struct job *job, uint16_t status, struct slice body);

/* -- cancel.c -- */
/* Its client does not want it any more, wherever it is now. False: it has ended already. */
bool finish_cancel(struct fleet *fleet, struct job *job);
/* Takes a placed job out of its worker's queue; cancel_moved when that is certain. False: not now.
 */
bool cancel_remove(struct job *job);
/* Whether an entry of a worker's history under the job's id is this job's. */
bool cancel_is_entry_of(struct json_value entry, const struct job *job);
/* Whether a worker's GET /queue has that id in that list. */
bool cancel_is_in(struct json_value queue, const char *list, const char *id);

/* -- lose.c -- */
/* It is out of its worker's queue: it goes elsewhere. */
void cancel_moved(struct fleet *fleet, struct job *job);
/* All that runs and waits there goes elsewhere. */
void lose_worker(struct fleet_worker *worker, const char *why);
/* One job that nobody there knows. */
void lose_job(struct fleet *fleet, struct job *job, const char *why);
/* What was cancelled while it was in its queue, and is there still. */
void lose_unwanted(struct fleet_worker *worker);
/* What waits in its queue goes elsewhere. */
void lose_drained(struct fleet_worker *worker);

/* -- poll.c -- */
/* Its events do not come: it is asked for, each second, until it has ended. */
void poll_begin(struct fleet *fleet, struct job *job);
void poll_end(struct job *job);
/* Its turn has come. */
void poll_ask(struct job_run *run);

/* -- routes.c -- */
/* The first list of classes is there: those that wait for it are answered. */
void routes_info_known(struct fleet *fleet);
/* One could not be had: likewise, if no worker is being asked any more. */
void routes_info_failed(struct fleet *fleet);

/* -- recover.c -- */
void recover_start(struct fleet *fleet, const struct conf_journal *conf);
/* Writes what is now. */
void recover_note(struct fleet *fleet, struct job *job);
void recover_forget(struct fleet *fleet, const struct job *job);
/* It is asked for at the worker that had it. False: that worker is not there. */
bool place_reattach(struct fleet *fleet, struct job *job, bool was_running) MUST_CHECK;
/* It needs credentials that are not there any more. */
void recover_refuse(struct fleet *fleet, struct job *job);

/* -- submit_read.c -- */
struct submit_ask {
	struct slice body, cookie, capability, priority, usage_source; /* the last three: headers */
	const char *ip;
	struct arena *arena; /* what was read of the body, in *read, lives in it and in the body */
	struct prompt_body *read;
};
/* A job from a prompt's body, not yet in the table. 0 with *ret_job, or an HTTP status and
 * *ret_refusal. */
int submit_read(struct fleet *fleet, const struct submit_ask *ask, struct job **ret_job,
	struct blob **ret_refusal) MUST_CHECK;

#endif
