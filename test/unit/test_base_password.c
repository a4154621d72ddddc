#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/password.h"

#include <stdlib.h>

/* Made by htpasswd, openssl passwd and mkpasswd; {SSHA} by Python's hashlib. */
static const struct {
	const char *entry, *password;
} rows[] = {
	{"$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0", "secret"},
	{"$apr1$ab$S8K6Sgp3W8c9Jb6LxgywZ.", ""},
	{"$apr1$jR2RkRg.$c8I8ogR9AFestoz5.jpU6/", "averyveryverylongpasswordindeed1234567890"},
	{"$1$saltsalt$9xy1btjgzLYfb7hivXtC//", "secret"},
	{"$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA", "secret"},
	{"$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN."
	 "Pq.H91p5hVO1",
		"secret"},
	{"$6$rounds=1000$eiLgoILTmrLcl4oc$v1rAGpx9ZO4hYmAF9lmNzY5n1JlgQiquLQcpfcrOzFffQMfLwpPmpEn"
	 "PqlKCcgPa1HfZfoRTW8sQKvNaqbxTm.",
		"secret"},
	{"$2y$05$sowpG2.aCbrTeLL8PDENCOoXGF0CEnMDUbdioUE1X/ylbNEA9QT5a", "secret"},
	{"$y$j9T$jKNm3ZUh6WJN/ooI09rDk.$sxTqgUAhoT/5hR0cIolipI8IXq4SldOkr35MvzOew16", "secret"},
	{"8pcpH9TpSmAdU", "secret"},
	{"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "secret"},
	{"{SSHA}8bX4JQDfZqtTfvnQ4ssDmWb17/FTQUxU", "secret"},
	{"{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "secret"},
	{"{PLAIN}secret", "secret"},
	{"{PLAIN}", ""},
};

static void the_right_password_is_right_and_others_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char other[80];
		struct slice password = slice_of(rows[i].password);
		assert_true(password_is_right(rows[i].entry, password));
		memcpy(other, rows[i].password, password.n);
		other[password.n] = 'x';
		assert_false(
			password_is_right(rows[i].entry, (struct slice){other, password.n + 1}));
		if (password.n == 0)
			continue;
		other[0] ^= 1;
		assert_false(password_is_right(rows[i].entry, (struct slice){other, password.n}));
		assert_false(password_is_right(rows[i].entry, SLICE("")));
	}
}

static void what_is_no_entry_admits_nobody(void **state)
{
	static const char *const wrong[] = {"", "*", "*0", "*1", "!", "x", "secret", "$", "$1",
		"$2y$", "$2y$05$short", "$2y", "$apr1$", "$apr1$saltsalt", "$apr1$saltsalt$",
		"$9$x$y", "{SHA}", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ", "{SSHA}", "{SSHA}!!!!",
		"{SSHA}5en6", "{PLAIN", "{sha}5en6G6MezRroT3XKqkdPOmY/BfQ=", "{MD5}secret",
		/* What crypt says when it fails is no entry either. */
		"*0$", "$6$rounds=1$x"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_false(password_is_right(wrong[i], SLICE("secret")));
		assert_false(password_is_right(wrong[i], SLICE("")));
	}
}

static void a_password_is_text_and_not_long(void **state)
{
	(void)state;
	char entry[700] = "{PLAIN}", password[600];
	memset(password, 'a', sizeof(password));
	memset(entry + 7, 'a', 600);
	assert_false(password_is_right(entry, (struct slice){password, 600}));
	entry[7 + PASSWORD_MOST] = '\0';
	assert_true(password_is_right(entry, (struct slice){password, PASSWORD_MOST}));
	assert_false(password_is_right("8pcpH9TpSmAdU", SLICE("secret\0x")));
}

