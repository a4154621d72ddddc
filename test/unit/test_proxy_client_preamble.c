/*
 * test/unit/test_proxy_client_preamble.c - connections that begin with the PROXY protocol's header:
 * who the client is then, what is refused, and what a reload may change.
 */
#include "test/unit/proxy_help.h"

#include "proxy/client.h"

#define LISTEN "listen = [\"127.0.0.1:0\"];\n"
#define BELIEVED LISTEN "proxy_protocol = [\"127.0.0.0/8\"];\n" PROXY_NODES
#define LINE "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n"
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
	return setup_with(BELIEVED);
}

static int setup_unbelieved(void **state)
{
	(void)state;
	return setup_with(LISTEN "proxy_protocol = [\"10.0.0.0/8\", \"::1\"];\n" PROXY_NODES);
}

static int setup_impatient(void **state)
{
	(void)state;
	return setup_with("timeouts = { header = 0.1; };\n" BELIEVED);
}

static int setup_plain(void **state)
{
	(void)state;
	return setup_with(LISTEN PROXY_NODES);
}

static void close_both(void)
{
	if (client >= 0)
		(void)close(client);
	if (worker >= 0)
		(void)close(worker);
	client = worker = -1;
}

static int teardown(void **state)
{
	(void)state;
	close_both();
	proxy_help_end();
	return 0;
}

static void dial(void)
{
	client = client_connect(proxy_help_port());
}

static void say(const char *p, size_t n)
{
	assert_int_equal(send(client, p, n, MSG_NOSIGNAL), n);
}

/* Whom the worker is told of, and the client gets its answer. */
static void assert_forwarded_for(const char *address)
{
	char want[80];
	(void)snprintf(want, sizeof(want), "\r\nX-Forwarded-For: %s\r\n", address);
	if (worker < 0)
		worker = worker_accept();
	assert_non_null(strstr(peer_hear(worker, "\r\n\r\n"), want));
	peer_say(worker, OK);
	(void)peer_hear(client, "\r\n\r\nok");
}

static void the_client_is_who_the_header_says_for_all_of_its_requests(void **state)
{
	(void)state;
	dial();
	peer_say(client, LINE ASK);
	assert_forwarded_for("192.0.2.1");
	peer_say(client, ASK);
	assert_forwarded_for("192.0.2.1");
	assert_int_equal(proxy_stats.requests, 2);
}

static void version_2_says_the_same(void **state)
{
	(void)state;
	static const char header[] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11\xc0\0\x02\x07\xc0\0\x02\x02"
		"\x04\xd2\0\x50\x01\0\x02h2" ASK;
	dial();
	say(header, sizeof(header) - 1);
	assert_forwarded_for("192.0.2.7");
}

static void the_header_may_come_in_any_pieces(void **state)
{
	(void)state;
	static const char all[] = LINE ASK;
	for (size_t cut = 1; cut <= sizeof(LINE); cut++) {
		dial();
		say(all, cut);
		turn_once();
		say(all + cut, sizeof(all) - 1 - cut);
		assert_forwarded_for("192.0.2.1");
		close_both();
		TURN_UNTIL(proxy_stats.connections == 0 && proxy_stats.upstreams == 0);
	}
	dial();
	for (size_t i = 0; i < sizeof(all) - 1; i++) {
		say(all + i, 1);
		turn_once();
	}
	assert_forwarded_for("192.0.2.1");
}

static void one_octet_at_a_time_is_read_the_same(void **state)
{
	sock_short_io = true;
	the_client_is_who_the_header_says_for_all_of_its_requests(state);
	sock_short_io = false;
}

static void a_header_that_says_nothing_leaves_the_address_as_it_is(void **state)
{
	(void)state;
	dial();
	peer_say(client, "PROXY UNKNOWN\r\n" ASK);
	assert_forwarded_for("127.0.0.1");
}

