/*
 * test/unit/http_help.h - feeding a head in one piece, octet by octet and in random pieces.
 *
 * Every feed gets a copy of exactly its size, so that the sanitizer sees a read behind it.
 */
#ifndef TEST_HTTP_HELP_H
#define TEST_HTTP_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/head.h"

static const struct http_limits usual_limits = {
	.head_bytes = 64 * 1024, .target_bytes = 8 * 1024, .fields = 100};

struct head_row {
	const char *name;
	struct slice octets;
	int status; /* HTTP_BAD with it; IS_DONE or IS_MORE */
};

#define IS_DONE 0
#define IS_MORE (-1)
#define ROW(name, octets, status)                                                                  \
	{                                                                                          \
		name, {octets, sizeof(octets) - 1}, status                                         \
	}

static inline enum http_verdict feed_copy(
	struct http_head *head, struct slice octets, size_t n, const struct http_limits *limits)
{
	char *copy = malloc(n != 0 ? n : 1);
	assert_non_null(copy);
	memcpy(copy, octets.p, n);
	enum http_verdict verdict = http_head_feed(head, n != 0 ? copy : NULL, n, limits);
	free(copy);
	return verdict;
}

/* Pieces of 1 to `most` octets until a verdict is there or the octets are out. */
static inline enum http_verdict feed_pieces(struct http_head *head, enum http_kind kind,
	struct slice octets, const struct http_limits *limits, size_t most)
{
	static uint32_t seed = 1;
	enum http_verdict verdict = HTTP_MORE;
	http_head_init(head, kind);
	for (size_t n = 0; n < octets.n && verdict == HTTP_MORE;) {
		seed = seed * 1664525u + 1013904223u;
		n = min_size(octets.n, n + 1 + (seed >> 8) % most);
		verdict = feed_copy(head, octets, n, limits);
	}
	return verdict;
}

static inline void assert_same_heads(
	const struct http_head *a, const struct http_head *b, enum http_verdict verdict)
{
	assert_int_equal(a->status, b->status);
	assert_ptr_equal(a->why, b->why);
	if (verdict != HTTP_DONE)
		return;
	assert_memory_equal(a, b, offsetof(struct http_head, field));
	for (unsigned i = 0; i < a->count; i++) {
		assert_memory_equal(&a->field[i].name, &b->field[i].name, sizeof(a->field[i].name));
		assert_memory_equal(
			&a->field[i].value, &b->field[i].value, sizeof(a->field[i].value));
		assert_int_equal(a->field[i].id, b->field[i].id);
		assert_int_equal(a->field[i].is_dropped, b->field[i].is_dropped);
	}
}

/* Parses all ways and fails when two of them differ. */
static inline enum http_verdict parse_head(struct http_head *head, enum http_kind kind,
	struct slice octets, const struct http_limits *limits)
{
	static struct http_head again;
	http_head_init(head, kind);
	enum http_verdict verdict = feed_copy(head, octets, octets.n, limits);
	/* Octet by octet costs the square of the length. */
	size_t most = octets.n <= 4096 ? 1 : octets.n / 64;
	for (int round = 0; round < 8; round++) {
		assert_int_equal(feed_pieces(&again, kind, octets, limits, most), verdict);
		assert_same_heads(head, &again, verdict);
		most = most * 2 + 1;
	}
	return verdict;
}

static inline void check_rows(
	const struct head_row *rows, size_t count, enum http_kind kind, struct http_head *head)
{
	for (size_t i = 0; i < count; i++) {
		enum http_verdict verdict = parse_head(head, kind, rows[i].octets, &usual_limits);
		int got = verdict == HTTP_BAD    ? head->status
			  : verdict == HTTP_DONE ? IS_DONE
						 : IS_MORE;
		if (got != rows[i].status)
			fail_msg("%s: %d (%s) instead of %d", rows[i].name, got,
				head->why == NULL ? "" : head->why, rows[i].status);
	}
}

#define assert_slice(got, want)                                                                    \
	do {                                                                                       \
		struct slice got_ = (got);                                                         \
		assert_int_equal(got_.n, strlen(want));                                            \
		assert_memory_equal(got_.n != 0 ? got_.p : "", want, got_.n);                      \
	} while (0)

#endif
