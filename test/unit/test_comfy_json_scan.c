/* test/unit/test_comfy_json_scan.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct json_value read_one(const char *text)
{
	struct json_value value = {JSON_KIND_NULL, {NULL, 0}};
	assert_true(json_read(slice_of(text), &value));
	return value;
}

static bool is_json(const char *text)
{
	/* A block of exactly the size, so that the sanitizer sees a read behind it. */
	size_t n = strlen(text);
	char *copy = malloc(n != 0 ? n : 1);
	struct json_value value;
	assert_non_null(copy);
	memcpy(copy, text, n);
	bool is_good = json_read((struct slice){copy, n}, &value);
	free(copy);
	return is_good;
}

static void every_kind_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum json_kind kind;
	} cases[] = {
		{"{}", JSON_KIND_OBJECT},
		{" [ ] ", JSON_KIND_ARRAY},
		{"\"a\"", JSON_KIND_STRING},
		{"-0.5e+3", JSON_KIND_NUMBER},
		{"NaN", JSON_KIND_NUMBER},
		{"-Infinity", JSON_KIND_NUMBER},
		{"true", JSON_KIND_TRUE},
		{"false", JSON_KIND_FALSE},
		{"null\n", JSON_KIND_NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(read_one(cases[i].text).kind, cases[i].kind);
	assert_true(slice_is(read_one(" [1, 2]\r\n").raw, SLICE("[1, 2]")));
}

static void what_is_no_json_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {"", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]",
		"[,1]", "[1 2]", "[1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}",
		"{a:1}", "{1:1}", "{\"a\":1]", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
		"\"\\u12g4\"", "\"a\nb\"", "01", "-", "+1", "1.", ".5", "1e", "1e+", "--1", "0x10",
		"tru", "truex", "nul", "True", "Nan", "-NaN", "Inf", "1 2", "{} {}", "'a'",
		"\"\x80\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"",
		"\"\xe2\x82\"", "\xef\xbb\xbf{}", "/* */ 1"};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (is_json(cases[i]))
			fail_msg("taken: %s", cases[i]);
}

static void a_mistake_far_inside_is_found(void **state)
{
	(void)state;
	assert_false(is_json("{\"a\": [1, {\"b\": [true, {\"c\": \"d\" \"e\"}]}]}"));
	assert_false(is_json("{\"a\": [1, {\"b\": [true, {\"c\": \"d\"]}}]}"));
	assert_true(is_json("{\"a\": [1, {\"b\": [true, {\"c\": \"d\"}]}]}"));
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	char text[4 * JSON_DEPTH_MOST];
	for (size_t depth = JSON_DEPTH_MOST; depth <= JSON_DEPTH_MOST + 1; depth++) {
		struct json_value value;
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_int_equal(json_read((struct slice){text, 2 * depth}, &value),
			depth == JSON_DEPTH_MOST);
	}
}

static void a_pass_is_bounded_too(void **state)
{
	(void)state;
	char text[4 * JSON_DEPTH_MOST];
	struct json_scan scan;
	struct json_value value;
	size_t depth = JSON_DEPTH_MOST + 1;
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	json_scan_start(&scan, (struct slice){text, 2 * depth});
	for (int i = 0; i < 10; i++) {
		assert_true(json_enter(&scan, JSON_KIND_ARRAY));
		assert_true(json_more(&scan));
	}
	assert_false(json_take(&scan, &value));
	assert_true(scan.is_bad);
}

static void members_come_in_order_with_their_spans(void **state)
{
	(void)state;
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	json_walk(&scan, read_one("{\"a\" : {\"x\":[1,2]} , \"b\\n\":\"c\\\"\",\"d\":-1.5}"));
	assert_true(json_member(&scan, &name, &value));
	assert_true(slice_is(name, SLICE("\"a\"")));
	assert_true(slice_is(value.raw, SLICE("{\"x\":[1,2]}")));
	assert_true(json_member(&scan, &name, &value));
	assert_true(slice_is(name, SLICE("\"b\\n\"")));
	assert_true(slice_is(value.raw, SLICE("\"c\\\"\"")));
	assert_true(json_member(&scan, &name, &value));
	assert_true(slice_is(value.raw, SLICE("-1.5")));
	assert_false(json_member(&scan, &name, &value));
	assert_false(json_member(&scan, &name, &value));
	assert_false(scan.is_bad);
}

