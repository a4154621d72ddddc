#include "comfy/check_parts.h"

#include <errno.h>
#include <stdlib.h>

static const struct slice no_extra = {"{}", 2};

/* -- refusals -- */

static void put_refusal(struct text *text, const char *type, struct slice message,
	struct slice details, struct slice extra)
{
	text_puts(text, "{\"error\": ");
	check_put_error(text, type, message, details, extra);
	text_puts(text, ", \"node_errors\": {");
}

static struct blob *refusal(
	const char *type, struct slice message, struct slice details, struct slice extra)
{
	struct text text;
	text_init(&text, 256 + message.n + details.n + extra.n);
	put_refusal(&text, type, message, details, extra);
	text_puts(&text, "}}");
	return blob_of_text(&text);
}

struct blob *check_refusal(const char *type, const char *message, const char *details)
{
	return refusal(type, slice_of(message), slice_of(details), no_extra);
}

static bool is_one_of(struct json_value value, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count && value.kind == JSON_KIND_STRING; i++)
		if (json_is_text(value.raw, slice_of(texts[i])))
			return true;
	return false;
}

/* Of one node: {"errors": [{"type": ...}, ...], ...} */
static bool has_local_error(struct json_value node)
{
	static const char *const types[] = {"value_not_in_list", "custom_validation_failed"};
	struct json_scan scan;
	struct json_value errors;
	struct json_value error;
	struct json_value type;
	if (!json_find(node, "errors", &errors))
		return false;
	json_walk(&scan, errors);
	while (json_item(&scan, &error))
		if (json_find(error, "type", &type) && is_one_of(type, types, COUNT_OF(types)))
			return true;
	return false;
}

bool check_is_worth_another(struct slice answer)
{
	static const char *const missing[] = {"missing_node_type"};
	static const char *const older[] = {"invalid_prompt"};
	struct json_value root;
	struct json_value error;
	struct json_value value;
	struct json_scan scan;
	struct slice name;
	if (!json_read(answer, &root) || !json_find(root, "error", &error))
		return false;
	if (json_find(error, "type", &value)) {
		if (is_one_of(value, missing, 1))
			return true;
		/* "Cannot execute because node X does not exist.", as versions up to 2025 say. */
		if (is_one_of(value, older, 1))
			return json_find(error, "message", &value) &&
			       memmem(value.raw.p, value.raw.n, "does not exist", 14) != NULL;
	}
	if (!json_find(root, "node_errors", &value))
		return false;
	json_walk(&scan, value);
	while (json_member(&scan, &name, &value))
		if (has_local_error(value))
			return true;
	return false;
}

/* -- classes -- */

static void put_slice(struct text *text, struct slice slice)
{
	text_put(text, slice.p, slice.n);
}

static void put_or_null(struct text *text, struct slice slice)
{
	if (slice.p == NULL)
		text_puts(text, "null");
	else
		json_put_text(text, slice);
}

/* A node whose class is missing, or is no worker's. */
static struct blob *refuse_class(const struct graph_node *node)
{
	struct text message;
	struct text details;
	struct text extra;
	struct slice title = node->title.p != NULL ? node->title : node->class_type;
	text_init(&message, 128);
	text_init(&details, 64);
	text_init(&extra, 128);
	text_puts(&message, "Node '");
	if (title.p == NULL) {
		text_puts(&message, "ID #");
		title = node->id;
	}
	put_slice(&message, title);
	text_puts(&message, node->class_type.p == NULL
				    ? "' has no class_type. The workflow may be corrupted or a "
				      "custom node is missing."
				    : "' not found. The custom node may not be installed.");
	text_puts(&details, "Node ID '#");
	put_slice(&details, node->id);
	text_puts(&details, "'");
	text_puts(&extra, "{\"node_id\": ");
	json_put_text(&extra, node->id);
	text_puts(&extra, ", \"class_type\": ");
	put_or_null(&extra, node->class_type);
	text_puts(&extra, ", \"node_title\": ");
	put_or_null(&extra, node->title.p != NULL ? node->title : node->class_type);
	text_puts(&extra, "}");
	struct blob *blob = NULL;
	if (!message.is_short && !details.is_short && !extra.is_short)
		blob = refusal("missing_node_type", (struct slice){message.p, message.n},
			(struct slice){details.p, details.n}, (struct slice){extra.p, extra.n});
	text_finish(&message);
	text_finish(&details);
	text_finish(&extra);
	return blob;
}

