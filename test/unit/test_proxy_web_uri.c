#include "test/unit/http_help.h"

#include "proxy/web_uri.h"

static struct arena arena;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, 4096);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

/* What nginx 1.22.1 has in $uri, NULL where it answers 400. */
static void a_path_is_decoded_and_its_dots_resolved(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *merged, *kept;
	} paths[] = {
		{"/", "/", "/"},
		{"/a/b", "/a/b", "/a/b"},
		{"/a%20b%2Fc", "/a b/c", "/a b/c"},
		{"//a///b", "/a/b", "//a///b"},
		{"/a/./b/", "/a/b/", "/a/b/"},
		{"/a/../b", "/b", "/b"},
		{"/a/b/..", "/a/", "/a/"},
		{"/a/.", "/a/", "/a/"},
		{"/a/%2e%2e/b", "/b", "/b"},
		{"/...", "/...", "/..."},
		{"/a/..b", "/a/..b", "/a/..b"},
		{"/%41%c3%a9", "/A\xc3\xa9", "/A\xc3\xa9"},
		{"/..", NULL, NULL},
		{"/a/../../b", NULL, NULL},
		{"/%2e%2e/b", NULL, NULL},
		{"/a%00b", NULL, NULL},
		{"/a%2", NULL, NULL},
		{"/a%zz", NULL, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		for (int merges = 0; merges < 2; merges++) {
			struct slice got;
			const char *want = merges ? paths[i].merged : paths[i].kept;
			assert_true(web_unescape_path(
				&arena, slice_of(paths[i].sent), merges != 0, &got));
			if (want == NULL)
				assert_null(got.p);
			else
				assert_string_equal(got.p, want);
		}
	}
}

static void a_path_is_escaped_as_nginx_does(void **state)
{
	(void)state;
	struct slice got;
	assert_true(web_escape_uri(
		&arena, SLICE("/a b\"#%<>?\\^`{|}\x7f\xe9[]&+;="), (struct slice){NULL, 0}, &got));
	assert_string_equal(got.p, "/a%20b%22%23%25%3C%3E%3F%5C%5E%60%7B%7C%7D%7F%E9[]&+;=");
	assert_true(web_escape_uri(&arena, SLICE("/x y"), SLICE("a=b c"), &got));
	assert_string_equal(got.p, "/x%20y?a=b c");
	assert_true(web_escape_args(&arena, SLICE("a&b+c;d=/e?"), &got));
	assert_string_equal(got.p, "a%26b%2Bc%3Bd=/e%3F");
}

/* Whatever was decoded, escaping it and decoding it again gives the same. */
static void what_was_escaped_is_decoded_to_the_same(void **state)
{
	(void)state;
	char text[256];
	struct slice escaped, back;
	text[0] = '/';
	for (int c = 1; c < 256; c++)
		text[c] = (char)(c == '/' || c == '.' ? 'x' : c);
	assert_true(web_escape_uri(
		&arena, (struct slice){text, sizeof(text)}, (struct slice){NULL, 0}, &escaped));
	for (size_t i = 0; i < escaped.n; i++)
		assert_true(escaped.p[i] > 0x20 && escaped.p[i] < 0x7f);
	assert_true(web_unescape_path(&arena, escaped, true, &back));
	assert_int_equal(back.n, sizeof(text));
	assert_memory_equal(back.p, text, sizeof(text));
}

static void a_redirect_keeps_what_would_split_a_head(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"http%3A%2F%2Fe.x%2F%3Ffrom", "http://e.x/?from"},
		{"http://e.x%0D%0Asplit", "http://e.x%0D%0Asplit"},
		{"/a%20b%25c", "/a%20b%25c"},
		{"/a?b%2Fc", "/a?b%2Fc"},
		{"/a%", "/a%"},
		{"/a%2", "/a%2"},
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct slice got;
		assert_true(web_unescape_redirect(&arena, slice_of(pairs[i][0]), &got));
		assert_string_equal(got.p, pairs[i][1]);
	}
}

static void pieces_are_put_together(void **state)
{
	(void)state;
	struct slice got;
	const struct slice pieces[] = {SLICE("a"), {NULL, 0}, SLICE(""), SLICE("bc")};
	assert_true(web_join(&arena, pieces, COUNT_OF(pieces), &got));
	assert_string_equal(got.p, "abc");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_path_is_decoded_and_its_dots_resolved),
		TEST(a_path_is_escaped_as_nginx_does),
		TEST(what_was_escaped_is_decoded_to_the_same),
		TEST(a_redirect_keeps_what_would_split_a_head),
		TEST(pieces_are_put_together),
	};
	return cmocka_run_group_tests_name("proxy/web_uri", tests, NULL, NULL);
}
