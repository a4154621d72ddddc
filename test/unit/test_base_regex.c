#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/regex.h"

#include <errno.h>
#include <stdlib.h>

static struct regex *make(const char *pattern, bool is_caseless)
{
	struct err err = {""};
	struct regex *re = regex_create(pattern, is_caseless, &err);
	assert_string_equal(err.text, "");
	assert_non_null(re);
	return re;
}

static int matches(const char *pattern, bool is_caseless, struct slice subject)
{
	struct regex *re = make(pattern, is_caseless);
	int result = regex_match(re, subject, NULL);
	regex_destroy(re);
	return result;
}

static void it_says_yes_or_no(void **state)
{
	(void)state;
	assert_int_equal(matches("^/a+$", false, SLICE("/aaa")), 1);
	assert_int_equal(matches("^/a+$", false, SLICE("/AAA")), 0);
	assert_int_equal(matches("^/a+$", true, SLICE("/AAA")), 1);
	assert_int_equal(matches("^$", false, (struct slice){NULL, 0}), 1);
	/* The end of a slice is the end of the subject, whatever stands behind it. */
	assert_int_equal(matches("b", false, (struct slice){"ab", 1}), 0);
	assert_int_equal(matches("a.b", false, (struct slice){"a\0b", 3}), 1);
	/* Octets, so half a character of UTF-8 is no error. */
	assert_int_equal(matches("\xc3", false, SLICE("\xc3\xa4")), 1);
	assert_int_equal(matches("(*UTF)^.$", false, SLICE("\xc3\xa4")), 1);
	assert_int_equal(matches("(*UTF)^.$", false, SLICE("\xc3")), -EINVAL);
}

static void it_tells_what_the_groups_took(void **state)
{
	(void)state;
	struct regex *re = make("^/(x)?(?<user>[a-z]+)/(?<rest>.*)$", false);
	struct regex_captures got;
	struct slice subject = SLICE("/bob/a/b");
	assert_int_equal(regex_group_count(re), 3);
	assert_int_equal(regex_match(re, subject, &got), 1);
	assert_int_equal(got.count, 4);
	assert_int_equal(got.at[0].start, 0);
	assert_int_equal(got.at[0].end, 8);
	assert_int_equal(got.at[1].start, REGEX_UNSET);
	assert_int_equal(got.at[1].end, REGEX_UNSET);
	assert_null(regex_capture(&got, 1, subject).p);
	assert_true(slice_is(regex_capture(&got, 2, subject), SLICE("bob")));
	assert_true(slice_is(regex_capture(&got, 3, subject), SLICE("a/b")));
	assert_null(regex_capture(&got, 4, subject).p);

	uint32_t group = 0;
	assert_int_equal(regex_name_count(re), 2);
	assert_true(slice_is(regex_name(re, 0, &group), SLICE("rest")));
	assert_int_equal(group, 3);
	assert_true(slice_is(regex_name(re, 1, &group), SLICE("user")));
	assert_int_equal(group, 2);
	assert_string_equal(regex_pattern(re), "^/(x)?(?<user>[a-z]+)/(?<rest>.*)$");
	regex_destroy(re);
}

static void a_group_at_the_end_that_took_no_part_is_unset(void **state)
{
	(void)state;
	struct regex *long_one = make("(a)(b)(c)", false), *re = make("(a)(b)?(c)?", false);
	struct regex_captures got;
	assert_int_equal(regex_match(long_one, SLICE("abc"), &got), 1);
	assert_int_equal(regex_match(re, SLICE("a"), &got), 1);
	assert_int_equal(got.count, 4);
	assert_int_equal(got.at[2].start, REGEX_UNSET);
	assert_int_equal(got.at[3].start, REGEX_UNSET);
	regex_destroy(re);
	regex_destroy(long_one);
}

static void only_so_many_groups_are_told(void **state)
{
	(void)state;
	char pattern[256] = "";
	size_t n = 0;
	for (int i = 0; i < REGEX_GROUPS + 5; i++, n += 3)
		memcpy(pattern + n, "(a)", 4);
	struct regex *re = make(pattern, false);
	struct regex_captures got;
	struct slice subject = SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(regex_match(re, subject, &got), 1);
	assert_int_equal(got.count, REGEX_GROUPS);
	assert_int_equal(got.at[REGEX_GROUPS - 1].start, REGEX_GROUPS - 2);
	regex_destroy(re);

	struct err err = {""};
	memcpy(pattern + n, "(?<late>a)", 11);
	assert_null(regex_create(pattern, false, &err));
	assert_non_null(strstr(err.text, "\"late\""));
}

/* As nginx 1.22.1 with PCRE2 10.42 says it. */
static void wrong_patterns_are_told_in_the_words_of_nginx(void **state)
{
	static const char *const rows[][2] = {
		{"(abc", "pcre2_compile() failed: missing closing parenthesis in \"(abc\""},
		{"*x", "pcre2_compile() failed: quantifier does not follow a repeatable item in "
		       "\"*x\" at \"*x\""},
		{"ab)c", "pcre2_compile() failed: unmatched closing parenthesis in \"ab)c\" at "
			 "\")c\""},
		{"(?<n>a)(?<n>b)",
			"pcre2_compile() failed: two named subpatterns have the same name "
			"(PCRE2_DUPNAMES not set) in \"(?<n>a)(?<n>b)\" at \"b)\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err err = {""};
		assert_null(regex_create(rows[i][0], false, &err));
		assert_string_equal(err.text, rows[i][1]);
	}
}

static void a_match_that_has_no_end_is_stopped(void **state)
{
	(void)state;
	char *subject = malloc(4096);
	assert_non_null(subject);
	memset(subject, 'a', 4096);
	subject[4095] = 'b';
	assert_int_equal(matches("^(a+)+$", false, (struct slice){subject, 4096}), -EOVERFLOW);
	free(subject);
}

static void a_long_subject_has_the_stack_it_needs(void **state)
{
	(void)state;
	size_t n = 8192;
	char *subject = malloc(n);
	assert_non_null(subject);
	memset(subject, 'a', n);
	assert_int_equal(matches("^(?:(a)|b)*$", false, (struct slice){subject, n}), 1);
	free(subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_yes_or_no),
		cmocka_unit_test(it_tells_what_the_groups_took),
		cmocka_unit_test(a_group_at_the_end_that_took_no_part_is_unset),
		cmocka_unit_test(only_so_many_groups_are_told),
		cmocka_unit_test(wrong_patterns_are_told_in_the_words_of_nginx),
		cmocka_unit_test(a_match_that_has_no_end_is_stopped),
		cmocka_unit_test(a_long_subject_has_the_stack_it_needs),
	};
	return cmocka_run_group_tests_name("base/regex", tests, NULL, NULL);
}
