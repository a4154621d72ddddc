/* test/unit/test_health_fetch.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_worker.h"
#include "health/fetch.h"

#include <fcntl.h>
#include <sys/resource.h>

#define NEVER_MS 60000

struct outcome {
	unsigned count, heard;
	int error;
	uint16_t status;
	char body[4096];
	size_t body_bytes;
};

static struct fake_worker worker;
static struct outcome outcome;

static int setup(void **state)
{
	(void)state;
	outcome = (struct outcome){0};
	if (loop_start() != 0)
		return -1;
	fake_init(&worker);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_finish(&worker);
	loop_finish();
	return 0;
}

static void on_heard(void *arg)
{
	struct outcome *o = arg;
	assert_int_equal(o->count, 0);
	o->heard++;
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct outcome *o = arg;
	o->count++;
	o->error = result->error;
	o->status = result->status;
	o->body_bytes = result->body.n;
	assert_true(result->body.n <= sizeof(o->body));
	if (result->body.n != 0)
		memcpy(o->body, result->body.p, result->body.n);
}

static struct fetch *start(uint64_t timeout_ms)
{
	return fetch_start(&(struct fetch_ask){
		.addr = &worker.addr,
		.host = "gpu-1:8188",
		.path = "/system_stats",
		.timeout_ms = timeout_ms,
		.body_most = 64,
		.on_heard = on_heard,
		.on_done = on_done,
		.arg = &outcome,
	});
}

/* One fetch against a worker that answers so, to its end. */
static void fetch_from(const char *answer, enum fake_end end, bool is_octetwise)
{
	outcome = (struct outcome){0};
	worker.answer = answer;
	worker.end = end;
	worker.is_octetwise = is_octetwise;
	assert_non_null(start(NEVER_MS));
	PUMP_UNTIL(outcome.count != 0 && worker.open == 0);
	assert_int_equal(outcome.count, 1);
}

struct answer_case {
	const char *answer;
	enum fake_end end;
	int error;
	uint16_t status;
	const char *body;
};

