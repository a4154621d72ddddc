/*
 * base/privileges.h - from root to an ordinary user, for good.
 *
 * Of root's powers one stays: to bind ports below 1024, because a reload may add
 * a listener. Where it is asked for a second one is laid aside, to read what only
 * root may read, because a reload has to read keys again.
 */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include "base/base.h"
#include "base/err.h"

#include <sys/types.h>

struct privileges {
	const char *user; /* borrowed from the caller of privileges_find */
	uid_t uid;
	gid_t gid;
	bool keeps_reading; /* privileges_raise will work */
};

/* Looks the user up; may block. -ENOENT when there is none; *err is filled. */
int privileges_find(
	struct privileges *ret_privileges, const char *user, struct err *err) MUST_CHECK;
/* Likewise. */
int privileges_find_group(gid_t *ret_gid, const char *group) MUST_CHECK;
/* Only root can become somebody else. */
bool privileges_is_root(void);
/* Also after privileges_drop. */
bool privileges_was_root(void);

/* A regular file that the user will append to: made if it is not there, and given to the user. What
 * is not a regular file with one name is left as it is, or root could be led to give away what a
 * link points at. -errno with *err filled. */
int privileges_give_file(
	const struct privileges *privileges, const char *path, struct err *err) MUST_CHECK;
/* A unix socket that root has bound; nothing else is given away. Likewise. */
int privileges_give_socket(
	const struct privileges *privileges, const char *path, struct err *err) MUST_CHECK;
/* Until privileges_return files are opened as if by the user. */
int privileges_lend(const struct privileges *privileges, struct err *err) MUST_CHECK;
void privileges_return(void);

/* Becomes the user with all its groups, and makes sure that there is no way back. A failure is
 * final: the process is neither one nor the other and has to end. -errno with *err filled. */
int privileges_drop(const struct privileges *privileges, struct err *err) MUST_CHECK;
/* Between the two any file can be read (CAP_DAC_READ_SEARCH), if the one that was dropped to had
 * keeps_reading; else they do nothing. */
void privileges_raise(void);
void privileges_lower(void);

#endif
