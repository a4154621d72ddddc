/* test/unit/test_comfy_replay.c - what is kept for a page that comes back, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/replay.h"

#include <stdio.h>
#include <stdlib.h>

/* Jobs are only compared. */
static const struct job *const JOB_A = (const struct job *)0x1000;
static const struct job *const JOB_B = (const struct job *)0x2000;

static struct owner_replay *replay;
static char told[8192]; /* frames, each with a blank behind it */

static int setup(void **state)
{
	(void)state;
	replay = replay_create();
	replay_dropped = 0;
	return replay == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	replay_destroy(replay);
	return 0;
}

static void keep_run(const struct job *job, enum replay_part slot, const char *text)
{
	struct blob *frame = blob_copy(text, strlen(text));
	assert_non_null(frame);
	replay_keep_run(replay, job, slot, frame);
	blob_unref(frame);
}

static void keep_missed_bytes(size_t n)
{
	struct blob *frame = blob_create(n);
	assert_non_null(frame);
	memset(frame->p, 'x', n);
	replay_keep_missed(replay, frame);
	blob_unref(frame);
}

static void keep_missed(const char *text)
{
	struct blob *frame = blob_copy(text, strlen(text));
	assert_non_null(frame);
	replay_keep_missed(replay, frame);
	blob_unref(frame);
}

static void on_tell(void *arg, enum replay_part part, const struct job *job, struct blob *frame)
{
	size_t *count = arg;
	size_t n = strlen(told);
	assert_true((part == REPLAY_MISSED) == (job == NULL));
	if (n + frame->n + 2 < sizeof(told))
		(void)snprintf(told + n, sizeof(told) - n, "%s ", frame->p);
	(*count)++;
}

static const char *tell(size_t *ret_count)
{
	told[0] = '\0';
	*ret_count = 0;
	replay_tell(replay, on_tell, ret_count);
	return told;
}

static const char *tell_all(void)
{
	size_t count;
	return tell(&count);
}

static void of_a_running_job_the_newest_is_told_as_often_as_asked(void **state)
{
	(void)state;
	assert_true(replay_is_empty(replay));
	keep_run(JOB_A, REPLAY_EXECUTING, "a.executing");
	keep_run(JOB_A, REPLAY_PROGRESS, "a.1");
	keep_run(JOB_A, REPLAY_STATE, "a.state1");
	keep_run(JOB_A, REPLAY_PROGRESS, "a.2");
	keep_run(JOB_A, REPLAY_STATE, "a.state2");
	assert_string_equal(tell_all(), "a.executing a.2 a.state2 ");
	assert_string_equal(tell_all(), "a.executing a.2 a.state2 ");
}

static void a_new_node_has_not_the_progress_of_the_one_before(void **state)
{
	(void)state;
	keep_run(JOB_A, REPLAY_EXECUTING, "a.node1");
	keep_run(JOB_A, REPLAY_PROGRESS, "a.1");
	keep_run(JOB_A, REPLAY_STATE, "a.state");
	keep_run(JOB_A, REPLAY_EXECUTING, "a.node2");
	assert_string_equal(tell_all(), "a.state a.node2 ");
}

static void a_page_hears_what_it_would_have_heard_with_gaps(void **state)
{
	(void)state;
	keep_run(JOB_B, REPLAY_EXECUTING, "b.node1");
	keep_run(JOB_A, REPLAY_EXECUTING, "a.node1");
	keep_missed("a.executed");
	keep_run(JOB_B, REPLAY_PROGRESS, "b.1");
	keep_missed("a.success");
	replay_forget_run(replay, JOB_A);
	keep_run(JOB_B, REPLAY_PROGRESS, "b.2");
	assert_string_equal(tell_all(), "b.node1 a.executed a.success b.2 ");
	/* What was missed is not missed any more. */
	assert_string_equal(tell_all(), "b.node1 b.2 ");
	replay_forget_run(replay, JOB_B);
	replay_forget_run(replay, JOB_B);
	assert_true(replay_is_empty(replay));
}

static void what_was_missed_can_be_forgotten_alone(void **state)
{
	(void)state;
	keep_missed("a.success");
	keep_run(JOB_B, REPLAY_EXECUTING, "b.node1");
	keep_missed("c.success");
	replay_forget_missed(replay);
	assert_string_equal(tell_all(), "b.node1 ");
}

static void of_too_many_frames_the_oldest_go(void **state)
{
	(void)state;
	char name[16];
	size_t count;
	keep_run(JOB_B, REPLAY_EXECUTING, "b.node1");
	for (int i = 0; i < REPLAY_FRAMES_MOST + 3; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		keep_missed(name);
	}
	assert_int_equal(replay->missed, REPLAY_FRAMES_MOST);
	assert_int_equal(replay_dropped, 3);
	assert_memory_equal(tell(&count), "b.node1 3 4 5 ", 14);
	assert_int_equal(count, REPLAY_FRAMES_MOST + 1);
}