/* What every worker would refuse, whatever classes it has. True: *ret_answer is the refusal, or
 * NULL without memory. */
static bool is_no_graph(const struct prompt_body *body, struct blob **ret_answer)
{
	if (!body->has_prompt) {
		*ret_answer = check_refusal(
			"no_prompt", "No prompt provided", "No prompt provided");
		return true;
	}
	if (body->prompt.kind != JSON_KIND_OBJECT) {
		*ret_answer = check_refusal("invalid_prompt",
			"Cannot execute because the prompt is not an object.", "");
		return true;
	}
	for (uint32_t i = 0; i < body->node_count; i++) {
		if (body->nodes[i].class_type.p != NULL)
			continue;
		*ret_answer = refuse_class(&body->nodes[i]);
		return true;
	}
	return false;
}

static bool has_unknown_class(struct check *check, struct blob **ret_answer)
{
	for (uint32_t i = 0; i < check->body->node_count; i++) {
		const struct graph_node *node = &check->body->nodes[i];
		check->nodes[i].class_ = defs_find(check->defs, node->class_type);
		if (check->nodes[i].class_ == NULL) {
			*ret_answer = refuse_class(node);
			return true;
		}
	}
	return false;
}

/* -- outputs -- */

static bool is_target(const struct prompt_body *body, struct slice id)
{
	struct json_scan scan;
	struct json_value item;
	if (body->targets.kind != JSON_KIND_ARRAY)
		return true;
	json_walk(&scan, body->targets);
	while (json_item(&scan, &item))
		if (item.kind == JSON_KIND_STRING && json_is_text(item.raw, id))
			return true;
	return false;
}

struct bad_output {
	uint32_t node, output; /* the how manieth output it is */
};

struct bad_outputs {
	struct bad_output *items; /* room for every node */
	uint32_t count;
};

/* The bad outputs that were checked after the node, or with it; ComfyUI names those, too, that do
 * not hang on it. */
static void put_dependents(struct text *text, const struct check *check,
	const struct check_node *node, const struct bad_outputs *bad)
{
	bool is_first = true;
	for (uint32_t i = 0; i < bad->count && text->n < CHECK_ANSWER_BYTES * 2; i++) {
		if (bad->items[i].output < node->output)
			continue;
		text_puts(text, is_first ? "" : ", ");
		json_put_text(text, check->body->nodes[bad->items[i].node].id);
		is_first = false;
	}
}

/* The inside of the node_errors object. */
static void put_node_errors(
	struct text *text, const struct check *check, const struct bad_outputs *bad)
{
	bool is_first = true;
	for (uint32_t i = 0; i < check->closed_count && text->n < CHECK_ANSWER_BYTES * 2; i++) {
		uint32_t index = check->closed[i];
		const struct check_node *node = &check->nodes[index];
		if (node->errors.n == 0)
			continue;
		text_puts(text, is_first ? "" : ", ");
		json_put_text(text, check->body->nodes[index].id);
		text_puts(text, ": {\"errors\": [");
		put_slice(text, node->errors);
		text_puts(text, "], \"dependent_outputs\": [");
		put_dependents(text, check, node, bad);
		text_puts(text, "], \"class_type\": ");
		json_put_text(text, check->body->nodes[index].class_type);
		text_puts(text, "}");
		is_first = false;
	}
}

