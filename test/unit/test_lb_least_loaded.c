/* test/unit/test_lb_least_loaded.c: lb/least_loaded.c and lb/priority_based.c, both on lb/order.c.
 */
#include "test/unit/lb_fixture.h"

static struct view_fixture f;

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static void set_jobs(uint32_t i, uint32_t jobs)
{
	f.load[i].jobs = jobs;
	view_changed(&f, i);
}

/* The rule by cross-multiplication and a look at everybody. */
static uint64_t last_picked[MEMBERS];
static uint64_t pick_count;

static int compare_shares(const struct lb_load *a, const struct lb_load *b)
{
	uint64_t left = (uint64_t)a->jobs * b->max_jobs * b->weight;
	uint64_t right = (uint64_t)b->jobs * a->max_jobs * a->weight;
	return (left > right) - (left < right);
}

static int compare_by_priority(const struct lb_load *a, const struct lb_load *b)
{
	bool a_full = a->jobs >= a->max_jobs, b_full = b->jobs >= b->max_jobs;
	if (a_full != b_full)
		return a_full ? 1 : -1;
	if (!a_full && a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return compare_shares(a, b);
}

static uint32_t plain_pick(
	const uint64_t *set, int (*compare)(const struct lb_load *a, const struct lb_load *b))
{
	uint32_t best = LB_NONE;
	for (uint32_t i = 0; i < f.view.count; i++) {
		if ((set[i / 64] >> (i % 64) & 1) == 0)
			continue;
		int order = best == LB_NONE ? -1 : compare(&f.load[i], &f.load[best]);
		if (order < 0 || (order == 0 && last_picked[i] < last_picked[best]))
			best = i;
	}
	if (best != LB_NONE)
		last_picked[best] = ++pick_count;
	return best;
}

static void change_something(uint32_t count)
{
	for (uint32_t k = test_below(4); k != 0; k--)
		set_jobs(test_below(count), test_below(6));
	if (test_below(4) == 0)
		view_allow(&f, test_below(count), test_below(3) != 0);
	if (test_below(100) == 0) {
		for (uint32_t i = 0; i < count; i++)
			view_allow(&f, i, test_below(2) != 0);
	}
}

static void check_against_plain(const char *strategy, uint32_t count, int picks)
{
	bool has_ranks = strcmp(strategy, "priority_based") == 0;
	int (*compare)(const struct lb_load *,
		const struct lb_load *) = has_ranks ? compare_by_priority : compare_shares;
	view_make(&f, strategy, count);
	for (uint32_t i = 0; i < count; i++) {
		f.load[i].weight = 1 + test_below(5);
		f.load[i].max_jobs = 1 + test_below(6);
		f.load[i].priority = (int32_t)test_below(5) - 2;
	}
	view_start(&f);
	memset(last_picked, 0, sizeof(last_picked));
	pick_count = 0;
	for (int k = 0; k < picks; k++) {
		uint64_t set[COUNT_OF(f.allowed)];
		change_something(count);
		memcpy(set, f.allowed, sizeof(set));
		if (test_below(10) != 0) {
			assert_int_equal(view_pick(&f), plain_pick(set, compare));
			continue;
		}
		uint32_t tried = test_below(count);
		set[tried / 64] &= ~(UINT64_C(1) << (tried % 64));
		assert_int_equal(view_pick_from(&f, set), plain_pick(set, compare));
	}
	view_end(&f);
}

static void check_all_sizes(const char *strategy)
{
	static const uint32_t counts[] = {1, 2, 3, 4, 5, 8, 17, 63, 64, 65, 200};
	for (size_t c = 0; c < COUNT_OF(counts); c++)
		check_against_plain(strategy, counts[c], 4000);
	check_against_plain(strategy, 1000, 3000);
	view_make(&f, strategy, 1);
	view_start(&f);
}

static void least_loaded_equals_a_look_at_everybody(void **state)
{
	(void)state;
	check_all_sizes("least_loaded");
}

static void priority_equals_a_look_at_everybody(void **state)
{
	(void)state;
	check_all_sizes("priority_based");
}

static void equals_take_turns(void **state)
{
	(void)state;
	view_make(&f, "least_loaded", 3);
	view_start(&f);
	for (uint32_t k = 0; k < 9; k++)
		assert_int_equal(view_pick(&f), k % 3);
	/* One that had a job goes behind those that were picked before it. */
	set_jobs(0, 1);
	assert_int_equal(view_pick(&f), 1);
	set_jobs(0, 0);
	assert_int_equal(view_pick(&f), 0);
	assert_int_equal(view_pick(&f), 2);
}

static void jobs_count_against_room_and_weight(void **state)
{
	(void)state;
	view_make(&f, "least_loaded", 3);
	f.load[0].max_jobs = 1;
	f.load[1].max_jobs = 8;
	f.load[2].max_jobs = 4;
	f.load[2].weight = 3;
	view_start(&f);
	set_jobs(0, 1); /* 1 */
	set_jobs(1, 4); /* 1/2 */
	set_jobs(2, 5); /* 5/12 */
	assert_int_equal(view_pick(&f), 2);
	set_jobs(2, 7);
	assert_int_equal(view_pick(&f), 1);
	set_jobs(1, 9);
	set_jobs(2, 13);
	assert_int_equal(view_pick(&f), 0);
}

/* 1/3, 2/6, 3/9 ... are equal, whatever a double makes of them. */
static void equal_shares_of_unequal_numbers_take_turns(void **state)
{
	(void)state;
	view_make(&f, "least_loaded", 100);
	for (uint32_t i = 0; i < 100; i++)
		f.load[i].max_jobs = 3 * (i + 1);
	view_start(&f);
	for (uint32_t i = 0; i < 100; i++)
		set_jobs(i, i + 1);
	for (uint32_t k = 0; k < 300; k++)
		assert_int_equal(view_pick(&f), k % 100);
}

static void the_best_priority_until_it_is_full(void **state)
{
	(void)state;
	view_make(&f, "priority_based", 3);
	f.load[0].priority = 2;
	f.load[1].priority = 1;
	f.load[2].priority = 1;
	view_start(&f);
	assert_int_equal(view_pick(&f), 1);
	set_jobs(1, 3);
	assert_int_equal(view_pick(&f), 2);
	set_jobs(2, 4);
	assert_int_equal(view_pick(&f), 1);
	set_jobs(1, 4);
	assert_int_equal(view_pick(&f), 0);
	/* All are full: the least loaded, whatever its priority. */
	set_jobs(0, 5);
	set_jobs(1, 7);
	set_jobs(2, 6);
	assert_int_equal(view_pick(&f), 0);
	set_jobs(0, 4);
	set_jobs(2, 3);
	assert_int_equal(view_pick(&f), 2);
}

static void the_whole_range_of_priorities_sorts(void **state)
{
	(void)state;
	view_make(&f, "priority_based", 3);
	f.load[0].priority = INT32_MAX;
	f.load[1].priority = INT32_MIN;
	view_start(&f);
	assert_int_equal(view_pick(&f), 1);
	view_allow(&f, 1, false);
	assert_int_equal(view_pick(&f), 2);
	view_allow(&f, 2, false);
	assert_int_equal(view_pick(&f), 0);
	view_allow(&f, 0, false);
	assert_int_equal(view_pick(&f), LB_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(least_loaded_equals_a_look_at_everybody, teardown),
		cmocka_unit_test_teardown(priority_equals_a_look_at_everybody, teardown),
		cmocka_unit_test_teardown(equals_take_turns, teardown),
		cmocka_unit_test_teardown(jobs_count_against_room_and_weight, teardown),
		cmocka_unit_test_teardown(equal_shares_of_unequal_numbers_take_turns, teardown),
		cmocka_unit_test_teardown(the_best_priority_until_it_is_full, teardown),
		cmocka_unit_test_teardown(the_whole_range_of_priorities_sorts, teardown),
	};
	return cmocka_run_group_tests_name("lb/order", tests, NULL, NULL);
}
