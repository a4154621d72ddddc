#include "comfy/chain_table.h"

#include <stdlib.h>

#define BUCKETS_FIRST 64

bool chain_init(struct chain_table *table)
{
	table->buckets = calloc(BUCKETS_FIRST, sizeof(struct chain_node *));
	table->mask = BUCKETS_FIRST - 1;
	return table->buckets != NULL;
}

void chain_finish(struct chain_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

static void grow(struct chain_table *table)
{
	size_t count = (table->mask + 1) * 2;
	struct chain_node **buckets = calloc(count, sizeof(struct chain_node *));
	if (buckets == NULL)
		return;
	for (size_t i = 0; i <= table->mask; i++) {
		struct chain_node *next;
		for (struct chain_node *node = table->buckets[i]; node != NULL; node = next) {
			struct chain_node **bucket = &buckets[node->hash & (count - 1)];
			next = node->next;
			node->next = *bucket;
			*bucket = node;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->mask = count - 1;
}

void chain_put(struct chain_table *table, struct chain_node *node)
{
	if (++table->count > table->mask)
		grow(table);
	struct chain_node **bucket = &table->buckets[node->hash & table->mask];
	node->next = *bucket;
	*bucket = node;
}

void chain_take(struct chain_table *table, struct chain_node *node)
{
	struct chain_node **at = &table->buckets[node->hash & table->mask];
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	table->count--;
}
