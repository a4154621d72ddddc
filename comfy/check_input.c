/*
 * comfy/check_input.c - one input of a node against the definition of its class, in the order that
 * ComfyUI's validate_inputs goes by: is it there, is it a link that fits, can it be converted, is
 * it within its range, is it in its list.
 */
#include "comfy/check_parts.h"
#include "comfy/python.h"

/* Longer types are lists of many; they are let pass. */
#define TYPE_ROOM 512
/* Of a list up to this length the values are told. */
#define LIST_TOLD_MOST 20
#define LIST_BYTES 4000

struct asked {
	struct check *check;
	const struct graph_node *node;
	const struct defs_class *class_;
	struct slice name; /* of the input */
	struct json_value definition, type, settings;
	bool has_dynamic;
};

static const struct graph_input *find_input(const struct graph_node *node, struct slice name)
{
	for (uint32_t i = 0; i < node->input_count; i++)
		if (slice_is(node->inputs[i].name, name))
			return &node->inputs[i];
	return NULL;
}

static struct check_problem problem_with(const struct asked *asked, const char *type)
{
	return (struct check_problem){
		.type = type,
		.details = asked->name,
		.input_name = asked->name,
		.has_config = true,
		.config = asked->definition,
	};
}

static struct slice slice_of_text(const struct text *text)
{
	return (struct slice){text->n == 0 ? "" : text->p, text->n};
}

static void put_slice(struct text *text, struct slice slice)
{
	text_put(text, slice.p, slice.n);
}

/* Says it, and lets the text go that it is made of. */
static void say(struct asked *asked, struct check_problem *problem, struct text *text)
{
	asked->check->is_short = asked->check->is_short || text->is_short;
	if (!text->is_short)
		check_say(asked->check, problem);
	text_finish(text);
}

static bool is_text(struct json_value value, const char *text)
{
	return value.kind == JSON_KIND_STRING && json_is_text(value.raw, slice_of(text));
}

/* What the inputs are depends on the values of others then, and only the worker knows how. */
static bool is_dynamic(struct json_value type)
{
	return type.kind == JSON_KIND_STRING &&
	       slice_starts(json_inside(type.raw), SLICE("COMFY_")) && type.raw.n > 5 &&
	       memcmp(type.raw.p + type.raw.n - 4, "_V3\"", 4) == 0;
}

/* -- links -- */

/* "A,B" and "B, C" have one in common. */
static bool have_common(struct slice left, struct slice right)
{
	while (left.n != 0) {
		const char *comma = memchr(left.p, ',', left.n);
		size_t n = comma == NULL ? left.n : (size_t)(comma - left.p);
		struct slice one = slice_trim((struct slice){left.p, n});
		struct slice rest = right;
		while (rest.n != 0) {
			const char *end = memchr(rest.p, ',', rest.n);
			size_t m = end == NULL ? rest.n : (size_t)(end - rest.p);
			if (slice_is(one, slice_trim((struct slice){rest.p, m})))
				return true;
			m += end != NULL;
			rest.p += m;
			rest.n -= m;
		}
		n += comma != NULL;
		left.p += n;
		left.n -= n;
	}
	return false;
}

static bool may_be_list(struct json_value type)
{
	return type.kind == JSON_KIND_ARRAY || is_text(type, "COMBO");
}

static bool fits(struct json_value received, struct json_value wanted)
{
	char left[TYPE_ROOM];
	char right[TYPE_ROOM];
	if (slice_is(received.raw, wanted.raw) || is_text(received, "*") || is_text(wanted, "*") ||
		is_dynamic(received) || (may_be_list(received) && may_be_list(wanted)))
		return true;
	if (received.kind != JSON_KIND_STRING || wanted.kind != JSON_KIND_STRING)
		return false;
	ptrdiff_t n = json_decode(received.raw, left, sizeof(left));
	ptrdiff_t m = json_decode(wanted.raw, right, sizeof(right));
	return n < 0 || m < 0 ||
	       have_common((struct slice){left, (size_t)n}, (struct slice){right, (size_t)m});
}

/* The type of that output; null when the class has no such one. From the end for those below zero.
 */
static struct json_value output_type(struct json_value outputs, int64_t index)
{
	struct json_value none = {JSON_KIND_NULL, SLICE("null")};
	struct json_scan scan;
	struct json_value type;
	int64_t count = 0;
	if (index < 0) {
		json_walk(&scan, outputs);
		while (json_item(&scan, &type))
			count++;
		index += count;
	}
	json_walk(&scan, outputs);
	while (index >= 0 && json_item(&scan, &type))
		if (index-- == 0)
			return type;
	return none;
}

