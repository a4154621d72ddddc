#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "comfy/origin.h"

static struct slice value_of(const char *text)
{
	return text == NULL ? (struct slice){NULL, 0} : slice_of(text);
}

static bool is_welcome(const char *host, const char *origin)
{
	return origin_is_welcome(value_of(host), value_of(origin), value_of(NULL));
}

static void a_foreign_page_is_refused_on_this_machine(void **state)
{
	static const char *const hosts[] = {"127.0.0.1:8188", "127.0.0.1", "127.8.9.10:1",
		"localhost:8188", "LocalHost", "localhost.:8188", "a.localhost:1", "[::1]:8188",
		"[0:0::1]", "[::ffff:127.0.0.1]:8188", "127.1:8188", "0x7f000001", "2130706433:80"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		if (is_welcome(hosts[i], "https://ai.example.com"))
			fail_msg("%s", hosts[i]);
		assert_true(is_welcome(hosts[i], NULL));
	}
}

static void elsewhere_the_origin_is_not_looked_at(void **state)
{
	static const char *const hosts[] = {"10.0.0.5:8188", "comfy.example", "localhost.example",
		"notlocalhost", "[::2]:8188", "[2001:db8::127]", "127.example", "128.0.0.1",
		"a-name-that-is-longer-than-any-address-may-be-and-goes-on-and-on-and-on.example"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		if (!is_welcome(hosts[i], "https://ai.example.com"))
			fail_msg("%s", hosts[i]);
	}
	assert_true(is_welcome(NULL, "https://ai.example.com"));
}

static void the_own_page_is_welcome_and_ports_count_if_both_name_one(void **state)
{
	(void)state;
	assert_true(is_welcome("127.0.0.1:8188", "http://127.0.0.1:8188"));
	assert_true(is_welcome("LOCALHOST:8188", "http://localhost:8188"));
	assert_true(is_welcome("localhost:8188", "https://localhost"));
	assert_true(is_welcome("localhost", "http://localhost:8188"));
	assert_true(is_welcome("[::1]:8188", "http://[::1]:8188"));
	assert_true(is_welcome("localhost:8188", "http://localhost:8188/page?x#y"));
	assert_false(is_welcome("127.0.0.1:8188", "http://127.0.0.1:8189"));
	assert_false(is_welcome("localhost:8188", "http://127.0.0.1:8188"));
	assert_false(is_welcome("127.0.0.1:8188", "http://localhost:8188"));
}

static void an_origin_without_a_host_is_nobodys(void **state)
{
	(void)state;
	assert_true(is_welcome("localhost:8188", "null"));
	assert_true(is_welcome("localhost:8188", ""));
	assert_true(is_welcome("localhost:8188", "file://"));
	assert_true(is_welcome("localhost:8188", "localhost:9999"));
}

static void an_origin_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_false(is_welcome("localhost:8188", "http://user@localhost:8188"));
	assert_false(is_welcome("localhost:8188", "http://localhost:99999"));
	assert_false(is_welcome("localhost:8188", "http://localhost:8188,http://evil.test"));
	assert_false(is_welcome("localhost:8188", "http://[::1"));
	assert_false(is_welcome("localhost:8188", "chrome-extension://abcdef"));
}

static void what_a_browser_calls_cross_site_is_refused_anywhere(void **state)
{
	(void)state;
	struct slice none = value_of(NULL);
	assert_false(origin_is_welcome(none, none, SLICE("cross-site")));
	assert_false(origin_is_welcome(
		SLICE("comfy.example"), SLICE("https://comfy.example"), SLICE("Cross-Site")));
	assert_true(origin_is_welcome(SLICE("comfy.example"), none, SLICE("same-origin")));
	assert_true(origin_is_welcome(SLICE("comfy.example"), none, SLICE("same-site")));
	assert_true(origin_is_welcome(SLICE("comfy.example"), none, SLICE("none")));
	assert_true(origin_is_welcome(SLICE("comfy.example"), none, SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_foreign_page_is_refused_on_this_machine),
		cmocka_unit_test(elsewhere_the_origin_is_not_looked_at),
		cmocka_unit_test(the_own_page_is_welcome_and_ports_count_if_both_name_one),
		cmocka_unit_test(an_origin_without_a_host_is_nobodys),
		cmocka_unit_test(an_origin_that_is_none_is_refused),
		cmocka_unit_test(what_a_browser_calls_cross_site_is_refused_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
