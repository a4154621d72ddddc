/* test/unit/test_proxy_ws.c - what an end of a WebSocket hears and says, before a peer that is the
 * test and before another end. */
#include "test/unit/ws_help.h"

static void messages_go_both_ways(void **state)
{
	(void)state;
	begin_pair(0);
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("hello")));
	assert_true(ws_send(&theirs.ws, WS_BINARY, SLICE("\x01\x02")));
	assert_true(ws_send(&theirs.ws, WS_TEXT, SLICE("")));
	TURN_UNTIL(theirs.messages == 1 && ours.messages == 2);
	assert_string_equal(theirs.told, "text hello;");
	assert_string_equal(ours.told, "binary \x01\x02;text ;");
	assert_int_equal(ours.ws.sent, 5);
	assert_int_equal(ours.ws.received, 2);
	assert_int_equal(ours.ws.messages_in, 2);
	assert_int_equal(theirs.ws.messages_out, 2);
	assert_true(ws_is_clear(&ours.ws) && ws_is_clear(&theirs.ws));
}

/* Idle, it is its struct and nothing else. */
static void who_keeps_up_keeps_no_memory(void **state)
{
	(void)state;
	static char big[300000];
	begin_pair(0);
	buf_pool_trim();
	assert_true(sizeof(struct ws) < 700);
	memset(big, 'b', sizeof(big));
	assert_true(ws_send(&theirs.ws, WS_TEXT, (struct slice){big, sizeof(big)}));
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("hello")));
	TURN_UNTIL(theirs.messages == 1 && ours.messages == 1 && ws_is_clear(&theirs.ws));
	assert_int_equal(buf_waiting(&ours.last), sizeof(big));
	buf_release(&ours.last);
	buf_release(&theirs.last);
	buf_pool_trim();
	assert_int_equal(buf_bytes_in_use(), 0);
}

static void octet_by_octet_is_the_same(void **state)
{
	(void)state;
	begin_pair(0);
	sock_short_io = true;
	struct blob *frames[3];
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		frames[i] = ws_frame_blob(WS_TEXT, slice_of(i == 0 ? "a" : i == 1 ? "bb" : "ccc"));
		assert_non_null(frames[i]);
	}
	size_t taken = 0;
	while (taken < COUNT_OF(frames)) {
		taken += ws_flush(&ours.ws, frames + taken, COUNT_OF(frames) - taken);
		turn_once();
	}
	for (size_t i = 0; i < COUNT_OF(frames); i++)
		blob_unref(frames[i]);
	assert_true(ws_send(&theirs.ws, WS_TEXT, SLICE("dddd")));
	ws_close(&theirs.ws, WS_CODE_NORMAL, "bye");
	TURN_UNTIL(ours.closes == 1 && theirs.closes == 1);
	assert_string_equal(theirs.told, "text a;text bb;text ccc;closed 1000 closed;");
	assert_string_equal(ours.told, "text dddd;closed 1000 closed;");
}

static void what_came_early_is_read_first(void **state)
{
	(void)state;
	int fd;
	struct buf early = {0}, unsent = {0};
	tcp_pair(&fd, &far);
	assert_int_equal(fcntl(far, F_SETFL, O_NONBLOCK), 0);
	assert_true(buf_append(&early, "\x81\x81\0\0\0\0a\x81\x82\0\0\0\0b", 14));
	assert_true(buf_append(&unsent, "HTTP", 4));
	ours = (struct ws_end){0};
	assert_int_equal(sock_init(&ours.sock, fd, ws_end_step), 0);
	ws_init(&ours.ws, &ours.sock, &ws_end_owner, false, 0, MOST, &early, &unsent);
	assert_null(early.p);
	assert_null(unsent.p);
	assert_int_equal(ours.messages, 0);
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("x")));
	SAY("b");
	TURN_UNTIL(ours.messages == 2);
	assert_string_equal(ours.told, "text a;text bb;");
	ASSERT_GETS("HTTP\x81\x01x");
	assert_int_equal(ours.clears, 1);
}

