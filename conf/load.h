/*
 * conf/load.h - configuration files as octets, and paths relative to something.
 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "base/arena.h"
#include "base/err.h"

#define CONF_FILE_MOST (64u << 20) /* octets, includes counted in */

/* A whole regular file, terminated. Caller frees *ret_text. -errno with *err filled; never blocks
 * on a pipe or a device, because a reload reads on the loop. */
int conf_load_file(char **ret_text, size_t *ret_n, const char *path, struct err *err) MUST_CHECK;

/* `path` if it is absolute, else it behind the folder that `beside`, a file, is in. NULL: no
 * memory. */
const char *conf_path_beside(struct arena *arena, const char *beside, const char *path) MUST_CHECK;
/* The same behind `folder`; relative to the working directory if that is relative, too. */
const char *conf_path_absolute(
	struct arena *arena, const char *folder, const char *path) MUST_CHECK;

#endif
