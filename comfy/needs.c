/*
 * comfy/needs.c - the block is nodes one after the other:
 *
 *   u32 inputs | u32 n, class_type | inputs x (u32 n, name | u32 n, value as written)
 *
 * A node without a class is left out: no worker will have it. Nodes that ask for the same are kept
 * once.
 */
#include "comfy/needs.h"

#include "base/text.h"

static void put_u32(struct text *text, uint32_t value)
{
	text_put(text, (const char *)&value, sizeof(value));
}

static void put_slice(struct text *text, struct slice slice)
{
	put_u32(text, (uint32_t)slice.n);
	text_put(text, slice.p, slice.n);
}

static bool may_be_combo(const struct graph_input *input)
{
	return !input->is_link && input->value.raw.n <= NEEDS_VALUE_MOST &&
	       input->value.kind != JSON_KIND_OBJECT && input->name.n <= NEEDS_VALUE_MOST;
}

static void put_node(struct text *text, const struct graph_node *node)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < node->input_count; i++)
		count += may_be_combo(&node->inputs[i]);
	put_u32(text, count);
	put_slice(text, node->class_type);
	for (uint32_t i = 0; i < node->input_count; i++) {
		if (!may_be_combo(&node->inputs[i]))
			continue;
		put_slice(text, node->inputs[i].name);
		put_slice(text, node->inputs[i].value.raw);
	}
}

struct blob *needs_pack(const struct prompt_body *body)
{
	struct text text;
	text_init(&text, 1024);
	for (uint32_t i = 0; i < body->node_count; i++) {
		const struct graph_node *node = &body->nodes[i];
		if (node->class_type.p == NULL)
			continue;
		size_t from = text.n;
		put_node(&text, node);
		size_t n = text.n - from;
		/* The one before is often the same: a batch of equal nodes. */
		if (!text.is_short && from >= n && n != 0 &&
			memcmp(text.p + from - n, text.p + from, n) == 0)
			text.n = from;
	}
	return blob_of_text(&text);
}

struct cursor {
	const char *p, *end;
};

static uint32_t take_u32(struct cursor *c)
{
	uint32_t value;
	memcpy(&value, c->p, sizeof(value));
	c->p += sizeof(value);
	return value;
}

static struct slice take_slice(struct cursor *c)
{
	struct slice slice;
	slice.n = take_u32(c);
	slice.p = c->p;
	c->p += slice.n;
	return slice;
}

static enum json_kind kind_of(char first)
{
	switch (first) {
	case '"':
		return JSON_KIND_STRING;
	case '[':
		return JSON_KIND_ARRAY;
	case 't':
		return JSON_KIND_TRUE;
	case 'f':
		return JSON_KIND_FALSE;
	case 'n':
		return JSON_KIND_NULL;
	default:
		return JSON_KIND_NUMBER;
	}
}

static bool unpack_input(struct cursor *c, struct graph_input *input, struct arena *arena)
{
	*input = (struct graph_input){.name = take_slice(c)};
	input->value.raw = take_slice(c);
	input->value.kind = kind_of(input->value.raw.p[0]);
	if (input->value.kind != JSON_KIND_STRING)
		return true;
	input->text = json_inside(input->value.raw);
	if (!json_has_escape(input->value.raw))
		return true;
	char *text = arena_take(arena, input->value.raw.n);
	if (text == NULL)
		return false;
	ptrdiff_t n = json_decode(input->value.raw, text, input->value.raw.n);
	input->text = (struct slice){text, n < 0 ? 0 : (size_t)n};
	return true;
}

static bool unpack_node(struct cursor *c, struct graph_node *node, struct arena *arena)
{
	*node = (struct graph_node){.is_object = true, .has_inputs = true};
	node->input_count = take_u32(c);
	node->class_type = take_slice(c);
	node->inputs = arena_take(arena, (node->input_count + 1) * sizeof(*node->inputs));
	if (node->inputs == NULL)
		return false;
	for (uint32_t i = 0; i < node->input_count; i++)
		if (!unpack_input(c, &node->inputs[i], arena))
			return false;
	return true;
}

/* Over one node. */
static void skip_node(struct cursor *c)
{
	uint32_t inputs = take_u32(c);
	(void)take_slice(c);
	for (uint32_t i = 0; i < 2 * inputs; i++)
		(void)take_slice(c);
}

bool needs_unpack(const struct blob *needs, struct prompt_body *ret_body, struct arena *arena)
{
	struct cursor c = {needs->p, needs->p + needs->n};
	uint32_t count = 0;
	for (; c.p != c.end; count++)
		skip_node(&c);
	*ret_body = (struct prompt_body){.has_prompt = true, .node_count = count};
	ret_body->nodes = arena_take(arena, (count + 1) * sizeof(*ret_body->nodes));
	if (ret_body->nodes == NULL)
		return false;
	c.p = needs->p;
	for (uint32_t i = 0; i < count; i++)
		if (!unpack_node(&c, &ret_body->nodes[i], arena))
			return false;
	return true;
}
