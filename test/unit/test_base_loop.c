#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"

#include <event2/event.h>
#include <unistd.h>

/* What ran, in order: one letter each. */
static char ran[64];
static size_t ran_count;

static void note(char letter)
{
	assert_true(ran_count < sizeof(ran) - 1);
	ran[ran_count++] = letter;
	ran[ran_count] = '\0';
}

static int setup(void **state)
{
	(void)state;
	ran_count = 0;
	ran[0] = '\0';
	return loop_start();
}

static int teardown(void **state)
{
	(void)state;
	loop_finish();
	return 0;
}

struct item {
	char letter;
	struct deferred deferred;
	struct next_turn turn;
	struct deadline deadline;

	struct item *other;
};

static struct item a, b, c;

static void init_deadline(struct item *item, char letter, void (*on_due)(struct deadline *self))
{
	item->letter = letter;
	deadline_init(&item->deadline, on_due);
}

static void run_deferred(struct deferred *self)
{
	note(CONTAINER_OF(self, struct item, deferred)->letter);
}

static void run_and_defer_other(struct deferred *self)
{
	struct item *item = CONTAINER_OF(self, struct item, deferred);
	note(item->letter);
	defer(&item->other->deferred, run_deferred);
}

static void run_turn(struct next_turn *self)
{
	note(CONTAINER_OF(self, struct item, turn)->letter);
}

static void run_turn_and_stop(struct next_turn *self)
{
	run_turn(self);
	loop_stop();
}

static void run_turn_and_defer(struct next_turn *self)
{
	struct item *item = CONTAINER_OF(self, struct item, turn);
	defer(&item->deferred, run_deferred);
	note('(');
}

static void run_turn_again(struct next_turn *self)
{
	run_turn(self);
	if (ran_count < 6)
		next_turn_add(self);
	else
		loop_stop();
}

static void what_is_deferred_runs_once_and_in_order(void **state)
{
	(void)state;
	a = (struct item){.letter = 'a', .other = &c};
	b = (struct item){.letter = 'b'};
	c = (struct item){.letter = 'c'};
	defer(&a.deferred, run_and_defer_other);
	defer(&b.deferred, run_deferred);
	defer(&a.deferred, run_deferred);
	assert_string_equal(ran, "");
	next_turn_init(&b.turn, run_turn_and_stop);
	b.letter = 'b';
	next_turn_add(&b.turn);
	loop_run();
	/* b's turn, then at its end all that was deferred, what came meanwhile included. */
	assert_string_equal(ran, "babc");
	/* It may be deferred again once it ran. */
	defer(&a.deferred, run_deferred);
	loop_finish();
	assert_string_equal(ran, "babca");
}

static void what_is_deferred_waits_for_the_end_of_the_turn(void **state)
{
	(void)state;
	a = (struct item){.letter = 'a'};
	b = (struct item){.letter = 'b'};
	next_turn_init(&a.turn, run_turn_and_defer);
	next_turn_init(&b.turn, run_turn_and_stop);
	next_turn_add(&a.turn);
	next_turn_add(&b.turn);
	loop_run();
	assert_string_equal(ran, "(ba");
}

static void the_next_turn_is_shared_fairly(void **state)
{
	(void)state;
	a = (struct item){.letter = 'a'};
	b = (struct item){.letter = 'b'};
	c = (struct item){.letter = 'c'};
	next_turn_init(&a.turn, run_turn_again);
	next_turn_init(&b.turn, run_turn_again);
	next_turn_init(&c.turn, run_turn);
	next_turn_add(&a.turn);
	next_turn_add(&b.turn);
	next_turn_add(&a.turn); /* twice is once */
	next_turn_add(&c.turn);
	next_turn_cancel(&c.turn);
	next_turn_cancel(&c.turn);
	loop_run();
	assert_string_equal(ran, "bababa");
	next_turn_cancel(&a.turn);
	next_turn_cancel(&b.turn);
}

static void run_turn_note(struct next_turn *self)
{
	note(CONTAINER_OF(self, struct item, turn)->letter);
}

static unsigned wakeups;

static void on_endless(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	/* A test that hangs must end. */
	assert_true(++wakeups < 1000);
}

