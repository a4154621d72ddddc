#include "comfy/check_parts.h"

static void put_slice(struct text *text, struct slice slice)
{
	text_put(text, slice.p, slice.n);
}

static void put_name(struct text *text, const char *name)
{
	if (text->n != 0 && text->p[text->n - 1] != '{')
		text_puts(text, ", ");
	text_puts(text, "\"");
	text_puts(text, name);
	text_puts(text, "\": ");
}

static void put_text(struct text *text, const char *name, struct slice value)
{
	put_name(text, name);
	json_put_text(text, value);
}

static void put_json(struct text *text, const char *name, struct slice json)
{
	if (json.p == NULL)
		return;
	put_name(text, name);
	put_slice(text, check_json(json));
}

struct slice check_json(struct slice json)
{
	return json.n <= CHECK_JSON_BYTES ? json : SLICE("null");
}

void check_put_error(struct text *text, const char *type, struct slice message,
	struct slice details, struct slice extra)
{
	text_puts(text, "{");
	put_text(text, "type", slice_of(type));
	put_text(text, "message", message);
	put_text(text, "details", details);
	put_json(text, "extra_info", extra);
	text_puts(text, "}");
}

/* (type, settings): a definition has no settings at times, and then they are empty. */
static void put_config(struct text *text, struct json_value definition)
{
	struct json_scan scan;
	struct json_value type;
	struct json_value settings;
	json_walk(&scan, definition);
	if (definition.kind != JSON_KIND_ARRAY || definition.raw.n > CHECK_JSON_BYTES ||
		!json_item(&scan, &type)) {
		put_json(text, "input_config", SLICE("null"));
		return;
	}
	put_name(text, "input_config");
	text_puts(text, "[");
	put_slice(text, type.raw);
	text_puts(text, ", ");
	put_slice(text, json_item(&scan, &settings) ? settings.raw : SLICE("{}"));
	text_puts(text, "]");
}

static void put_extra(struct text *text, const struct check_problem *problem)
{
	text_puts(text, "{");
	put_text(text, "input_name", problem->input_name);
	if (problem->has_config)
		put_config(text, problem->config);
	put_json(text, "received_value", problem->received_value);
	put_json(text, "received_type", problem->received_type);
	put_json(text, "linked_node", problem->linked_node);
	if (problem->exception_message.p != NULL)
		put_text(text, "exception_message", problem->exception_message);
	text_puts(text, "}");
}

void check_say(struct check *check, const struct check_problem *problem)
{
	struct text extra;
	/* The first of them are enough. */
	if (check->said > CHECK_ANSWER_BYTES)
		return;
	size_t before = check->errors.n + check->told.n;
	text_init(&extra, 256);
	put_extra(&extra, problem);
	if (check->errors.n != 0)
		text_puts(&check->errors, ", ");
	text_puts(&check->errors, "{");
	put_text(&check->errors, "type", slice_of(problem->type));
	put_text(&check->errors, "message", problem->message);
	put_text(&check->errors, "details", problem->details);
	put_name(&check->errors, "extra_info");
	put_slice(&check->errors, (struct slice){extra.p, extra.n});
	text_puts(&check->errors, "}");
	if (check->told.n != 0)
		text_puts(&check->told, "\n");
	put_slice(&check->told, problem->message);
	text_puts(&check->told, ": ");
	put_slice(&check->told, problem->details);
	check->is_short = check->is_short || extra.is_short || check->errors.is_short ||
			  check->told.is_short;
	check->said += check->errors.n + check->told.n - before;
	text_finish(&extra);
}
