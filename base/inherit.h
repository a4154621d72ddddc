/*
 * base/inherit.h - listening sockets that come from who started us, and go to who follows us.
 *
 *   NGINX="6;7;"                   a program that is being replaced (nginx's own way)
 *   LISTEN_FDS=2, LISTEN_PID=us    systemd's (sd_listen_fds(3)): descriptors 3 and 4
 *
 * A socket is found by the address it is bound to. A configured port 0 takes any port of the same
 * address: that is the port which the kernel chose for who was before us.
 */
#ifndef BASE_INHERIT_H
#define BASE_INHERIT_H

#include "base/addr.h"
#include "base/err.h"

#include <sys/types.h>

/* Once, at the start: reads the environment, and takes these words out of it. */
void inherit_start(void);
/* The one before us is still there (NGINX was set): it is not ours to become a daemon. */
bool inherit_has_parent(void);
/* A socket that listens there, non-blocking and close-on-exec, and is the caller's now. -1: none.
 */
int inherit_take(const struct addr *addr) MUST_CHECK;
/* Closes those that nobody took; how many they were. */
uint32_t inherit_finish(void);

/* Starts `program` with that argv in `folder`, with those descriptors open and named in NGINX. A
 * program that cannot be run shows as a child that exits with 127. -errno with *err filled. */
int inherit_spawn(pid_t *ret_child, const char *program, char *const *argv, const char *folder,
	const int *fds, uint32_t count, struct err *err) MUST_CHECK;

#endif
