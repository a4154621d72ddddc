#include "test/unit/conf_help.h"

#include "conf/nginx/parse.h"

#include <sys/stat.h>

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

static size_t show(char *out, size_t room, const struct ngx_node *nodes, uint32_t count)
{
	size_t n = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct ngx_node *node = &nodes[i];
		if (node->error != NULL) {
			n += (size_t)snprintf(
				out + n, room - n, "!%u %s", node->place.line, node->error);
			assert_true(i == count - 1);
			continue;
		}
		n += (size_t)snprintf(out + n, room - n, "%s", node->name);
		for (uint32_t k = 0; k < node->arg_count; k++)
			n += (size_t)snprintf(out + n, room - n, "|%s", node->args[k]);
		if (!node->is_block) {
			n += (size_t)snprintf(out + n, room - n, ";");
			continue;
		}
		n += (size_t)snprintf(out + n, room - n, "{");
		n += show(out + n, room - n, node->children, node->child_count);
		n += (size_t)snprintf(out + n, room - n, "}");
	}
	return n;
}

static const struct ngx_tree *read_n(const char *text, size_t n)
{
	/* A copy of exactly its size: the sanitizer sees a read behind it. */
	char *copy = malloc(n == 0 ? 1 : n);
	assert_non_null(copy);
	memcpy(copy, text, n);
	const struct ngx_tree *tree = ngx_read_text(&arena, copy, n, "/nowhere/n.conf", NULL);
	free(copy);
	assert_non_null(tree);
	return tree;
}

/* Words joined by |, blocks in braces, "!LINE TEXT" for an error. */
static const char *shown(const struct ngx_tree *tree)
{
	static char out[32768];
	out[0] = '\0';
	(void)show(out, sizeof(out), tree->nodes, tree->count);
	assert_int_equal(tree->has_error, strchr(out, '!') != NULL);
	return out;
}

static void check(const char *text, const char *expected)
{
	assert_string_equal(shown(read_n(text, strlen(text))), expected);
}

static void reads_words_and_blocks(void **state)
{
	(void)state;
	check("", "");
	check(" \t\r\n", "");
	check("a;", "a;");
	check("a b  c\n\td ;", "a|b|c|d;");
	check("a;b{c;d e{}}f;", "a;b{c;d|e{}}f;");
	check("a\r\n{\r\n}\r\n", "a{}");
	check("a b{", "a|b{!1 unexpected end of file, expecting \"}\"}");
	check("\xc3\xa4 \xe2\x82\xac;", "\xc3\xa4|\xe2\x82\xac;");
	check("\xef\xbb\xbfuser a;", "\xef\xbb\xbfuser|a;");
}

static void leaves_comments_out(void **state)
{
	(void)state;
	check("#", "");
	check("# a;\nb;# c\n#", "b;");
	check("a#b;", "a#b;");
	check("a #b;\nc;", "a|c;");
	check("a{#}\n}#", "a{}");
	check("a \"b\" #c\n;", "a|b;");
}

static void takes_quotes_and_escapes_as_nginx_does(void **state)
{
	(void)state;
	check("a \"b c\" 'd;e{f}#';", "a|b c|d;e{f}#;");
	check("a \"\" '';", "a||;");
	check("a b\"c d\"e;", "a|b\"c|d\"e;");
	check("\"a\" b;", "a|b;");
	check("a \"\\\"\" '\\'' \"'\" '\"';", "a|\"|'|'|\";");
	check("a \\t\\r\\n \"\\t\\n\";", "a|\t\r\n|\t\n;");
	check("a \\\\ \\. \\; \\{ b\\ c \\#d;", "a|\\|\\.|\\;|\\{|b\\ c|\\#d;");
	check("a '\\\\' '\\\\\\\\n' '\\d';", "a|\\|\\\\n|\\d;");
	check("a ~*\\.(png|jpg)$ {}", "a|~*\\.(png|jpg)${}");
	check("if (\"$a\" = \"b\") {}", "if|(\"$a\"|=|b|){}");
	check("a \"b\");", "a|b|);");
	check("a \"b\")c d;", "a|b|)c|d;");
}

