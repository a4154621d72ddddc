/*
 * proxy/temp_file.h - files for bodies that memory is too small for.
 *
 * A file has no name from its first moment (O_TMPFILE, or unlinked at once), so
 * nothing can be left behind; only who wants the worker to read it asks for a
 * name. Writes go to the page cache: they wait for the disk no more than
 * nginx's do.
 */
#ifndef PROXY_TEMP_FILE_H
#define PROXY_TEMP_FILE_H

#include "base/base.h"

#include <sys/types.h>

/* A folder, with nginx's levels: 1 2 and the file 0000012345 make FOLDER/5/34/0000012345. */
struct temp_folder {
	const char *path;  /* borrowed; made, mode 0700, when it is missing */
	uint8_t levels[3]; /* digits of each folder below it, 0 for no more; only for names */
};

#define TEMP_PATH_ROOM 4096

/* A descriptor, close-on-exec, or -errno. */
int temp_file_open(const struct temp_folder *folder) MUST_CHECK;
/* The same with a name, put into `ret_path`, which stays until somebody unlinks it. */
int temp_file_open_named(
	const struct temp_folder *folder, char ret_path[TEMP_PATH_ROOM]) MUST_CHECK;
/* What the above gave; -1: nothing. */
void temp_file_close(int fd);

/* All of p[0..n) at `at`. 0 or -errno; *ret_n octets were written in any case. */
int temp_file_write(int fd, uint64_t at, const char *p, size_t n, size_t *ret_n) MUST_CHECK;
/* Up to n octets at `at`: how many, 0 behind the end, -errno. */
ssize_t temp_file_read(int fd, uint64_t at, char *p, size_t n) MUST_CHECK;

#endif
