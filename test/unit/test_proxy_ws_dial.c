/* test/unit/test_proxy_ws_dial.c - dials to a worker that is the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/ws_accept.h"
#include "proxy/ws_dial.h"
#include "test/unit/loop_help.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/un.h>

static struct addr addr; /* where the worker listens */
static int listener = -1, peer = -1;
static struct ws_dial *dial; /* NULL once it has told */
static char request[4096], accept_text[WS_ACCEPT_CHARS + 1];

/* What the dial told. */
static struct {
	unsigned opened, failed;
	int fd, error;
	uint16_t status;
	char early[64];
	size_t early_n;
} told;

static void on_open(int fd, struct buf *early, void *arg)
{
	assert_ptr_equal(arg, &told);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	told.opened++;
	told.fd = fd;
	told.early_n = buf_waiting(early);
	assert_true(told.early_n <= sizeof(told.early));
	if (told.early_n != 0)
		memcpy(told.early, buf_first(early), told.early_n);
	buf_release(early);
	dial = NULL;
}

static void on_failed(int error, uint16_t status, void *arg)
{
	assert_ptr_equal(arg, &told);
	told.failed++;
	told.error = error;
	told.status = status;
	dial = NULL;
}

/* For another dial in the same test. */
static void forget(void)
{
	if (peer >= 0)
		(void)close(peer);
	memset(&told, 0, sizeof(told));
	told.fd = peer = -1;
}

static int setup(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	forget();
	memset(&addr, 0, sizeof(addr));
	addr.u.v4 = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	addr.len = sizeof(addr.u.v4);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, &addr.u.any, addr.len) != 0 || listen(listener, 4) != 0)
		return -1;
	if (getsockname(listener, &addr.u.any, &addr.len) != 0)
		return -1;
	return loop_start();
}

static int teardown(void **state)
{
	(void)state;
	ws_dial_cancel(dial);
	dial = NULL;
	int fds[] = {listener, peer, told.fd};
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	turn_once();
	loop_finish();
	buf_pool_trim();
	assert_int_equal(buf_bytes_in_use(), 0);
	return 0;
}

static void start(const char *target, uint64_t timeout_ms)
{
	dial = ws_dial_start(&(struct ws_dial_ask){.addr = &addr,
		.host = "worker:8188",
		.target = target,
		.timeout_ms = timeout_ms,
		.on_open = on_open,
		.on_failed = on_failed,
		.arg = &told});
	assert_non_null(dial);
	assert_int_equal(told.opened + told.failed, 0);
}

