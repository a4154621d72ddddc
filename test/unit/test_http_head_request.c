/*
 * The request line, the target and Host. What "#n" means stands in test_http_head.c.
 */
#include "test/unit/http_help.h"

#define H "Host: h\r\n"
#define POST "POST /p HTTP/1.1\r\n" H
#define GET(fields) "GET /p HTTP/1.1\r\n" H fields "\r\n"
#define LINE(line) line "\r\n" H "\r\n"
#define TE "Transfer-Encoding: chunked\r\n"

static struct http_head head;

static void check(const struct head_row *rows, size_t count)
{
	check_rows(rows, count, HTTP_REQUEST, &head);
}

static void the_request_line_must_be_one(void **state)
{
	static const struct head_row rows[] = {
		ROW("#38 an empty line before", "\r\n" GET(""), IS_DONE),
		ROW("four empty lines before", "\r\n\r\n\r\n\r\n" GET(""), IS_DONE),
		ROW("five empty lines before", "\r\n\r\n\r\n\r\n\r\n" GET(""), 400),
		ROW("a bare LF before", "\n" GET(""), 400),
		ROW("a bare CR before", "\r" GET(""), 400),
		ROW("a blank before", " " GET(""), 400),
		ROW("#69 a method in lower case", LINE("get /p HTTP/1.1"), 400),
		ROW("#70 PATCH", LINE("PATCH /p HTTP/1.1"), IS_DONE),
		ROW("#71 PROPFIND", LINE("PROPFIND /p HTTP/1.1"), IS_DONE),
		ROW("#72 REPORT", LINE("REPORT /p HTTP/1.1"), IS_DONE),
		ROW("#73 M-SEARCH", LINE("M-SEARCH /p HTTP/1.1"), IS_DONE),
		ROW("#74 G@T", LINE("G@T /p HTTP/1.1"), 400),
		ROW("#75 a method of 32 octets",
			LINE("ABCDEFGHABCDEFGHABCDEFGHABCDEFGH /p HTTP/1.1"), IS_DONE),
		ROW("#75 a method of 33 octets",
			LINE("ABCDEFGHABCDEFGHABCDEFGHABCDEFGHI /p HTTP/1.1"), 501),
		ROW("#75 a method of 33 octets and no more", "ABCDEFGHABCDEFGHABCDEFGHABCDEFGHI",
			501),
		ROW("a method and no more", "GET\r\n", 400),
		ROW("#76 HTTP/0.9", "GET /p\r\n", 400),
		ROW("#77 HTTP/0.9 with fields", LINE("GET /p"), 400),
		ROW("#78 HTTP/1.2", LINE("GET /p HTTP/1.2"), 505),
		ROW("#79 HTTP/2.0", LINE("GET /p HTTP/2.0"), 505),
		ROW("#80 HTTP/257.257", LINE("GET /p HTTP/257.257"), 505),
		ROW("HTTP/0.9 written out", LINE("GET /p HTTP/0.9"), 505),
		ROW("HTTP/1.10", LINE("GET /p HTTP/1.10"), 505),
		ROW("HTTP/01.1", LINE("GET /p HTTP/01.1"), 505),
		ROW("HTTP/1", LINE("GET /p HTTP/1"), 400),
		ROW("HTTP/1.", LINE("GET /p HTTP/1."), 400),
		ROW("HTTP/.1", LINE("GET /p HTTP/.1"), 400),
		ROW("HTTP/1.1x", LINE("GET /p HTTP/1.1x"), 400),
		ROW("HTTP/1.1234", LINE("GET /p HTTP/1.1234"), 400),
		ROW("no version behind the blank", LINE("GET /p "), 400),
		ROW("http/1.1", LINE("GET /p http/1.1"), 400),
		ROW("RTSP/1.1", LINE("GET /p RTSP/1.1"), 400),
		ROW("#81 a blank behind the version", LINE("GET /p HTTP/1.1 "), 400),
		ROW("a CR behind the version", LINE("GET /p HTTP/1.1\r"), 400),
		ROW("#82 two blanks before the target", LINE("GET  /p HTTP/1.1"), 400),
		ROW("#82 two blanks before the version", LINE("GET /p  HTTP/1.1"), 400),
		ROW("#83 a tab before the target", LINE("GET\t/p HTTP/1.1"), 400),
		ROW("#83 a tab before the version", LINE("GET /p\tHTTP/1.1"), 400),
		ROW("#85 the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
		ROW("TRACE", LINE("TRACE /p HTTP/1.1"), 405),
		ROW("#93 CONNECT", LINE("CONNECT h:443 HTTP/1.1"), 405),
		ROW("#94 CONNECT with a slash", LINE("CONNECT 1.2.3.4:80/ HTTP/1.1"), 405),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

/* None of these has a LF: only the first octets can tell. */
static void what_is_no_http_is_refused_before_its_line_ends(void **state)
{
	static const struct head_row rows[] = {
		ROW("#86 a TLS greeting", "\x16", 400),
		ROW("NUL", "\0", 400),
		ROW("the end of a line alone", "\r", IS_MORE),
		ROW("JSON", "{", 400),
		ROW("lower case", "h", 400),
		ROW("a NUL in the method", "GE\0", 400),
		ROW("a NUL in the target", "GET /\0", 400),
		ROW("UTF-8 in the target", "GET /\xc3", 400),
		ROW("CR in the target", "GET /\r", 400),
		ROW("no target form", "GET foo ", 400),
		ROW("a method that is not allowed", "CONNECT h:443 ", 405),
		ROW("13 octets of a version", "GET / HTTP/1.100000", IS_MORE),
		ROW("14 octets of a version", "GET / HTTP/1.1000000", 400),
		ROW("nothing", "", IS_MORE),
		ROW("a line so far", "GET / HTTP/1.1", IS_MORE),
		ROW("a head so far", "GET / HTTP/1.1\r\n" H "\r", IS_MORE),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

static void the_target_must_have_one_of_three_forms(void **state)
{
	static const struct head_row rows[] = {
		ROW("#43 NUL in the target", LINE("GET /a\0b HTTP/1.1"), 400),
		ROW("#87 the authority is not Host", LINE("GET http://a/x HTTP/1.1"), 400),
		ROW("#88 userinfo in the target", LINE("GET http://u@h/ HTTP/1.1"), 400),
		ROW("#89 absolute with a port",
			"GET http://h:8188/x HTTP/1.1\r\nHost: h:8188\r\n\r\n", IS_DONE),
		ROW("#90 absolute with '_'", "GET http://a_b/x HTTP/1.1\r\nHost: a_b\r\n\r\n",
			IS_DONE),
		ROW("#91 absolute without path", LINE("GET http://h?a=b HTTP/1.1"), IS_DONE),
		ROW("absolute and nothing more", LINE("GET http://h HTTP/1.1"), IS_DONE),
		ROW("absolute without authority", LINE("GET http:///p HTTP/1.1"), 400),
		ROW("absolute with an invalid port", LINE("GET http://h:x/ HTTP/1.1"), 400),
		ROW("absolute and cut", LINE("GET http:// HTTP/1.1"), 400),
		ROW("absolute of a foreign scheme", LINE("GET ftp://h/p HTTP/1.1"), 400),
		ROW("absolute on another port", LINE("GET http://h:81/ HTTP/1.1"), 400),
		ROW("absolute on the same port, written", LINE("GET http://h:80/ HTTP/1.1"),
			IS_DONE),
		ROW("https on the same port, written", LINE("GET https://H:443/ HTTP/1.1"),
			IS_DONE),
		ROW("https on the port of http", LINE("GET https://h:80/ HTTP/1.1"), 400),
		ROW("absolute without Host", "GET http://h/ HTTP/1.1\r\n\r\n", 400),
		ROW("absolute without Host in 1.0", "GET http://h/ HTTP/1.0\r\n\r\n", IS_DONE),
		ROW("#92 OPTIONS *", LINE("OPTIONS * HTTP/1.1"), IS_DONE),
		ROW("GET *", LINE("GET * HTTP/1.1"), 400),
		ROW("OPTIONS **", LINE("OPTIONS ** HTTP/1.1"), 400),
		ROW("#95 no slash", LINE("GET foo HTTP/1.1"), 400),
		ROW("#101 legal characters", LINE("GET /a;b=1/c,d/~e/!$&'()*+,; HTTP/1.1"),
			IS_DONE),
		ROW("#102 two slashes", LINE("GET //double//slash HTTP/1.1"), IS_DONE),
		ROW("#103 raw UTF-8", LINE("GET /\xc3\xa9 HTTP/1.1"), 400),
		ROW("#104 only a mark", LINE("GET ? HTTP/1.1"), 400),
		ROW("a slash and a mark", LINE("GET /? HTTP/1.1"), IS_DONE),
		ROW("#105 a bad escape", LINE("GET /?a=%zz HTTP/1.1"), IS_DONE),
		ROW("#106 a fragment", LINE("GET /a#b?c HTTP/1.1"), 400),
		ROW("#107 above the root", LINE("GET /../../etc HTTP/1.1"), 400),
		ROW("above the root at the end", LINE("GET /a/../.. HTTP/1.1"), 400),
		ROW("above the root, written with %2e", LINE("GET /%2E%2e/etc HTTP/1.1"), 400),
		ROW("above the root behind empty segments", LINE("GET ///../x HTTP/1.1"), 400),
		ROW("above the root behind a dot", LINE("GET /./../x HTTP/1.1"), 400),
		ROW("above the root of an absolute target", LINE("GET http://h/../x HTTP/1.1"),
			400),
		ROW("up and not above", LINE("GET /a/../b HTTP/1.1"), IS_DONE),
		ROW("three dots", LINE("GET /.../.. HTTP/1.1"), IS_DONE),
		ROW("dots in a name", LINE("GET /..a HTTP/1.1"), IS_DONE),
		ROW("dots in the query", LINE("GET /?/../../.. HTTP/1.1"), IS_DONE),
		ROW("an escaped slash", LINE("GET /api/userdata/workflows%2Fx.json HTTP/1.1"),
			IS_DONE),
		ROW("#108 http:// in the query", LINE("GET /x?u=http://a/ HTTP/1.1"), IS_DONE),
		ROW("#109 a control character",
			LINE("GET /a\x01"
			     "b HTTP/1.1"),
			400),
		ROW("DEL",
			LINE("GET /a\x7f"
			     "b HTTP/1.1"),
			400),
		ROW("DEL in a long target",
			LINE("GET /0123456789abcdef0123\x7f"
			     "456789abcdef HTTP/1.1"),
			400),
		ROW("'#' in a long target", LINE("GET /0123456789abcdef0123#456789abcdef HTTP/1.1"),
			400),
		ROW("#110 what browsers escape", LINE("GET /<>\"{}\\|^` HTTP/1.1"), IS_DONE),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

static void there_must_be_one_valid_host(void **state)
{
	static const struct head_row rows[] = {
		ROW("#44 NUL in Host", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 400),
		ROW("#96 no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400),
		ROW("#97 no fields", "GET / HTTP/1.1\r\n\r\n", 400),
		ROW("no fields in 1.0", "GET / HTTP/1.0\r\n\r\n", IS_DONE),
		ROW("#98 the same Host twice", GET(H), 400),
		ROW("two Hosts", GET("Host: b\r\n"), 400),
		ROW("two Hosts in 1.0", "GET / HTTP/1.0\r\n" H H "\r\n", 400),
		ROW("#99 an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
		ROW("an empty Host, then one", "GET / HTTP/1.1\r\nHost:\r\n" H "\r\n", 400),
		ROW("#100 a/b@c", "GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n", 400),
		ROW("userinfo", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400),
		ROW("a blank in Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
		ROW("Host_ is not Host", "GET / HTTP/1.1\r\nHost_: h\r\n\r\n", 400),
		ROW("IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8188\r\n\r\n", IS_DONE),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

static void parse(const char *text)
{
	if (parse_head(&head, HTTP_REQUEST, slice_of(text), &usual_limits) != HTTP_DONE)
		fail_msg("%s: %s", text, head.why == NULL ? "more" : head.why);
}

static void the_target_comes_apart(void **state)
{
	(void)state;
	const char *text = LINE("GET /api/view?filename=a%2Fb HTTP/1.1");
	parse(text);
	assert_slice(http_span_in(text, head.method), "GET");
	assert_slice(http_span_in(text, head.target), "/api/view?filename=a%2Fb");
	assert_slice(http_span_in(text, head.path), "/api/view");
	assert_slice(http_span_in(text, head.query), "filename=a%2Fb");
	assert_slice(http_span_in(text, head.host), "h");
	assert_int_equal(head.authority.n, 0);
	assert_int_equal(head.minor_version, 1);

	text = "\r\nGET HTTPS://Comfy.example:8188/x?y HTTP/1.1\r\nHost: "
	       "comfy.example.:8188\r\n\r\n";
	parse(text);
	assert_true(head.is_https_target);
	assert_slice(http_span_in(text, head.authority), "Comfy.example:8188");
	assert_slice(http_span_in(text, head.host), "Comfy.example:8188");
	assert_slice(http_span_in(text, head.path), "/x");
	assert_slice(http_span_in(text, head.query), "y");
	assert_int_equal(head.bytes, strlen(text));

	text = LINE("GET http://h?a HTTP/1.1");
	parse(text);
	assert_int_equal(head.path.n, 0);
	assert_slice(http_span_in(text, head.query), "a");
	assert_false(head.is_asterisk);
	parse(LINE("OPTIONS http://h HTTP/1.1"));
	assert_true(head.is_asterisk);
	parse(LINE("OPTIONS http://h/ HTTP/1.1"));
	assert_false(head.is_asterisk);
	parse(LINE("OPTIONS * HTTP/1.1"));
	assert_true(head.is_asterisk);
	assert_int_equal(head.path.n, 0);
}

static void expectations_count_in_1_1_only(void **state)
{
	(void)state;
	parse(GET("Expect: 100-Continue\r\n")); /* #117 */
	assert_true(head.expects_continue);
	parse("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"); /* #119 */
	assert_false(head.expects_continue);
	parse(GET(""));
	assert_false(head.expects_continue);
}

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static void only_a_whole_opening_handshake_is_a_websocket(void **state)
{
	static const struct {
		const char *text;
		bool is_websocket;
	} rows[] = {
		{GET(UPGRADE KEY VERSION), true},
		{GET("UPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n" KEY VERSION),
			true},
		{GET("Connection: keep-alive\r\n" UPGRADE KEY VERSION "Content-Length: 0\r\n"),
			true},
		{GET(UPGRADE KEY VERSION "Content-Length: 1\r\n"), false},
		{GET(UPGRADE KEY VERSION TE), false},
		{GET("Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION), false},
		{GET("Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n" KEY VERSION), false},
		{GET(UPGRADE "Upgrade: websocket\r\n" KEY VERSION), false},
		{GET("Upgrade: websocket\r\nConnection: close\r\n" KEY VERSION), false},
		{GET("Upgrade: websocket\r\n" KEY VERSION), false},
		{GET(UPGRADE KEY KEY VERSION), false},
		{GET(UPGRADE VERSION), false},
		{GET(UPGRADE KEY), false},
		{GET(UPGRADE KEY "Sec-WebSocket-Version: 8\r\n"), false},
		{GET(UPGRADE KEY VERSION VERSION), false},
		{GET(UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n" VERSION), false},
		{GET(UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n" VERSION), false},
		{GET(UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25jZQ==\r\n" VERSION), false},
		{POST UPGRADE KEY VERSION "\r\n", false},
		{"GET /p HTTP/1.0\r\n" H UPGRADE KEY VERSION "\r\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		parse(rows[i].text);
		if (head.is_websocket != rows[i].is_websocket)
			fail_msg("%s", rows[i].text);
		assert_true(head.first[HF_UPGRADE] == 0 ||
			    head.field[head.first[HF_UPGRADE] - 1].is_dropped);
	}
}

static void json_is_wanted_by_accept_or_else_by_what_was_sent(void **state)
{
	static const struct {
		const char *text;
		bool wants_json;
	} rows[] = {
		{GET(""), false},
		{GET("Accept: application/json\r\n"), true},
		{GET("Accept: text/plain;q=0.5, Application/JSON ;q=0.9\r\n"), true},
		{GET("Accept: text/html,application/json\r\n"), false},
		{GET("Accept: application/json\r\nAccept: text/html\r\n"), false},
		{GET("Accept: text/html\r\nContent-Type: application/json\r\n"), false},
		{GET("Accept: */*\r\nContent-Type: application/json; charset=utf-8\r\n"), true},
		{GET("Content-Type: application/json\r\n"), true},
		{GET("Content-Type: application/jsonp\r\n"), false},
		{GET("Accept: */*\r\n"), false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		parse(rows[i].text);
		if (http_wants_json(&head, rows[i].text) != rows[i].wants_json)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_line_must_be_one),
		cmocka_unit_test(what_is_no_http_is_refused_before_its_line_ends),
		cmocka_unit_test(the_target_must_have_one_of_three_forms),
		cmocka_unit_test(there_must_be_one_valid_host),
		cmocka_unit_test(the_target_comes_apart),
		cmocka_unit_test(expectations_count_in_1_1_only),
		cmocka_unit_test(only_a_whole_opening_handshake_is_a_websocket),
		cmocka_unit_test(json_is_wanted_by_accept_or_else_by_what_was_sent),
	};
	return cmocka_run_group_tests_name("http/head_request", tests, NULL, NULL);
}
