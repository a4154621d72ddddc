/*
 * comfy/supply.h - uploaded files get to the worker that needs them, just before its job does.
 *
 *   submit: supply_names() -- the spool files that a graph names, held as long as the job lives
 *           (results of other workers, too, as far as a tag tells whose: comfy/files.h)
 *   place:  supply_job()   -- those that the worker has not yet: POST /upload/image, one copy of a
 *                             file at a time to each worker however many jobs wait for it
 *
 * What a worker has is known by the file's version, so a name that means other octets now is copied
 * again. A worker that was restarted may have lost its files.
 */
#ifndef COMFY_SUPPLY_H
#define COMFY_SUPPLY_H

#include "base/list.h"
#include "comfy/graph.h"
#include "comfy/spool.h"

struct fleet;
struct fleet_worker;

#define SUPPLY_NAMES_MOST 4096 /* files of one job; what is beyond is left to the worker */

/* -- What a job names -- */

struct supply_names;
/* Every string input that is the name of a file in the spool: "cat.png", "sub/cat.png", "cat.png
 * [temp]". *ret_names NULL when there is none. -ENOMEM. */
int supply_names(struct fleet *fleet, const struct prompt_body *body,
	struct supply_names **ret_names) MUST_CHECK;
/* Takes NULL. */
void supply_names_release(struct supply_names *names);
/* For defs_set_uploads: `fleet` is a struct fleet. */
bool supply_is_uploaded(void *fleet, struct slice text);
/* For defs_set_listing. */
struct blob *supply_listing(void *fleet, struct slice setting);
/* The spool was opened: /object_info and defs_worker_allows go by it from now on. */
void supply_begin(struct fleet *fleet);
/* Its names may have changed. */
void supply_uploads_changed(struct fleet *fleet);
/* False: it names a result without a tag, and this worker's file of that name is another one. */
bool supply_allows(const struct supply_names *names, const struct fleet_worker *worker);

/* -- Getting them there -- */

/* Zeroed before its first use. */
struct supply_wait {
	struct list node; /* supply.c's, as all but on_done */
	struct fleet_worker *worker;
	struct supply_names *names;
	struct spool_file *file;
	uint32_t at, was_at;
	uint8_t again;
	/* 0: the worker has them all. Else -errno of the copy that failed: ECONNREFUSED, ETIMEDOUT
	 * and the like; EREMOTEIO: the worker would not take it; EIO and its like: our disk. */
	void (*on_done)(struct supply_wait *wait, int error);
};

/* True: it has them already, on_done is not called. False: on_done comes later, from the loop,
 * never from inside. `names` may be NULL and must outlive the wait. */
bool supply_job(struct supply_names *names, struct fleet_worker *worker,
	struct supply_wait *wait) MUST_CHECK;
/* The same for one file, which the caller holds. */
bool supply_file(
	struct spool_file *file, struct fleet_worker *worker, struct supply_wait *wait) MUST_CHECK;
/* on_done will not be called. Legal for one that does not wait. */
void supply_wait_cancel(struct supply_wait *wait);

/* -- A worker -- */

struct supply_worker *supply_worker_create(struct fleet_worker *worker) MUST_CHECK;
/* Ends its copies; who still waits is not told. Takes NULL. */
void supply_worker_destroy(struct supply_worker *supply);
/* It was restarted, or is another one now: nothing is known of its files. Who waits goes on
 * waiting. */
void supply_worker_forget(struct supply_worker *supply);
/* It says that it misses some of these. False: there are none. */
bool supply_forget_names(struct supply_worker *supply, const struct supply_names *names);
bool supply_worker_has(const struct supply_worker *supply, const struct spool_file *file);
/* It has this version: it was made there. */
void supply_worker_learn(struct supply_worker *supply, const struct spool_file *file);

struct supply_stats {
	uint64_t copies, failures, bytes;
};
extern struct supply_stats supply_stats;

#endif
