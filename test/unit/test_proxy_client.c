/* test/unit/test_proxy_client.c - a client's connection: requests one after the other, and its end.
 */
#include "test/unit/proxy_help.h"

#include "proxy/client.h"

#define LISTEN "listen = [\"127.0.0.1:0\"];\n"
#define ASK "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static int client, worker; /* -1: none */

static int setup_with(const char *format)
{
	client = worker = -1;
	proxy_help_start(format);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(LISTEN PROXY_NODES);
}

static int teardown(void **state)
{
	(void)state;
	if (client >= 0)
		(void)close(client);
	if (worker >= 0)
		(void)close(worker);
	proxy_help_end();
	return 0;
}

/* A client whose request has reached the worker. */
static void ask(void)
{
	client = client_connect(proxy_help_port());
	peer_say(client, ASK);
	worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
}

static void a_request_is_answered_and_another_may_follow(void **state)
{
	(void)state;
	ask();
	for (int i = 0; i < 3; i++) {
		peer_say(worker, OK);
		assert_non_null(strstr(peer_hear(client, "\r\n\r\nok"), "200 OK"));
		peer_say(client, ASK);
		(void)peer_hear(worker, "\r\n\r\n");
	}
	assert_int_equal(proxy_stats.accepted, 1);
	assert_int_equal(proxy_stats.requests, 4);
	assert_int_equal(proxy_stats.upstreams, 1);
}

static void requests_that_come_at_once_are_answered_in_order(void **state)
{
	(void)state;
	client = client_connect(proxy_help_port());
	peer_say(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
			 "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	worker = worker_accept();
	static const char *const lines[] = {"GET /1 ", "GET /2 ", "GET /3 "};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		assert_ptr_equal(
			strstr(peer_hear(worker, "\r\n\r\n"), lines[i]), peer_hear(worker, ""));
		peer_say(worker, OK);
		(void)peer_hear(client, "\r\n\r\nok");
	}
	assert_int_equal(peer_end(client), 0);
}

static void a_client_that_resets_while_it_waits_is_let_go_at_once(void **state)
{
	(void)state;
	ask();
	close_with_reset(client);
	client = -1;
	assert_int_equal(peer_end(worker), ECONNRESET);
	assert_int_equal(proxy_stats.connections, 0);
	assert_int_equal(proxy_stats.closed[CLOSE_CLIENT_LEFT], 1);
}

static void a_client_that_resets_in_the_middle_of_its_answer_is_let_go_at_once(void **state)
{
	(void)state;
	ask();
	peer_say(worker, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
	(void)peer_hear(client, "begin");
	close_with_reset(client);
	client = -1;
	assert_int_equal(peer_end(worker), ECONNRESET);
	assert_int_equal(proxy_stats.closed[CLOSE_CLIENT_LEFT], 1);
}

static void a_client_that_resets_behind_its_next_request_is_let_go_at_once(void **state)
{
	(void)state;
	ask();
	peer_say(client, ASK);
	turn_once();
	close_with_reset(client);
	client = -1;
	assert_int_equal(peer_end(worker), ECONNRESET);
	assert_int_equal(proxy_stats.closed[CLOSE_CLIENT_LEFT], 1);
}

static void a_client_that_only_says_that_it_is_done_gets_its_answer(void **state)
{
	(void)state;
	ask();
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	turn_once();
	peer_say(worker, OK);
	(void)peer_hear(client, "\r\n\r\nok");
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_DONE], 2);
}

static void a_client_that_closed_costs_its_worker_little(void **state)
{
	(void)state;
	ask();
	(void)close(client);
	client = -1;
	assert_int_equal(peer_end(worker), ECONNRESET);
	assert_int_equal(proxy_stats.closed[CLOSE_CLIENT_LEFT], 1);
}

static void a_client_that_says_nothing_is_closed(void **state)
{
	(void)state;
	client = client_connect(proxy_help_port());
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_HEADER_TIMEOUT], 1);
}

static int setup_hasty(void **state)
{
	(void)state;
	return setup_with(LISTEN PROXY_NODES "timeouts = { header = 0.05; keepalive = 0.05; };\n");
}