static void of_too_many_octets_the_oldest_go(void **state)
{
	(void)state;
	keep_missed("first");
	keep_missed_bytes(REPLAY_BYTES_MOST - 5);
	assert_int_equal(replay->missed, 2);
	keep_missed("last");
	assert_int_equal(replay_dropped, 1);
	assert_int_equal(replay->missed_bytes, REPLAY_BYTES_MOST - 1);
	keep_missed_bytes(REPLAY_BYTES_MOST - 4);
	assert_int_equal(replay_dropped, 2);
	assert_memory_equal(tell_all(), "last ", 5);
	/* One that can never fit takes nothing along. */
	keep_missed("x");
	keep_missed_bytes(REPLAY_BYTES_MOST + 1);
	assert_string_equal(tell_all(), "x ");
	assert_int_equal(replay_dropped, 3);
}

static void all_owners_together_are_bounded(void **state)
{
	(void)state;
	struct owner_replay *others[REPLAY_ALL_BYTES_MOST / REPLAY_BYTES_MOST];
	struct owner_replay *ours = replay;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		replay = others[i] = replay_create();
		assert_non_null(replay);
		keep_missed_bytes(REPLAY_BYTES_MOST);
	}
	replay = ours;
	keep_missed("x");
	assert_true(replay_is_empty(replay));
	assert_int_equal(replay_dropped, 1);
	replay_destroy(others[0]);
	keep_missed("y");
	assert_string_equal(tell_all(), "y ");
	for (size_t i = 1; i < COUNT_OF(others); i++)
		replay_destroy(others[i]);
}

static void a_huge_state_is_not_kept_and_neither_is_the_one_before(void **state)
{
	(void)state;
	keep_run(JOB_A, REPLAY_STATE, "a.state");
	struct blob *frame = blob_create(REPLAY_SLOT_BYTES_MOST + 1);
	assert_non_null(frame);
	memset(frame->p, 'x', frame->n);
	replay_keep_run(replay, JOB_A, REPLAY_STATE, frame);
	assert_int_equal(frame->refs, 1);
	blob_unref(frame);
	assert_string_equal(tell_all(), "");
}

static void frames_are_shared(void **state)
{
	(void)state;
	struct blob *frame = blob_copy("x", 1);
	assert_non_null(frame);
	replay_keep_run(replay, JOB_A, REPLAY_STATE, frame);
	replay_keep_missed(replay, frame);
	assert_int_equal(frame->refs, 3);
	replay_destroy(replay);
	replay = NULL;
	assert_int_equal(frame->refs, 1);
	blob_unref(frame);
}

static void events_are_told_apart_by_what_they_mean_later(void **state)
{
	(void)state;
	static const struct {
		enum event_kind kind;
		bool has_node;
		enum replay_part part;
	} cases[] = {
		{EVENT_EXECUTING, true, REPLAY_EXECUTING},
		{EVENT_EXECUTING, false, REPLAY_MISSED},
		{EVENT_PROGRESS, true, REPLAY_PROGRESS},
		{EVENT_PROGRESS_STATE, false, REPLAY_STATE},
		{EVENT_EXECUTED, true, REPLAY_MISSED},
		{EVENT_SUCCESS, false, REPLAY_MISSED},
		{EVENT_ERROR, false, REPLAY_MISSED},
		{EVENT_INTERRUPTED, false, REPLAY_MISSED},
		{EVENT_PREVIEW, false, REPLAY_NOTHING},
		{EVENT_IMAGE, false, REPLAY_NOTHING},
		{EVENT_OTHER, false, REPLAY_NOTHING},
		{EVENT_EXECUTION_START, false, REPLAY_NOTHING},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct comfy_event event = {.kind = cases[i].kind, .has_node = cases[i].has_node};
		assert_int_equal(replay_part_of(&event), cases[i].part);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_a_running_job_the_newest_is_told_as_often_as_asked),
		TEST(a_new_node_has_not_the_progress_of_the_one_before),
		TEST(a_page_hears_what_it_would_have_heard_with_gaps),
		TEST(what_was_missed_can_be_forgotten_alone),
		TEST(of_too_many_frames_the_oldest_go),
		TEST(of_too_many_octets_the_oldest_go),
		TEST(all_owners_together_are_bounded),
		TEST(a_huge_state_is_not_kept_and_neither_is_the_one_before),
		TEST(frames_are_shared),
		TEST(events_are_told_apart_by_what_they_mean_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