#define OK "HTTP/1.1 200 OK\r\n"
#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct answer_case answer_cases[] = {
	{OK "Content-Length: 5\r\n\r\nhello", FAKE_STAYS, 0, 200, "hello"},
	{OK "Content-Length: 5\r\n\r\nhello", FAKE_CLOSES, 0, 200, "hello"},
	{OK "Content-Length: 0\r\n\r\n", FAKE_STAYS, 0, 200, ""},
	{OK "Content-Length: 5\r\n\r\nhello and more", FAKE_STAYS, 0, 200, "hello"},
	{OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n",
		FAKE_STAYS, 0, 200, "hello"},
	{OK "\r\nuntil the end", FAKE_CLOSES, 0, 200, "until the end"},
	{"HTTP/1.0 200 OK\r\n\r\n", FAKE_CLOSES, 0, 200, ""},
	{"HTTP/1.1 204 No Content\r\n\r\n", FAKE_STAYS, 0, 204, ""},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", FAKE_STAYS, 0, 304, ""},
	{"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", FAKE_STAYS, 0, 500, "no"},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK
	 "Content-Length: 2\r\n\r\nok",
		FAKE_STAYS, 0, 200, "ok"},
	{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		FAKE_STAYS, -EPROTO, 0, NULL},
	{OK "Content-Length: 64\r\n\r\n" SIXTY_FOUR, FAKE_STAYS, 0, 200, SIXTY_FOUR},
	{OK "Content-Length: 65\r\n\r\n", FAKE_STAYS, -EMSGSIZE, 200, NULL},
	{OK "Content-Length: 99999999999\r\n\r\n", FAKE_STAYS, -EMSGSIZE, 200, NULL},
	{OK "\r\n" SIXTY_FOUR "x", FAKE_STAYS, -EMSGSIZE, 200, NULL},
	{OK "Transfer-Encoding: chunked\r\n\r\n40\r\n" SIXTY_FOUR "\r\n1\r\nx", FAKE_STAYS,
		-EMSGSIZE, 200, NULL},
	{OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", FAKE_STAYS, -EPROTO, 200, NULL},
	{"SSH-2.0-OpenSSH_9.2\r\n", FAKE_STAYS, -EPROTO, 0, NULL},
	{"hello\r\n\r\n", FAKE_STAYS, -EPROTO, 0, NULL},
	{OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", FAKE_STAYS, -EPROTO, 0, NULL},
	{"HTTP/1.1 200", FAKE_CLOSES, -ENODATA, 0, NULL},
	{OK "Content-Length: 5\r\n\r\nhell", FAKE_CLOSES, -ENODATA, 200, NULL},
	{OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", FAKE_CLOSES, -ENODATA, 200,
		NULL},
};

static void answers_mean_what_they_say(bool is_octetwise)
{
	fake_up(&worker);
	for (size_t i = 0; i < COUNT_OF(answer_cases); i++) {
		const struct answer_case *c = &answer_cases[i];
		fetch_from(c->answer, c->end, is_octetwise);
		assert_int_equal(outcome.error, c->error);
		assert_int_equal(outcome.status, c->status);
		assert_int_equal(outcome.body_bytes, c->body == NULL ? 0 : strlen(c->body));
		if (c->body != NULL)
			assert_memory_equal(outcome.body, c->body, outcome.body_bytes);
		assert_true(outcome.heard >= 1);
	}
	assert_int_equal(worker.accepted, COUNT_OF(answer_cases));
}

static void answers_in_one_piece(void **state)
{
	(void)state;
	answers_mean_what_they_say(false);
}

static void answers_octet_by_octet(void **state)
{
	(void)state;
	answers_mean_what_they_say(true);
}

static void endless_interims_are_nonsense(void **state)
{
	char answer[1024] = "";
	(void)state;
	fake_up(&worker);
	for (int i = 0; i < 9; i++)
		(void)strcat(answer, "HTTP/1.1 102 Processing\r\n\r\n");
	(void)strcat(answer, OK "Content-Length: 0\r\n\r\n");
	fetch_from(answer, FAKE_STAYS, false);
	assert_int_equal(outcome.error, -EPROTO);
}

static void a_reset_is_reported(void **state)
{
	(void)state;
	fake_up(&worker);
	fetch_from(OK "Content-Length: 5\r\n\r\nhell", FAKE_RESETS, false);
	assert_int_equal(outcome.error, -ECONNRESET);
}

static void asks_one_plain_question(void **state)
{
	(void)state;
	fake_up(&worker);
	fetch_from("HTTP/1.1 204 Fine\r\n\r\n", FAKE_STAYS, false);
	assert_string_equal(worker.request, "GET /system_stats HTTP/1.1\r\n"
					    "Host: gpu-1:8188\r\n"
					    "User-Agent: comfymux/" COMFYMUX_VERSION "\r\n"
					    "Accept: application/json\r\n"
					    "Connection: close\r\n\r\n");
}

static void refused_is_told_from_the_loop(void **state)
{
	(void)state;
	assert_non_null(start(NEVER_MS));
	assert_int_equal(outcome.count, 0);
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.error, -ECONNREFUSED);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.heard, 0);
}

static void silence_times_out(void **state)
{
	(void)state;
	fake_up(&worker);
	assert_non_null(start(200));
	PUMP_UNTIL(outcome.count != 0 && worker.open == 0);
	assert_int_equal(worker.asked, 1);
	assert_int_equal(outcome.error, -ETIMEDOUT);
	assert_int_equal(outcome.heard, 0);
}

static void a_drip_does_not_extend_time(void **state)
{
	(void)state;
	fake_up(&worker);
	worker.answer = OK "Content-Length: 5\r\n\r\nhell";
	worker.end = FAKE_STAYS;
	assert_non_null(start(1000)); /* several turns of a slow machine */
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.error, -ETIMEDOUT);
	assert_int_equal(outcome.status, 200);
	assert_true(outcome.heard >= 1);
}

