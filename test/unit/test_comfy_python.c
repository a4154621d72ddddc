/* test/unit/test_comfy_python.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/python.h"

#include <math.h>

static struct json_value read_one(const char *text)
{
	struct json_value value = {JSON_KIND_NULL, {NULL, 0}};
	assert_true(json_read(slice_of(text), &value));
	return value;
}

static void assert_text(struct text *text, const char *want)
{
	text_put(text, "", 1);
	assert_string_equal(text->p, want);
	text_finish(text);
}

static void values_are_printed_as_python_does(void **state)
{
	(void)state;
	static const struct {
		const char *json, *str, *repr;
	} cases[] = {
		{"\"a\"", "a", "'a'"},
		{"\"it's\"", "it's", "\"it's\""},
		{"\"\\\"q\\\"\"", "\"q\"", "'\"q\"'"},
		{"\"'\\\"\"", "'\"", "'\\'\"'"},
		{"\"a\\\\b\\n\\t\\u0001\\u007f\"", "a\\b\n\t\x01\x7f", "'a\\\\b\\n\\t\\x01\\x7f'"},
		{"\"\\u00e9\\ud83d\\ude00\\ud83dx\"", "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx",
			"'\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx'"},
		{"true", "True", "True"},
		{"null", "None", "None"},
		{"1", "1", "1"},
		{"-0", "0", "0"},
		{"1.0", "1.0", "1.0"},
		{"1e2", "100.0", "100.0"},
		{"18446744073709551615", "18446744073709551615", "18446744073709551615"},
		{"NaN", "nan", "nan"},
		{"-Infinity", "-inf", "-inf"},
		{"[]", "[]", "[]"},
		{"[\"4\",0, {\"a\":[false,1.50]}]", "['4', 0, {'a': [False, 1.5]}]",
			"['4', 0, {'a': [False, 1.5]}]"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text;
		text_init(&text, 64);
		python_str(&text, read_one(cases[i].json), 1000);
		assert_text(&text, cases[i].str);
		text_init(&text, 64);
		python_repr(&text, read_one(cases[i].json), 1000);
		assert_text(&text, cases[i].repr);
	}
}

static void what_is_long_is_cut_between_characters(void **state)
{
	(void)state;
	static const char *const want[] = {"", "a", "a", "a\xe2\x82\xac", "a\xe2\x82\xac",
		"a\xe2\x82\xac", "a\xe2\x82\xac\xe2\x82\xac"};
	static const size_t most[] = {0, 1, 3, 4, 5, 6, 7};
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		struct text text;
		text_init(&text, 64);
		python_str(&text, read_one("\"a\xe2\x82\xac\\u20acz\""), most[i]);
		assert_text(&text, want[i]);
	}
	struct text text;
	text_init(&text, 64);
	python_repr(&text, read_one("[[[1, 2], \"abc\"], {\"a\": 3}]"), 12);
	assert_text(&text, "[[[1, 2], 'a");
}

static void floats_are_as_short_as_can_be(void **state)
{
	(void)state;
	static const struct {
		double value;
		const char *text;
	} cases[] = {{0, "0.0"}, {-0.0, "-0.0"}, {1, "1.0"}, {0.1, "0.1"}, {8.5, "8.5"},
		{1e15, "1000000000000000.0"}, {1e16, "1e+16"}, {1.5e300, "1.5e+300"},
		{1e-4, "0.0001"}, {1e-5, "1e-05"}, {0.00012345, "0.00012345"},
		{1.0 / 3, "0.3333333333333333"}, {123456.789, "123456.789"}, {5e-324, "5e-324"},
		{-HUGE_VAL, "-inf"}, {NAN, "nan"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[PYTHON_NUMBER_ROOM];
		python_float_text(cases[i].value, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* A text that begins with '!' is the exception's. */
static void assert_converted(bool is_int, const char *json, const char *want)
{
	struct python_number number;
	struct text why;
	text_init(&why, 64);
	bool is_good = is_int ? python_int(read_one(json), &number, &why)
			      : python_float(read_one(json), &number, &why);
	if (is_good) {
		assert_string_equal(python_number_text(&number), want);
		text_finish(&why);
	} else {
		assert_int_equal(want[0], '!');
		assert_text(&why, want + 1);
	}
}

