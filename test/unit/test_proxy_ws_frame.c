/* test/unit/test_proxy_ws_frame.c - every rule of RFC 6455 section 5, and no way to cut a stream
 * that changes what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/ws_frame.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST 70000
#define TOLD_MOST 200000

/* What a reader said of a stream. */
struct told {
	char p[TOLD_MOST];
	size_t n;
};

static void tell(struct told *told, const struct ws_reader *reader, enum ws_verdict verdict)
{
	static const char *const names[] = {[WS_TEXT] = "text",
		[WS_BINARY] = "binary",
		[WS_CLOSE] = "close",
		[WS_PING] = "ping",
		[WS_PONG] = "pong"};
	char *p = told->p + told->n;
	size_t room = sizeof(told->p) - told->n;
	int n;
	if (verdict == WS_BAD)
		n = snprintf(p, room, "bad %u ", reader->code);
	else if (verdict == WS_CONTROL && reader->opcode == WS_CLOSE)
		n = snprintf(p, room, "close %u %.*s ", reader->code,
			reader->payload.n < 2 ? 0 : (int)reader->payload.n - 2,
			reader->payload.n < 2 ? "" : reader->payload.p + 2);
	else
		n = snprintf(p, room, "%s %.*s ", names[reader->opcode], (int)reader->payload.n,
			reader->payload.n == 0 ? "" : reader->payload.p);
	assert_in_range(n, 1, room - 1);
	told->n += (size_t)n;
	if (verdict == WS_BAD)
		assert_true(reader->why[0] != '\0');
}

/* One piece, in a block of its own. False: the stream is bad. */
static bool feed(struct ws_reader *reader, struct told *told, const char *p, size_t n)
{
	char *piece = malloc(n == 0 ? 1 : n);
	assert_non_null(piece);
	memcpy(piece, p, n);
	size_t at = 0;
	enum ws_verdict verdict;
	do {
		size_t used;
		verdict = ws_read(reader, piece + at, n - at, &used);
		at += used;
		assert_true(at <= n);
		if (verdict != WS_MORE)
			tell(told, reader, verdict);
	} while (verdict == WS_MESSAGE || verdict == WS_CONTROL);
	if (verdict == WS_MORE)
		assert_int_equal(at, n);
	free(piece);
	return verdict == WS_MORE;
}

static const struct told *read_split(struct slice in, bool wants_mask, size_t first, size_t rest)
{
	static struct told tolds[2];
	static unsigned turn;
	struct told *told = &tolds[turn++ % 2];
	struct ws_reader reader;
	told->n = 0;
	ws_reader_init(&reader, wants_mask, MOST);
	bool goes_on = feed(&reader, told, in.p, first);
	for (size_t at = first; goes_on && at < in.n; at += rest)
		goes_on = feed(&reader, told, in.p + at, min_size(rest, in.n - at));
	ws_reader_finish(&reader);
	told->p[told->n] = '\0';
	return told;
}

/* In one piece, in two at every place, and in many small ones. */
static const char *read_frames(struct slice in, bool wants_mask)
{
	static char whole[TOLD_MOST];
	memcpy(whole, read_split(in, wants_mask, in.n, 1)->p, sizeof(whole));
	size_t step = in.n < 2000 ? 1 : in.n / 50;
	for (size_t first = 0; first <= in.n; first += step)
		assert_string_equal(read_split(in, wants_mask, first, in.n)->p, whole);
	for (size_t rest = 1; rest < 9; rest++)
		assert_string_equal(read_split(in, wants_mask, 0, rest)->p, whole);
	return whole;
}

#define READ(literal) read_frames(SLICE(literal), false)
#define READ_CLIENT(literal) read_frames(SLICE(literal), true)

