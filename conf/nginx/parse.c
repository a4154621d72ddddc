#include "conf/nginx/parse.h"

#include "conf/load.h"
#include "conf/nginx/lex.h"
#include "conf/nginx/source.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>

#define INCLUDES_MOST 64 /* nested; nginx goes on until descriptors or its stack run out */
#define BLOCKS_MOST 64   /* nested */

const char ngx_command_line[] = "command line";

enum body {
	BODY_DIRECTIVES,
	BODY_PAIRS, /* map, geo, types: include only with one argument, no blocks */
	BODY_TYPES,
	BODY_PLAIN /* split_clients: neither include nor blocks */
};

struct reading {
	struct arena *arena;
	struct ngx_tree *tree;
	struct ngx_file *files;
	const char *main_name;
	/* owned; blocks that are open, and what they have so far: a block's nodes are at the end */
	struct ngx_node *stack;
	size_t count, room;
	size_t bytes; /* of all files, each time they are read */
	int includes, blocks;
	bool has_failed; /* an error node was added, or memory is out */
	bool is_out_of_memory;
};

/* A file, or -g, that is being read. */
struct source {
	struct ngx_lexer lexer;
	const char *name;
	bool is_parameter;
};

static void fail_memory(struct reading *r)
{
	r->has_failed = r->is_out_of_memory = true;
}

static void push(struct reading *r, const struct ngx_node *node)
{
	if (r->count == r->room) {
		size_t room = r->room * 2 + 64;
		struct ngx_node *stack = realloc(r->stack, room * sizeof(*stack));
		if (stack == NULL) {
			fail_memory(r);
			return;
		}
		r->stack = stack;
		r->room = room;
	}
	r->stack[r->count++] = *node;
}

/* The nodes from `mark` on, as the children of a block. NULL: no memory. */
static const struct ngx_node *pop(struct reading *r, size_t mark, uint32_t *ret_count)
{
	size_t n = r->count - mark;
	struct ngx_node *nodes = arena_take(r->arena, n * sizeof(*nodes));
	if (nodes == NULL) {
		fail_memory(r);
		return NULL;
	}
	if (n != 0)
		memcpy(nodes, r->stack + mark, n * sizeof(*nodes));
	*ret_count = (uint32_t)n;
	r->count = mark;
	return nodes;
}

static void fail(
	struct reading *r, const char *error, enum log_level level, const char *file, unsigned line)
{
	const struct ngx_node node = {
		.name = "",
		.place = {.file = file, .line = line},
		.end_line = line,
		.error = error,
		.error_level = level,
	};
	if (error == NULL) {
		fail_memory(r);
		return;
	}
	r->has_failed = true;
	r->tree->has_error = true;
	push(r, &node);
}

static void fail_here(struct reading *r, const struct source *source, unsigned line, const char *e)
{
	fail(r, e, LOG_EMERG, source->name, line);
}

static void read_source(
	struct reading *r, const struct ngx_file *file, bool is_parameter, enum body body);

static void read_included(struct reading *r, const struct source *source, unsigned line,
	const char *path, enum body body)
{
	struct err err;
	bool is_open_error;
	if (r->includes == INCLUDES_MOST) {
		err_set(&err, "open() \"%s\" failed (%d: %s)", path, EMFILE,
			strerrordesc_np(EMFILE));
		fail_here(r, source, line, arena_copy(r->arena, err.text, strlen(err.text)));
		return;
	}
	const struct ngx_file *file = ngx_load_file(
		r->arena, &r->files, path, &is_open_error, &err);
	if (file == NULL && err.text[0] == '\0') {
		fail_memory(r);
	} else if (file == NULL) {
		const char *text = arena_copy(r->arena, err.text, strlen(err.text));
		if (is_open_error)
			fail_here(r, source, line, text);
		else
			fail(r, text, LOG_CRIT, NULL, 0);
	} else if ((r->bytes += file->n) > CONF_FILE_MOST) {
		fail_here(r, source, line, "the configuration is too large");
	} else {
		r->includes++;
		read_source(r, file, false, body);
		r->includes--;
	}
}

