/* test/unit/test_comfy_graph.c - the reader and the facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "comfy/graph.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

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

static struct prompt_body read_body(const char *text)
{
	struct prompt_body body;
	assert_int_equal(prompt_body_read(&body, slice_of(text), &arena), 0);
	return body;
}

/* The graph alone, in a body. */
static struct prompt_body read_graph(const char *graph)
{
	struct prompt_body body;
	struct text text;
	text_init(&text, 100);
	text_puts(&text, "{\"prompt\": ");
	text_puts(&text, graph);
	text_puts(&text, "}");
	char *copy = arena_copy(&arena, text.p, text.n);
	text_finish(&text);
	assert_non_null(copy);
	assert_int_equal(prompt_body_read(&body, slice_of(copy), &arena), 0);
	return body;
}

static void assert_slice(struct slice got, const char *want)
{
	if (want == NULL)
		assert_null(got.p);
	else if (!slice_is(got, slice_of(want)))
		fail_msg("%.*s instead of %s", (int)got.n, got.p, want);
}

static void a_body_is_read(void **state)
{
	(void)state;
	struct prompt_body body = read_body(
		" {\"client_id\": \"c\\u0031\", \"prompt\": {\"3\": {\"inputs\": {\"steps\": 20, "
		"\"text\": \"a \\\"b\\\"\", \"model\": [\"4\", 1]}, \"class_type\": "
		"\"KSampler\", \"_meta\": {\"title\": \"K\"}}, \"4\": {\"class_type\": "
		"\"Load\"}}, \"extra_data\": {\"a\": 1}, \"number\": 2.5, \"front\": true, "
		"\"prompt_id\": \"p\", \"partial_execution_targets\": [\"3\"]} ");
	assert_true(body.has_prompt && body.front && body.has_prompt_id);
	assert_slice(body.client_id, "c1");
	assert_slice(body.prompt_id, "p");
	assert_slice(body.extra_data.raw, "{\"a\": 1}");
	assert_slice(body.targets.raw, "[\"3\"]");
	assert_slice(body.number.raw, "2.5");
	assert_int_equal(body.root.raw.p[0], '{');
	assert_int_equal(body.root.raw.p[body.root.raw.n - 1], '}');
	assert_int_equal(body.prompt.raw.p[body.prompt.raw.n - 1], '}');
	assert_int_equal(body.member_count, 7);
	assert_int_equal(body.node_count, 2);
	const struct graph_node *node = graph_find(&body, SLICE("3"));
	assert_non_null(node);
	assert_slice(node->class_type, "KSampler");
	assert_slice(node->title, "K");
	assert_true(node->is_object && node->has_inputs);
	assert_int_equal(node->input_count, 3);
	const struct graph_input *input = graph_input(node, "text");
	assert_non_null(input);
	assert_slice(input->text, "a \"b\"");
	assert_slice(input->value.raw, "\"a \\\"b\\\"\"");
	input = graph_input(node, "model");
	assert_non_null(input);
	assert_true(input->is_link);
	assert_slice(input->from, "4");
	assert_int_equal(input->from_output, 1);
	assert_null(input->text.p);
	assert_null(graph_input(node, "mode"));
	assert_null(graph_find(&body, SLICE("5")));
	assert_false(graph_find(&body, SLICE("4"))->has_inputs);
}

static void what_is_not_there_is_told(void **state)
{
	(void)state;
	struct prompt_body body = read_body("{}");
	assert_false(body.has_prompt || body.has_prompt_id || body.front);
	assert_int_equal(body.extra_data.kind, JSON_KIND_NULL);
	assert_int_equal(body.number.kind, JSON_KIND_NULL);
	assert_null(body.client_id.p);
	body = read_body(
		"{\"client_id\": null, \"prompt_id\": null, \"front\": 0, \"prompt\": []}");
	assert_true(body.has_prompt);
	assert_int_equal(body.prompt.kind, JSON_KIND_ARRAY);
	assert_int_equal(body.node_count, 0);
	assert_false(body.has_prompt_id || body.front);
	assert_null(body.client_id.p);
	body = read_body("{\"client_id\": \"\", \"prompt_id\": 7, \"front\": \"no\"}");
	assert_non_null(body.client_id.p);
	assert_int_equal(body.client_id.n, 0);
	assert_true(body.has_prompt_id && body.front);
	assert_null(body.prompt_id.p);
}

