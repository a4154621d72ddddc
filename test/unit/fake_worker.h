/*
 * test/unit/fake_worker.h - a scripted HTTP server on the test's own loop.
 *
 * It answers every request with `answer`, whole or octet by octet, and then
 * closes, resets, or waits for the other side. Without an answer it hangs.
 */
#ifndef TEST_FAKE_WORKER_H
#define TEST_FAKE_WORKER_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FAKE_CONNS 64

struct fake_conn {
	struct fake_worker *worker;
	struct event *event; /* NULL: unused */
	int fd;
	size_t sent;
	bool is_asked;
	char request[2048];
	size_t request_bytes;
};

enum fake_end { FAKE_CLOSES, FAKE_RESETS, FAKE_STAYS };

struct fake_worker {
	struct addr addr;
	struct event *accept; /* NULL: refuses */
	int fd;
	const char *answer; /* NULL: hangs */
	bool is_octetwise;
	enum fake_end end;
	unsigned accepted, asked, open, open_most;
	char request[2048]; /* the newest */
	struct fake_conn conns[FAKE_CONNS];
};

static inline void fake_close(struct fake_conn *conn, bool is_reset)
{
	struct linger linger = {.l_onoff = is_reset, .l_linger = 0};
	if (conn->event == NULL)
		return;
	event_free(conn->event);
	conn->event = NULL;
	(void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	(void)close(conn->fd);
	conn->worker->open--;
}

static inline void fake_send(struct fake_conn *conn)
{
	const char *answer = conn->worker->answer;
	size_t left = strlen(answer) - conn->sent;
	ssize_t n = send(conn->fd, answer + conn->sent,
		conn->worker->is_octetwise ? min_size(left, 1) : left, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		fake_close(conn, false);
		return;
	}
	conn->sent += n > 0 ? (size_t)n : 0;
	if (conn->sent < strlen(answer) || conn->worker->end == FAKE_STAYS)
		return;
	fake_close(conn, conn->worker->end == FAKE_RESETS);
}

static inline void fake_read(struct fake_conn *conn)
{
	char *at = conn->request + conn->request_bytes;
	size_t room = sizeof(conn->request) - 1 - conn->request_bytes;
	ssize_t n = recv(conn->fd, at, room, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		fake_close(conn, false);
		return;
	}
	conn->request_bytes += n > 0 ? (size_t)n : 0;
	if (conn->is_asked || strstr(conn->request, "\r\n\r\n") == NULL)
		return;
	conn->is_asked = true;
	conn->worker->asked++;
	memcpy(conn->worker->request, conn->request, sizeof(conn->request));
}

static inline void fake_on_io(evutil_socket_t fd, short what, void *arg)
{
	struct fake_conn *conn = arg;
	(void)fd;
	if ((what & EV_READ) != 0)
		fake_read(conn);
	if (conn->event == NULL || !conn->is_asked || conn->worker->answer == NULL)
		return;
	if (conn->sent < strlen(conn->worker->answer))
		fake_send(conn);
	if (conn->event == NULL)
		return;
	/* Writable is of interest only while something is to be sent. */
	bool has_more = conn->sent < strlen(conn->worker->answer);
	(void)event_del(conn->event);
	(void)event_assign(conn->event, loop_base(), conn->fd,
		(short)(EV_READ | EV_PERSIST | (has_more ? EV_WRITE : 0)), fake_on_io, conn);
	(void)event_add(conn->event, NULL);
}

static inline void fake_on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct fake_worker *worker = arg;
	(void)what;
	int fd = accept4((int)listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	for (size_t i = 0; i < FAKE_CONNS; i++) {
		struct fake_conn *conn = &worker->conns[i];
		if (conn->event != NULL)
			continue;
		*conn = (struct fake_conn){.worker = worker, .fd = fd};
		conn->event = event_new(loop_base(), fd, EV_READ | EV_PERSIST, fake_on_io, conn);
		(void)event_add(conn->event, NULL);
		worker->accepted++;
		worker->open++;
		if (worker->open > worker->open_most)
			worker->open_most = worker->open;
		return;
	}
	abort();
}

/* Lets what hangs be answered. */
static inline void fake_wake(struct fake_worker *worker, const char *answer)
{
	worker->answer = answer;
	for (size_t i = 0; i < FAKE_CONNS; i++)
		if (worker->conns[i].event != NULL)
			fake_on_io(worker->conns[i].fd, 0, &worker->conns[i]);
}

static inline int fake_socket(struct fake_worker *worker)
{
	int one = 1;
	socklen_t n = sizeof(worker->addr.u);
	int fd = socket(
		worker->addr.u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		bind(fd, &worker->addr.u.any, worker->addr.len) != 0 ||
		getsockname(fd, &worker->addr.u.any, &n) != 0)
		abort();
	return fd;
}

/* From now on connections are taken. */
static inline void fake_up(struct fake_worker *worker)
{
	if (listen(worker->fd, 128) != 0)
		abort();
	worker->accept = event_new(
		loop_base(), worker->fd, EV_READ | EV_PERSIST, fake_on_accept, worker);
	(void)event_add(worker->accept, NULL);
}

/* Connections are refused; the port stays ours. */
static inline void fake_down(struct fake_worker *worker)
{
	if (worker->accept != NULL)
		event_free(worker->accept);
	worker->accept = NULL;
	for (size_t i = 0; i < FAKE_CONNS; i++)
		fake_close(&worker->conns[i], true);
	(void)close(worker->fd);
	worker->fd = fake_socket(worker);
}

/* On a port of 127.0.0.1 that the kernel picks; refuses until fake_up. */
static inline void fake_init(struct fake_worker *worker)
{
	*worker = (struct fake_worker){.fd = -1};
	if (addr_from_ip(&worker->addr, "127.0.0.1", 0) != 0)
		abort();
	worker->fd = fake_socket(worker);
}

static inline void fake_finish(struct fake_worker *worker)
{
	if (worker->accept != NULL)
		event_free(worker->accept);
	worker->accept = NULL;
	for (size_t i = 0; i < FAKE_CONNS; i++)
		fake_close(&worker->conns[i], true);
	(void)close(worker->fd);
	worker->fd = -1;
}

static inline void fake_give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)fprintf(stderr, "still waiting for: %s\n", (const char *)arg);
	abort();
}

/* Turns the loop until `cond` holds. That takes as long as it takes; a test that hangs dies. */
#define PUMP_UNTIL(cond)                                                                           \
	do {                                                                                       \
		struct event *guard = event_new(                                                   \
			loop_base(), -1, 0, fake_give_up, (void *)(uintptr_t) #cond);              \
		(void)event_add(guard, &(struct timeval){60, 0});                                  \
		while (!(cond))                                                                    \
			(void)event_base_loop(loop_base(), EVLOOP_ONCE);                           \
		event_free(guard);                                                                 \
	} while (0)

#endif
