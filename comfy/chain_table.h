/*
 * comfy/chain_table.h - a hash table of nodes that live inside their owners. Pure.
 *
 *   for (struct chain_node *node = chain_first(&table, hash); node != NULL; node = node->next)
 *           if (node->hash == hash && ...)
 */
#ifndef COMFY_CHAIN_TABLE_H
#define COMFY_CHAIN_TABLE_H

#include "base/base.h"

struct chain_node {
	struct chain_node *next; /* borrowed: in the same bucket */
	uint64_t hash;           /* the owner's to set */
};

struct chain_table {
	struct chain_node **buckets; /* owned, [mask + 1] */
	size_t mask, count;
};

bool chain_init(struct chain_table *table) MUST_CHECK;
/* The nodes are their owners'. Legal for a table of zeros. */
void chain_finish(struct chain_table *table);
/* Grows when it is full, if there is memory for that; never fails. */
void chain_put(struct chain_table *table, struct chain_node *node);
/* The node must be in it. */
void chain_take(struct chain_table *table, struct chain_node *node);

static inline struct chain_node *chain_first(const struct chain_table *table, uint64_t hash)
{
	return table->buckets[hash & table->mask];
}

#endif
