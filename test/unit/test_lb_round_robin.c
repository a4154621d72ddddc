/* test/unit/test_lb_round_robin.c: lb/round_robin.c on lb/smooth.c. */
#include "test/unit/lb_fixture.h"

#include "lb/smooth.h"

static struct view_fixture f;

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static void start_with(const uint32_t *weights, uint32_t count)
{
	view_make(&f, "round_robin", count);
	for (uint32_t i = 0; i < count; i++)
		f.load[i].weight = weights[i];
	view_start(&f);
}

static void expect(const char *want)
{
	for (int round = 0; round < 3; round++) {
		for (const char *at = want; *at != '\0'; at++)
			assert_int_equal(view_pick(&f), *at - 'A');
	}
}

/* The loop that all is measured by. */
static int64_t plain_credit[MEMBERS];

static uint32_t plain_pick(const uint64_t *set)
{
	int64_t handed_out = 0;
	uint32_t best = LB_NONE;
	for (uint32_t i = 0; i < f.view.count; i++) {
		if ((set[i / 64] >> (i % 64) & 1) == 0)
			continue;
		plain_credit[i] += f.load[i].weight;
		handed_out += f.load[i].weight;
		if (best == LB_NONE || plain_credit[i] > plain_credit[best])
			best = i;
	}
	if (best != LB_NONE)
		plain_credit[best] -= handed_out;
	return best;
}

static void spreads_the_heavy_one_as_nginx_does(void **state)
{
	(void)state;
	start_with((uint32_t[]){5, 1, 1}, 3);
	expect("AABACAA");
	view_end(&f);
	start_with((uint32_t[]){3, 2}, 2);
	expect("ABABA");
	view_end(&f);
	/* A common factor changes nothing. */
	start_with((uint32_t[]){50, 10, 10}, 3);
	expect("AABACAA");
	view_end(&f);
	start_with((uint32_t[]){1, 1, 1, 1}, 4);
	expect("ABCD");
}

static void does_not_flood_one_that_returns(void **state)
{
	(void)state;
	start_with((uint32_t[]){5, 1, 1}, 3);
	view_allow(&f, 1, false);
	for (int i = 0; i < 600; i++)
		assert_int_not_equal(view_pick(&f), 1);
	view_allow(&f, 1, true);
	int got = 0;
	for (int i = 0; i < 7; i++)
		got += view_pick(&f) == 1;
	assert_int_equal(got, 1);
}

static void none_allowed_is_none(void **state)
{
	(void)state;
	start_with((uint32_t[]){2, 1}, 2);
	view_allow(&f, 0, false);
	view_allow(&f, 1, false);
	assert_int_equal(view_pick(&f), LB_NONE);
	view_allow(&f, 1, true);
	assert_int_equal(view_pick(&f), 1);
}

static void change_something(uint32_t count)
{
	/* Rarely enough for whole periods to be recorded and played between. */
	if (test_below(3 * count) == 0)
		view_allow(&f, test_below(count), test_below(3) != 0);
}

static void check_against_plain(uint32_t count, uint32_t weight_most, int picks)
{
	static uint32_t weights[MEMBERS];
	for (uint32_t i = 0; i < count; i++)
		weights[i] = 1 + test_below(weight_most);
	start_with(weights, count);
	memset(plain_credit, 0, sizeof(plain_credit));
	for (int k = 0; k < picks; k++) {
		uint64_t set[COUNT_OF(f.allowed)];
		memcpy(set, f.allowed, sizeof(set));
		change_something(count);
		if (test_below(50 * count) != 0) {
			assert_int_equal(view_pick(&f), plain_pick(f.allowed));
			continue;
		}
		uint32_t tried = test_below(count);
		set[tried / 64] &= ~(UINT64_C(1) << (tried % 64));
		assert_int_equal(view_pick_from(&f, set), plain_pick(set));
	}
	view_end(&f);
}

static void equals_the_plain_loop_whatever_happens(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= 12; count++) {
		for (int round = 0; round < 20; round++)
			check_against_plain(count, 1 + test_below(9), 2000);
	}
	check_against_plain(100, 3, 20000);
	check_against_plain(1000, 2, 10000);
	view_make(&f, "round_robin", 1);
	view_start(&f);
}

/* Weights whose sum over their common factor is longer than any record. */
static void equals_the_plain_loop_with_huge_weights(void **state)
{
	(void)state;
	start_with((uint32_t[]){1000003, 999983, 7}, 3);
	memset(plain_credit, 0, sizeof(plain_credit));
	for (int k = 0; k < 5000; k++)
		assert_int_equal(view_pick(&f), plain_pick(f.allowed));
}

/* What makes it fast: soon after a change of set it plays from its record, whatever credits the
 * change left behind. */
static void plays_a_record_soon_after_a_change(void **state)
{
	(void)state;
	static uint32_t weights[50];
	for (int round = 0; round < 50; round++) {
		uint32_t sum = 0;
		for (uint32_t i = 0; i < COUNT_OF(weights); i++)
			sum += weights[i] = 1 + test_below(5);
		start_with(weights, COUNT_OF(weights));
		const struct smooth *smooth = f.self;
		for (int change = 0; change < 20; change++) {
			for (uint32_t k = test_below(2 * sum); k != 0; k--)
				(void)view_pick(&f);
			view_allow(&f, test_below(COUNT_OF(weights)), test_below(2) == 0);
		}
		for (uint32_t k = 0; k < 3 * sum; k++)
			(void)view_pick(&f);
		assert_true(smooth->is_playing);
		if (round < 49)
			view_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(spreads_the_heavy_one_as_nginx_does, teardown),
		cmocka_unit_test_teardown(does_not_flood_one_that_returns, teardown),
		cmocka_unit_test_teardown(none_allowed_is_none, teardown),
		cmocka_unit_test_teardown(equals_the_plain_loop_whatever_happens, teardown),
		cmocka_unit_test_teardown(equals_the_plain_loop_with_huge_weights, teardown),
		cmocka_unit_test_teardown(plays_a_record_soon_after_a_change, teardown),
	};
	return cmocka_run_group_tests_name("lb/round_robin", tests, NULL, NULL);
}
