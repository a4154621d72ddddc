/*
 * test/unit/flow_help.h - a flow between socket pairs, without events: the test says what is
 * possible.
 */
#ifndef TEST_FLOW_HELP_H
#define TEST_FLOW_HELP_H

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "proxy/flow.h"
#include "proxy/stats.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct sock from, to;
	int sender, receiver; /* the far ends */
	struct flow flow;
	char *got;
	size_t got_n;
};

static inline void no_step(struct sock *sock)
{
	(void)sock;
}

static int setup(void **state)
{
	static struct fixture f;
	int pair[2];
	f = (struct fixture){0};
	log_level = LOG_ERROR;
	if (loop_start() != 0 || hash_start() != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 ||
		sock_init(&f.from, pair[0], no_step) != 0)
		return -1;
	f.sender = pair[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 ||
		sock_init(&f.to, pair[0], no_step) != 0)
		return -1;
	f.receiver = pair[1];
	f.got = malloc(64 << 20);
	*state = &f;
	return f.got == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	flow_finish(&f->flow);
	sock_close(&f->from);
	sock_close(&f->to);
	close(f->sender);
	close(f->receiver);
	free(f->got);
	pipe_pool_trim();
	buf_pool_trim();
	loop_finish();
	sock_short_io = sock_no_splice = false;
	return proxy_stats.temp_files_now == 0 && buf_bytes_in_use() == 0 ? 0 : -1;
}

static inline void listen_in(struct fixture *f)
{
	ssize_t n;
	while ((n = read(f->receiver, f->got + f->got_n, 1 << 20)) > 0)
		f->got_n += (size_t)n;
	f->to.can_write = true;
}

/* Octets that differ from place to place. */
static inline void fill(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((i * 2654435761u) >> 13);
}

/* So many more octets of the source, from all[*at) on, while the receiver takes nothing. How many
 * were taken by the flow in total. */
static inline void feed(struct fixture *f, const char *all, size_t n, size_t *at, size_t most)
{
	size_t stop = *at + most < n ? *at + most : n;
	for (int idle = 0; *at < stop && idle < 3; idle++) {
		ssize_t put = write(f->sender, all + *at, stop - *at);
		if (put > 0) {
			*at += (size_t)put;
			idle = 0;
		}
		f->from.can_read = true;
		while (flow_pump(&f->flow) == FLOW_AGAIN)
			continue;
	}
}

/* With a receiver that keeps reading, until the flow waits for its source or a rate, or has ended.
 */
static inline enum flow_result pump(struct fixture *f)
{
	enum flow_result result;
	do {
		f->to.can_write = true;
		result = flow_pump(&f->flow);
		listen_in(f);
	} while (result == FLOW_AGAIN ||
		 (result == FLOW_WAIT && !flow_is_flushed(&f->flow) && !f->flow.is_delayed));
	return result;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
