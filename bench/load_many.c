/*
 * bench/load_many.c - loads of many connections at a time.
 */
#include "bench/load.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- handshakes -- */

struct shake {
	int fd;
	SSL *ssl;
	bool is_done; /* close_notify and FIN are out; theirs is waited for */
};

static void shake_begin(struct shake *shake, SSL_CTX *ctx, int port, int loop)
{
	*shake = (struct shake){.fd = load_connect(port, 0), .ssl = SSL_new(ctx)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = shake};
	load_unblock(shake->fd);
	if (shake->ssl == NULL || SSL_set_fd(shake->ssl, shake->fd) != 1 ||
		epoll_ctl(loop, EPOLL_CTL_ADD, shake->fd, &event) != 0)
		load_stop("handshake");
	SSL_set_connect_state(shake->ssl);
	(void)SSL_do_handshake(shake->ssl);
}

/* True when one more is complete and closed by both sides. */
static bool shake_step(struct shake *shake)
{
	char rest[4096];
	if (!shake->is_done) {
		int ret = SSL_do_handshake(shake->ssl);
		if (ret != 1) {
			if (SSL_get_error(shake->ssl, ret) != SSL_ERROR_WANT_READ)
				load_stop("handshake");
			return false;
		}
		if (SSL_session_reused(shake->ssl))
			load_stop("a session was resumed");
		shake->is_done = true;
		(void)SSL_shutdown(shake->ssl);
		(void)shutdown(shake->fd, SHUT_WR);
	}
	ssize_t got;
	while ((got = recv(shake->fd, rest, sizeof(rest), 0)) > 0)
		;
	return got == 0 || errno != EAGAIN;
}

int load_handshakes(int port, double seconds, int connections)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct shake *shakes = calloc((size_t)connections, sizeof(*shakes));
	int loop = epoll_create1(EPOLL_CLOEXEC);
	if (ctx == NULL || shakes == NULL || loop < 0)
		load_stop("out of memory");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	load_tell("ready");
	if (!load_hear())
		return 1;
	uint64_t done = 0;
	int open = connections;
	double end = load_seconds() + seconds;
	for (int i = 0; i < connections; i++)
		shake_begin(&shakes[i], ctx, port, loop);
	while (open > 0) {
		struct epoll_event events[64];
		int n = epoll_wait(loop, events, COUNT_OF(events), 10000);
		if (n == 0)
			load_stop("nothing happens");
		for (int i = 0; i < n; i++) {
			struct shake *shake = events[i].data.ptr;
			if (!shake_step(shake))
				continue;
			done++;
			SSL_free(shake->ssl);
			(void)close(shake->fd);
			if (load_seconds() < end)
				shake_begin(shake, ctx, port, loop);
			else
				open--;
		}
	}
	load_tell("%llu", (unsigned long long)done);
	return 0;
}

/* -- tunnels -- */

/* A masked text frame of 200 octets (RFC 6455 section 5.2): 2 + 2 + 4 of head. */
#define MESSAGE (8 + 200)

static int *open_tunnels(int port, int count)
{
	int *fds = calloc((size_t)count + 1, sizeof(*fds));
	if (fds == NULL)
		load_stop("out of memory");
	for (int i = 0; i < count; i++) {
		fds[i] = load_connect(port, 0);
		load_upgrade(fds[i]);
		load_unblock(fds[i]);
	}
	return fds;
}

int load_ping_pong(int port, double seconds, int tunnels)
{
	char message[MESSAGE] = "\x81\xfe";
	char back[MESSAGE];
	uint64_t done = 0;
	int *fds = open_tunnels(port, tunnels);
	uint32_t *got = calloc((size_t)tunnels, sizeof(*got));
	int loop = epoll_create1(EPOLL_CLOEXEC);
	message[3] = (char)200;
	if (got == NULL || loop < 0)
		load_stop("out of memory");
	for (int i = 0; i < tunnels; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
		if (epoll_ctl(loop, EPOLL_CTL_ADD, fds[i], &event) != 0)
			load_stop("epoll_ctl");
	}
	load_tell("ready");
	if (!load_hear())
		return 1;
	double end = load_seconds() + seconds;
	int open = tunnels;
	for (int i = 0; i < tunnels; i++)
		load_send(fds[i], message, sizeof(message));
	while (open > 0) {
		struct epoll_event events[64];
		int n = epoll_wait(loop, events, COUNT_OF(events), 10000);
		if (n == 0)
			load_stop("nothing comes back");
		bool is_over = load_seconds() >= end;
		for (int i = 0; i < n; i++) {
			uint32_t which = events[i].data.u32;
			ssize_t here = recv(fds[which], back, MESSAGE - got[which], 0);
			if (here <= 0)
				load_stop("a tunnel ended");
			got[which] += (uint32_t)here;
			if (got[which] < MESSAGE)
				continue;
			got[which] = 0;
			done++;
			if (is_over)
				open--;
			else
				load_send(fds[which], message, sizeof(message));
		}
	}
	load_tell("%llu", (unsigned long long)done);
	return 0;
}