static void an_object_has_no_items_and_an_array_no_members(void **state)
{
	(void)state;
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	json_walk(&scan, read_one("{\"a\":1}"));
	assert_false(json_item(&scan, &value));
	json_walk(&scan, read_one("[1]"));
	assert_false(json_member(&scan, &name, &value));
	json_walk(&scan, read_one("1"));
	assert_false(json_member(&scan, &name, &value));
	assert_false(json_item(&scan, &value));
}

static void items_come_in_order(void **state)
{
	(void)state;
	struct json_scan scan;
	struct json_value value;
	int64_t got;
	json_walk(&scan, read_one("[ 1,2 , 3 ]"));
	for (int64_t want = 1; want <= 3; want++) {
		assert_true(json_item(&scan, &value));
		assert_true(json_int64(value, &got));
		assert_int_equal(got, want);
	}
	assert_false(json_item(&scan, &value));
}

static void one_pass_goes_down_and_comes_back(void **state)
{
	(void)state;
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	json_scan_start(&scan, SLICE(" {\"a\":{\"b\":[[1],{}],\"c\":2},\"d\":3} "));
	assert_false(json_enter(&scan, JSON_KIND_ARRAY));
	assert_true(json_enter(&scan, JSON_KIND_OBJECT) && json_name(&scan, &name));
	assert_true(json_enter(&scan, JSON_KIND_OBJECT) && json_name(&scan, &name));
	assert_true(json_is_text(name, SLICE("b")));
	assert_true(json_enter(&scan, JSON_KIND_ARRAY) && json_more(&scan));
	assert_true(json_take(&scan, &value) && slice_is(value.raw, SLICE("[1]")));
	assert_true(json_more(&scan) && json_enter(&scan, JSON_KIND_OBJECT));
	assert_false(json_name(&scan, &name));
	assert_false(json_more(&scan));
	assert_true(json_name(&scan, &name) && json_is_text(name, SLICE("c")));
	assert_true(json_take(&scan, &value));
	assert_false(json_name(&scan, &name));
	assert_false(json_is_whole(&scan));
	assert_true(json_name(&scan, &name) && json_is_text(name, SLICE("d")));
	assert_true(json_take(&scan, &value));
	assert_false(json_name(&scan, &name));
	assert_true(json_is_whole(&scan));
}

static void of_several_members_the_last_is_found(void **state)
{
	(void)state;
	struct json_value value;
	struct json_value object = read_one("{\"a\":1,\"\\u0061\":2,\"aa\":3}");
	assert_true(json_find(object, "a", &value));
	assert_true(slice_is(value.raw, SLICE("2")));
	assert_false(json_find(object, "b", &value));
	assert_false(json_find(value, "a", &value));
}

static void strings_are_decoded(void **state)
{
	(void)state;
	static const struct {
		struct slice quoted, text;
	} cases[] = {
		{SLICE("\"\""), SLICE("")},
		{SLICE("\"plain\""), SLICE("plain")},
		{SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), SLICE("\"\\/\b\f\n\r\t")},
		{SLICE("\"a\\u0041\\u00e9\\u20AC\""), SLICE("aA\xc3\xa9\xe2\x82\xac")},
		{SLICE("\"\\ud83d\\ude00\""), SLICE("\xf0\x9f\x98\x80")},
		{SLICE("\"\\u0000\""), SLICE("\0")},
		{SLICE("\"\\ud83dx\""), SLICE("\xef\xbf\xbdx")},
		{SLICE("\"\\ude00\\ud83d\""), SLICE("\xef\xbf\xbd\xef\xbf\xbd")},
		{SLICE("\"\\ud83d\\u0041\""), SLICE("\xef\xbf\xbd"
						    "A")},
		{SLICE("\"\xe2\x82\xac\xf0\x9f\x98\x80\""), SLICE("\xe2\x82\xac\xf0\x9f\x98\x80")},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[64];
		struct slice text = cases[i].text;
		struct json_value value;
		assert_true(json_read(cases[i].quoted, &value));
		assert_int_equal(json_decode(cases[i].quoted, out, cases[i].quoted.n), text.n);
		assert_memory_equal(out, text.p, text.n);
		assert_int_equal(json_decode(cases[i].quoted, out, text.n), text.n);
		if (text.n != 0)
			assert_int_equal(json_decode(cases[i].quoted, out, text.n - 1), -1);
		assert_true(json_is_text(cases[i].quoted, text));
		assert_false(json_is_text(cases[i].quoted, SLICE("something else")));
		if (text.n != 0)
			assert_false(
				json_is_text(cases[i].quoted, (struct slice){text.p, text.n - 1}));
	}
	assert_false(json_is_text(SLICE("\"ab\""), SLICE("abc")));
}