static void a_brace_behind_a_dollar_belongs_to_the_word(void **state)
{
	(void)state;
	check("a ${b} c${d}e;", "a|${b}|c${d}e;");
	check("${a};", "${a};");
	check("a $ {}", "a|${}");
	check("a ${{b;", "a|${{b;");
	check("a $\\{b;", "a|$\\{b;");
	check("a $b{}", "a|$b{}");
	check("a \"${b}\";", "a|${b};");
}

static void the_first_syntax_error_is_the_last_node(void **state)
{
	(void)state;
	check("a", "!1 unexpected end of file, expecting \";\" or \"}\"");
	check("a;\nb", "a;!2 unexpected end of file, expecting \";\" or \"}\"");
	check("a #b", "!1 unexpected end of file, expecting \";\" or \"}\"");
	check("a \"b", "!1 unexpected end of file, expecting \";\" or \"}\"");
	check("a \"b\"", "!1 unexpected end of file, expecting \";\" or \"}\"");
	check("a b\\", "!1 unexpected end of file, expecting \";\" or \"}\"");
	check("a{b{\n", "a{b{!2 unexpected end of file, expecting \"}\"}}");
	check("a{b}", "a{!1 unexpected end of file, expecting \";\" or \"}\"}");
	check("a;\n}", "a;!2 unexpected \"}\"");
	check("a b }", "!1 unexpected \"}\"");
	check("{", "!1 unexpected \"{\"");
	check("a{\n;}", "a{!2 unexpected \";\"}");
	check("a \"b\"c;", "!1 unexpected \"c\"");
	check("a 'b'\"c\";", "!1 unexpected \"\"\"");
	check("a 'b'};", "!1 unexpected \"}\"");
	check("a;}b", "a;!1 unexpected \"}\"");
}

static void nul_octets_are_refused(void **state)
{
	(void)state;
	assert_string_equal(shown(read_n("a;\nb\0c;", 7)), "a;!2 unknown directive \"b\"");
	assert_string_equal(shown(read_n("a b\0;", 6)), "!1 unexpected NUL octet");
	assert_string_equal(shown(read_n("#\0", 2)), "");
}

static void places_are_where_the_end_of_a_statement_was_read(void **state)
{
	static const char text[] = "a\n b\n;\n  c {\n\td\n\n;\n}";
	(void)state;
	const struct ngx_tree *tree = read_n(text, strlen(text));
	assert_int_equal(tree->count, 2);
	assert_int_equal(tree->nodes[0].place.line, 3);
	assert_int_equal(tree->nodes[0].column, 1);
	assert_string_equal(tree->nodes[0].place.file, "/nowhere/n.conf");
	assert_int_equal(tree->nodes[1].place.line, 4);
	assert_int_equal(tree->nodes[1].column, 3);
	assert_int_equal(tree->nodes[1].end_line, 8);
	assert_int_equal(tree->nodes[1].children[0].place.line, 7);
	assert_int_equal(tree->nodes[1].children[0].column, 2);
}

/* `n` times `c` between two texts. */
static const char *long_text(const char *before, char c, size_t n, const char *behind)
{
	size_t at = strlen(before);
	char *text = arena_take(&arena, at + n + strlen(behind) + 1);
	memcpy(text, before, at);
	memset(text + at, c, n);
	memcpy(text + at + n, behind, strlen(behind) + 1);
	return text;
}

static void words_and_comments_have_a_longest_length(void **state)
{
	static const char bare[] = "!2 too long parameter \"xxxxxxxxxx...\" started";
	static const char quoted[] =
		"!2 too long parameter, probably missing terminating \"'\" character";
	(void)state;
	check(long_text("\n", 'x', 4096, ";"), bare);
	check(long_text("\n", 'x', 5000, "\n;"), bare);
	assert_int_equal(read_n(long_text("\n", 'x', 4095, ";"), 4097)->has_error, false);
	check(long_text("\n'", 'x', 4096, "\n';"), quoted);
	check(long_text("\n#", '-', 4095, "\n"), "!2 too long parameter \"#---------...\" started");
	assert_int_equal(read_n(long_text("\n#", '-', 5000, ""), 4096)->has_error, false);
	check(long_text("", ' ', 9000, "a;"), "a;");
}

