/*
 * comfy/defs_variant.c - what the text of a class says: its inputs, and which of them are combos.
 *
 *   {"input": {"required": {"seed":  ["INT", {...}],
 *                           "image": [["a.png", "b.png"], {"image_upload": true}],      old combo
 *                           "codec": ["COMBO", {"options": ["h264", "vp9"], ...}]},     new combo
 *              "optional": {...}, "hidden": {"prompt": "PROMPT"}},
 *    "output": ["IMAGE", "MASK"], "output_node": false, ...}
 */
#include "comfy/defs_parts.h"

#include "base/hash.h"

#include <stdlib.h>

/* Shorter lists are walked each time. */
#define SET_FROM_OCTETS 256

/* "image_upload", "video_upload", and what others will come. */
static bool is_upload_name(struct slice quoted)
{
	struct slice name = json_inside(quoted);
	struct slice ending = SLICE("upload");
	return name.n >= ending.n && memcmp(name.p + name.n - ending.n, ending.p, ending.n) == 0;
}

/* The second item of a definition: {"options": [...], "image_upload": true}. `remote`: the browser
 * fetches the values from a route of its own, so the list is not here. */
static void read_settings(struct defs_input *input, struct json_value settings, bool *ret_is_remote)
{
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	json_walk(&scan, settings);
	while (json_member(&scan, &name, &value)) {
		bool is_set = value.kind != JSON_KIND_NULL && value.kind != JSON_KIND_FALSE;
		if (json_is_text(name, SLICE("options")) && value.kind == JSON_KIND_ARRAY)
			input->options = value;
		else if (json_is_text(name, SLICE("multiselect")) ||
			 json_is_text(name, SLICE("multi_select")))
			input->is_multi = is_set;
		else if (json_is_text(name, SLICE("remote")))
			*ret_is_remote = is_set;
		else if (is_upload_name(name) && is_set) {
			input->is_upload = true;
			input->upload = json_inside(name);
		}
	}
}

static void read_definition(struct defs_input *input)
{
	struct json_scan scan;
	struct json_value type;
	struct json_value settings;
	bool is_remote = false;
	json_walk(&scan, input->definition);
	if (!json_item(&scan, &type))
		return;
	bool is_old = type.kind == JSON_KIND_ARRAY;
	if (!is_old && !(type.kind == JSON_KIND_STRING && json_is_text(type.raw, SLICE("COMBO"))))
		return;
	if (json_item(&scan, &settings))
		read_settings(input, settings, &is_remote);
	if (is_old)
		input->options = type;
	input->is_combo = input->options.kind == JSON_KIND_ARRAY && !is_remote;
}

/* Goes over the inputs twice: counts, then fills. */
struct reader {
	struct defs_input *inputs; /* NULL: counts only */
	char *names;               /* decoded ones */
	uint32_t count;
	size_t octets; /* of names that have to be decoded */
};

static struct slice decoded(struct reader *reader, struct slice quoted)
{
	if (!json_has_escape(quoted))
		return json_inside(quoted);
	struct slice name = {NULL, 0};
	if (reader->names != NULL) {
		ptrdiff_t n = json_decode(quoted, reader->names + reader->octets, quoted.n);
		name = (struct slice){reader->names + reader->octets, n > 0 ? (size_t)n : 0};
	}
	reader->octets += quoted.n;
	return name;
}

static void read_sections(struct reader *reader, struct json_value sections)
{
	struct json_scan outer;
	struct slice quoted_section;
	struct json_value section;
	json_walk(&outer, sections);
	while (json_member(&outer, &quoted_section, &section)) {
		struct json_scan inner;
		struct slice quoted;
		struct json_value definition;
		struct slice section_name = decoded(reader, quoted_section);
		json_walk(&inner, section);
		while (json_member(&inner, &quoted, &definition)) {
			struct slice name = decoded(reader, quoted);
			if (reader->inputs != NULL) {
				struct defs_input *input = &reader->inputs[reader->count];
				*input = (struct defs_input){
					.section = section_name,
					.name = name,
					.definition = definition,
					.options = {.kind = JSON_KIND_NULL},
				};
				read_definition(input);
			}
			reader->count++;
		}
	}
}

static bool read_inputs(struct defs_variant *variant, struct json_value sections)
{
	struct reader counts = {0};
	read_sections(&counts, sections);
	if (counts.count == 0)
		return true;
	struct defs_input *inputs = malloc(counts.count * sizeof(inputs[0]) + counts.octets);
	if (inputs == NULL)
		return false;
	struct reader reader = {.inputs = inputs, .names = (char *)(inputs + counts.count)};
	read_sections(&reader, sections);
	variant->inputs = inputs;
	variant->input_count = reader.count;
	return true;
}

/* The hash with lists of uploads left out: they differ from worker to worker and decide nothing. */
static uint64_t kind_of(const struct defs_variant *variant)
{
	const char *done = variant->raw.raw.p;
	const char *end = done + variant->raw.raw.n;
	uint64_t kind = variant->class_->hash;
	for (uint32_t i = 0; i < variant->input_count; i++) {
		const struct defs_input *input = &variant->inputs[i];
		if (!input->is_upload || input->options.kind != JSON_KIND_ARRAY)
			continue;
		kind = kind * 31 + hash_stable(done, (size_t)(input->options.raw.p - done));
		done = input->options.raw.p + input->options.raw.n;
	}
	return kind * 31 + hash_stable(done, (size_t)(end - done));
}

bool variant_read(struct defs_variant *variant)
{
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	struct json_value sections = {.kind = JSON_KIND_NULL};
	variant->outputs = (struct json_value){JSON_KIND_ARRAY, SLICE("[]")};
	json_walk(&scan, variant->raw);
	while (json_member(&scan, &name, &value)) {
		if (json_is_text(name, SLICE("input")))
			sections = value;
		else if (json_is_text(name, SLICE("output")) && value.kind == JSON_KIND_ARRAY)
			variant->outputs = value;
		else if (json_is_text(name, SLICE("output_node")))
			variant->is_output = value.kind == JSON_KIND_TRUE;
	}
	if (!read_inputs(variant, sections))
		return false;
	variant->kind = kind_of(variant);
	return true;
}

void variant_finish(struct defs_variant *variant)
{
	for (uint32_t i = 0; i < variant->input_count; i++)
		value_set_finish(&variant->inputs[i].set);
	free(variant->inputs);
	variant->inputs = NULL;
	variant->input_count = 0;
}

struct defs_input *variant_input(const struct defs_variant *variant, struct slice name)
{
	for (uint32_t i = 0; i < variant->input_count; i++) {
		if (slice_is(variant->inputs[i].name, name))
			return &variant->inputs[i];
	}
	return NULL;
}

/* Without memory the list is walked, now as the next time. */
static void make_set(struct defs_input *input)
{
	struct json_scan scan;
	struct json_value value;
	json_walk(&scan, input->options);
	while (json_item(&scan, &value)) {
		if (value_set_add(&input->set, value_key(value)) < 0) {
			value_set_finish(&input->set);
			return;
		}
	}
}

bool input_has_value(struct defs_input *input, uint64_t key)
{
	struct json_scan scan;
	struct json_value value;
	if (input->options.raw.n >= SET_FROM_OCTETS && input->set.slots == NULL)
		make_set(input);
	if (input->set.slots != NULL)
		return value_set_has(&input->set, key);
	json_walk(&scan, input->options);
	while (json_item(&scan, &value)) {
		if (value_key(value) == key)
			return true;
	}
	return false;
}