static void members_are_copied_if_they_fit(void **state)
{
	(void)state;
	char out[5] = "old";
	struct json_value object = read_one(
		"{\"a\": \"\\u00e9xy\", \"long\": \"12345\", \"nul\": \"a\\u0000\", \"n\": 1}");
	static const char *const others[] = {"long", "nul", "n", "none"};
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_true(json_copy_text(object, "a", out, sizeof(out)));
		assert_string_equal(out, "\xc3\xa9xy");
		assert_false(json_copy_text(object, others[i], out, sizeof(out)));
		assert_string_equal(out, "");
	}
	assert_false(json_copy_text(read_one("[]"), "a", out, sizeof(out)));
}

/* Eight octets at a time must find what one at a time finds, wherever it is. */
static void a_string_ends_where_it_ends(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_good;
	} middles[] = {{"\\\"", true}, {"\x1f", false}, {"\x7f", true}, {"\xc3\xa9", true},
		{"\xc3", false}, {"\\", false}, {" ", true}, {"!#[]", true}};
	for (size_t i = 0; i < COUNT_OF(middles); i++) {
		for (size_t before = 0; before < 20; before++) {
			for (size_t after = 0; after < 20; after++) {
				char text[80];
				struct json_value value;
				int n = snprintf(text, sizeof(text), "\"%.*s%s%.*s\"", (int)before,
					"aaaaaaaaaaaaaaaaaaaaaaaa", middles[i].text, (int)after,
					"zzzzzzzzzzzzzzzzzzzzzzzz");
				assert_int_equal(json_read((struct slice){text, (size_t)n}, &value),
					middles[i].is_good);
			}
		}
	}
}

static void numbers_have_their_value(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		double value;
	} cases[] = {{"0", 0}, {"-1", -1}, {"20", 20}, {"1.5", 1.5}, {"-2.5e-3", -2.5e-3},
		{"1E5", 1e5}, {"0.1", 0.1}, {"1e400", HUGE_VAL}, {"1e-400", 0},
		{"0e99999999999", 0}, {"1e99999999999999999999", HUGE_VAL}, {"Infinity", HUGE_VAL},
		{"-Infinity", -HUGE_VAL}, {"9223372036854775808", 9223372036854775808.0},
		{"18446744073709551615", 18446744073709551615.0},
		{"0.000000000000000000000000000000000000001234", 1.234e-39},
		{"123456789012345678901234567890.5e-10", 12345678901234567890.12345678905}};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_true(json_number(read_one(cases[i].text)) == cases[i].value);
	assert_true(isnan(json_number(read_one("NaN"))));
	assert_true(signbit(json_number(read_one("-0"))));
}

static void a_number_of_many_digits_is_rounded_once(void **state)
{
	(void)state;
	/* Halfway between two doubles, and a little more than that 2000 digits later. */
	char text[2100] = "9007199254740993.";
	size_t n = strlen(text);
	memset(text + n, '0', 2000);
	assert_true(json_number(read_one(text)) == 9007199254740992.0);
	text[n + 1999] = '1';
	assert_true(json_number(read_one(text)) == 9007199254740994.0);
}

static void whole_numbers_fit_or_do_not(void **state)
{
	(void)state;
	int64_t got;
	assert_true(json_int64(read_one("9223372036854775807"), &got) && got == INT64_MAX);
	assert_true(json_int64(read_one("-9223372036854775808"), &got) && got == INT64_MIN);
	assert_true(json_int64(read_one("-0"), &got) && got == 0);
	static const char *const others[] = {"9223372036854775808", "-9223372036854775809", "1.0",
		"1e3", "NaN", "Infinity", "-Infinity", "\"1\"", "true", "null"};
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(json_int64(read_one(others[i]), &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_told),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_mistake_far_inside_is_found),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(a_pass_is_bounded_too),
		cmocka_unit_test(members_come_in_order_with_their_spans),
		cmocka_unit_test(an_object_has_no_items_and_an_array_no_members),
		cmocka_unit_test(items_come_in_order),
		cmocka_unit_test(one_pass_goes_down_and_comes_back),
		cmocka_unit_test(of_several_members_the_last_is_found),
		cmocka_unit_test(strings_are_decoded),
		cmocka_unit_test(members_are_copied_if_they_fit),
		cmocka_unit_test(a_string_ends_where_it_ends),
		cmocka_unit_test(numbers_have_their_value),
		cmocka_unit_test(a_number_of_many_digits_is_rounded_once),
		cmocka_unit_test(whole_numbers_fit_or_do_not),
	};
	return cmocka_run_group_tests_name("comfy/json_scan", tests, NULL, NULL);
}
