/*
 * What is refused in the fields of a request, limits, Connection. "#n" is case n of the 120 in
 * which libevhtp and nginx were compared; those about bodies stand in test_http_chunked.c, those
 * about the request line, the target and Host in test_http_head_request.c.
 */
#include "test/unit/http_help.h"

#define H "Host: h\r\n"
#define POST "POST /p HTTP/1.1\r\n" H
#define GET(fields) "GET /p HTTP/1.1\r\n" H fields "\r\n"
#define TE "Transfer-Encoding: chunked\r\n"

static struct http_head head;

static void check(const struct head_row *rows, size_t count)
{
	check_rows(rows, count, HTTP_REQUEST, &head);
}

static void framing_must_be_beyond_doubt(void **state)
{
	static const struct head_row rows[] = {
		ROW("#1 length and coding", POST "Content-Length: 3\r\n" TE "\r\n", 400),
		ROW("#2 coding and length", POST TE "Content-Length: 3\r\n\r\n", 400),
		ROW("#3 the same length twice",
			POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400),
		ROW("#4 lengths 3 and 0", POST "Content-Length: 3\r\nContent-Length: 0\r\n\r\n",
			400),
		ROW("#5 lengths 0 and 3", POST "Content-Length: 0\r\nContent-Length: 3\r\n\r\n",
			400),
		ROW("#6 a list of lengths", POST "Content-Length: 3, 3\r\n\r\n", 400),
		ROW("#7 a negative length", POST "Content-Length: -1\r\n\r\n", 400),
		ROW("#8 a length with a plus", POST "Content-Length: +3\r\n\r\n", 400),
		ROW("#9 an empty length", POST "Content-Length: \r\n\r\n", 400),
		ROW("#10 a hexadecimal length", POST "Content-Length: 0x3\r\n\r\n", 400),
		ROW("#11 a blank behind the length", POST "Content-Length: 3 \r\n\r\n", IS_DONE),
		ROW("#12 a tab before the length", POST "Content-Length:\t3\r\n\r\n", IS_DONE),
		ROW("a blank inside the length", POST "Content-Length: 1 3\r\n\r\n", 400),
		ROW("#13 a length beyond 64 bits",
			POST "Content-Length: 30000000000000000000\r\n\r\n", 400),
		ROW("#14 a length of 2^64 + 1", POST "Content-Length: 18446744073709551617\r\n\r\n",
			400),
		ROW("a length of 19 digits", POST "Content-Length: 0000000000000000003\r\n\r\n",
			400),
		ROW("a length of 18 digits", POST "Content-Length: 999999999999999999\r\n\r\n",
			IS_DONE),
		ROW("#15 a folded length", POST "Content-Length: 3\r\n\t4\r\n\r\n", 400),
		ROW("#16 a length behind a line without colon",
			POST "Content-Length\r\nContent-Length: 3\r\n\r\n", 400),
		ROW("#17 a coding like chunked", POST "Transfer-Encoding: xchunked\r\n\r\n", 501),
		ROW("#18 chunked in capitals", POST "Transfer-Encoding: CHUNKED\r\n\r\n", IS_DONE),
		ROW("#19 a blank behind chunked", POST "Transfer-Encoding: chunked \r\n\r\n",
			IS_DONE),
		ROW("#20 a tab before chunked", POST "Transfer-Encoding:\tchunked\r\n\r\n",
			IS_DONE),
		ROW("#21 gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
		ROW("chunked, gzip", POST "Transfer-Encoding: chunked, gzip\r\n\r\n", 501),
		ROW("chunked with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501),
		ROW("chunked twice in one line", POST "Transfer-Encoding: chunked, chunked\r\n\r\n",
			400),
		ROW("an empty coding", POST "Transfer-Encoding:\r\n\r\n", 400),
		ROW("nothing but commas", POST "Transfer-Encoding: , ,\r\n\r\n", 400),
		ROW("#22 chunked and identity", POST TE "Transfer-Encoding: identity\r\n\r\n", 400),
		ROW("chunked twice", POST TE TE "\r\n", 400),
		ROW("identity", POST "Transfer-Encoding: identity\r\n\r\n", 501),
		ROW("#23 identity and a length",
			POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n", 400),
		ROW("#24 gzip, chunked and a length",
			POST "Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n", 400),
		ROW("#25 a blank before the coding's colon",
			POST "Transfer-Encoding : chunked\r\n\r\n", 400),
		ROW("#26 a blank before the length's colon", POST "Content-Length : 3\r\n\r\n",
			400),
		ROW("#27 a blank before the coding", POST " Transfer-Encoding: chunked\r\n\r\n",
			400),
		ROW("#31 a folded coding", POST "Transfer-Encoding: chun\r\n\tked\r\n\r\n", 400),
		ROW("a vertical tab before chunked",
			POST "Transfer-Encoding: \x0b"
			     "chunked\r\n\r\n",
			400),
		ROW("#84 a coding in 1.0", "POST /p HTTP/1.0\r\n" H TE "\r\n", 400),
		ROW("POST in 1.0 without length", "POST /p HTTP/1.0\r\n" H "\r\n", 411),
		ROW("PUT in 1.0 without length", "PUT /p HTTP/1.0\r\n" H "\r\n", 411),
		ROW("PATCH in 1.0 without length", "PATCH /p HTTP/1.0\r\n" H "\r\n", 411),
		ROW("POST in 1.0", "POST /p HTTP/1.0\r\nContent-Length: 3\r\n\r\n", IS_DONE),
		ROW("POST without length", POST "\r\n", IS_DONE),
		ROW("#111 GET with a body", GET("Content-Length: 3\r\n"), IS_DONE),
		ROW("#118 an unknown expectation", GET("Expect: nonsense\r\n"), 417),
		ROW("a second expectation", GET("Expect: 100-continue\r\nExpect: x\r\n"), 417),
		ROW("an empty expectation", GET("Expect:\r\n"), 417),
		ROW("an unknown expectation in 1.0", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n",
			IS_DONE),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

static void lines_must_be_fields(void **state)
{
	static const struct head_row rows[] = {
		ROW("#28 a blank before the first field", "GET /p HTTP/1.1\r\n " H "\r\n", 400),
		ROW("#29 folded by a blank", GET("X: a\r\n b\r\n"), 400),
		ROW("#30 folded by a tab", GET("X: a\r\n\tb\r\n"), 400),
		ROW("a line of blanks", GET("X: a\r\n \r\n"), 400),
		ROW("#32 LF everywhere", "GET /p HTTP/1.1\nHost: h\n\n", 400),
		ROW("LF behind the request line", "GET /p HTTP/1.1\n" H "\r\n", 400),
		ROW("#33 LF behind a field", GET("X: a\n"), 400),
		ROW("#34 LF at the end", "GET /p HTTP/1.1\r\n" H "\n", 400),
		ROW("#35 LF in a line without colon", GET("X\nY: a\r\n"), 400),
		ROW("#36 CR in a value", GET("X: a\rb\r\n"), 400),
		ROW("two CR at the end of a line", GET("X: a\r\r\n"), 400),
		ROW("#37 CR in a name", GET("X\rY: a\r\n"), 400),
		ROW("#39 LF behind the request line's CRLF", "GET /p HTTP/1.1\r\n\n" H "\r\n", 400),
		ROW("#40 NUL in a value", GET("X: a\0b\r\n"), 400),
		ROW("#41 NUL in a name", GET("X\0Y: a\r\n"), 400),
		ROW("#42 NUL behind Content-Length", POST "Content-Length\0: 38\r\n\r\n", 400),
		ROW("#45 control characters in a value", GET("X: a\x01\x7f\r\n"), 400),
		ROW("DEL in a value",
			GET("X: a\x7f"
			    "b\r\n"),
			400),
		ROW("DEL in a long value",
			GET("X: 0123456789abcdef0123456789\x7f"
			    "abcdef\r\n"),
			400),
		ROW("NUL at the end of a long value",
			GET("X: 0123456789abcdef0123456789abcdef\0\r\n"), 400),
		ROW("a tab in a long value", GET("X: 0123456789abcdef\t0123456789abcdef\r\n"),
			IS_DONE),
		ROW("UTF-8 in a value", GET("X: 0123456789abcdef\xc3\xa4 0123456789abcdef\r\n"),
			IS_DONE),
		ROW("#58 no colon", GET("nonsense\r\n"), 400),
		ROW("#59 no colon in the first field", "GET /p HTTP/1.1\r\nnonsense\r\n" H "\r\n",
			400),
		ROW("#60 an empty name", GET(": x\r\n"), 400),
		ROW("#61 a blank in a name", GET("X Y: a\r\n"), 400),
		ROW("a blank before the colon", GET("X : a\r\n"), 400),
		ROW("a tab before the colon", GET("X\t: a\r\n"), 400),
		ROW("#62 a slash in a name", GET("X/Y: a\r\n"), 400),
		ROW("#62 @ in a name", GET("X@Y: a\r\n"), 400),
		ROW("#62 0x80 in a name", GET("X\x80Y: a\r\n"), 400),
		ROW("0x80 behind a '_' in a name", GET("X_\x80Y: a\r\n"), 400),
		ROW("an empty value", GET("X:\r\n"), IS_DONE),
		ROW("a value of blanks", GET("X: \t \r\n"), IS_DONE),
		ROW("every token character", GET("!#$%&'*+-.^_`|~09azAZ: a\r\n"), IS_DONE),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

static void parse(const char *text)
{
	if (parse_head(&head, HTTP_REQUEST, slice_of(text), &usual_limits) != HTTP_DONE)
		fail_msg("%s: %s", text, head.why == NULL ? "more" : head.why);
}

static bool is_dropped(const char *text, const char *name)
{
	for (unsigned i = 0; i < head.count; i++)
		if (slice_is(http_span_in(text, head.field[i].name), slice_of(name)))
			return head.field[i].is_dropped;
	fail_msg("no field %s", name);
	return false;
}

static void fields_come_apart(void **state)
{
	(void)state;
	const char *text = GET("X-Empty:\r\ncontent-type:\t a b \t\r\nX-Empty: 2\r\nACCEPT: x\r\n");
	parse(text);
	assert_int_equal(head.count, 5);
	assert_slice(http_span_in(text, head.field[1].name), "X-Empty");
	assert_slice(http_span_in(text, head.field[1].value), "");
	assert_int_equal(head.field[1].id, HF_OTHER);
	assert_int_equal(head.first[HF_OTHER], 0);
	assert_slice(http_span_in(text, head.field[2].value), "a b");
	assert_slice(http_head_value(&head, text, HF_CONTENT_TYPE), "a b");
	assert_slice(http_head_value(&head, text, HF_ACCEPT), "x");
	assert_null(http_head_value(&head, text, HF_COOKIE).p);
	assert_slice(http_head_find(&head, text, "x-EMPTY"), "");
	assert_non_null(http_head_find(&head, text, "x-empty").p);
	assert_null(http_head_find(&head, text, "x-empt").p);
	assert_int_equal(head.bytes, strlen(text));
	assert_false(head.has_length);
}

static void the_body_is_announced(void **state)
{
	(void)state;
	parse(POST "Content-Length: 000123456789012345\r\n\r\n");
	assert_true(head.has_length && !head.is_chunked);
	assert_int_equal(head.content_length, 123456789012345);
	parse(POST TE "\r\n");
	assert_true(head.is_chunked && !head.has_length);
}

static void octets_behind_the_head_are_not_looked_at(void **state)
{
	(void)state;
	const char *text = GET("") "\0\n\r GET";
	size_t n = strlen(text) + 8;
	assert_int_equal(
		parse_head(&head, HTTP_REQUEST, (struct slice){text, n}, &usual_limits), HTTP_DONE);
	assert_int_equal(head.bytes, strlen(text));
	/* Asked again, it says the same. */
	assert_int_equal(http_head_feed(&head, text, n, &usual_limits), HTTP_DONE);
}

static void a_refused_head_stays_refused(void **state)
{
	(void)state;
	http_head_init(&head, HTTP_REQUEST);
	assert_int_equal(http_head_feed(&head, "\0", 1, &usual_limits), HTTP_BAD);
	const char *text = GET("");
	assert_int_equal(http_head_feed(&head, text, strlen(text), &usual_limits), HTTP_BAD);
	assert_int_equal(head.status, 400);
}

static void connection_says_whether_to_go_on(void **state)
{
	static const struct {
		const char *text;
		bool wants_close, has_upgrade_token;
	} rows[] = {
		{GET(""), false, false},
		{GET("Connection: close, te\r\n"), true, false}, /* #112 */
		{GET("Connection: CLOSE\r\n"), true, false},     /* #113 */
		{GET("Connection: closed\r\n"), false, false},
		{GET("Connection: keep-alive\r\nConnection: ,close,\r\n"), true, false},
		{GET("Connection: keep-alive, close\r\n"), true, false},
		{GET("Connection: keep-alive , UPGRADE\r\n"), false, true},
		{"GET / HTTP/1.0\r\n\r\n", true, false},                                /* #114 */
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, false},     /* #115 */
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive, TE\r\n\r\n", false, false}, /* #116 */
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		parse(rows[i].text);
		if (head.wants_close != rows[i].wants_close ||
			head.has_upgrade_token != rows[i].has_upgrade_token)
			fail_msg("%s", rows[i].text);
	}
}

static void what_is_for_the_next_hop_is_dropped(void **state)
{
	(void)state;
	const char *text = GET(
		"X-Before: 1\r\n"
		"Connection: close, x-before, X-AFTER, User-Agent, Host, Cookie, "
		"x-forwarded-for\r\n"
		"Keep-Alive: 1\r\nProxy-Connection: a\r\nTE: trailers\r\nTrailer: X\r\n"
		"Upgrade: h2c\r\nTransfer-Encoding: chunked\r\n"
		"X-After: 2\r\nUser-Agent: a\r\nCookie: a=b\r\nX-Forwarded-For: ::1\r\n"
		"X-Afte: 3\r\nAccept: a\r\nX-After: 4\r\n");
	static const char *const dropped[] = {"X-Before", "Connection", "Keep-Alive",
		"Proxy-Connection", "TE", "Trailer", "Upgrade", "Transfer-Encoding", "X-After",
		"User-Agent"};
	static const char *const kept[] = {"Host", "Cookie", "X-Forwarded-For", "X-Afte", "Accept"};
	parse(text);
	for (size_t i = 0; i < COUNT_OF(dropped); i++)
		if (!is_dropped(text, dropped[i]))
			fail_msg("%s passes", dropped[i]);
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		if (is_dropped(text, kept[i]))
			fail_msg("%s is dropped", kept[i]);
	assert_true(head.field[head.count - 1].is_dropped);
	/* Dropped for the next hop, yet meant for us. */
	assert_slice(http_head_value(&head, text, HF_USER_AGENT), "a");
}

static void a_name_with_an_underscore_counts_for_nothing(void **state)
{
	(void)state;
	const char *text = GET("Content_Length: 3\r\nX_Forwarded_For: 1\r\n_: 2\r\nX-Y: 3\r\n");
	parse(text);
	assert_int_equal(head.count, 5);
	assert_false(head.has_length);
	assert_int_equal(head.first[HF_X_FORWARDED_FOR], 0);
	assert_true(is_dropped(text, "Content_Length") && is_dropped(text, "X_Forwarded_For") &&
		    is_dropped(text, "_"));
	assert_false(is_dropped(text, "X-Y"));
}

static int verdict_with(const char *text, struct http_limits limits)
{
	enum http_verdict verdict = parse_head(&head, HTTP_REQUEST, slice_of(text), &limits);
	return verdict == HTTP_BAD ? head.status : verdict == HTTP_DONE ? IS_DONE : IS_MORE;
}

static void limits_are_exact(void **state)
{
	(void)state;
	const char *text = GET("X: a\r\n");
	uint32_t n = (uint32_t)strlen(text);
	assert_int_equal(verdict_with(text, (struct http_limits){n, 2, 2}), IS_DONE);
	assert_int_equal(verdict_with(text, (struct http_limits){n - 1, 2, 2}), 431);
	assert_int_equal(verdict_with(text, (struct http_limits){n, 1, 2}), 414);
	assert_int_equal(verdict_with(text, (struct http_limits){n, 2, 1}), 431);
	assert_int_equal(verdict_with(text, (struct http_limits){17, 2, 2}), 431);
	/* The request line does not fit. */
	assert_int_equal(verdict_with(text, (struct http_limits){16, 2, 2}), 414);
	assert_int_equal(verdict_with(text, (struct http_limits){5, 2, 2}), 414);
	assert_int_equal(verdict_with(text, (struct http_limits){3, 2, 2}), 414);
	/* What cannot be a head is bad first, and too long second. */
	assert_int_equal(verdict_with("GET /\x01", (struct http_limits){6, 2, 2}), 400);
	assert_int_equal(verdict_with("GET /aa\x01", (struct http_limits){600, 2, 2}), 414);
	assert_int_equal(verdict_with("\r\n\r\n\r\n", (struct http_limits){6, 2, 2}), 414);
}

/* `before`, `n` times `c`, `behind`; the caller frees it. */
static struct slice stretch(const char *before, size_t n, char c, const char *behind)
{
	size_t a = strlen(before);
	size_t b = strlen(behind);
	char *p = malloc(a + n + b);
	assert_non_null(p);
	memcpy(p, before, a);
	memset(p + a, c, n);
	memcpy(p + a + n, behind, b);
	return (struct slice){p, a + n + b};
}

static void long_things_end_somewhere(void **state)
{
	static const struct {
		const char *name, *before;
		size_t n;
		const char *behind;
		int status;
	} rows[] = {
		{"#63 a value of 8190 octets", "GET / HTTP/1.1\r\n" H "X: ", 8190, "\r\n\r\n",
			IS_DONE},
		{"#64 a value of 70000 octets", "GET / HTTP/1.1\r\n" H "X: ", 70000, "\r\n\r\n",
			431},
		{"#65 a name of 70000 octets", "GET / HTTP/1.1\r\n" H, 70000, ": a\r\n\r\n", 431},
		{"a value without end", "GET / HTTP/1.1\r\n" H "X: ", 70000, "", 431},
		{"#67 a target of 8192 octets", "GET /", 8191, " HTTP/1.1\r\n" H "\r\n", IS_DONE},
		{"#68 a target of 8193 octets", "GET /", 8192, " HTTP/1.1\r\n" H "\r\n", 414},
		{"a target without end", "GET /", 8192, "", 414},
		{"#75 a method of 7000 octets", "", 7000, " / HTTP/1.1\r\n" H "\r\n", 501},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct slice octets = stretch(rows[i].before, rows[i].n, 'A', rows[i].behind);
		struct head_row row = {rows[i].name, octets, rows[i].status};
		check(&row, 1);
		free((void *)octets.p);
	}
}

static void fields_are_counted(void **state)
{
	static char text[16 * 1024];
	(void)state;
	for (int count = 99; count <= 100; count++) {
		strcpy(text, "GET / HTTP/1.1\r\n" H);
		for (int i = 0; i < count; i++)
			strcat(text, "X: a\r\n");
		strcat(text, "\r\n");
		assert_int_equal(
			verdict_with(text, usual_limits), count == 99 ? IS_DONE : 431); /* #66 */
	}
}

static void connection_options_are_counted(void **state)
{
	static char text[1024];
	(void)state;
	for (int count = 64; count <= 65; count++) {
		strcpy(text, "GET / HTTP/1.1\r\n" H "Connection: ");
		for (int i = 0; i < count; i++)
			strcat(text, "a, ");
		strcat(text, "\r\n\r\n");
		assert_int_equal(verdict_with(text, usual_limits), count == 64 ? IS_DONE : 431);
	}
}

static void pipelined_requests_come_one_after_the_other(void **state)
{
	(void)state;
	const char *text = "GET /1 HTTP/1.1\r\n" H "\r\n" /* #120 */
			   "GET /2 HTTP/1.1\r\n" H "\r\n"
			   "GET /3 HTTP/1.1\r\n" H "\r\n";
	struct slice rest = slice_of(text);
	for (char want = '1'; want <= '3'; want++) {
		assert_int_equal(parse_head(&head, HTTP_REQUEST, rest, &usual_limits), HTTP_DONE);
		assert_int_equal(rest.p[head.path.at + 1], want);
		rest.p += head.bytes;
		rest.n -= head.bytes;
	}
	assert_int_equal(rest.n, 0);
}

static void a_list_has_its_tokens(void **state)
{
	(void)state;
	assert_true(http_list_has(SLICE("a"), SLICE("A")));
	assert_true(http_list_has(SLICE(",, b ,\tClose ,"), SLICE("close")));
	assert_false(http_list_has(SLICE("closer, clos"), SLICE("close")));
	assert_false(http_list_has(SLICE(""), SLICE("close")));
	assert_false(http_list_has(SLICE("a b"), SLICE("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(framing_must_be_beyond_doubt),
		cmocka_unit_test(lines_must_be_fields),
		cmocka_unit_test(fields_come_apart),
		cmocka_unit_test(the_body_is_announced),
		cmocka_unit_test(octets_behind_the_head_are_not_looked_at),
		cmocka_unit_test(a_refused_head_stays_refused),
		cmocka_unit_test(connection_says_whether_to_go_on),
		cmocka_unit_test(what_is_for_the_next_hop_is_dropped),
		cmocka_unit_test(a_name_with_an_underscore_counts_for_nothing),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(long_things_end_somewhere),
		cmocka_unit_test(fields_are_counted),
		cmocka_unit_test(connection_options_are_counted),
		cmocka_unit_test(pipelined_requests_come_one_after_the_other),
		cmocka_unit_test(a_list_has_its_tokens),
	};
	return cmocka_run_group_tests_name("http/head", tests, NULL, NULL);
}
