/*
 * comfy/graph.c - the reader: one pass over the body, down to the nodes' inputs.
 */
#include "comfy/graph.h"

#include "base/hash.h"

#include <errno.h>

#define SLOTS_AT_FIRST 128
/* Up to so many inputs of a node names are compared one by one. */
#define FEW_INPUTS 16
/* "[", an id and an index, "]": longer arrays are no links, and nobody looks into them. */
#define LINK_BYTES_MOST 1000

/* Something that grows. What it grew out of stays in the arena. */
struct row {
	void *items;
	uint32_t count, room, most;
	uint32_t item_bytes;
};

struct reader {
	struct json_scan scan;
	struct arena *arena;
	struct prompt_body *body;
	int error; /* 0, -ENOMEM or -E2BIG */
	struct row members, nodes;
	struct row inputs;    /* of one node */
	uint32_t input_count; /* of all */
	struct row slots;     /* for a node with many inputs */
};

/* Room for one more; NULL: there is none, and the error is set. */
static void *row_add(struct reader *r, struct row *row)
{
	if (row->count == row->most) {
		r->error = -E2BIG;
		return NULL;
	}
	if (row->count == row->room) {
		uint32_t room = row->room == 0 ? 32 : row->room * 2;
		char *items = arena_take(r->arena, (size_t)room * row->item_bytes);
		if (items == NULL) {
			r->error = -ENOMEM;
			return NULL;
		}
		if (row->count != 0)
			memcpy(items, row->items, (size_t)row->count * row->item_bytes);
		row->items = items;
		row->room = room;
	}
	return (char *)row->items + (size_t)row->count++ * row->item_bytes;
}

static bool is_good(const struct reader *r)
{
	return r->error == 0 && !r->scan.is_bad;
}

static struct slice decoded(struct reader *r, struct slice quoted)
{
	if (!json_has_escape(quoted))
		return json_inside(quoted);
	char *text = arena_take(r->arena, quoted.n);
	if (text == NULL) {
		r->error = -ENOMEM;
		return (struct slice){NULL, 0};
	}
	ptrdiff_t n = json_decode(quoted, text, quoted.n);
	ensure(n >= 0);
	return (struct slice){text, (size_t)n};
}

static struct slice decoded_string(struct reader *r, struct json_value value)
{
	if (value.kind != JSON_KIND_STRING)
		return (struct slice){NULL, 0};
	return decoded(r, value.raw);
}

/* -- finding by name: open addressing, at most half full -- */

static uint32_t slot_of(struct slice name, uint32_t slot_count)
{
	return (uint32_t)hash_keyed(name.p, name.n) & (slot_count - 1);
}

static uint32_t *find_node(const struct prompt_body *body, struct slice id)
{
	uint32_t at = slot_of(id, body->slot_count);
	while (body->slots[at] != 0 && !slice_is(body->nodes[body->slots[at] - 1].id, id))
		at = (at + 1) & (body->slot_count - 1);
	return &body->slots[at];
}

static bool make_slots(struct reader *r, uint32_t count)
{
	struct prompt_body *body = r->body;
	body->slots = arena_zero(r->arena, count * sizeof(*body->slots));
	if (body->slots == NULL) {
		r->error = -ENOMEM;
		return false;
	}
	body->slot_count = count;
	for (uint32_t i = 0; i < body->node_count; i++)
		*find_node(body, body->nodes[i].id) = i + 1;
	return true;
}

const struct graph_node *graph_find(const struct prompt_body *body, struct slice id)
{
	if (body->slots != NULL) {
		uint32_t at = *find_node(body, id);
		return at == 0 ? NULL : &body->nodes[at - 1];
	}
	for (uint32_t i = 0; i < body->node_count; i++)
		if (slice_is(body->nodes[i].id, id))
			return &body->nodes[i];
	return NULL;
}

const struct graph_input *graph_input(const struct graph_node *node, const char *name)
{
	struct slice wanted = slice_of(name);
	for (uint32_t i = 0; i < node->input_count; i++)
		if (slice_is(node->inputs[i].name, wanted))
			return &node->inputs[i];
	return NULL;
}

/* -- inputs -- */

static struct graph_input *find_few(struct graph_input *inputs, uint32_t count, struct slice name)
{
	for (uint32_t i = 0; i < count; i++)
		if (slice_is(inputs[i].name, name))
			return &inputs[i];
	return NULL;
}

