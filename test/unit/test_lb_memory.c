/* test/unit/test_lb_memory.c: memory that runs out anywhere in lb/: told, and nothing leaks. */
#include "test/unit/lb_fixture.h"
#include "test/unit/memory_help.h"

#include <errno.h>

static struct conf_fixture conf;

/* Fails the first allocation, then the second, and so on, until one attempt needs no more. */
static void check_creation(const char *strategy, const struct conf_upstream *upstream)
{
	struct lb_pool *pool = NULL;
	struct err err;
	conf_make(&conf, strategy, 70);
	conf.conf.upstream = upstream;
	for (uint32_t i = 0; i < 70; i++)
		conf.nodes[i].peer.server = conf.ids[i];
	conf.conf.balancing.sticky = (struct conf_sticky){
		.keys = {CONF_KEY_IP}, .key_count = 1, .max_entries = 10};
	for (long nth = 0;; nth++) {
		fail_at(nth);
		err.text[0] = '\0';
		int rc = lb_pool_create(&pool, &conf.conf, &err);
		if (!has_failed) {
			fail_at(-1);
			assert_int_equal(rc, 0);
			assert_true(nth > 75);
			break;
		}
		assert_int_equal(rc, -ENOMEM);
		assert_non_null(strstr(err.text, "out of memory"));
		assert_null(pool);
		assert_true(list_is_empty(lb_backends()));
	}
	lb_pool_activate(pool);
	lb_pool_destroy(pool);
}

static void a_pool_is_made_whole_or_not_at_all(void **state)
{
	(void)state;
	char names[256];
	(void)snprintf(names, sizeof(names), "%s", lb_strategy_names());
	for (char *save, *name = strtok_r(names, ", ", &save); name != NULL;
		name = strtok_r(NULL, ", ", &save))
		check_creation(name, NULL);
	for (int method = 0; method < CONF_METHOD_COUNT; method++) {
		const struct conf_upstream upstream = {.method = (enum conf_method)method};
		check_creation("", &upstream);
	}
}

/* A strategy that cannot be arranged anew goes on as it was. */
static void a_rebuild_that_fails_changes_nothing(void **state)
{
	(void)state;
	static struct view_fixture f;
	char names[256];
	(void)snprintf(names, sizeof(names), "%s", lb_strategy_names());
	for (char *save, *name = strtok_r(names, ", ", &save); name != NULL;
		name = strtok_r(NULL, ", ", &save)) {
		view_make(&f, name, 10);
		view_start(&f);
		for (long nth = 0; nth < 10; nth++) {
			fail_at(nth);
			int rc = f.strategy->rebuild == NULL ? 0
							     : f.strategy->rebuild(f.self, &f.view);
			assert_int_equal(rc, has_failed ? -ENOMEM : 0);
			fail_at(-1);
			assert_true(view_pick(&f) < 10);
		}
		view_end(&f);
	}
}

/* Every third allocation fails: what is remembered is right, and the table goes on. */
static void a_table_forgets_instead(void **state)
{
	(void)state;
	const struct conf_sticky bounds = {.max_entries = 20000};
	struct lb_sticky *table = lb_sticky_get("pool", &bounds);
	assert_non_null(table);
	uint32_t remembered = 0;
	for (uint64_t key = 1; key <= 20000; key++) {
		if (left < 0)
			fail_at(2);
		lb_sticky_learn(table, key * UINT64_C(0x9e3779b97f4a7c15), key, 0);
	}
	fail_at(-1);
	for (uint64_t key = 1; key <= 20000; key++) {
		uint64_t got = lb_sticky_find(table, key * UINT64_C(0x9e3779b97f4a7c15), 0);
		assert_true(got == 0 || got == key);
		remembered += got != 0;
	}
	assert_int_equal(remembered, lb_sticky_stats(table)->entries);
	assert_true(remembered > 1000);
	lb_sticky_unref(table);
}

static void a_table_without_any_memory_remembers_nothing(void **state)
{
	(void)state;
	const struct conf_sticky bounds = {.max_entries = 100};
	struct lb_sticky *table = lb_sticky_get("pool", &bounds);
	assert_non_null(table);
	for (uint64_t key = 1; key <= 10; key++) {
		fail_at(0);
		lb_sticky_learn(table, key, 1, 0);
		assert_true(has_failed);
	}
	/* There are buckets now, and no memory for entries. */
	fail_at(2);
	lb_sticky_learn(table, 1, 1, 0);
	assert_true(has_failed);
	fail_at(-1);
	assert_int_equal(lb_sticky_find(table, 1, 0), 0);
	lb_sticky_learn(table, 1, 7, 0);
	assert_int_equal(lb_sticky_find(table, 1, 0), 7);
	lb_sticky_unref(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_rebuild_that_fails_changes_nothing),
		cmocka_unit_test(a_table_forgets_instead),
		cmocka_unit_test(a_table_without_any_memory_remembers_nothing),
	};
	return cmocka_run_group_tests_name("lb without memory", tests, NULL, NULL);
}
