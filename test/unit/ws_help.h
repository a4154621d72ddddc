/*
 * test/unit/ws_help.h - two ends of a WebSocket on one loop, or one end and a test that speaks
 * octets.
 */
#ifndef TEST_WS_HELP_H
#define TEST_WS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "proxy/ws.h"
#include "test/unit/loop_help.h"

#include <fcntl.h>
#include <signal.h>

#define TOLD_MOST 4096
#define MOST (1u << 20) /* octets of a message */

struct ws_end {
	struct sock sock;
	struct ws ws;
	char told[TOLD_MOST]; /* "text hello;closed 1000;" */
	size_t told_n;
	struct buf last; /* the newest message */
	unsigned clears, closes, messages;
	uint64_t most_per_step; /* octets of messages */
	bool finishes_on_message, closes_on_message;
	void (*on_message)(struct ws_end *end);
};

static inline struct ws_end *ws_end_of(struct ws *ws)
{
	return CONTAINER_OF(ws, struct ws_end, ws);
}

static inline void ws_end_tell(struct ws_end *end, const char *word, struct slice text)
{
	int n = snprintf(end->told + end->told_n, TOLD_MOST - end->told_n, "%s %.*s;", word,
		(int)min_size(text.n, 40), text.n == 0 ? "" : text.p);
	assert_true(n > 0);
	end->told_n = min_size(end->told_n + (size_t)n, TOLD_MOST - 1);
}

static inline void ws_end_message(struct ws *ws, enum ws_opcode opcode, struct slice message)
{
	struct ws_end *end = ws_end_of(ws);
	end->messages++;
	buf_release(&end->last);
	assert_true(buf_append(&end->last, message.p, message.n));
	if (end->told_n < TOLD_MOST - 100)
		ws_end_tell(end, opcode == WS_TEXT ? "text" : "binary", message);
	if (end->closes_on_message)
		ws_close(ws, WS_CODE_NORMAL, "enough");
	if (end->finishes_on_message) {
		ws_finish(ws);
		sock_close(&end->sock);
	}
	if (end->on_message != NULL)
		end->on_message(end);
}

static inline void ws_end_clear(struct ws *ws)
{
	assert_true(ws_is_clear(ws));
	ws_end_of(ws)->clears++;
}

static inline void ws_end_closed(struct ws *ws, uint16_t code, const char *why)
{
	struct ws_end *end = ws_end_of(ws);
	char text[80];
	int n = snprintf(text, sizeof(text), "%u %s", code, why);
	ws_end_tell(end, "closed", (struct slice){text, (size_t)n});
	end->closes++;
	ws_finish(ws);
	sock_close(&end->sock);
}

static const struct ws_owner ws_end_owner = {
	.on_message = ws_end_message, .on_clear = ws_end_clear, .on_closed = ws_end_closed};

static inline void ws_end_step(struct sock *sock)
{
	struct ws_end *end = CONTAINER_OF(sock, struct ws_end, sock);
	bool was_over = end->ws.is_over;
	uint64_t received = end->ws.received;
	unsigned before = end->closes;
	bool goes_on = ws_step(&end->ws);
	received = end->ws.received - received;
	if (received > end->most_per_step)
		end->most_per_step = received;
	assert_int_equal(goes_on, !end->ws.is_over);
	assert_true(end->closes - before <= (was_over ? 0 : 1));
}

static inline void ws_end_start(
	struct ws_end *end, int fd, bool is_client, uint64_t ping_ms, uint64_t most)
{
	struct buf early = {0}, unsent = {0};
	*end = (struct ws_end){0};
	assert_int_equal(sock_init(&end->sock, fd, ws_end_step), 0);
	ws_init(&end->ws, &end->sock, &ws_end_owner, is_client, ping_ms, most, &early, &unsent);
}

static inline void ws_end_stop(struct ws_end *end)
{
	ws_finish(&end->ws);
	sock_close(&end->sock);
	buf_release(&end->last);
}

static struct ws_end ours, theirs;
static int far; /* the peer's descriptor while the test speaks octets; -1: it does not */

static inline int setup(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	far = -1;
	return loop_start();
}

static inline int teardown(void **state)
{
	(void)state;
	ws_end_stop(&ours);
	if (far >= 0)
		(void)close(far);
	else
		ws_end_stop(&theirs);
	sock_short_io = false;
	turn_once();
	loop_finish();
	buf_pool_trim();
	assert_int_equal(buf_bytes_in_use(), 0);
	return 0;
}

/* A server end of ours, or a client end, and the test at the other side. */
static inline void begin_octets(bool is_client, uint64_t ping_ms)
{
	int fd;
	tcp_pair(&fd, &far);
	assert_int_equal(fcntl(far, F_SETFL, O_NONBLOCK), 0);
	ws_end_start(&ours, fd, is_client, ping_ms, MOST);
	TURN_UNTIL(ours.sock.can_write);
}

/* A server end and a client end. */
static inline void begin_pair(uint64_t ping_ms)
{
	int fds[2];
	tcp_pair(&fds[0], &fds[1]);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	ws_end_start(&ours, fds[0], false, ping_ms, MOST);
	ws_end_start(&theirs, fds[1], true, ping_ms, MOST);
	TURN_UNTIL(ours.sock.can_write && theirs.sock.can_write);
}

#define SAY(literal)                                                                               \
	assert_int_equal(send(far, literal, sizeof(literal) - 1, 0), sizeof(literal) - 1)

/* Reads exactly n octets. */
static inline const char *take(size_t n)
{
	static char p[4096];
	assert_true(n <= sizeof(p));
	for (size_t at = 0; at < n;) {
		ssize_t got = -1;
		TURN_UNTIL((got = recv(far, p + at, n - at, 0)) >= 0 || errno != EAGAIN);
		assert_true(got > 0);
		at += (size_t)got;
	}
	return p;
}

#define ASSERT_GETS(literal)                                                                       \
	assert_memory_equal(take(sizeof(literal) - 1), literal, sizeof(literal) - 1)

static inline void assert_gets_end(void)
{
	char octet;
	ssize_t got = -1;
	TURN_UNTIL((got = recv(far, &octet, 1, 0)) >= 0 || errno != EAGAIN);
	assert_int_equal(got, 0);
}

#endif
