/* test/unit/test_lb_sticky.c */
#include "test/unit/lb_fixture.h"

static struct lb_sticky *table;

static int setup(void **state)
{
	(void)state;
	const struct conf_sticky conf = {.ttl_ms = 1000, .max_entries = 100};
	table = lb_sticky_get("pool", &conf);
	return table == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	lb_sticky_unref(table);
	return 0;
}

static void set_bounds(uint64_t ttl_ms, uint32_t max_entries)
{
	const struct conf_sticky conf = {.ttl_ms = ttl_ms, .max_entries = max_entries};
	lb_sticky_set_bounds(table, &conf);
}

static void remembers_and_overwrites(void **state)
{
	(void)state;
	assert_int_equal(lb_sticky_find(table, 7, 0), 0);
	lb_sticky_learn(table, 7, 70, 0);
	lb_sticky_learn(table, 8, 80, 0);
	assert_int_equal(lb_sticky_find(table, 7, 1), 70);
	lb_sticky_learn(table, 7, 71, 2);
	assert_int_equal(lb_sticky_find(table, 7, 3), 71);
	assert_int_equal(lb_sticky_find(table, 8, 3), 80);
	const struct lb_sticky_stats *stats = lb_sticky_stats(table);
	assert_int_equal(stats->entries, 2);
	assert_int_equal(stats->hits, 3);
	assert_int_equal(stats->misses, 1);
	lb_sticky_count_moved(table);
	assert_int_equal(stats->moved, 1);
}

static void the_least_recently_used_goes_when_full(void **state)
{
	(void)state;
	for (uint64_t key = 1; key <= 100; key++)
		lb_sticky_learn(table, key, key, 0);
	/* 1 is used by a look, 2 by being learned again. */
	assert_int_equal(lb_sticky_find(table, 1, 0), 1);
	lb_sticky_learn(table, 2, 2, 0);
	for (uint64_t key = 101; key <= 103; key++)
		lb_sticky_learn(table, key, key, 0);
	assert_int_equal(lb_sticky_stats(table)->entries, 100);
	assert_int_equal(lb_sticky_stats(table)->evicted, 3);
	for (uint64_t key = 1; key <= 103; key++) {
		bool is_gone = key >= 3 && key <= 5;
		assert_int_equal(lb_sticky_find(table, key, 0), is_gone ? 0 : key);
	}
}

static void is_forgotten_after_ttl_unless_used(void **state)
{
	(void)state;
	lb_sticky_learn(table, 1, 10, 0);
	lb_sticky_learn(table, 2, 20, 0);
	assert_int_equal(lb_sticky_find(table, 1, 900), 10);
	assert_int_equal(lb_sticky_find(table, 1, 1900), 10);
	assert_int_equal(lb_sticky_find(table, 2, 1001), 0);
	assert_int_equal(lb_sticky_find(table, 1, 2901), 0);
	assert_int_equal(lb_sticky_stats(table)->expired, 2);
	assert_int_equal(lb_sticky_stats(table)->entries, 0);
}

/* Nobody asks for them any more: those that come take their places. */
static void expired_ones_make_room_by_themselves(void **state)
{
	(void)state;
	for (uint64_t key = 1; key <= 80; key++)
		lb_sticky_learn(table, key, key, 0);
	for (uint64_t key = 1001; key <= 1030; key++)
		lb_sticky_learn(table, key, key, 5000);
	assert_int_equal(lb_sticky_stats(table)->entries, 30);
	assert_int_equal(lb_sticky_stats(table)->expired, 80);
	assert_int_equal(lb_sticky_stats(table)->evicted, 0);
}

static void a_ttl_of_0_is_for_ever(void **state)
{
	(void)state;
	set_bounds(0, 100);
	lb_sticky_learn(table, 1, 10, 0);
	assert_int_equal(lb_sticky_find(table, 1, UINT64_MAX), 10);
}

