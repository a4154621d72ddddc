#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#include <stdlib.h>

static struct text text;

static int setup(void **state)
{
	(void)state;
	text_init(&text, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	text_finish(&text);
	return 0;
}

/* What was put since the last call. */
static const char *said(void)
{
	static char out[1024];
	assert_false(text.is_short);
	assert_true(text.n < sizeof(out));
	memcpy(out, text.p, text.n);
	out[text.n] = '\0';
	text.n = 0;
	return out;
}

static void numbers_are_written_whole(void **state)
{
	static const struct {
		uint64_t value;
		const char *said;
	} rows[] = {{0, "0"}, {7, "7"}, {10, "10"}, {UINT64_MAX, "18446744073709551615"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		text_u64(&text, rows[i].value);
		assert_string_equal(said(), rows[i].said);
	}
	text_i64(&text, -1);
	assert_string_equal(said(), "-1");
	text_i64(&text, INT64_MIN);
	assert_string_equal(said(), "-9223372036854775808");
	text_i64(&text, INT64_MAX);
	assert_string_equal(said(), "9223372036854775807");
}

static void microseconds_become_seconds(void **state)
{
	static const struct {
		uint64_t us;
		const char *said;
	} rows[] = {{0, "0"}, {1, "0.000001"}, {500, "0.0005"}, {250000, "0.25"}, {1000000, "1"},
		{1000001, "1.000001"}, {600000000, "600"}, {10000010, "10.00001"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		text_seconds(&text, rows[i].us);
		assert_string_equal(said(), rows[i].said);
	}
}

static void labels_are_escaped(void **state)
{
	(void)state;
	text_label(&text, "a\"b\\c\nd\te");
	assert_string_equal(said(), "\"a\\\"b\\\\c\\nd\te\"");
}

static void json_strings_are_escaped(void **state)
{
	(void)state;
	text_json(&text, "a\"b\\c\nd\te\x01/\x7f");
	assert_string_equal(said(), "\"a\\\"b\\\\c\\nd\\u0009e\\u0001/\x7f\"");
}

static void only_utf8_passes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"caf\xc3\xa9", "\"caf\xc3\xa9\""},
		{"\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
			"\"a\xef\xbf\xbd"
			"b\""},
		{"\xc3", "\"\xef\xbf\xbd\""},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xe0\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf0\x9f\x98", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		text_json(&text, rows[i].in);
		assert_string_equal(said(), rows[i].out);
		text_label(&text, rows[i].in);
		assert_string_equal(said(), rows[i].out);
	}
}

static void commas_come_by_themselves(void **state)
{
	(void)state;
	text_puts(&text, "{");
	text_key_string(&text, "a", "x");
	text_key(&text, "b");
	text_puts(&text, "[");
	text_item(&text);
	text_u64(&text, 1);
	text_item(&text);
	text_puts(&text, "{");
	text_key_bool(&text, "c", true);
	text_puts(&text, "}]");
	text_key_i64(&text, "d", -5);
	text_key_time(&text, "e", 0);
	text_key_time(&text, "f", 1795291634123000);
	text_puts(&text, "}");
	assert_string_equal(said(), "{\"a\":\"x\",\"b\":[1,{\"c\":true}],\"d\":-5,\"e\":null,"
				    "\"f\":\"2026-11-21T20:07:14.123Z\"}");
}

static void it_grows_as_it_needs(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++)
		text_put(&text, "0123456789", 10);
	assert_int_equal(text.n, 1000000);
	assert_memory_equal(text.p + 999990, "0123456789", 10);
}

static void without_memory_nothing_more_is_put(void **state)
{
	(void)state;
	text_puts(&text, "before");
	assert_false(text_grow(&text, UINT32_MAX));
	assert_true(text.is_short);
	text_puts(&text, "after");
	assert_int_equal(text.n, 6);
	text_finish(&text);
	assert_false(text.is_short);
	/* None from the beginning: even nothing has nowhere to go. */
	text_init(&text, UINT32_MAX);
	assert_true(text.is_short);
	text_puts(&text, "");
	assert_int_equal(text.n, 0);
}

static void slices_are_cut_to_the_room(void **state)
{
	(void)state;
	char out[4];
	assert_true(slice_copy(SLICE("abc"), out, sizeof(out)));
	assert_string_equal(out, "abc");
	assert_false(slice_copy(SLICE("wxyz"), out, sizeof(out)));
	assert_string_equal(out, "wxy");
	assert_true(slice_copy((struct slice){NULL, 0}, out, sizeof(out)));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_are_written_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(microseconds_become_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(labels_are_escaped, setup, teardown),
		cmocka_unit_test_setup_teardown(json_strings_are_escaped, setup, teardown),
		cmocka_unit_test_setup_teardown(only_utf8_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(commas_come_by_themselves, setup, teardown),
		cmocka_unit_test_setup_teardown(it_grows_as_it_needs, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_memory_nothing_more_is_put, setup, teardown),
		cmocka_unit_test(slices_are_cut_to_the_room),
	};
	return cmocka_run_group_tests_name("admin/text", tests, NULL, NULL);
}
