/* test/unit/test_http_path.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/path.h"

static void check(const char *path, const char *want)
{
	char out[256];
	size_t n = path_normalize(slice_of(path), out);
	assert_true(n <= strlen(path));
	assert_int_equal(n, strlen(want));
	assert_memory_equal(out, want, n);
	assert_true(strcmp(path, want) != 0 || path_is_normal(slice_of(path)) ||
		    strchr(path, '.') || strchr(path, '%'));
	/* What is normal already does not change. */
	if (path_is_normal(slice_of(path)))
		assert_string_equal(path, want);
}

static void a_plain_path_stays(void **state)
{
	(void)state;
	check("/", "/");
	check("/view", "/view");
	check("/a/b/", "/a/b/");
	check("/a.b/c..d/...", "/a.b/c..d/...");
}

static void escapes_are_decoded_once(void **state)
{
	(void)state;
	check("/%76iew", "/view");
	check("/a%2Fb", "/a/b");
	check("/a%2fb", "/a/b");
	check("/%2576iew", "/%76iew");
	check("/%zz%4", "/%zz%4");
	check("/%", "/%");
}

static void dots_are_resolved_however_they_are_spelt(void **state)
{
	(void)state;
	check("/a/../view", "/view");
	check("/a/./view", "/a/view");
	check("/a/%2e%2e/view", "/view");
	check("/a/.%2E/view", "/view");
	check("/a/b/..", "/a/");
	check("/a/b/.", "/a/b/");
	check("/..", "/");
	check("/../../x", "/x");
	check("/a/../../x", "/x");
}

static void slashes_are_merged(void **state)
{
	(void)state;
	check("//view", "/view");
	check("/a///b//", "/a/b/");
	check("/a/..//b", "/b");
	check("/%2F%2Fview", "/view");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_path_stays),
		cmocka_unit_test(escapes_are_decoded_once),
		cmocka_unit_test(dots_are_resolved_however_they_are_spelt),
		cmocka_unit_test(slashes_are_merged),
	};
	return cmocka_run_group_tests_name("http/path", tests, NULL, NULL);
}
