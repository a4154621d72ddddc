/* test/unit/test_proxy_dynamic_pool.c: pools that only a request names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "proxy/dynamic_pool.h"

static struct dynamic_pools *pools;

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	pools = dynamic_pools_create();
	return pools == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	dynamic_pools_destroy(pools);
	return list_is_empty(lb_backends()) ? 0 : -1;
}

/* 127.0.0.FIRST and so on, in the order of the digits. */
static struct dynamic_pool *get(const char *name, const char *digits)
{
	struct addr addrs[8];
	uint32_t count = 0;
	char text[ADDR_TEXT];
	for (; digits[count] != '\0'; count++) {
		(void)snprintf(text, sizeof(text), "127.0.0.%c", digits[count]);
		assert_int_equal(addr_from_ip(&addrs[count], text, 80), 0);
	}
	return dynamic_pool_get(pools, slice_of(name), addrs, count);
}

static void the_same_name_and_addresses_are_the_same_pool(void **state)
{
	(void)state;
	struct dynamic_pool *one = get("w.test:80", "123");
	assert_non_null(one);
	assert_ptr_equal(get("w.test:80", "312"), one);
	struct dynamic_pool *less = get("w.test:80", "12");
	struct dynamic_pool *other = get("v.test:80", "123");
	assert_ptr_not_equal(less, one);
	assert_ptr_not_equal(other, one);
	assert_int_equal(dynamic_pool_members(one)->count, 3);
	dynamic_pool_release(one);
	dynamic_pool_release(one);
	dynamic_pool_release(less);
	dynamic_pool_release(other);
}

static void the_one_that_was_not_used_for_longest_goes(void **state)
{
	(void)state;
	char name[16];
	struct dynamic_pool *used = get("used", "1");
	struct dynamic_pool *kept = get("kept", "1");
	dynamic_pool_release(kept);
	for (int i = 0; i < 3 * DYNAMIC_POOLS_MOST; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		dynamic_pool_release(get(name, "2"));
		struct dynamic_pool *again = get("kept", "1");
		assert_ptr_equal(again, kept);
		dynamic_pool_release(again);
	}
	assert_ptr_equal(get("used", "1"), used);
	dynamic_pool_release(used);
	dynamic_pool_release(used);
	uint32_t living = 0;
	list_each (node, lb_backends())
		living++;
	assert_in_range(living, 1, DYNAMIC_POOLS_MOST);
}

static void those_in_use_are_as_many_as_are_wanted(void **state)
{
	(void)state;
	static struct dynamic_pool *used[DYNAMIC_POOLS_MOST * 2];
	char name[16];
	for (size_t i = 0; i < COUNT_OF(used); i++) {
		(void)snprintf(name, sizeof(name), "n%zu", i);
		used[i] = get(name, "1");
		assert_non_null(used[i]);
	}
	for (size_t i = 0; i < COUNT_OF(used); i++)
		dynamic_pool_release(used[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_name_and_addresses_are_the_same_pool),
		TEST(the_one_that_was_not_used_for_longest_goes),
		TEST(those_in_use_are_as_many_as_are_wanted),
	};
	return cmocka_run_group_tests_name("proxy/dynamic_pool", tests, NULL, NULL);
}
