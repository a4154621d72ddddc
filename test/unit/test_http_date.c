#include "test/unit/http_help.h"

#include "http/date.h"

static void all_three_forms_are_one_time(void **state)
{
	(void)state;
	assert_int_equal(http_date_parse(SLICE("Sun, 06 Nov 1994 08:49:37 GMT")), 784111777);
	assert_int_equal(http_date_parse(SLICE("Sunday, 06-Nov-94 08:49:37 GMT")), 784111777);
	assert_int_equal(http_date_parse(SLICE("Sun Nov  6 08:49:37 1994")), 784111777);
}

static void what_is_written_can_be_read(void **state)
{
	(void)state;
	static const int64_t times[] = {0, 1, 784111777, 951826554, 1795219200, 4102444800};
	char text[HTTP_DATE_ROOM];
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		http_date_format(times[i], text);
		assert_int_equal(strlen(text), HTTP_DATE_ROOM - 1);
		assert_int_equal(http_date_parse(slice_of(text)), times[i]);
	}
	http_date_format(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void what_is_no_date_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "0", "now", "Sun, 06 Nov 1969 08:49:37 GMT",
		"Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 46 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 28:49:37 GMT", "Sun, 06 Nov 1994",
		"Sun, 06 Nov 1994 08:49:37 GMT and much more text than a date has"};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(http_date_parse(slice_of(texts[i])), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_three_forms_are_one_time),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(what_is_no_date_is_refused),
	};
	return cmocka_run_group_tests_name("http/date", tests, NULL, NULL);
}
