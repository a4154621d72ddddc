#include "conf/spread.h"

#include "conf/names.h"

#include <stdio.h>

struct same {
	uint32_t count;
};

/* NULL: no memory. */
static const char *name_of(
	struct arena *arena, struct conf_names *taken, const struct conf_node *node)
{
	char text[ADDR_TEXT];
	if (node->addr.len == 0)
		return "";
	addr_format(&node->addr, text);
	size_t n = strlen(text), room = n + sizeof("#4294967295");
	char *name = arena_take(arena, room);
	struct same *first = arena_zero(arena, sizeof(*first));
	if (name == NULL || first == NULL)
		return NULL;
	memcpy(name, text, n + 1);
	first->count = 1;
	struct same *same = (struct same *)conf_names_put(taken, (struct slice){name, n}, first);
	if (same == NULL)
		return name;
	char *second = arena_take(arena, room);
	if (second != NULL)
		(void)snprintf(second, room, "%s#%u", text, ++same->count);
	return second;
}

bool conf_name_nodes(struct arena *arena, struct conf_pool *pool)
{
	struct conf_names taken;
	if (!conf_names_init(&taken, arena, pool->node_count))
		return false;
	for (uint32_t i = 0; i < pool->node_count; i++) {
		pool->nodes[i].node_id = name_of(arena, &taken, &pool->nodes[i]);
		if (pool->nodes[i].node_id == NULL)
			return false;
	}
	return true;
}

bool conf_spread_nodes(struct arena *arena, struct conf_pool *pool,
	struct conf_found (*find)(const char *host, void *arg), void *arg)
{
	uint32_t count = 0, at = 0;
	for (uint32_t i = 0; i < pool->node_count; i++) {
		const struct conf_node *node = &pool->nodes[i];
		struct conf_found found = {NULL, 0};
		if (node->addr.len == 0)
			found = find(node->host, arg);
		count += found.count == 0 ? 1 : found.count;
	}
	struct conf_node *nodes = arena_zero(arena, (count + 1) * sizeof(*nodes));
	if (nodes == NULL)
		return false;
	for (uint32_t i = 0; i < pool->node_count; i++) {
		const struct conf_node *node = &pool->nodes[i];
		struct conf_found found = {NULL, 0};
		if (node->addr.len == 0)
			found = find(node->host, arg);
		if (found.count == 0)
			nodes[at++] = *node;
		for (uint32_t k = 0; k < found.count; k++) {
			nodes[at] = *node;
			nodes[at].addr = found.addrs[k];
			addr_set_port(&nodes[at++].addr, node->port);
		}
	}
	pool->nodes = nodes;
	pool->node_count = at;
	return conf_name_nodes(arena, pool);
}
