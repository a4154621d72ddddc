#include "test/unit/conf_help.h"

static void stands_in_the_order_of_lines(void **state)
{
	static const unsigned lines[] = {5, 7, 7, 3, 9, 0, 4, 5, 1};
	struct conf_problems problems;
	(void)state;
	conf_problems_init(&problems);
	for (unsigned i = 0; i < COUNT_OF(lines); i++)
		conf_problem_add(&problems, "a", lines[i], "%u", i);
	conf_problem_add(&problems, "b", 1, "last");
	conf_problem_add(&problems, "", 8, "first");
	/* Of one line: in the order in which they were found. */
	assert_string_equal(conf_help_list(&problems, true),
		":8: first\na:0: 5\na:1: 8\na:3: 3\na:4: 6\na:5: 0\na:5: 7\na:7: 1\na:7: 2\n"
		"a:9: 4\nb:1: last\n");
	assert_int_equal(problems.count, 11);
	conf_problems_finish(&problems);
}

static void is_one_line_whatever_it_quotes(void **state)
{
	char file[] = "file";
	struct conf_problems problems;
	(void)state;
	conf_problems_init(&problems);
	conf_problem_add(&problems, file, 1, "unknown key \"%s\"", "a\nb\x1b[31m\x7f");
	file[0] = 'x'; /* the list has its own copy */
	assert_string_equal(conf_help_list(&problems, true), "file:1: unknown key \"a?b?[31m?\"\n");
	conf_problems_finish(&problems);
	assert_int_equal(problems.count, 0);
}

static void takes_many(void **state)
{
	struct conf_problems problems;
	(void)state;
	conf_problems_init(&problems);
	for (unsigned pass = 0; pass < 3; pass++) {
		for (unsigned line = 1; line <= 20000; line++)
			conf_problem_add(&problems, "a", line, "%u", pass);
	}
	unsigned expected = 0;
	for (const struct conf_problem *one = problems.first; one != NULL; one = one->next) {
		assert_int_equal(one->line, expected / 3 + 1);
		assert_int_equal(one->text[0], '0' + expected % 3);
		expected++;
	}
	assert_int_equal(expected, 60000);
	conf_problems_finish(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stands_in_the_order_of_lines),
		cmocka_unit_test(is_one_line_whatever_it_quotes),
		cmocka_unit_test(takes_many),
	};
	return cmocka_run_group_tests_name("conf/problems", tests, NULL, NULL);
}