static void lower_bounds_are_reached_by_and_by(void **state)
{
	(void)state;
	for (uint64_t key = 1; key <= 100; key++)
		lb_sticky_learn(table, key, key, 0);
	set_bounds(1000, 10);
	for (uint64_t key = 201; key <= 240; key++)
		lb_sticky_learn(table, key, key, 0);
	assert_int_equal(lb_sticky_stats(table)->entries, 10);
	for (uint64_t key = 231; key <= 240; key++)
		assert_int_equal(lb_sticky_find(table, key, 0), key);
	set_bounds(1000, 50);
	for (uint64_t key = 301; key <= 400; key++)
		lb_sticky_learn(table, key, key, 0);
	assert_int_equal(lb_sticky_stats(table)->entries, 50);
}

/* Against a plain array, through all of the table's growth and its thinning out. */
static void keeps_every_one_while_it_grows(void **state)
{
	(void)state;
	enum { KEYS = 50000 };
	static uint64_t keys[KEYS];
	set_bounds(0, KEYS);
	for (uint32_t i = 0; i < KEYS; i++) {
		keys[i] = test_random();
		lb_sticky_learn(table, keys[i], i + 1, 0);
		uint32_t k = test_below(i + 1);
		assert_int_equal(lb_sticky_find(table, keys[k], 0), k + 1);
	}
	assert_int_equal(lb_sticky_stats(table)->entries, KEYS);
	assert_int_equal(lb_sticky_stats(table)->evicted, 0);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(lb_sticky_find(table, keys[i], 0), i + 1);
	/* Another 50,000 push out exactly these. */
	for (uint32_t i = 0; i < KEYS; i++)
		lb_sticky_learn(table, test_random(), 1, 0);
	assert_int_equal(lb_sticky_stats(table)->entries, KEYS);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(lb_sticky_find(table, keys[i], 0), 0);
}

static void a_table_is_shared_by_name(void **state)
{
	(void)state;
	const struct conf_sticky conf = {.ttl_ms = 1, .max_entries = 1};
	struct lb_sticky *same = lb_sticky_get("pool", &conf);
	struct lb_sticky *other = lb_sticky_get("other", &conf);
	assert_ptr_equal(same, table);
	assert_ptr_not_equal(other, table);
	/* And its bounds are still those it had. */
	lb_sticky_learn(table, 1, 10, 0);
	lb_sticky_learn(table, 2, 20, 0);
	lb_sticky_unref(same);
	assert_int_equal(lb_sticky_find(table, 1, 900), 10);
	lb_sticky_unref(other);
	lb_sticky_unref(NULL);
}

static void the_kind_of_a_key_counts(void **state)
{
	(void)state;
	struct slice value = SLICE("10.1.2.3");
	uint64_t hashes[CONF_KEY_COUNT];
	for (int kind = 0; kind < CONF_KEY_COUNT; kind++) {
		hashes[kind] = lb_sticky_hash((enum conf_sticky_key)kind, value);
		for (int other = 0; other < kind; other++)
			assert_true(hashes[kind] != hashes[other]);
	}
	assert_true(hashes[0] == lb_sticky_hash((enum conf_sticky_key)0, value));
	assert_true(hashes[0] != lb_sticky_hash((enum conf_sticky_key)0, SLICE("10.1.2.4")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(remembers_and_overwrites, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_least_recently_used_goes_when_full, setup, teardown),
		cmocka_unit_test_setup_teardown(
			is_forgotten_after_ttl_unless_used, setup, teardown),
		cmocka_unit_test_setup_teardown(
			expired_ones_make_room_by_themselves, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ttl_of_0_is_for_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lower_bounds_are_reached_by_and_by, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_every_one_while_it_grows, setup, teardown),
		cmocka_unit_test_setup_teardown(a_table_is_shared_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(the_kind_of_a_key_counts, setup, teardown),
	};
	return cmocka_run_group_tests_name("lb/sticky", tests, NULL, NULL);
}
