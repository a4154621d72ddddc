/* test/unit/test_comfy_top_keys.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/top_keys.h"

#include <stdio.h>
#include <stdlib.h>

/* The value of "k", "" when it has none, NULL when the text is refused. */
static const char *look(struct slice json)
{
	static char out[TOP_KEY_MOST + 1];
	struct top_key keys[] = {{.name = "other", .length = 1}, {.name = "k", .length = 1}};
	/* A copy of its own, so that a read past its end is seen. */
	char *copy = malloc(json.n + 1);
	assert_non_null(copy);
	memcpy(copy, json.p, json.n);
	copy = realloc(copy, json.n == 0 ? 1 : json.n);
	assert_non_null(copy);
	bool is_whole = top_keys_find((struct slice){copy, json.n}, keys, COUNT_OF(keys));
	free(copy);
	memcpy(out, keys[1].value, keys[1].length);
	out[keys[1].length] = '\0';
	if (!is_whole)
		assert_int_equal(keys[0].length + keys[1].length, 0);
	return is_whole ? out : NULL;
}

static void finds_a_string_at_the_top(void **state)
{
	static const struct {
		const char *json, *value;
	} cases[] = {
		{"{\"k\":\"abc\"}", "abc"},
		{" \t\r\n{ \"k\" : \"abc\" } \n", "abc"},
		{"{\"a\":1,\"k\":\"abc\",\"b\":null}", "abc"},
		{"{\"a\":{\"k\":\"deep\"},\"k\":\"top\"}", "top"},
		{"{\"k\":\"top\",\"a\":[{\"k\":\"deep\"}]}", "top"},
		{"{\"a\":{\"k\":\"deep\"}}", ""},
		{"{\"a\":\"\\\"k\\\":\\\"in a string\\\"\"}", ""},
		{"{\"a\":\"}\",\"b\":[\"]}\"],\"k\":\"v\"}", "v"},
		{"{\"a\":\"\\\\\",\"k\":\"v\"}", "v"},
		{"{\"a\":[\"\\\\\"],\"k\":\"v\"}", "v"},
		{"{}", ""},
		{"{\"kk\":\"a\",\"\":\"b\",\"K\":\"c\"}", ""},
		{"{\"k\":\"\"}", ""},
		{"{\"a\":-1.5e+10,\"b\":true,\"c\":NaN,\"d\":-Infinity,\"k\":\"v\"}", "v"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *got = look(slice_of(cases[i].json));
		assert_non_null(got);
		assert_string_equal(got, cases[i].value);
	}
}

static void other_kinds_of_value_are_none(void **state)
{
	static const char *const cases[] = {"{\"k\":5}", "{\"k\":null}", "{\"k\":true}",
		"{\"k\":[\"v\"]}", "{\"k\":{\"k\":\"v\"}}"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(look(slice_of(cases[i])), "");
}

static void the_last_of_two_counts(void **state)
{
	(void)state;
	assert_string_equal(look(SLICE("{\"k\":\"a\",\"k\":\"b\"}")), "b");
	assert_string_equal(look(SLICE("{\"k\":\"a\",\"k\":7}")), "");
	assert_string_equal(look(SLICE("{\"k\":7,\"k\":\"b\"}")), "b");
	assert_string_equal(look(SLICE("{\"k\":\"a\",\"\\u006b\":\"b\"}")), "b");
	assert_string_equal(look(SLICE("{\"k\":\"a\",\"k\":\"\\ud800\"}")), "");
}

static void escapes_are_decoded(void **state)
{
	static const struct {
		const char *json, *value;
	} cases[] = {
		{"{\"k\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t"},
		{"{\"k\":\"\\u0041\\u00e9\\u20AC\"}", "A\xc3\xa9\xe2\x82\xac"},
		{"{\"k\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80"},
		{"{\"k\":\"\xc3\xa9\"}", "\xc3\xa9"},
		{"{\"\\u006B\":\"v\"}", "v"},
		/* Half a pair, and NUL, cannot be spelt. */
		{"{\"k\":\"a\\ud83d\"}", ""},
		{"{\"k\":\"a\\ude00\"}", ""},
		{"{\"k\":\"\\ud83dx\"}", ""},
		{"{\"k\":\"\\ud83d\\n\"}", ""},
		{"{\"k\":\"\\ud83d\\u0041\"}", ""},
		{"{\"k\":\"a\\u0000b\"}", ""},
		{"{\"k\\u0000\":\"v\"}", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(look(slice_of(cases[i].json)), cases[i].value);
}

static void too_long_is_none(void **state)
{
	char json[TOP_KEY_MOST + 16];
	(void)state;
	for (int n = TOP_KEY_MOST - 1; n <= TOP_KEY_MOST + 1; n++) {
		int total = snprintf(json, sizeof(json), "{\"k\":\"%0*d\"}", n, 7);
		const char *got = look((struct slice){json, (size_t)total});
		assert_non_null(got);
		assert_int_equal(strlen(got), n <= TOP_KEY_MOST ? n : 0);
	}
	/* A name that begins like one and goes on past what is kept. */
	int total = snprintf(json, sizeof(json), "{\"k%0*d\":\"v\"}", TOP_KEY_MOST, 7);
	assert_string_equal(look((struct slice){json, (size_t)total}), "");
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const cases[] = {"", " ", "[]", "null", "\"k\"", "7", "{", "}", "{]",
		"{\"k\"}", "{\"k\":}", "{\"k\":\"v\",}", "{,}", "{k:\"v\"}", "{'k':'v'}",
		"{\"k\" \"v\"}", "{\"k\":\"v\" \"b\":1}", "{\"k\":\"v\"}x", "{\"k\":\"v\"}{}",
		"{\"k\":\"v\"]", "{\"k\":\"\\x\"}", "{\"k\":\"\\u12g4\"}", "{\"k\":\"\n\"}",
		"{\"a\":\"\n\",\"k\":\"v\"}", "{\"a\":[\"\t\"],\"k\":\"v\"}",
		"\xef\xbb\xbf{\"k\":\"v\"}", "\x1f\x8b\x08"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (look(slice_of(cases[i])) != NULL)
			fail_msg("passed: %s", cases[i]);
	assert_null(look(SLICE("{\"k\":\"v\0\"}")));
	assert_null(look(SLICE("{\"k\":\"v\"}\0")));
}

static void what_is_cut_short_is_refused(void **state)
{
	static const char json[] =
		"{\"prompt\":{\"3\":{\"inputs\":{\"text\":\"a \\\"b\\\" \\u00e9\","
		"\"seed\":12.5,\"list\":[1,[2,{}]]}}},\"k\":\"v\\ud83d\\ude00w\","
		"\"front\":true}";
	(void)state;
	assert_non_null(look(SLICE(json)));
	for (size_t n = 0; n < sizeof(json) - 1; n++)
		assert_null(look((struct slice){json, n}));
}

static void depth_costs_nothing(void **state)
{
	enum { DEPTH = 1 << 20 };
	static const char tail[] = ",\"k\":\"v\"}";
	char *json = malloc(5 + 2 * DEPTH + sizeof(tail));
	(void)state;
	assert_non_null(json);
	memcpy(json, "{\"a\":", 5);
	memset(json + 5, '[', DEPTH);
	memset(json + 5 + DEPTH, ']', DEPTH);
	memcpy(json + 5 + 2 * DEPTH, tail, sizeof(tail));
	assert_string_equal(look((struct slice){json, 5 + 2 * DEPTH + sizeof(tail) - 1}), "v");
	assert_null(look((struct slice){json, 5 + DEPTH}));
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_string_at_the_top),
		cmocka_unit_test(other_kinds_of_value_are_none),
		cmocka_unit_test(the_last_of_two_counts),
		cmocka_unit_test(escapes_are_decoded),
		cmocka_unit_test(too_long_is_none),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(depth_costs_nothing),
	};
	return cmocka_run_group_tests_name("comfy/top_keys", tests, NULL, NULL);
}
