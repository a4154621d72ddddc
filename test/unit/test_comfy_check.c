/* test/unit/test_comfy_check.c - whole graphs. */
#include "test/unit/check_help.h"

static void a_good_graph_passes(void **state)
{
	(void)state;
	assert_fit(PICTURE(SETTINGS), "[\"9\"]");
	assert_fit(PICTURE(SETTINGS ", \"name\": \"dpm\", \"unknown\": [1, 2, 3]"), "[\"9\"]");
	assert_fit(PICTURE("\"seed\": 18446744073709551615, \"steps\": \"20\", \"cfg\": true"),
		"[\"9\"]");
	assert_fit(COPY("\"prefix\": 3, \"flag\": \"x\", \"level\": 5"), "[\"2\"]");
	assert_fit(COPY("\"empty\": \"anything\", \"many\": 21.0"), "[\"2\"]");
}

static void what_is_no_graph_is_refused(void **state)
{
	(void)state;
	assert_refused("{}",
		"{\"error\": {\"type\": \"no_prompt\", \"message\": \"No prompt provided\", "
		"\"details\": \"No prompt provided\", \"extra_info\": {}}, \"node_errors\": {}}");
	assert_refused("{\"prompt\": [1]}",
		"{\"error\": {\"type\": \"invalid_prompt\", \"message\": \"Cannot execute because "
		"the prompt is not an object.\", \"details\": \"\", \"extra_info\": {}}, "
		"\"node_errors\": {}}");
	assert_refused("{\"prompt\": {}}",
		"{\"error\": {\"type\": \"prompt_no_outputs\", \"message\": \"Prompt has no "
		"outputs\", \"details\": \"\", \"extra_info\": {}}, \"node_errors\": {}}");
	assert_refused("{\"prompt\": {" LOADER "}}",
		"{\"error\": {\"type\": \"prompt_no_outputs\", \"message\": \"Prompt has no "
		"outputs\", \"details\": \"\", \"extra_info\": {}}, \"node_errors\": {}}");
}

static void missing_classes_are_told(void **state)
{
	(void)state;
	assert_refused("{\"prompt\": {\"7\": {\"inputs\": {}}}}",
		"{\"error\": {\"type\": \"missing_node_type\", \"message\": \"Node 'ID #7' has no "
		"class_type. The workflow may be corrupted or a custom node is missing.\", "
		"\"details\": \"Node ID '#7'\", \"extra_info\": {\"node_id\": \"7\", "
		"\"class_type\": null, \"node_title\": null}}, \"node_errors\": {}}");
	assert_refused("{\"prompt\": {\"7\": {\"class_type\": \"No\\\"pe\"}}}",
		"{\"error\": {\"type\": \"missing_node_type\", \"message\": \"Node 'No\\\"pe' not "
		"found. The custom node may not be installed.\", \"details\": \"Node ID '#7'\", "
		"\"extra_info\": {\"node_id\": \"7\", \"class_type\": \"No\\\"pe\", "
		"\"node_title\": "
		"\"No\\\"pe\"}}, \"node_errors\": {}}");
	assert_refused("{\"prompt\": {\"7\": {\"class_type\": \"Nope\", \"_meta\": {\"title\": "
		       "\"My node\"}}}}",
		"{\"error\": {\"type\": \"missing_node_type\", \"message\": \"Node 'My node' not "
		"found. The custom node may not be installed.\", \"details\": \"Node ID '#7'\", "
		"\"extra_info\": {\"node_id\": \"7\", \"class_type\": \"Nope\", \"node_title\": "
		"\"My node\"}}, \"node_errors\": {}}");
}

static void a_missing_input_is_told(void **state)
{
	(void)state;
	assert_refused("{\"prompt\": {\"9\": {\"class_type\": \"Save\"}}}",
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\", \"message\": "
		"\"Prompt outputs failed validation\", \"details\": \"Required input is missing: "
		"images\", \"extra_info\": {}}, \"node_errors\": {\"9\": {\"errors\": [{\"type\": "
		"\"required_input_missing\", \"message\": \"Required input is missing\", "
		"\"details\": \"images\", \"extra_info\": {\"input_name\": \"images\"}}], "
		"\"dependent_outputs\": [\"9\"], \"class_type\": \"Save\"}}}");
}

static void an_error_far_below_is_told_once(void **state)
{
	(void)state;
	/* Of the output itself nothing is wrong, so for people there is nothing to say. */
	assert_refused("{\"prompt\": " PICTURE("\"seed\": 1, \"steps\": 20") "}",
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\", \"message\": "
		"\"Prompt outputs failed validation\", \"details\": \"\", \"extra_info\": {}}, "
		"\"node_errors\": {\"3\": {\"errors\": [{\"type\": \"required_input_missing\", "
		"\"message\": \"Required input is missing\", \"details\": \"cfg\", \"extra_info\": "
		"{\"input_name\": \"cfg\"}}], \"dependent_outputs\": [\"9\"], \"class_type\": "
		"\"Sampler\"}}}");
}

