#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/chars.h"

static bool has(const char *set, int c)
{
	return c != 0 && c < 0x80 && strchr(set, c) != NULL;
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static void every_octet_is_of_the_kinds_that_the_standards_say(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool is_token = has(UPPER LOWER DIGITS "!#$%&'*+-.^_`|~", c);
		bool is_value = c == '\t' || (c >= 0x20 && c != 0x7f);
		bool is_host = has(UPPER LOWER DIGITS "-._~!$&'()*+,;=", c);
		char octet = (char)c;
		assert_int_equal(http_char_is(octet, CHAR_TOKEN), is_token);
		assert_int_equal(http_char_is(octet, CHAR_NAME), is_token && c != '_');
		assert_int_equal(http_char_is(octet, CHAR_METHOD), is_token && !has(LOWER, c));
		assert_int_equal(
			http_char_is(octet, CHAR_TARGET), c > 0x20 && c < 0x7f && c != '#');
		assert_int_equal(http_char_is(octet, CHAR_VALUE), is_value);
		assert_int_equal(http_char_is(octet, CHAR_HOST), is_host);
		assert_int_equal(http_char_is(octet, CHAR_BASE64), has(UPPER LOWER DIGITS "+/", c));
		assert_int_equal(http_char_is(octet, CHAR_PLAIN), has(UPPER LOWER DIGITS "-", c));
		assert_int_equal(http_hex_value(octet) >= 0, has(DIGITS "abcdefABCDEF", c));
	}
	assert_int_equal(http_hex_value('0'), 0);
	assert_int_equal(http_hex_value('9'), 9);
	assert_int_equal(http_hex_value('a'), 10);
	assert_int_equal(http_hex_value('F'), 15);
}

/* Every octet at every place of every length that the blocks can fall on. */
static void blocks_find_what_the_table_finds(void **state)
{
	char text[49];
	(void)state;
	for (size_t n = 0; n <= sizeof(text); n++) {
		memset(text, 'a', sizeof(text));
		assert_true(http_is_value(text, n));
		assert_ptr_equal(http_skip_target(text, text + n), text + n);
		for (size_t at = 0; at < n; at++) {
			for (int c = 0; c < 256; c++) {
				text[at] = (char)c;
				assert_int_equal(
					http_is_value(text, n), http_char_is((char)c, CHAR_VALUE));
				assert_ptr_equal(http_skip_target(text, text + n),
					text + (http_char_is((char)c, CHAR_TARGET) ? n : at));
			}
			text[at] = 'a';
		}
	}
}

static void skipping_stops_at_the_first_of_another_kind(void **state)
{
	(void)state;
	const char *text = "Ab-c_d:";
	assert_ptr_equal(http_skip(text, CHAR_NAME), text + 4);
	assert_ptr_equal(http_skip(text, CHAR_TOKEN), text + 6);
	assert_ptr_equal(http_skip(text + 6, CHAR_TOKEN), text + 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_is_of_the_kinds_that_the_standards_say),
		cmocka_unit_test(blocks_find_what_the_table_finds),
		cmocka_unit_test(skipping_stops_at_the_first_of_another_kind),
	};
	return cmocka_run_group_tests_name("http/chars", tests, NULL, NULL);
}