static void a_client_that_says_half_a_head_is_told_and_closed(void **state)
{
	(void)state;
	client = client_connect(proxy_help_port());
	peer_say(client, "GET / HTTP/1.1\r\nHo");
	assert_non_null(strstr(peer_hear(client, "</html>"), "HTTP/1.1 408 "));
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_HEADER_TIMEOUT], 1);
}

static void a_client_that_asks_nothing_more_is_closed(void **state)
{
	(void)state;
	ask();
	peer_say(worker, OK);
	(void)peer_hear(client, "\r\n\r\nok");
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_KEEPALIVE_TIMEOUT], 1);
}

static void an_answer_that_comes_early_can_be_read_to_its_end(void **state)
{
	(void)state;
	static char block[65536];
	client = client_connect(proxy_help_port());
	peer_say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
	for (int i = 0; i < 5; i++) {
		(void)send(client, block, sizeof(block), MSG_NOSIGNAL);
		turn_once();
	}
	assert_non_null(strstr(peer_hear(client, "</html>"), "HTTP/1.1 413 "));
	/* It is read on, so that no RST takes the answer along. */
	TURN_UNTIL(send(client, block, sizeof(block), MSG_NOSIGNAL) > 0);
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.connections, 1);
	(void)close(client);
	client = -1;
	TURN_UNTIL(proxy_stats.connections == 0);
}

static void the_oldest_idle_one_makes_room(void **state)
{
	(void)state;
	int other;
	client = client_connect(proxy_help_port());
	TURN_UNTIL(proxy_stats.connections == 1);
	other = client_connect(proxy_help_port());
	TURN_UNTIL(proxy_stats.connections == 2);
	assert_int_equal(proxy_stats.idle, 2);
	/* They have only just come. */
	assert_false(client_close_oldest_idle(CLOSE_IDLE_CLOSED));
	clock_now_us += 2000000;
	assert_true(client_close_oldest_idle(CLOSE_IDLE_CLOSED));
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.connections, 1);
	peer_say(other, ASK);
	worker = worker_accept();
	(void)close(other);
	TURN_UNTIL(proxy_stats.connections == 0);
}

static void all_can_be_closed_at_any_time(void **state)
{
	(void)state;
	int idle = client_connect(proxy_help_port());
	int half = client_connect(proxy_help_port());
	peer_say(half, "GET / HT");
	ask();
	TURN_UNTIL(proxy_stats.connections == 3 && proxy_stats.exchanges == 2);
	clients_close_all(CLOSE_SHUTDOWN);
	assert_int_equal(proxy_stats.connections, 0);
	assert_int_equal(proxy_stats.exchanges, 0);
	assert_int_equal(proxy_stats.closed[CLOSE_SHUTDOWN], 3);
	clients_close_all(CLOSE_SHUTDOWN);
	assert_int_equal(peer_end(idle), 0);
	(void)close(idle);
	(void)close(half);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define HASTY(name) cmocka_unit_test_setup_teardown(name, setup_hasty, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_and_another_may_follow),
		TEST(requests_that_come_at_once_are_answered_in_order),
		TEST(a_client_that_resets_while_it_waits_is_let_go_at_once),
		TEST(a_client_that_resets_in_the_middle_of_its_answer_is_let_go_at_once),
		TEST(a_client_that_resets_behind_its_next_request_is_let_go_at_once),
		TEST(a_client_that_only_says_that_it_is_done_gets_its_answer),
		TEST(a_client_that_closed_costs_its_worker_little),
		HASTY(a_client_that_says_nothing_is_closed),
		HASTY(a_client_that_says_half_a_head_is_told_and_closed),
		HASTY(a_client_that_asks_nothing_more_is_closed),
		TEST(an_answer_that_comes_early_can_be_read_to_its_end),
		TEST(the_oldest_idle_one_makes_room),
		TEST(all_can_be_closed_at_any_time),
	};
	return cmocka_run_group_tests_name("proxy/client", tests, NULL, NULL);
}