static void check_link(struct asked *asked, const struct graph_input *input)
{
	struct check *check = asked->check;
	const struct graph_node *from = input->is_link ? graph_find(check->body, input->from)
						       : NULL;
	if (from == NULL) {
		struct check_problem problem = problem_with(asked, "bad_linked_input");
		problem.message = SLICE("Bad linked input, must be a length-2 list of [node_id, "
					"slot_index]");
		problem.received_value = input->value.raw;
		check_say(check, &problem);
		return;
	}
	uint32_t index = (uint32_t)(from - check->body->nodes);
	struct json_value received = output_type(
		defs_class_outputs(check->nodes[index].class_), input->from_output);
	if (fits(received, asked->type)) {
		check_add_below(check, index);
		return;
	}
	struct check_problem problem = problem_with(asked, "return_type_mismatch");
	struct text details;
	text_init(&details, 128);
	put_slice(&details, asked->name);
	text_puts(&details, ", received_type(");
	python_str(&details, received, CHECK_WORDS_BYTES);
	text_puts(&details, ") mismatch input_type(");
	python_str(&details, asked->type, CHECK_WORDS_BYTES);
	text_puts(&details, ")");
	problem.message = SLICE("Return type mismatch between linked nodes");
	problem.details = slice_of_text(&details);
	problem.received_type = received.raw;
	problem.linked_node = input->value.raw;
	say(asked, &problem, &details);
}

/* -- plain values -- */

/* Not a number, or beyond all: nothing that JSON has. */
static struct slice number_json(struct python_number *number)
{
	struct slice text = slice_of(python_number_text(number));
	bool is_json = text.p[text.n - 1] >= '0' && text.p[text.n - 1] <= '9';
	return is_json ? text : SLICE("null");
}

/* -1: below, 1: above, 0: within, or there is no such bound. */
static bool is_beyond(const struct asked *asked, const char *bound, double value, int sign,
	struct json_value *ret_bound)
{
	if (!json_find(asked->settings, bound, ret_bound) || ret_bound->kind != JSON_KIND_NUMBER)
		return false;
	double limit = json_number(*ret_bound);
	return sign < 0 ? value < limit : value > limit;
}

static void check_range(struct asked *asked, struct python_number *number)
{
	struct json_value bound;
	bool is_small = is_beyond(asked, "min", number->value, -1, &bound);
	if (!is_small && !is_beyond(asked, "max", number->value, 1, &bound))
		return;
	struct check_problem problem = problem_with(
		asked, is_small ? "value_smaller_than_min" : "value_bigger_than_max");
	struct text message;
	text_init(&message, 128);
	text_puts(&message, "Value ");
	text_puts(&message, python_number_text(number));
	text_puts(&message, is_small ? " smaller than min of " : " bigger than max of ");
	python_str(&message, bound, CHECK_WORDS_BYTES);
	problem.message = slice_of_text(&message);
	problem.received_value = number_json(number);
	say(asked, &problem, &message);
}

static void say_unconvertible(
	struct asked *asked, const char *type, struct json_value value, struct text *why)
{
	struct check_problem problem = problem_with(asked, "invalid_input_type");
	struct text text;
	text_init(&text, 256);
	text_puts(&text, "Failed to convert an input value to a ");
	text_puts(&text, type);
	text_puts(&text, " value");
	size_t details = text.n;
	put_slice(&text, asked->name);
	text_puts(&text, ", ");
	python_str(&text, value, CHECK_WORDS_BYTES);
	text_puts(&text, ", ");
	put_slice(&text, slice_of_text(why));
	if (!text.is_short) {
		problem.message = (struct slice){text.p, details};
		problem.details = (struct slice){text.p + details, text.n - details};
	}
	problem.received_value = value.raw;
	problem.exception_message = slice_of_text(why);
	asked->check->is_short = asked->check->is_short || why->is_short;
	say(asked, &problem, &text);
}

static void check_number(struct asked *asked, bool is_int, struct json_value value)
{
	struct python_number number;
	struct text why = {0};
	if (is_int ? python_int(value, &number, &why) : python_float(value, &number, &why))
		check_range(asked, &number);
	else
		say_unconvertible(asked, is_int ? "INT" : "FLOAT", value, &why);
	text_finish(&why);
}

