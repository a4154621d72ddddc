/*
 * base/logfile.h - a file that is only appended to, and may be renamed under us.
 *
 * A full disk or a vanished file never stops the program: what cannot be
 * written is dropped and counted, and the next write tries again.
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

#include "base/base.h"
#include "base/err.h"

struct logfile {
	char *path;  /* owned; NULL for stderr */
	int fd;      /* -1: closed, everything is dropped */
	char *wait;  /* owned, [LOGFILE_WAIT], NULL when unbuffered */
	size_t used; /* octets in `wait` */
	uint64_t written_bytes;
	uint64_t dropped_lines;
	int last_errno; /* of the newest failed write, 0 when the newest one worked */
};

#define LOGFILE_WAIT 65536

/* `path` "stderr" is descriptor 2. -errno with *err filled; *file is then closed but usable. */
int logfile_open(
	struct logfile *file, const char *path, bool is_buffered, struct err *err) MUST_CHECK;
/* Opens the path anew (after logrotate); on failure the old descriptor stays. */
int logfile_reopen(struct logfile *file, struct err *err) MUST_CHECK;
/* One whole line, its newline included. */
void logfile_write(struct logfile *file, const char *line, size_t n);
void logfile_flush(struct logfile *file);
/* Flushes, closes and frees. Safe on a zeroed struct. */
void logfile_close(struct logfile *file);

#endif