/* Takes the connection and the request; the right answer to its key is in accept_text. */
static void hear(void)
{
	size_t n = 0;
	TURN_UNTIL((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
	memset(request, 0, sizeof(request));
	while (strstr(request, "\r\n\r\n") == NULL) {
		ssize_t got = -1;
		TURN_UNTIL((got = recv(peer, request + n, sizeof(request) - 1 - n, 0)) >= 0);
		assert_true(got > 0);
		n += (size_t)got;
	}
	const char *key = strstr(request, "\r\nSec-WebSocket-Key: ");
	assert_non_null(key);
	key += strlen("\r\nSec-WebSocket-Key: ");
	assert_int_equal(strcspn(key, "\r"), WS_KEY_CHARS);
	assert_true(ws_accept_for((struct slice){key, WS_KEY_CHARS}, accept_text));
}

static void say(const char *p, size_t n)
{
	assert_int_equal(send(peer, p, n, 0), n);
}

/* A 101, with further lines, and octets behind it. Returns its octets. */
static size_t answer(char out[1024], const char *accept, const char *fields, const char *behind)
{
	int n = snprintf(out, 1024,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: upgrade\r\nContent-Type: application/octet-stream\r\n"
		"Sec-WebSocket-Accept: %s\r\n%s\r\n%s",
		accept, fields, behind);
	assert_in_range(n, 1, 1023);
	return (size_t)n;
}

static void the_request_is_a_handshake_without_extensions(void **state)
{
	(void)state;
	start("/ws?clientId=abc", 0);
	hear();
	static const char *const lines[] = {"GET /ws?clientId=abc HTTP/1.1\r\n",
		"\r\nHost: worker:8188\r\n", "\r\nConnection: Upgrade\r\n",
		"\r\nUpgrade: websocket\r\n", "\r\nSec-WebSocket-Version: 13\r\n"};
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_non_null(strstr(request, lines[i]));
	assert_null(strstr(request, "Extensions"));
	assert_null(strstr(request, "Origin"));
	char first[WS_ACCEPT_CHARS];
	memcpy(first, accept_text, sizeof(first));
	/* Another dial has another key. */
	ws_dial_cancel(dial);
	(void)close(peer);
	start("/ws", 0);
	hear();
	assert_memory_not_equal(first, accept_text, sizeof(first));
}

static void a_right_answer_gives_the_socket(void **state)
{
	(void)state;
	char text[1024];
	start("/ws", 60000);
	hear();
	say(text, answer(text, accept_text, "", ""));
	TURN_UNTIL(told.opened + told.failed == 1);
	assert_int_equal(told.opened, 1);
	assert_int_equal(told.early_n, 0);
	/* It is the caller's now. */
	turn_once();
	say("x", 1);
	char octet = 0;
	TURN_UNTIL(recv(told.fd, &octet, 1, 0) == 1);
	assert_int_equal(octet, 'x');
}

static void what_lies_right_behind_the_head_is_handed_over(void **state)
{
	(void)state;
	char text[1024];
	start("/ws", 60000);
	hear();
	say(text, answer(text, accept_text, "", "\x81\x02hi\x81"));
	TURN_UNTIL(told.opened + told.failed == 1);
	assert_int_equal(told.early_n, 5);
	assert_memory_equal(told.early, "\x81\x02hi\x81", 5);
}

static void octet_by_octet_is_the_same(void **state)
{
	(void)state;
	char text[1024];
	start("/ws", 60000);
	hear();
	size_t n = answer(text, accept_text, "", "");
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(told.opened, 0);
		say(text + i, 1);
		turn_once();
	}
	TURN_UNTIL(told.opened == 1);
}

static void interim_heads_come_first(void **state)
{
	(void)state;
	char text[1024];
	static const char interim[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
	start("/ws", 60000);
	hear();
	say(interim, sizeof(interim) - 1);
	say(text, answer(text, accept_text, "", "\x89"));
	TURN_UNTIL(told.opened + told.failed == 1);
	assert_int_equal(told.opened, 1);
	assert_int_equal(told.early_n, 1);
}

static void interim_heads_without_end_are_refused(void **state)
{
	(void)state;
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	start("/ws", 60000);
	hear();
	for (int i = 0; i < 9; i++)
		say(interim, sizeof(interim) - 1);
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -EPROTO);
	assert_int_equal(told.status, 100);
}

static void a_101_that_is_not_ours_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *accept, *fields;
	} cases[] = {
		{"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", ""},
		{"", ""},
		{NULL, "Sec-WebSocket-Extensions: permessage-deflate\r\n"},
		{NULL, "Sec-WebSocket-Protocol: chat\r\n"},
		{NULL, "Sec-WebSocket-Accept: x\r\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[1024];
		const char *accept = cases[i].accept;
		start("/ws", 60000);
		hear();
		say(text, answer(text, accept == NULL ? accept_text : accept, cases[i].fields, ""));
		TURN_UNTIL(told.opened + told.failed == 1);
		assert_int_equal(told.failed, 1);
		assert_int_equal(told.error, -EPROTO);
		assert_int_equal(told.status, 101);
		forget();
	}
}

