/*
 * test/fuzz/fuzz_libconfig.c - any text as a configuration file.
 *
 * Either a tree and no problem, or no tree and at least one. An empty line in front moves every
 * problem by one line and changes nothing else. A tree is no different from itself, and can be
 * shown.
 */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Relative includes lead nowhere. */
static const char name[] = "/nonexistent/fuzz.conf";

static void on_difference(enum conf_change change, const char *what, void *arg)
{
	(void)change;
	(void)arg;
	(void)fprintf(stderr, "differs from itself: %s\n", what);
	abort();
}

static struct conf *read_one(const char *text, size_t n, struct conf_problems *problems)
{
	uint32_t count = 0;
	conf_problems_init(problems);
	struct conf *conf = conf_read_text(text, n, name, NULL, problems);
	for (const struct conf_problem *one = problems->first; one != NULL; one = one->next) {
		ensure(one->text[0] != '\0' && one->file[0] != '\0');
		ensure(strpbrk(one->text, "\r\n") == NULL);
		count++;
	}
	ensure(count == problems->count);
	ensure((conf == NULL) == (count != 0));
	return conf;
}

static void compare(const struct conf_problems *one, const struct conf_problems *moved)
{
	const struct conf_problem *b = moved->first;
	ensure(one->count == moved->count);
	for (const struct conf_problem *a = one->first; a != NULL; a = a->next, b = b->next) {
		bool is_ours = strcmp(a->file, name) == 0 && a->line != 0;
		ensure(strcmp(a->file, b->file) == 0);
		ensure(a->line + is_ours == b->line);
		/* Texts name lines, too, so only their beginning is the same for sure. */
		ensure(strncmp(a->text, b->text, 8) == 0);
	}
}

static void compare_dumps(const struct conf *one, const struct conf *moved)
{
	char *a = conf_dump(one), *b = conf_dump(moved);
	ensure(a != NULL && b != NULL && strcmp(a, b) == 0);
	free(a);
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf_problems problems, moved_problems;
	char *text = malloc(n + 1);
	if (text == NULL)
		return 0;
	text[0] = '\n';
	if (n != 0)
		memcpy(text + 1, data, n);
	struct conf *conf = read_one(n == 0 ? "" : (const char *)data, n, &problems);
	/* A byte order mark is one only at the very beginning. */
	if (n < 3 || memcmp(data, "\xef\xbb\xbf", 3) != 0) {
		struct conf *moved = read_one(text, n + 1, &moved_problems);
		compare(&problems, &moved_problems);
		if (conf != NULL) {
			conf_diff(conf, moved, on_difference, NULL);
			compare_dumps(conf, moved);
		}
		conf_destroy(moved);
		conf_problems_finish(&moved_problems);
	}
	free(text);
	conf_destroy(conf);
	conf_problems_finish(&problems);
	return 0;
}