static void good_outputs_run_beside_bad_ones(void **state)
{
	(void)state;
	struct check_result result = check("{" LOADER ", " SAMPLER(
		SETTINGS) ", " DECODE ", " SAVE ", \"10\": {\"class_type\": "
			  "\"Save\", \"inputs\": {\"images\": [\"8\", 0], \"level\": 6}}, \"11\": "
			  "{\"class_type\": \"Save\", \"inputs\": {\"images\": [\"8\", 0]}}}");
	assert_true(result.is_ok);
	assert_json(result.outputs, "[\"9\", \"11\"]");
	assert_json(result.answer,
		"{\"10\": {\"errors\": [{\"type\": \"value_bigger_than_max\", \"message\": \"Value "
		"6 bigger than max of 5\", \"details\": \"level\", \"extra_info\": "
		"{\"input_name\": \"level\", \"input_config\": [\"INT,FLOAT\", {\"max\": 5}], "
		"\"received_value\": 6}}], \"dependent_outputs\": [\"10\"], \"class_type\": "
		"\"Save\"}}");
	drop(&result);
}

static void every_bad_output_below_is_told(void **state)
{
	(void)state;
	struct check_result result = check("{" LOADER ", " SAMPLER(
		"\"seed\": 1, \"steps\": 20") ", " DECODE ", " SAVE
					      ", \"10\": {\"class_type\": \"Save\", \"inputs\": "
					      "{\"images\": [\"8\", 0]}}, "
					      "\"11\": {\"class_type\": \"Save\"}}");
	assert_false(result.is_ok);
	json_t *answer = json_loadb(result.answer->p, result.answer->n, 0, NULL);
	json_t *wanted = json_pack("{s:{s:[s,s,s]},s:{s:[s]}}", "3", "dependent_outputs", "9", "10",
		"11", "11", "dependent_outputs", "11");
	json_t *errors = json_object_get(answer, "node_errors");
	const char *id;
	json_t *node;
	json_object_foreach(errors, id, node)
	{
		(void)id;
		json_object_del(node, "errors");
		json_object_del(node, "class_type");
	}
	if (!json_equal(errors, wanted))
		fail_msg("%s", result.answer->p);
	json_decref(wanted);
	json_decref(answer);
	drop(&result);
}

static void only_targets_are_outputs(void **state)
{
	(void)state;
	static const char graph[] =
		"{\"prompt\": {\"1\": {\"class_type\": \"LoadImage\", \"inputs\": {\"image\": "
		"\"x\"}}, \"2\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"1\", 0]}}, "
		"\"3\": {\"class_type\": \"Save\"}}, \"partial_execution_targets\": %s}";
	static const struct {
		const char *targets, *outputs;
	} cases[] = {{"[\"2\"]", "[\"2\"]"}, {"[\"1\", \"2\", \"9\"]", "[\"2\"]"},
		{"null", "[\"2\"]"}, {"[\"3\"]", NULL}, {"[]", NULL}, {"[\"1\"]", NULL}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[500];
		(void)snprintf(text, sizeof(text), graph, cases[i].targets);
		struct check_result result = check_text(text);
		assert_int_equal(result.is_ok, cases[i].outputs != NULL);
		if (result.is_ok)
			assert_json(result.outputs, cases[i].outputs);
		drop(&result);
	}
}

#define CYCLE(id, way, nodes)                                                                      \
	"{\"errors\": [{\"type\": \"dependency_cycle\", \"message\": \"Dependency cycle "          \
	"detected\", \"details\": \"" way "\", \"extra_info\": {\"node_id\": \"" id                \
	"\", \"cycle_nodes\": [" nodes "]}}], \"dependent_outputs\": [\"3\"], \"class_type\": "    \
	"\"Any\"}"

static void cycles_do_not_loop(void **state)
{
	(void)state;
	struct check_result result = check(
		"{\"1\": {\"class_type\": \"Any\", \"inputs\": {\"value\": [\"2\", 0]}}, \"2\": "
		"{\"class_type\": \"Any\", \"inputs\": {\"value\": [\"1\", 0]}}, \"3\": "
		"{\"class_type\": \"Save\", \"inputs\": {\"images\": [\"1\", 0]}}}");
	assert_false(result.is_ok);
	assert_json(result.answer,
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\", \"message\": "
		"\"Prompt outputs failed validation\", \"details\": \"\", \"extra_info\": {}}, "
		"\"node_errors\": {\"1\": " CYCLE(
			"1", "1 (Any) -> 2 (Any) -> 1 (Any)", "\"1\", \"2\"") ", \"2\": " CYCLE("2",
			"1 (Any) -> 2 (Any) -> 1 (Any)", "\"1\", \"2\"") "}}");
	drop(&result);
	result = check("{\"1\": {\"class_type\": \"Any\", \"inputs\": {\"value\": [\"1\", 0]}}, "
		       "\"3\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"1\", 0]}}}");
	assert_false(result.is_ok);
	drop(&result);
}

