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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_may_be_odd),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
	};
	return cmocka_run_group_tests_name("http/head, lenient", tests, NULL, NULL);
}
