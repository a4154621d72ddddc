/*
 * Heads read as nginx reads them: what is let pass that the strict reader refuses, and what is not.
 */
#include "test/unit/http_help.h"

#include <stdio.h>

#define H "Host: h\r\n"
#define POST "POST /p HTTP/1.1\r\n" H
#define GET(fields) "GET /p HTTP/1.1\r\n" H fields "\r\n"

static struct http_head head;

static const struct http_limits lenient = {
	.head_bytes = 8192, .target_bytes = 1024, .fields = 100, .is_lenient = true};

static int verdict_of(struct slice text, const struct http_limits *limits)
{
	enum http_verdict verdict = parse_head(&head, HTTP_REQUEST, text, limits);
	return verdict == HTTP_BAD ? head.status : verdict == HTTP_DONE ? IS_DONE : IS_MORE;
}

static void check_all(const struct head_row *rows, size_t count, const struct http_limits *limits)
{
	for (size_t i = 0; i < count; i++) {
		int got = verdict_of(rows[i].octets, limits);
		if (got != rows[i].status)
			fail_msg("%s: %d, not %d (%s)", rows[i].name, got, rows[i].status,
				head.why == NULL ? "" : head.why);
	}
}

static void names_may_be_odd(void **state)
{
	static const struct {
		const char *line, *name, *value;
		bool is_odd;
	} rows[] = {
		{"X-Y: a", "X-Y", "a", false},
		{"X_Y: a", "X_Y", "a", true},
		{"X.Y: a", "X.Y", "a", true},
		{"b@d: a", "b@d", "a", true},
		{"\"X\"/Y: a", "\"X\"/Y", "a", true},
		{"X\xc3\xa4: a", "X\xc3\xa4", "a", true},
		{"nothing", "nothing", "", false},
		{"some_thing", "some_thing", "", true},
		{"X:", "X", "", false},
		{"X:   ", "X", "", false},
		{"X:  a b  ", "X", "a b", false},
		{"X: \ta\t ", "X", "\ta\t", false},
		{"Content-Type: \ta\t ", "Content-Type", "a", false},
	};
	char text[128];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(
			text, sizeof(text), "GET / HTTP/1.1\r\n" H "%s\r\n\r\n", rows[i].line);
		if (verdict_of(slice_of(text), &lenient) != IS_DONE)
			fail_msg("%s: %s", rows[i].line, head.why == NULL ? "more" : head.why);
		assert_int_equal(head.count, 2);
		assert_slice(http_span_in(text, head.field[1].name), rows[i].name);
		assert_slice(http_span_in(text, head.field[1].value), rows[i].value);
		assert_int_equal(head.field[1].is_odd, rows[i].is_odd);
	}
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
	static const struct head_row rows[] = {
		ROW("a blank before the colon", GET("X : a\r\n"), 400),
		ROW("a tab before the colon", GET("X\t: a\r\n"), 400),
		ROW("a blank in a name", GET("X Y: a\r\n"), 400),
		ROW("a blank in a line without colon", GET("X Y\r\n"), 400),
		ROW("a blank behind an odd sign", GET("X@ : a\r\n"), 400),
		ROW("a blank before a length's colon", POST "Content-Length : 3\r\n\r\n", 400),
		ROW("an empty name", GET(": a\r\n"), 400),
		ROW("folded", GET("X: a\r\n b\r\n"), 400),
		ROW("folded by a tab", GET("X: a\r\n\tb\r\n"), 400),
		ROW("CR in a value", GET("X: a\rb\r\n"), 400),
		ROW("CR in a name", GET("X\rY: a\r\n"), 400),
		ROW("NUL in a value", GET("X: a\0b\r\n"), 400),
		ROW("NUL in a name", GET("X\0Y: a\r\n"), 400),
		ROW("DEL in a name", GET("X\x7f: a\r\n"), 400),
		ROW("a length without a value", POST "Content-Length\r\n\r\n", 400),
		ROW("a coding without a value", POST "Transfer-Encoding\r\n\r\n", 400),
		ROW("a Host without a value", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
		ROW("two lengths", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400),
		ROW("a length and a coding",
			POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
		ROW("two Hosts", GET("Host: h\r\n"), 400),
	};
	(void)state;
	check_all(rows, COUNT_OF(rows), &lenient);
}

static void request_lines_may_be_odd(void **state)
{
	static const struct head_row rows[] = {
		ROW("two blanks", "GET  /  HTTP/1.1\r\n" H "\r\n", IS_DONE),
		ROW("a blank at the end", "GET / HTTP/1.1  \r\n" H "\r\n", IS_DONE),
		ROW("a blank in front", " GET / HTTP/1.1\r\n" H "\r\n", 400),
		ROW("a blank within", "GET /a b HTTP/1.1\r\n" H "\r\n", 400),
		ROW("a tab", "GET\t/ HTTP/1.1\r\n" H "\r\n", 400),
		ROW("1.2", "GET / HTTP/1.2\r\n" H "\r\n", IS_DONE),
		ROW("1.10", "GET / HTTP/1.10\r\n" H "\r\n", IS_DONE),
		ROW("1.99", "GET / HTTP/1.99\r\n" H "\r\n", IS_DONE),
		ROW("1.100", "GET / HTTP/1.100\r\n" H "\r\n", 400),
		ROW("1.", "GET / HTTP/1.\r\n" H "\r\n", 400),
		ROW("1", "GET / HTTP/1\r\n" H "\r\n", 400),
		ROW("1.x", "GET / HTTP/1.x\r\n" H "\r\n", 400),
		ROW("0.9 with its number", "GET / HTTP/0.9\r\n\r\n", 400),
		ROW("2.0", "GET / HTTP/2.0\r\n" H "\r\n", 505),
		ROW("10.1", "GET / HTTP/10.1\r\n" H "\r\n", 505),
		ROW("lower case", "GET / http/1.1\r\n" H "\r\n", 400),
		ROW("CR behind the version", "GET / HTTP/1.1\rX\r\n" H "\r\n", 400),
		ROW("LF alone", "GET / HTTP/1.1\n" H "\n", IS_DONE),
		ROW("another scheme", "GET ftp://h/ HTTP/1.1\r\n" H "\r\n", IS_DONE),
		ROW("a scheme with signs", "GET a+b.c-1://h/ HTTP/1.1\r\n" H "\r\n", IS_DONE),
		ROW("a scheme from a digit on", "GET 1a://h/ HTTP/1.1\r\n" H "\r\n", 400),
		ROW("no scheme", "GET ://h/ HTTP/1.1\r\n" H "\r\n", 400),
		ROW("a scheme alone", "GET http:// HTTP/1.1\r\n" H "\r\n", 400),
		ROW("two dots in the authority", "GET http://a..b/ HTTP/1.1\r\n" H "\r\n", 400),
		ROW("two dots at its end", "GET http://a../ HTTP/1.1\r\n" H "\r\n", 400),
		ROW("an asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 400),
		ROW("CONNECT", "CONNECT h:80 HTTP/1.1\r\n" H "\r\n", 400),
		ROW("CONNECT with a path", "CONNECT / HTTP/1.1\r\n" H "\r\n", 400),
		ROW("TRACE", "TRACE / HTTP/1.1\r\n" H "\r\n", 405),
	};
	(void)state;
	check_all(rows, COUNT_OF(rows), &lenient);
	assert_int_equal(verdict_of(SLICE("GET / HTTP/1.2\r\n" H "\r\n"), &lenient), IS_DONE);
	assert_int_equal(head.minor_version, 1);
	assert_int_equal(head.version.n, strlen("HTTP/1.2"));
	assert_int_equal(verdict_of(SLICE("GET / HTTP/1.00\r\n\r\n"), &lenient), IS_DONE);
	assert_int_equal(head.minor_version, 0);
}

static void a_line_without_a_version_is_a_head(void **state)
{
	static const char *const rows[] = {"GET /x\r\n", "GET /x\n", "GET /x \r\n", "GET  /x  \n"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(verdict_of(slice_of(rows[i]), &lenient), IS_DONE);
		assert_true(head.is_headless && head.wants_close);
		assert_int_equal(head.bytes, strlen(rows[i]));
		assert_slice(http_span_in(rows[i], head.path), "/x");
	}
	static const struct head_row bad[] = {
		ROW("not yet", "GET /x\r", IS_MORE),
		ROW("CR alone", "GET /x\rX", 400),
		ROW("another method", "POST /x\r\n", 400),
		ROW("no target", "GET\r\n", 400),
		ROW("no target behind a blank", "GET \r\n", 400),
	};
	check_all(bad, COUNT_OF(bad), &lenient);
}

/* 64 octets, then 2 times 32. */
static const struct http_limits buffers = {.head_bytes = 128,
	.target_bytes = 128,
	.fields = 100,
	.is_lenient = true,
	.first_bytes = 64,
	.line_bytes = 32,
	.lines = 2};

#define LINE(n) "X: " n "\r\n"
#define X10 "xxxxxxxxxx"

static void buffers_are_as_large_as_said(void **state)
{
	static const struct head_row rows[] = {
		ROW("a first line of 64", "GET /xxxxxxxx" X10 X10 X10 " HTTP/1.1\r\n", IS_MORE),
		ROW("of 65", "GET /xxxxxxxxx" X10 X10 X10 " HTTP/1.1\r\n", IS_MORE),
		ROW("64 octets of a longer one", "GET /xxxxxxxxx" X10 X10 X10 X10 X10, 414),
		ROW("63 octets of one", "GET /xxxxxxxx" X10 X10 X10 X10 X10, IS_MORE),
		ROW("one octet more than the first has, moved",
			"GET / HTTP/1.0\r\n" LINE(X10 X10) LINE(X10 X10 "xxxxxx") "\r\n", IS_DONE),
		ROW("a field of 32",
			"GET / HTTP/1.0\r\n" LINE(X10 X10) LINE(X10 X10 "xxxxxxx") "\r\n", IS_DONE),
		ROW("a field of 33, moved",
			"GET / HTTP/1.0\r\n" LINE(X10 X10) LINE(X10 X10 "xxxxxxxx") "\r\n", 431),
		ROW("a field that is as long and fits the first",
			"GET / HTTP/1.0\r\n" LINE(X10 X10 X10 X10) "\r\n", IS_DONE),
		ROW("all of it",
			"GET / HTTP/1.0\r\n" LINE(X10 X10) LINE(X10 X10 "xxxxx")
				LINE(X10 X10 "xxxxx") "\r\n",
			IS_DONE),
		ROW("a third buffer would be needed",
			"GET / HTTP/1.0\r\n" LINE(X10 X10) LINE(X10 X10 "xxxxx")
				LINE(X10 X10 "xxxxx") LINE("x") "\r\n",
			431),
	};
	(void)state;
	check_all(rows, COUNT_OF(rows), &buffers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_may_be_odd),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
		cmocka_unit_test(request_lines_may_be_odd),
		cmocka_unit_test(a_line_without_a_version_is_a_head),
		cmocka_unit_test(buffers_are_as_large_as_said),
	};
	return cmocka_run_group_tests_name("http/head, lenient", tests, NULL, NULL);
}
