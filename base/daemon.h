/*
 * base/daemon.h - leaving the terminal.
 *
 *   caller's process ---- waits ------------------------.-> exits with 0, or 1
 *         '- leads a session of its own, exits          |
 *               '- the daemon ... daemon_ready() -------'   or its end
 */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include "base/err.h"

/* Returns in the daemon alone; the process that called it ends in here. Its folder is "/", its
 * standard descriptors lead to /dev/null, stderr only if `drops_stderr`. Before anything that a
 * fork would split: threads, event loops, locks. -errno with *err filled: still in the old one. */
int daemon_start(bool drops_stderr, struct err *err) MUST_CHECK;
/* Lets the process that called daemon_start exit with 0. Does nothing in who is no daemon. */
void daemon_ready(void);

#endif
