/* test/unit/test_proxy_handler_socket.c - clients' WebSockets that a handler takes. */
#include "test/unit/handler_help.h"

#define UPGRADE                                                                                    \
	"GET /ws?clientId=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "             \
	"Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static struct sock *sock;
static struct buf early, unsent;
static char heard[256];
static bool has_ended;

static int setup(void **state)
{
	sock = NULL;
	early = unsent = (struct buf){0};
	heard[0] = '\0';
	has_ended = false;
	return handler_setup(state);
}

static int teardown(void **state)
{
	buf_release(&early);
	buf_release(&unsent);
	return handler_teardown(state);
}

static void take_now(struct exchange *x)
{
	sock = handler_take_socket(x, &early, &unsent);
}

/* Keeps what comes. At its end, closes. */
static void listen_to(struct exchange *x)
{
	assert_ptr_equal(sock, &x->client->sock);
	while (sock->can_read) {
		size_t n = strlen(heard);
		ssize_t got = sock_read(sock, heard + n, sizeof(heard) - 1 - n);
		if (got == -EAGAIN)
			return;
		if (got <= 0) {
			has_ended = true;
			handler_close_socket(x, CLOSE_TUNNEL_CLOSED, 5, strlen(heard));
			return;
		}
		heard[n + (size_t)got] = '\0';
	}
}

static void write_text(const char *text)
{
	struct iovec iov = {.iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)};
	assert_int_equal(sock_write(sock, &iov, 1), strlen(text));
}

