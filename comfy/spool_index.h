/*
 * comfy/spool_index.h - the names of the spool, on disk. SQLite is in here.
 *
 * Written on the loop: no write waits for the disk (synchronous=OFF), so a crash of the machine can
 * lose what was uploaded last, as it can lose the octets themselves. What a name says is compared
 * with the disk at start.
 */
#ifndef COMFY_SPOOL_INDEX_H
#define COMFY_SPOOL_INDEX_H

#include "base/err.h"

struct spool_index;

/* Borrowed for the call. */
struct spool_row {
	const char *type, *subfolder, *name, *digest;
	uint64_t bytes, used_wall_ms;
};

/*
 * Reads all of it, longest unused first, and keeps it open; blocks. `each` false: no memory. One
 * process at a time: -EBUSY. -EUCLEAN: the file is damaged or no index of ours. *err is filled with
 * every error.
 */
int spool_index_open(struct spool_index **ret_index, const char *path,
	bool (*each)(void *arg, const struct spool_row *row), void *arg,
	struct err *err) MUST_CHECK;
void spool_index_close(struct spool_index *index); /* takes NULL */

/* In place of what the name meant. -errno: ENOSPC, EIO, ... */
int spool_index_put(struct spool_index *index, const struct spool_row *row) MUST_CHECK;
int spool_index_forget(
	struct spool_index *index, const char *type, const char *subfolder, const char *name);

#endif