static void include(struct reading *r, const struct source *source, unsigned line,
	const char *pattern, enum body body)
{
	glob_t found;
	const char *path = conf_path_beside(r->arena, r->main_name, pattern);
	if (path == NULL) {
		fail_memory(r);
		return;
	}
	if (strpbrk(path, "*?[") == NULL) {
		read_included(r, source, line, path, body);
		return;
	}
	/* There is one thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	int rc = glob(path, 0, NULL, &found);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc && !r->has_failed; i++) {
		const char *name = arena_copy(
			r->arena, found.gl_pathv[i], strlen(found.gl_pathv[i]));
		if (name == NULL)
			fail_memory(r);
		else
			read_included(r, source, line, name, body);
	}
	if (rc == GLOB_NOSPACE)
		fail_memory(r);
	globfree(&found);
}

/* True when the statement was an include, well-formed or not. */
static bool take_include(struct reading *r, const struct source *source,
	const struct ngx_statement *s, enum body body)
{
	if (strcmp(s->words[0], "include") != 0 || body == BODY_PLAIN)
		return false;
	if (body == BODY_PAIRS && s->count != 2)
		return false; /* map and geo have their own words for it */
	if (s->kind == NGX_OPEN)
		fail_here(r, source, s->line, "directive \"include\" is not terminated by \";\"");
	else if (s->count != 2)
		fail_here(
			r, source, s->line, "invalid number of arguments in \"include\" directive");
	else
		include(r, source, s->line, s->words[1], body);
	return true;
}

static enum body body_of(const char *name)
{
	if (strcmp(name, "map") == 0 || strcmp(name, "geo") == 0)
		return BODY_PAIRS;
	if (strcmp(name, "types") == 0)
		return BODY_TYPES;
	return strcmp(name, "split_clients") == 0 ? BODY_PLAIN : BODY_DIRECTIVES;
}

static void read_statements(
	struct reading *r, struct source *source, enum body body, struct ngx_node *block);

static void take(
	struct reading *r, struct source *source, const struct ngx_statement *s, enum body body)
{
	struct ngx_node node = {
		.name = s->words[0],
		.name_bytes = (uint32_t)strlen(s->words[0]),
		.arg_count = s->count - 1,
		.args = s->words + 1,
		.place = {.file = source->name, .line = s->line},
		.column = s->column,
		.end_line = s->line,
		.is_block = s->kind == NGX_OPEN,
	};
	/* Who is used to libconfig's groups. */
	if (strcmp(node.name, "comfymux:") == 0) {
		node.name = "comfymux";
		node.name_bytes--;
	}
	if (node.is_block && source->is_parameter) {
		fail_here(r, source, s->line, "block directives are not supported in -g option");
		return;
	}
	if (node.is_block && body != BODY_DIRECTIVES) {
		fail_here(r, source, s->line, "unexpected \"{\"");
		return;
	}
	if (take_include(r, source, s, body))
		return;
	if (node.is_block && r->blocks == BLOCKS_MOST) {
		fail_here(r, source, s->line, "blocks are nested too deep");
		return;
	}
	if (node.is_block) {
		size_t mark = r->count;
		r->blocks++;
		read_statements(r, source, body_of(node.name), &node);
		r->blocks--;
		node.children = r->is_out_of_memory ? NULL : pop(r, mark, &node.child_count);
		if (node.children == NULL)
			return;
	}
	push(r, &node);
}

/* Up to the end of `block`, or of the source with NULL. */
static void read_statements(
	struct reading *r, struct source *source, enum body body, struct ngx_node *block)
{
	while (!r->has_failed) {
		struct ngx_statement s = ngx_lexer_next(&source->lexer);
		switch (s.kind) {
		case NGX_SIMPLE:
		case NGX_OPEN:
			take(r, source, &s, body);
			break;
		case NGX_CLOSE:
			if (block != NULL)
				block->end_line = s.line;
			else
				fail_here(r, source, s.line, "unexpected \"}\"");
			return;
		case NGX_END:
			if (block != NULL)
				fail_here(r, source, s.line,
					"unexpected end of file, expecting \"}\"");
			return;
		case NGX_WRONG:
			fail_here(r, source, s.line, s.error);
			return;
		}
	}
}

static void read_source(
	struct reading *r, const struct ngx_file *file, bool is_parameter, enum body body)
{
	struct source source = {.name = file->name, .is_parameter = is_parameter};
	ngx_lexer_init(&source.lexer, r->arena, file->text, file->n, is_parameter);
	read_statements(r, &source, body, NULL);
	ngx_lexer_finish(&source.lexer);
}

static void read_globals(struct reading *r, const char *globals)
{
	const struct ngx_file file = {
		.name = ngx_command_line, .text = globals, .n = strlen(globals)};
	read_source(r, &file, true, BODY_DIRECTIVES);
}

static bool is_file_of(const struct reading *r, const char *name)
{
	for (const struct ngx_file *file = r->files; file != NULL; file = file->next) {
		if (strcmp(file->name, name) == 0)
			return true;
	}
	return false;
}

/* The nodes from `mark` on go to the front. */
static void turn(struct reading *r, size_t mark)
{
	size_t n = r->count - mark;
	struct ngx_node *late = malloc((n + 1) * sizeof(*late));
	if (late == NULL) {
		fail_memory(r);
		return;
	}
	memcpy(late, r->stack + mark, n * sizeof(*late));
	memmove(r->stack + n, r->stack, mark * sizeof(*late));
	memcpy(r->stack, late, n * sizeof(*late));
	free(late);
}

/* What only we are to know, in a file of its own: read as if it stood in front of the main file. */
static void read_beside(struct reading *r)
{
	struct err err;
	bool is_open_error;
	char *text = NULL;
	size_t n = 0, mark = r->count;
	const char *path = conf_path_beside(r->arena, r->main_name, NGX_BESIDE);
	if (path == NULL) {
		fail_memory(r);
		return;
	}
	/* Included by nginx.conf itself, or a file of libconfig's: it is not meant. */
	int rc = is_file_of(r, path) ? -ENOENT : conf_load_file(&text, &n, path, NULL);
	bool is_meant = rc != 0 || ngx_is_nginx_file(text, n);
	free(text);
	if (rc == -ENOENT || !is_meant)
		return;
	const struct ngx_file *file = ngx_load_file(
		r->arena, &r->files, path, &is_open_error, &err);
	if (file == NULL && err.text[0] == '\0') {
		fail_memory(r);
		return;
	}
	if (file == NULL) {
		fail(r, arena_copy(r->arena, err.text, strlen(err.text)),
			is_open_error ? LOG_EMERG : LOG_CRIT, NULL, 0);
		return;
	}
	read_source(r, file, false, BODY_DIRECTIVES);
	if (!r->is_out_of_memory)
		turn(r, mark);
}

/* `text` NULL: the file is to be read. */
static struct ngx_tree *read_tree(
	struct arena *arena, const char *name, const char *text, size_t n, const char *globals)
{
	struct err err;
	bool is_open_error;
	struct ngx_tree *tree = arena_zero(arena, sizeof(*tree));
	struct reading r = {.arena = arena, .tree = tree};
	r.main_name = arena_copy(arena, name, strlen(name));
	if (tree == NULL || r.main_name == NULL)
		return NULL;
	if (globals != NULL)
		read_globals(&r, globals);
	if (!r.has_failed) {
		const struct ngx_file *file = text != NULL ? ngx_keep_text(
								     arena, &r.files, name, text, n)
							   : ngx_load_file(arena, &r.files, name,
								     &is_open_error, &err);
		if (file != NULL)
			read_source(&r, file, false, BODY_DIRECTIVES);
		else if (text != NULL || err.text[0] == '\0')
			fail_memory(&r);
		else
			fail(&r, arena_copy(arena, err.text, strlen(err.text)),
				is_open_error ? LOG_EMERG : LOG_CRIT, NULL, 0);
	}
	if (!r.has_failed && text == NULL)
		read_beside(&r);
	tree->files = r.files;
	tree->nodes = r.is_out_of_memory ? NULL : pop(&r, 0, &tree->count);
	free(r.stack);
	return tree->nodes != NULL ? tree : NULL;
}

struct ngx_tree *ngx_read_file(struct arena *arena, const char *path, const char *globals)
{
	return read_tree(arena, path, NULL, 0, globals);
}

struct ngx_tree *ngx_read_text(
	struct arena *arena, const char *text, size_t n, const char *name, const char *globals)
{
	return read_tree(arena, name, text, n, globals);
}
