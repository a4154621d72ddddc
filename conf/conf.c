/*
 * conf/conf.c - a file, step by step: flat text, what it says, the tree, the verdict.
 */
#include "conf/conf.h"

#include "conf/build.h"
#include "conf/flatten.h"
#include "conf/keys.h"
#include "conf/load.h"

#include <stdlib.h>

#define TREE_BLOCK 65536

void conf_destroy(struct conf *conf)
{
	if (conf == NULL)
		return;
	struct arena arena = conf->arena; /* holds conf itself */
	arena_finish(&arena);
}

/* The flat text is there: everything behind it. */
static struct conf *judge(struct arena *tree, const struct conf_flat *flat, const char *name,
	const struct conf_rules *rules, struct conf_problems *problems)
{
	struct arena raw;
	struct conf *conf = NULL;
	struct conf_builder b = {.arena = tree, .problems = problems, .rules = rules};
	arena_init(&raw, TREE_BLOCK);
	b.prefix = rules != NULL && rules->prefix != NULL ? rules->prefix
							  : conf_path_beside(tree, name, "");
	const char *file = arena_copy(tree, name, strlen(name));
	uint32_t before = problems->count;
	const struct conf_raw *root = conf_read_libconfig(flat, &raw, problems);
	if (root != NULL && b.prefix != NULL && file != NULL)
		conf = conf_build(&b, root, file);
	arena_finish(&raw);
	bool is_done = conf != NULL && !b.is_out_of_memory && conf_check(conf, problems);
	if (!is_done && root != NULL)
		conf_problem_add(problems, name, 0, "out of memory");
	return problems->count == before ? conf : NULL;
}

static struct conf *read_conf(const char *text, size_t n, const char *name,
	const struct conf_rules *rules, struct conf_problems *problems)
{
	struct arena tree;
	struct conf_flat flat;
	struct conf *conf = NULL;
	arena_init(&tree, TREE_BLOCK);
	conf_flat_init(&flat, &tree, problems);
	if (text == NULL ? conf_flat_add_file(&flat, name)
			 : conf_flat_add_text(&flat, text, n, name))
		conf = judge(&tree, &flat, name, rules, problems);
	conf_flat_finish(&flat);
	if (conf == NULL)
		arena_finish(&tree);
	else
		conf->arena = tree;
	return conf;
}

struct conf *conf_read(
	const char *path, const struct conf_rules *rules, struct conf_problems *problems)
{
	return read_conf(NULL, 0, path, rules, problems);
}

struct conf *conf_read_text(const char *text, size_t n, const char *name,
	const struct conf_rules *rules, struct conf_problems *problems)
{
	return read_conf(text, n, name, rules, problems);
}
