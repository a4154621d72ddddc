/*
 * base/pidfile.h - where a running program can be found.
 *
 * The file is locked as long as its writer lives. So one that a crash left
 * behind is told from a living one, and a number that meanwhile belongs to
 * somebody else is never signalled: the kernel names the lock's holder.
 */
#ifndef BASE_PIDFILE_H
#define BASE_PIDFILE_H

#include "base/base.h"
#include "base/err.h"

#include <sys/types.h>

struct pidfile {
	char *path; /* owned, NULL while there is none */
	int fd;     /* holds the lock. Nobody else here may open and close the file: that would
		       drop it (fcntl(2)) */
};

/* Appears at `path` as a whole, with our pid. -EEXIST when another living process has it; other
 * -errno; *err is filled. */
int pidfile_write(struct pidfile *file, const char *path, struct err *err) MUST_CHECK;
/* Gives the file another name, in the place of one that is there. It stays ours. -errno with *err
 * filled: it is where it was. */
int pidfile_move(struct pidfile *file, const char *path, struct err *err) MUST_CHECK;
/* Takes it away if it is still ours; empties it where the folder does not let us. Safe on a zeroed
 * struct. */
void pidfile_remove(struct pidfile *file);

/* Who holds the file now. -ESRCH when nobody does; other -errno; *err is filled. */
int pidfile_find(pid_t *ret_pid, const char *path, struct err *err) MUST_CHECK;

#endif
