/* test/unit/test_lb_least_time.c */
#include "test/unit/lb_fixture.h"

static struct view_fixture f;

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static void start(uint32_t count)
{
	view_make(&f, "least_time", count);
	f.view.now_ms = 5000;
	view_start(&f);
}

static void the_quickest_first(void **state)
{
	(void)state;
	start(3);
	f.load[0].ewma_us = 3000;
	f.load[1].ewma_us = 1000;
	f.load[2].ewma_us = 2000;
	assert_int_equal(view_pick(&f), 1);
	/* Two that wait there cost three times its time. */
	f.load[1].in_flight = 2;
	assert_int_equal(view_pick(&f), 2);
	f.load[1].weight = 2;
	assert_int_equal(f.strategy->rebuild(f.self, &f.view), 0);
	assert_int_equal(view_pick(&f), 1);
	view_allow(&f, 1, false);
	view_allow(&f, 2, false);
	assert_int_equal(view_pick(&f), 0);
	view_allow(&f, 0, false);
	assert_int_equal(view_pick(&f), LB_NONE);
}

static void unmeasured_ones_take_turns(void **state)
{
	(void)state;
	start(3);
	for (uint32_t k = 0; k < 9; k++)
		assert_int_equal(view_pick(&f), k % 3);
}

/* A new one is tried beside the best, and not flooded while its first answer is not there yet. */
static void a_new_one_is_tried_but_not_flooded(void **state)
{
	(void)state;
	start(2);
	f.load[0].ewma_us = 1000;
	uint32_t got[2] = {0};
	for (int k = 0; k < 20; k++) {
		uint32_t i = view_pick(&f);
		got[i]++;
		f.load[i].in_flight++;
	}
	assert_int_equal(got[0], 10);
	assert_int_equal(got[1], 10);
}

/* A slow answer is not held against it for good: after a while without a pick it gets one. */
static void a_slow_minute_fades(void **state)
{
	(void)state;
	start(2);
	f.load[0].ewma_us = 1000;
	f.load[1].ewma_us = 16000;
	assert_int_equal(view_pick(&f), 0);
	for (int k = 0; k < 35; k++) {
		f.view.now_ms += 1000;
		assert_int_equal(view_pick(&f), 0);
	}
	bool was_tried = false;
	for (int k = 0; k < 20; k++) {
		f.view.now_ms += 1000;
		was_tried = was_tried || view_pick(&f) == 1;
	}
	assert_true(was_tried);
	/* Tried: its old figure counts again until the answer is there. */
	assert_int_equal(view_pick(&f), 0);
	/* And while something waits there, nothing fades. */
	f.load[1].in_flight = 1;
	for (int k = 0; k < 200; k++) {
		f.view.now_ms += 1000;
		assert_int_equal(view_pick(&f), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_quickest_first, teardown),
		cmocka_unit_test_teardown(unmeasured_ones_take_turns, teardown),
		cmocka_unit_test_teardown(a_new_one_is_tried_but_not_flooded, teardown),
		cmocka_unit_test_teardown(a_slow_minute_fades, teardown),
	};
	return cmocka_run_group_tests_name("lb/least_time", tests, NULL, NULL);
}