static void many_frames_go_in_one_write(void **state)
{
	(void)state;
	struct blob *frames[200];
	begin_octets(false, 0);
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		frames[i] = ws_frame_blob(WS_TEXT, SLICE("x"));
		assert_non_null(frames[i]);
	}
	assert_int_equal(ws_flush(&ours.ws, frames, COUNT_OF(frames)), COUNT_OF(frames));
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		assert_int_equal(frames[i]->refs, 1);
		blob_unref(frames[i]);
	}
	for (size_t i = 0; i < COUNT_OF(frames); i++)
		ASSERT_GETS("\x81\x01x");
	assert_int_equal(ours.ws.messages_out, 200);
	assert_int_equal(ours.ws.sent, 200);
	assert_int_equal(ours.clears, 0);
}

static void frames_count_their_payload_whatever_their_head(void **state)
{
	(void)state;
	static char big[70000];
	static const size_t lengths[] = {0, 125, 126, 65535, 65536};
	uint64_t all = 0;
	begin_pair(0);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct blob *frame = ws_frame_blob(WS_BINARY, (struct slice){big, lengths[i]});
		assert_non_null(frame);
		TURN_UNTIL(ws_is_clear(&ours.ws));
		assert_int_equal(ws_flush(&ours.ws, &frame, 1), 1);
		blob_unref(frame);
		all += lengths[i];
		assert_int_equal(ours.ws.sent, all);
	}
	TURN_UNTIL(theirs.ws.received == all);
}

/* A peer that reads nothing: one frame is kept in part, the others stay the owner's. */
static void a_slow_reader_gets_the_tail_later(void **state)
{
	(void)state;
	static char payload[100000], drain[65536];
	memset(payload, 'x', sizeof(payload));
	begin_octets(false, 0);
	struct blob *frame = ws_frame_blob(WS_BINARY, (struct slice){payload, sizeof(payload)});
	struct blob *frames[] = {frame, frame, frame, frame};
	assert_non_null(frame);
	size_t all = 0;
	while (ws_is_clear(&ours.ws)) {
		size_t taken = ws_flush(&ours.ws, frames, COUNT_OF(frames));
		assert_in_range(taken, 1, COUNT_OF(frames));
		all += taken;
	}
	assert_int_equal(frame->refs, 2);
	assert_int_equal(ws_flush(&ours.ws, frames, 1), 0);
	assert_int_equal(ours.clears, 0);
	/* Behind it, whatever else is said. */
	assert_true(ws_send(&ours.ws, WS_TEXT, SLICE("last")));
	uint64_t expected = all * frame->n + 6, got_all = 0;
	while (got_all < expected) {
		ssize_t got = recv(far, drain, sizeof(drain), MSG_DONTWAIT);
		got_all += got > 0 ? (uint64_t)got : 0;
		turn_once();
	}
	assert_int_equal(got_all, expected);
	assert_int_equal(ours.clears, 1);
	assert_true(ws_is_clear(&ours.ws));
	assert_int_equal(frame->refs, 1);
	blob_unref(frame);
}

static void order_is_kept_through_a_slow_time(void **state)
{
	(void)state;
	begin_pair(0);
	static char payload[60000];
	unsigned sent = 0;
	/* The other end reads, but its turn comes only now and then. */
	while (sent < 300) {
		memset(payload, 0, sizeof(payload));
		memcpy(payload, &sent, sizeof(sent));
		struct blob *frame = ws_frame_blob(
			WS_BINARY, (struct slice){payload, sizeof(payload)});
		assert_non_null(frame);
		sent += (unsigned)ws_flush(&ours.ws, &frame, 1);
		blob_unref(frame);
		if (!ws_is_clear(&ours.ws))
			turn_once();
		if (theirs.messages != 0) {
			unsigned number;
			memcpy(&number, buf_first(&theirs.last), sizeof(number));
			assert_int_equal(number, theirs.messages - 1);
		}
	}
	TURN_UNTIL(theirs.messages == 300);
	assert_int_equal(theirs.ws.received, 300 * sizeof(payload));
}

static void a_ping_is_answered_with_what_it_said(void **state)
{
	(void)state;
	begin_octets(false, 0);
	SAY("\x89\x82\0\0\0\0hi\x89\x80\0\0\0\0");
	ASSERT_GETS("\x8a\x02hi\x8a\x00");
	/* A client end masks. */
	ws_end_stop(&ours);
	(void)close(far);
	begin_octets(true, 0);
	SAY("\x89\x02hi");
	const char *p = take(8);
	assert_memory_equal(p, "\x8a\x82", 2);
	assert_int_equal(p[6] ^ p[2], 'h');
	assert_int_equal(p[7] ^ p[3], 'i');
	/* A pong that nobody asked for is nothing. */
	SAY("\x8a\x00\x81\x01x");
	TURN_UNTIL(ours.messages == 1);
}

