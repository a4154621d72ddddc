/*
 * comfy/journal_load.c - the journal at start: what is in it, also when it is damaged.
 */
#include "comfy/journal_db.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* So long may the writer of the process before us need for what it was handed over. */
#define LOCK_MS 10000
#define DAMAGED_MOST 1000
#define PATH_ROOM 4096

struct salvage {
	struct journal_db *db; /* the new one */
	bool (*each)(void *arg, const struct journal_job *job);
	void *arg;
	int rc;
	struct err *err;
};

/* Every file of the database, under a name that is not taken. */
static int put_aside(const char *path, char aside[PATH_ROOM])
{
	static const char *const parts[] = {"-wal", "-shm"};
	char from[PATH_ROOM + 8];
	char to[PATH_ROOM + 8];
	for (int n = 1; n <= DAMAGED_MOST; n++) {
		int length = snprintf(aside, PATH_ROOM, "%s.damaged-%d", path, n);
		if (length < 0 || length >= PATH_ROOM)
			return -ENAMETOOLONG;
		if (access(aside, F_OK) == 0)
			continue;
		for (size_t i = 0; i < COUNT_OF(parts); i++) {
			(void)snprintf(from, sizeof(from), "%s%s", path, parts[i]);
			(void)snprintf(to, sizeof(to), "%s%s", aside, parts[i]);
			(void)rename(from, to);
		}
		return rename(path, aside) == 0 ? 0 : -errno;
	}
	return -EEXIST;
}

static bool keep(void *arg, const struct journal_job *job)
{
	struct salvage *salvage = arg;
	salvage->rc = journal_db_put(salvage->db, job, salvage->err);
	return salvage->rc == 0 && salvage->each(salvage->arg, job);
}

/* What can still be read goes into a new one, and to `each`. */
static int begin_anew(const char *path, struct salvage *salvage, struct err *err)
{
	char aside[PATH_ROOM];
	struct err why = {.text = ""};
	struct journal_db *old = NULL;
	int rc = put_aside(path, aside);
	if (rc != 0) {
		err_set(err, "%s is damaged and cannot be renamed", path);
		return rc;
	}
	rc = journal_db_open(&salvage->db, path, err);
	if (rc != 0)
		return rc;
	rc = journal_db_begin(salvage->db, err);
	if (rc == 0 && journal_db_open(&old, aside, &why) == 0) {
		/* That it ends early is what damaged means. */
		if (journal_db_each(old, keep, salvage, &why) != 0)
			err_set(err, "%s", why.text);
		rc = salvage->rc;
	}
	journal_db_close(old);
	if (rc == 0)
		rc = journal_db_commit(salvage->db, err);
	journal_db_close(salvage->db);
	if (rc != 0)
		return rc;
	err_set(err, "%s was damaged and is now %s; what could be read of it was kept", path,
		aside);
	return -EUCLEAN;
}

int journal_load(const char *path, bool (*each)(void *arg, const struct journal_job *job),
	void *arg, struct err *err)
{
	struct journal_db *db = NULL;
	struct salvage salvage = {.each = each, .arg = arg, .err = err};
	int lock = journal_lock(path, LOCK_MS);
	if (lock < 0) {
		err_set(err, "%s.lock: %s", path,
			lock == -EBUSY ? "another process has it" : strerrordesc_np(-lock));
		return lock;
	}
	int rc = journal_db_open(&db, path, err);
	if (rc == 0)
		rc = journal_db_check(db, err);
	if (rc == 0)
		rc = journal_db_each(db, each, arg, err);
	journal_db_close(db);
	if (rc == -EUCLEAN)
		rc = begin_anew(path, &salvage, err);
	(void)close(lock);
	return rc;
}