static void ints_are_made_as_python_does(void **state)
{
	(void)state;
	static const struct {
		const char *json, *want;
	} cases[] = {
		{"3", "3"},
		{"-0", "0"},
		{"3.9", "3"},
		{"-3.9", "-3"},
		{"-0.5", "0"},
		{"1e20", "100000000000000000000"},
		{"18446744073709551615", "18446744073709551615"},
		{"true", "1"},
		{"false", "0"},
		{"\"3\"", "3"},
		{"\" +007 \\n\"", "7"},
		{"\"-0\"", "0"},
		{"\"1_000\"", "1000"},
		{"\"1__0\"", "!invalid literal for int() with base 10: '1__0'"},
		{"\"_1\"", "!invalid literal for int() with base 10: '_1'"},
		{"\"\"", "!invalid literal for int() with base 10: ''"},
		{"\"3.0\"", "!invalid literal for int() with base 10: '3.0'"},
		{"\"0x10\"", "!invalid literal for int() with base 10: '0x10'"},
		{"\"+\"", "!invalid literal for int() with base 10: '+'"},
		{"\"1\\u0000\"", "!invalid literal for int() with base 10: '1\\x00'"},
		{"NaN", "!cannot convert float NaN to integer"},
		{"-Infinity", "!cannot convert float infinity to integer"},
		{"null", "!int() argument must be a string, a bytes-like object or a real number, "
			 "not 'NoneType'"},
		{"[1]", "!int() argument must be a string, a bytes-like object or a real number, "
			"not 'list'"},
		{"{}", "!int() argument must be a string, a bytes-like object or a real number, "
		       "not 'dict'"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_converted(true, cases[i].json, cases[i].want);
}

static void floats_are_made_as_python_does(void **state)
{
	(void)state;
	static const struct {
		const char *json, *want;
	} cases[] = {
		{"3", "3.0"},
		{"true", "1.0"},
		{"\" 2.50\"", "2.5"},
		{"\".5\"", "0.5"},
		{"\"1e3\"", "1000.0"},
		{"\"1_0.5\"", "10.5"},
		{"\"-Infinity\"", "-inf"},
		{"\"NaN\"", "nan"},
		{"Infinity", "inf"},
		{"\"\"", "!could not convert string to float: ''"},
		{"\"abc\"", "!could not convert string to float: 'abc'"},
		{"\"0x10\"", "!could not convert string to float: '0x10'"},
		{"\"1e\"", "!could not convert string to float: '1e'"},
		{"\"nan(1)\"", "!could not convert string to float: 'nan(1)'"},
		{"null", "!float() argument must be a string or a real number, not 'NoneType'"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_converted(false, cases[i].json, cases[i].want);
}

static void long_digits_do_no_harm(void **state)
{
	(void)state;
	char json[1000];
	struct python_number number;
	struct text why;
	memset(json, '9', sizeof(json));
	json[sizeof(json) - 1] = '\0';
	text_init(&why, 64);
	assert_true(python_int(read_one(json), &number, &why));
	assert_true(isinf(number.value) || number.value > 1e300);
	json[250] = '\0';
	assert_true(python_int(read_one(json), &number, &why));
	assert_string_equal(number.text, json);
	json[0] = json[249] = '"';
	assert_true(python_int(read_one(json), &number, &why));
	assert_int_equal(strlen(number.text), 248);
	text_finish(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_printed_as_python_does),
		cmocka_unit_test(what_is_long_is_cut_between_characters),
		cmocka_unit_test(floats_are_as_short_as_can_be),
		cmocka_unit_test(ints_are_made_as_python_does),
		cmocka_unit_test(floats_are_made_as_python_does),
		cmocka_unit_test(long_digits_do_no_harm),
	};
	return cmocka_run_group_tests_name("comfy/python", tests, NULL, NULL);
}
