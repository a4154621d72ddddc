/*
 * comfy/defs_ask.c - what is asked of definitions: may a graph run there, and what are its classes.
 */
#include "comfy/defs_parts.h"

#define FILE_NAME_MOST 1024

/* -- a worker -- */

/* Uploaded files are copied to the worker, also those that a combo without a mark names. */
static bool is_uploaded(const struct defs *defs, struct slice text)
{
	return defs->is_uploaded != NULL && defs->is_uploaded(defs->is_uploaded_arg, text);
}

/* {"__value__": [...]}: a list that is no link. */
static struct json_value unwrapped(struct json_value value)
{
	struct json_value inner;
	if (value.kind == JSON_KIND_OBJECT && json_find(value, "__value__", &inner))
		return inner;
	return value;
}

static bool has_all(struct defs_input *combo, struct json_value values)
{
	struct json_scan scan;
	struct json_value value;
	json_walk(&scan, values);
	while (json_item(&scan, &value)) {
		if (!input_has_value(combo, value_key(value)))
			return false;
	}
	return true;
}

static bool takes_value(struct defs_input *combo, struct json_value value)
{
	value = unwrapped(value);
	if (value.kind == JSON_KIND_ARRAY && combo->is_multi)
		return has_all(combo, value);
	return input_has_value(combo, value_key(value));
}

static bool allows_input(const struct defs *defs, const struct defs_variant *variant,
	const struct graph_input *input)
{
	if (input->is_link)
		return true;
	struct defs_input *combo = variant_input(variant, input->name);
	if (combo == NULL || !combo->is_combo || combo->is_upload)
		return true;
	if (input->text.p == NULL)
		return takes_value(combo, input->value);
	return input_has_value(combo, value_key_text(input->text)) ||
	       is_uploaded(defs, input->text);
}

bool defs_worker_allows(const struct defs_worker *worker, const struct prompt_body *body)
{
	if (worker->list == NULL)
		return true;
	for (uint32_t i = 0; i < body->node_count; i++) {
		const struct graph_node *node = &body->nodes[i];
		/* What is no node is refused by all alike. */
		if (!node->is_object || node->class_type.p == NULL)
			continue;
		const struct defs_class *class_ = store_find(worker->defs, node->class_type);
		const struct defs_variant *variant = class_ == NULL
							     ? NULL
							     : list_variant(worker->list, class_);
		if (variant == NULL)
			return false;
		for (uint32_t k = 0; k < node->input_count; k++) {
			if (!allows_input(worker->defs, variant, &node->inputs[k]))
				return false;
		}
	}
	return true;
}

/* -- a class -- */

const struct defs_class *defs_find(const struct defs *defs, struct slice class_type)
{
	const struct defs_class *class_ = store_find(defs, class_type);
	return class_ != NULL && class_->live != 0 ? class_ : NULL;
}

/* Texts that only a union in the making still has are none. */
static struct defs_variant *next_live(struct defs_variant *variant)
{
	while (variant != NULL && variant->live == 0)
		variant = variant->next;
	return variant;
}

static struct defs_variant *first_live(const struct defs_class *class_)
{
	return next_live(class_->variants);
}

bool defs_class_is_output(const struct defs_class *class_)
{
	for (const struct defs_variant *variant = first_live(class_); variant != NULL;
		variant = next_live(variant->next)) {
		if (variant->is_output)
			return true;
	}
	return false;
}

void defs_class_inputs(const struct defs_class *class_,
	void (*each)(
		void *arg, struct slice section, struct slice name, struct json_value definition),
	void *arg)
{
	const struct defs_variant *variant = first_live(class_);
	for (uint32_t i = 0; i < variant->input_count; i++) {
		const struct defs_input *input = &variant->inputs[i];
		each(arg, input->section, input->name, input->definition);
	}
}

struct json_value defs_class_outputs(const struct defs_class *class_)
{
	return first_live(class_)->outputs;
}

static bool is_known(
	const struct defs *defs, const struct defs_class *class_, const struct graph_input *input)
{
	for (struct defs_variant *variant = first_live(class_); variant != NULL;
		variant = next_live(variant->next)) {
		if (allows_input(defs, variant, input))
			return true;
	}
	return false;
}

void defs_pass_unknown(const struct defs *defs, struct prompt_body *body)
{
	for (uint32_t i = 0; i < body->node_count; i++) {
		struct graph_node *node = &body->nodes[i];
		const struct defs_class *class_ = node->class_type.p == NULL
							  ? NULL
							  : defs_find(defs, node->class_type);
		for (uint32_t k = 0; class_ != NULL && k < node->input_count; k++) {
			struct graph_input *input = &node->inputs[k];
			input->is_link = input->is_link || !is_known(defs, class_, input);
		}
	}
}

bool defs_class_has_value(const struct defs *defs, const struct defs_class *class_,
	struct slice name, struct json_value value)
{
	char out[FILE_NAME_MOST];
	for (struct defs_variant *variant = first_live(class_); variant != NULL;
		variant = next_live(variant->next)) {
		struct defs_input *input = variant_input(variant, name);
		if (input != NULL && (!input->is_combo || takes_value(input, value)))
			return true;
	}
	if (value.kind != JSON_KIND_STRING)
		return false;
	ptrdiff_t n = json_decode(value.raw, out, sizeof(out));
	return n >= 0 && is_uploaded(defs, (struct slice){out, (size_t)n});
}

bool defs_class_is_upload(const struct defs_class *class_, struct slice name)
{
	for (struct defs_variant *variant = first_live(class_); variant != NULL;
		variant = next_live(variant->next)) {
		const struct defs_input *input = variant_input(variant, name);
		if (input != NULL && input->is_upload)
			return true;
	}
	return false;
}