static void front_is_what_python_takes_for_true(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool is_true;
	} cases[] = {{"true", true}, {"false", false}, {"null", false}, {"0", false},
		{"0.0", false}, {"-0", false}, {"1", true}, {"NaN", true}, {"\"\"", false},
		{"\"a\"", true}, {"[]", false}, {"[ ]", false}, {"[0]", true}, {"{ }", false},
		{"{\"a\":0}", true}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "{\"front\": %s}", cases[i].value);
		assert_int_equal(read_body(text).front, cases[i].is_true);
	}
}

static void what_is_no_body_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "[]", "1", "{\"prompt\": {\"3\": {}}", "{} x",
		"{\"prompt\": {\"3\": {\"inputs\": {\"a\" 1}}}}", "{\"prompt\": {\"3\": {]}}",
		"{\"prompt\": {\"3\": {\"inputs\": {\"a\": [\"1\" 2]}}}}",
		"{\"prompt\": {\"\\x\": 1}}"};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct prompt_body body;
		assert_int_equal(prompt_body_read(&body, slice_of(cases[i]), &arena), -EINVAL);
	}
}

static void of_several_the_last_counts(void **state)
{
	(void)state;
	struct prompt_body body = read_body(
		"{\"prompt\": {\"1\": {\"class_type\": \"A\"}, \"9\": {}}, \"client_id\": \"a\", "
		"\"prompt\": {\"1\": {\"class_type\": \"B\", \"inputs\": {\"x\": 1, \"y\": 2, "
		"\"\\u0078\": 3}}, \"2\": {\"class_type\": \"C\", \"class_type\": \"D\", "
		"\"inputs\": "
		"{\"z\": 1}, \"inputs\": 5}, \"\\u0031\": {\"class_type\": \"E\", \"inputs\": "
		"{\"x\": 1, \"y\": 2, \"\\u0078\": 3}}}, \"client_id\": 4}");
	assert_int_equal(body.node_count, 2);
	assert_int_equal(body.member_count, 2);
	assert_null(body.client_id.p);
	assert_null(graph_find(&body, SLICE("9")));
	assert_slice(body.nodes[0].id, "1");
	assert_slice(body.nodes[0].class_type, "E");
	assert_int_equal(body.nodes[0].input_count, 2);
	assert_slice(body.nodes[0].inputs[0].name, "x");
	assert_slice(body.nodes[0].inputs[0].value.raw, "3");
	assert_slice(body.nodes[1].class_type, "D");
	assert_false(body.nodes[1].has_inputs);
	assert_int_equal(body.nodes[1].input_count, 0);
}

static void odd_nodes_are_told(void **state)
{
	(void)state;
	struct prompt_body body = read_graph("{\"1\": 5, \"2\": {\"class_type\": 7, \"inputs\": "
					     "[], \"_meta\": 3}, \"3\": [{}]}");
	assert_int_equal(body.node_count, 3);
	assert_false(body.nodes[0].is_object);
	assert_true(body.nodes[1].is_object);
	assert_null(body.nodes[1].class_type.p);
	assert_null(body.nodes[1].title.p);
	assert_false(body.nodes[1].has_inputs);
	assert_false(body.nodes[2].is_object);
}

static void links_are_told_from_lists(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool is_link;
	} cases[] = {{"[\"4\", 0]", true}, {"[ \"a:b\",12 ]", true}, {"[\"4\", -1]", true},
		{"[]", false}, {"[\"4\"]", false}, {"[4, 0]", false}, {"[\"4\", \"0\"]", false},
		{"[\"4\", 0.5]", false}, {"[\"4\", 0, 0]", false}, {"{\"__value__\": []}", false}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[100];
		(void)snprintf(
			text, sizeof(text), "{\"1\": {\"inputs\": {\"x\": %s}}}", cases[i].value);
		struct prompt_body body = read_graph(text);
		assert_int_equal(body.nodes[0].inputs[0].is_link, cases[i].is_link);
	}
}

/* `nodes` nodes of `inputs` inputs; each tenth name comes twice in a node. */
static struct text big_body(unsigned nodes, unsigned inputs)
{
	struct text text;
	text_init(&text, 1024);
	text_puts(&text, "{\"prompt\": {");
	for (unsigned i = 0; i < nodes; i++) {
		text_item(&text);
		text_puts(&text, "\"");
		text_u64(&text, i);
		text_puts(&text, "\": {\"class_type\": \"C\", \"inputs\": {");
		for (unsigned j = 0; j < inputs; j++) {
			text_puts(&text, j == 0 ? "\"" : ",\"");
			text_u64(&text, j % 10 == 9 ? j - 1 : j);
			text_puts(&text, "\":");
			text_u64(&text, j);
		}
		text_puts(&text, "}}");
	}
	text_puts(&text, "}}");
	assert_false(text.is_short);
	return text;
}

