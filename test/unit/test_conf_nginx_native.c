#include "test/unit/conf_help.h"

#include "conf/flatten.h"
#include "conf/nginx/native.h"
#include "conf/nginx/parse.h"
#include "conf/nginx/print.h"

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

static const char *kept(struct text *text)
{
	assert_false(text->is_short);
	const char *copy = arena_copy(&arena, text->p, text->n);
	assert_non_null(copy);
	text_finish(text);
	return copy;
}

static const char *to_native(const struct ngx_tree *tree, const struct conf_note *notes)
{
	struct text text;
	text_init(&text, 256);
	ngx_to_native(&text, tree, notes);
	return kept(&text);
}

static const struct ngx_tree *of_nginx(const char *text)
{
	const struct ngx_tree *tree = ngx_read_text(&arena, text, strlen(text), "/n.conf", NULL);
	assert_non_null(tree);
	return tree;
}

static const struct ngx_tree *of_native(const char *text)
{
	struct conf_problems problems;
	struct conf_flat flat;
	conf_problems_init(&problems);
	conf_flat_init(&flat, &arena, &problems);
	bool is_flat = conf_flat_add_text(&flat, text, strlen(text), "/n.cfg");
	const struct conf_raw *root = is_flat ? conf_read_libconfig(&flat, &arena, &problems)
					      : NULL;
	assert_string_equal(conf_help_list(&problems, false), "");
	assert_non_null(root);
	const struct ngx_tree *tree = ngx_of_native(&arena, root);
	assert_non_null(tree);
	conf_flat_finish(&flat);
	conf_problems_finish(&problems);
	return tree;
}

static const char *printed(const struct ngx_tree *tree)
{
	struct text text;
	text_init(&text, 256);
	ngx_print(&text, tree->nodes, tree->count, 0);
	return kept(&text);
}

/* There and back: the same directives, in the same order where each name stands together. */
static void check(const char *nginx)
{
	const struct ngx_tree *tree = of_nginx(nginx);
	assert_false(tree->has_error);
	assert_string_equal(printed(of_native(to_native(tree, NULL))), printed(tree));
}

static void directives_are_the_same_there_and_back(void **state)
{
	(void)state;
	check("user a b; http { }");
	check("http { a; b c; d e f; g { } h i { j k; } l { m { n; } } }");
	check("http { a b; a c d; a; }");
	check("http { a; a; }");
	check("http { a b { c; } a d { } a { e; } }");
	check("http { map $a $b { default x; '' y; ~^/z 'a b'; volatile; } }");
	check("http { types { text/html html htm; } geo $a { 1.2.3.0/24 b; } }");
	check("http { a \"\" \" \" \"\\\"\\\\\\n\\t\" \xc3\xa4 '#;{}'; }");
	check("http { a \\. $ ${b}; }");
}

static void directives_whose_order_counts_keep_it(void **state)
{
	(void)state;
	check("http { deny a; allow b; deny c; }");
	check("http { set $a b; if ($c) { set $d e; return 1; set $f g; } set $h i; break; }");
	check("http { allow a; deny b; }");
	const char *told = to_native(of_nginx("http { deny a; x y; allow b; deny c; }"), NULL);
	assert_string_equal(
		printed(of_native(told)), "http {\n\tdeny a;\n\tallow b;\n\tdeny c;\n\tx y;\n}\n");
}

static void names_that_stand_apart_come_together(void **state)
{
	(void)state;
	const char *told = to_native(of_nginx("http { a b; c d; a e f; }"), NULL);
	assert_string_equal(told, "http = {\n\ta = (\n\t\t[ \"b\" ],\n\t\t[ \"e\", \"f\" ]\n\t);\n"
				  "\tc = \"d\";\n};\n");
}

static void a_note_is_a_comment_in_front_of_what_it_is_about(void **state)
{
	struct conf_note note = {.place = {"/n.conf", 2}, .text = "\"use\": nothing"};
	(void)state;
	assert_string_equal(to_native(of_nginx("a b;\nuse c;\n"), &note),
		"a = \"b\";\n# \"use\": nothing\nuse = \"c\";\n");
}

static void check_native(const char *native, const char *nginx)
{
	const struct ngx_tree *tree = of_native(native);
	if (!tree->has_error)
		assert_string_equal(printed(tree), nginx);
	else
		assert_string_equal(tree->nodes[tree->count - 1].error, nginx);
}

static void values_may_be_written_as_what_they_are(void **state)
{
	(void)state;
	check_native("a = 5; b = true; c = false; d = 1.1; e = -3;",
		"a 5;\nb on;\nc off;\nd 1.1;\ne -3;\n");
	check_native("a = [ 1, 2 ]; b = ( \"x\", 3 );", "a 1 2;\nb x 3;\n");
	check_native("a = ( \"x\", [ \"y\", \"z\" ] );", "a x;\na y z;\n");
	check_native("a = { args = \"b\"; };", "a b {\n}\n");
}

static void what_cannot_be_a_directive_is_told(void **state)
{
	(void)state;
	check_native("a = ( ( ( 1 ) ) );", "\"a\" has lists in a list of lists");
	check_native("pairs = 1;", "\"pairs\" must be a list of lists");
	check_native("pairs = ( [ ] );", "\"pairs\" must be a list of lists");
	check_native("ordered = ( 1 );", "\"ordered\" must be a list of groups");
}

static void places_are_those_of_the_file(void **state)
{
	(void)state;
	const struct ngx_tree *tree = of_native("a = 1;\n\nb = { c = 2;\n d = ( [1],\n [2] ); };");
	assert_int_equal(tree->nodes[0].place.line, 1);
	assert_string_equal(tree->nodes[0].place.file, "/n.cfg");
	assert_int_equal(tree->nodes[1].children[0].place.line, 3);
	assert_int_equal(tree->nodes[1].children[1].place.line, 4);
}

static void an_http_group_is_what_tells(void **state)
{
	struct conf_raw http = {.name = "http", .kind = CONF_RAW_GROUP};
	struct conf_raw root = {.kind = CONF_RAW_GROUP, .count = 1, .u.members = &http};
	(void)state;
	assert_true(ngx_is_native(&root));
	http.kind = CONF_RAW_LIST;
	assert_false(ngx_is_native(&root));
	root.count = 0;
	assert_false(ngx_is_native(&root));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(directives_are_the_same_there_and_back),
		TEST(directives_whose_order_counts_keep_it),
		TEST(names_that_stand_apart_come_together),
		TEST(a_note_is_a_comment_in_front_of_what_it_is_about),
		TEST(values_may_be_written_as_what_they_are),
		TEST(what_cannot_be_a_directive_is_told),
		TEST(places_are_those_of_the_file),
		TEST(an_http_group_is_what_tells),
	};
	return cmocka_run_group_tests_name("conf/nginx/native", tests, NULL, NULL);
}
