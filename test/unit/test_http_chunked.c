#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/chunked.h"

#include <stdio.h>

struct result {
	enum chunked_verdict verdict;
	size_t used, data;
	char *octets; /* owned, [data] */
};

/* In pieces of 1 to `most` octets, or in one when `most` is 0; each in a block of its own. */
static struct result decode(struct slice in, size_t most)
{
	static uint32_t seed = 1;
	struct chunked chunked;
	struct result r = {.verdict = CHUNKED_MORE, .octets = malloc(in.n + 1)};
	assert_non_null(r.octets);
	chunked_init(&chunked);
	while (r.used < in.n && r.verdict == CHUNKED_MORE) {
		seed = seed * 1664525u + 1013904223u;
		size_t n = in.n - r.used;
		if (most != 0)
			n = min_size(n, 1 + (seed >> 8) % most);
		size_t used, data;
		char *piece = malloc(n);
		assert_non_null(piece);
		memcpy(piece, in.p + r.used, n);
		r.verdict = chunked_decode(&chunked, piece, n, &used, &data);
		assert_true(data <= used && used <= n);
		assert_true(used == n || r.verdict != CHUNKED_MORE);
		assert_memory_equal(piece + used, in.p + r.used + used, n - used);
		memcpy(r.octets + r.data, piece, data);
		free(piece);
		r.used += used;
		r.data += data;
	}
	return r;
}

/* All ways give the same; the caller frees the octets. */
static struct result decode_all_ways(struct slice in)
{
	struct result whole = decode(in, 0);
	for (size_t most = 1; most < 64; most = most * 2 + 1) {
		struct result pieces = decode(in, most);
		assert_int_equal(pieces.verdict, whole.verdict);
		assert_int_equal(pieces.used, whole.used);
		assert_int_equal(pieces.data, whole.data);
		assert_memory_equal(pieces.octets, whole.octets, whole.data);
		free(pieces.octets);
	}
	return whole;
}

struct row {
	const char *name;
	struct slice in;
	enum chunked_verdict verdict;
	const char *data;
	size_t rest; /* octets that are not the body's: behind its end, or from the bad one on */
};

#define ROW(name, in, verdict, data, rest)                                                         \
	{                                                                                          \
		name, {in, sizeof(in) - 1}, verdict, data, rest                                    \
	}
#define END "0\r\n\r\n"

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct result r = decode_all_ways(rows[i].in);
		if (r.verdict != rows[i].verdict ||
			!slice_is((struct slice){r.octets, r.data}, slice_of(rows[i].data)) ||
			r.used != rows[i].in.n - rows[i].rest)
			fail_msg("%s: %d, \"%.*s\", %zu of %zu used", rows[i].name, (int)r.verdict,
				(int)r.data, r.octets, r.used, rows[i].in.n);
		free(r.octets);
	}
}