/* Of inputs with one name the last, in the place of the first. Returns how many are left. */
static uint32_t unite_few(struct graph_input *inputs, uint32_t count)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct graph_input *same = find_few(inputs, kept, inputs[i].name);
		if (same == NULL)
			same = &inputs[kept++];
		if (same != &inputs[i])
			*same = inputs[i];
	}
	return kept;
}

static uint32_t unite_many(struct reader *r, struct graph_input *inputs, uint32_t count)
{
	uint32_t slot_count = 1;
	while (slot_count < count * 2)
		slot_count *= 2;
	if (r->slots.room < slot_count) {
		r->slots.items = arena_take(r->arena, slot_count * sizeof(uint32_t));
		if (r->slots.items == NULL) {
			r->error = -ENOMEM;
			return 0;
		}
		r->slots.room = slot_count;
	}
	uint32_t *slots = r->slots.items;
	uint32_t kept = 0;
	memset(slots, 0, slot_count * sizeof(*slots));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = slot_of(inputs[i].name, slot_count);
		while (slots[at] != 0 && !slice_is(inputs[slots[at] - 1].name, inputs[i].name))
			at = (at + 1) & (slot_count - 1);
		if (slots[at] == 0)
			slots[at] = ++kept;
		if (slots[at] - 1 != i)
			inputs[slots[at] - 1] = inputs[i];
	}
	return kept;
}

static void read_link(struct reader *r, struct graph_input *input)
{
	struct json_scan scan;
	struct json_value id;
	struct json_value output;
	struct json_value more;
	if (input->value.kind != JSON_KIND_ARRAY || input->value.raw.n > LINK_BYTES_MOST)
		return;
	json_walk(&scan, input->value);
	if (!json_item(&scan, &id) || id.kind != JSON_KIND_STRING || !json_item(&scan, &output) ||
		!json_int64(output, &input->from_output) || json_item(&scan, &more))
		return;
	input->is_link = true;
	input->from = decoded(r, id.raw);
}

static void read_inputs(struct reader *r, struct graph_node *node)
{
	struct slice name;
	node->has_inputs = false;
	node->inputs = NULL;
	node->input_count = 0;
	if (!json_enter(&r->scan, JSON_KIND_OBJECT)) {
		struct json_value other;
		(void)!json_take(&r->scan, &other);
		return;
	}
	node->has_inputs = true;
	r->inputs.count = 0;
	while (json_name(&r->scan, &name)) {
		struct graph_input *input = row_add(r, &r->inputs);
		if (input == NULL)
			return;
		*input = (struct graph_input){.name = decoded(r, name)};
		if (!json_take(&r->scan, &input->value) || r->error != 0)
			return;
		input->text = decoded_string(r, input->value);
		read_link(r, input);
	}
	uint32_t count = r->inputs.count;
	if (!is_good(r) || count == 0)
		return;
	count = count <= FEW_INPUTS ? unite_few(r->inputs.items, count)
				    : unite_many(r, r->inputs.items, count);
	r->input_count += count;
	if (r->input_count > GRAPH_INPUTS_MOST)
		r->error = -E2BIG;
	if (r->error != 0)
		return;
	node->inputs = arena_take(r->arena, count * sizeof(*node->inputs));
	if (node->inputs == NULL) {
		r->error = -ENOMEM;
		return;
	}
	memcpy(node->inputs, r->inputs.items, count * sizeof(*node->inputs));
	node->input_count = count;
}

/* -- nodes -- */

static void read_node(struct reader *r, struct graph_node *node)
{
	struct slice name;
	struct json_value value;
	if (!json_enter(&r->scan, JSON_KIND_OBJECT)) {
		(void)!json_take(&r->scan, &value);
		return;
	}
	node->is_object = true;
	while (is_good(r) && json_name(&r->scan, &name)) {
		if (json_is_text(name, SLICE("inputs"))) {
			read_inputs(r, node);
		} else if (!json_take(&r->scan, &value)) {
			return;
		} else if (json_is_text(name, SLICE("class_type"))) {
			node->class_type = decoded_string(r, value);
		} else if (json_is_text(name, SLICE("_meta"))) {
			struct json_value title;
			node->title = (struct slice){NULL, 0};
			if (json_find(value, "title", &title))
				node->title = decoded_string(r, title);
		}
	}
}

