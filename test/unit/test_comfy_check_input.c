/* test/unit/test_comfy_check_input.c - one input against its definition. */
#include "test/unit/check_help.h"

#define BAD_LINK(value)                                                                            \
	"{\"type\": \"bad_linked_input\", \"message\": \"Bad linked input, must be a length-2 "    \
	"list of [node_id, slot_index]\", \"details\": \"images\", \"extra_info\": "               \
	"{\"input_name\": \"images\", \"input_config\": [\"IMAGE\", {}], "                         \
	"\"received_value\": " value "}}"

static void bad_links_are_told(void **state)
{
	(void)state;
	static const char *const links[] = {"[]", "[\"1\"]", "[\"1\", 0, 0]", "[1, 0]",
		"[\"1\", \"0\"]", "[\"5\", 0]", "[\"1\", 0.5]"};
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		char graph[400];
		char error[600];
		(void)snprintf(graph, sizeof(graph),
			"{\"1\": {\"class_type\": \"LoadImage\", \"inputs\": {\"image\": \"x\"}}, "
			"\"2\": {\"class_type\": \"Save\", \"inputs\": {\"images\": %s}}}",
			links[i]);
		(void)snprintf(error, sizeof(error), BAD_LINK("%s"), links[i]);
		assert_error(graph, "2", "Save", "2", error);
	}
}

static void types_of_links_must_fit(void **state)
{
	(void)state;
	assert_error("{\"1\": {\"class_type\": \"LoadImage\", \"inputs\": {\"image\": \"x\"}}, "
		     "\"2\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"1\", 1]}}}",
		"2", "Save", "2",
		"{\"type\": \"return_type_mismatch\", \"message\": \"Return type mismatch between "
		"linked nodes\", \"details\": \"images, received_type(MASK) mismatch "
		"input_type(IMAGE)\", \"extra_info\": {\"input_name\": \"images\", "
		"\"input_config\": [\"IMAGE\", {}], \"received_type\": \"MASK\", \"linked_node\": "
		"[\"1\", 1]}}");
	assert_error("{\"1\": {\"class_type\": \"LoadImage\", \"inputs\": {\"image\": \"x\"}}, "
		     "\"2\": {\"class_type\": \"Pick\", \"inputs\": {\"which\": [\"1\", 2]}}}",
		"2", "Pick", "2",
		"{\"type\": \"return_type_mismatch\", \"message\": \"Return type mismatch between "
		"linked nodes\", \"details\": \"which, received_type(None) mismatch "
		"input_type(['p', 'r'])\", \"extra_info\": {\"input_name\": \"which\", "
		"\"input_config\": [[\"p\", \"r\"], {}], \"received_type\": null, \"linked_node\": "
		"[\"1\", 2]}}");
}

static void some_types_fit_many(void **state)
{
	(void)state;
#define ANY(index, consumer, input)                                                                \
	"{\"1\": {\"class_type\": \"Any\", \"inputs\": {\"value\": [\"5\", 0]}}, \"5\": "          \
	"{\"class_type\": \"LoadImage\", \"inputs\": {\"image\": \"x\"}}, \"2\": "                 \
	"{\"class_type\": "                                                                        \
	"\"" consumer "\", \"inputs\": {\"" input "\": [\"1\", " index "]}}}"
	assert_fit(ANY("0", "Save", "images"), "[\"2\"]");
	assert_fit(ANY("2", "Save", "images"), "[\"2\"]");
	assert_fit(ANY("-1", "Save", "images"), "[\"2\"]");
	assert_fit(ANY("1", "Pick", "which"), "[\"2\"]");
	struct check_result result = check(ANY("1", "Save", "images"));
	assert_false(result.is_ok);
	drop(&result);
}

#define RANGE(type, message, input, config, value)                                                 \
	"{\"type\": \"" type "\", \"message\": \"" message "\", \"details\": \"" input             \
	"\", \"extra_info\": {\"input_name\": \"" input "\", \"input_config\": " config            \
	", \"received_value\": " value "}}"

static void values_out_of_range_are_told(void **state)
{
	(void)state;
	assert_error(PICTURE("\"seed\": 1, \"steps\": \"0\", \"cfg\": 8"), "3", "Sampler", "9",
		RANGE("value_smaller_than_min", "Value 0 smaller than min of 1", "steps",
			"[\"INT\", {\"min\": 1, \"max\": 10000}]", "0"));
	assert_error(PICTURE("\"seed\": 1, \"steps\": 20, \"cfg\": 100.5"), "3", "Sampler", "9",
		RANGE("value_bigger_than_max", "Value 100.5 bigger than max of 100.0", "cfg",
			"[\"FLOAT\", {\"min\": 0.0, \"max\": 100.0}]", "100.5"));
	assert_error(PICTURE("\"seed\": 1, \"steps\": 20, \"cfg\": \"inf\""), "3", "Sampler", "9",
		RANGE("value_bigger_than_max", "Value inf bigger than max of 100.0", "cfg",
			"[\"FLOAT\", {\"min\": 0.0, \"max\": 100.0}]", "null"));
	assert_error(COPY("\"level\": 6"), "2", "Save", "2",
		RANGE("value_bigger_than_max", "Value 6 bigger than max of 5", "level",
			"[\"INT,FLOAT\", {\"max\": 5}]", "6"));
}

