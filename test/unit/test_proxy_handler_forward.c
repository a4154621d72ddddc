/* test/unit/test_proxy_handler_forward.c - what a handler sends on to a worker, and exchanges that
 * end while it has them. */
#include "test/unit/handler_help.h"

#define ASK "GET /view?filename=x HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define NOTHING ((struct slice){NULL, 0})

static int worker; /* -1: none */

static int setup(void **state)
{
	worker = -1;
	return handler_setup(state);
}

static int teardown(void **state)
{
	if (worker >= 0)
		(void)close(worker);
	return handler_teardown(state);
}

/* The worker hears that and answers; then the connection ends, so that the next is a new one. */
static void worker_answers(const char *want)
{
	worker = worker_accept();
	const char *got = peer_hear(worker, "\r\n\r\n");
	if (strstr(got, want) == NULL)
		fail_msg("no \"%s\" in \"%s\"", want, got);
	peer_say(worker, OK);
	assert_non_null(strstr(peer_hear(client, "\r\n\r\nok"), "200 OK"));
	(void)close(worker);
	worker = -1;
}

static void assert_nothing_runs(void)
{
	list_each (node, lb_backends())
		assert_int_equal(CONTAINER_OF(node, struct backend, registered)->in_flight, 0);
}

static struct backend *wanted;

static void forward_now(struct exchange *x)
{
	handler_forward(x, wanted, NOTHING, false);
}

static void that_worker_and_no_other_is_asked(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	for (unsigned i = 1; i <= 4; i++) {
		script.on_request = i % 2 != 0 ? forward_now : NULL;
		client_says(ASK);
		struct exchange *x = handler_has(i);
		if (i % 2 == 0)
			forward_now(x);
		worker_answers("GET /view?filename=x HTTP/1.1\r\n");
		assert_int_equal(wanted->stats.picks, i);
		assert_nothing_runs();
	}
	assert_int_equal(script.gones, 0);
	assert_int_equal(handler_backend("b")->stats.picks, 0);
}

static void also_when_it_drains_or_is_thought_down(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	script.on_request = forward_now;
	lb_backend_set_draining(wanted, true);
	client_says(ASK);
	worker_answers("GET /view");
	lb_backend_set_draining(wanted, false);
	lb_backend_set_state(wanted, BACKEND_DOWN, "test");
	client_says(ASK);
	worker_answers("GET /view");
}

static void retarget(struct exchange *x)
{
	struct handler_request r;
	handler_request(x, &r);
	const char *target = arena_copy(r.arena, "/view?filename=y&type=temp", 26);
	handler_forward(x, wanted, (struct slice){target, 26}, false);
}

static void another_target_may_be_asked_for(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	script.on_request = retarget;
	client_says("GET http://a/view?filename=x HTTP/1.1\r\nHost: a\r\n\r\n");
	worker_answers("GET /view?filename=y&type=temp HTTP/1.1\r\nHost: a\r\n");
}

static void a_held_body_goes_along(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	script.on_request = forward_now;
	script.most = 100000;
	client_says("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n");
	client_sends_pattern(0, 20000);
	client_says("\r\n0\r\n\r\n");
	worker = worker_accept();
	static char text[40000];
	size_t n = 0;
	while (n < 20000) {
		ssize_t got = -1;
		TURN_UNTIL((got = recv(worker, text + n, sizeof(text) - 1 - n, 0)) >= 0 ||
			   errno != EAGAIN);
		assert_true(got > 0);
		n += (size_t)got;
		if (strstr(text, "\r\n\r\n") != NULL &&
			n == (size_t)(strstr(text, "\r\n\r\n") + 4 - text) + 20000)
			break;
	}
	assert_non_null(strstr(text, "\r\nContent-Length: 20000\r\n"));
	assert_null(strstr(text, "chunked"));
	const char *body = strstr(text, "\r\n\r\n") + 4;
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(body[i], PATTERN(i));
	peer_say(worker, OK);
	(void)peer_hear(client, "ok");
}

static void learn_now(struct exchange *x)
{
	handler_forward(x, wanted, NOTHING, true);
}

static void forward_anywhere(struct exchange *x)
{
	handler_forward(x, NULL, NOTHING, true);
}

#define WITH_COOKIE                                                                                \
	"GET / HTTP/1.1\r\nHost: a\r\nCookie: comfymux=00112233445566778899aabbccddeeff\r\n\r\n"

