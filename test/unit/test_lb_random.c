/* test/unit/test_lb_random.c: lb/weighted.c and lb/random_two.c, both on lb/lottery.c. */
#include "test/unit/lb_fixture.h"

static struct view_fixture f;
static uint32_t got[MEMBERS];

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static void start(const char *strategy, uint32_t count)
{
	view_make(&f, strategy, count);
	for (uint32_t i = 0; i < count; i++)
		f.load[i].weight = 1 + i % 4;
	view_start(&f);
}

static void draw(uint32_t picks)
{
	memset(got, 0, sizeof(got));
	for (uint32_t k = 0; k < picks; k++) {
		uint32_t i = view_pick(&f);
		assert_true(i < f.view.count && lb_is_allowed(&f.view, i));
		got[i]++;
	}
}

static void weighted_follows_the_weights(void **state)
{
	(void)state;
	start("weighted", 4);
	draw(100000);
	for (uint32_t i = 0; i < 4; i++)
		assert_in_range(got[i], 9500 * (i + 1), 10500 * (i + 1));
}

/* Whether tickets are drawn again or the few that are left are summed up. */
static void weighted_keeps_the_shares_of_those_left(void **state)
{
	(void)state;
	start("weighted", 8);
	view_allow(&f, 3, false);
	draw(80000);
	for (uint32_t i = 0; i < 8; i++) {
		if (i != 3)
			assert_in_range(got[i], 4700 * (1 + i % 4), 5300 * (1 + i % 4));
	}
	view_end(&f);
	start("weighted", 1000);
	for (uint32_t i = 0; i < 1000; i++)
		view_allow(&f, i, i == 7 || i == 601);
	draw(60000);
	assert_in_range(got[7], 39000, 41000);
	assert_in_range(got[601], 19000, 21000);
}

static void two_takes_the_one_with_fewer(void **state)
{
	(void)state;
	start("random_two", 2);
	f.load[0].in_flight = 1; /* weight 1 */
	f.load[1].in_flight = 3; /* weight 2 */
	for (int k = 0; k < 200; k++)
		assert_int_equal(view_pick(&f), 0);
	f.load[1].in_flight = 1;
	for (int k = 0; k < 200; k++)
		assert_int_equal(view_pick(&f), 1);
}

/* The most loaded of many is never taken, since the other one drawn is another one. */
static void two_never_takes_the_worst(void **state)
{
	(void)state;
	start("random_two", 10);
	f.load[4].in_flight = 100;
	draw(5000);
	assert_int_equal(got[4], 0);
	for (uint32_t i = 0; i < 10; i++) {
		if (i != 4)
			assert_true(got[i] > 100);
	}
}

static void two_evens_out(void **state)
{
	(void)state;
	view_make(&f, "random_two", 100);
	view_start(&f);
	for (int k = 0; k < 10000; k++)
		f.load[view_pick(&f)].in_flight++;
	/* Drawing one alone would leave a spread of about 70 to 130. */
	for (uint32_t i = 0; i < 100; i++)
		assert_in_range(f.load[i].in_flight, 92, 108);
}

static void with_one_or_none_left(const char *strategy)
{
	start(strategy, 5);
	for (uint32_t i = 0; i < 4; i++)
		view_allow(&f, i, false);
	for (int k = 0; k < 50; k++)
		assert_int_equal(view_pick(&f), 4);
	view_allow(&f, 4, false);
	assert_int_equal(view_pick(&f), LB_NONE);
	view_end(&f);
	start(strategy, 0);
	assert_int_equal(view_pick(&f), LB_NONE);
}

static void weighted_with_one_or_none_left(void **state)
{
	(void)state;
	with_one_or_none_left("weighted");
}

static void two_with_one_or_none_left(void **state)
{
	(void)state;
	with_one_or_none_left("random_two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(weighted_follows_the_weights, teardown),
		cmocka_unit_test_teardown(weighted_keeps_the_shares_of_those_left, teardown),
		cmocka_unit_test_teardown(two_takes_the_one_with_fewer, teardown),
		cmocka_unit_test_teardown(two_never_takes_the_worst, teardown),
		cmocka_unit_test_teardown(two_evens_out, teardown),
		cmocka_unit_test_teardown(weighted_with_one_or_none_left, teardown),
		cmocka_unit_test_teardown(two_with_one_or_none_left, teardown),
	};
	return cmocka_run_group_tests_name("lb/lottery", tests, NULL, NULL);
}