static void a_header_from_elsewhere_is_read_and_not_believed(void **state)
{
	(void)state;
	dial();
	peer_say(client, LINE ASK);
	assert_forwarded_for("127.0.0.1");
}

static void a_connection_without_a_header_is_closed_and_counted(void **state)
{
	(void)state;
	dial();
	peer_say(client, ASK);
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_BAD_PREAMBLE], 1);
	assert_int_equal(proxy_stats.requests, 0);
	assert_non_null(strstr(proxy_help_log(),
		"event=bad_proxy_header client=127.0.0.1 why=\"broken header: \\\"GET / HTTP"));
}

static void a_connection_that_ends_in_its_header_is_closed_and_counted(void **state)
{
	(void)state;
	dial();
	peer_say(client, "PROXY TCP4 ");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_BAD_PREAMBLE], 1);
}

/* As the checks of balancers do. */
static void a_connection_that_says_nothing_and_ends_is_nobodys_fault(void **state)
{
	(void)state;
	dial();
	TURN_UNTIL(proxy_stats.accepted == 1);
	assert_int_equal(proxy_stats.idle, 1);
	close_both();
	TURN_UNTIL(proxy_stats.connections == 0);
	assert_int_equal(proxy_stats.closed[CLOSE_DONE], 1);
	assert_null(strstr(proxy_help_log(), "bad_proxy_header"));
}

static void a_header_that_does_not_come_is_not_waited_for_for_ever(void **state)
{
	(void)state;
	dial();
	peer_say(client, "PROXY TCP4 192.0");
	TURN_UNTIL(proxy_stats.accepted == 1 && proxy_stats.connections == 0);
	assert_int_equal(proxy_stats.closed[CLOSE_HEADER_TIMEOUT], 1);
}

static void one_that_waits_makes_room_and_ends_with_the_rest(void **state)
{
	(void)state;
	dial();
	TURN_UNTIL(proxy_stats.accepted == 1);
	assert_int_equal(proxy_stats.idle, 1);
	proxy_close_all(CLOSE_SHUTDOWN);
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(proxy_stats.closed[CLOSE_SHUTDOWN], 1);
}

static void a_reload_switches_it_on_and_off_and_keeps_the_socket(void **state)
{
	(void)state;
	uint16_t port = proxy_help_port();
	dial();
	peer_say(client, ASK);
	assert_forwarded_for("127.0.0.1");
	assert_true(proxy_help_load(BELIEVED));
	/* A connection that was there goes on as it began. */
	peer_say(client, ASK);
	assert_forwarded_for("127.0.0.1");
	close_both();
	dial();
	peer_say(client, LINE ASK);
	assert_forwarded_for("192.0.2.1");
	close_both();
	assert_true(proxy_help_load(LISTEN PROXY_NODES));
	dial();
	peer_say(client, ASK);
	assert_forwarded_for("127.0.0.1");
	assert_int_equal(proxy_help_port(), port);
}

int main(void)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_client_is_who_the_header_says_for_all_of_its_requests, setup),
		TEST(version_2_says_the_same, setup),
		TEST(the_header_may_come_in_any_pieces, setup),
		TEST(one_octet_at_a_time_is_read_the_same, setup),
		TEST(a_header_that_says_nothing_leaves_the_address_as_it_is, setup),
		TEST(a_header_from_elsewhere_is_read_and_not_believed, setup_unbelieved),
		TEST(a_connection_without_a_header_is_closed_and_counted, setup),
		TEST(a_connection_that_ends_in_its_header_is_closed_and_counted, setup),
		TEST(a_connection_that_says_nothing_and_ends_is_nobodys_fault, setup),
		TEST(a_header_that_does_not_come_is_not_waited_for_for_ever, setup_impatient),
		TEST(one_that_waits_makes_room_and_ends_with_the_rest, setup),
		TEST(a_reload_switches_it_on_and_off_and_keeps_the_socket, setup_plain),
	};
	return cmocka_run_group_tests_name("proxy/client_preamble", tests, NULL, NULL);
}
