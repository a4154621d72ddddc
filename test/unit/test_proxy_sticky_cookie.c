/* test/unit/test_proxy_sticky_cookie.c - the cookie that comes, and the one that is set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "proxy/sticky_cookie.h"
#include "test/unit/exchange_help.h"

#include <stdlib.h>

#define GOOD "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"

static struct exchange_help help;

static int setup(void **state)
{
	(void)state;
	exchange_help_init(&help);
	help.conf.balancing.sticky.keys[0] = CONF_KEY_IP;
	help.conf.balancing.sticky.keys[1] = CONF_KEY_COOKIE;
	help.conf.balancing.sticky.key_count = 2;
	return 0;
}

/* A request with those header lines. */
static void ask(const char *lines)
{
	static char text[2048];
	int n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
	assert_in_range(n, 1, sizeof(text) - 1);
	assert_int_equal(exchange_help_ask(&help, (struct slice){text, (size_t)n}), HTTP_DONE);
	help.x.keys = (struct lb_keys){0};
	help.x.new_cookie[0] = '\0';
	sticky_cookie_read(&help.x);
}

static struct slice key(void)
{
	return help.x.keys.value[CONF_KEY_COOKIE];
}

static const char *line(void)
{
	static char out[STICKY_COOKIE_ROOM + 1];
	size_t n = sticky_cookie_line(&help.x, out);
	assert_in_range(n, 0, STICKY_COOKIE_ROOM);
	out[n] = '\0';
	return out;
}

static void the_cookie_that_came_is_the_key_and_is_not_set_again(void **state)
{
	(void)state;
	ask("Cookie: comfymux=" GOOD "\r\n");
	assert_true(slice_is(key(), SLICE(GOOD)));
	assert_string_equal(line(), "");
}

static void it_is_found_among_others(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"Cookie: a=b; comfymux=" GOOD "; c=d\r\n",
		"Cookie: a=b;comfymux=" GOOD "\r\n",
		"Cookie: comfymux=" GOOD ";\r\n",
		"Cookie: a=b\r\nCookie: comfymux=" GOOD "\r\n",
		"Cookie: xcomfymux=" OTHER "; comfymuxx=" OTHER "; comfymux=" GOOD "\r\n",
		"Cookie: ;;; ; comfymux=" GOOD " ;;\r\n",
		"cookie: comfymux=" GOOD "\r\n",
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		ask(lines[i]);
		assert_true(slice_is(key(), SLICE(GOOD)));
		assert_string_equal(line(), "");
	}
}

static void what_is_not_ours_is_replaced(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"",
		"Cookie: a=b\r\n",
		"Cookie:\r\n",
		"Cookie: comfymux\r\n",
		"Cookie: comfymux=\r\n",
		"Cookie: comfymux=short\r\n",
		"Cookie: comfymux=" GOOD "0\r\n",
		"Cookie: comfymux=0123456789ABCDEF0123456789ABCDEF\r\n",
		"Cookie: comfymux=\"" GOOD "\"\r\n",
		"Cookie: comfymux=0123456789abcdef0123456789abcde!\r\n",
		"Cookie: Comfymux=" GOOD "\r\n",
		"X-Cookie: comfymux=" GOOD "\r\n",
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		ask(lines[i]);
		assert_int_equal(key().n, 32);
		assert_false(slice_is(key(), SLICE(GOOD)));
		assert_int_not_equal(line()[0], '\0');
	}
}

static void a_new_one_is_32_hex_digits_and_the_key_of_this_request(void **state)
{
	(void)state;
	char want[128];
	ask("");
	assert_int_equal(strlen(help.x.new_cookie), 32);
	assert_int_equal(strspn(help.x.new_cookie, "0123456789abcdef"), 32);
	assert_true(slice_is(key(), slice_of(help.x.new_cookie)));
	(void)snprintf(want, sizeof(want),
		"Set-Cookie: comfymux=%s; Path=/; HttpOnly; SameSite=Lax\r\n", help.x.new_cookie);
	assert_string_equal(line(), want);
}

static void a_new_one_that_comes_back_is_known(void **state)
{
	(void)state;
	char field[64], value[33];
	ask("");
	memcpy(value, help.x.new_cookie, sizeof(value));
	(void)snprintf(field, sizeof(field), "Cookie: comfymux=%s\r\n", value);
	ask(field);
	assert_true(slice_is(key(), slice_of(value)));
	assert_string_equal(line(), "");
}

static void over_tls_it_is_secure(void **state)
{
	(void)state;
	help.client.is_tls = true;
	ask("");
	assert_non_null(strstr(line(), "; SameSite=Lax; Secure\r\n"));
}

static void a_pool_that_does_not_go_by_cookies_gets_none(void **state)
{
	(void)state;
	help.conf.balancing.sticky.key_count = 1;
	ask("Cookie: comfymux=" GOOD "\r\n");
	assert_null(key().p);
	assert_string_equal(line(), "");
	ask("");
	assert_null(key().p);
	assert_string_equal(line(), "");
}

static void its_name_is_the_pools(void **state)
{
	(void)state;
	help.conf.balancing.sticky.cookie = "farm";
	ask("Cookie: comfymux=" OTHER "; farm=" GOOD "\r\n");
	assert_true(slice_is(key(), SLICE(GOOD)));
	ask("Cookie: comfymux=" OTHER "\r\n");
	assert_true(strncmp(line(), "Set-Cookie: farm=", 17) == 0);
}

static void a_line_that_would_not_fit_is_left_out_whole(void **state)
{
	(void)state;
	char name[STICKY_COOKIE_ROOM];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	help.conf.balancing.sticky.cookie = name;
	ask("");
	assert_string_equal(line(), "");
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* More than one page of the system's randomness holds. */
static void no_two_are_the_same(void **state)
{
	(void)state;
	static char drawn[1000][33];
	for (size_t i = 0; i < COUNT_OF(drawn); i++) {
		ask("");
		memcpy(drawn[i], help.x.new_cookie, sizeof(drawn[i]));
	}
	qsort(drawn, COUNT_OF(drawn), sizeof(drawn[0]), compare);
	for (size_t i = 1; i < COUNT_OF(drawn); i++)
		assert_string_not_equal(drawn[i - 1], drawn[i]);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_cookie_that_came_is_the_key_and_is_not_set_again),
		TEST(it_is_found_among_others),
		TEST(what_is_not_ours_is_replaced),
		TEST(a_new_one_is_32_hex_digits_and_the_key_of_this_request),
		TEST(a_new_one_that_comes_back_is_known),
		TEST(over_tls_it_is_secure),
		TEST(a_pool_that_does_not_go_by_cookies_gets_none),
		TEST(its_name_is_the_pools),
		TEST(a_line_that_would_not_fit_is_left_out_whole),
		TEST(no_two_are_the_same),
	};
	return cmocka_run_group_tests_name("proxy/sticky_cookie", tests, NULL, NULL);
}