static void an_entry_beyond_the_limit_is_not_worked_on(void **state)
{
	(void)state;
	/* These would take hours, or gigabytes. */
	static const char *const costly[] = {
		"$2y$31$sowpG2.aCbrTeLL8PDENCOoXGF0CEnMDUbdioUE1X/ylbNEA9QT5a",
		"$2y$15$sowpG2.aCbrTeLL8PDENCOoXGF0CEnMDUbdioUE1X/ylbNEA9QT5a",
		"$5$rounds=999999999$saltsalt$x", "$6$rounds=2000001$saltsalt$x",
		"$sha1$4000000000$saltsalt$x", "$md5,rounds=4000000000$saltsalt$$x",
		"$md5$rounds=4000000000$saltsalt$x", "_zzzzsaltx", "$y$jFT$saltsalt$x",
		"$gy$jFT$saltsalt$x", "$y$jzT$saltsalt$x", "$y$j9z$saltsalt$x",
		"$y$j9T0/$saltsalt$x", "$7$HU..../....saltsalt$x", "$7$CzzzzzU....saltsalt$x",
		"$7$CU....zzzzzsaltsalt$x"};
	for (size_t i = 0; i < COUNT_OF(costly); i++) {
		if (!password_is_too_costly(costly[i]))
			fail_msg("%s would be worked on", costly[i]);
		assert_false(password_is_right(costly[i], SLICE("secret")));
	}
}

static void what_tools_make_is_within_the_limit(void **state)
{
	(void)state;
	static const char *const usual[] = {"$2y$14$", "$2b$12$", "$5$saltsalt$",
		"$6$rounds=656000$saltsalt$", "$sha1$480000$", "$md5,rounds=5000$", "_J9..salt",
		"$y$j75$salt$", "$y$jDT$salt$", "$gy$j9T$salt$", "$7$CU..../....salt$", "$1$salt$",
		"8pcpH9TpSmAdU"};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_false(password_is_too_costly(rows[i].entry));
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		if (password_is_too_costly(usual[i]))
			fail_msg("%s would not be worked on", usual[i]);
}

static void a_cache_asks_once(void **state)
{
	static const char apr1[] = "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0";
	static const char other[] = "$apr1$ab$S8K6Sgp3W8c9Jb6LxgywZ.";
	(void)state;
	struct password_cache *cache = password_cache_create(2);
	assert_non_null(cache);
	for (int i = 0; i < 3; i++)
		assert_true(password_cache_check(cache, apr1, SLICE("secret")));
	assert_int_equal(password_cache_checks(cache), 1);
	for (int i = 0; i < 3; i++)
		assert_false(password_cache_check(cache, apr1, SLICE("wrong")));
	assert_int_equal(password_cache_checks(cache), 2);
	/* Another entry is another question: the file was edited. It takes the older slot. */
	assert_true(password_cache_check(cache, apr1, SLICE("secret")));
	assert_false(password_cache_check(cache, other, SLICE("secret")));
	assert_int_equal(password_cache_checks(cache), 3);
	assert_true(password_cache_check(cache, apr1, SLICE("secret")));
	assert_int_equal(password_cache_checks(cache), 3);
	assert_false(password_cache_check(cache, apr1, SLICE("wrong")));
	assert_int_equal(password_cache_checks(cache), 4);
	password_cache_destroy(cache);
	password_cache_destroy(NULL);
}

static void secrets_are_compared_whole(void **state)
{
	(void)state;
	assert_true(password_is_same(SLICE(""), SLICE("")));
	assert_true(password_is_same(SLICE("abc"), SLICE("abc")));
	assert_false(password_is_same(SLICE("abc"), SLICE("abd")));
	assert_false(password_is_same(SLICE("abab"), SLICE("ab")));
	assert_false(password_is_same(SLICE("ab"), SLICE("abab")));
	assert_false(password_is_same(SLICE(""), SLICE("a")));
	assert_false(password_is_same(SLICE("\0"), SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_is_right_and_others_are_not),
		cmocka_unit_test(what_is_no_entry_admits_nobody),
		cmocka_unit_test(a_password_is_text_and_not_long),
		cmocka_unit_test(an_entry_beyond_the_limit_is_not_worked_on),
		cmocka_unit_test(what_tools_make_is_within_the_limit),
		cmocka_unit_test(a_cache_asks_once),
		cmocka_unit_test(secrets_are_compared_whole),
	};
	return cmocka_run_group_tests_name("base/password", tests, NULL, NULL);
}
