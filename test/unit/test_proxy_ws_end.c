/* test/unit/test_proxy_ws_end.c - how an end of a WebSocket ends. */
#include "test/unit/ws_help.h"

#define NEVER_MS 3600000 /* the test says when a ping is due */

static void ping_is_due(struct ws_end *end)
{
	assert_true(deadline_is_set(&end->ws.ping));
	deadline_clear(&end->ws.ping);
	end->ws.ping.on_due(&end->ws.ping);
}

static void a_quiet_peer_is_asked_and_lives_if_it_answers(void **state)
{
	(void)state;
	begin_octets(false, NEVER_MS);
	for (int i = 0; i < 3; i++) {
		ping_is_due(&ours);
		ASSERT_GETS("\x89\x00");
		SAY("\x8a\x80\0\0\0\0");
		TURN_UNTIL(ours.ws.has_heard);
	}
	assert_int_equal(ours.closes, 0);
}

static void a_dead_peer_is_found_by_its_silence(void **state)
{
	(void)state;
	begin_octets(false, 20);
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1006 no answer to a ping;");
	ASSERT_GETS("\x89\x00");
}

/* Two ends keep each other alive without the owners. */
static void two_ends_live_on_pings_alone(void **state)
{
	(void)state;
	begin_pair(NEVER_MS);
	for (int i = 0; i < 10; i++) {
		ping_is_due(&ours);
		ping_is_due(&theirs);
		assert_int_equal(ours.closes + theirs.closes, 0);
		TURN_UNTIL(ours.ws.has_heard && theirs.ws.has_heard);
	}
}

/* Octets that have reached the peer's kernel. */
static uint64_t arrived(void)
{
	return ours.ws.wired - sock_in_flight(&ours.sock);
}

/* The peer takes something, and more comes after it. */
static void let_some_arrive(void)
{
	static char drain[200000];
	uint64_t before = arrived();
	while (arrived() == before) {
		ssize_t got = recv(far, drain, sizeof(drain), 0);
		assert_true(got > 0 || (got < 0 && errno == EAGAIN));
		turn_once();
	}
}

static void who_takes_what_is_under_way_is_not_dead(void **state)
{
	(void)state;
	static char payload[4000000];
	begin_octets(false, NEVER_MS);
	int room = 65536; /* or the kernel takes it all at once */
	assert_int_equal(setsockopt(far, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	struct blob *frame = ws_frame_blob(WS_BINARY, (struct slice){payload, sizeof(payload)});
	struct blob *frames[] = {frame, frame, frame};
	assert_non_null(frame);
	(void)ws_flush(&ours.ws, frames, 3);
	blob_unref(frame);
	assert_false(ws_is_clear(&ours.ws));
	/* Over several intervals it takes a little, and says nothing. */
	for (int i = 0; i < 8; i++) {
		let_some_arrive();
		ping_is_due(&ours);
		assert_string_equal(ours.told, "");
	}
	/* Then it takes nothing; what still finds room in its kernel comes to an end. */
	for (int i = 0; i < 1000 && ours.closes == 0; i++)
		ping_is_due(&ours);
	assert_string_equal(ours.told, "closed 1006 no answer to a ping;");
}

static void the_peers_close_is_answered_with_its_code(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x88\x85\0\0\0\0\x0f\xa1"
	    "bye\x81\x81\0\0\0\0x");
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 4001 closed;");
	ASSERT_GETS("\x88\x02\x0f\xa1");
	assert_int_equal(ours.messages, 0);
}

static void a_close_without_a_code_is_answered_without(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x88\x80\0\0\0\0");
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1005 closed;");
	ASSERT_GETS("\x88\x00");
}

static void our_close_waits_for_the_peers(void **state)
{
	(void)state;
	begin_octets(false, 0);
	ws_close(&ours.ws, WS_CODE_GOING_AWAY, "over");
	ws_close(&ours.ws, WS_CODE_NORMAL, "again");
	assert_false(ws_is_clear(&ours.ws));
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("dropped")));
	ASSERT_GETS("\x88\x06\x03\xe9over");
	/* What it still says is not told. */
	SAY("\x81\x81\0\0\0\0x\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe9");
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1001 closed;");
	assert_gets_end();
}

static void a_client_end_lets_the_server_hang_up(void **state)
{
	(void)state;
	begin_octets(true, 0);
	SAY("\x88\x02\x03\xe8");
	(void)take(8);
	turn_once();
	assert_int_equal(ours.closes, 0);
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1000 closed;");
}

static void both_ends_close_in_order(void **state)
{
	(void)state;
	for (int who = 0; who < 3; who++) {
		begin_pair(0);
		if (who != 1)
			ws_close(&ours.ws, WS_CODE_RESTART, "restart");
		if (who != 0)
			ws_close(&theirs.ws, WS_CODE_RESTART, "restart");
		TURN_UNTIL(ours.closes == 1 && theirs.closes == 1);
		assert_string_equal(ours.told, "closed 1012 closed;");
		assert_string_equal(theirs.told, "closed 1012 closed;");
		turn_once();
	}
}

