#include "test/unit/conf_help.h"

#include "conf/nginx/parse.h"
#include "conf/nginx/print.h"

static void check_word(const char *word, const char *expected)
{
	struct text text;
	text_init(&text, 64);
	ngx_print_word(&text, word);
	text_put(&text, "", 1);
	assert_false(text.is_short);
	assert_string_equal(text.p, expected);
	text_finish(&text);
}

static void words_are_quoted_where_they_need_it(void **state)
{
	(void)state;
	check_word("abc", "abc");
	check_word("a#\"b'}", "a#\"b'}");
	check_word("${a}$b", "${a}$b");
	check_word("", "\"\"");
	check_word("a b", "\"a b\"");
	check_word("a;", "\"a;\"");
	check_word("{", "\"{\"");
	check_word("${{", "\"${{\"");
	check_word("#a", "\"#a\"");
	check_word("}", "\"}\"");
	check_word("'a", "\"'a\"");
	check_word("\"a", "\"\\\"a\"");
	check_word("\\.x", "\"\\.x\"");
	check_word("\\", "\"\\\\\"");
	check_word("\\n\n\t\r", "\"\\\\n\\n\\t\\r\"");
	check_word("\\\n", "\"\\\\\\n\"");
}

static void a_tree_is_printed_with_its_blocks(void **state)
{
	static const char in[] = "a  b;#x\nc 'd e'{f{}g h\n;} i";
	static const char out[] = "\ta b;\n\tc \"d e\" {\n\t\tf {\n\t\t}\n\t\tg h;\n\t}\n";
	struct arena arena;
	struct text text;
	(void)state;
	arena_init(&arena, 1024);
	const struct ngx_tree *tree = ngx_read_text(&arena, in, strlen(in), "/x", NULL);
	assert_non_null(tree);
	text_init(&text, 64);
	ngx_print(&text, tree->nodes, tree->count, 1);
	text_put(&text, "", 1);
	assert_string_equal(text.p, out);
	text_finish(&text);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted_where_they_need_it),
		cmocka_unit_test(a_tree_is_printed_with_its_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
