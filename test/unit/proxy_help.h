/*
 * test/unit/proxy_help.h - the whole data plane in one process, on the real loop: a client's socket
 * and a worker's are the test's.
 *
 *   client (test) --TCP--> listener, client, exchange, upstream --TCP--> worker (test)
 */
#ifndef TEST_PROXY_HELP_H
#define TEST_PROXY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "proxy/proxy.h"
#include "test/unit/conf_help.h"
#include "test/unit/loop_help.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

/* The worker of every configuration here. */
#define PROXY_NODES                                                                                \
	"nodes = { static_nodes = ( { node_id = \"a\"; host = \"127.0.0.1\"; port = %u; } );\n"    \
	"  load_balancing = { strategy = \"round_robin\"; }; };\n"

static struct {
	char folder[64], log[80];
	int worker; /* listens */
	uint16_t worker_port;
	uint64_t number; /* of the newest generation */
} proxy_help;

static inline struct sockaddr_in proxy_help_loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static inline void proxy_help_worker(void)
{
	struct sockaddr_in addr = proxy_help_loopback(0);
	socklen_t n = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, n), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	proxy_help.worker = fd;
	proxy_help.worker_port = ntohs(addr.sin_port);
}

/* Puts a generation in force, as app.c does. `format`: the text, with the worker's port as %u. */
static inline bool proxy_help_load(const char *format)
{
	char text[4096];
	struct generation *generation;
	struct conf_problems problems;
	/* The formats are the tests' own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), format, proxy_help.worker_port);
#pragma GCC diagnostic pop
	conf_problems_init(&problems);
	assert_int_equal(generation_create(
				 &generation, conf_help_read(text), ++proxy_help.number, &problems),
		0);
	bool is_open = proxy_listen(generation, &problems) == 0;
	conf_problems_finish(&problems);
	if (is_open) {
		for (uint32_t i = 0; i < generation->conf->pool_count; i++)
			lb_pool_activate(generation->pools[i]);
		proxy_commit(generation);
	}
	generation_unref(generation);
	return is_open;
}

static inline void proxy_help_start(const char *format)
{
	struct err err;
	(void)snprintf(proxy_help.folder, sizeof(proxy_help.folder), "/tmp/comfymux-proxy-XXXXXX");
	assert_non_null(mkdtemp(proxy_help.folder));
	(void)snprintf(proxy_help.log, sizeof(proxy_help.log), "%s/log", proxy_help.folder);
	assert_int_equal(log_open(proxy_help.log, LOG_INFO, &err), 0);
	assert_int_equal(loop_start(), 0);
	assert_int_equal(hash_start(), 0);
	assert_int_equal(proxy_start(), 0);
	memset(&proxy_stats, 0, sizeof(proxy_stats));
	proxy_help_worker();
	assert_true(proxy_help_load(format));
}

static inline void proxy_help_end(void)
{
	proxy_finish();
	loop_finish();
	(void)close(proxy_help.worker);
	log_close();
	assert_int_equal(unlink(proxy_help.log), 0);
	assert_int_equal(rmdir(proxy_help.folder), 0);
	/* Nothing is left of anything. */
	assert_int_equal(proxy_stats.connections, 0);
	assert_int_equal(proxy_stats.exchanges, 0);
	assert_int_equal(proxy_stats.upstreams, 0);
	assert_int_equal(proxy_stats.tunnels, 0);
	assert_true(list_is_empty(lb_backends()));
}

/* What the log says so far; static. */
static inline const char *proxy_help_log(void)
{
	static char text[65536];
	FILE *file = fopen(proxy_help.log, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

/* Where the listener that was configured as 127.0.0.1:0 is. */
static inline uint16_t proxy_help_port(void)
{
	const char *at = strstr(proxy_help_log(), "event=listening address=127.0.0.1:");
	assert_non_null(at);
	return (uint16_t)strtoul(at + 34, NULL, 10);
}

/* A client; it blocks only while it connects. */
static inline int client_connect(uint16_t port)
{
	struct sockaddr_in addr = proxy_help_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline void peer_say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next connection to the worker. */
static inline int worker_accept(void)
{
	int fd = -1;
	TURN_UNTIL(
		(fd = accept4(proxy_help.worker, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
	return fd;
}

/* What came, up to where `end` stands; static. */
static inline const char *peer_hear(int fd, const char *end)
{
	static char text[65536];
	size_t n = 0;
	text[0] = '\0';
	while (strstr(text, end) == NULL) {
		ssize_t got = -1;
		TURN_UNTIL((got = recv(fd, text + n, sizeof(text) - 1 - n, 0)) >= 0 ||
			   errno != EAGAIN);
		if (got <= 0)
			fail_msg("ended (%zd) before \"%s\" in \"%s\"", got, end, text);
		n += (size_t)got;
		text[n] = '\0';
	}
	return text;
}

/* 0 when the peer ends in order, ECONNRESET when not; drops what comes before. */
static inline int peer_end(int fd)
{
	char dropped[4096];
	ssize_t got;
	do
		TURN_UNTIL((got = recv(fd, dropped, sizeof(dropped), 0)) >= 0 || errno != EAGAIN);
	while (got > 0);
	return got == 0 ? 0 : errno;
}

#endif