static void keys_lead_there_if_that_is_wanted(void **state)
{
	(void)state;
	struct backend *a = handler_backend("a"), *b = handler_backend("b");
	/* Nobody listens on b: what is asked there fails, and goes to a when it may. */
	wanted = b;
	script.on_request = learn_now;
	client_says(WITH_COOKIE);
	assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 502 ", 13) == 0);
	assert_int_equal(b->stats.picks, 1);
	script.on_request = forward_anywhere;
	for (unsigned i = 0; i < 3; i++) {
		client_says(WITH_COOKIE);
		worker_answers("GET / ");
		assert_int_equal(a->stats.picks, i + 1);
	}
	assert_int_equal(b->stats.picks, 2);

	/* Not learned: the key still leads to a. */
	wanted = b;
	script.on_request = forward_now;
	client_says(WITH_COOKIE);
	(void)peer_hear(client, "{}}");
	script.on_request = forward_anywhere;
	client_says(WITH_COOKIE);
	worker_answers("GET / ");
	assert_int_equal(a->stats.picks, 4);
	assert_int_equal(b->stats.picks, 3);
	assert_nothing_runs();
}

static int setup_hasty(void **state)
{
	(void)state;
	worker = -1;
	return handler_setup_with(
		HANDLER_LISTEN "timeouts = { read = 0.3; body = 0.3; };\n" HANDLER_NODES);
}

static void one_that_fails_is_an_error(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	script.on_request = forward_now;
	client_says(ASK);
	worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 504 ", 13) == 0);
	(void)close(worker);
	client_says(ASK);
	worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	close_with_reset(worker);
	worker = -1;
	assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 502 ", 13) == 0);
	assert_int_equal(wanted->stats.picks, 2);
	assert_int_equal(handler_backend("b")->stats.picks, 0);
	assert_nothing_runs();
}

static void a_kept_connection_that_died_is_made_anew(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	script.on_request = forward_now;
	client_says(ASK);
	worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	peer_say(worker, OK);
	(void)peer_hear(client, "ok");
	TURN_UNTIL(wanted->idle_count == 1);
	client_says(ASK);
	(void)peer_hear(worker, "\r\n\r\n");
	close_with_reset(worker);
	worker_answers("GET /view");
	assert_int_equal(proxy_stats.stale_retries, 1);
	assert_int_equal(wanted->stats.picks, 2);
}

/* -- reloads -- */

#define ONLY(id)                                                                                   \
	HANDLER_LISTEN "nodes = { mode = \"fleet\"; static_nodes = ( { node_id = \"" id            \
		       "\"; host = \"127.0.0.1\"; port = %u; } ); };\n"

static void a_worker_that_came_while_it_waited_can_be_asked(void **state)
{
	(void)state;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	struct exchange *x = handler_has(1);
	assert_true(proxy_help_load(ONLY("c")));
	handler_forward(x, handler_backend("c"), NOTHING, false);
	worker_answers("POST / ");
	assert_int_equal(script.heads, 1);
	assert_int_equal(script.requests, 1);
	assert_nothing_runs();
}

static void one_that_left_meanwhile_cannot(void **state)
{
	(void)state;
	client_says(ASK);
	struct exchange *x = handler_has(1);
	struct backend *a = lb_backend_ref(handler_backend("a"));
	assert_true(proxy_help_load(ONLY("c")));
	handler_forward(x, a, NOTHING, false);
	assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 502 ", 13) == 0);
	assert_int_equal(a->stats.picks, 0);
	lb_backend_unref(a);
}

static void a_worker_that_is_only_preferred_is_followed_by_others(void **state)
{
	(void)state;
	script.on_request = NULL;
	client_says(ASK);
	handler_forward_first(handler_has(1), handler_backend("b"));
	worker_answers("GET /view?filename=x HTTP/1.1\r\n");
	assert_int_equal(handler_backend("b")->stats.picks, 1);
	assert_int_equal(handler_backend("a")->stats.picks, 1);
	assert_nothing_runs();
}

static void as_is_one_that_left(void **state)
{
	(void)state;
	client_says(ASK);
	struct exchange *x = handler_has(1);
	struct backend *a = lb_backend_ref(handler_backend("a"));
	assert_true(proxy_help_load(ONLY("c")));
	handler_forward_first(x, a);
	worker_answers("GET /view");
	assert_int_equal(a->stats.picks, 0);
	lb_backend_unref(a);
}