static void another_status_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint16_t status;
	} cases[] = {
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\n404: Not Found", 404},
		{"HTTP/1.1 403 Forbidden\r\n\r\n", 403},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
			101},
		{"SSH-2.0-OpenSSH_9.2\r\n", 0},
		{"\x15\x03\x01", 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		start("/ws", 60000);
		hear();
		say(cases[i].text, strlen(cases[i].text));
		TURN_UNTIL(told.opened + told.failed == 1);
		assert_int_equal(told.error, -EPROTO);
		assert_int_equal(told.status, cases[i].status);
		forget();
	}
}

static void silence_ends_with_the_time_limit(void **state)
{
	(void)state;
	start("/ws", 20);
	hear();
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -ETIMEDOUT);
	assert_int_equal(told.status, 0);
}

/* Octets alone do not keep it waiting. */
static void half_a_head_ends_with_the_time_limit(void **state)
{
	(void)state;
	start("/ws", 20);
	hear();
	say("HTTP/1.1 101 Sw", 15);
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -ETIMEDOUT);
}

static void who_refuses_is_told_from_the_loop(void **state)
{
	(void)state;
	(void)close(listener);
	listener = -1;
	start("/ws", 60000);
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -ECONNREFUSED);
	/* A unix socket knows at once. */
	forget();
	memset(&addr, 0, sizeof(addr));
	addr.u.un.sun_family = AF_UNIX;
	(void)snprintf(addr.u.un.sun_path, sizeof(addr.u.un.sun_path), "/nonexistent/socket");
	addr.len = sizeof(addr.u.un);
	start("/ws", 60000);
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -ENOENT);
}

static void who_closes_early_is_told(void **state)
{
	(void)state;
	start("/ws", 60000);
	hear();
	say("HTTP/1.1 101 Sw", 15);
	(void)close(peer);
	peer = -1;
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -ENODATA);
	forget();
	start("/ws", 60000);
	hear();
	close_with_reset(peer);
	peer = -1;
	TURN_UNTIL(told.failed == 1);
	assert_int_equal(told.error, -ECONNRESET);
}

static void what_cannot_stand_in_a_request_is_refused(void **state)
{
	(void)state;
	static const char *const targets[] = {"/ws?clientId=a b", "ws", "", "/ws\r\nX: y", "/ws#x"};
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		start(targets[i], 60000);
		TURN_UNTIL(told.failed == 1);
		assert_int_equal(told.error, -EINVAL);
		forget();
	}
	assert_int_equal(accept4(listener, NULL, NULL, 0), -1);
}

static void a_cancelled_one_tells_nothing(void **state)
{
	(void)state;
	ws_dial_cancel(NULL);
	/* Before it connects, when it has failed already, and when it waits. */
	start("/ws", 60000);
	ws_dial_cancel(dial);
	start("bad", 60000);
	ws_dial_cancel(dial);
	start("/ws", 10);
	/* The first one's connection stands in the queue, too. */
	TURN_UNTIL((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0);
	(void)close(peer);
	peer = -1;
	if (dial != NULL)
		ws_dial_cancel(dial);
	dial = NULL;
	unsigned before = told.opened + told.failed;
	for (int i = 0; i < 5; i++)
		turn_once();
	assert_int_equal(told.opened + told.failed, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_request_is_a_handshake_without_extensions),
		TEST(a_right_answer_gives_the_socket),
		TEST(what_lies_right_behind_the_head_is_handed_over),
		TEST(octet_by_octet_is_the_same),
		TEST(interim_heads_come_first),
		TEST(interim_heads_without_end_are_refused),
		TEST(a_101_that_is_not_ours_is_refused),
		TEST(another_status_is_told),
		TEST(silence_ends_with_the_time_limit),
		TEST(half_a_head_ends_with_the_time_limit),
		TEST(who_refuses_is_told_from_the_loop),
		TEST(who_closes_early_is_told),
		TEST(what_cannot_stand_in_a_request_is_refused),
		TEST(a_cancelled_one_tells_nothing),
	};
	return cmocka_run_group_tests_name("proxy/ws_dial", tests, NULL, NULL);
}
