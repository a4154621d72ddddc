#include "test/unit/conf_help.h"

#include "conf/judge.h"

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static void check(const char *(*judge)(const char *text), const char *const *good, size_t good_n,
	const char *const *bad, size_t bad_n)
{
	for (size_t i = 0; i < good_n; i++) {
		if (judge(good[i]) != NULL)
			fail_msg("\"%s\" was refused: %s", good[i], judge(good[i]));
	}
	for (size_t i = 0; i < bad_n; i++) {
		if (judge(bad[i]) == NULL)
			fail_msg("\"%s\" passed", bad[i]);
	}
}

#define CHECK(judge) check(judge, good, COUNT_OF(good), bad, COUNT_OF(bad))

static void utf8_is_strict(void **state)
{
	static const char *const good[] = {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xe2\x82"};
	(void)state;
	CHECK(conf_judge_label);
}

static void ids_are_short_and_plain(void **state)
{
	static const char *const good[] = {"a", "comfyui-worker-1", "r\xc3\xa4ume 1", FIFTY FIFTY};
	static const char *const bad[] = {"", "a\nb", "a\x7f", FIFTY FIFTY FIFTY};
	(void)state;
	CHECK(conf_judge_id);
}

static void cookies_are_tokens(void **state)
{
	static const char *const good[] = {"comfymux", "__Host-x", "a!#$%&'*+-.^_`|~"};
	static const char *const bad[] = {
		"", "a b", "a=b", "a;b", "\"a\"", "\xc3\xa9", "a,b", FIFTY TEN TEN};
	(void)state;
	CHECK(conf_judge_cookie);
}

static void targets_fit_a_request_line(void **state)
{
	static const char *const good[] = {"/", "/system_stats", "/a?b=c", "/%20~"};
	static const char *const bad[] = {"", "a", "/a b", "/a\r\nX: y", "/a#b", "/\xc3\xa9", "*"};
	(void)state;
	CHECK(conf_judge_target);
	assert_non_null(conf_judge_location("/a?b"));
	assert_null(conf_judge_location("/a"));
}

static void types_stay_on_their_line(void **state)
{
	static const char *const good[] = {"text/plain", "text/html; charset=utf-8"};
	static const char *const bad[] = {"", "text/plain\r\nX: y", "t\xc3\xa9xt"};
	(void)state;
	CHECK(conf_judge_type);
}

static void server_names_are_whole_names(void **state)
{
	static const char *const good[] = {"example.com", "EXAMPLE.com.", "a_b", "localhost",
		"10.0.0.1", "[::1]", "xn--bcher-kva.example"};
	static const char *const bad[] = {"", "a b", "*.example.com", "a:80", "::1", "[::1", "[a]",
		"[::1]:80", "b\xc3\xbcr", ".a", "a..b", "a/b"};
	(void)state;
	CHECK(conf_judge_server_name);
}

static void hosts_are_addresses_or_names(void **state)
{
	static const char *const good[] = {"10.0.0.1", "::1", "[::1]", "gpu9", "gpu-9.example.com",
		"unix:/run/a.sock", "unix:a"};
	static const char *const bad[] = {"", "10.0.0.256", "1.2.3", "gpu9:80", "10.0.0.1:80",
		"http://a", "a b", "unix:", "fe80::%", "1..2", "unix:a\nb"};
	(void)state;
	CHECK(conf_judge_host);
}

static void paths_have_no_controls(void **state)
{
	static const char *const good[] = {"a", "/a b", "\xff"};
	static const char *const bad[] = {"", "a\nb"};
	(void)state;
	CHECK(conf_judge_path);
	assert_null(conf_judge_path_or_none(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(ids_are_short_and_plain),
		cmocka_unit_test(cookies_are_tokens),
		cmocka_unit_test(targets_fit_a_request_line),
		cmocka_unit_test(types_stay_on_their_line),
		cmocka_unit_test(server_names_are_whole_names),
		cmocka_unit_test(hosts_are_addresses_or_names),
		cmocka_unit_test(paths_have_no_controls),
	};
	return cmocka_run_group_tests_name("conf/judge", tests, NULL, NULL);
}