/* Nodes 0 .. count - 1, each hanging on the next; `last` is the last one's link. */
static struct check_result check_chain(unsigned count, const char *last)
{
	struct text text;
	text_init(&text, 1 << 20);
	text_puts(&text, "{\"out\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"0\", "
			 "0]}}");
	for (unsigned i = 0; i < count; i++) {
		text_puts(&text, ", \"");
		text_u64(&text, i);
		text_puts(&text, "\": {\"class_type\": \"Any\", \"inputs\": {\"value\": ");
		if (i + 1 == count) {
			text_puts(&text, last);
		} else {
			text_puts(&text, "[\"");
			text_u64(&text, i + 1);
			text_puts(&text, "\", 0]");
		}
		text_puts(&text, "}}");
	}
	text_put(&text, "}", 2);
	struct check_result result = check(text.p);
	text_finish(&text);
	return result;
}

static void a_long_chain_does_not_fill_the_stack(void **state)
{
	(void)state;
	struct check_result result = check_chain(19000, "1");
	assert_true(result.is_ok);
	drop(&result);
	result = check_chain(19000, "[\"0\", 0]");
	assert_false(result.is_ok);
	drop(&result);
	result = check_chain(19000, "[]");
	assert_false(result.is_ok);
	drop(&result);
}

static void answers_are_bounded(void **state)
{
	(void)state;
	struct text text;
	text_init(&text, 1 << 20);
	for (unsigned i = 0; i < 19000; i++) {
		text_puts(&text, i == 0 ? "{\"" : ", \"");
		text_u64(&text, i);
		text_puts(&text, "\": {\"class_type\": \"Save\"}");
	}
	text_put(&text, "}", 2);
	struct check_result result = check(text.p);
	text_finish(&text);
	assert_false(result.is_ok);
	assert_in_range(result.answer->n, (size_t)1 << 19, (size_t)4 << 20);
	drop(&result);
}

static void without_definitions_everything_passes(void **state)
{
	(void)state;
	defs_worker_forget(worker);
	struct check_result result = check("{\"1\": {\"class_type\": \"Nope\"}}");
	assert_true(result.is_ok);
	assert_json(result.answer, "{}");
	assert_json(result.outputs, "[]");
	drop(&result);
	result = check("{\"1\": {}}");
	assert_false(result.is_ok);
	drop(&result);
}

static void a_refusal_has_comfyuis_shape(void **state)
{
	(void)state;
	struct blob *blob = check_refusal("QUEUE_LIMIT", "Too many \"jobs\"", "10 of 10");
	assert_non_null(blob);
	assert_json(blob,
		"{\"error\": {\"type\": \"QUEUE_LIMIT\", \"message\": \"Too many \\\"jobs\\\"\", "
		"\"details\": \"10 of 10\", \"extra_info\": {}}, \"node_errors\": {}}");
	blob_unref(blob);
}

static void some_refusals_are_worth_another_try(void **state)
{
	(void)state;
	static const char *const yes[] = {
		"{\"error\": {\"type\": \"missing_node_type\"}, \"node_errors\": {}}",
		"{\"error\": {\"type\": \"invalid_prompt\", \"message\": \"Cannot execute because "
		"node X does not exist.\"}, \"node_errors\": {}}",
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\"}, \"node_errors\": "
		"{\"1\": {\"errors\": [{\"type\": \"required_input_missing\"}]}, \"2\": "
		"{\"errors\": [{\"type\": \"value_not_in_list\"}]}}}",
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\"}, \"node_errors\": "
		"{\"1\": {\"errors\": [{\"type\": \"custom_validation_failed\"}]}}}",
	};
	static const char *const no[] = {
		"",
		"[]",
		"{\"error\": \"missing_node_type\"}",
		"{\"error\": {\"type\": \"invalid_prompt\", \"message\": \"Cannot execute because "
		"a "
		"node is missing the class_type property.\"}, \"node_errors\": {}}",
		"{\"error\": {\"type\": \"prompt_no_outputs\"}, \"node_errors\": {}}",
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\"}, \"node_errors\": "
		"{\"1\": {\"errors\": [{\"type\": \"required_input_missing\"}]}}}",
		"{\"error\": {\"type\": \"prompt_outputs_failed_validation\"}, \"node_errors\": "
		"[]}",
	};
	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(check_is_worth_another(slice_of(yes[i])));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(check_is_worth_another(slice_of(no[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_graph_passes),
		TEST(what_is_no_graph_is_refused),
		TEST(missing_classes_are_told),
		TEST(a_missing_input_is_told),
		TEST(an_error_far_below_is_told_once),
		TEST(good_outputs_run_beside_bad_ones),
		TEST(every_bad_output_below_is_told),
		TEST(only_targets_are_outputs),
		TEST(cycles_do_not_loop),
		TEST(a_long_chain_does_not_fill_the_stack),
		TEST(answers_are_bounded),
		TEST(without_definitions_everything_passes),
		TEST(a_refusal_has_comfyuis_shape),
		TEST(some_refusals_are_worth_another_try),
	};
	return cmocka_run_group_tests_name("comfy/check", tests, NULL, NULL);
}
