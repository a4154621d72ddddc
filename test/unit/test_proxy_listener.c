/* test/unit/test_proxy_listener.c - listening sockets over reloads, at the limits, and at the end.
 */
#include "test/unit/proxy_help.h"

#include "proxy/listener.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LISTEN "listen = [\"127.0.0.1:0\"];\n"
#define ASK "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define RESPOND                                                                                    \
	"servers = ( { listen = [%s]; locations = ( { path = \"/\"; respond = { status = 200; "    \
	"type = "                                                                                  \
	"\"text/plain\"; body = \"%s\"; }; } ); } );\n"

static char text[4096];

/* A configuration whose every answer is `body`. */
static const char *responding(const char *listens, const char *body)
{
	(void)snprintf(text, sizeof(text), RESPOND, listens, body);
	return text;
}

static int setup(void **state)
{
	(void)state;
	proxy_help_start(responding("\"127.0.0.1:0\"", "first"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	proxy_help_end();
	return 0;
}

static const char *ask(int client)
{
	peer_say(client, ASK);
	const char *head = peer_hear(client, "\r\n\r\n");
	const char *body = strstr(head, "\r\n\r\n") + 4;
	size_t length = strtoul(strstr(head, "Content-Length: ") + 16, NULL, 10);
	/* The body comes with its head, or right behind it. */
	return strlen(body) == length ? head : peer_hear(client, "st");
}

static bool can_connect(uint16_t port)
{
	struct sockaddr_in addr = proxy_help_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_good = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
	(void)close(fd);
	return is_good;
}

static void the_log_tells_where_it_really_is(void **state)
{
	(void)state;
	uint16_t port = proxy_help_port();
	char want[128];
	assert_int_not_equal(port, 0);
	(void)snprintf(
		want, sizeof(want), " address=127.0.0.1:%u configured=127.0.0.1:0 tls=off\n", port);
	assert_non_null(strstr(proxy_help_log(), want));
	int client = client_connect(port);
	assert_non_null(strstr(ask(client), "first"));
	(void)close(client);
}

static void a_reload_keeps_the_socket_and_its_clients(void **state)
{
	(void)state;
	uint16_t port = proxy_help_port();
	int client = client_connect(port);
	assert_non_null(strstr(ask(client), "first"));
	/* Not accepted yet. */
	int waiting = client_connect(port);
	assert_true(proxy_help_load(responding("\"127.0.0.1:0\"", "newest")));
	assert_int_equal(proxy_generation()->number, proxy_help.number);
	assert_non_null(strstr(ask(client), "newest"));
	assert_null(strstr(ask(client), "Connection: close"));
	assert_non_null(strstr(ask(waiting), "newest"));
	assert_int_equal(proxy_stats.accepted, 2);
	(void)close(client);
	(void)close(waiting);
}

static void a_listener_that_is_dropped_serves_who_is_there(void **state)
{
	(void)state;
	uint16_t port = proxy_help_port();
	int client = client_connect(port);
	assert_non_null(strstr(ask(client), "first"));
	int waiting = client_connect(port);
	assert_true(proxy_help_load(responding("\"127.0.0.2:0\"", "other")));
	assert_false(can_connect(port));
	assert_non_null(strstr(proxy_help_log(), "event=listening_ended configured=127.0.0.1:0"));
	/* Both hear that this was the last answer here. */
	assert_non_null(strstr(ask(client), "\r\nConnection: close\r\n"));
	assert_int_equal(peer_end(client), 0);
	assert_non_null(strstr(ask(waiting), "\r\nConnection: close\r\n"));
	assert_int_equal(peer_end(waiting), 0);
	(void)close(client);
	(void)close(waiting);
}

static void an_address_that_is_taken_changes_nothing(void **state)
{
	(void)state;
	uint16_t port = proxy_help_port();
	char listens[128];
	/* The worker has it; the one before it would have been new. */
	(void)snprintf(listens, sizeof(listens),
		"\"127.0.0.1:0\", \"127.0.0.3:0\", \"127.0.0.1:%u\"", proxy_help.worker_port);
	assert_false(proxy_help_load(responding(listens, "never")));
	assert_int_equal(proxy_generation()->number, proxy_help.number - 1);
	assert_null(strstr(proxy_help_log(), "127.0.0.3"));
	int client = client_connect(port);
	assert_non_null(strstr(ask(client), "first"));
	(void)close(client);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	struct generation *generation;
	struct conf_problems problems;
	char listens[64], want[128];
	(void)snprintf(listens, sizeof(listens), "\"127.0.0.1:%u\"", proxy_help.worker_port);
	conf_problems_init(&problems);
	assert_int_equal(generation_create(&generation,
				 conf_help_read(responding(listens, "never")), 9, &problems),
		0);
	assert_int_equal(proxy_listen(generation, &problems), -EADDRINUSE);
	(void)snprintf(want, sizeof(want),
		"1: cannot listen on 127.0.0.1:%u: Address already in use\n",
		proxy_help.worker_port);
	assert_string_equal(conf_help_list(&problems, false), want);
	conf_problems_finish(&problems);
	generation_unref(generation);
}

static void a_reload_that_fails_later_closes_what_it_opened(void **state)
{
	(void)state;
	struct generation *generation;
	struct conf_problems problems;
	conf_problems_init(&problems);
	assert_int_equal(
		generation_create(&generation,
			conf_help_read(responding("\"127.0.0.1:0\", \"127.0.0.3:0\"", "x")), 9,
			&problems),
		0);
	int lowest = dup(0);
	(void)close(lowest);
	assert_int_equal(proxy_listen(generation, &problems), 0);
	proxy_unlisten_new();
	int again = dup(0);
	(void)close(again);
	assert_int_equal(again, lowest);
	conf_problems_finish(&problems);
	generation_unref(generation);
	int client = client_connect(proxy_help_port());
	assert_non_null(strstr(ask(client), "first"));
	(void)close(client);
}

/* -- unix sockets -- */

static struct sockaddr_un unix_addr(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", proxy_help.folder);
	return addr;
}

static bool load_unix(void)
{
	char listens[160];
	(void)snprintf(listens, sizeof(listens), "\"unix:%s\"", unix_addr().sun_path);
	return proxy_help_load(responding(listens, "unix first"));
}

static void a_unix_socket_is_there_for_all_and_gone_at_the_end(void **state)
{
	(void)state;
	struct sockaddr_un addr = unix_addr();
	struct stat st;
	assert_true(load_unix());
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
	assert_non_null(strstr(ask(client), "unix first"));
	(void)close(client);
	assert_true(proxy_help_load(responding("\"127.0.0.1:0\"", "first")));
	assert_int_equal(stat(addr.sun_path, &st), -1);
}

static void a_socket_that_a_crash_left_is_replaced_and_one_in_use_is_not(void **state)
{
	(void)state;
	struct sockaddr_un addr = unix_addr();
	int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(other, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(other, 1), 0);
	assert_false(load_unix());
	(void)close(other);
	assert_true(load_unix());
	assert_true(proxy_help_load(responding("\"127.0.0.1:0\"", "first")));
}

static void a_file_in_its_place_is_left_alone(void **state)
{
	(void)state;
	struct sockaddr_un addr = unix_addr();
	FILE *file = fopen(addr.sun_path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_false(load_unix());
	assert_int_equal(unlink(addr.sun_path), 0);
}

/* -- limits -- */

static void no_more_are_accepted_than_may_be_and_then_again(void **state)
{
	(void)state;
	char *end = text + strlen(responding("\"127.0.0.1:0\"", "first"));
	(void)snprintf(end, 64, "limits = { max_connections = 2; };\n");
	assert_true(proxy_help_load(text));
	uint16_t port = proxy_help_port();
	int clients[3];
	for (size_t i = 0; i < COUNT_OF(clients); i++)
		clients[i] = client_connect(port);
	TURN_UNTIL(proxy_stats.connections == 2 && proxy_stats.accept_paused == 1);
	assert_int_equal(proxy_stats.accepted, 2);
	assert_non_null(strstr(proxy_help_log(), "event=max_connections connections=2"));
	(void)close(clients[0]);
	TURN_UNTIL(proxy_stats.accepted == 3);
	assert_non_null(strstr(ask(clients[2]), "first"));
	(void)close(clients[1]);
	(void)close(clients[2]);
}

static void who_has_been_idle_for_a_while_makes_room(void **state)
{
	(void)state;
	char *end = text + strlen(responding("\"127.0.0.1:0\"", "first"));
	(void)snprintf(end, 64, "limits = { max_connections = 1; };\n");
	assert_true(proxy_help_load(text));
	int idle = client_connect(proxy_help_port());
	assert_non_null(strstr(ask(idle), "first"));
	int client = client_connect(proxy_help_port());
	assert_non_null(strstr(ask(client), "first"));
	assert_int_equal(peer_end(idle), 0);
	assert_int_equal(proxy_stats.idle_closed, 1);
	(void)close(idle);
	(void)close(client);
}

static void without_descriptors_it_waits_and_says_so(void **state)
{
	(void)state;
	struct rlimit before, none;
	int client = client_connect(proxy_help_port());
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	TURN_UNTIL(proxy_stats.accept_errors != 0);
	uint64_t errors = proxy_stats.accept_errors;
	/* It does not spin on it. */
	turn_once();
	turn_once();
	assert_int_equal(proxy_stats.accept_errors, errors);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(strstr(ask(client), "first"));
	assert_non_null(
		strstr(proxy_help_log(), "event=accept_failed error=\"Too many open files\""));
	(void)close(client);
}

/* -- the end; clients.c stays stopped, so these are the last -- */

static bool is_empty_now;

static void on_empty(void)
{
	is_empty_now = true;
}

static void quitting_finishes_what_runs_and_then_tells(void **state)
{
	(void)state;
	uint16_t port = proxy_help_port();
	assert_true(proxy_help_load(LISTEN PROXY_NODES));
	int idle = client_connect(port);
	TURN_UNTIL(proxy_stats.idle == 1);
	int client = client_connect(port);
	peer_say(client, ASK);
	int worker = worker_accept();
	(void)peer_hear(worker, "\r\n\r\n");
	is_empty_now = false;
	proxy_on_empty(on_empty);
	proxy_stop_accepting();
	assert_false(can_connect(port));
	assert_false(is_empty_now);
	/* The idle one has a moment's grace. */
	assert_int_equal(peer_end(idle), 0);
	assert_false(is_empty_now);
	assert_int_equal(proxy_connections(), 1);
	peer_say(worker, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	assert_non_null(strstr(peer_hear(client, "\r\n\r\nok"), "\r\nConnection: close\r\n"));
	(void)close(client);
	TURN_UNTIL(is_empty_now);
	(void)close(idle);
	(void)close(worker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_log_tells_where_it_really_is),
		TEST(a_reload_keeps_the_socket_and_its_clients),
		TEST(a_listener_that_is_dropped_serves_who_is_there),
		TEST(an_address_that_is_taken_changes_nothing),
		TEST(what_is_wrong_is_told_with_its_place),
		TEST(a_reload_that_fails_later_closes_what_it_opened),
		TEST(a_unix_socket_is_there_for_all_and_gone_at_the_end),
		TEST(a_socket_that_a_crash_left_is_replaced_and_one_in_use_is_not),
		TEST(a_file_in_its_place_is_left_alone),
		TEST(no_more_are_accepted_than_may_be_and_then_again),
		TEST(who_has_been_idle_for_a_while_makes_room),
		TEST(without_descriptors_it_waits_and_says_so),
		TEST(quitting_finishes_what_runs_and_then_tells),
	};
	return cmocka_run_group_tests_name("proxy/listener", tests, NULL, NULL);
}
