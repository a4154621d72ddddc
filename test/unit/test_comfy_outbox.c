/* test/unit/test_comfy_outbox.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/outbox.h"

#include <stdio.h>

static struct outbox box;

static int setup(void **state)
{
	(void)state;
	outbox_init(&box);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	outbox_finish(&box);
	assert_null(box.items);
	return 0;
}

static void put(enum outbox_kind kind, uint64_t job, const char *text)
{
	struct blob *frame = blob_copy(text, strlen(text));
	assert_non_null(frame);
	assert_true(outbox_put(&box, kind, job, frame));
	assert_int_equal(frame->refs, 2);
	blob_unref(frame);
}

/* "a b c": what waits, in order. */
static const char *waiting(void)
{
	static char text[4096];
	struct blob *frames[1024];
	size_t n = outbox_peek(&box, frames, COUNT_OF(frames)), at = 0;
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(
			text + at, sizeof(text) - at, "%s%s", i == 0 ? "" : " ", frames[i]->p);
	assert_int_equal(n, box.live);
	return text;
}

static void frames_keep_their_order(void **state)
{
	(void)state;
	assert_true(outbox_is_empty(&box));
	put(OUTBOX_KEEP, 0, "a");
	put(OUTBOX_PROGRESS, 1, "b");
	put(OUTBOX_KEEP, 0, "c");
	assert_string_equal(waiting(), "a b c");
	assert_false(outbox_is_empty(&box));
	outbox_take(&box, 2);
	assert_string_equal(waiting(), "c");
	put(OUTBOX_KEEP, 0, "d");
	outbox_take(&box, 2);
	assert_true(outbox_is_empty(&box));
	assert_int_equal(box.bytes, 0);
}

static void a_newer_one_of_a_kind_and_job_replaces_the_old(void **state)
{
	(void)state;
	static const enum outbox_kind kinds[] = {
		OUTBOX_PROGRESS, OUTBOX_PROGRESS_STATE, OUTBOX_PREVIEW, OUTBOX_STATUS};
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		put(kinds[i], 1, "old");
		put(OUTBOX_KEEP, 1, "kept");
		put(kinds[i], 1, "new");
		assert_string_equal(waiting(), "kept new");
		assert_int_equal(box.replaced, i + 1);
		outbox_take(&box, 2);
	}
}

static void another_job_and_another_kind_stay(void **state)
{
	(void)state;
	put(OUTBOX_PROGRESS, 1, "p1");
	put(OUTBOX_PROGRESS, 2, "p2");
	put(OUTBOX_PREVIEW, 1, "v1");
	put(OUTBOX_PROGRESS_STATE, 1, "s1");
	put(OUTBOX_PROGRESS, 1, "P1");
	assert_string_equal(waiting(), "p2 v1 s1 P1");
	put(OUTBOX_PREVIEW, 1, "V1");
	put(OUTBOX_PREVIEW, 2, "v2");
	assert_string_equal(waiting(), "p2 s1 P1 V1 v2");
	assert_int_equal(box.replaced, 2);
}

static void what_must_be_kept_is_never_replaced(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		put(OUTBOX_KEEP, 7, "k");
	assert_int_equal(box.live, 100);
	assert_int_equal(box.replaced, 0);
}

static void what_was_sent_is_not_replaced(void **state)
{
	(void)state;
	put(OUTBOX_PROGRESS, 1, "a");
	outbox_take(&box, 1);
	put(OUTBOX_PROGRESS, 1, "b");
	assert_string_equal(waiting(), "b");
	assert_int_equal(box.replaced, 0);
}

/* One that must be kept stays in front, and behind it one replaces the other for ever. */
static void gaps_do_not_make_it_grow(void **state)
{
	(void)state;
	put(OUTBOX_KEEP, 0, "front");
	for (int i = 0; i < 10000; i++) {
		char text[16];
		(void)snprintf(text, sizeof(text), "%d", i);
		put(OUTBOX_PREVIEW, 1, text);
		put(OUTBOX_PROGRESS, 1, text);
	}
	assert_string_equal(waiting(), "front 9999 9999");
	assert_in_range(box.room, 1, 16);
	assert_int_equal(box.bytes, 5 + 4 + 4 + 3 * OUTBOX_FRAME_COST);
}

static void bytes_are_those_of_the_live_ones(void **state)
{
	(void)state;
	put(OUTBOX_PREVIEW, 1, "0123456789");
	assert_int_equal(box.bytes, 10 + OUTBOX_FRAME_COST);
	put(OUTBOX_PREVIEW, 1, "01");
	assert_int_equal(box.bytes, 2 + OUTBOX_FRAME_COST);
	put(OUTBOX_KEEP, 1, "012");
	assert_int_equal(box.bytes, 5 + 2 * OUTBOX_FRAME_COST);
	outbox_take(&box, 1);
	assert_int_equal(box.bytes, 3 + OUTBOX_FRAME_COST);
}