static void a_socket_is_taken_at_once_or_later(void **state)
{
	(void)state;
	script.on_socket = listen_to;
	for (int later = 0; later < 2; later++) {
		script.requests = script.sockets = 0;
		script.on_request = later ? NULL : take_now;
		heard[0] = '\0';
		has_ended = false;
		client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
		struct exchange *x = handler_has(1);
		if (later)
			take_now(x);
		assert_non_null(sock);
		assert_ptr_equal(handler_state(x), &script);
		const char *got = peer_hear(client, "\r\n\r\n");
		assert_true(strncmp(got, "HTTP/1.1 101 Switching Protocols\r\n", 34) == 0);
		assert_non_null(
			strstr(got, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
				    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
		assert_non_null(strstr(got, "\r\nSet-Cookie: comfymux="));
		TURN_UNTIL(script.sockets >= 1);
		assert_int_equal(proxy_stats.tunnels, 1);
		client_says("hello");
		TURN_UNTIL(strcmp(heard, "hello") == 0);
		write_text("world");
		(void)peer_hear(client, "world");
		assert_int_equal(shutdown(client, SHUT_WR), 0);
		TURN_UNTIL(has_ended);
		assert_int_equal(proxy_stats.tunnels, 0);
		assert_int_equal(peer_end(client), 0);
		(void)close(client);
		client = -1;
		TURN_UNTIL(proxy_stats.connections == 0);
	}
	assert_int_equal(script.gones, 0);
	assert_int_equal(proxy_stats.closed[CLOSE_TUNNEL_CLOSED], 2);
}

static void what_came_early_is_handed_over(void **state)
{
	(void)state;
	script.on_request = take_now;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\nearly bird");
	(void)peer_hear(client, "\r\n\r\n");
	assert_true(slice_is(buf_slice(&early), SLICE("early bird")));
	assert_int_equal(buf_waiting(&unsent), 0);
}

static void what_does_not_go_at_once_is_handed_over(void **state)
{
	(void)state;
	sock_short_io = true;
	script.on_request = take_now;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
	(void)handler_has(1);
	sock_short_io = false;
	assert_non_null(sock);
	assert_true(slice_starts(buf_slice(&unsent), SLICE("TTP/1.1 101 ")));
	struct iovec iov = {buf_first(&unsent), buf_waiting(&unsent)};
	assert_int_equal(sock_write(sock, &iov, 1), buf_waiting(&unsent));
	(void)peer_hear(client, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void what_is_no_upgrade_is_refused(void **state)
{
	(void)state;
	script.on_request = take_now;
	client_says("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(strncmp(peer_hear(client, "{}}"), "HTTP/1.1 400 ", 13) == 0);
	assert_null(sock);
	client_says(UPGRADE "Sec-WebSocket-Version: 12\r\n\r\n");
	const char *got = peer_hear(client, "\r\n\r\n");
	assert_true(strncmp(got, "HTTP/1.1 426 ", 13) == 0);
	assert_non_null(strstr(got, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
	assert_null(sock);
	assert_int_equal(script.gones, 0);
	assert_int_equal(script.requests, 2);
}

static void count_in_gone(struct exchange *x)
{
	assert_true(sock_is_open(sock));
	handler_count_socket(x, 1234, 5678);
}

static void the_end_of_all_is_told(void **state)
{
	(void)state;
	script.on_request = take_now;
	script.on_gone = count_in_gone;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
	(void)peer_hear(client, "\r\n\r\n");
	assert_int_equal(proxy_stats.tunnels, 1);
	proxy_close_all(CLOSE_DRAIN_TIMEOUT);
	assert_int_equal(script.gones, 1);
	assert_int_equal(script.reason, CLOSE_DRAIN_TIMEOUT);
	assert_int_equal(proxy_stats.tunnels, 0);
	assert_int_equal(proxy_stats.bytes_from_clients, 5678);
	assert_true(proxy_stats.bytes_to_clients > 1234);
	(void)peer_end(client);
	assert_int_equal(script.gones, 1);
}

static void the_log_says_how_it_went(void **state)
{
	(void)state;
	char path[96];
	struct err err = {""};
	(void)snprintf(path, sizeof(path), "%s/access", proxy_help.folder);
	assert_int_equal(proxy_access_log(path, CONF_LOG_JSON, &err), 0);
	script.on_request = take_now;
	script.on_socket = listen_to;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\nUser-Agent: me\r\n\r\n");
	(void)peer_hear(client, "\r\n\r\n");
	client_says("hello, you");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	TURN_UNTIL(has_ended);
	access_log_finish();
	char text[2048];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	assert_int_equal(unlink(path), 0);
	assert_non_null(strstr(text, "\"status\":101"));
	assert_non_null(strstr(text, "/ws?clientId=1"));
	assert_non_null(strstr(text, "\"pool\":\"nodes\""));
	assert_non_null(strstr(text, "\"reason\":\"tunnel_closed\""));
	assert_non_null(strstr(text, "\"body_bytes\":5,"));
	assert_non_null(strstr(text, "\"bytes_in\":10,"));
	assert_non_null(strstr(text, "\"user_agent\":\"me\""));
}

static void a_page_holds_no_generation_and_no_buffer(void **state)
{
	(void)state;
	struct generation *old = generation_ref(proxy_generation());
	script.on_request = take_now;
	script.on_socket = listen_to;
	uint64_t before = buf_bytes_in_use();
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
	(void)peer_hear(client, "\r\n\r\n");
	assert_true(proxy_help_load(HANDLER_LISTEN HANDLER_LIMITS HANDLER_NODES));
	assert_int_equal(old->refs, 1);
	generation_unref(old);
	assert_int_equal(buf_bytes_in_use(), HAS_ASAN ? before : buf_bytes_in_use());
	assert_null(script.x->head);
	client_says("still there");
	TURN_UNTIL(strcmp(heard, "still there") == 0);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	TURN_UNTIL(has_ended);
}

/* It closed while octets of the client's were not read: they must not cost it the last words. */
static void a_close_is_in_order(void **state)
{
	(void)state;
	script.on_request = take_now;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
	(void)peer_hear(client, "\r\n\r\n");
	client_says("not read");
	TURN_UNTIL(sock->can_read);
	write_text("goodbye");
	handler_close_socket(script.x, CLOSE_DONE, 7, 0);
	(void)peer_hear(client, "goodbye");
	assert_int_equal(peer_end(client), 0);
	(void)close(client);
	client = -1;
	TURN_UNTIL(proxy_stats.connections == 0);
	assert_int_equal(script.gones, 0);
}

static void take_and_close(struct exchange *x)
{
	take_now(x);
	assert_non_null(sock);
	handler_close_socket(x, CLOSE_DONE, 0, 0);
}

static void it_may_be_closed_where_it_was_taken(void **state)
{
	(void)state;
	script.on_request = take_and_close;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
	(void)peer_hear(client, "\r\n\r\n");
	assert_int_equal(peer_end(client), 0);
	assert_int_equal(script.sockets, 0);
	assert_int_equal(script.gones, 0);
}

static void a_broken_client_is_reset(void **state)
{
	(void)state;
	script.on_request = take_now;
	client_says(UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n");
	(void)peer_hear(client, "\r\n\r\n");
	handler_close_socket(script.x, CLOSE_SEND_TIMEOUT, 0, 0);
	assert_int_equal(peer_end(client), ECONNRESET);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_socket_is_taken_at_once_or_later),
		TEST(what_came_early_is_handed_over),
		TEST(what_does_not_go_at_once_is_handed_over),
		TEST(what_is_no_upgrade_is_refused),
		TEST(the_end_of_all_is_told),
		TEST(the_log_says_how_it_went),
		TEST(a_page_holds_no_generation_and_no_buffer),
		TEST(a_close_is_in_order),
		TEST(it_may_be_closed_where_it_was_taken),
		TEST(a_broken_client_is_reset),
	};
	return cmocka_run_group_tests_name("proxy/handler, sockets", tests, NULL, NULL);
}