/* -- ends from outside -- */

static void a_client_that_leaves_is_told_once(void **state)
{
	(void)state;
	for (int resets = 0; resets < 2; resets++) {
		script_reset(HANDLER_HOLD);
		client_says(ASK);
		(void)handler_has(1);
		if (resets)
			close_with_reset(client);
		else
			(void)close(client);
		client = -1;
		TURN_UNTIL(proxy_stats.connections == 0);
		assert_int_equal(script.gones, 1);
		assert_int_equal(script.reason, CLOSE_CLIENT_LEFT);
	}
}

static void one_that_leaves_in_its_body_too(void **state)
{
	(void)state;
	for (int wish = HANDLER_HOLD; wish <= HANDLER_PIECES; wish++) {
		script_reset((enum handler_wish)wish);
		client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
		TURN_UNTIL(script.heads == 1);
		(void)close(client);
		client = -1;
		TURN_UNTIL(proxy_stats.connections == 0);
		assert_int_equal(script.gones, 1);
		assert_int_equal(script.reason, CLOSE_CLIENT_LEFT);
		assert_int_equal(script.requests, 0);
	}
}

static void who_has_no_state_is_not_told(void **state)
{
	(void)state;
	script.state = NULL;
	client_says(ASK);
	(void)handler_has(1);
	close_with_reset(client);
	client = -1;
	TURN_UNTIL(proxy_stats.connections == 0);
	assert_int_equal(script.gones, 0);
}

static void a_body_that_stops_is_told(void **state)
{
	(void)state;
	for (int wish = HANDLER_HOLD; wish <= HANDLER_PIECES; wish++) {
		script_reset((enum handler_wish)wish);
		client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
		assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 408 ", 13) == 0);
		assert_int_equal(script.gones, 1);
		assert_int_equal(script.reason, CLOSE_BODY_TIMEOUT);
		(void)close(client);
		client = -1;
	}
}

static void it_may_wait_longer_than_any_limit_of_ours(void **state)
{
	(void)state;
	client_says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	struct exchange *x = handler_has(1);
	assert_false(deadline_is_set(&x->deadline));
	assert_false(deadline_is_set(&x->client->deadline));
	handler_answer(x, 200, "", "", NULL);
	(void)peer_hear(client, "\r\n\r\n");
}

static void the_end_of_all_is_told(void **state)
{
	(void)state;
	client_says(ASK);
	(void)handler_has(1);
	proxy_close_all(CLOSE_SHUTDOWN);
	assert_int_equal(script.gones, 1);
	assert_int_equal(script.reason, CLOSE_SHUTDOWN);
	turn_once();
	assert_int_equal(script.gones, 1);
}

/* A client that half-closes has half a second; what is forwarded by then goes its way. */
static void what_was_let_go_is_not_told(void **state)
{
	(void)state;
	wanted = handler_backend("a");
	script.on_request = forward_now;
	client_says(ASK);
	worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	assert_null(handler_state(script.x));
	close_with_reset(client);
	client = -1;
	TURN_UNTIL(proxy_stats.connections == 0);
	assert_int_equal(script.gones, 0);
	assert_nothing_runs();
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define HASTY(fn) cmocka_unit_test_setup_teardown(fn, setup_hasty, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(that_worker_and_no_other_is_asked),
		TEST(also_when_it_drains_or_is_thought_down),
		TEST(another_target_may_be_asked_for),
		TEST(a_held_body_goes_along),
		TEST(keys_lead_there_if_that_is_wanted),
		HASTY(one_that_fails_is_an_error),
		TEST(a_kept_connection_that_died_is_made_anew),
		TEST(a_worker_that_came_while_it_waited_can_be_asked),
		TEST(one_that_left_meanwhile_cannot),
		TEST(a_worker_that_is_only_preferred_is_followed_by_others),
		TEST(as_is_one_that_left),
		TEST(a_client_that_leaves_is_told_once),
		TEST(one_that_leaves_in_its_body_too),
		TEST(who_has_no_state_is_not_told),
		HASTY(a_body_that_stops_is_told),
		TEST(it_may_wait_longer_than_any_limit_of_ours),
		TEST(the_end_of_all_is_told),
		TEST(what_was_let_go_is_not_told),
	};
	return cmocka_run_group_tests_name("proxy/handler, forwarded", tests, NULL, NULL);
}
