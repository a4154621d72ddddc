/*
 * test/unit/loop_help.h - turning the real loop in a test, and sockets that are connected to each
 * other.
 */
#ifndef TEST_LOOP_HELP_H
#define TEST_LOOP_HELP_H

#include "base/base.h"
#include "base/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void loop_help_give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)fprintf(stderr, "still waiting for: %s\n", (const char *)arg);
	abort();
}

/* Turns the loop until `cond` holds. That takes as long as it takes; a test that hangs dies. */
#define TURN_UNTIL(cond)                                                                           \
	do {                                                                                       \
		struct event *guard = event_new(                                                   \
			loop_base(), -1, 0, loop_help_give_up, (void *)(uintptr_t) #cond);         \
		(void)event_add(guard, &(struct timeval){60, 0});                                  \
		while (!(cond))                                                                    \
			ensure(loop_turn());                                                       \
		event_free(guard);                                                                 \
	} while (0)

static inline void loop_help_nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* What the kernel has ready now has been dealt with. */
static inline void turn_once(void)
{
	struct event *now = event_new(loop_base(), -1, 0, loop_help_nothing, NULL);
	event_active(now, EV_TIMEOUT, 1);
	ensure(loop_turn());
	event_free(now);
}

/* Two ends of a TCP connection on loopback; ours does not block. */
static inline void tcp_pair(int *ret_ours, int *ret_theirs)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*ret_theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ensure(listener >= 0 && *ret_theirs >= 0);
	ensure(bind(listener, (struct sockaddr *)&addr, n) == 0 && listen(listener, 1) == 0);
	ensure(getsockname(listener, (struct sockaddr *)&addr, &n) == 0);
	ensure(connect(*ret_theirs, (struct sockaddr *)&addr, n) == 0);
	*ret_ours = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ensure(*ret_ours >= 0);
	(void)close(listener);
}

/* Ends the connection so that the other side sees a RST. */
static inline void close_with_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	ensure(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
	(void)close(fd);
}

#endif
