/* test/unit/test_proxy_ws_memory.c - memory that runs out anywhere in an end of a WebSocket or in a
 * dial: that one ends, and nothing is left over. */
#include "test/unit/memory_help.h"
#include "test/unit/ws_help.h"

#include "proxy/ws_dial.h"

static void fail_ws_at(long nth)
{
	buf_pool_trim();
	fail_at(nth);
}

static void a_message_in_pieces_without_memory_is_1011(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x01\x81\0\0\0\0x");
	fail_ws_at(0);
	ours.sock.can_read = true;
	/* The close frame finds memory again. */
	assert_false(ws_step(&ours.ws) && ours.closes == 0);
	assert_true(has_failed);
	assert_string_equal(ours.told, "closed 1006 out of memory;");
	assert_memory_equal(take(4) + 2, "\x03\xf3", 2);
}

static void a_message_that_cannot_be_kept_is_not_sent(void **state)
{
	(void)state;
	begin_octets(false, 0);
	fail_ws_at(0);
	assert_false(ws_send(&ours.ws, WS_TEXT, SLICE("x")));
	fail_ws_at(0);
	assert_null(ws_frame_blob(WS_TEXT, SLICE("x")));
	fail_at(-1);
	assert_true(ws_is_clear(&ours.ws));
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("y")));
	ASSERT_GETS("\x81\x01y");
	assert_int_equal(ours.ws.messages_out, 1);
}

static void a_ping_that_cannot_be_answered_ends_it(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x89\x80\0\0\0\0");
	fail_ws_at(0);
	ours.sock.can_read = true;
	assert_false(ws_step(&ours.ws));
	assert_string_equal(ours.told, "closed 1006 out of memory;");
}

static void a_close_that_cannot_be_said_ends_it_from_the_loop(void **state)
{
	(void)state;
	begin_octets(false, 0);
	fail_ws_at(0);
	ws_close(&ours.ws, WS_CODE_NORMAL, "");
	fail_at(-1);
	assert_int_equal(ours.closes, 0);
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1006 out of memory;");
}

/* Without memory for a ping there is none; what is heard still counts. */
static void a_ping_that_cannot_be_asked_kills_nobody(void **state)
{
	(void)state;
	begin_octets(false, 10);
	uint64_t due = ours.ws.ping.due_us;
	fail_ws_at(0);
	TURN_UNTIL(ours.ws.ping.due_us != due);
	assert_true(has_failed);
	fail_at(-1);
	ASSERT_GETS("\x89\x00");
	assert_int_equal(ours.closes, 0);
}

static unsigned told;

static void on_open(int fd, struct buf *early, void *arg)
{
	(void)fd;
	(void)early;
	(void)arg;
	fail_msg("nobody answered");
}

static void on_failed(int error, uint16_t status, void *arg)
{
	(void)status;
	(void)arg;
	assert_true(error < 0);
	told++;
}

static void a_dial_fails_whole(void **state)
{
	(void)state;
	struct addr addr = {
		.u.v4 = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}},
		.len = sizeof(struct sockaddr_in)};
	begin_octets(false, 0);
	for (long nth = 0;; nth++) {
		told = 0;
		fail_ws_at(nth);
		struct ws_dial *dial = ws_dial_start(&(struct ws_dial_ask){.addr = &addr,
			.host = "a",
			.target = "/ws",
			.timeout_ms = 60000,
			.on_open = on_open,
			.on_failed = on_failed});
		bool was_last = !has_failed;
		left = -1;
		assert_int_equal(told, 0);
		/* Port 0 has nobody. */
		if (dial != NULL)
			TURN_UNTIL(told == 1);
		else
			assert_true(has_failed);
		if (was_last)
			break;
	}
}

static int end_test(void **state)
{
	left = -1;
	return teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_in_pieces_without_memory_is_1011),
		TEST(a_message_that_cannot_be_kept_is_not_sent),
		TEST(a_ping_that_cannot_be_answered_ends_it),
		TEST(a_close_that_cannot_be_said_ends_it_from_the_loop),
		TEST(a_ping_that_cannot_be_asked_kills_nobody),
		TEST(a_dial_fails_whole),
	};
	return cmocka_run_group_tests_name("proxy/ws without memory", tests, NULL, NULL);
}