static int read_big(unsigned nodes, unsigned inputs, struct prompt_body *ret_body)
{
	struct text text = big_body(nodes, inputs);
	char *copy = arena_copy(&arena, text.p, text.n);
	assert_non_null(copy);
	int rc = prompt_body_read(ret_body, (struct slice){copy, text.n}, &arena);
	text_finish(&text);
	return rc;
}

static void all_of_many_nodes_are_found(void **state)
{
	(void)state;
	struct prompt_body body;
	assert_int_equal(read_big(3000, 2, &body), 0);
	assert_int_equal(body.node_count, 3000);
	for (unsigned i = 0; i < 3000; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%u", i);
		assert_ptr_equal(graph_find(&body, slice_of(id)), &body.nodes[i]);
	}
	assert_null(graph_find(&body, SLICE("3000")));
	body.slots = NULL;
	assert_ptr_equal(graph_find(&body, SLICE("2999")), &body.nodes[2999]);
}

static void of_many_inputs_the_last_counts(void **state)
{
	(void)state;
	struct prompt_body body;
	for (unsigned count = 10; count <= 1000; count *= 10) {
		assert_int_equal(read_big(2, count, &body), 0);
		assert_int_equal(body.nodes[1].input_count, count - count / 10);
		assert_slice(body.nodes[1].inputs[8].name, "8");
		assert_slice(body.nodes[1].inputs[8].value.raw, "9");
		assert_slice(body.nodes[1].inputs[7].value.raw, "7");
		if (count > 10)
			assert_slice(body.nodes[1].inputs[9].value.raw, "10");
	}
}

static void too_much_is_refused(void **state)
{
	(void)state;
	struct prompt_body body;
	assert_int_equal(read_big(GRAPH_NODES_MOST, 0, &body), 0);
	assert_int_equal(read_big(GRAPH_NODES_MOST + 1, 0, &body), -E2BIG);
	assert_int_equal(read_big(1, GRAPH_INPUTS_MOST + 1, &body), -E2BIG);
	assert_int_equal(read_big(3, GRAPH_INPUTS_MOST / 2, &body), -E2BIG);
}

static void a_long_text_is_not_copied(void **state)
{
	(void)state;
	size_t n = 8 << 20;
	struct text text;
	struct prompt_body body;
	text_init(&text, n + 100);
	text_puts(&text, "{\"prompt\": {\"1\": {\"inputs\": {\"image\": \"");
	for (size_t i = 0; i < n; i++)
		text_put(&text, "A", 1);
	text_puts(&text, "\"}}}}");
	assert_int_equal(prompt_body_read(&body, (struct slice){text.p, text.n}, &arena), 0);
	struct slice got = body.nodes[0].inputs[0].text;
	assert_int_equal(got.n, n);
	assert_true(got.p > text.p && got.p < text.p + text.n);
	text_finish(&text);
}

/* -- facts -- */

static struct graph_facts facts_of(const char *graph)
{
	struct prompt_body body = read_graph(graph);
	struct graph_facts facts;
	graph_facts(&body, &facts);
	return facts;
}

static void models_are_told_by_their_names(void **state)
{
	(void)state;
	static const char *const yes[] = {
		"a.safetensors", "x/y.CKPT", "a.pt", "a.pth", "a.bin", "a.GGUF", "a.sft", "a.onnx"};
	static const char *const no[] = {
		"", ".pt", "a.png", "a.safetensors ", "safetensors", "apt"};
	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(graph_is_model_name(slice_of(yes[i])));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(graph_is_model_name(slice_of(no[i])));
}

static void models_are_a_set(void **state)
{
	(void)state;
	uint64_t both = facts_of("{\"1\": {\"inputs\": {\"a\": \"x.safetensors\"}}, "
				 "\"2\": {\"inputs\": {\"b\": \"y.pt\", \"c\": \"hello\"}}}")
				.models;
	assert_true(both != 0);
	assert_true(facts_of("{\"9\": {\"inputs\": {\"b\": \"y.pt\", \"lora_1\": {\"on\": true, "
			     "\"lora\": \"x.safetensors\"}}}, \"3\": {\"inputs\": {\"k\": "
			     "\"y.pt\"}}}")
			    .models == both);
	uint64_t one = facts_of("{\"1\": {\"inputs\": {\"a\": \"x.safetensors\"}}}").models;
	assert_true(one != both && one != 0);
	assert_true(facts_of("{\"1\": {\"inputs\": {\"a\": \"hello\"}}}").models == 0);
}