static void keep_node(struct reader *r, const struct graph_node *node)
{
	struct prompt_body *body = r->body;
	if ((body->node_count + 1) * 2 > body->slot_count &&
		!make_slots(r, body->slot_count == 0 ? SLOTS_AT_FIRST : body->slot_count * 2))
		return;
	uint32_t *slot = find_node(body, node->id);
	if (*slot != 0) {
		body->nodes[*slot - 1] = *node;
		return;
	}
	struct graph_node *kept = row_add(r, &r->nodes);
	if (kept == NULL)
		return;
	*kept = *node;
	body->nodes = r->nodes.items;
	body->node_count = r->nodes.count;
	*slot = body->node_count;
}

static void read_prompt(struct reader *r)
{
	struct prompt_body *body = r->body;
	struct slice name;
	body->has_prompt = true;
	/* There may have been another one before. */
	r->nodes.count = body->node_count = r->input_count = 0;
	if (body->slots != NULL)
		memset(body->slots, 0, body->slot_count * sizeof(*body->slots));
	if (!json_enter(&r->scan, JSON_KIND_OBJECT)) {
		(void)!json_take(&r->scan, &body->prompt);
		return;
	}
	const char *began = r->scan.p - 1;
	while (is_good(r) && json_name(&r->scan, &name)) {
		struct graph_node node = {.id = decoded(r, name)};
		if (r->error == 0)
			read_node(r, &node);
		if (is_good(r))
			keep_node(r, &node);
	}
	body->prompt = (struct json_value){JSON_KIND_OBJECT, {began, (size_t)(r->scan.p - began)}};
}

/* -- the body -- */

static void see_member(struct reader *r, struct slice name, struct json_value value)
{
	struct prompt_body *body = r->body;
	if (json_is_text(name, SLICE("extra_data"))) {
		body->extra_data = value;
	} else if (json_is_text(name, SLICE("client_id"))) {
		body->client_id = decoded_string(r, value);
	} else if (json_is_text(name, SLICE("prompt_id"))) {
		body->prompt_id = decoded_string(r, value);
		body->has_prompt_id = value.kind != JSON_KIND_NULL;
	} else if (json_is_text(name, SLICE("number"))) {
		body->number = value;
	} else if (json_is_text(name, SLICE("front"))) {
		body->front = json_is_truthy(value);
	} else if (json_is_text(name, SLICE("partial_execution_targets"))) {
		body->targets = value;
	}
}

static void keep_member(struct reader *r, struct slice name, struct json_value value)
{
	struct prompt_member *members = r->members.items;
	struct slice text = decoded(r, name);
	for (uint32_t i = 0; i < r->members.count && text.p != NULL; i++) {
		if (json_is_text(members[i].name, text)) {
			members[i].value = value;
			return;
		}
	}
	struct prompt_member *member = text.p == NULL ? NULL : row_add(r, &r->members);
	if (member != NULL)
		*member = (struct prompt_member){name, value};
}

static void read_root(struct reader *r)
{
	struct slice name;
	struct json_value value;
	while (is_good(r) && json_name(&r->scan, &name)) {
		if (json_is_text(name, SLICE("prompt"))) {
			read_prompt(r);
			value = r->body->prompt;
		} else if (json_take(&r->scan, &value)) {
			see_member(r, name, value);
		}
		if (is_good(r))
			keep_member(r, name, value);
	}
}

int prompt_body_read(struct prompt_body *ret_body, struct slice text, struct arena *arena)
{
	static const struct json_value none = {JSON_KIND_NULL, {NULL, 0}};
	struct reader r = {
		.arena = arena,
		.body = ret_body,
		.members = {.most = GRAPH_MEMBERS_MOST, .item_bytes = sizeof(struct prompt_member)},
		.nodes = {.most = GRAPH_NODES_MOST, .item_bytes = sizeof(struct graph_node)},
		.inputs = {.most = GRAPH_INPUTS_MOST, .item_bytes = sizeof(struct graph_input)},
	};
	*ret_body = (struct prompt_body){
		.prompt = none, .extra_data = none, .targets = none, .number = none};
	json_scan_start(&r.scan, text);
	if (!json_enter(&r.scan, JSON_KIND_OBJECT))
		return -EINVAL;
	const char *began = r.scan.p - 1;
	read_root(&r);
	const char *behind = r.scan.p;
	if (r.error != 0)
		return r.error;
	if (!json_is_whole(&r.scan))
		return -EINVAL;
	ret_body->root = (struct json_value){JSON_KIND_OBJECT, {began, (size_t)(behind - began)}};
	ret_body->members = r.members.items;
	ret_body->member_count = r.members.count;
	return 0;
}