/* Who asks and does not listen gets one answer in the end, the newest, and no memory. */
static void a_flood_of_pings_is_bounded(void **state)
{
	(void)state;
	static char payload[100000], drain[65536], pings[65536];
	begin_octets(false, 0);
	struct blob *frame = ws_frame_blob(WS_BINARY, (struct slice){payload, sizeof(payload)});
	assert_non_null(frame);
	uint64_t expected = 0;
	while (ws_is_clear(&ours.ws))
		expected += ws_flush(&ours.ws, &frame, 1) * frame->n;
	blob_unref(frame);
	size_t n = 0;
	for (unsigned i = 0; n + 10 <= sizeof(pings); i++) {
		memcpy(pings + n, "\x89\x84\0\0\0\0", 6);
		memcpy(pings + n + 6, &i, sizeof(i));
		n += 10;
	}
	assert_int_equal(send(far, pings, n, 0), n);
	TURN_UNTIL(ours.ws.pong != NULL && memcmp(ours.ws.pong->p, pings + n - 4, 4) == 0);
	assert_int_equal(buf_waiting(&ours.ws.out), 0);
	/* Six octets: the newest one's. */
	char last[6] = {0};
	uint64_t got_all = 0;
	while (got_all < expected + 6) {
		ssize_t got = recv(far, drain, sizeof(drain), MSG_DONTWAIT);
		turn_once();
		if (got <= 0)
			continue;
		got_all += (uint64_t)got;
		assert_true(got >= 6 || got_all < expected);
		if (got >= 6)
			memcpy(last, drain + got - 6, 6);
	}
	assert_int_equal(got_all, expected + 6);
	assert_memory_equal(last, "\x8a\x04", 2);
	assert_memory_equal(last + 2, pings + n - 4, 4);
}

/* What another end hears meanwhile must not touch the message that is being told. */
static void step_the_other(struct ws_end *end)
{
	struct slice before = end->ws.reader.payload;
	char copy[16];
	assert_true(before.n <= sizeof(copy));
	memcpy(copy, before.p, before.n);
	assert_true(ws_send(&end->ws, WS_TEXT, SLICE("to them")));
	theirs.sock.can_read = true;
	assert_true(ws_step(&theirs.ws));
	assert_int_equal(theirs.messages, 0);
	assert_memory_equal(before.p, copy, before.n);
}

static void one_end_does_not_read_inside_anothers_message(void **state)
{
	(void)state;
	begin_pair(0);
	ours.on_message = step_the_other;
	assert_true(ws_send(&theirs.ws, WS_TEXT, SLICE("to us")));
	TURN_UNTIL(ours.messages == 1 && theirs.messages == 1);
	assert_string_equal(theirs.told, "text to them;");
}

static void much_is_read_in_several_steps(void **state)
{
	(void)state;
	static char message[262144];
	begin_pair(0);
	uint64_t sent = 0;
	while (sent < 16u << 20) {
		assert_true(
			ws_send(&theirs.ws, WS_BINARY, (struct slice){message, sizeof(message)}));
		sent += sizeof(message);
	}
	TURN_UNTIL(ours.ws.received == sent);
	assert_in_range(ours.most_per_step, 1, (1u << 20) + 2 * sizeof(message));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_go_both_ways),
		TEST(who_keeps_up_keeps_no_memory),
		TEST(octet_by_octet_is_the_same),
		TEST(what_came_early_is_read_first),
		TEST(many_frames_go_in_one_write),
		TEST(frames_count_their_payload_whatever_their_head),
		TEST(a_slow_reader_gets_the_tail_later),
		TEST(order_is_kept_through_a_slow_time),
		TEST(a_ping_is_answered_with_what_it_said),
		TEST(a_flood_of_pings_is_bounded),
		TEST(one_end_does_not_read_inside_anothers_message),
		TEST(much_is_read_in_several_steps),
	};
	return cmocka_run_group_tests_name("proxy/ws", tests, NULL, NULL);
}
