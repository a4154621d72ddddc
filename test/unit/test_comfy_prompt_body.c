/* test/unit/test_comfy_prompt_body.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/blob.h"
#include "comfy/graph.h"

#include <jansson.h>
#include <stdio.h>

static struct arena arena;
static struct prompt_body body;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4096);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static void read_body(const char *text)
{
	assert_int_equal(prompt_body_read(&body, slice_of(text), &arena), 0);
}

/* Takes the blob. */
static void assert_json(struct blob *got, const char *want)
{
	assert_non_null(got);
	json_t *left = json_loadb(got->p, got->n, JSON_REJECT_DUPLICATES, NULL);
	json_t *right = json_loads(want, 0, NULL);
	assert_non_null(right);
	if (!json_equal(left, right))
		fail_msg("%s instead of %s", got->p, want);
	json_decref(left);
	json_decref(right);
	blob_unref(got);
}

#define BODY                                                                                       \
	"{\"front\": true, \"client_id\": \"c\", \"prompt\": {\"1\": {\"class_type\": \"A\"}}, "   \
	"\"client_id\": \"d\", \"number\": 3, \"extra_data\": {\"a\": 1, "                         \
	"\"auth_token_comfy_org\": \"t\"}, \"prompt_id\": \"p\", \"other\": [1]}"

static void a_worker_gets_our_ids(void **state)
{
	(void)state;
	struct slice graph, targets;
	read_body(BODY);
	struct blob *made = prompt_body_for_worker(&body, &graph, &targets);
	assert_non_null(made);
	assert_string_equal(made->p,
		", \"prompt\": {\"1\": {\"class_type\": \"A\"}}, \"extra_data\": {\"a\": 1, "
		"\"auth_token_comfy_org\": \"t\"}, \"other\": [1]}");
	assert_true(graph.p == made->p + 12);
	assert_true(slice_is(graph, SLICE("{\"1\": {\"class_type\": \"A\"}}")));
	assert_null(targets.p);
	blob_unref(made);
	read_body("{\"prompt\": 1, \"partial_execution_targets\": [\"9\"], \"prompt\": {}}");
	made = prompt_body_for_worker(&body, &graph, &targets);
	assert_non_null(made);
	assert_true(slice_is(graph, SLICE("{}")) && graph.p > made->p);
	assert_true(slice_is(targets, SLICE("[\"9\"]")) && targets.p > made->p);
	blob_unref(made);
	read_body("{\"front\": true}");
	made = prompt_body_for_worker(&body, &graph, &targets);
	assert_non_null(made);
	assert_string_equal(made->p, "}");
	assert_null(graph.p);
	blob_unref(made);
}

static void the_journal_gets_no_secrets(void **state)
{
	(void)state;
	bool had_secrets;
	read_body(BODY);
	struct blob *extra = prompt_extra_data(&body, SLICE(""), 17, &had_secrets);
	assert_non_null(extra);
	assert_true(had_secrets);
	assert_json(prompt_body_for_journal(&body, blob_slice(extra)),
		"{\"front\": true, \"client_id\": \"d\", \"prompt\": {\"1\": {\"class_type\": "
		"\"A\"}}, \"number\": 3, \"extra_data\": {\"a\": 1, \"create_time\": 17}, "
		"\"prompt_id\": \"p\", \"other\": [1]}");
	read_body("{}");
	assert_json(prompt_body_for_journal(&body, blob_slice(extra)),
		"{\"extra_data\": {\"a\": 1, \"create_time\": 17}}");
	blob_unref(extra);
}

static void extra_data_is_made_fit_to_show(void **state)
{
	(void)state;
	static const struct {
		const char *extra;
		const char *client_id;
		const char *want;
		bool had_secrets;
	} cases[] = {
		{"{\"extra_pnginfo\": {\"workflow\": {\"id\": \"w\"}}}", "c\n",
			"{\"extra_pnginfo\": {\"workflow\": {\"id\": \"w\"}}, \"client_id\": "
			"\"c\\n\", \"create_time\": 17}",
			false},
		{"{\"client_id\": \"x\", \"create_time\": 3}", "c",
			"{\"client_id\": \"c\", \"create_time\": 3}", false},
		{"{\"client_id\": \"x\"}", "", "{\"client_id\": \"x\", \"create_time\": 17}",
			false},
		{"{\"api_key_comfy_org\": \"k\", \"a\": {\"api_key_comfy_org\": 1}}", "",
			"{\"a\": {\"api_key_comfy_org\": 1}, \"create_time\": 17}", true},
		{"{\"api_key_comfy_org\": null, \"auth_token_comfy_org\": \"\"}", "",
			"{\"create_time\": 17}", false},
		{"{\"\\u0061uth_token_comfy_org\": \"t\"}", "", "{\"create_time\": 17}", true},
		{"{\"auth_token_comfy_org\": \"t\", \"auth_token_comfy_org\": null}", "",
			"{\"create_time\": 17}", true},
		{"[1]", "c", "{\"client_id\": \"c\", \"create_time\": 17}", false},
		{"null", "", "{\"create_time\": 17}", false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[200];
		bool had_secrets;
		(void)snprintf(text, sizeof(text), "{\"extra_data\": %s}", cases[i].extra);
		read_body(text);
		assert_json(
			prompt_extra_data(&body, slice_of(cases[i].client_id), 17, &had_secrets),
			cases[i].want);
		assert_int_equal(had_secrets, cases[i].had_secrets);
	}
}

static void only_canonical_uuids_are_uuids(void **state)
{
	(void)state;
	assert_true(graph_is_uuid(SLICE("5f0a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b")));
	assert_false(graph_is_uuid(SLICE("5F0a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b")));
	assert_false(graph_is_uuid(SLICE("5f0a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2")));
	assert_false(graph_is_uuid(SLICE("5f0a1b2c03d4e-4f50-8a6b-7c8d9e0f1a2b")));
	assert_false(graph_is_uuid(SLICE("5f0a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2g")));
	assert_false(graph_is_uuid(SLICE("5f0a1b2c3d4e4f508a6b7c8d9e0f1a2b")));
	assert_false(graph_is_uuid(SLICE("")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_gets_our_ids),
		TEST(the_journal_gets_no_secrets),
		TEST(extra_data_is_made_fit_to_show),
		TEST(only_canonical_uuids_are_uuids),
	};
	return cmocka_run_group_tests_name("comfy/prompt_body", tests, NULL, NULL);
}
