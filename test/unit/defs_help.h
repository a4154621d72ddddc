/*
 * test/unit/defs_help.h - definitions from hand-written texts, and what comes of them.
 */
#ifndef TEST_DEFS_HELP_H
#define TEST_DEFS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "comfy/defs_parts.h"
#include "test/unit/loop_help.h"

/* A class with one old-style combo; `more` is members of its settings. */
#define COMBO(name, input, values, more)                                                           \
	"\"" name "\": {\"input\": {\"required\": {\"" input "\": [[" values "], {" more "}]}}, "  \
	"\"output\": [\"MODEL\"], \"output_node\": false}"

static inline void read_all(struct defs *defs)
{
	while (reading_step(defs))
		continue;
}

static inline void give(struct defs_worker *worker, const char *text)
{
	struct blob *body = blob_copy(text, strlen(text));
	assert_int_equal(defs_worker_set(worker, body), 0);
	blob_unref(body);
}

/* Given and read. */
static inline void have(struct defs_worker *worker, const char *text)
{
	give(worker, text);
	read_all(worker->defs);
	assert_true(defs_worker_is_known(worker));
}

struct asked {
	struct defs_wait wait;
	struct blob *json;
	int calls;
};

static inline void on_ready(struct defs_wait *wait, struct blob *json)
{
	struct asked *asked = CONTAINER_OF(wait, struct asked, wait);
	asked->calls++;
	asked->json = json == NULL ? NULL : blob_ref(json);
}

static inline void ask(struct defs *defs, struct asked *asked, bool is_gzip)
{
	*asked = (struct asked){.wait = {.is_gzip = is_gzip, .on_ready = on_ready}};
	defs_union(defs, &asked->wait);
}

static inline void make_all(struct defs *defs)
{
	while (union_step(defs))
		continue;
}

static inline void assert_union(struct defs *defs, const char *expected)
{
	struct asked asked;
	ask(defs, &asked, false);
	make_all(defs);
	assert_int_equal(asked.calls, 1);
	assert_non_null(asked.json);
	assert_string_equal(asked.json->p, expected);
	blob_unref(asked.json);
}

static inline void on_one(void *arg, struct blob *json)
{
	struct asked *asked = arg;
	asked->calls++;
	asked->json = json == NULL ? NULL : blob_ref(json);
}

/* A graph of one node with one plain input, as JSON; NULL for none. */
static inline bool allows(
	const struct defs_worker *worker, const char *class_, const char *name, const char *json)
{
	char text[512];
	struct graph_input input = {.name = slice_of(name == NULL ? "" : name)};
	struct graph_node node = {
		.is_object = true, .class_type = slice_of(class_), .inputs = &input};
	struct prompt_body body = {.nodes = &node, .node_count = 1};
	if (json != NULL) {
		node.input_count = 1;
		assert_true(json_read(slice_of(json), &input.value));
		if (input.value.kind == JSON_KIND_STRING)
			input.text = (struct slice){
				text, (size_t)json_decode(input.value.raw, text, sizeof(text))};
	}
	return defs_worker_allows(worker, &body);
}

#endif
