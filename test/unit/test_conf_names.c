#include "test/unit/conf_help.h"

#include "conf/names.h"

static void finds_what_was_put(void **state)
{
	static char keys[3000][8];
	struct arena arena;
	struct conf_names names;
	(void)state;
	arena_init(&arena, 4096);
	assert_true(conf_names_init(&names, &arena, COUNT_OF(keys)));
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "n%zu", i);
		assert_null(conf_names_find(&names, slice_of(keys[i])));
		assert_null(conf_names_put(&names, slice_of(keys[i]), keys[i]));
	}
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		assert_ptr_equal(conf_names_find(&names, slice_of(keys[i])), keys[i]);
	assert_null(conf_names_find(&names, SLICE("n3000")));
	arena_finish(&arena);
}

static void keeps_the_first_of_two(void **state)
{
	static const int one, two;
	struct arena arena;
	struct conf_names names;
	(void)state;
	arena_init(&arena, 4096);
	assert_true(conf_names_init(&names, &arena, 1));
	assert_null(conf_names_put(&names, SLICE("a"), &one));
	assert_ptr_equal(conf_names_put(&names, SLICE("a"), &two), &one);
	assert_ptr_equal(conf_names_find(&names, SLICE("a")), &one);
	arena_finish(&arena);
}

static void an_empty_table_has_nothing(void **state)
{
	struct arena arena;
	struct conf_names names;
	(void)state;
	arena_init(&arena, 4096);
	assert_true(conf_names_init(&names, &arena, 0));
	assert_null(conf_names_find(&names, SLICE("")));
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_put),
		cmocka_unit_test(keeps_the_first_of_two),
		cmocka_unit_test(an_empty_table_has_nothing),
	};
	return cmocka_run_group_tests_name("conf/names", tests, NULL, NULL);
}