static void frames_are_released(void **state)
{
	(void)state;
	struct blob *frame = blob_copy("x", 1);
	assert_non_null(frame);
	assert_true(outbox_put(&box, OUTBOX_KEEP, 0, frame));
	assert_true(outbox_put(&box, OUTBOX_PREVIEW, 0, frame));
	assert_true(outbox_put(&box, OUTBOX_PREVIEW, 0, frame));
	assert_true(outbox_put(&box, OUTBOX_PREVIEW, 1, frame));
	assert_int_equal(frame->refs, 4);
	outbox_take(&box, 1);
	assert_int_equal(frame->refs, 3);
	outbox_finish(&box);
	assert_int_equal(frame->refs, 1);
	blob_unref(frame);
}

static void an_empty_one_gives_a_large_ring_back(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		put(OUTBOX_KEEP, 0, "x");
	outbox_take(&box, 1000);
	assert_null(box.items);
	put(OUTBOX_PROGRESS, 1, "a");
	put(OUTBOX_PROGRESS, 1, "b");
	assert_string_equal(waiting(), "b");
}

static void only_so_many_are_shown(void **state)
{
	(void)state;
	struct blob *frames[2];
	assert_int_equal(outbox_peek(&box, frames, 2), 0);
	put(OUTBOX_KEEP, 0, "a");
	put(OUTBOX_PROGRESS, 0, "gap");
	put(OUTBOX_KEEP, 0, "b");
	put(OUTBOX_KEEP, 0, "c");
	put(OUTBOX_PROGRESS, 0, "d");
	assert_int_equal(outbox_peek(&box, frames, 2), 2);
	assert_string_equal(frames[0]->p, "a");
	assert_string_equal(frames[1]->p, "b");
}

/* Leftovers of jobs long gone do not hide those that run. */
static void the_running_jobs_are_found_among_many_leftovers(void **state)
{
	(void)state;
	for (uint64_t job = 100; job < 5000; job++)
		put(OUTBOX_PROGRESS, job, "left");
	for (int i = 0; i < 10; i++)
		for (uint64_t job = 1; job <= 64; job++)
			put(OUTBOX_PROGRESS, job, "runs");
	assert_int_equal(box.live, 4900 + 64);
}

/* Against the plainest thing that does the same. */
static void it_is_what_a_plain_list_would_be(void **state)
{
	(void)state;
	static struct {
		enum outbox_kind kind;
		uint64_t job;
		uint32_t number;
	} list[1024];
	size_t n = 0;
	uint32_t seed = 1;
	for (uint32_t number = 0; number < 20000; number++) {
		seed = seed * 1664525u + 1013904223u;
		enum outbox_kind kind = seed >> 8 & 7;
		uint64_t job = seed >> 12 & 3;
		if (kind >= OUTBOX_KINDS)
			kind = OUTBOX_KEEP;
		struct blob *frame = blob_copy(&number, sizeof(number));
		assert_non_null(frame);
		assert_true(outbox_put(&box, kind, job, frame));
		blob_unref(frame);
		for (size_t i = 0; i < n; i++) {
			if (kind == OUTBOX_KEEP || list[i].kind != kind || list[i].job != job)
				continue;
			memmove(&list[i], &list[i + 1], (n - i - 1) * sizeof(list[0]));
			n--;
			break;
		}
		list[n].kind = kind;
		list[n].job = job;
		list[n++].number = number;
		/* Long times of nothing sent, then much at once. */
		size_t taken = number % 500 == 499 ? n - 3 : seed >> 20 & 1;
		if (n > 900)
			taken = n;
		outbox_take(&box, taken);
		n -= taken;
		memmove(list, list + taken, n * sizeof(list[0]));
		struct blob *frames[COUNT_OF(list)];
		assert_int_equal(outbox_peek(&box, frames, COUNT_OF(list)), n);
		assert_int_equal(box.live, n);
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(frames[i]->p, &list[i].number, sizeof(number));
	}
	assert_true(box.replaced > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_keep_their_order),
		TEST(a_newer_one_of_a_kind_and_job_replaces_the_old),
		TEST(another_job_and_another_kind_stay),
		TEST(what_must_be_kept_is_never_replaced),
		TEST(what_was_sent_is_not_replaced),
		TEST(gaps_do_not_make_it_grow),
		TEST(bytes_are_those_of_the_live_ones),
		TEST(frames_are_released),
		TEST(an_empty_one_gives_a_large_ring_back),
		TEST(only_so_many_are_shown),
		TEST(the_running_jobs_are_found_among_many_leftovers),
		TEST(it_is_what_a_plain_list_would_be),
	};
	return cmocka_run_group_tests_name("comfy/outbox", tests, NULL, NULL);
}
