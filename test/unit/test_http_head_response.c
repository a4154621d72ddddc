#include "test/unit/http_help.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define TE "Transfer-Encoding: chunked\r\n"

static struct http_head head;

static void a_broken_answer_is_a_502(void **state)
{
	static const struct head_row rows[] = {
		ROW("HTTP/0.9", "hello", 502),
		ROW("a page without a head", "<", 502),
		ROW("a TLS alert", "\x15", 502),
		ROW("an empty line before", "\r\n" OK "\r\n", 502),
		ROW("a blank before", " " OK "\r\n", 502),
		ROW("HTTP/2.0", "HTTP/2", 502),
		ROW("HTTP/1.2", "HTTP/1.2", 502),
		ROW("lower case", "http/1.1 200 OK\r\n\r\n", 502),
		ROW("another protocol", "ICY 200 OK\r\n\r\n", 502),
		ROW("a tab for a blank", "HTTP/1.1\t200 OK\r\n\r\n", 502),
		ROW("two blanks before the code", "HTTP/1.1  200 OK\r\n\r\n", 502),
		ROW("code 099", "HTTP/1.1 099 OK\r\n\r\n", 502),
		ROW("code 600", "HTTP/1.1 600 OK\r\n\r\n", 502),
		ROW("code 599", "HTTP/1.1 599 OK\r\n\r\n", IS_DONE),
		ROW("two digits", "HTTP/1.1 20 OK\r\n\r\n", 502),
		ROW("four digits", "HTTP/1.1 2000 OK\r\n\r\n", 502),
		ROW("a code of letters", "HTTP/1.1 2xx OK\r\n\r\n", 502),
		ROW("no blank behind the code", "HTTP/1.1 200OK\r\n\r\n", 502),
		ROW("no reason", "HTTP/1.1 200 \r\n\r\n", IS_DONE),
		ROW("no blank and no reason", "HTTP/1.1 200\r\n\r\n", IS_DONE),
		ROW("CR for a blank", "HTTP/1.1 200\rOK\r\n\r\n", 502),
		ROW("two CR", "HTTP/1.1 200\r\r\n\r\n", 502),
		ROW("LF behind the code", "HTTP/1.1 200\n\r\n", 502),
		ROW("LF behind the reason", "HTTP/1.1 200 OK\n\r\n", 502),
		ROW("NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", 502),
		ROW("CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", 502),
		ROW("DEL in a long reason", "HTTP/1.1 200 0123456789abcdef01234\x7f\r\n\r\n", 502),
		ROW("UTF-8 in the reason", "HTTP/1.1 200 gr\xc3\xbc\xc3\x9f\r\n\r\n", IS_DONE),
		ROW("LF behind a field", OK "X: a\n\r\n", 502),
		ROW("LF at the end", OK "X: a\r\n\n", 502),
		ROW("a folded field", OK "X: a\r\n b\r\n\r\n", 502),
		ROW("a blank before the colon", OK "Content-Length : 2\r\n\r\n", 502),
		ROW("no colon", OK "nonsense\r\n\r\n", 502),
		ROW("an empty name", OK ": a\r\n\r\n", 502),
		ROW("NUL in a value", OK "X: a\0b\r\n\r\n", 502),
		ROW("length and coding", OK "Content-Length: 2\r\n" TE "\r\n", 502),
		ROW("coding and length", OK TE "Content-Length: 2\r\n\r\n", 502),
		ROW("two lengths", OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", 502),
		ROW("an invalid length", OK "Content-Length: 2,2\r\n\r\n", 502),
		ROW("two codings", OK TE TE "\r\n", 502),
		ROW("another coding", OK "Transfer-Encoding: gzip, chunked\r\n\r\n", 502),
		ROW("a coding in 1.0", "HTTP/1.0 200 OK\r\n" TE "\r\n", 502),
		ROW("a coding in a 204", "HTTP/1.1 204 No Content\r\n" TE "\r\n", 502),
		ROW("a coding in a 101", "HTTP/1.1 101 Switching Protocols\r\n" TE "\r\n", 502),
		ROW("a coding in a 304", "HTTP/1.1 304 Not Modified\r\n" TE "\r\n", IS_DONE),
		ROW("an invalid length in a 204",
			"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n", 502),
		ROW("half a status line", "HTTP/1.1 2", IS_MORE),
		ROW("a status line", OK, IS_MORE),
		ROW("no fields", OK "\r\n", IS_DONE),
		/* Rules for requests alone. */
		ROW("two Hosts", OK "Host: a\r\nHost: b/\r\n\r\n", IS_DONE),
		ROW("an expectation", OK "Expect: x\r\n\r\n", IS_DONE),
	};
	(void)state;
	check_rows(rows, COUNT_OF(rows), HTTP_RESPONSE, &head);
}

static void parse(const char *text)
{
	if (parse_head(&head, HTTP_RESPONSE, slice_of(text), &usual_limits) != HTTP_DONE)
		fail_msg("%s: %s", text, head.why == NULL ? "more" : head.why);
}

static void the_status_line_comes_apart(void **state)
{
	(void)state;
	const char *text = "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nbody";
	parse(text);
	assert_int_equal(head.code, 404);
	assert_int_equal(head.minor_version, 1);
	assert_slice(http_span_in(text, head.reason), "Not Found");
	assert_int_equal(head.bytes, strlen(text) - 4);
	assert_true(head.has_length);
	assert_int_equal(head.content_length, 7);
	assert_false(head.wants_close);

	text = "HTTP/1.0 200\r\n\r\n";
	parse(text);
	assert_int_equal(head.code, 200);
	assert_int_equal(head.minor_version, 0);
	assert_slice(http_span_in(text, head.reason), "");
	assert_true(head.wants_close);
}

static void a_length_where_no_body_can_be_is_forgotten(void **state)
{
	static const char *const texts[] = {
		"HTTP/1.1 204 No Content\r\nX: a\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nX: a\r\nContent-Length: 5\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		parse(texts[i]);
		assert_false(head.has_length);
		assert_int_equal(head.content_length, 0);
		assert_false(head.field[0].is_dropped);
		assert_true(head.field[1].is_dropped);
	}
	/* It says how long the body would be. */
	parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
	assert_true(head.has_length);
	assert_false(head.field[0].is_dropped);
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: upgrade\r\n"

static void only_a_whole_101_confirms_a_websocket(void **state)
{
	static const struct {
		const char *text;
		bool is_websocket;
	} rows[] = {
		{SWITCH UPGRADE ACCEPT "\r\n", true},
		{SWITCH "Content-Length: 3\r\n" UPGRADE ACCEPT "\r\n", true},
		{"HTTP/1.1 101\r\nupgrade: WebSocket\r\nconnection: Upgrade\r\n" ACCEPT "\r\n",
			true},
		{SWITCH "\r\n", false},
		{SWITCH UPGRADE "\r\n", false},
		{SWITCH UPGRADE ACCEPT ACCEPT "\r\n", false},
		{SWITCH "Upgrade: h2c\r\nConnection: upgrade\r\n" ACCEPT "\r\n", false},
		{SWITCH "Upgrade: websocket\r\n" ACCEPT "\r\n", false},
		{OK UPGRADE ACCEPT "\r\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		parse(rows[i].text);
		if (head.is_websocket != rows[i].is_websocket)
			fail_msg("%s", rows[i].text);
	}
}

static void names_with_an_underscore_pass(void **state)
{
	(void)state;
	parse(OK "X_Y: a\r\nConnection: x_z\r\nX_Z: b\r\n\r\n");
	assert_false(head.field[0].is_dropped);
	assert_true(head.field[2].is_dropped);
}

static void limits_make_a_502_too(void **state)
{
	(void)state;
	const char *text = OK "X: a\r\n\r\n";
	uint32_t n = (uint32_t)strlen(text);
	static const struct {
		int32_t less;
		uint16_t fields;
		enum http_verdict verdict;
	} rows[] = {{0, 1, HTTP_DONE}, {1, 1, HTTP_BAD}, {0, 0, HTTP_BAD}, {17, 1, HTTP_BAD}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_limits limits = {n - (uint32_t)rows[i].less, 0, rows[i].fields};
		assert_int_equal(
			parse_head(&head, HTTP_RESPONSE, slice_of(text), &limits), rows[i].verdict);
		assert_int_equal(head.status, rows[i].verdict == HTTP_BAD ? 502 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_answer_is_a_502),
		cmocka_unit_test(the_status_line_comes_apart),
		cmocka_unit_test(a_length_where_no_body_can_be_is_forgotten),
		cmocka_unit_test(only_a_whole_101_confirms_a_websocket),
		cmocka_unit_test(names_with_an_underscore_pass),
		cmocka_unit_test(limits_make_a_502_too),
	};
	return cmocka_run_group_tests_name("http/head_response", tests, NULL, NULL);
}
