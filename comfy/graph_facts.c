/*
 * comfy/graph_facts.c - a graph in three numbers, for the scheduler to know its like again.
 */
#include "base/hash.h"
#include "comfy/graph.h"

#include <math.h>

/* Further ones do not tell sets of models apart. */
#define MODELS_MOST 64
/* Of a longer value both ends and the length stand for the whole: an image in base64. */
#define VALUE_MOST 8192

/* Without a size in the graph: what a picture mostly has. */
#define USUAL_PIXELS (1024.0 * 1024)
/* Half steps of log2 below class 0: a picture of 512 x 512 with 20 steps is in class 10. */
#define LEAST_HALF_STEPS 34
#define SIZE_CLASS_MOST 31

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* -- models -- */

bool graph_is_model_name(struct slice text)
{
	static const struct slice endings[] = {{".safetensors", 12}, {".ckpt", 5}, {".pt", 3},
		{".pth", 4}, {".bin", 4}, {".gguf", 5}, {".sft", 4}, {".onnx", 5}};
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		size_t n = endings[i].n;
		if (text.n > n &&
			slice_is_nocase((struct slice){text.p + text.n - n, n}, endings[i]))
			return true;
	}
	return false;
}

struct models {
	uint64_t hash[MODELS_MOST];
	uint32_t count;
};

static void see_model(struct models *models, struct slice text)
{
	if (!graph_is_model_name(text))
		return;
	uint64_t hash = hash_stable(text.p, text.n);
	for (uint32_t i = 0; i < models->count; i++)
		if (models->hash[i] == hash)
			return;
	if (models->count < MODELS_MOST)
		models->hash[models->count++] = hash;
}

/* {"on": true, "lora": "x.safetensors", "strength": 1}: nodes with as many models as one likes. */
static void see_models_inside(struct models *models, struct json_value object)
{
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	if (object.raw.n > VALUE_MOST)
		return;
	json_walk(&scan, object);
	while (json_member(&scan, &name, &value))
		if (value.kind == JSON_KIND_STRING)
			see_model(models, json_inside(value.raw));
}

/* The same whatever order they are named in; 0: none. */
static uint64_t models_hash(const struct models *models)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < models->count; i++)
		sum += mix(0, models->hash[i]);
	return sum == 0 && models->count != 0 ? 1 : sum;
}

/* -- signature -- */

static uint64_t mix_text(uint64_t hash, struct slice text)
{
	hash = mix(hash, text.n);
	if (text.n <= VALUE_MOST)
		return mix(hash, hash_stable(text.p, text.n));
	hash = mix(hash, hash_stable(text.p, VALUE_MOST / 2));
	return mix(hash, hash_stable(text.p + text.n - VALUE_MOST / 2, VALUE_MOST / 2));
}

static bool is_seed(struct slice name)
{
	return slice_is(name, SLICE("seed")) || slice_is(name, SLICE("noise_seed"));
}

/* -- size -- */

struct size {
	double pixels, frames, batch, steps; /* 0: not seen */
};

/* The input's number; through a link also that of a node that does nothing but give one. 0: there
 * is none that counts. */
static double number_of(const struct prompt_body *body, const struct graph_input *input)
{
	if (input->is_link) {
		const struct graph_node *node = graph_find(body, input->from);
		input = node == NULL ? NULL : graph_input(node, "value");
	}
	if (input == NULL || input->value.kind != JSON_KIND_NUMBER)
		return 0;
	double number = json_number(input->value);
	return number >= 1 && number <= 1e6 ? number : 0;
}

static bool is_frames(struct slice name)
{
	static const struct slice names[] = {{"length", 6}, {"frames", 6}, {"num_frames", 10},
		{"video_frames", 12}, {"frame_count", 11}};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

static void see_size(
	struct size *size, const struct prompt_body *body, const struct graph_node *node)
{
	double width = 0;
	double height = 0;
	for (uint32_t i = 0; i < node->input_count; i++) {
		const struct graph_input *input = &node->inputs[i];
		struct slice name = input->name;
		if (slice_is(name, SLICE("width")))
			width = number_of(body, input);
		else if (slice_is(name, SLICE("height")))
			height = number_of(body, input);
		else if (slice_is(name, SLICE("batch_size")))
			size->batch = greater(size->batch, number_of(body, input));
		else if (slice_is(name, SLICE("steps")))
			size->steps += number_of(body, input);
		else if (is_frames(name))
			size->frames = greater(size->frames, number_of(body, input));
	}
	size->pixels = greater(size->pixels, width * height);
}

static uint32_t size_class(const struct size *size)
{
	double work = (size->pixels == 0 ? USUAL_PIXELS : size->pixels) * greater(size->frames, 1) *
		      greater(size->batch, 1) * greater(size->steps, 1);
	int half_steps = ilogb(work * work) - LEAST_HALF_STEPS;
	if (half_steps < 0)
		return 0;
	return half_steps > SIZE_CLASS_MOST ? SIZE_CLASS_MOST : (uint32_t)half_steps;
}

void graph_facts(const struct prompt_body *body, struct graph_facts *ret_facts)
{
	struct models models = {.count = 0};
	struct size size = {0};
	uint64_t signature = body->node_count;
	for (uint32_t i = 0; i < body->node_count; i++) {
		const struct graph_node *node = &body->nodes[i];
		signature = mix_text(mix_text(signature, node->id), node->class_type);
		for (uint32_t j = 0; j < node->input_count; j++) {
			const struct graph_input *input = &node->inputs[j];
			if (input->value.kind == JSON_KIND_OBJECT)
				see_models_inside(&models, input->value);
			see_model(&models, input->text);
			if (!is_seed(input->name))
				signature = mix_text(
					mix_text(signature, input->name), input->value.raw);
		}
		see_size(&size, body, node);
	}
	*ret_facts = (struct graph_facts){
		.models = models_hash(&models),
		.signature = signature,
		.size_class = size_class(&size),
	};
}
