/*
 * test/unit/conf_help.h - texts in, trees and problems out.
 */
#ifndef TEST_CONF_HELP_H
#define TEST_CONF_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

/* A server and a pool: what a text needs beside what a test is about. */
#define CONF_LISTEN "listen = [\"127.0.0.1:0\"];\n"
#define CONF_NODES "nodes = { static_nodes = ( { node_id = \"a\"; host = \"10.0.0.1\"; } ); };\n"

/* A folder of its own under /tmp, gone after conf_help_sweep. */
struct conf_help {
	char folder[64];
	char files[8][160];
	unsigned file_count;
};

static inline void conf_help_open(struct conf_help *help)
{
	*help = (struct conf_help){.folder = "/tmp/comfymux-test-XXXXXX"};
	assert_non_null(mkdtemp(help->folder));
}

/* The path of a new file with that text. */
static inline const char *conf_help_file(
	struct conf_help *help, const char *name, const char *text, size_t n)
{
	assert_true(help->file_count < COUNT_OF(help->files));
	char whole[sizeof(help->files[0])];
	char *path = help->files[help->file_count++];
	(void)snprintf(whole, sizeof(whole), "%s/%s", help->folder, name);
	memcpy(path, whole, sizeof(whole));
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
	return path;
}

static inline void conf_help_sweep(struct conf_help *help)
{
	for (unsigned i = 0; i < help->file_count; i++)
		assert_int_equal(unlink(help->files[i]), 0);
	assert_int_equal(rmdir(help->folder), 0);
}

/* All problems, one "LINE: TEXT\n" each; static. The file's name in front when `has_files`. */
static inline const char *conf_help_list(const struct conf_problems *problems, bool has_files)
{
	static char text[65536];
	size_t n = 0;
	text[0] = '\0';
	for (const struct conf_problem *one = problems->first; one != NULL; one = one->next)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%u: %s\n",
			has_files ? one->file : "", has_files ? ":" : "", one->line, one->text);
	return text;
}

/* The tree of a text that has nothing wrong. */
static inline struct conf *conf_help_read(const char *text)
{
	struct conf_problems problems;
	conf_problems_init(&problems);
	struct conf *conf = conf_read_text(text, strlen(text), "/tmp/test.conf", NULL, &problems);
	assert_string_equal(conf_help_list(&problems, false), "");
	assert_non_null(conf);
	conf_problems_finish(&problems);
	return conf;
}

/* What is wrong with a text, as conf_help_list. */
static inline const char *conf_help_wrong(const char *text)
{
	struct conf_problems problems;
	conf_problems_init(&problems);
	struct conf *conf = conf_read_text(text, strlen(text), "/tmp/test.conf", NULL, &problems);
	const char *list = conf_help_list(&problems, false);
	assert_true((conf == NULL) == (problems.count != 0));
	conf_destroy(conf);
	conf_problems_finish(&problems);
	return list;
}

#endif
