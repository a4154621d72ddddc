#include "test/unit/conf_help.h"

#include "conf/nearest.h"

static unsigned distance(const char *one, const char *other)
{
	unsigned there = conf_word_distance(slice_of(one), slice_of(other));
	assert_int_equal(there, conf_word_distance(slice_of(other), slice_of(one)));
	return there;
}

static void counts_slips(void **state)
{
	(void)state;
	assert_int_equal(distance("port", "port"), 0);
	assert_int_equal(distance("port", "prot"), 1); /* swapped */
	assert_int_equal(distance("port", "pot"), 1);
	assert_int_equal(distance("port", "ports"), 1);
	assert_int_equal(distance("port", "part"), 1);
	assert_int_equal(distance("kitten", "sitting"), 3);
	assert_int_equal(distance("", "abc"), 3);
	assert_int_equal(distance("", ""), 0);
	assert_int_equal(distance("Port", "pORT"), 0);
	/* The swapped pair is not edited again: that is the restricted distance. */
	assert_int_equal(distance("ca", "abc"), 3);
}

static void looks_where_long_words_begin(void **state)
{
	char one[200], other[200];
	(void)state;
	memset(one, 'a', sizeof(one) - 1);
	memset(other, 'a', sizeof(other) - 1);
	one[199] = other[199] = '\0';
	other[150] = 'b';
	assert_int_equal(distance(one, other), 0);
	other[3] = 'b';
	assert_int_equal(distance(one, other), 1);
	memset(other, 'b', sizeof(other) - 1);
	assert_int_equal(distance(one, other), 63);
}

static void tells_a_slip_from_another_word(void **state)
{
	(void)state;
	assert_true(conf_is_near(1, 2));
	assert_true(conf_is_near(2, 4));
	assert_false(conf_is_near(3, 4));
	assert_true(conf_is_near(4, 14));
	assert_false(conf_is_near(12, 14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_slips),
		cmocka_unit_test(looks_where_long_words_begin),
		cmocka_unit_test(tells_a_slip_from_another_word),
	};
	return cmocka_run_group_tests_name("conf/nearest", tests, NULL, NULL);
}
