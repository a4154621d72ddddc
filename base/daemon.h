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

/* Returns in the daemon alone; the process that called it ends in here. Its folder is "/", standard
 * input and output lead to /dev/null. Before anything that a fork would split: threads, event
 * loops, locks. -errno with *err filled: still in the old one. */
int daemon_start(struct err *err) MUST_CHECK;
/* What goes wrong until it is ready is for who started it; then stderr leads to /dev/null, too.
 * Does nothing in who is no daemon. */
void daemon_drop_stderr(void);
/* Lets the process that called daemon_start exit with 0. Does nothing in who is no daemon. */
void daemon_ready(void);

#endif
