/* test/unit/test_health_fetch_body.c - requests with a body, answers into a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_worker.h"
#include "health/fetch.h"

#include <fcntl.h>
#include <sys/mman.h>

#define NEVER_MS 60000
#define BIG ((size_t)12 * 1024 * 1024) /* more than any socket keeps */

/* A worker that keeps all it is sent, reading little at a time, and answers at a given point. */
struct taker {
	struct addr addr;
	struct event *accept, *io;
	int fd, conn;
	char *got; /* owned */
	size_t n, room;
	size_t answer_at; /* octets after which it answers */
	const char *answer;
	bool closes; /* behind its answer, with octets unread: a RST */
	bool ends;   /* behind its answer its side ends in order */
};

static struct taker taker;

static struct outcome {
	unsigned count;
	struct fetch_result result;
	char body[256];
} outcome;

static void hang_up(void)
{
	if (taker.io == NULL)
		return;
	event_free(taker.io);
	taker.io = NULL;
	(void)close(taker.conn);
}

static void on_taken(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	size_t want = min_size(50000, taker.room - taker.n);
	if (taker.answer != NULL && taker.n < taker.answer_at)
		want = min_size(want, taker.answer_at - taker.n);
	ssize_t n = recv((int)fd, taker.got + taker.n, want, 0);
	if (n <= 0) {
		hang_up();
		return;
	}
	taker.n += (size_t)n;
	if (taker.answer == NULL || taker.n < taker.answer_at)
		return;
	assert_int_equal(send((int)fd, taker.answer, strlen(taker.answer), MSG_NOSIGNAL),
		strlen(taker.answer));
	taker.answer = NULL;
	if (taker.ends)
		assert_int_equal(shutdown((int)fd, SHUT_WR), 0);
	else if (taker.closes)
		hang_up();
	else
		taker.room = taker.n + 1; /* one octet at a time, then none */
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	taker.conn = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(taker.conn >= 0);
	taker.io = event_new(loop_base(), taker.conn, EV_READ | EV_PERSIST, on_taken, NULL);
	assert_int_equal(event_add(taker.io, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	int small = 4096;
	socklen_t n = sizeof(taker.addr.u);
	outcome = (struct outcome){0};
	if (loop_start() != 0)
		return -1;
	taker = (struct taker){.room = BIG + 65536};
	taker.got = calloc(1, taker.room + 1);
	assert_int_equal(addr_from_ip(&taker.addr, "127.0.0.1", 0), 0);
	taker.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Few octets in the kernel: sends come up short. */
	assert_int_equal(setsockopt(taker.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(taker.fd, &taker.addr.u.any, taker.addr.len), 0);
	assert_int_equal(getsockname(taker.fd, &taker.addr.u.any, &n), 0);
	assert_int_equal(listen(taker.fd, 8), 0);
	taker.accept = event_new(loop_base(), taker.fd, EV_READ | EV_PERSIST, on_accept, NULL);
	return event_add(taker.accept, NULL);
}

static int teardown(void **state)
{
	(void)state;
	hang_up();
	event_free(taker.accept);
	(void)close(taker.fd);
	free(taker.got);
	loop_finish();
	return 0;
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct outcome *o = arg;
	o->count++;
	o->result = *result;
	assert_true(result->body.n < sizeof(o->body));
	if (result->body.n != 0)
		memcpy(o->body, result->body.p, result->body.n);
	o->body[result->body.n] = '\0';
}

static struct fetch_ask ask_for(const char *method, const char *path)
{
	return (struct fetch_ask){
		.addr = &taker.addr,
		.host = "gpu-1:8188",
		.path = path,
		.method = method,
		.timeout_ms = NEVER_MS,
		.body_most = 200,
		.on_done = on_done,
		.arg = &outcome,
	};
}

static int file_of(const char *octets, size_t n)
{
	int fd = memfd_create("fetch", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, n), n);
	return fd;
}

#define HEAD_BEFORE                                                                                \
	"Host: gpu-1:8188\r\n"                                                                     \
	"User-Agent: comfymux/" COMFYMUX_VERSION "\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static void all_parts_go_in_their_order(void **state)
{
	(void)state;
	static const char want[] = "POST /upload/image HTTP/1.1\r\n" HEAD_BEFORE
				   "X-A: b\r\nX-C: d\r\n"
				   "Content-Length: 21\r\n"
				   "Connection: close\r\n\r\n"
				   "head-blob-file---tail";
	int file = file_of("file---and what is not asked for", 32);
	struct blob *blob = blob_copy("blob-", 5);
	char head[] = "head-", tail[] = "tail";
	taker.answer = OK_EMPTY;
	taker.answer_at = sizeof(want) - 1;
	struct fetch_ask ask = ask_for("POST", "/upload/image");
	ask.fields = "X-A: b\r\nX-C: d\r\n";
	ask.head = (struct slice){head, 5};
	ask.body = blob;
	ask.file = file;
	ask.file_bytes = 7;
	ask.tail = (struct slice){tail, 4};
	assert_non_null(fetch_start(&ask));
	/* Copied, and held. */
	memset(head, 'x', 5);
	memset(tail, 'x', 4);
	blob_unref(blob);
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, 0);
	assert_int_equal(outcome.result.status, 200);
	assert_true(outcome.result.was_sent);
	assert_string_equal(taker.got, want);
	(void)close(file);
}

static void each_part_may_be_missing(void **state)
{
	(void)state;
	for (unsigned parts = 0; parts < 16; parts++) {
		char want[16] = "";
		outcome = (struct outcome){0};
		taker.n = 0;
		memset(taker.got, 0, 1024);
		taker.room = BIG;
		struct fetch_ask ask = ask_for("PUT", "/x");
		struct blob *blob = blob_copy("b", 1);
		int file = file_of("f", 1);
		if (parts & 1) {
			ask.head = SLICE("h");
			(void)strcat(want, "h");
		}
		if (parts & 2) {
			ask.body = blob;
			(void)strcat(want, "b");
		}
		if (parts & 4) {
			ask.file = file;
			ask.file_bytes = 1;
			(void)strcat(want, "f");
		}
		if (parts & 8) {
			ask.tail = SLICE("t");
			(void)strcat(want, "t");
		}
		assert_non_null(fetch_start(&ask));
		PUMP_UNTIL(strstr(taker.got, "\r\n\r\n") != NULL &&
			   strlen(strstr(taker.got, "\r\n\r\n") + 4) == strlen(want));
		assert_string_equal(strstr(taker.got, "\r\n\r\n") + 4, want);
		char length[40];
		(void)snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", strlen(want));
		assert_non_null(strstr(taker.got, length));
		assert_non_null(strstr(taker.got, "Accept: application/json\r\n"));
		assert_int_equal(send(taker.conn, OK_EMPTY, strlen(OK_EMPTY), 0), strlen(OK_EMPTY));
		PUMP_UNTIL(outcome.count != 0 && taker.io == NULL);
		blob_unref(blob);
		(void)close(file);
	}
}

/* Octets that tell where they belong. */
static struct blob *patterned(size_t n)
{
	struct blob *blob = blob_create(n);
	assert_non_null(blob);
	for (size_t i = 0; i < n; i++)
		blob->p[i] = (char)(i % 251);
	return blob;
}

static const char *body_of_request(void)
{
	const char *at = strstr(taker.got, "\r\n\r\n");
	assert_non_null(at);
	return at + 4;
}

static void a_large_blob_goes_whole(void **state)
{
	(void)state;
	struct blob *blob = patterned(BIG);
	struct fetch_ask ask = ask_for("POST", "/prompt");
	ask.head = SLICE("{");
	ask.body = blob;
	ask.tail = SLICE("}");
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(taker.n > BIG && taker.n == (size_t)(body_of_request() - taker.got) + BIG + 2);
	const char *body = body_of_request();
	assert_int_equal(body[0], '{');
	assert_memory_equal(body + 1, blob->p, BIG);
	assert_int_equal(body[BIG + 1], '}');
	assert_int_equal(blob->refs, 1);
	assert_int_equal(send(taker.conn, OK_EMPTY, strlen(OK_EMPTY), 0), strlen(OK_EMPTY));
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, 0);
	blob_unref(blob);
}

