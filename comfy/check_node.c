/*
 * comfy/check_node.c - from an output down to all that it hangs on, each node once.
 *
 *   UNSEEN --> OPEN (its own inputs are checked, what is below it is being visited) --> CLOSED
 *                '--> met again while open: a cycle
 *
 * A chain may be as long as the graph, so the way back is in the nodes and not on the stack.
 */
#include "comfy/check_parts.h"

#include <stdlib.h>

#define NO_NODE UINT32_MAX
/* Of a longer cycle the beginning is told. */
#define CYCLE_TOLD_MOST 50

void check_add_below(struct check *check, uint32_t node)
{
	if (check->below_count == check->below_room) {
		uint32_t room = check->below_room == 0 ? 64 : check->below_room * 2;
		uint32_t *below = realloc(check->below, room * sizeof(*below));
		if (below == NULL) {
			check->is_short = true;
			return;
		}
		check->below = below;
		check->below_room = room;
	}
	check->below[check->below_count++] = node;
}

static struct slice keep(struct check *check, const struct text *text)
{
	if (text->n == 0)
		return (struct slice){NULL, 0};
	char *copy = arena_copy(&check->arena, text->p, text->n);
	if (copy == NULL)
		check->is_short = true;
	return (struct slice){copy, copy == NULL ? 0 : text->n};
}

static void keep_errors(struct check *check, struct check_node *node)
{
	check->is_short = check->is_short || check->errors.is_short || check->told.is_short;
	node->errors = keep(check, &check->errors);
	node->told = keep(check, &check->told);
	check->errors.n = check->told.n = 0;
}

static void open_node(struct check *check, uint32_t index, uint32_t parent)
{
	struct check_node *node = &check->nodes[index];
	node->state = CHECK_OPEN;
	node->parent = parent;
	check->below_count = 0;
	size_t said = check->said;
	check_inputs(check, index);
	/* When enough was said, errors have no text any more. */
	node->is_wrong = check->errors.n != 0 || said > CHECK_ANSWER_BYTES;
	keep_errors(check, node);
	if (check->below_count == 0)
		return;
	size_t bytes = check->below_count * sizeof(*node->below);
	node->below = arena_take(&check->arena, bytes);
	if (node->below == NULL) {
		check->is_short = true;
		return;
	}
	memcpy(node->below, check->below, bytes);
	node->below_count = check->below_count;
}

static void put_slice(struct text *text, struct slice slice)
{
	text_put(text, slice.p, slice.n);
}

/* From `top`, which leads back to `first`: they are all open. */
static void say_cycle(struct check *check, uint32_t first, uint32_t top)
{
	const struct graph_node *nodes = check->body->nodes;
	/* Nor is the way back walked any more. */
	if (check->said > CHECK_ANSWER_BYTES)
		return;
	uint32_t way[CYCLE_TOLD_MOST];
	uint32_t count = 0;
	for (uint32_t at = top;; at = check->nodes[at].parent) {
		memmove(way + 1, way, min_size(count, CYCLE_TOLD_MOST - 1) * sizeof(*way));
		way[0] = at;
		count = count < CYCLE_TOLD_MOST ? count + 1 : count;
		if (at == first)
			break;
	}
	struct text details;
	struct text extra;
	text_init(&details, 256);
	text_init(&extra, 256);
	text_puts(&extra, ", \"cycle_nodes\": [");
	for (uint32_t i = 0; i <= count; i++) {
		const struct graph_node *node = &nodes[way[i % count]];
		text_puts(&details, i == 0 ? "" : " -> ");
		put_slice(&details, node->id);
		text_puts(&details, " (");
		put_slice(&details, node->class_type);
		text_puts(&details, ")");
		if (i == count)
			break;
		text_puts(&extra, i == 0 ? "" : ", ");
		json_put_text(&extra, node->id);
	}
	text_puts(&extra, "]}");
	for (uint32_t i = 0; i < count && check->said <= CHECK_ANSWER_BYTES; i++) {
		struct text own;
		text_init(&own, extra.n + 64);
		text_puts(&own, "{\"node_id\": ");
		json_put_text(&own, nodes[way[i]].id);
		text_put(&own, extra.p, extra.n);
		check_put_error(&check->errors, "dependency_cycle",
			SLICE("Dependency cycle detected"), (struct slice){details.p, details.n},
			(struct slice){own.p, own.n});
		text_puts(&check->told, "Dependency cycle detected: ");
		text_put(&check->told, details.p, details.n);
		check->said += check->errors.n + check->told.n;
		check->is_short = check->is_short || own.is_short;
		keep_errors(check, &check->nodes[way[i]]);
		text_finish(&own);
	}
	check->is_short = check->is_short || details.is_short || extra.is_short;
	text_finish(&details);
	text_finish(&extra);
}

static void close_node(struct check *check, uint32_t index)
{
	struct check_node *node = &check->nodes[index];
	node->state = CHECK_CLOSED;
	node->output = check->output;
	check->closed[check->closed_count++] = index;
	if (node->is_wrong && node->parent != NO_NODE)
		check->nodes[node->parent].is_wrong = true;
}

bool check_visit(struct check *check, uint32_t index)
{
	if (check->nodes[index].state == CHECK_UNSEEN)
		open_node(check, index, NO_NODE);
	else
		return !check->nodes[index].is_wrong;
	for (uint32_t at = index; at != NO_NODE && !check->is_short;) {
		struct check_node *node = &check->nodes[at];
		if (node->next == node->below_count) {
			close_node(check, at);
			at = node->parent;
			continue;
		}
		uint32_t below = node->below[node->next++];
		switch (check->nodes[below].state) {
		case CHECK_UNSEEN:
			open_node(check, below, at);
			at = below;
			break;
		case CHECK_OPEN:
			node->is_wrong = true;
			say_cycle(check, below, at);
			break;
		case CHECK_CLOSED:
			node->is_wrong = node->is_wrong || check->nodes[below].is_wrong;
			break;
		}
	}
	return !check->nodes[index].is_wrong;
}