static void a_long_reason_is_cut_between_characters(void **state)
{
	(void)state;
	char why[200];
	begin_octets(false, 0);
	/* 122 octets and then two-octet characters. */
	memset(why, 'a', 122);
	for (size_t i = 122; i + 2 < sizeof(why); i += 2)
		memcpy(why + i, "\xc3\xa9", 3);
	ws_close(&ours.ws, WS_CODE_NORMAL, why);
	const char *p = take(126);
	assert_memory_equal(p, "\x88\x7c\x03\xe8", 4);
	assert_memory_equal(p + 4, why, 122);
}

static void a_wrong_frame_is_told_and_ends_it(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x81\x81\0\0\0\0x\x81\x01x\x81\x81\0\0\0\0y");
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "text x;closed 1006 a client's frame is not masked;");
	assert_memory_equal(take(4) + 2, "\x03\xea", 2);
}

static void a_message_that_is_too_big_is_1009(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x82\xff\0\0\0\0\x01\0\0\0\0\0\0\0");
	TURN_UNTIL(ours.closes == 1);
	assert_memory_equal(take(4) + 2, "\x03\xf1", 2);
}

static void an_end_without_a_close_is_abnormal(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x81\x81\0\0\0\0x");
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "text x;closed 1006 ended without a close;");
}

static void a_reset_is_abnormal_and_what_came_before_is_heard(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x81\x81\0\0\0\0x");
	TURN_UNTIL(ours.messages == 1);
	close_with_reset(far);
	far = open("/dev/null", O_RDONLY);
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "text x;closed 1006 reset;");
}

/* Writing fails first; the close frame that lies there is still read. */
static void a_close_is_heard_though_nothing_can_be_written(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x88\x82\0\0\0\0\x03\xe8");
	assert_int_equal(shutdown(ours.sock.fd, SHUT_WR), 0);
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("x")));
	assert_true(ours.ws.is_mute);
	assert_false(ws_is_clear(&ours.ws));
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1000 closed;");
}

static void a_failed_write_ends_it_from_the_loop(void **state)
{
	(void)state;
	begin_octets(false, 0);
	assert_int_equal(shutdown(ours.sock.fd, SHUT_WR), 0);
	struct blob *frame = ws_frame_blob(WS_TEXT, SLICE("x"));
	assert_non_null(frame);
	assert_int_equal(ws_flush(&ours.ws, &frame, 1), 0);
	assert_int_equal(ours.closes, 0);
	blob_unref(frame);
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "closed 1006 reset;");
}

static void an_owner_may_close_amid_messages(void **state)
{
	(void)state;
	begin_octets(false, 0);
	ours.closes_on_message = true;
	SAY("\x81\x81\0\0\0\0x\x81\x81\0\0\0\0y\x88\x82\0\0\0\0\x03\xe8");
	TURN_UNTIL(ours.closes == 1);
	assert_string_equal(ours.told, "text x;closed 1000 closed;");
	ASSERT_GETS("\x88\x08\x03\xe8"
		    "enough");
}

static void an_owner_may_finish_amid_messages(void **state)
{
	(void)state;
	begin_octets(false, 0);
	ours.finishes_on_message = true;
	/* The first in two frames, so that the reader holds memory. */
	SAY("\x01\x81\0\0\0\0x\x80\x81\0\0\0\0y\x81\x81\0\0\0\0z");
	TURN_UNTIL(ours.ws.is_over);
	turn_once();
	assert_string_equal(ours.told, "text xy;");
	assert_int_equal(ours.closes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_quiet_peer_is_asked_and_lives_if_it_answers),
		TEST(a_dead_peer_is_found_by_its_silence),
		TEST(two_ends_live_on_pings_alone),
		TEST(who_takes_what_is_under_way_is_not_dead),
		TEST(the_peers_close_is_answered_with_its_code),
		TEST(a_close_without_a_code_is_answered_without),
		TEST(our_close_waits_for_the_peers),
		TEST(a_client_end_lets_the_server_hang_up),
		TEST(both_ends_close_in_order),
		TEST(a_long_reason_is_cut_between_characters),
		TEST(a_wrong_frame_is_told_and_ends_it),
		TEST(a_message_that_is_too_big_is_1009),
		TEST(an_end_without_a_close_is_abnormal),
		TEST(a_reset_is_abnormal_and_what_came_before_is_heard),
		TEST(a_close_is_heard_though_nothing_can_be_written),
		TEST(a_failed_write_ends_it_from_the_loop),
		TEST(an_owner_may_close_amid_messages),
		TEST(an_owner_may_finish_amid_messages),
	};
	return cmocka_run_group_tests_name("proxy/ws, its end", tests, NULL, NULL);
}