static void a_large_file_goes_whole(void **state)
{
	(void)state;
	struct blob *blob = patterned(BIG);
	int file = file_of(blob->p, BIG);
	struct fetch_ask ask = ask_for("POST", "/upload/image");
	ask.head = SLICE("--b");
	ask.file = file;
	ask.file_bytes = BIG;
	ask.tail = SLICE("b--");
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(taker.n > BIG && taker.n == (size_t)(body_of_request() - taker.got) + BIG + 6);
	const char *body = body_of_request();
	assert_memory_equal(body, "--b", 3);
	assert_memory_equal(body + 3, blob->p, BIG);
	assert_memory_equal(body + 3 + BIG, "b--", 3);
	assert_int_equal(send(taker.conn, OK_EMPTY, strlen(OK_EMPTY), 0), strlen(OK_EMPTY));
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, 0);
	blob_unref(blob);
	(void)close(file);
}

#define TOO_LARGE "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"

static void an_early_refusal_is_heard(void **state)
{
	(void)state;
	for (int closes = 0; closes < 2; closes++) {
		struct blob *blob = patterned(BIG);
		outcome = (struct outcome){0};
		taker.n = 0;
		taker.room = BIG;
		taker.answer = TOO_LARGE;
		taker.answer_at = 100000;
		taker.closes = closes != 0;
		struct fetch_ask ask = ask_for("POST", "/prompt");
		ask.body = blob;
		assert_non_null(fetch_start(&ask));
		PUMP_UNTIL(outcome.count != 0);
		assert_int_equal(outcome.result.error, 0);
		assert_int_equal(outcome.result.status, 413);
		assert_string_equal(outcome.body, "big");
		assert_true(outcome.result.was_sent);
		assert_true(taker.n < BIG);
		hang_up();
		blob_unref(blob);
	}
}