static void blocks_in_pairs_are_refused(void **state)
{
	(void)state;
	check("map a b {\nc d;\ne {} }", "map|a|b{c|d;!3 unexpected \"{\"}");
	check("types { a b; c {} }", "types{a|b;!1 unexpected \"{\"}");
	check("geo a { c {} }", "geo|a{!1 unexpected \"{\"}");
	check("split_clients a b { c {} }", "split_clients|a|b{!1 unexpected \"{\"}");
}

static void blocks_may_not_nest_without_end(void **state)
{
	(void)state;
	char text[3 * 1000 + 1];
	for (size_t i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "a{\n", 4);
	assert_non_null(
		strstr(shown(read_n(text, strlen(text))), "!65 blocks are nested too deep"));
}

/* -- includes -- */

static struct conf_help help;

static const char *file(const char *name, const char *text)
{
	return conf_help_file(&help, name, text, strlen(text));
}

static const char *shown_file(const char *path, const char *globals)
{
	const struct ngx_tree *tree = ngx_read_file(&arena, path, globals);
	assert_non_null(tree);
	return shown(tree);
}

static void included_directives_stand_in_place(void **state)
{
	(void)state;
	conf_help_open(&help);
	const char *path = file(
		"n.conf", "a;\nb { include one; c; }\nmap x y {\ninclude 'one';}\n");
	file("one", "d;\ne { f; }");
	assert_string_equal(shown_file(path, NULL), "a;b{d;e{f;}c;}map|x|y{d;!2 unexpected \"{\"}");
	const struct ngx_tree *tree = ngx_read_file(&arena, path, NULL);
	const struct ngx_node *inner = &tree->nodes[1].children[1];
	assert_string_equal(inner->place.file + strlen(inner->place.file) - 4, "/one");
	assert_int_equal(inner->place.line, 2);
	conf_help_sweep(&help);
}

static void a_pattern_takes_its_files_in_order(void **state)
{
	(void)state;
	conf_help_open(&help);
	const char *path = file("n.conf", "include *.inc; include none-*; include [bc].inc;");
	file("b.inc", "b;");
	file("a.inc", "a;");
	file("c.inc", "c;");
	assert_string_equal(shown_file(path, NULL), "a;b;c;b;c;");
	conf_help_sweep(&help);
}

