#include "test/unit/conf_help.h"

#include "conf/units.h"

#include <math.h>

static void reads_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{"0", 0},
		{"1", 1},
		{"65536", 65536},
		{"64k", 65536},
		{"64K", 65536},
		{"1M", 1048576},
		{"1m", 1048576},
		{"2G", UINT64_C(2147483648)},
		{"2g", UINT64_C(2147483648)},
		{"007", 7},
		{"8589934591G", UINT64_C(8589934591) << 30},
		{"9223372036854775799", UINT64_C(9223372036854775799)},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t bytes = 99;
		assert_null(conf_bytes_from_text(&bytes, rows[i].text));
		assert_true(bytes == rows[i].bytes);
	}
}

static void refuses_what_is_no_size(void **state)
{
	static const char *const rows[] = {"", "k", "1.5G", "64kb", "64 k", " 64k", "64k ", "1T",
		"0x10", "-1", "-1k", "+1", "8589934592G", "99999999999999999999", "1e3"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t bytes = 99;
		assert_non_null(conf_bytes_from_text(&bytes, rows[i]));
		assert_int_equal(bytes, 99);
	}
	uint64_t bytes = 99;
	assert_non_null(conf_bytes_from_int(&bytes, -1));
	assert_int_equal(bytes, 99);
	assert_null(conf_bytes_from_int(&bytes, INT64_MAX));
	assert_true(bytes == INT64_MAX);
}

static void reads_times(void **state)
{
	static const struct {
		double seconds;
		uint64_t ms;
	} rows[] = {{0, 0}, {0.25, 250}, {1.0005, 1001}, {0.0001, 1}, {1e-300, 1}, {-0.0, 0},
		{315360000, UINT64_C(315360000000)}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t ms = 99;
		assert_null(conf_ms_from_float(&ms, rows[i].seconds));
		assert_int_equal(ms, rows[i].ms);
	}
	uint64_t ms;
	assert_null(conf_ms_from_int(&ms, 30));
	assert_int_equal(ms, 30000);
}

static void refuses_what_is_no_time(void **state)
{
	static const double rows[] = {-1, -0.001, NAN, INFINITY, -INFINITY, 315360000.5, 1e300};
	(void)state;
	uint64_t ms = 99;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_non_null(conf_ms_from_float(&ms, rows[i]));
	assert_non_null(conf_ms_from_int(&ms, -1));
	assert_non_null(conf_ms_from_int(&ms, 315360001));
	assert_non_null(conf_ms_from_int(&ms, INT64_MAX));
	assert_int_equal(ms, 99);
}

static void writes_them_short(void **state)
{
	char text[CONF_UNIT_TEXT];
	(void)state;
	conf_bytes_format(65536, text);
	assert_string_equal(text, "\"64k\"");
	conf_bytes_format(UINT64_C(3) << 30, text);
	assert_string_equal(text, "\"3G\"");
	conf_bytes_format(1000, text);
	assert_string_equal(text, "1000");
	conf_bytes_format(0, text);
	assert_string_equal(text, "0");
	conf_bytes_format(UINT64_MAX, text);
	assert_string_equal(text, "18446744073709551615");
	conf_seconds_format(30000, text);
	assert_string_equal(text, "30");
	conf_seconds_format(250, text);
	assert_string_equal(text, "0.25");
	conf_seconds_format(0, text);
	assert_string_equal(text, "0");
	conf_seconds_format(100, text);
	assert_string_equal(text, "0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(refuses_what_is_no_size),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(writes_them_short),
	};
	return cmocka_run_group_tests_name("conf/units", tests, NULL, NULL);
}