/* -- what must not hurt others -- */

/* Every second one: a head that never ends, an octet at a time. The others: a million octets, taken
 * a few at a time. */
static int open_slow(int port, bool is_reader)
{
	static const char request[] = "GET /1m HTTP/1.1\r\nHost: bench\r\n\r\n";
	static const char beginning[] = "GET /88 HTTP/1.1\r\nHost: bench\r\nX-Slow: ";
	int fd = load_connect(port, is_reader ? 4096 : 0);
	if (is_reader)
		load_send(fd, request, sizeof(request) - 1);
	else
		load_send(fd, beginning, sizeof(beginning) - 1);
	load_unblock(fd);
	return fd;
}

int load_hold(int port, int tunnels, int slow)
{
	int *fds = open_tunnels(port, tunnels);
	int *slow_fds = calloc((size_t)slow + 1, sizeof(*slow_fds));
	char few[256];
	if (slow_fds == NULL)
		load_stop("out of memory");
	for (int i = 0; i < slow; i++)
		slow_fds[i] = open_slow(port, i % 2 == 0);
	load_tell("ready");
	/* Each once a second, few at a time: who measures beside us must not wait for us. */
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	for (int turn = 0; poll(&input, 1, 5) == 0; turn++) {
		for (int i = turn % 200; i < slow; i += 200) {
			if (i % 2 == 0)
				(void)!recv(slow_fds[i], few, sizeof(few), 0);
			else
				(void)!send(slow_fds[i], "x", 1, MSG_NOSIGNAL);
		}
	}
	int ended = 0;
	for (int i = 0; i < tunnels; i++)
		ended += recv(fds[i], few, sizeof(few), MSG_PEEK) == 0;
	load_tell("%d", tunnels - ended);
	return 0;
}

/* -- latency -- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* The rest of one small answer; false while it is not whole. */
static bool has_answer(int fd, char *head, size_t *used)
{
	ssize_t got = recv(fd, head + *used, 1023 - *used, 0);
	if (got <= 0)
		load_stop("answer");
	*used += (size_t)got;
	head[*used] = '\0';
	const char *end = strstr(head, "\r\n\r\n");
	return end != NULL && (size_t)(head + *used - end) >= 4 + 88;
}

int load_latency(int port, double seconds, int rate)
{
	static const char request[] = "GET /88 HTTP/1.1\r\nHost: bench\r\n\r\n";
	int most = (int)(seconds * rate) + 1;
	double *took = calloc((size_t)most, sizeof(*took));
	int fd = load_connect(port, 0);
	if (took == NULL)
		load_stop("out of memory");
	load_tell("ready");
	if (!load_hear())
		return 1;
	int count = 0;
	double begin = load_seconds();
	for (; count < most; count++) {
		char head[1024];
		size_t used = 0;
		double due = begin + (double)count / rate;
		double wait = due - load_seconds();
		if (wait > 0)
			(void)usleep((useconds_t)(wait * 1e6));
		double sent = load_seconds();
		load_send(fd, request, sizeof(request) - 1);
		while (!has_answer(fd, head, &used))
			;
		took[count] = load_seconds() - sent;
	}
	qsort(took, (size_t)count, sizeof(*took), compare);
	load_tell("%.1f %.1f %.1f", took[count / 2] * 1e6, took[count * 99 / 100] * 1e6,
		took[count - 1] * 1e6);
	return 0;
}