static void a_worker_that_breaks_off_is_an_error(void **state)
{
	(void)state;
	struct blob *blob = patterned(BIG);
	struct fetch_ask ask = ask_for("POST", "/prompt");
	ask.body = blob;
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(taker.n > 100000);
	hang_up();
	PUMP_UNTIL(outcome.count != 0);
	assert_true(outcome.result.error == -ECONNRESET || outcome.result.error == -EPIPE);
	assert_true(outcome.result.was_sent);
	assert_int_equal(outcome.result.status, 0);
	blob_unref(blob);
}

static void what_never_went_was_not_sent(void **state)
{
	(void)state;
	event_free(taker.accept);
	(void)close(taker.fd);
	taker.fd = -1;
	struct blob *blob = blob_copy("x", 1);
	struct fetch_ask ask = ask_for("POST", "/prompt");
	ask.body = blob;
	assert_non_null(fetch_start(&ask));
	taker.accept = event_new(loop_base(), -1, 0, on_accept, NULL);
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, -ECONNREFUSED);
	assert_false(outcome.result.was_sent);
	blob_unref(blob);
}

static void a_short_file_is_an_error(void **state)
{
	(void)state;
	int file = file_of("abc", 3);
	struct fetch_ask ask = ask_for("POST", "/upload/image");
	ask.file = file;
	ask.file_bytes = 4;
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, -EIO);
	assert_true(fetch_is_our_fault(-EIO));
	(void)close(file);
}

static void bad_method_and_fields_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{"", NULL},
		{"GE T", NULL},
		{"GET\r\n", NULL},
		{"GET", "X: y"},
		{"GET", "X: y\r\n\r\n"},
		{"GET", "\r\n"},
		{"GET", "X: y\nZ: w\r\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		outcome = (struct outcome){0};
		struct fetch_ask ask = ask_for(bad[i][0], "/");
		ask.fields = bad[i][1];
		assert_non_null(fetch_start(&ask));
		PUMP_UNTIL(outcome.count != 0);
		assert_int_equal(outcome.result.error, -EINVAL);
	}
}

static void an_answer_to_head_has_no_body(void **state)
{
	(void)state;
	taker.answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
	taker.answer_at = 10;
	struct fetch_ask ask = ask_for("HEAD", "/view");
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, 0);
	assert_int_equal(outcome.result.status, 200);
	assert_int_equal(outcome.result.bytes, 0);
	assert_null(strstr(taker.got, "Content-Length"));
}

