#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "comfy/locate.h"
#include "http/query.h"

static void assert_retargeted(const char *target, const char *subfolder, const char *expected)
{
	struct text text;
	text_init(&text, 16);
	locate_retarget(&text, slice_of(target), subfolder);
	text_put(&text, "", 1);
	assert_false(text.is_short);
	assert_string_equal(text.p, expected);
	text_finish(&text);
}

static void only_the_subfolder_changes(void **state)
{
	(void)state;
	assert_retargeted("/api/view?filename=a%20b+c.png&type=output&subfolder=%40w1%2Fx&rand=0.1",
		"x", "/api/view?filename=a%20b+c.png&type=output&subfolder=x&rand=0.1");
	assert_retargeted("/view?subfolder=@w1", "", "/view?subfolder=");
	assert_retargeted("/view?&&sub%66older=@w1/a&", "a/b c\xc3\xbc",
		"/view?&&sub%66older=a%2Fb%20c%C3%BC&");
}

static void the_first_of_several_counts(void **state)
{
	(void)state;
	assert_retargeted("/view?subfolder=@a&subfolder=@b", "x", "/view?subfolder=x&subfolder=@b");
	/* As query_find has it. */
	char out[16];
	assert_int_equal(query_find(SLICE("subfolder=@a&subfolder=@b"), "subfolder", out, 16), 2);
	assert_string_equal(out, "@a");
}

static void what_has_none_stays(void **state)
{
	(void)state;
	assert_retargeted("/view", "x", "/view");
	assert_retargeted("/view?", "x", "/view?");
	assert_retargeted("/view?filename=subfolder", "x", "/view?filename=subfolder");
	assert_retargeted(
		"/view?xsubfolder=1&subfolders=2", "x", "/view?xsubfolder=1&subfolders=2");
}

static void a_target_is_encoded(void **state)
{
	(void)state;
	struct text text;
	char out[64];
	text_init(&text, 16);
	locate_view_target(&text, "output", "a&b/c", "50% +\xc3\xbc?.png");
	assert_true(slice_is((struct slice){text.p, text.n},
		SLICE("/view?filename=50%25%20%2B%C3%BC%3F.png&type=output&subfolder=a%26b%2Fc")));
	struct slice query = {text.p + 6, text.n - 6};
	assert_true(query_find(query, "filename", out, sizeof(out)) > 0);
	assert_string_equal(out, "50% +\xc3\xbc?.png");
	assert_true(query_find(query, "subfolder", out, sizeof(out)) > 0);
	assert_string_equal(out, "a&b/c");
	text_finish(&text);
}

static void names_are_read_as_comfyui_reads_them(void **state)
{
	(void)state;
	struct locate locate;
	assert_true(locate_init(&locate, NULL, "output", "s", "a.png"));
	assert_string_equal(locate.type, "output");
	assert_string_equal(locate.subfolder, "s");
	assert_string_equal(locate.filename, "a.png");
	assert_true(locate_init(&locate, NULL, "output", "", "x/a.png [temp]"));
	assert_string_equal(locate.type, "temp");
	assert_string_equal(locate.filename, "a.png");
	assert_true(locate_init(&locate, NULL, "output", "", "a [mask].png"));
	assert_string_equal(locate.filename, "a [mask].png");
	assert_false(locate_init(&locate, NULL, "output", "", ""));
	assert_false(locate_init(&locate, NULL, "output", "", " [temp]"));
	assert_false(locate_init(&locate, NULL, "output", "", "/etc/passwd"));
	assert_false(locate_init(&locate, NULL, "output", "", "a/../b"));
	assert_false(locate_init(&locate, NULL, "output", "", "a/"));
	assert_false(locate_init(&locate, NULL, "models", "", "a"));
	static char big[LOCATE_TEXT_MOST + 1];
	memset(big, 'x', LOCATE_TEXT_MOST);
	assert_false(locate_init(&locate, NULL, "output", "", big));
	assert_false(locate_init(&locate, NULL, "output", big, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_subfolder_changes),
		cmocka_unit_test(the_first_of_several_counts),
		cmocka_unit_test(what_has_none_stays),
		cmocka_unit_test(a_target_is_encoded),
		cmocka_unit_test(names_are_read_as_comfyui_reads_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