static void what_cannot_be_converted_is_told(void **state)
{
	(void)state;
	assert_error(PICTURE("\"seed\": 1, \"steps\": \"many\", \"cfg\": 8"), "3", "Sampler", "9",
		"{\"type\": \"invalid_input_type\", \"message\": \"Failed to convert an input "
		"value "
		"to a INT value\", \"details\": \"steps, many, invalid literal for int() with base "
		"10: 'many'\", \"extra_info\": {\"input_name\": \"steps\", \"input_config\": "
		"[\"INT\", {\"min\": 1, \"max\": 10000}], \"received_value\": \"many\", "
		"\"exception_message\": \"invalid literal for int() with base 10: 'many'\"}}");
	assert_error(PICTURE("\"seed\": 1, \"steps\": 1, \"cfg\": {\"__value__\": null}"), "3",
		"Sampler", "9",
		"{\"type\": \"invalid_input_type\", \"message\": \"Failed to convert an input "
		"value "
		"to a FLOAT value\", \"details\": \"cfg, None, float() argument must be a string "
		"or "
		"a real number, not 'NoneType'\", \"extra_info\": {\"input_name\": \"cfg\", "
		"\"input_config\": [\"FLOAT\", {\"min\": 0.0, \"max\": 100.0}], "
		"\"received_value\": "
		"null, \"exception_message\": \"float() argument must be a string or a real "
		"number, "
		"not 'NoneType'\"}}");
}

static void values_must_be_in_their_list(void **state)
{
	(void)state;
	assert_error("{\"4\": {\"class_type\": \"Loader\", \"inputs\": {\"ckpt\": "
		     "\"it's.safetensors\"}}, " SAMPLER(SETTINGS) ", " DECODE ", " SAVE "}",
		"4", "Loader", "9",
		"{\"type\": \"value_not_in_list\", \"message\": \"Value not in list\", "
		"\"details\": "
		"\"ckpt: 'it's.safetensors' not in ['a.safetensors', 'b.safetensors']\", "
		"\"extra_info\": {\"input_name\": \"ckpt\", \"input_config\": [[\"a.safetensors\", "
		"\"b.safetensors\"], {\"tooltip\": \"t\"}], \"received_value\": "
		"\"it's.safetensors\"}}");
	assert_error(PICTURE(SETTINGS ", \"name\": \"heun\""), "3", "Sampler", "9",
		"{\"type\": \"value_not_in_list\", \"message\": \"Value not in list\", "
		"\"details\": "
		"\"name: 'heun' not in ['euler', 'dpm', 3]\", \"extra_info\": {\"input_name\": "
		"\"name\", \"input_config\": [\"COMBO\", {\"options\": [\"euler\", \"dpm\", 3]}], "
		"\"received_value\": \"heun\"}}");
	assert_error(COPY("\"many\": 22"), "2", "Save", "2",
		"{\"type\": \"value_not_in_list\", \"message\": \"Value not in list\", "
		"\"details\": "
		"\"many: '22' not in (list of length 21)\", \"extra_info\": {\"input_name\": "
		"\"many\", \"input_config\": null, \"received_value\": 22}}");
}

static void a_value_that_one_worker_has_is_fit(void **state)
{
	(void)state;
	struct defs_worker *other = defs_worker_create(defs);
	assert_non_null(other);
	have(other, "{" COMBO("Loader", "ckpt", "\"c.safetensors\"", "") "}");
	assert_fit("{\"4\": {\"class_type\": \"Loader\", \"inputs\": {\"ckpt\": "
		   "\"c.safetensors\"}}, " SAMPLER(SETTINGS) ", " DECODE ", " SAVE "}",
		"[\"9\"]");
	defs_worker_destroy(other);
}

static void a_long_value_is_not_told(void **state)
{
	(void)state;
	char inputs[20000] = SETTINGS ", \"name\": \"";
	size_t n = strlen(inputs);
	memset(inputs + n, 'x', 15000);
	memcpy(inputs + n + 15000, "\"", 2);
	char graph[21000];
	(void)snprintf(graph, sizeof(graph),
		"{" LOADER ", \"3\": {\"class_type\": \"Sampler\", \"inputs\": {\"model\": [\"4\", "
		"0], %s}}, " DECODE ", " SAVE "}",
		inputs);
	struct check_result result = check(graph);
	assert_false(result.is_ok);
	assert_in_range(result.answer->n, 100, 2000);
	drop(&result);
}

static void inputs_that_only_the_worker_knows_are_left_to_it(void **state)
{
	(void)state;
	assert_fit("{\"1\": {\"class_type\": \"Grow\", \"inputs\": {\"images.image0\": [\"2\", "
		   "1]}}, \"2\": {\"class_type\": \"LoadImage\", \"inputs\": {\"image\": \"x\"}}}",
		"[\"1\"]");
	struct check_result result = check(
		"{\"1\": {\"class_type\": \"Grow\", \"inputs\": {\"images.image0\": [\"2\", "
		"1]}}, \"2\": {\"class_type\": \"LoadImage\"}}");
	assert_false(result.is_ok);
	drop(&result);
	assert_fit("{\"1\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"2\", 0]}}, "
		   "\"2\": {\"class_type\": \"Grow\", \"inputs\": {}}}",
		"[\"1\", \"2\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_links_are_told),
		TEST(types_of_links_must_fit),
		TEST(some_types_fit_many),
		TEST(values_out_of_range_are_told),
		TEST(what_cannot_be_converted_is_told),
		TEST(values_must_be_in_their_list),
		TEST(a_value_that_one_worker_has_is_fit),
		TEST(a_long_value_is_not_told),
		TEST(inputs_that_only_the_worker_knows_are_left_to_it),
	};
	return cmocka_run_group_tests_name("comfy/check_input", tests, NULL, NULL);
}
