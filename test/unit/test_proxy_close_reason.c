/* test/unit/test_proxy_close_reason.c - the words for why something ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "proxy/close_reason.h"

static void every_reason_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < CLOSE_REASONS; i++) {
		const char *name = close_reason_name((enum close_reason)i);
		assert_non_null(name);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name, close_reason_name((enum close_reason)k));
	}
}

static void a_word_can_stand_in_a_log_line_and_a_label(void **state)
{
	(void)state;
	for (int i = 0; i < CLOSE_REASONS; i++) {
		const char *name = close_reason_name((enum close_reason)i);
		assert_in_range(strlen(name), 1, 30);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
	}
}

static void the_words_that_others_wait_for_stay(void **state)
{
	(void)state;
	assert_string_equal(close_reason_name(CLOSE_DONE), "done");
	assert_string_equal(close_reason_name(CLOSE_RESPONSE_CUT), "response_cut");
	assert_string_equal(close_reason_name(CLOSE_SHUTDOWN), "shutdown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_word_of_its_own),
		cmocka_unit_test(a_word_can_stand_in_a_log_line_and_a_label),
		cmocka_unit_test(the_words_that_others_wait_for_stay),
	};
	return cmocka_run_group_tests_name("proxy/close_reason", tests, NULL, NULL);
}
