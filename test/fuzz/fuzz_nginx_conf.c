/*
 * test/fuzz/fuzz_nginx_conf.c - any text as an nginx.conf.
 *
 * A tree whose words are in the text's order and whose places never go back; what is wrong is its
 * last node at every level. Printed and read again it is the same tree. An empty line in front
 * moves everything by one line and changes nothing else.
 */
#include "conf/nginx/parse.h"
#include "conf/nginx/print.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Relative includes lead nowhere. */
static const char name[] = "/nonexistent/fuzz.conf";

/* A word that grows by escapes may become too long for the reader. */
#define WORD_MOST 1500

/* Whether all words are short enough. */
static bool check(const struct ngx_node *nodes, uint32_t count, unsigned *line, bool *has_error)
{
	bool is_short = true;
	for (uint32_t i = 0; i < count; i++) {
		const struct ngx_node *node = &nodes[i];
		ensure(!*has_error);
		if (node->error != NULL) {
			ensure(node->error[0] != '\0');
			*has_error = true;
			continue;
		}
		ensure(node->place.line >= *line && node->end_line >= node->place.line);
		ensure(node->name_bytes == strlen(node->name) && node->column > 0);
		ensure(strcmp(node->name, "include") != 0 || node->arg_count != 1 ||
			!node->is_block);
		is_short = is_short && node->name_bytes < WORD_MOST;
		for (uint32_t k = 0; k < node->arg_count; k++)
			is_short = is_short && strlen(node->args[k]) < WORD_MOST;
		*line = node->place.line;
		if (!check(node->children, node->child_count, line, has_error))
			is_short = false;
		ensure(*has_error || node->end_line >= *line);
		*line = node->end_line;
	}
	return is_short;
}

static bool is_same(const struct ngx_node *a, const struct ngx_node *b, int lines)
{
	if (a->error != NULL || b->error != NULL)
		return a->error != NULL && b->error != NULL && strcmp(a->error, b->error) == 0;
	if (strcmp(a->name, b->name) != 0 || a->arg_count != b->arg_count ||
		a->is_block != b->is_block || a->child_count != b->child_count)
		return false;
	if (lines >= 0 && a->place.line + (unsigned)lines != b->place.line)
		return false;
	for (uint32_t i = 0; i < a->arg_count; i++) {
		if (strcmp(a->args[i], b->args[i]) != 0)
			return false;
	}
	for (uint32_t i = 0; i < a->child_count; i++) {
		if (!is_same(&a->children[i], &b->children[i], lines))
			return false;
	}
	return true;
}

static bool are_same(const struct ngx_tree *a, const struct ngx_tree *b, int lines)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!is_same(&a->nodes[i], &b->nodes[i], lines))
			return false;
	}
	return true;
}

static void check_printed(const struct ngx_tree *tree)
{
	struct arena arena;
	struct text text;
	arena_init(&arena, 4096);
	text_init(&text, 4096);
	ngx_print(&text, tree->nodes, tree->count, 0);
	ensure(!text.is_short);
	const struct ngx_tree *again = ngx_read_text(&arena, text.p, text.n, name, NULL);
	ensure(again != NULL && are_same(tree, again, -1));
	text_finish(&text);
	arena_finish(&arena);
}

static void check_moved(const struct ngx_tree *tree, const uint8_t *data, size_t n)
{
	struct arena arena;
	char *moved = malloc(n + 1);
	arena_init(&arena, 4096);
	ensure(moved != NULL);
	moved[0] = '\n';
	memcpy(moved + 1, data, n);
	const struct ngx_tree *again = ngx_read_text(&arena, moved, n + 1, name, NULL);
	ensure(again != NULL && are_same(tree, again, 1));
	ensure(ngx_is_nginx_file(moved, n + 1) == ngx_is_nginx_file((const char *)data, n) ||
		(n >= 3 && data[0] == 0xef));
	free(moved);
	arena_finish(&arena);
}

/* Files that are really there would not be what the text says. */
static bool may_read(const uint8_t *data, size_t n)
{
	return memmem(data, n, "include", 7) == NULL || memmem(data, n, "/", 1) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena arena;
	unsigned line = 0;
	bool has_error = false;
	if (n == 0 || !may_read(data, n))
		return 0;
	arena_init(&arena, 4096);
	const struct ngx_tree *tree = ngx_read_text(&arena, (const char *)data, n, name, NULL);
	ensure(tree != NULL);
	ensure(tree->files != NULL && tree->files->n == n && tree->files->next == NULL);
	bool is_short = check(tree->nodes, tree->count, &line, &has_error);
	ensure(has_error == tree->has_error);
	check_moved(tree, data, n);
	if (!has_error && is_short)
		check_printed(tree);
	/* The same as a parameter of the command line never crashes. */
	char *globals = arena_copy(&arena, (const char *)data, n);
	ensure(globals != NULL && ngx_read_text(&arena, "a;", 2, name, globals) != NULL);
	arena_finish(&arena);
	return 0;
}
