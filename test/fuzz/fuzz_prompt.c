/*
 * test/fuzz/fuzz_prompt.c - the body of a POST /prompt, read by us and by jansson.
 *
 * Nodes, inputs and ids agree; bodies that are made of it are JSON, hold what they must, and no
 * secret.
 */
#include "base/blob.h"
#include "base/text.h"
#include "comfy/graph.h"
#include "test/fuzz/fuzz.h"

#include <errno.h>
#include <jansson.h>

#define ID "5f0a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b"

static const json_t *get(const json_t *object, struct slice name)
{
	return json_object_getn(object, name.p, name.n);
}

static void check_string(struct slice got, const json_t *wanted)
{
	ensure((got.p != NULL) == json_is_string(wanted));
	if (got.p != NULL)
		ensure(slice_is(got,
			(struct slice){json_string_value(wanted), json_string_length(wanted)}));
}

static void check_input(
	const struct graph_node *node, const struct graph_input *input, const json_t *wanted)
{
	ensure(wanted != NULL);
	check_string(input->text, wanted);
	ensure((input->value.kind == JSON_KIND_ARRAY) == json_is_array(wanted));
	if (input->is_link) {
		ensure(json_array_size(wanted) == 2);
		check_string(input->from, json_array_get(wanted, 0));
		ensure(json_integer_value(json_array_get(wanted, 1)) == input->from_output);
	}
	for (uint32_t i = 0; i < node->input_count; i++)
		ensure(&node->inputs[i] == input || !slice_is(node->inputs[i].name, input->name));
}

static void check_node(
	const struct prompt_body *body, const struct graph_node *node, const json_t *wanted)
{
	ensure(wanted != NULL && graph_find(body, node->id) == node);
	ensure(node->is_object == json_is_object(wanted));
	check_string(node->class_type, json_object_get(wanted, "class_type"));
	check_string(node->title, json_object_get(json_object_get(wanted, "_meta"), "title"));
	const json_t *inputs = json_object_get(wanted, "inputs");
	ensure(node->has_inputs == json_is_object(inputs));
	ensure(node->input_count == json_object_size(inputs));
	for (uint32_t i = 0; i < node->input_count; i++)
		check_input(node, &node->inputs[i], get(inputs, node->inputs[i].name));
}

static void check_body(const struct prompt_body *body, const json_t *wanted)
{
	const json_t *prompt = json_object_get(wanted, "prompt");
	ensure(body->has_prompt == (prompt != NULL));
	ensure(body->node_count == json_object_size(prompt));
	ensure(body->member_count == json_object_size(wanted));
	for (uint32_t i = 0; i < body->node_count; i++)
		check_node(body, &body->nodes[i], get(prompt, body->nodes[i].id));
	check_string(body->client_id, json_object_get(wanted, "client_id"));
	check_string(body->prompt_id, json_object_get(wanted, "prompt_id"));
}

/* Takes the blob. */
static json_t *load(struct blob *blob)
{
	ensure(blob != NULL);
	struct json_value value;
	ensure(json_read(blob_slice(blob), &value));
	json_t *json = json_loadb(blob->p, blob->n, 0, NULL);
	blob_unref(blob);
	return json;
}

static void check_again(const struct prompt_body *body, const struct prompt_body *again,
	struct slice graph, struct slice targets)
{
	ensure(again->node_count == body->node_count && !again->front);
	ensure(slice_is(again->client_id, SLICE("sid")) && slice_is(again->prompt_id, SLICE(ID)));
	ensure(slice_is(again->number.raw, SLICE("1.5")));
	ensure(slice_is(again->extra_data.raw, body->extra_data.raw));
	ensure(!body->has_prompt || slice_is(graph, again->prompt.raw));
	ensure(targets.p == NULL || slice_is(targets, again->targets.raw));
}

static void check_made(const struct prompt_body *body, const json_t *wanted)
{
	bool had_secrets;
	struct prompt_body again;
	struct arena arena;
	struct slice graph, targets;
	struct text text;
	arena_init(&arena, 4096);
	struct blob *behind = prompt_body_for_worker(body, &graph, &targets);
	ensure(behind != NULL);
	text_init(&text, behind->n + 100);
	text_puts(&text, "{\"client_id\": \"sid\", \"prompt_id\": \"" ID "\", \"number\": 1.5");
	text_put(&text, behind->p, behind->n);
	struct blob *for_worker = blob_of_text(&text);
	int rc = for_worker == NULL ? -1 : prompt_body_read(&again, blob_slice(for_worker), &arena);
	/* Ours may be one member too many. */
	ensure(rc == 0 || (rc == -E2BIG && body->member_count + 3 > GRAPH_MEMBERS_MOST));
	if (rc == 0)
		check_again(body, &again, graph, targets);
	blob_unref(behind);
	struct blob *extra = prompt_extra_data(body, SLICE("c"), 17, &had_secrets);
	ensure(extra != NULL);
	json_t *journal = load(prompt_body_for_journal(body, blob_slice(extra)));
	json_t *shown = load(extra);
	ensure(json_object_get(shown, "auth_token_comfy_org") == NULL);
	ensure(json_object_get(shown, "api_key_comfy_org") == NULL);
	if (wanted != NULL) {
		ensure(json_object_get(shown, "create_time") != NULL);
		ensure(json_equal(json_object_get(journal, "extra_data"), shown));
		const json_t *prompt = json_object_get(wanted, "prompt");
		ensure(prompt == NULL || json_equal(json_object_get(journal, "prompt"), prompt));
	}
	json_decref(journal);
	json_decref(shown);
	blob_unref(for_worker);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct prompt_body body;
	struct graph_facts facts;
	struct arena arena;
	struct json_value value;
	arena_init(&arena, 4096);
	int rc = prompt_body_read(&body, text, &arena);
	bool is_object = json_read(text, &value) && value.kind == JSON_KIND_OBJECT;
	ensure((rc == 0 || rc == -E2BIG) == is_object);
	if (rc == 0) {
		json_t *wanted = json_loadb(text.p, text.n, 0, NULL);
		if (wanted != NULL)
			check_body(&body, wanted);
		graph_facts(&body, &facts);
		ensure(facts.size_class < 32);
		check_made(&body, wanted);
		json_decref(wanted);
	}
	arena_finish(&arena);
	return 0;
}