static void an_include_is_relative_to_the_main_file(void **state)
{
	(void)state;
	char folder[128];
	conf_help_open(&help);
	(void)snprintf(folder, sizeof(folder), "%s/sub", help.folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	const char *path = file("n.conf", "include sub/one;");
	const char *one = file("sub/one", "a; include two;");
	file("two", "b;");
	assert_string_equal(shown_file(path, NULL), "a;b;");
	assert_int_equal(unlink(one), 0);
	assert_int_equal(rmdir(folder), 0);
	memcpy(help.files[1], help.files[2], sizeof(help.files[1]));
	help.file_count = 2;
	conf_help_sweep(&help);
}

static void what_cannot_be_included_is_told_as_nginx_does(void **state)
{
	(void)state;
	conf_help_open(&help);
	const char *path = file("n.conf", "a;\ninclude /nowhere/x;\nb;");
	assert_string_equal(shown_file(path, NULL),
		"a;!2 open() \"/nowhere/x\" failed (2: No such file or directory)");
	const char *folder = file("d.conf", "include /;");
	assert_string_equal(
		shown_file(folder, NULL), "!0 pread() \"/\" failed (21: Is a directory)");
	const char *many = file("m.conf", "include a b;");
	assert_string_equal(
		shown_file(many, NULL), "!1 invalid number of arguments in \"include\" directive");
	const char *block = file("b.conf", "include {}");
	assert_string_equal(
		shown_file(block, NULL), "!1 directive \"include\" is not terminated by \";\"");
	const char *pair = file(
		"p.conf", "map a b { include x y; } split_clients a b { include x; }");
	assert_string_equal(
		shown_file(pair, NULL), "map|a|b{include|x|y;}split_clients|a|b{include|x;}");
	assert_string_equal(shown_file("/nowhere/n.conf", NULL),
		"!0 open() \"/nowhere/n.conf\" failed (2: No such file or directory)");
	conf_help_sweep(&help);
}

static void a_file_that_includes_itself_comes_to_an_end(void **state)
{
	(void)state;
	conf_help_open(&help);
	const char *path = file("n.conf", "a; include n.conf;");
	assert_non_null(strstr(shown_file(path, NULL), "failed (24: Too many open files)"));
	conf_help_sweep(&help);
}

static void every_file_is_kept_once_in_the_order_of_reading(void **state)
{
	(void)state;
	conf_help_open(&help);
	const char *path = file("n.conf", "#\xff\ninclude two; include one; include two;");
	file("one", "");
	file("two", "a ;\r\n");
	const struct ngx_tree *tree = ngx_read_file(&arena, path, NULL);
	assert_non_null(tree);
	const struct ngx_file *kept = tree->files;
	assert_string_equal(kept->name, path);
	assert_string_equal(kept->text, "#\xff\ninclude two; include one; include two;");
	kept = kept->next;
	assert_string_equal(kept->text, "a ;\r\n");
	assert_int_equal(kept->n, 5);
	kept = kept->next;
	assert_string_equal(kept->name + strlen(help.folder), "/one");
	assert_null(kept->next);
	conf_help_sweep(&help);
}

static void directives_of_the_command_line_come_first(void **state)
{
	(void)state;
	conf_help_open(&help);
	const char *path = file("n.conf", "b;");
	assert_string_equal(shown_file(path, "a 'x y'; c;"), "a|x y;c;b;");
	assert_ptr_equal(ngx_read_file(&arena, path, "a;")->nodes[0].place.file, ngx_command_line);
	assert_string_equal(shown_file(path, ""), "b;");
	assert_string_equal(
		shown_file(path, "a"), "!1 unexpected end of parameter, expecting \";\"");
	assert_string_equal(
		shown_file(path, "a {}"), "!1 block directives are not supported in -g option");
	assert_int_equal(ngx_read_file(&arena, path, long_text("", 'x', 9000, ";"))->count, 2);
	conf_help_sweep(&help);
}

static void nginx_files_are_told_from_libconfig_files(void **state)
{
	static const char *const nginx[] = {"user a;", "events {}", "#x\n\n worker_processes 1;",
		"\xef\xbb\xbfuser a;", "http\n{", "\"daemon\" off;", "events{", ";", "}",
		"daemon off;", "include /etc/a;", "user #= \n x;"};
	static const char *const libconfig[] = {"", "#x", "user = \"a\";", "daemon=true;",
		"listen : 1;", "\n// x\nhttp {}", "/* x */ events {}", "@include \"x\"", "a",
		"a /* x */ = 1;", "http: { };", "a\n\n=", "a # user\n= 1;"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(nginx); i++) {
		if (!ngx_is_nginx_file(nginx[i], strlen(nginx[i])))
			fail_msg("%s", nginx[i]);
	}
	for (size_t i = 0; i < COUNT_OF(libconfig); i++) {
		if (ngx_is_nginx_file(libconfig[i], strlen(libconfig[i])))
			fail_msg("%s", libconfig[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_words_and_blocks),
		TEST(leaves_comments_out),
		TEST(takes_quotes_and_escapes_as_nginx_does),
		TEST(a_brace_behind_a_dollar_belongs_to_the_word),
		TEST(the_first_syntax_error_is_the_last_node),
		TEST(nul_octets_are_refused),
		TEST(places_are_where_the_end_of_a_statement_was_read),
		TEST(words_and_comments_have_a_longest_length),
		TEST(blocks_in_pairs_are_refused),
		TEST(blocks_may_not_nest_without_end),
		TEST(included_directives_stand_in_place),
		TEST(a_pattern_takes_its_files_in_order),
		TEST(an_include_is_relative_to_the_main_file),
		TEST(what_cannot_be_included_is_told_as_nginx_does),
		TEST(a_file_that_includes_itself_comes_to_an_end),
		TEST(every_file_is_kept_once_in_the_order_of_reading),
		TEST(directives_of_the_command_line_come_first),
		TEST(nginx_files_are_told_from_libconfig_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
