/*
 * comfy/defs_merge.c - one class of the union.
 *
 *   first worker   {"input": {"required": {"ckpt": [["a", "b"], {}], ...}}, ...}
 *   another        {"input": {"required": {"ckpt": [["b", "c"], {}], ...}}, ...}
 *   union          {"input": {"required": {"ckpt": [["a", "b", "c"], {}], ...}}, ...}
 *
 * The first worker's text, but for the lists of its combos. Lists of uploads get what was uploaded
 * to us behind what the workers have. A listing of uploads has thousands of
 * values at each of hundreds of workers, so it goes on where it stopped, value by value.
 */
#include "comfy/defs_parts.h"

#include <errno.h>

#define OCTETS_OF_A_UNIT 64

static bool lists_uploads(const struct defs_merge *merge)
{
	for (uint32_t i = 0; merge->defs->listing != NULL && i < merge->base->input_count; i++) {
		if (merge->base->inputs[i].is_upload)
			return true;
	}
	return false;
}

void merge_begin(struct defs_merge *merge, struct defs *defs, struct defs_list *const *lists,
	size_t list_count, size_t first, const struct defs_class *class_, struct text *out)
{
	*merge = (struct defs_merge){
		.defs = defs,
		.lists = lists,
		.list_count = list_count,
		.list = first,
		.class_ = class_,
		.out = out,
		.base = list_variant(lists[first], class_),
	};
	merge->done = merge->base->raw.raw.p;
	/* It is alone: nothing to be put together. */
	if (class_->variants->next == NULL && !lists_uploads(merge))
		merge->input = merge->base->input_count;
}

void merge_cancel(struct defs_merge *merge)
{
	value_set_finish(&merge->set);
	blob_unref(merge->listing);
	merge->listing = NULL;
}

static void spend(size_t *units, size_t n)
{
	*units = *units > n ? *units - n : 0;
}

static void copy_to(struct defs_merge *merge, const char *end, size_t *units)
{
	size_t n = (size_t)(end - merge->done);
	text_put(merge->out, merge->done, n);
	spend(units, 1 + n / OCTETS_OF_A_UNIT);
	merge->done = end;
}

static struct defs_input *base_input(const struct defs_merge *merge)
{
	return &merge->base->inputs[merge->input];
}

/* Its values are walked from now on. */
static void begin_list(struct defs_merge *merge, const struct defs_input *input)
{
	json_walk(&merge->items, input->options);
	merge->is_in_list = true;
}

static void begin_input(struct defs_merge *merge, size_t *units)
{
	const struct defs_input *input = base_input(merge);
	copy_to(merge, input->options.raw.p, units);
	text_put(merge->out, "[", 1);
	merge->stamp = ++merge->defs->numbers;
	merge->base->stamp = merge->stamp;
	merge->list = 0;
	merge->is_in_input = true;
	merge->has_values = false;
	merge->is_listed = false;
	begin_list(merge, input);
}

static void end_input(struct defs_merge *merge)
{
	const struct defs_input *input = base_input(merge);
	text_put(merge->out, "]", 1);
	merge->done = input->options.raw.p + input->options.raw.n;
	merge_cancel(merge);
	merge->is_in_input = false;
	merge->input++;
}

/* One more list is looked into: has it another text of the class, with other values there? */
static void next_list(struct defs_merge *merge)
{
	const struct defs_input *ours = base_input(merge);
	struct defs_variant *variant = list_variant(merge->lists[merge->list++], merge->class_);
	if (variant == NULL || variant->stamp == merge->stamp)
		return;
	variant->stamp = merge->stamp;
	const struct defs_input *theirs = variant_input(variant, ours->name);
	if (theirs != NULL && theirs->options.kind == JSON_KIND_ARRAY &&
		!slice_is(theirs->options.raw, ours->options.raw))
		begin_list(merge, theirs);
}

/* Behind all lists: what was uploaded to us. */
static void next_uploads(struct defs_merge *merge)
{
	const struct defs *defs = merge->defs;
	const struct defs_input *input = base_input(merge);
	struct json_value names;
	merge->is_listed = true;
	if (!input->is_upload || defs->listing == NULL)
		return;
	struct blob *listing = defs->listing(defs->listing_arg, input->upload);
	if (listing == NULL || !json_read(blob_slice(listing), &names))
		return;
	merge->listing = blob_ref(listing);
	json_walk(&merge->items, names);
	merge->is_in_list = true;
}

static bool add_value(struct defs_merge *merge, struct json_value value, size_t *units)
{
	int is_new = value_set_add(&merge->set, value_key(value));
	spend(units, 1 + value.raw.n / OCTETS_OF_A_UNIT);
	if (is_new <= 0)
		return is_new == 0;
	if (merge->has_values)
		text_put(merge->out, ", ", 2);
	text_put(merge->out, value.raw.p, value.raw.n);
	merge->has_values = true;
	return true;
}

int merge_step(struct defs_merge *merge, size_t *units)
{
	const struct defs_variant *base = merge->base;
	while (merge->input < base->input_count) {
		struct json_value value;
		if (*units == 0)
			return 0;
		if (merge->is_in_list && json_item(&merge->items, &value)) {
			if (!add_value(merge, value, units)) {
				merge_cancel(merge);
				return -ENOMEM;
			}
			continue;
		}
		merge->is_in_list = false;
		spend(units, 1);
		if (merge->is_in_input && merge->list < merge->list_count)
			next_list(merge);
		else if (merge->is_in_input && !merge->is_listed)
			next_uploads(merge);
		else if (merge->is_in_input)
			end_input(merge);
		else if (base_input(merge)->options.kind == JSON_KIND_ARRAY)
			begin_input(merge, units);
		else
			merge->input++;
	}
	copy_to(merge, base->raw.raw.p + base->raw.raw.n, units);
	return merge->out->is_short ? -ENOMEM : 1;
}
