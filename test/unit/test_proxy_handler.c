/* test/unit/test_proxy_handler.c - requests that a handler answers itself: bodies in, answers out,
 * and who is told when it ends otherwise. */
#include "test/unit/handler_help.h"

#define ASK "GET /queue?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"

static void answer_with(struct exchange *x, const char *text)
{
	struct blob *blob = blob_copy(text, strlen(text));
	handler_answer(x, 200, "application/json", "X-A: b\r\nX-C: d\r\n", blob);
	blob_unref(blob);
}

static void answer_ok(struct exchange *x)
{
	answer_with(x, "{\"ok\": 1}");
}

static void an_answer_may_come_at_once_or_later(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 4; i++) {
		script.on_request = i % 2 != 0 ? answer_ok : NULL;
		client_says(ASK);
		struct exchange *x = handler_has(i);
		if (i % 2 == 0) {
			turn_once();
			turn_once();
			answer_with(x, "{\"ok\": 1}");
		}
		const char *got = peer_hear(client, "{\"ok\": 1}");
		assert_non_null(strstr(got, "HTTP/1.1 200 OK\r\nServer: comfymux\r\nDate: "));
		assert_non_null(strstr(got, "\r\nContent-Type: application/json\r\n"
					    "Content-Length: 9\r\n"));
		assert_non_null(strstr(got, "\r\nX-A: b\r\nX-C: d\r\n\r\n{"));
		assert_null(strstr(got, "Connection:"));
	}
	assert_int_equal(proxy_stats.accepted, 1);
	assert_int_equal(proxy_stats.own_answers[2], 4);
	assert_int_equal(script.gones, 0);
	assert_int_equal(proxy_stats.upstreams, 0);
}