/* What a fetch into a file left there. */
static void sink_case(
	const char *answer, int error, uint16_t status, const char *in_file, const char *in_memory)
{
	char text[256] = "";
	int file = file_of("", 0);
	outcome = (struct outcome){0};
	taker.n = 0;
	taker.room = BIG;
	taker.answer = answer;
	taker.answer_at = 10;
	taker.ends = true;
	struct fetch_ask ask = ask_for(NULL, "/view");
	ask.sink = file;
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(outcome.count != 0 && taker.io == NULL);
	assert_int_equal(outcome.result.error, error);
	assert_int_equal(outcome.result.status, status);
	assert_int_equal(pread(file, text, sizeof(text) - 1, 0), strlen(in_file));
	assert_string_equal(text, in_file);
	assert_string_equal(outcome.body, in_memory);
	if (error == 0)
		assert_int_equal(outcome.result.bytes, strlen(in_file) + strlen(in_memory));
	(void)close(file);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define HUNDRED                                                                                    \
	"0123456789012345678901234567890123456789012345678901234567890123456789"                   \
	"012345678901234567890123456789"

static void a_200_goes_into_the_file(void **state)
{
	(void)state;
	sink_case(OK "Content-Length: 5\r\n\r\nhello", 0, 200, "hello", "");
	sink_case(OK "Content-Length: 5\r\n\r\nhello and more", 0, 200, "hello", "");
	sink_case(OK "Content-Length: 0\r\n\r\n", 0, 200, "", "");
	sink_case(OK "\r\nto the end", 0, 200, "to the end", "");
	sink_case(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 0, 200,
		"hello", "");
	sink_case("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone", 0, 404, "", "gone");
	sink_case(OK "Content-Length: 201\r\n\r\n", -EMSGSIZE, 200, "", "");
	sink_case(OK "Content-Length: 9\r\n\r\nhello", -ENODATA, 200, "hello", "");
	sink_case(OK "\r\n" HUNDRED HUNDRED, 0, 200, HUNDRED HUNDRED, "");
	/* What came in one piece with too much of it is not written. */
	sink_case(OK "\r\n" HUNDRED HUNDRED "x", -EMSGSIZE, 200, "", "");
}

static void what_is_no_200_is_bounded(void **state)
{
	(void)state;
	int file = file_of("", 0);
	taker.answer = "HTTP/1.1 500 Oh\r\nContent-Length: 65537\r\n\r\n";
	taker.answer_at = 10;
	struct fetch_ask ask = ask_for(NULL, "/view");
	ask.sink = file;
	ask.body_most = UINT64_C(1) << 40;
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, -EMSGSIZE);
	assert_int_equal(outcome.result.status, 500);
	(void)close(file);
}

static void a_sink_that_takes_nothing_is_told(void **state)
{
	(void)state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(full >= 0);
	taker.answer = OK "Content-Length: 5\r\n\r\nhello";
	taker.answer_at = 10;
	struct fetch_ask ask = ask_for(NULL, "/view");
	ask.sink = full;
	assert_non_null(fetch_start(&ask));
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.result.error, -ENOSPC);
	assert_string_equal(fetch_error_text(-ENOSPC), "no room for the file");
	(void)close(full);
}

static void cancelled_in_the_middle_drops_its_blob(void **state)
{
	(void)state;
	struct blob *blob = patterned(BIG);
	struct fetch_ask ask = ask_for("POST", "/prompt");
	ask.body = blob;
	struct fetch *fetch = fetch_start(&ask);
	assert_non_null(fetch);
	PUMP_UNTIL(taker.n > 1000);
	fetch_cancel(fetch);
	assert_int_equal(blob->refs, 1);
	PUMP_UNTIL(taker.io == NULL);
	assert_int_equal(outcome.count, 0);
	blob_unref(blob);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_parts_go_in_their_order),
		TEST(each_part_may_be_missing),
		TEST(a_large_blob_goes_whole),
		TEST(a_large_file_goes_whole),
		TEST(an_early_refusal_is_heard),
		TEST(a_worker_that_breaks_off_is_an_error),
		TEST(what_never_went_was_not_sent),
		TEST(a_short_file_is_an_error),
		TEST(bad_method_and_fields_are_refused),
		TEST(an_answer_to_head_has_no_body),
		TEST(a_200_goes_into_the_file),
		TEST(what_is_no_200_is_bounded),
		TEST(a_sink_that_takes_nothing_is_told),
		TEST(cancelled_in_the_middle_drops_its_blob),
	};
	return cmocka_run_group_tests_name("health/fetch with bodies", tests, NULL, NULL);
}
