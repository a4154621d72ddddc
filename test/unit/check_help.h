/*
 * test/unit/check_help.h - graphs of a few made-up classes; answers are compared as JSON with what
 * ComfyUI says.
 */
#ifndef TEST_CHECK_HELP_H
#define TEST_CHECK_HELP_H

#include "test/unit/defs_help.h"

#include "comfy/check.h"

#include <jansson.h>
#include <stdio.h>

#define TEN "1,2,3,4,5,6,7,8,9,10"

static const char object_info[] =
	"{\"Loader\": {\"input\": {\"required\": {\"ckpt\": [[\"a.safetensors\", "
	"\"b.safetensors\"], {\"tooltip\": \"t\"}]}}, \"output\": [\"MODEL\", \"CLIP\", \"VAE\"], "
	"\"output_node\": false},"
	"\"Sampler\": {\"input\": {\"required\": {\"model\": [\"MODEL\"], \"seed\": [\"INT\", "
	"{\"default\": 0, \"min\": 0, \"max\": 18446744073709551615}], \"steps\": [\"INT\", "
	"{\"min\": 1, \"max\": 10000}], \"cfg\": [\"FLOAT\", {\"min\": 0.0, \"max\": 100.0}]}, "
	"\"optional\": {\"name\": [\"COMBO\", {\"options\": [\"euler\", \"dpm\", 3]}], \"mask\": "
	"[\"MASK\"]}, \"hidden\": {\"prompt\": \"PROMPT\"}}, \"output\": [\"LATENT\"], "
	"\"output_node\": false},"
	"\"Decode\": {\"input\": {\"required\": {\"samples\": [\"LATENT\"]}}, \"output\": "
	"[\"IMAGE\"], \"output_node\": false},"
	"\"LoadImage\": {\"input\": {\"required\": {\"image\": [[\"x.png\"], {\"image_upload\": "
	"true}]}}, \"output\": [\"IMAGE\", \"MASK\"], \"output_node\": false},"
	"\"Save\": {\"input\": {\"required\": {\"images\": [\"IMAGE\"]}, \"optional\": "
	"{\"prefix\": "
	"[\"STRING\", {\"default\": \"x\"}], \"flag\": [\"BOOLEAN\"], \"level\": [\"INT,FLOAT\", "
	"{\"max\": 5}], \"many\": [[" TEN "," TEN ",21]], \"empty\": [[], {}]}}, \"output\": [], "
	"\"output_node\": true},"
	"\"Any\": {\"input\": {\"required\": {\"value\": [\"*\"]}}, \"output\": [\"*\", [\"p\", "
	"\"q\"], \"STRING,IMAGE\"], \"output_node\": false},"
	"\"Pick\": {\"input\": {\"required\": {\"which\": [[\"p\", \"r\"]]}}, \"output\": "
	"[\"IMAGE\"], \"output_node\": true},"
	"\"Grow\": {\"input\": {\"required\": {\"images\": [\"COMFY_AUTOGROW_V3\", {}]}}, "
	"\"output\": [\"COMFY_MATCHTYPE_V3\"], \"output_node\": true}}";

#define LOADER "\"4\": {\"class_type\": \"Loader\", \"inputs\": {\"ckpt\": \"a.safetensors\"}}"
#define SAMPLER(inputs)                                                                            \
	"\"3\": {\"class_type\": \"Sampler\", \"inputs\": {\"model\": [\"4\", 0], " inputs "}}"
#define DECODE "\"8\": {\"class_type\": \"Decode\", \"inputs\": {\"samples\": [\"3\", 0]}}"
#define SAVE "\"9\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"8\", 0]}}"
#define SETTINGS "\"seed\": 1, \"steps\": 20, \"cfg\": 8.0"
/* A picture, with a sampler of these inputs. */
#define PICTURE(inputs) "{" LOADER ", " SAMPLER(inputs) ", " DECODE ", " SAVE "}"
/* A picture from a file, saved with these inputs. */
#define COPY(inputs)                                                                               \
	"{\"1\": {\"class_type\": \"LoadImage\", \"inputs\": {\"image\": \"new.png\"}}, \"2\": "   \
	"{\"class_type\": \"Save\", \"inputs\": {\"images\": [\"1\", 0], " inputs "}}}"

static struct defs *defs;
static struct defs_worker *worker;
static struct arena arena;

static inline int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4096);
	defs = defs_create();
	assert_non_null(defs);
	worker = defs_worker_create(defs);
	assert_non_null(worker);
	have(worker, object_info);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	defs_worker_destroy(worker);
	defs_destroy(defs);
	arena_finish(&arena);
	return 0;
}

static inline struct check_result check_text(const char *text)
{
	struct prompt_body body;
	struct check_result result;
	assert_int_equal(prompt_body_read(&body, slice_of(text), &arena), 0);
	assert_int_equal(check_graph(defs, &body, &result), 0);
	assert_non_null(result.answer);
	assert_int_equal(result.is_ok, result.outputs != NULL);
	return result;
}

static inline struct check_result check(const char *graph)
{
	size_t n = strlen(graph) + 32;
	char *text = arena_take(&arena, n);
	assert_non_null(text);
	(void)snprintf(text, n, "{\"prompt\": %s}", graph);
	return check_text(text);
}

static inline void assert_json(const struct blob *got, const char *want)
{
	json_error_t error;
	json_t *left = json_loadb(got->p, got->n, JSON_REJECT_DUPLICATES, &error);
	if (left == NULL)
		fail_msg("%s: %s", error.text, got->p);
	json_t *right = json_loads(want, 0, &error);
	if (right == NULL)
		fail_msg("%s: %s", error.text, want);
	if (!json_equal(left, right))
		fail_msg("%s\ninstead of\n%s", got->p, want);
	json_decref(left);
	json_decref(right);
}

static inline void drop(struct check_result *result)
{
	blob_unref(result->answer);
	blob_unref(result->outputs);
}

static inline void assert_fit(const char *graph, const char *outputs)
{
	struct check_result result = check(graph);
	assert_json(result.answer, "{}");
	assert_true(result.is_ok);
	assert_json(result.outputs, outputs);
	drop(&result);
}

static inline void assert_refused(const char *text, const char *answer)
{
	struct check_result result = check_text(text);
	assert_false(result.is_ok);
	assert_json(result.answer, answer);
	drop(&result);
}

/* Of one node that the one output hangs on: what is said of it. */
static inline void assert_error(const char *graph, const char *node, const char *class_,
	const char *output, const char *error)
{
	struct check_result result = check(graph);
	char *want = arena_take(&arena, 4096);
	assert_non_null(want);
	(void)snprintf(want, 4096,
		"{\"%s\": {\"errors\": [%s], \"dependent_outputs\": [\"%s\"], \"class_type\": "
		"\"%s\"}}",
		node, error, output, class_);
	assert_false(result.is_ok);
	json_t *answer = json_loadb(result.answer->p, result.answer->n, 0, NULL);
	json_t *wanted = json_loads(want, 0, NULL);
	assert_non_null(wanted);
	if (!json_equal(json_object_get(answer, "node_errors"), wanted))
		fail_msg("%s\ninstead of\n%s", result.answer->p, want);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "error"), "type")),
		"prompt_outputs_failed_validation");
	json_decref(wanted);
	json_decref(answer);
	drop(&result);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
