/* test/unit/test_proxy_web_cookies.c - what becomes of a worker's cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/web_proxy.h"

static struct conf_loc loc;
static struct web web;
static struct exchange x;

static struct conf_value literal(const char *text)
{
	struct conf_value value;
	assert_true(conf_value_of_text(&value, slice_of(text), &x.arena));
	return value;
}

static int prepare(void **state)
{
	(void)state;
	loc = (struct conf_loc){0};
	web = (struct web){.loc = &loc};
	x = (struct exchange){.web = &web};
	arena_init(&x.arena, 1024);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	arena_finish(&x.arena);
	return 0;
}

static void expect(const char *from, const char *to)
{
	web.out = (struct web_out){.status = 200};
	assert_true(web_take_cookie(&x, SLICE("Set-Cookie"), slice_of(from)));
	assert_int_equal(web.out.fields.count, 1);
	struct slice got = web.out.fields.items[0].value;
	if (!slice_is(got, slice_of(to)))
		fail_msg("\"%s\" became \"%.*s\", not \"%s\"", from, (int)got.n, got.p, to);
}

static void set_flags(const char *name, const char *const *words, uint32_t count)
{
	static struct conf_value flags[4];
	static struct conf_cookie_flags rule;
	for (uint32_t i = 0; i < count; i++)
		flags[i] = literal(words[i]);
	rule = (struct conf_cookie_flags){
		.name = literal(name), .flags = flags, .flag_count = count};
	loc.proxy.cookie_flags.items = &rule;
	loc.proxy.cookie_flags.count = 1;
}

static void without_rules_a_cookie_stays_to_the_octet(void **state)
{
	(void)state;
	expect("a=b;Path=/ ;; x", "a=b;Path=/ ;; x");
}

static void flags_are_added_in_one_order(void **state)
{
	static const char *const words[] = {"samesite=lax", "HttpOnly", "secure"};
	(void)state;
	set_flags("SID", words, COUNT_OF(words));
	expect("sid=1", "sid=1; Secure; HttpOnly; SameSite=Lax");
	expect("sid=1;secure; samesite=none", "sid=1; secure; SameSite=Lax; HttpOnly");
	expect("other=1;x", "other=1;x");
}

static void flags_are_taken_away(void **state)
{
	static const char *const words[] = {"nosecure", "nohttponly", "nosamesite"};
	(void)state;
	set_flags("sid", words, COUNT_OF(words));
	expect("sid=1; Secure; Path=/; httponly=x; SameSite", "sid=1; Path=/");
}

static void the_strictest_of_several_counts(void **state)
{
	static const char *const words[] = {"samesite=none", "samesite=strict", "nonsense"};
	(void)state;
	set_flags("sid", words, COUNT_OF(words));
	expect("sid=1", "sid=1; SameSite=Strict");
	expect("sid=1; samesite=lax", "sid=1; SameSite=Strict; SameSite=None");
}

static void what_is_no_cookie_is_left_alone(void **state)
{
	static const char *const words[] = {"secure"};
	(void)state;
	set_flags("sid", words, COUNT_OF(words));
	expect("sid", "sid");
	expect("; Path=/", "; Path=/");
	expect("", "");
}

static void domain_and_path_are_replaced(void **state)
{
	static struct conf_replace domain, path;
	(void)state;
	domain = (struct conf_replace){
		.kind = CONF_REDIRECT_TEXT, .from = literal("in.test"), .to = literal("out.test")};
	path = (struct conf_replace){
		.kind = CONF_REDIRECT_TEXT, .from = literal("/app/"), .to = literal("/")};
	loc.proxy.cookie_domain.items = &domain;
	loc.proxy.cookie_path.items = &path;
	loc.proxy.cookie_domain.count = loc.proxy.cookie_path.count = 1;
	expect("a=b; Domain=.IN.test;path = /app/x;", "a=b; Domain=.out.test; path=/x; ");
	expect("a=b; domain=sub.in.test;path=/x", "a=b; domain=sub.in.test;path=/x");
	expect("a=b;domain;path", "a=b;domain;path");
}

static void a_cookie_of_many_parts_loses_none(void **state)
{
	static const char *const words[] = {"secure"};
	char text[200] = "sid=1";
	(void)state;
	for (size_t i = 0; i < 40; i++)
		memcpy(text + 5 + i * 4, ";a=b", 5);
	set_flags("sid", words, COUNT_OF(words));
	web.out = (struct web_out){.status = 200};
	assert_true(web_take_cookie(&x, SLICE("Set-Cookie"), slice_of(text)));
	struct slice got = web.out.fields.items[0].value;
	size_t equals = 0;
	for (size_t i = 0; i < got.n; i++)
		equals += got.p[i] == '=';
	assert_int_equal(equals, 41);
	assert_memory_equal(got.p + got.n - 8, "; Secure", 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_rules_a_cookie_stays_to_the_octet),
		TEST(flags_are_added_in_one_order),
		TEST(flags_are_taken_away),
		TEST(the_strictest_of_several_counts),
		TEST(what_is_no_cookie_is_left_alone),
		TEST(domain_and_path_are_replaced),
		TEST(a_cookie_of_many_parts_loses_none),
	};
	return cmocka_run_group_tests_name("proxy/web_cookies", tests, NULL, NULL);
}
