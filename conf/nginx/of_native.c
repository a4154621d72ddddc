#include "conf/nginx/native.h"

#include <stdio.h>
#include <stdlib.h>

struct nodes {
	struct ngx_node *items; /* owned */
	uint32_t count, room;
};

struct reading {
	struct arena *arena;
	struct ngx_tree *tree;
	bool has_failed; /* there is an error node, or no memory */
	bool is_out_of_memory;
};

bool ngx_is_native(const struct conf_raw *root)
{
	const struct conf_raw *http = conf_raw_member(root, "http");
	return http != NULL && http->kind == CONF_RAW_GROUP;
}

static void fail_memory(struct reading *r)
{
	r->has_failed = r->is_out_of_memory = true;
}

static const char *copy(struct reading *r, const char *text)
{
	const char *made = arena_copy(r->arena, text, strlen(text));
	if (made == NULL)
		fail_memory(r);
	return made;
}

static struct ngx_node *push(struct reading *r, struct nodes *nodes, const struct conf_raw *at)
{
	if (nodes->count == nodes->room) {
		uint32_t room = nodes->room * 2 + 16;
		struct ngx_node *items = realloc(nodes->items, room * sizeof(*items));
		if (items == NULL) {
			fail_memory(r);
			return NULL;
		}
		nodes->items = items;
		nodes->room = room;
	}
	struct ngx_node *node = &nodes->items[nodes->count++];
	*node = (struct ngx_node){
		.name = "", .place = at->place, .column = 1, .end_line = at->place.line};
	return node;
}

static void fail(struct reading *r, struct nodes *nodes, const struct conf_raw *at,
	const char *name, const char *what)
{
	char text[256];
	struct ngx_node *node = r->has_failed ? NULL : push(r, nodes, at);
	if (node == NULL)
		return;
	(void)snprintf(text, sizeof(text), "\"%.100s\" %s", name, what);
	node->error = copy(r, text);
	node->error_level = LOG_EMERG;
	r->has_failed = r->tree->has_error = true;
}

/* What is kept of the items moves into the arena. */
static const struct ngx_node *seal(struct reading *r, struct nodes *nodes, uint32_t *ret_count)
{
	struct ngx_node *made = arena_take(r->arena, nodes->count * sizeof(*made));
	if (made == NULL)
		fail_memory(r);
	else if (nodes->count != 0)
		memcpy(made, nodes->items, nodes->count * sizeof(*made));
	*ret_count = nodes->count;
	free(nodes->items);
	*nodes = (struct nodes){NULL, 0, 0};
	return made;
}

static bool is_scalar(const struct conf_raw *raw)
{
	return raw->kind != CONF_RAW_GROUP && raw->kind != CONF_RAW_LIST;
}

static const char *text_of(struct reading *r, const struct conf_raw *raw)
{
	char text[64];
	switch (raw->kind) {
	case CONF_RAW_TEXT:
		return copy(r, raw->u.text);
	case CONF_RAW_BOOL:
		return raw->u.truth ? "on" : "off";
	case CONF_RAW_INT:
		(void)snprintf(text, sizeof(text), "%lld", (long long)raw->u.whole);
		break;
	default:
		(void)snprintf(text, sizeof(text), "%.15g", raw->u.fraction);
	}
	return copy(r, text);
}

/* Whether they all are values. */
static bool are_scalars(const struct conf_raw *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (!is_scalar(&list->u.members[i]))
			return false;
	}
	return true;
}

/* The values of a list from `first` on, or the one that `from` is. */
static bool set_args(
	struct reading *r, struct ngx_node *node, const struct conf_raw *from, uint32_t first)
{
	const struct conf_raw *items = is_scalar(from) ? from : from->u.members;
	uint32_t count = is_scalar(from) ? 1 : from->count;
	const char **args = arena_take(r->arena, count * sizeof(*args));
	if (args == NULL) {
		fail_memory(r);
		return false;
	}
	for (uint32_t i = first; i < count; i++) {
		args[i - first] = text_of(r, &items[i]);
		if (args[i - first] == NULL)
			return false;
	}
	node->args = args;
	node->arg_count = count - first;
	return true;
}

static bool set_name(struct reading *r, struct ngx_node *node, const char *name)
{
	node->name = copy(r, name);
	node->name_bytes = (uint32_t)strlen(name);
	return node->name != NULL;
}

static void add_members(struct reading *r, struct nodes *nodes, const struct conf_raw *group);

static void add_simple(
	struct reading *r, struct nodes *nodes, const char *name, const struct conf_raw *value)
{
	struct ngx_node node = {.name = ""};
	if (!set_name(r, &node, name) || !set_args(r, &node, value, 0))
		return;
	struct ngx_node *to = push(r, nodes, value);
	if (to == NULL)
		return;
	to->name = node.name;
	to->name_bytes = node.name_bytes;
	to->args = node.args;
	to->arg_count = node.arg_count;
}