static void the_examples_of_the_standard(void **state)
{
	(void)state;
	assert_string_equal(READ("\x81\x05Hello"), "text Hello ");
	assert_string_equal(
		READ_CLIENT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text Hello ");
	assert_string_equal(READ("\x01\x03Hel\x80\x02lo"), "text Hello ");
	assert_string_equal(READ("\x89\x05Hello"), "ping Hello ");
	assert_string_equal(
		READ_CLIENT("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "pong Hello ");
}

/* A frame of `n` octets 'x', FIN and opcode in `first`, its length written with `octets`. */
static struct slice long_frame(uint8_t first, size_t n, unsigned octets)
{
	static char p[MOST + 100];
	size_t at = 1;
	p[0] = (char)first;
	p[at++] = (char)(octets == 2 ? 126 : octets == 8 ? 127 : n);
	for (unsigned i = octets; i-- != 0;)
		p[at++] = (char)((uint64_t)n >> (8 * i));
	memset(p + at, 'x', n);
	return (struct slice){p, at + n};
}

static void lengths_of_all_three_forms(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		unsigned octets;
	} cases[] = {{0, 0}, {125, 0}, {126, 2}, {127, 2}, {65535, 2}, {65536, 8}, {MOST, 8}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *told = read_frames(
			long_frame(0x82, cases[i].n, cases[i].octets), false);
		assert_int_equal(strlen(told), strlen("binary  ") + cases[i].n);
		assert_int_equal(strspn(told + strlen("binary "), "x"), cases[i].n);
	}
}

static void a_length_must_be_the_shortest_one(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		unsigned octets;
	} cases[] = {{0, 2}, {125, 2}, {0, 8}, {125, 8}, {126, 8}, {65535, 8}};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(
			read_frames(long_frame(0x82, cases[i].n, cases[i].octets), false),
			"bad 1002 ");
	/* The top bit of 64 (section 5.2). */
	assert_string_equal(READ("\x82\x7f\x80\0\0\0\0\0\0\x01x"), "bad 1002 ");
	assert_string_equal(READ("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), "bad 1002 ");
}

static void who_must_mask_and_who_must_not(void **state)
{
	(void)state;
	assert_string_equal(READ_CLIENT("\x81\x05Hello"), "bad 1002 ");
	assert_string_equal(READ("\x81\x85\0\0\0\0Hello"), "bad 1002 ");
	assert_string_equal(READ_CLIENT("\x89\0"), "bad 1002 ");
	assert_string_equal(READ("\x88\x80\0\0\0\0"), "bad 1002 ");
	/* Known from two octets. */
	assert_string_equal(READ_CLIENT("\x81\x05"), "bad 1002 ");
}

static void reserved_bits_and_opcodes_are_refused(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		char frame[] = {(char)first, 0};
		unsigned opcode = first & 15;
		bool is_known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
		bool may = (first & 0x70) == 0 && is_known && opcode != WS_CONTINUATION &&
			   (opcode < 8 || (first & 0x80) != 0);
		const char *told = read_frames((struct slice){frame, 2}, false);
		assert_int_equal(strcmp(told, "bad 1002 ") != 0, may);
		/* The first octet alone decides. */
		assert_string_equal(
			read_frames((struct slice){frame, 1}, false), may ? "" : "bad 1002 ");
	}
}

static void control_frames_are_short_and_whole(void **state)
{
	(void)state;
	for (unsigned opcode = WS_CLOSE; opcode <= WS_PONG; opcode++) {
		char in_fragments[] = {(char)opcode, 0};
		char too_long[] = {(char)(0x80 | opcode), 126, 0, 126};
		assert_string_equal(
			read_frames((struct slice){in_fragments, 2}, false), "bad 1002 ");
		assert_string_equal(read_frames((struct slice){too_long, 4}, false), "bad 1002 ");
	}
	const char *told = read_frames(long_frame(0x89, 125, 0), false);
	assert_int_equal(strspn(told + strlen("ping "), "x"), 125);
}

static void control_frames_come_amid_a_message(void **state)
{
	(void)state;
	assert_string_equal(READ("\x01\x02He\x89\x02hi\x00\x02ll\x8a\x00\x80\x01o\x82\x01x"),
		"ping hi pong  text Hello binary x ");
	assert_string_equal(READ("\x01\x02He\x88\x02\x03\xe8\x80\x01l"), "close 1000  text Hel ");
}

static void fragments_in_a_wrong_order_are_refused(void **state)
{
	(void)state;
	assert_string_equal(READ("\x80\x01x"), "bad 1002 ");
	assert_string_equal(READ("\x01\x01x\x01\x01y"), "bad 1002 ");
	assert_string_equal(READ("\x01\x01x\x82\x01y"), "bad 1002 ");
	assert_string_equal(READ("\x81\x01x\x80\x01y"), "text x bad 1002 ");
}

static void fragments_may_be_empty(void **state)
{
	(void)state;
	assert_string_equal(READ("\x01\x00\x00\x00\x80\x00"), "text  ");
	assert_string_equal(READ("\x02\x00\x00\x03"
				 "abc\x00\x00\x80\x00"),
		"binary abc ");
	assert_string_equal(READ("\x01\x00\x80\x03"
				 "abc\x81\x00"),
		"text abc text  ");
}

static void each_fragment_has_its_own_mask(void **state)
{
	(void)state;
	assert_string_equal(READ_CLIENT("\x01\x83\x01\x02\x03\x04\x60\x60\x60"
					"\x89\x81\x10\x10\x10\x10\x71"
					"\x80\x86\xff\0\0\0\x9b\x65\x66\x67\x97\x69"),
		"ping a text abcdefghi ");
}

static void close_codes(void **state)
{
	(void)state;
	assert_string_equal(READ("\x88\x00"), "close 1005  ");
	assert_string_equal(READ("\x88\x02\x03\xe8"), "close 1000  ");
	assert_string_equal(READ("\x88\x05\x03\xe9"
				 "bye"),
		"close 1001 bye ");
	assert_string_equal(READ("\x88\x01\x03"), "bad 1002 ");
	assert_string_equal(READ("\x88\x02\x03\xed"), "bad 1002 "); /* 1005 */
	assert_string_equal(READ("\x88\x02\x03\xee"), "bad 1002 "); /* 1006 */
	assert_string_equal(READ("\x88\x03\x03\xe8\xff"), "bad 1007 ");
	/* The reason ends amid a character. */
	assert_string_equal(READ("\x88\x04\x03\xe8\xc3\xa9"), "close 1000 \xc3\xa9 ");
	assert_string_equal(READ("\x88\x03\x03\xe8\xc3"), "bad 1007 ");
}

static void text_is_utf8_across_fragments(void **state)
{
	(void)state;
	assert_string_equal(READ("\x81\x02\xc3\xa9"), "text \xc3\xa9 ");
	assert_string_equal(READ("\x01\x01\xc3\x89\x00\x80\x01\xa9"), "ping  text \xc3\xa9 ");
	assert_string_equal(READ("\x01\x03\xf0\x9f\x98\x80\x01\x80"), "text \xf0\x9f\x98\x80 ");
	/* Cut off at the end of the message. */
	assert_string_equal(READ("\x81\x01\xc3"), "bad 1007 ");
	assert_string_equal(READ("\x01\x01\xc3\x80\x00"), "bad 1007 ");
	/* Known before the frame, or the message, is whole. */
	assert_string_equal(READ("\x81\x7e\x10\x00"
				 "abc\xff"),
		"bad 1007 ");
	assert_string_equal(READ("\x01\x01\xff"), "bad 1007 ");
	/* No rule for binary; and one text does not spoil the next. */
	assert_string_equal(READ("\x82\x01\xff\x81\x01x"), "binary \xff text x ");
}

static void a_message_has_a_bound(void **state)
{
	(void)state;
	assert_string_equal(read_frames(long_frame(0x82, MOST + 1, 8), false), "bad 1009 ");
	assert_string_equal(READ("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), "bad 1009 ");
	/* Of all its fragments together; told by the head of the one that is too much. */
	struct slice frame = long_frame(0x02, MOST, 8);
	static char more[MOST + 200];
	memcpy(more, frame.p, frame.n);
	memcpy(more + frame.n, "\x89\x00\x00\x00\x80\x01", 6);
	assert_string_equal(
		read_frames((struct slice){more, frame.n + 6}, false), "ping  bad 1009 ");
}

static void a_whole_frame_in_the_input_is_not_copied(void **state)
{
	(void)state;
	struct ws_reader reader;
	size_t used;
	char p[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x81\x01\x01\x01\x01\x60\x81";
	ws_reader_init(&reader, true, MOST);
	uint64_t before = buf_bytes_in_use();
	assert_int_equal(ws_read(&reader, p, 19, &used), WS_MESSAGE);
	assert_int_equal(used, 11);
	assert_ptr_equal(reader.payload.p, p + 6);
	assert_memory_equal(p + 6, "Hello", 5);
	assert_int_equal(ws_read(&reader, p + 11, 8, &used), WS_CONTROL);
	assert_ptr_equal(reader.payload.p, p + 17);
	/* What lies behind was not touched. */
	assert_memory_equal(p + 18, "\x81", 1);
	assert_int_equal(ws_read(&reader, p + 18, 1, &used), WS_MORE);
	assert_int_equal(buf_bytes_in_use(), before);
	ws_reader_finish(&reader);
}

static void memory_is_kept_only_while_a_message_is_open(void **state)
{
	(void)state;
	struct ws_reader reader;
	size_t used;
	char p[] = "\x01\x03xyz\x80\x00";
	ws_reader_init(&reader, false, MOST);
	assert_int_equal(ws_read(&reader, p, 5, &used), WS_MORE);
	assert_non_null(reader.whole.p);
	assert_int_equal(ws_read(&reader, p + 5, 2, &used), WS_MESSAGE);
	assert_true(slice_is(reader.payload, SLICE("xyz")));
	assert_int_equal(ws_read(&reader, p, 0, &used), WS_MORE);
	assert_null(reader.whole.p);
	/* Whoever announces much and sends little does not get much. */
	char head[] = "\x82\x7f\0\0\0\0\0\x01\x11\x70x";
	assert_int_equal(ws_read(&reader, head, 11, &used), WS_MORE);
	assert_in_range(reader.whole.room, 1, 4096);
	ws_reader_finish(&reader);
}

static void what_is_bad_stays_bad(void **state)
{
	(void)state;
	struct ws_reader reader;
	size_t used;
	char p[] = "\x83\x00\x81\x00";
	ws_reader_init(&reader, false, MOST);
	assert_int_equal(ws_read(&reader, p, 4, &used), WS_BAD);
	assert_int_equal(ws_read(&reader, p + 2, 2, &used), WS_BAD);
	assert_int_equal(used, 0);
	assert_int_equal(reader.code, WS_CODE_PROTOCOL);
	ws_reader_finish(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_standard),
		cmocka_unit_test(lengths_of_all_three_forms),
		cmocka_unit_test(a_length_must_be_the_shortest_one),
		cmocka_unit_test(who_must_mask_and_who_must_not),
		cmocka_unit_test(reserved_bits_and_opcodes_are_refused),
		cmocka_unit_test(control_frames_are_short_and_whole),
		cmocka_unit_test(control_frames_come_amid_a_message),
		cmocka_unit_test(fragments_in_a_wrong_order_are_refused),
		cmocka_unit_test(fragments_may_be_empty),
		cmocka_unit_test(each_fragment_has_its_own_mask),
		cmocka_unit_test(close_codes),
		cmocka_unit_test(text_is_utf8_across_fragments),
		cmocka_unit_test(a_message_has_a_bound),
		cmocka_unit_test(a_whole_frame_in_the_input_is_not_copied),
		cmocka_unit_test(memory_is_kept_only_while_a_message_is_open),
		cmocka_unit_test(what_is_bad_stays_bad),
	};
	return cmocka_run_group_tests_name("proxy/ws_frame", tests, NULL, NULL);
}