static struct blob *refuse_outputs(const struct check *check, const struct bad_outputs *bad)
{
	struct text told;
	struct text text;
	text_init(&told, 1024);
	for (uint32_t i = 0; i < bad->count; i++) {
		struct slice lines = check->nodes[bad->items[i].node].told;
		if (told.n != 0 && lines.n != 0)
			text_puts(&told, "\n");
		put_slice(&told, lines);
	}
	text_init(&text, 4096);
	put_refusal(&text, "prompt_outputs_failed_validation",
		SLICE("Prompt outputs failed validation"), (struct slice){told.p, told.n},
		no_extra);
	put_node_errors(&text, check, bad);
	text_puts(&text, "}}");
	text.is_short = text.is_short || told.is_short;
	text_finish(&told);
	return blob_of_text(&text);
}

static void check_outputs(struct check *check, struct bad_outputs *bad, struct check_result *result)
{
	const struct prompt_body *body = check->body;
	struct text good;
	text_init(&good, 64);
	text_puts(&good, "[");
	for (uint32_t i = 0; i < body->node_count && !check->is_short; i++) {
		if (!defs_class_is_output(check->nodes[i].class_) ||
			!is_target(body, body->nodes[i].id))
			continue;
		check->output++;
		if (!check_visit(check, i)) {
			bad->items[bad->count++] = (struct bad_output){i, check->output};
			continue;
		}
		text_puts(&good, good.n == 1 ? "" : ", ");
		json_put_text(&good, body->nodes[i].id);
	}
	check->is_short = check->is_short || good.is_short;
	result->is_ok = good.n > 1;
	if (check->is_short) {
		/* Nothing that was found is sure. */
	} else if (check->output == 0) {
		result->answer = check_refusal("prompt_no_outputs", "Prompt has no outputs", "");
	} else if (!result->is_ok) {
		result->answer = refuse_outputs(check, bad);
	} else {
		struct text errors;
		text_init(&errors, 64);
		text_puts(&errors, "{");
		put_node_errors(&errors, check, bad);
		text_puts(&errors, "}");
		text_puts(&good, "]");
		result->answer = blob_of_text(&errors);
		result->outputs = blob_of_text(&good);
	}
	text_finish(&good);
}

static int check_known(struct check *check, struct check_result *result)
{
	size_t count = check->body->node_count;
	struct bad_outputs bad = {
		.items = arena_take(&check->arena, count * sizeof(struct bad_output))};
	check->nodes = arena_zero(&check->arena, count * sizeof(*check->nodes));
	check->closed = arena_take(&check->arena, count * sizeof(*check->closed));
	if (bad.items == NULL || check->nodes == NULL || check->closed == NULL)
		return -ENOMEM;
	if (!has_unknown_class(check, &result->answer))
		check_outputs(check, &bad, result);
	return check->is_short ? -ENOMEM : 0;
}

int check_graph(
	const struct defs *defs, const struct prompt_body *body, struct check_result *ret_result)
{
	struct check check = {.defs = defs, .body = body};
	int rc = 0;
	*ret_result = (struct check_result){0};
	if (is_no_graph(body, &ret_result->answer)) {
		/* Said. */
	} else if (!defs_is_known(defs)) {
		ret_result->is_ok = true;
		ret_result->answer = blob_copy("{}", 2);
		ret_result->outputs = blob_copy("[]", 2);
	} else {
		arena_init(&check.arena, 16384);
		text_init(&check.errors, 0);
		text_init(&check.told, 0);
		rc = check_known(&check, ret_result);
		text_finish(&check.errors);
		text_finish(&check.told);
		free(check.below);
		arena_finish(&check.arena);
	}
	if (rc == 0 && ret_result->answer != NULL &&
		(!ret_result->is_ok || ret_result->outputs != NULL))
		return 0;
	blob_unref(ret_result->answer);
	blob_unref(ret_result->outputs);
	*ret_result = (struct check_result){0};
	return -ENOMEM;
}