static void cancelled_early_says_nothing(void **state)
{
	(void)state;
	struct fetch *refused = start(NEVER_MS);
	assert_non_null(refused);
	fetch_cancel(refused);
	fake_up(&worker);
	struct fetch *fetch = start(NEVER_MS);
	assert_non_null(fetch);
	fetch_cancel(fetch);
	fetch_cancel(NULL);
	PUMP_UNTIL(worker.accepted == 1 && worker.open == 0);
	assert_int_equal(outcome.count, 0);
}

static void cancelled_late_says_nothing(void **state)
{
	(void)state;
	fake_up(&worker);
	worker.answer = OK "Content-Length: 5\r\n\r\nhell";
	worker.end = FAKE_STAYS;
	struct fetch *fetch = start(NEVER_MS);
	assert_non_null(fetch);
	PUMP_UNTIL(outcome.heard != 0);
	fetch_cancel(fetch);
	PUMP_UNTIL(worker.open == 0);
	assert_int_equal(outcome.count, 0);
}

static void bad_host_and_path_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{"host", "no-slash"},
		{"host", ""},
		{"host", "/a b"},
		{"host", "/a\r\nX: y"},
		{"ho st", "/"},
		{"host\r\n", "/"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct fetch_ask ask = {.addr = &worker.addr,
			.host = bad[i][0],
			.path = bad[i][1],
			.timeout_ms = NEVER_MS,
			.on_done = on_done,
			.arg = &outcome};
		outcome = (struct outcome){0};
		assert_non_null(fetch_start(&ask));
		PUMP_UNTIL(outcome.count != 0);
		assert_int_equal(outcome.error, -EINVAL);
	}
}

static void a_missing_unix_socket_is_told(void **state)
{
	(void)state;
	struct addr addr;
	assert_int_equal(addr_parse(&addr, "unix:/nowhere/at/all.sock", NULL), 0);
	struct fetch_ask ask = {.addr = &addr,
		.host = "localhost",
		.path = "/",
		.timeout_ms = NEVER_MS,
		.on_done = on_done,
		.arg = &outcome};
	assert_non_null(fetch_start(&ask));
	assert_int_equal(outcome.count, 0);
	PUMP_UNTIL(outcome.count != 0);
	assert_int_equal(outcome.error, -ENOENT);
	assert_string_equal(fetch_error_text(outcome.error), "no such socket");
}

static void no_descriptor_no_fetch(void **state)
{
	struct rlimit old;
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	int next = dup(worker.fd);
	assert_true(next >= 0);
	(void)close(next);
	struct rlimit none_left = {(rlim_t)next, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
	struct fetch *fetch = start(NEVER_MS);
	int error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_null(fetch);
	assert_int_equal(error, EMFILE);
	assert_true(fetch_is_our_fault(-error));
	assert_false(fetch_is_our_fault(-ECONNREFUSED));
	assert_false(fetch_is_our_fault(0));
}

static void the_host_is_as_configured(void **state)
{
	char out[FETCH_HOST_ROOM];
	(void)state;
	fetch_host_text(out, "gpu-1.example.com", 8188);
	assert_string_equal(out, "gpu-1.example.com:8188");
	fetch_host_text(out, "::1", 80);
	assert_string_equal(out, "[::1]:80");
	fetch_host_text(out, "[::1]", 80);
	assert_string_equal(out, "[::1]:80");
	fetch_host_text(out, "unix:/run/x.sock", 0);
	assert_string_equal(out, "localhost");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_in_one_piece),
		TEST(answers_octet_by_octet),
		TEST(endless_interims_are_nonsense),
		TEST(a_reset_is_reported),
		TEST(asks_one_plain_question),
		TEST(refused_is_told_from_the_loop),
		TEST(silence_times_out),
		TEST(a_drip_does_not_extend_time),
		TEST(cancelled_early_says_nothing),
		TEST(cancelled_late_says_nothing),
		TEST(bad_host_and_path_are_refused),
		TEST(a_missing_unix_socket_is_told),
		TEST(no_descriptor_no_fetch),
		TEST(the_host_is_as_configured),
	};
	return cmocka_run_group_tests_name("health/fetch", tests, NULL, NULL);
}