static size_t count_items(struct json_value list)
{
	struct json_scan scan;
	struct json_value item;
	size_t count = 0;
	json_walk(&scan, list);
	while (json_item(&scan, &item))
		count++;
	return count;
}

static void check_list(struct asked *asked, struct json_value options, struct json_value value)
{
	struct check *check = asked->check;
	size_t count;
	/* An empty list is filled by the browser, and checked by the node itself. */
	if (options.kind != JSON_KIND_ARRAY || defs_class_is_upload(asked->class_, asked->name) ||
		defs_class_has_value(check->defs, asked->class_, asked->name, value) ||
		(count = count_items(options)) == 0)
		return;
	struct check_problem problem = problem_with(asked, "value_not_in_list");
	struct text details;
	text_init(&details, 256);
	put_slice(&details, asked->name);
	text_puts(&details, ": '");
	python_str(&details, value, CHECK_WORDS_BYTES);
	text_puts(&details, "' not in ");
	if (count > LIST_TOLD_MOST) {
		text_puts(&details, "(list of length ");
		text_u64(&details, count);
		text_puts(&details, ")");
		problem.config.kind = JSON_KIND_NULL;
	} else {
		python_str(&details, options, LIST_BYTES);
	}
	problem.message = SLICE("Value not in list");
	problem.details = slice_of_text(&details);
	problem.received_value = value.raw;
	say(asked, &problem, &details);
}

static void check_value(struct asked *asked, struct json_value value)
{
	struct json_value inner;
	struct python_number number;
	struct text why = {0};
	/* How a list is told from a link. */
	if (value.kind == JSON_KIND_OBJECT && json_find(value, "__value__", &inner))
		value = inner;
	if (asked->type.kind == JSON_KIND_ARRAY) {
		check_list(asked, asked->type, value);
	} else if (is_text(asked->type, "COMBO")) {
		struct json_value options;
		if (json_find(asked->settings, "options", &options))
			check_list(asked, options, value);
	} else if (is_text(asked->type, "INT") || is_text(asked->type, "FLOAT")) {
		check_number(asked, is_text(asked->type, "INT"), value);
	} else if (value.kind == JSON_KIND_NUMBER && !is_text(asked->type, "STRING") &&
		   !is_text(asked->type, "BOOLEAN")) {
		/* A type of some node's own, as written. */
		int64_t integer;
		bool is_good = json_int64(value, &integer) ? python_int(value, &number, &why)
							   : python_float(value, &number, &why);
		if (is_good)
			check_range(asked, &number);
		text_finish(&why);
	}
}

static void on_input(
	void *arg, struct slice section, struct slice name, struct json_value definition)
{
	struct asked *asked = arg;
	struct json_scan scan;
	bool is_required = slice_is(section, SLICE("required"));
	if (!is_required && !slice_is(section, SLICE("optional")))
		return;
	asked->name = name;
	asked->definition = definition;
	asked->settings = (struct json_value){JSON_KIND_NULL, SLICE("null")};
	json_walk(&scan, definition);
	if (!json_item(&scan, &asked->type))
		return;
	(void)json_item(&scan, &asked->settings);
	if (is_dynamic(asked->type)) {
		asked->has_dynamic = true;
		return;
	}
	const struct graph_input *input = find_input(asked->node, name);
	if (input != NULL && input->value.kind == JSON_KIND_ARRAY) {
		check_link(asked, input);
	} else if (input != NULL) {
		check_value(asked, input->value);
	} else if (is_required) {
		struct check_problem problem = {
			.type = "required_input_missing",
			.message = SLICE("Required input is missing"),
			.details = name,
			.input_name = name,
		};
		check_say(asked->check, &problem);
	}
}

void check_inputs(struct check *check, uint32_t node)
{
	struct asked asked = {
		.check = check,
		.node = &check->body->nodes[node],
		.class_ = check->nodes[node].class_,
	};
	defs_class_inputs(asked.class_, on_input, &asked);
	for (uint32_t i = 0; asked.has_dynamic && i < asked.node->input_count; i++) {
		const struct graph_input *input = &asked.node->inputs[i];
		const struct graph_node *from = input->is_link
							? graph_find(check->body, input->from)
							: NULL;
		if (from != NULL)
			check_add_below(check, (uint32_t)(from - check->body->nodes));
	}
}