static void add_block(
	struct reading *r, struct nodes *nodes, const char *name, const struct conf_raw *group)
{
	struct nodes inner = {NULL, 0, 0};
	struct ngx_node block = {.place = group->place,
		.column = 1,
		.end_line = group->place.line,
		.is_block = true};
	const struct conf_raw *args = conf_raw_member(group, "args");
	if (!set_name(r, &block, name))
		return;
	if (args != NULL && !is_scalar(args) &&
		(args->kind == CONF_RAW_GROUP || !are_scalars(args)))
		fail(r, &inner, args, "args", "must be a list of values");
	else if (args != NULL && !set_args(r, &block, args, 0))
		return;
	if (!r->has_failed)
		add_members(r, &inner, group);
	block.children = seal(r, &inner, &block.child_count);
	struct ngx_node *to = block.children == NULL ? NULL : push(r, nodes, group);
	if (to != NULL)
		*to = block;
}

static void add_value(
	struct reading *r, struct nodes *nodes, const char *name, const struct conf_raw *value)
{
	if (value->kind == CONF_RAW_GROUP)
		add_block(r, nodes, name, value);
	else if (is_scalar(value) || are_scalars(value))
		add_simple(r, nodes, name, value);
	else
		fail(r, nodes, value, name, "has lists in a list of lists");
}

/* One or several directives of one name. */
static void add_named(
	struct reading *r, struct nodes *nodes, const char *name, const struct conf_raw *value)
{
	if (value->kind != CONF_RAW_LIST || are_scalars(value)) {
		add_value(r, nodes, name, value);
		return;
	}
	for (uint32_t i = 0; i < value->count && !r->has_failed; i++)
		add_value(r, nodes, name, &value->u.members[i]);
}

static void add_pairs(struct reading *r, struct nodes *nodes, const struct conf_raw *pairs)
{
	if (pairs->kind != CONF_RAW_LIST) {
		fail(r, nodes, pairs, "pairs", "must be a list of lists");
		return;
	}
	for (uint32_t i = 0; i < pairs->count && !r->has_failed; i++) {
		const struct conf_raw *pair = &pairs->u.members[i];
		if (pair->kind != CONF_RAW_LIST || pair->count == 0 || !are_scalars(pair)) {
			fail(r, nodes, pair, "pairs", "must be a list of lists");
			return;
		}
		struct ngx_node node = {.name = ""};
		const char *name = text_of(r, &pair->u.members[0]);
		if (name == NULL || !set_name(r, &node, name) || !set_args(r, &node, pair, 1))
			return;
		struct ngx_node *to = push(r, nodes, pair);
		if (to == NULL)
			return;
		to->name = node.name;
		to->name_bytes = node.name_bytes;
		to->args = node.args;
		to->arg_count = node.arg_count;
	}
}

static void add_ordered(struct reading *r, struct nodes *nodes, const struct conf_raw *list)
{
	if (list->kind != CONF_RAW_LIST) {
		fail(r, nodes, list, "ordered", "must be a list of groups");
		return;
	}
	for (uint32_t i = 0; i < list->count && !r->has_failed; i++) {
		const struct conf_raw *group = &list->u.members[i];
		if (group->kind != CONF_RAW_GROUP)
			fail(r, nodes, group, "ordered", "must be a list of groups");
		else
			add_members(r, nodes, group);
	}
}

/* Recursion is bounded: conf/flatten.c lets only so many brackets through. */
static void add_members(struct reading *r, struct nodes *nodes, const struct conf_raw *group)
{
	for (uint32_t i = 0; i < group->count && !r->has_failed; i++) {
		const struct conf_raw *member = &group->u.members[i];
		if (strcmp(member->name, "ordered") == 0)
			add_ordered(r, nodes, member);
		else if (strcmp(member->name, "pairs") == 0)
			add_pairs(r, nodes, member);
		else if (strcmp(member->name, "args") != 0)
			add_named(r, nodes, member->name, member);
	}
}

struct ngx_tree *ngx_of_native(struct arena *arena, const struct conf_raw *root)
{
	struct nodes nodes = {NULL, 0, 0};
	struct ngx_tree *tree = arena_zero(arena, sizeof(*tree));
	struct reading r = {.arena = arena, .tree = tree};
	if (tree == NULL)
		return NULL;
	add_members(&r, &nodes, root);
	tree->nodes = seal(&r, &nodes, &tree->count);
	return r.is_out_of_memory ? NULL : tree;
}
