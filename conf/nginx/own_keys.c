/*
 * conf/nginx/own_keys.c - keys of a libconfig file in nginx's spelling.
 *
 *   max_queue 100;   rerun_lost off;   page_ping 20s;   journal { path j.db; sync full; }
 *        |                 |                |                         |
 *        '-- the key's kind says what the text is --> conf_raw --> conf_keys_read: bounds, words
 */
#include "conf/nginx/own.h"

#include <stdlib.h>

static bool make_raw(struct ngx_build *b, const struct ngx_node *node, const struct conf_key *key,
	struct conf_raw *ret);

static const struct conf_key *find(const struct conf_group *group, const char *name)
{
	for (uint32_t i = 0; i < group->count; i++) {
		if (strcmp(group->keys[i].name, name) == 0)
			return &group->keys[i];
	}
	return NULL;
}

static bool make_group(struct ngx_build *b, const struct ngx_node *node,
	const struct conf_group *group, struct conf_raw *ret)
{
	if (!node->is_block)
		return ngx_fail(b, node, "directive \"%s\" has no opening \"{\"", node->name);
	struct conf_raw *members = arena_zero(b->arena, (node->child_count + 1) * sizeof(*members));
	if (members == NULL)
		return ngx_no_memory(b);
	ret->kind = CONF_RAW_GROUP;
	ret->u.members = members;
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct ngx_node *child = &node->children[i];
		if (child->error != NULL)
			return ngx_fail(b, child, "%s", child->error);
		const struct conf_key *key = find(group, child->name);
		if (key == NULL)
			return ngx_fail(b, child, "unknown directive \"%s\"", child->name);
		if (!make_raw(b, child, key, &members[ret->count++]))
			return false;
	}
	return true;
}

static bool make_list(struct ngx_build *b, const struct ngx_node *node, struct conf_raw *ret)
{
	struct conf_raw *members = arena_zero(b->arena, (node->arg_count + 1) * sizeof(*members));
	if (members == NULL)
		return ngx_no_memory(b);
	ret->kind = CONF_RAW_LIST;
	ret->count = node->arg_count;
	ret->u.members = members;
	for (uint32_t i = 0; i < node->arg_count; i++)
		members[i] = (struct conf_raw){
			.place = node->place, .kind = CONF_RAW_TEXT, .u.text = node->args[i]};
	return true;
}

static bool make_number(const char *text, enum conf_kind kind, struct conf_raw *ret)
{
	uint64_t n = 0;
	char *end;
	bool is_negative = text[0] == '-' && kind == CONF_WHOLE;
	ret->kind = CONF_RAW_INT;
	switch (kind) {
	case CONF_SECONDS:
		ret->kind = CONF_RAW_FLOAT;
		if (!ngx_parse_ms(text, &n))
			return false;
		ret->u.fraction = (double)n / 1000;
		return true;
	case CONF_BYTES:
		if (!ngx_parse_offset(text, &n) || n > INT64_MAX)
			return false;
		break;
	case CONF_FACTOR:
		ret->kind = CONF_RAW_FLOAT;
		ret->u.fraction = strtod(text, &end);
		return end != text && *end == '\0';
	default:
		if (!ngx_parse_number(text + is_negative, INT64_MAX, &n))
			return false;
	}
	ret->u.whole = is_negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool make_raw(struct ngx_build *b, const struct ngx_node *node, const struct conf_key *key,
	struct conf_raw *ret)
{
	*ret = (struct conf_raw){
		.name = key->name, .place = node->place, .kind = CONF_RAW_TEXT, .u.text = ""};
	if (key->kind == CONF_GROUP)
		return make_group(b, node, key->inner, ret);
	if (node->is_block)
		return ngx_fail(b, node, "directive \"%s\" is not terminated by \";\"", node->name);
	bool is_list = key->kind == CONF_TEXTS || key->kind == CONF_WORDS;
	if (is_list ? node->arg_count == 0 : node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	if (is_list)
		return make_list(b, node, ret);
	ret->u.text = node->args[0];
	switch (key->kind) {
	case CONF_BOOL:
		ret->kind = CONF_RAW_BOOL;
		ret->u.truth = strcasecmp(node->args[0], "on") == 0;
		return ret->u.truth || strcasecmp(node->args[0], "off") == 0 ||
		       ngx_fail(b, node,
			       "invalid value \"%s\" in \"%s\" directive, it must be \"on\" or "
			       "\"off\"",
			       node->args[0], node->name);
	case CONF_WHOLE:
	case CONF_SECONDS:
	case CONF_BYTES:
	case CONF_FACTOR:
		return make_number(node->args[0], key->kind, ret) ||
		       ngx_wrong(b, node, "invalid value");
	default:
		return true;
	}
}

bool ngx_own_key(struct ngx_build *b, const struct ngx_node *word, const struct conf_group *group,
	void *ret_fields, bool *ret_is_known)
{
	const struct conf_key *found = find(group, word->name);
	struct conf_raw raw;
	uint32_t before = b->problems->count;
	*ret_is_known = found != NULL && found->kind != CONF_HOLE;
	if (!*ret_is_known)
		return true;
	if (!make_raw(b, word, found, &raw))
		return false;
	/* What the rest of the group requires was said elsewhere. */
	struct conf_key key = *found;
	key.is_required = false;
	const struct conf_group alone = {.name = group->name, .keys = &key, .count = 1};
	const struct conf_raw whole = {
		.place = word->place, .kind = CONF_RAW_GROUP, .count = 1, .u.members = &raw};
	struct conf_builder builder = {
		.arena = b->arena, .problems = b->problems, .rules = b->rules, .prefix = b->prefix};
	conf_keys_read(&builder, &alone, &whole, ret_fields, NULL);
	if (builder.is_out_of_memory)
		return ngx_no_memory(b);
	b->has_failed = b->has_failed || b->problems->count != before;
	return !b->has_failed;
}
