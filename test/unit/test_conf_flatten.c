#include "test/unit/conf_help.h"

#include "conf/flatten.h"

struct flat {
	struct arena names;
	struct conf_problems problems;
	struct conf_flat flat;
};

static void begin(struct flat *f)
{
	arena_init(&f->names, 1024);
	conf_problems_init(&f->problems);
	conf_flat_init(&f->flat, &f->names, &f->problems);
}

static void end(struct flat *f)
{
	conf_flat_finish(&f->flat);
	conf_problems_finish(&f->problems);
	arena_finish(&f->names);
}

/* The flat text of `text`, or the problem. */
static void check_n(const char *text, size_t n, const char *expected)
{
	struct flat f;
	begin(&f);
	/* A copy of exactly its size: the sanitizer sees a read behind it. */
	char *copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, text, n);
	copy = realloc(copy, n != 0 ? n : 1);
	bool is_ok = conf_flat_add_text(&f.flat, copy, n, "t");
	free(copy);
	assert_int_equal(is_ok, f.problems.count == 0);
	assert_string_equal(is_ok ? f.flat.text : conf_help_list(&f.problems, false), expected);
	end(&f);
}

static void check(const char *text, const char *expected)
{
	check_n(text, strlen(text), expected);
}

static void takes_comments_out(void **state)
{
	(void)state;
	check("", "");
	check("a = 1; # b\n// c\nd = 2; // e", "a = 1; \n\nd = 2; ");
	check("a /* x\ny */ = /**/ 1;", "a \n  =   1;");
	check("a = \"# // /* \";", "a = \"# // /* \";");
	check("a = \"\\\"#\"; # \"", "a = \"\\\"#\"; ");
	check("a\t  \r\n=\r\n  1;", "a \n= \n 1;");
	check("\xef\xbb\xbf"
	      "a=1;",
		"a=1;");
	check("/", "/");
	check("#", "");
}

static void gives_large_numbers_an_l(void **state)
{
	(void)state;
	check("a=2147483647;b=2147483648;", "a=2147483647;b=2147483648L;");
	check("a=-2147483648;b=-2147483649;", "a=-2147483648;b=-2147483649L;");
	check("a=3000000000L;b=3000000000", "a=3000000000L;b=3000000000L");
	check("a=9223372036854775807;", "a=9223372036854775807L;");
	check("a=-9223372036854775808;", "a=-9223372036854775808L;");
	check("a=0x7fffffff;b=0xFFFFFFFF;", "a=0x7fffffff;b=0xFFFFFFFFL;");
	check("a3000000000=1;a-3000000000=1;", "a3000000000=1;a-3000000000=1;");
	check("a=3000000000.5;b=.3000000000;c=-.3000000000;d=3000000000e1;e=+3e9;",
		"a=3000000000.5;b=.3000000000;c=-.3000000000;d=3000000000e1;e=+3e9;");
	check("a=\"3000000000\";", "a=\"3000000000\";");
	check("\na=9223372036854775808;", "2: this number is too large\n");
	check("a=-9223372036854775809;", "1: this number is too large\n");
	check("a=0x8000000000000000;", "1: this number is too large\n");
	check("a=99999999999999999999L;", "1: this number is too large\n");
}

static void names_where_an_open_one_began(void **state)
{
	(void)state;
	check("a=1;\nb=\"x\ny\nz", "2: this string has no end: a \" is missing\n");
	check("a=1;\n\nb=\"x\\\"", "3: this string has no end: a \" is missing\n");
	check("a=\"b\" \"c", "1: this string has no end: a \" is missing\n");
	check("a=\"\\", "1: this string has no end: a \" is missing\n");
	check("a=1;\n/* x\ny\n*", "2: this comment has no end: a */ is missing\n");
	check_n("a=1;\n\0b", 7, "2: a NUL octet: this is no text file\n");
}

static void refuses_deep_nesting(void **state)
{
	char text[200] = {0};
	(void)state;
	memset(text, '{', 32);
	check(text, text);
	text[32] = '(';
	check(text, "1: brackets are nested too deep\n");
	/* Side by side is not nested. */
	for (int i = 0; i < 180; i++)
		text[i] = "[]"[i % 2];
	check(text, text);
}

static void includes_relative_to_the_file(void **state)
{
	struct conf_help help;
	struct flat f;
	(void)state;
	conf_help_open(&help);
	static const char main_text[] = "a = 1;\n  @include \"b.conf\" c = 3;\nd = 4;\n";
	const char *path = conf_help_file(&help, "main.conf", main_text, strlen(main_text));
	const char *included = conf_help_file(&help, "b.conf", "\nb = 2;", 7);
	begin(&f);
	assert_true(conf_flat_add_file(&f.flat, path));
	assert_string_equal(f.flat.text, "a = 1;\n\nb = 2;\n c = 3;\nd = 4;\n");
	static const struct {
		unsigned flat_line, line;
		bool is_included;
	} rows[] = {{1, 1, false}, {2, 1, true}, {3, 2, true}, {4, 2, false}, {5, 3, false}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf_place place = conf_flat_place(&f.flat, rows[i].flat_line);
		assert_string_equal(place.file, rows[i].is_included ? included : path);
		assert_int_equal(place.line, rows[i].line);
	}
	end(&f);
	conf_help_sweep(&help);
}

static void includes_stand_at_a_line_start(void **state)
{
	(void)state;
	check("a = 1; @include \"b\"", "a = 1; @include \"b\"");
	check("# @include \"b\"", "");
	check("/*\n@include \"b\"\n*/", "\n\n ");
	check("a = \"\n@include \\\"b\\\"\n\";", "a = \"\n@include \\\"b\\\"\n\";");
	check("@include", "@include");
	check("@include b", "@include b");
	check("@included \"b\"", "@included \"b\"");
	check("@include \"b\n\"", "@include \"b\n\"");
}

static void names_what_cannot_be_included(void **state)
{
	struct conf_help help;
	char text[200], expected[400];
	(void)state;
	conf_help_open(&help);
	(void)snprintf(text, sizeof(text), "\n@include \"%s\"", help.folder);
	(void)snprintf(expected, sizeof(expected),
		"2: \"%s\" cannot be read: it is a folder, not a file\n", help.folder);
	check(text, expected);
	(void)snprintf(text, sizeof(text), "@include \"%s/none\"", help.folder);
	(void)snprintf(expected, sizeof(expected),
		"1: \"%s/none\" cannot be read: No such file or directory\n", help.folder);
	check(text, expected);
	check("@include \"/dev/null\"", "1: \"/dev/null\" cannot be read: it is a pipe, a socket "
					"or a device, not a file\n");

	const char *path = conf_help_file(&help, "self.conf", "@include \"self.conf\"\n", 21);
	struct flat f;
	begin(&f);
	assert_false(conf_flat_add_file(&f.flat, path));
	assert_int_equal(f.problems.count, 1);
	(void)snprintf(expected, sizeof(expected),
		"1: @include nested more than 10 deep: does \"%s\" include itself?\n", path);
	assert_string_equal(conf_help_list(&f.problems, false), expected);
	end(&f);
	conf_help_sweep(&help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_comments_out),
		cmocka_unit_test(gives_large_numbers_an_l),
		cmocka_unit_test(names_where_an_open_one_began),
		cmocka_unit_test(refuses_deep_nesting),
		cmocka_unit_test(includes_relative_to_the_file),
		cmocka_unit_test(includes_stand_at_a_line_start),
		cmocka_unit_test(names_what_cannot_be_included),
	};
	return cmocka_run_group_tests_name("conf/flatten", tests, NULL, NULL);
}
