/*
 * comfy/journal.h - accepted jobs on disk, so that they survive us.
 *
 *   the loop ---changes of this turn---> a child process ---one transaction---> SQLite (WAL)
 *            <--------"committed up to n"------'
 *
 * A commit can take as long as the disk likes and nothing on the loop blocks, so the database is
 * written by a process of its own that is forked at start. It ignores the signals that end us and
 * ends when it has written everything and our end of its socket is closed, so what was handed over
 * survives our crash. If it dies it is started again, and what it had not committed is sent again.
 *
 * "normal": committed without waiting for the disk: survives a crash of ours. "full": waits for the
 * disk at every commit: survives a crash of the machine.
 */
#ifndef COMFY_JOURNAL_H
#define COMFY_JOURNAL_H

#include "base/base.h"
#include "base/err.h"
#include "base/list.h"

struct journal;

struct journal_job {
	struct slice id, client_id, cookie, ip, number, capability, worker_node, worker_id;
	struct slice body; /* without secrets (prompt_body_for_journal) */
	uint64_t seq, created_wall_ms;
	int32_t priority;
	uint8_t crashes;
	bool had_secrets, is_placed, is_running;
};

/* Reads what is there, oldest (by seq) first, until `each` returns false; blocks, so only at start.
 * 0, or -errno with *err. -EUCLEAN: the database was damaged and is now PATH.damaged-N; what could
 * be read of it was given to `each` and is in a new one. -EBUSY: another process has had it for ten
 * seconds (PATH.lock). -ENOTSUP: a newer version's. The slices are borrowed for the call. */
int journal_load(const char *path, bool (*each)(void *arg, const struct journal_job *job),
	void *arg, struct err *err) MUST_CHECK;

/* Forks. NULL with *err. That the database cannot be written is only known later: waits are told
 * so, the log says journal_failed, and when it is over journal_works. What was put meanwhile is
 * kept and written then. */
struct journal *journal_start(const char *path, bool is_full, struct err *err) MUST_CHECK;
/* Hands over what is left and waits for the child to end. Who still waits is not told. Takes NULL.
 */
void journal_stop(struct journal *journal);
void journal_set_full(struct journal *journal, bool is_full);

/* A job accepted, or changed (the same id: its row is replaced but for the body when body.n is 0;
 * without a row and a body nothing happens). What one turn of the loop puts and forgets is
 * committed together, or with more. False: no memory, or 256 MiB wait for being committed already.
 */
bool journal_put(struct journal *journal, const struct journal_job *job) MUST_CHECK;
/* It has ended: nothing is to be done after a restart. False: as above, at 272 MiB. */
bool journal_forget(struct journal *journal, struct slice id) MUST_CHECK;

/* Hands over now what this turn put and forgot, not at its end: before a client is told that a job
 * is gone, since it must not come back if we crash right then. Takes NULL. */
void journal_flush(struct journal *journal);

struct journal_wait {
	struct list node;
	uint64_t mark;
	void (*on_done)(
		struct journal_wait *wait, bool is_safe); /* false: it could not be written */
};
/* on_done when all that was put until now is committed, or could not be; from the loop, never from
 * inside. */
void journal_wait(struct journal *journal, struct journal_wait *wait);
void journal_wait_cancel(struct journal_wait *wait);

struct journal_stats {
	uint64_t puts, failures;
	uint64_t commits; /* transactions: one has what several turns changed, if they were quick */
	uint64_t restarts;       /* of the child */
	uint64_t waiting_bytes;  /* not committed */
	uint64_t last_commit_us; /* from the end of a turn to its commit */
};
const struct journal_stats *journal_stats(const struct journal *journal);

#endif
