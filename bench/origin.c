/*
 * bench/origin.c - a worker that costs as little as can be, so that a bench sees the proxy.
 *
 *   origin            prints "listening PORT", serves until its standard input ends
 *
 *   GET /88           88 octets, and so does every other path
 *   GET /1m  /300m    a million, 300 million octets
 *   POST /sink        reads the body away, answers 88 octets
 *   GET /ws           101, then gives back what it gets (a proxy does not look into frames)
 *
 * One thread, epoll, HTTP/1.1 with keep-alive; request bodies have a Content-Length.
 */
#include "http/ws_accept.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEAD_MOST 8192
#define PIECE 262144

struct conn {
	int fd;
	bool is_tunnel;
	bool waits_to_write;
	char head[HEAD_MOST];
	size_t used;      /* octets in `head` */
	uint64_t to_skip; /* of a request body */
	char answer[512]; /* what is to be sent, then `body` more */
	size_t answer_n, answer_at;
	uint64_t body;
};

static int loop = -1;
static char piece[PIECE];

static void stop(const char *what)
{
	perror(what);
	exit(1);
}

static void conn_close(struct conn *conn)
{
	(void)close(conn->fd);
	free(conn);
}

static void wait_to_write(struct conn *conn, bool wants)
{
	if (conn->waits_to_write == wants)
		return;
	conn->waits_to_write = wants;
	struct epoll_event event = {
		.events = wants ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = conn};
	if (epoll_ctl(loop, EPOLL_CTL_MOD, conn->fd, &event) != 0)
		stop("epoll_ctl");
}

/* False: gone. */
static bool conn_write(struct conn *conn)
{
	while (conn->answer_at < conn->answer_n || conn->body != 0) {
		bool is_head = conn->answer_at < conn->answer_n;
		const char *p = is_head ? conn->answer + conn->answer_at : piece;
		size_t n = is_head ? conn->answer_n - conn->answer_at
				   : (size_t)min_u64(conn->body, sizeof(piece));
		ssize_t put = send(
			conn->fd, p, n, MSG_NOSIGNAL | (is_head && conn->body != 0 ? MSG_MORE : 0));
		if (put < 0 && errno == EAGAIN) {
			wait_to_write(conn, true);
			return true;
		}
		if (put < 0) {
			conn_close(conn);
			return false;
		}
		if (is_head)
			conn->answer_at += (size_t)put;
		else
			conn->body -= (uint64_t)put;
	}
	conn->answer_at = conn->answer_n = 0;
	wait_to_write(conn, false);
	return true;
}

static const char *field(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);
	return at == NULL ? NULL : at + strlen(name);
}

static void answer_with(struct conn *conn, uint64_t octets)
{
	conn->answer_n = (size_t)snprintf(conn->answer, sizeof(conn->answer),
		"HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: application/octet-stream\r\n"
		"Content-Length: %llu\r\n\r\n",
		(unsigned long long)octets);
	if (octets <= 88) {
		memset(conn->answer + conn->answer_n, 'x', octets);
		conn->answer_n += octets;
	} else {
		conn->body = octets;
	}
}

static void answer_upgrade(struct conn *conn, const char *key)
{
	char accept[WS_ACCEPT_CHARS];
	if (!ws_accept_for((struct slice){key, strcspn(key, "\r ")}, accept))
		stop("ws_accept_for");
	conn->answer_n = (size_t)snprintf(conn->answer, sizeof(conn->answer),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %.*s\r\n\r\n",
		WS_ACCEPT_CHARS, accept);
	conn->is_tunnel = true;
}

/* The head is whole and ends in a NUL. */
static void answer_head(struct conn *conn)
{
	const char *key = field(conn->head, "\r\nsec-websocket-key: ");
	const char *length = field(conn->head, "\r\ncontent-length: ");
	if (key != NULL) {
		answer_upgrade(conn, key);
		return;
	}
	conn->to_skip = length == NULL ? 0 : strtoull(length, NULL, 10);
	if (strncmp(conn->head, "GET /1m ", 8) == 0)
		answer_with(conn, 1000000);
	else if (strncmp(conn->head, "GET /300m ", 10) == 0)
		answer_with(conn, 300000000);
	else
		answer_with(conn, 88);
}

/* Takes n octets as body. Returns how many of them are not. */
static size_t skip_body(struct conn *conn, size_t n)
{
	size_t taken = (size_t)min_u64(n, conn->to_skip);
	conn->to_skip -= taken;
	return n - taken;
}

/* False: gone. */
static bool serve_heads(struct conn *conn)
{
	for (;;) {
		char *end = memmem(conn->head, conn->used, "\r\n\r\n", 4);
		if (end == NULL)
			return true;
		size_t n = (size_t)(end - conn->head) + 4;
		end[3] = '\0';
		answer_head(conn);
		size_t left = conn->used - n;
		size_t next = skip_body(conn, left);
		memmove(conn->head, conn->head + conn->used - next, next);
		conn->used = next;
		if (conn->to_skip != 0 || conn->is_tunnel)
			break;
		if (!conn_write(conn))
			return false;
	}
	return conn->is_tunnel ? conn_write(conn) : true;
}

static bool conn_read(struct conn *conn)
{
	bool is_body = conn->to_skip != 0 || conn->is_tunnel;
	char *p = is_body ? piece : conn->head + conn->used;
	size_t room = is_body ? sizeof(piece) : HEAD_MOST - 1 - conn->used;
	ssize_t got = recv(conn->fd, p, room, 0);
	if (got < 0 && errno == EAGAIN)
		return true;
	if (got <= 0) {
		conn_close(conn);
		return false;
	}
	if (conn->is_tunnel) {
		/* Small messages: the socket has room, or the bench is wrong. */
		if (send(conn->fd, p, (size_t)got, MSG_NOSIGNAL) == got)
			return true;
		conn_close(conn);
		return false;
	}
	if (is_body) {
		(void)skip_body(conn, (size_t)got);
		return conn->to_skip != 0 ? true : conn_write(conn);
	}
	conn->used += (size_t)got;
	return serve_heads(conn);
}

static void on_accept(int listener)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		int on = 1;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		struct conn *conn = calloc(1, sizeof(*conn));
		if (conn == NULL)
			stop("calloc");
		conn->fd = fd;
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
		if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) != 0)
			stop("epoll_ctl");
	}
}

static int listen_anywhere(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, n) != 0 || listen(fd, 4096) != 0 ||
		getsockname(fd, (struct sockaddr *)&addr, &n) != 0)
		stop("listen");
	(void)printf("listening %u\n", ntohs(addr.sin_port));
	(void)fflush(stdout);
	return fd;
}

int main(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	loop = epoll_create1(EPOLL_CLOEXEC);
	int listener = listen_anywhere();
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
	if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) != 0)
		stop("epoll");
	/* A pipe that is held open: whoever started us is still there. */
	event = (struct epoll_event){.events = EPOLLIN, .data.ptr = NULL};
	if (epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
		stop("standard input must be a pipe");
	for (;;) {
		struct epoll_event events[256];
		int n = epoll_wait(loop, events, COUNT_OF(events), -1);
		for (int i = 0; i < n; i++) {
			struct conn *conn = events[i].data.ptr;
			if (conn == NULL)
				return 0;
			if (events[i].data.ptr == &listener) {
				on_accept(listener);
				continue;
			}
			if ((events[i].events & EPOLLOUT) != 0 && !conn_write(conn))
				continue;
			if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
				(void)conn_read(conn);
		}
	}
}