static void seeds_do_not_count(void **state)
{
	(void)state;
	static const char graph[] =
		"{\"1\": {\"class_type\": \"K\", \"inputs\": {\"seed\": %d, \"noise_seed\": %d, "
		"\"steps\": %d}}}";
	char text[200];
	uint64_t signature[3];
	for (int i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), graph, i, 10 * i, i == 2 ? 21 : 20);
		signature[i] = facts_of(text).signature;
	}
	assert_true(signature[0] == signature[1]);
	assert_true(signature[0] != signature[2]);
}

static void both_ends_of_a_long_value_count(void **state)
{
	(void)state;
	uint64_t signature[4];
	for (int i = 0; i < 4; i++) {
		struct prompt_body body;
		struct graph_facts facts;
		char value[20001];
		memset(value, 'A', sizeof(value) - 1);
		value[sizeof(value) - 1 - (i == 3)] = '\0';
		if (i == 1)
			value[0] = 'B';
		if (i == 2)
			value[sizeof(value) - 2] = 'B';
		struct text text;
		text_init(&text, 100);
		text_puts(&text, "{\"prompt\": {\"1\": {\"inputs\": {\"image\": \"");
		text_puts(&text, value);
		text_puts(&text, "\"}}}}");
		assert_int_equal(
			prompt_body_read(&body, (struct slice){text.p, text.n}, &arena), 0);
		graph_facts(&body, &facts);
		signature[i] = facts.signature;
		text_finish(&text);
		for (int j = 0; j < i; j++)
			assert_true(signature[j] != signature[i]);
	}
}

static void size_grows_in_half_steps(void **state)
{
	(void)state;
	static const char graph[] =
		"{\"5\": {\"inputs\": {\"width\": %d, \"height\": %d, \"batch_size\": %d, "
		"\"length\": %d}}, \"3\": {\"inputs\": {\"steps\": %d}}, \"7\": {\"inputs\": "
		"{\"width\": 64, \"height\": 64}}}";
	static const struct {
		int width, height, batch, length, steps;
		uint32_t size_class;
	} cases[] = {
		{512, 512, 1, 1, 20, 10},
		{1024, 1024, 1, 1, 20, 14},
		{1024, 1024, 4, 1, 20, 18},
		{1024, 1024, 1, 1, 28, 15},
		{832, 480, 1, 81, 30, 25},
		{64, 64, 1, 1, 1, 0},
		{16384, 16384, 64, 1000, 100, 31},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[300];
		(void)snprintf(text, sizeof(text), graph, cases[i].width, cases[i].height,
			cases[i].batch, cases[i].length, cases[i].steps);
		assert_int_equal(facts_of(text).size_class, cases[i].size_class);
	}
}

static void size_is_looked_for_behind_a_link(void **state)
{
	(void)state;
	assert_int_equal(
		facts_of("{\"1\": {\"inputs\": {\"value\": 512}}, \"5\": {\"inputs\": "
			 "{\"width\": [\"1\", 0], \"height\": [\"1\", 0], \"steps\": 20}}}")
			.size_class,
		10);
	assert_int_equal(
		facts_of("{\"5\": {\"inputs\": {\"width\": [\"5\", 0], \"height\": [\"6\", "
			 "0], \"steps\": 20}}}")
			.size_class,
		14);
	/* Nothing known. */
	assert_int_equal(facts_of("{}").size_class, 6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_body_is_read),
		TEST(what_is_not_there_is_told),
		TEST(front_is_what_python_takes_for_true),
		TEST(what_is_no_body_is_refused),
		TEST(of_several_the_last_counts),
		TEST(odd_nodes_are_told),
		TEST(links_are_told_from_lists),
		TEST(all_of_many_nodes_are_found),
		TEST(of_many_inputs_the_last_counts),
		TEST(too_much_is_refused),
		TEST(a_long_text_is_not_copied),
		TEST(models_are_told_by_their_names),
		TEST(models_are_a_set),
		TEST(seeds_do_not_count),
		TEST(both_ends_of_a_long_value_count),
		TEST(size_grows_in_half_steps),
		TEST(size_is_looked_for_behind_a_link),
	};
	return cmocka_run_group_tests_name("comfy/graph", tests, NULL, NULL);
}
