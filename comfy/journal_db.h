/*
 * comfy/journal_db.h - the journal's tables in SQLite. Blocks: for the child of comfy/journal.c,
 * and for the start.
 *
 *   job (id, seq, ..., body)      one row for each job that has not ended
 *
 * Functions return 0, or -errno with *err where there is one.
 */
#ifndef COMFY_JOURNAL_DB_H
#define COMFY_JOURNAL_DB_H

#include "comfy/journal.h"

#define JOURNAL_VERSION 1 /* PRAGMA user_version */

struct journal_db;

/* Opens, or makes it (mode 0600, WAL). -EUCLEAN: it is damaged, or no database. -ENOTSUP: a newer
 * version's. */
int journal_db_open(struct journal_db **ret_db, const char *path, struct err *err) MUST_CHECK;
/* Takes NULL. A transaction that is open is undone. */
void journal_db_close(struct journal_db *db);

/* Whether commits wait for the disk. Not inside a transaction. */
int journal_db_set_full(struct journal_db *db, bool is_full, struct err *err) MUST_CHECK;
/* The PRAGMA as it is: 1 normal, 2 full; -1 unknown. */
int journal_db_synchronous(struct journal_db *db);

int journal_db_begin(struct journal_db *db, struct err *err) MUST_CHECK;
int journal_db_commit(struct journal_db *db, struct err *err) MUST_CHECK;
int journal_db_put(
	struct journal_db *db, const struct journal_job *job, struct err *err) MUST_CHECK;
int journal_db_forget(struct journal_db *db, struct slice id, struct err *err) MUST_CHECK;

/* -EUCLEAN: it is damaged. Reads all of it. */
int journal_db_check(struct journal_db *db, struct err *err) MUST_CHECK;
/* Every row by seq. `each` returns false to stop. The slices are borrowed for the call. */
int journal_db_each(struct journal_db *db, bool (*each)(void *arg, const struct journal_job *job),
	void *arg, struct err *err) MUST_CHECK;

/* One process at a time has a journal: it holds PATH.lock. Waits for at most so long. Returns the
 * descriptor that holds it until it is closed, or -EBUSY, or another -errno. */
int journal_lock(const char *path, uint32_t wait_ms) MUST_CHECK;

#endif
