/*
 * test/fuzz/fuzz_check.c - a graph that has to wait, checked against definitions.
 *
 * The first line of the input is a GET /object_info, the rest a POST /prompt's body. The answer is
 * JSON of ComfyUI's shape; outputs are nodes of the graph; what Python would print of the input is
 * never longer than asked for.
 */
#include "comfy/check.h"
#include "comfy/defs_parts.h"
#include "comfy/python.h"
#include "test/fuzz/fuzz.h"

#include <jansson.h>

static void give(struct defs *defs, struct defs_worker *worker, struct slice text)
{
	struct blob *body = blob_copy(text.p, text.n);
	ensure(body != NULL);
	if (defs_worker_set(worker, body) == 0)
		while (reading_step(defs))
			continue;
	blob_unref(body);
}

static json_t *load(const struct blob *blob)
{
	struct json_value value;
	ensure(json_read(blob_slice(blob), &value));
	return json_loadb(blob->p, blob->n, JSON_DECODE_ANY, NULL);
}

static void check_refusal_shape(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	ensure(json_is_string(json_object_get(error, "type")));
	ensure(json_is_string(json_object_get(error, "message")));
	ensure(json_is_string(json_object_get(error, "details")));
	ensure(json_is_object(json_object_get(error, "extra_info")));
	ensure(json_is_object(json_object_get(answer, "node_errors")));
}

static void check_answer(const struct check_result *result, const struct prompt_body *body)
{
	json_t *answer = load(result->answer);
	ensure(result->is_ok == (result->outputs != NULL));
	ensure(!result->is_ok || !check_is_worth_another(blob_slice(result->answer)));
	if (result->is_ok) {
		json_t *outputs = load(result->outputs);
		size_t i;
		json_t *id;
		ensure(answer == NULL || json_is_object(answer));
		json_array_foreach(outputs, i, id)
		{
			struct slice text = {json_string_value(id), json_string_length(id)};
			ensure(graph_find(body, text) != NULL);
		}
		json_decref(outputs);
	} else if (answer != NULL) {
		check_refusal_shape(answer);
	}
	json_decref(answer);
}

static void check_python(struct slice text)
{
	struct json_value value;
	struct python_number number;
	if (!json_read(text, &value))
		return;
	for (size_t most = 0; most < 200; most = most * 3 + 1) {
		struct text out;
		text_init(&out, 0);
		python_str(&out, value, most);
		ensure(out.n <= most);
		python_repr(&out, value, most);
		ensure(out.n <= 2 * most);
		ensure(!python_int(value, &number, &out) ||
			strlen(python_number_text(&number)) < sizeof(number.text));
		ensure(!python_float(value, &number, &out) ||
			strlen(python_number_text(&number)) < sizeof(number.text));
		text_finish(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = {(const char *)data, size};
	const char *line = size == 0 ? NULL : memchr(data, '\n', size);
	if (line == NULL)
		return 0;
	struct slice info = {input.p, (size_t)(line - input.p)};
	struct slice text = {line + 1, size - info.n - 1};
	struct defs *defs = defs_create();
	struct defs_worker *worker = defs == NULL ? NULL : defs_worker_create(defs);
	ensure(worker != NULL);
	give(defs, worker, info);
	struct prompt_body body;
	struct check_result result;
	struct arena arena;
	arena_init(&arena, 4096);
	if (prompt_body_read(&body, text, &arena) == 0) {
		ensure(check_graph(defs, &body, &result) == 0);
		check_answer(&result, &body);
		blob_unref(result.answer);
		blob_unref(result.outputs);
	}
	check_python(text);
	arena_finish(&arena);
	defs_worker_destroy(worker);
	defs_destroy(defs);
	return 0;
}