/* A socket that can always be read, of a client that never stops sending. */
static void the_next_turn_comes_though_events_never_cease(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	struct event *endless = event_new(
		loop_base(), fds[0], EV_READ | EV_PERSIST, on_endless, NULL);
	assert_non_null(endless);
	assert_int_equal(event_add(endless, NULL), 0);
	wakeups = 0;
	a.letter = 'a';
	next_turn_init(&a.turn, run_turn_note);
	next_turn_add(&a.turn);
	assert_true(loop_turn());
	assert_string_equal(ran, "a");
	assert_int_equal(wakeups, 1);
	event_free(endless);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void turns_are_counted_as_work(void **state)
{
	(void)state;
	uint64_t before = loop_busy()->count;
	a = (struct item){.letter = 'a'};
	next_turn_init(&a.turn, run_turn_again);
	next_turn_add(&a.turn);
	loop_run();
	assert_int_equal(loop_busy()->count - before, 6);
	assert_true(loop_busy_most_us() * loop_busy()->count >= loop_busy()->sum_us);
}

static void on_due_note(struct deadline *self)
{
	struct item *item = CONTAINER_OF(self, struct item, deadline);
	assert_false(deadline_is_set(self));
	assert_true(clock_now_us >= self->due_us);
	note(item->letter);
}

static void on_due_stop(struct deadline *self)
{
	on_due_note(self);
	loop_stop();
}

static void on_due_clear_other(struct deadline *self)
{
	on_due_note(self);
	deadline_clear(&CONTAINER_OF(self, struct item, deadline)->other->deadline);
}

static void on_due_again(struct deadline *self)
{
	on_due_note(self);
	if (ran_count < 3)
		deadline_set(self, 1);
	else
		loop_stop();
}

static void deadlines_come_in_the_order_of_their_time(void **state)
{
	(void)state;
	init_deadline(&a, 'a', on_due_stop);
	init_deadline(&b, 'b', on_due_note);
	init_deadline(&c, 'c', on_due_note);
	deadline_set(&a.deadline, 4);
	deadline_set(&b.deadline, 1);
	deadline_set(&c.deadline, 2);
	assert_true(deadline_is_set(&a.deadline));
	loop_run();
	assert_string_equal(ran, "bca");
}

static void setting_one_again_moves_it_behind_the_others(void **state)
{
	(void)state;
	init_deadline(&a, 'a', on_due_stop);
	init_deadline(&b, 'b', on_due_note);
	init_deadline(&c, 'c', on_due_note);
	deadline_set(&a.deadline, 1);
	clock_now_us += 10;
	deadline_set(&b.deadline, 1);
	clock_now_us += 10;
	deadline_set(&c.deadline, 1);
	clock_now_us += 10;
	deadline_set(&a.deadline, 1);
	assert_true(a.deadline.due_us == clock_now_us + 1000);
	loop_run();
	assert_string_equal(ran, "bca");
}

static void one_that_is_cleared_never_comes(void **state)
{
	(void)state;
	init_deadline(&a, 'a', on_due_note);
	init_deadline(&b, 'b', on_due_clear_other);
	init_deadline(&c, 'c', on_due_stop);
	deadline_set(&a.deadline, 1);
	deadline_clear(&a.deadline);
	deadline_clear(&a.deadline);
	assert_false(deadline_is_set(&a.deadline));
	deadline_set(&a.deadline, 1);
	deadline_set(&a.deadline, 0);
	assert_false(deadline_is_set(&a.deadline));
	b.other = &a;
	deadline_set(&b.deadline, 1);
	deadline_set(&a.deadline, 1);
	deadline_set(&c.deadline, 2);
	loop_run();
	assert_string_equal(ran, "bc");
}

static void one_may_be_set_again_when_it_comes(void **state)
{
	(void)state;
	init_deadline(&a, 'a', on_due_again);
	deadline_set(&a.deadline, 1);
	loop_run();
	assert_string_equal(ran, "aaa");
	assert_false(deadline_is_set(&a.deadline));
}

static void one_may_change_its_duration(void **state)
{
	(void)state;
	init_deadline(&a, 'a', on_due_stop);
	init_deadline(&b, 'b', on_due_note);
	deadline_set(&a.deadline, 3600000);
	deadline_set(&b.deadline, 3600000);
	assert_true(a.deadline.due_us == clock_now_us + 3600000000u);
	deadline_set(&a.deadline, 1);
	assert_true(a.deadline.due_us == clock_now_us + 1000);
	loop_run();
	assert_string_equal(ran, "a");
	assert_true(deadline_is_set(&b.deadline));
	deadline_clear(&b.deadline);
}

static void with_too_many_durations_some_come_late_and_none_early(void **state)
{
	static struct deadline many[300];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		/* Longer and shorter ones by turns. */
		uint64_t ms = 1000000 + (i % 2 == 0 ? 1000 * i : -1000 * i);
		deadline_init(&many[i], on_due_note);
		deadline_set(&many[i], ms);
		assert_true(many[i].due_us >= clock_now_us + ms * 1000);
	}
	/* Each list is still in order. */
	for (size_t i = 0; i < COUNT_OF(many); i++)
		for (size_t k = 0; k < i; k++)
			if (many[k].list == many[i].list)
				assert_true(many[k].due_us <= many[i].due_us);
	for (size_t i = 0; i < COUNT_OF(many); i++)
		deadline_clear(&many[i]);
	/* The lists are free again for what comes. */
	init_deadline(&a, 'a', on_due_stop);
	deadline_set(&a.deadline, 1);
	assert_true(a.deadline.due_us == clock_now_us + 1000);
	loop_run();
	assert_string_equal(ran, "a");
}

int main(void)
{
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_deferred_runs_once_and_in_order, setup),
		WITH_LOOP(what_is_deferred_waits_for_the_end_of_the_turn),
		WITH_LOOP(the_next_turn_is_shared_fairly),
		WITH_LOOP(the_next_turn_comes_though_events_never_cease),
		WITH_LOOP(turns_are_counted_as_work),
		WITH_LOOP(deadlines_come_in_the_order_of_their_time),
		WITH_LOOP(setting_one_again_moves_it_behind_the_others),
		WITH_LOOP(one_that_is_cleared_never_comes),
		WITH_LOOP(one_may_be_set_again_when_it_comes),
		WITH_LOOP(one_may_change_its_duration),
		WITH_LOOP(with_too_many_durations_some_come_late_and_none_early),
	};
	return cmocka_run_group_tests_name("base/loop", tests, NULL, NULL);
}