static void a_request_is_shown_as_it_came(void **state)
{
	(void)state;
	struct handler_request r;
	client_says("POST /a%2Fb?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
	handler_request(handler_has(1), &r);
	assert_true(slice_is(r.method, SLICE("POST")));
	assert_true(slice_is(r.target, SLICE("/a%2Fb?q=1")));
	assert_true(slice_is(r.path, SLICE("/a%2Fb")));
	assert_true(slice_is(r.query, SLICE("q=1")));
	assert_true(slice_is(r.body, SLICE("abc")));
	assert_string_equal(r.client_ip, "127.0.0.1");
	assert_ptr_equal(r.pool, handler_pool());
	assert_int_equal(r.keys->value[CONF_KEY_IP].n, 4);
	assert_int_equal(r.keys->value[CONF_KEY_COOKIE].n, 32);
	assert_true(r.is_cookie_new);
	assert_false(r.is_websocket);
	assert_true(slice_is(http_head_value(r.head, r.p, HF_HOST), SLICE("h")));
	assert_non_null(arena_take(r.arena, 100));
	answer_ok(script.x);
	const char *cookie = strstr(peer_hear(client, "}"), "Set-Cookie: comfymux=");
	assert_non_null(cookie);
	char again[128];
	(void)snprintf(again, sizeof(again),
		"GET / HTTP/1.1\r\nHost: h\r\nCookie: comfymux=%.32s\r\n\r\n", cookie + 21);
	client_says(again);
	handler_request(handler_has(2), &r);
	assert_false(r.is_cookie_new);
	answer_ok(script.x);
	assert_null(strstr(peer_hear(client, "}"), "Set-Cookie"));
}

static void answers_without_a_body(void **state)
{
	(void)state;
	struct blob *blob = blob_copy("hello", 5);
	client_says("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	handler_answer(handler_has(1), 200, "text/plain", "", blob);
	assert_non_null(strstr(peer_hear(client, "\r\n\r\n"), "Content-Length: 5\r\n"));
	client_says(ASK);
	handler_answer(handler_has(2), 204, "", "", NULL);
	assert_null(strstr(peer_hear(client, "\r\n\r\n"), "Content-"));
	client_says(ASK);
	handler_answer(handler_has(3), 304, "text/plain", "ETag: \"x\"\r\n", blob);
	const char *got = peer_hear(client, "\r\n\r\n");
	assert_true(strncmp(got, "HTTP/1.1 304 ", 13) == 0);
	assert_null(strstr(got, "Content-"));
	assert_non_null(strstr(got, "ETag: \"x\"\r\n"));
	client_says(ASK);
	handler_answer(handler_has(4), 200, "", "", NULL);
	got = peer_hear(client, "\r\n\r\n");
	assert_non_null(strstr(got, "Content-Length: 0\r\n"));
	assert_null(strstr(got, "Content-Type"));
	assert_int_equal(blob->refs, 1);
	blob_unref(blob);
}

static void a_large_answer_is_not_copied(void **state)
{
	(void)state;
	size_t n = (size_t)8 * 1024 * 1024, got = 0;
	struct blob *blob = blob_create(n);
	for (size_t i = 0; i < n; i++)
		blob->p[i] = PATTERN(i);
	client_says(ASK);
	struct exchange *x = handler_has(1);
	uint64_t before = buf_bytes_in_use();
	handler_answer(x, 200, "image/png", "", blob);
	assert_int_equal(blob->refs, 2);
	assert_true(buf_bytes_in_use() <= before + 2 * (size_t)65536 * 4);
	char text[65536];
	size_t head = 0;
	while (got < n) {
		ssize_t some = recv(client, text, sizeof(text), 0);
		if (some < 0) {
			assert_int_equal(errno, EAGAIN);
			turn_once();
			continue;
		}
		assert_true(some > 0);
		const char *from = text;
		if (head == 0) {
			from = (char *)memmem(text, (size_t)some, "\r\n\r\n", 4) + 4;
			head = (size_t)(from - text);
			some -= (ssize_t)head;
		}
		for (ssize_t i = 0; i < some; i++)
			assert_int_equal(from[i], PATTERN(got + (size_t)i));
		got += (size_t)some;
	}
	TURN_UNTIL(proxy_stats.idle == 1);
	assert_int_equal(blob->refs, 1);
	blob_unref(blob);
}

static void a_client_that_leaves_its_answer_lets_the_blob_go(void **state)
{
	(void)state;
	struct blob *blob = blob_create((size_t)8 * 1024 * 1024);
	memset(blob->p, 'x', blob->n);
	client_says(ASK);
	handler_answer(handler_has(1), 200, "image/png", "", blob);
	assert_int_equal(blob->refs, 2);
	close_with_reset(client);
	client = -1;
	TURN_UNTIL(proxy_stats.connections == 0);
	assert_int_equal(blob->refs, 1);
	assert_int_equal(script.gones, 0);
	blob_unref(blob);
}

static void refusals_have_the_shape_of_comfyui(void **state)
{
	(void)state;
	client_says(ASK);
	handler_refuse(handler_has(1), 429, "the queue is full");
	const char *got = peer_hear(client, "\"node_errors\": {}}");
	assert_true(strncmp(got, "HTTP/1.1 429 ", 13) == 0);
	assert_non_null(strstr(got, "\"type\": \"too_many_requests\", \"message\": \"the queue "
				    "is full\""));
	client_says("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
	handler_refuse(handler_has(2), 404, "no such thing");
	assert_non_null(strstr(peer_hear(client, "</html>"), "<p>no such thing</p>"));
	assert_int_equal(script.gones, 0);
	assert_int_equal(proxy_stats.closed[CLOSE_REFUSED], 2);
}

static void octet_by_octet_is_the_same(void **state)
{
	(void)state;
	sock_short_io = true;
	script.on_request = answer_ok;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	(void)peer_hear(client, "}");
	script.wish = HANDLER_PIECES;
	script.requests = 0;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "2\r\nde\r\n0\r\n\r\n");
	(void)peer_hear(client, "}");
	assert_int_equal(script.pieces, 2);
	assert_memory_equal(script.body, "de", 2);
}

/* -- HOLD -- */

static void bodies_are_held_whole(void **state)
{
	(void)state;
	/* More than limits.buffer_body, and more than is given to a length alone. */
	size_t n = (size_t)3 * 1024 * 1024;
	char head[200];
	script.most = n;
	(void)snprintf(head, sizeof(head),
		"POST /prompt HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", n);
	client_says(head);
	client_sends_pattern(0, n);
	(void)handler_has(1);
	struct slice body = handler_body();
	assert_int_equal(body.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(body.p[i], PATTERN(i));
	answer_ok(script.x);
	(void)peer_hear(client, "}");
	client_says("POST /prompt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "180000\r\n");
	client_sends_pattern(0, 0x180000);
	client_says("\r\n180000\r\n");
	client_sends_pattern(0x180000, 0x180000);
	client_says("\r\n0\r\n\r\n" ASK);
	(void)handler_has(2);
	body = handler_body();
	assert_int_equal(body.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(body.p[i], PATTERN(i));
	answer_ok(script.x);
	(void)peer_hear(client, "}");
	/* What came behind it is the next request. */
	(void)handler_has(3);
	assert_int_equal(handler_body().n, 0);
	answer_ok(script.x);
	(void)peer_hear(client, "}");
	assert_int_equal(script.pieces, 0);
}

static void a_body_that_is_too_large_is_refused(void **state)
{
	static const char *const questions[] = {
		"POST /prompt HTTP/1.1\r\nHost: a\r\nContent-Length: 2001\r\n\r\n",
		"POST /prompt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d1\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(questions); i++) {
		script_reset(HANDLER_HOLD);
		script.most = 2000;
		client_says(questions[i]);
		client_sends_pattern(0, 2001);
		const char *got = peer_hear(client, "\"node_errors\": {}}");
		assert_true(strncmp(got, "HTTP/1.1 413 ", 13) == 0);
		assert_non_null(strstr(got, "\"message\": \"the body is too large\""));
		assert_int_equal(script.requests, 0);
		assert_int_equal(script.gones, 1);
		assert_int_equal(script.reason, CLOSE_REFUSED);
		assert_int_equal(proxy_stats.limit_hits_body, i + 1);
		(void)close(client);
		client = -1;
	}
	TURN_UNTIL(proxy_stats.connections == 0);
	/* The limit itself is not. */
	script_reset(HANDLER_HOLD);
	script.most = 2000;
	script.on_request = answer_ok;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n");
	client_sends_pattern(0, 2000);
	client_says("\r\n0\r\n\r\n");
	(void)peer_hear(client, "}");
}

static void who_waits_for_a_100_gets_one(void **state)
{
	static const char *const bodies[] = {
		"Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"};
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		char text[200];
		script_reset(i < 2 ? HANDLER_HOLD : HANDLER_PIECES);
		(void)snprintf(text, sizeof(text),
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n%s\r\n",
			bodies[i % 2]);
		client_says(text);
		assert_string_equal(peer_hear(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
		client_says(i % 2 == 0 ? "abc" : "3\r\nabc\r\n0\r\n\r\n");
		(void)handler_has(1);
		if (i < 2)
			assert_true(slice_is(handler_body(), SLICE("abc")));
		else
			assert_memory_equal(script.body, "abc", 3);
		answer_ok(script.x);
		(void)peer_hear(client, "}");
	}
}

/* -- PIECES -- */

static void a_body_comes_in_pieces(void **state)
{
	(void)state;
	size_t n = (size_t)5 * 1024 * 1024;
	char head[200];
	script.wish = HANDLER_PIECES;
	(void)snprintf(head, sizeof(head),
		"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\nabcde", n);
	client_says(head);
	uint64_t before = buf_bytes_in_use();
	client_sends_pattern(5, n - 5);
	(void)handler_has(1);
	assert_true(buf_bytes_in_use() <= before + 65536);
	assert_int_equal(script.body_bytes, n);
	assert_true(script.is_patterned);
	assert_int_equal(handler_body().n, 0);
	answer_ok(script.x);
	(void)peer_hear(client, "}");

	script_reset(HANDLER_PIECES);
	script.on_request = answer_ok;
	client_says("PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n100000\r\n");
	client_sends_pattern(3, 0x100000);
	client_says("\r\n0\r\n\r\n");
	(void)peer_hear(client, "}");
	assert_int_equal(script.body_bytes, 3 + 0x100000);
	assert_true(script.is_patterned);
	assert_int_equal(proxy_stats.accepted, 1);
	assert_int_equal(script.gones, 0);
}

static void no_body_is_no_piece(void **state)
{
	(void)state;
	script.wish = HANDLER_PIECES;
	script.on_request = answer_ok;
	client_says(ASK
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" ASK);
	for (int i = 0; i < 3; i++)
		TURN_UNTIL(script.requests == 3);
	assert_int_equal(script.pieces, 0);
}

static bool refuse_piece(struct exchange *x)
{
	handler_refuse(x, 413, "the file is too large");
	return false;
}

static void a_piece_may_be_the_last_one(void **state)
{
	(void)state;
	script.wish = HANDLER_PIECES;
	script.on_piece = refuse_piece;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\nabc");
	const char *got = peer_hear(client, "{}}");
	assert_true(strncmp(got, "HTTP/1.1 413 ", 13) == 0);
	assert_non_null(strstr(got, "Connection: close\r\n"));
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(script.pieces, 1);
	assert_int_equal(script.requests, 0);
	assert_int_equal(script.gones, 0);
}

static bool pause_piece(struct exchange *x)
{
	handler_pause(x);
	return true;
}

static void a_handler_that_pauses_is_sent_nothing(void **state)
{
	(void)state;
	script.wish = HANDLER_PIECES;
	script.on_piece = pause_piece;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
	client_sends_pattern(0, 100000);
	TURN_UNTIL(script.pieces == 1);
	size_t first = script.body_bytes;
	client_sends_pattern(100000, 100000);
	for (int i = 0; i < 10; i++)
		turn_once();
	assert_int_equal(script.pieces, 1);
	assert_false(deadline_is_set(&script.x->deadline));
	script.on_piece = NULL;
	handler_resume(script.x);
	assert_int_equal(script.body_bytes, first);
	TURN_UNTIL(script.body_bytes == 200000);
	assert_true(deadline_is_set(&script.x->deadline));
	client_sends_pattern(200000, 100000);
	(void)handler_has(1);
	assert_true(script.is_patterned);
	answer_ok(script.x);
	(void)peer_hear(client, "}");
}

static void broken_chunks_end_it(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		script_reset(i == 0 ? HANDLER_HOLD : HANDLER_PIECES);
		client_says("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			    "2\r\nab\r\nzz\r\n");
		assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 400 ", 13) == 0);
		assert_int_equal(script.gones, 1);
		assert_int_equal(script.reason, CLOSE_BAD_REQUEST);
		assert_int_equal(script.requests, 0);
		(void)close(client);
		client = -1;
	}
}

static void a_chunked_body_has_the_limit_of_the_location(void **state)
{
	(void)state;
	script.wish = HANDLER_PIECES;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2000000\r\n");
	client_sends_pattern(0, (size_t)16 * 1024 * 1024);
	client_says("x");
	assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 413 ", 13) == 0);
	assert_int_equal(script.gones, 1);
	/* The piece that passes it is not shown. */
	assert_true(script.body_bytes <= (size_t)16 * 1024 * 1024);
	assert_true(script.body_bytes > (size_t)16 * 1024 * 1024 - 65536);
	assert_int_equal(proxy_stats.limit_hits_body, 1);
}

/* -- who asks the handler -- */

static void what_it_passes_goes_to_a_worker(void **state)
{
	(void)state;
	script.wish = HANDLER_PASS;
	lb_backend_set_state(handler_backend("b"), BACKEND_DOWN, "test");
	client_says(ASK);
	int worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	peer_say(worker, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	(void)peer_hear(client, "ok");
	assert_int_equal(script.heads, 1);
	assert_int_equal(script.requests, 0);
	client_says(ASK);
	(void)peer_hear(worker, "\r\n\r\n");
	close_with_reset(client);
	client = -1;
	TURN_UNTIL(proxy_stats.connections == 0);
	assert_int_equal(script.gones, 0);
	(void)close(worker);
}

static int setup_sticky(void **state)
{
	(void)state;
	return handler_setup_with(HANDLER_LISTEN "nodes = { mode = \"sticky\"; static_nodes = (\n"
						 "{ node_id = \"a\"; host = \"127.0.0.1\"; port = "
						 "%u; } ); };\n");
}

static void other_pools_do_not_ask(void **state)
{
	(void)state;
	client_says(ASK);
	int worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	assert_int_equal(script.heads, 0);
	(void)close(worker);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, handler_setup, handler_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_may_come_at_once_or_later),
		TEST(a_request_is_shown_as_it_came),
		TEST(answers_without_a_body),
		TEST(a_large_answer_is_not_copied),
		TEST(a_client_that_leaves_its_answer_lets_the_blob_go),
		TEST(refusals_have_the_shape_of_comfyui),
		TEST(octet_by_octet_is_the_same),
		TEST(bodies_are_held_whole),
		TEST(a_body_that_is_too_large_is_refused),
		TEST(who_waits_for_a_100_gets_one),
		TEST(a_body_comes_in_pieces),
		TEST(no_body_is_no_piece),
		TEST(a_piece_may_be_the_last_one),
		TEST(a_handler_that_pauses_is_sent_nothing),
		TEST(broken_chunks_end_it),
		TEST(a_chunked_body_has_the_limit_of_the_location),
		TEST(what_it_passes_goes_to_a_worker),
		cmocka_unit_test_setup_teardown(
			other_pools_do_not_ask, setup_sticky, handler_teardown),
	};
	return cmocka_run_group_tests_name("proxy/handler", tests, NULL, NULL);
}