static void the_coding_comes_off(void **state)
{
	static const struct row rows[] = {
		ROW("nothing", "", CHUNKED_MORE, "", 0),
		ROW("an empty body", END, CHUNKED_DONE, "", 0),
		ROW("one chunk", "5\r\nhello\r\n" END, CHUNKED_DONE, "hello", 0),
		ROW("two chunks", "5\r\nhello\r\n6\r\n world\r\n" END, CHUNKED_DONE, "hello world",
			0),
		ROW("data that looks like the end", "5\r\n" END "\r\n" END, CHUNKED_DONE, END, 0),
		ROW("the next message", "1\r\na\r\n" END "GET / HTTP/1.1\r\n", CHUNKED_DONE, "a",
			16),
		ROW("capitals", "A\r\n0123456789\r\n" END, CHUNKED_DONE, "0123456789", 0),
		ROW("zeros before the size", "000000000000005\r\nhello\r\n000\r\n\r\n",
			CHUNKED_DONE, "hello", 0),
		ROW("#49 an extension", "3;a=b\r\nabc\r\n0;x\r\n\r\n", CHUNKED_DONE, "abc", 0),
		ROW("blanks before an extension", "3 \t;a=\"b c\"\r\nabc\r\n" END, CHUNKED_DONE,
			"abc", 0),
		ROW("#56 a trailer", "3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", CHUNKED_DONE, "abc", 0),
		ROW("#57 two trailers", "3\r\nabc\r\n0\r\nX-T: 1\r\nHost:\t\xc3\xa9 \r\n\r\nG",
			CHUNKED_DONE, "abc", 1),
		ROW("not at its end", "3\r\nabc\r\n0\r\nX: 1\r\n", CHUNKED_MORE, "abc", 0),
		ROW("in the data", "fffffffffffffff\r\nabc", CHUNKED_MORE, "abc", 0),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

static void what_is_no_chunk_is_refused(void **state)
{
	static const struct row rows[] = {
		ROW("#46 a size of 17 digits", "10000000000000003\r\nabc", CHUNKED_BAD, "", 7),
		ROW("a size of 16 digits", "0000000000000003\r\nabc", CHUNKED_BAD, "", 6),
		ROW("#47 0xff in the size",
			"\xff"
			"3\r\nabc",
			CHUNKED_BAD, "", 7),
		ROW("#48 a size of 0x80", "\x80\r\n\r\n", CHUNKED_BAD, "", 5),
		ROW("#50 a blank behind the size", "3 \r\nabc", CHUNKED_BAD, "", 5),
		ROW("a blank before the size", " 3\r\nabc", CHUNKED_BAD, "", 7),
		ROW("#51 LF behind the size", "3\nabc", CHUNKED_BAD, "", 4),
		ROW("CR behind the size", "3\rabc", CHUNKED_BAD, "", 3),
		ROW("#52 a negative size", "-3\r\nabc", CHUNKED_BAD, "", 7),
		ROW("a size with a plus", "+3\r\nabc", CHUNKED_BAD, "", 7),
		ROW("#53 0x", "0x3\r\nabc", CHUNKED_BAD, "", 7),
		ROW("#54 no size", "\r\nabc", CHUNKED_BAD, "", 5),
		ROW("an extension without size", ";a\r\nabc", CHUNKED_BAD, "", 7),
		ROW("letters", "xyz\r\nabc", CHUNKED_BAD, "", 8),
		ROW("a digit behind a blank", "3 4\r\nabc", CHUNKED_BAD, "", 6),
		ROW("#55 no CRLF behind the data", "3\r\nabcXX" END, CHUNKED_BAD, "abc", 7),
		ROW("more data than said", "3\r\nabcd\r\n" END, CHUNKED_BAD, "abc", 8),
		ROW("LF behind the data", "3\r\nabc\n" END, CHUNKED_BAD, "abc", 6),
		ROW("CR behind the data", "3\r\nabc\r3", CHUNKED_BAD, "abc", 1),
		ROW("LF in an extension", "3;a\nabc", CHUNKED_BAD, "", 4),
		ROW("CR in an extension", "3;a\rabc", CHUNKED_BAD, "", 3),
		ROW("NUL in an extension", "3;\0\r\nabc", CHUNKED_BAD, "", 6),
		ROW("LF behind the last chunk", "0\n\r\n", CHUNKED_BAD, "", 3),
		ROW("LF at the end", "0\r\n\n", CHUNKED_BAD, "", 1),
		ROW("CR at the end", "0\r\n\rG", CHUNKED_BAD, "", 1),
		ROW("a folded trailer", "0\r\nX: a\r\n b\r\n\r\n", CHUNKED_BAD, "", 6),
		ROW("a trailer without colon", "0\r\nnonsense\r\n\r\n", CHUNKED_BAD, "", 4),
		ROW("a trailer without name", "0\r\n: a\r\n\r\n", CHUNKED_BAD, "", 7),
		ROW("a request for a trailer", "0\r\nGET /: HTTP/1.1\r\n\r\n", CHUNKED_BAD, "", 16),
		ROW("NUL in a trailer", "0\r\nX: \0\r\n\r\n", CHUNKED_BAD, "", 5),
		ROW("LF behind a trailer", "0\r\nX: a\nY: b\r\n\r\n", CHUNKED_BAD, "", 9),
		ROW("CR in a trailer", "0\r\nX: a\rY: b\r\n\r\n", CHUNKED_BAD, "", 8),
	};
	(void)state;
	check(rows, COUNT_OF(rows));
}

/* `before`, `n` times 'e', `behind`, all of it `times` times, then `end`. */
static enum chunked_verdict verdict_on(
	const char *before, size_t n, const char *behind, unsigned times, const char *end)
{
	size_t room = (strlen(before) + n + strlen(behind)) * times + strlen(end) + 1;
	char *text = malloc(room);
	assert_non_null(text);
	size_t used = 0;
	for (unsigned i = 0; i < times; i++) {
		used += (size_t)snprintf(text + used, room - used, "%s", before);
		memset(text + used, 'e', n);
		used += n;
		used += (size_t)snprintf(text + used, room - used, "%s", behind);
	}
	used += (size_t)snprintf(text + used, room - used, "%s", end);
	struct result r = decode_all_ways((struct slice){text, used});
	free(r.octets);
	free(text);
	return r.verdict;
}

static void what_is_dropped_has_bounds(void **state)
{
	(void)state;
	/* The ';' counts. */
	assert_int_equal(verdict_on("1;", 255, "\r\na\r\n", 1, END), CHUNKED_DONE);
	assert_int_equal(verdict_on("1;", 256, "\r\na\r\n", 1, END), CHUNKED_BAD);
	assert_int_equal(verdict_on("1;", 255, "\r\na\r\n", 64, END), CHUNKED_DONE);
	assert_int_equal(verdict_on("1;", 255, "\r\na\r\n", 64, "0;\r\n\r\n"), CHUNKED_BAD);
	/* 5 of "X: " and CRLF, 2 of the empty line. */
	assert_int_equal(verdict_on("0\r\nX: ", 8192 - 7, "\r\n", 1, "\r\n"), CHUNKED_DONE);
	assert_int_equal(verdict_on("0\r\nX: ", 8192 - 6, "\r\n", 1, "\r\n"), CHUNKED_BAD);
}

static void after_the_end_nothing_is_read(void **state)
{
	struct chunked chunked;
	char text[] = END;
	size_t used, data;
	(void)state;
	chunked_init(&chunked);
	assert_int_equal(chunked_decode(&chunked, text, 5, &used, &data), CHUNKED_DONE);
	assert_int_equal(chunked_decode(&chunked, text, 5, &used, &data), CHUNKED_DONE);
	assert_int_equal(used, 0);
	chunked_init(&chunked);
	assert_int_equal(chunked_decode(&chunked, (char[]){'x'}, 1, &used, &data), CHUNKED_BAD);
	assert_int_equal(chunked_decode(&chunked, text, 5, &used, &data), CHUNKED_BAD);
	assert_int_equal(used, 0);
	assert_int_equal(chunked_decode(&chunked, NULL, 0, &used, &data), CHUNKED_BAD);
}

static void sizes_are_written_in_hex(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} rows[] = {
		{0, "0\r\n"},
		{15, "f\r\n"},
		{16, "10\r\n"},
		{8000, "1f40\r\n"},
		{UINT64_MAX, "ffffffffffffffff\r\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char out[CHUNKED_SIZE_ROOM];
		size_t n = chunked_write_size(out, rows[i].bytes);
		assert_int_equal(n, strlen(rows[i].want));
		assert_memory_equal(out, rows[i].want, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_coding_comes_off),
		cmocka_unit_test(what_is_no_chunk_is_refused),
		cmocka_unit_test(what_is_dropped_has_bounds),
		cmocka_unit_test(after_the_end_nothing_is_read),
		cmocka_unit_test(sizes_are_written_in_hex),
	};
	return cmocka_run_group_tests_name("http/chunked", tests, NULL, NULL);
}
