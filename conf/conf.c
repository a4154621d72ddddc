/*
 * conf/conf.c - a file, step by step: flat text, what it says, the tree, the verdict.
 */
#include "conf/conf.h"

#include "conf/build.h"
#include "conf/flatten.h"
#include "conf/keys.h"
#include "conf/load.h"
#include "conf/nginx/native.h"
#include "conf/nginx/parse.h"
#include "conf/nginx/read.h"

#include <stdlib.h>

#define TREE_BLOCK 65536

bool conf_own(struct conf *conf, struct arena *arena, void (*destroy)(void *thing), void *thing)
{
	struct conf_owned *owned = arena_zero(arena, sizeof(*owned));
	if (owned == NULL)
		return false;
	*owned = (struct conf_owned){conf->owned, destroy, thing};
	conf->owned = owned;
	return true;
}

void conf_disown(struct conf *conf)
{
	for (struct conf_owned *owned = conf->owned; owned != NULL; owned = owned->next)
		owned->destroy(owned->thing);
	conf->owned = NULL;
}

void conf_destroy(struct conf *conf)
{
	if (conf == NULL)
		return;
	conf_disown(conf);
	struct arena arena = conf->arena; /* holds conf itself */
	arena_finish(&arena);
}

/* What is between two steps. Each step ends with the next one to take, or with NULL. */
struct conf_reading {
	void (*step)(struct conf_reading *reading);
	const struct conf_rules
		*rules; /* borrowed: the caller keeps it, and *problems, until the end */
	struct conf_problems *problems;
	uint32_t problems_before;
	struct arena tree; /* the result's, names of files included */
	struct arena raw;
	struct conf_flat flat;
	const char *name; /* the file's, in `tree`; NULL: memory was out */
	const struct conf_raw *root;
	struct conf *conf; /* in `tree` */
};

static void step_build(struct conf_reading *r)
{
	struct conf_builder b = {.arena = &r->tree, .problems = r->problems, .rules = r->rules};
	r->step = NULL;
	b.prefix = r->rules != NULL && r->rules->prefix != NULL
			   ? r->rules->prefix
			   : conf_path_beside(&r->tree, r->name, "");
	if (b.prefix != NULL)
		r->conf = conf_build(&b, r->root, r->name);
	if (r->conf == NULL || b.is_out_of_memory || !conf_check(r->conf, r->problems))
		conf_problem_add(r->problems, r->name, 0, "out of memory");
}

/* nginx's directives in libconfig's clothes. */
static void step_native(struct conf_reading *r)
{
	r->step = NULL;
	r->problems->is_nginx = true;
	const struct ngx_tree *parsed = ngx_of_native(&r->tree, r->root);
	if (parsed != NULL)
		r->conf = ngx_read(&r->tree, parsed, r->name, r->rules, r->problems);
	if (r->conf == NULL)
		conf_problem_add(r->problems, r->name, 0, "out of memory");
}

static void step_parse(struct conf_reading *r)
{
	r->root = conf_read_libconfig(&r->flat, &r->raw, r->problems);
	conf_flat_finish(&r->flat);
	r->step = r->root == NULL ? NULL : ngx_is_native(r->root) ? step_native : step_build;
}

/* The other language. */
static void step_nginx(struct conf_reading *r)
{
	r->step = NULL;
	r->problems->is_nginx = true;
	const struct ngx_tree *parsed = ngx_read_file(
		&r->tree, r->name, r->rules == NULL ? NULL : r->rules->globals);
	if (parsed != NULL)
		r->conf = ngx_read(&r->tree, parsed, r->name, r->rules, r->problems);
	if (r->conf == NULL)
		conf_problem_add(r->problems, r->name, 0, "out of memory");
}

/* A file that cannot be read is told of by who would read it. Who says what only nginx understands
 * means nginx's language, whatever the file says. */
static bool is_nginx(const char *path, const struct conf_rules *rules)
{
	char *text;
	size_t n;
	if (rules != NULL && (rules->globals != NULL || rules->error_log != NULL))
		return true;
	if (conf_load_file(&text, &n, path, NULL) != 0)
		return rules != NULL && rules->is_nginx_if_unread;
	bool is_it = ngx_is_nginx_file(text, n);
	free(text);
	return is_it;
}

static void step_load(struct conf_reading *r)
{
	if (is_nginx(r->name, r->rules))
		r->step = step_nginx;
	else
		r->step = conf_flat_add_file(&r->flat, r->name) ? step_parse : NULL;
}

static void begin(struct conf_reading *r, const char *name, const struct conf_rules *rules,
	struct conf_problems *problems)
{
	*r = (struct conf_reading){.step = step_load,
		.rules = rules,
		.problems = problems,
		.problems_before = problems->count};
	arena_init(&r->tree, TREE_BLOCK);
	arena_init(&r->raw, TREE_BLOCK);
	conf_flat_init(&r->flat, &r->tree, problems);
	r->name = arena_copy(&r->tree, name, strlen(name));
	if (r->name != NULL)
		return;
	conf_problem_add(problems, name, 0, "out of memory");
	r->step = NULL;
}

static struct conf *end(struct conf_reading *r)
{
	bool is_good = r->conf != NULL && r->problems->count == r->problems_before;
	conf_flat_finish(&r->flat);
	arena_finish(&r->raw);
	if (is_good) {
		r->conf->arena = r->tree;
	} else {
		if (r->conf != NULL)
			conf_disown(r->conf);
		arena_finish(&r->tree);
	}
	return is_good ? r->conf : NULL;
}

struct conf_reading *conf_reading_start(
	const char *path, const struct conf_rules *rules, struct conf_problems *problems)
{
	struct conf_reading *reading = malloc(sizeof(*reading));
	if (reading != NULL)
		begin(reading, path, rules, problems);
	return reading;
}

bool conf_reading_step(struct conf_reading *reading)
{
	if (reading->step != NULL)
		reading->step(reading);
	return reading->step != NULL;
}

struct conf *conf_reading_finish(struct conf_reading *reading)
{
	if (reading == NULL)
		return NULL;
	struct conf *conf = end(reading);
	free(reading);
	return conf;
}

struct conf *conf_read(
	const char *path, const struct conf_rules *rules, struct conf_problems *problems)
{
	struct conf_reading reading;
	begin(&reading, path, rules, problems);
	while (conf_reading_step(&reading))
		;
	return end(&reading);
}

struct conf *conf_read_text(const char *text, size_t n, const char *name,
	const struct conf_rules *rules, struct conf_problems *problems)
{
	struct conf_reading reading;
	begin(&reading, name, rules, problems);
	if (reading.step != NULL)
		reading.step = conf_flat_add_text(&reading.flat, text, n, name) ? step_parse : NULL;
	while (conf_reading_step(&reading))
		;
	return end(&reading);
}
