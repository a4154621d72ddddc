#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/status.h"

static void every_status_that_we_answer_has_a_reason(void **state)
{
	static const int codes[] = {
		400, 405, 408, 411, 413, 414, 417, 421, 431, 501, 502, 503, 504, 505};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		assert_string_not_equal(http_status_reason(codes[i]), "Unknown");
}

static void reasons_are_those_of_the_standard(void **state)
{
	(void)state;
	assert_string_equal(http_status_reason(101), "Switching Protocols");
	assert_string_equal(http_status_reason(404), "Not Found");
	assert_string_equal(http_status_reason(431), "Request Header Fields Too Large");
	assert_string_equal(http_status_reason(299), "Unknown");
	assert_string_equal(http_status_reason(0), "Unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_that_we_answer_has_a_reason),
		cmocka_unit_test(reasons_are_those_of_the_standard),
	};
	return cmocka_run_group_tests_name("http/status", tests, NULL, NULL);
}
