/*
 * comfy/spool_table.c - names and objects by hash.
 */
#include "comfy/spool_parts.h"

#include <stdlib.h>

#define BUCKETS_FIRST 64

bool spool_table_init(struct spool_table *table)
{
	table->buckets = calloc(BUCKETS_FIRST, sizeof(struct spool_link *));
	table->mask = BUCKETS_FIRST - 1;
	return table->buckets != NULL;
}

void spool_table_finish(struct spool_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

static void grow(struct spool_table *table)
{
	size_t count = (table->mask + 1) * 2;
	struct spool_link **buckets = calloc(count, sizeof(struct spool_link *));
	if (buckets == NULL)
		return;
	for (size_t i = 0; i <= table->mask; i++) {
		struct spool_link *next;
		for (struct spool_link *link = table->buckets[i]; link != NULL; link = next) {
			struct spool_link **bucket = &buckets[link->hash & (count - 1)];
			next = link->next;
			link->next = *bucket;
			*bucket = link;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->mask = count - 1;
}

void spool_table_put(struct spool_table *table, struct spool_link *link, size_t count)
{
	if (count > table->mask)
		grow(table);
	struct spool_link **bucket = &table->buckets[link->hash & table->mask];
	link->next = *bucket;
	*bucket = link;
}

void spool_table_take(struct spool_table *table, struct spool_link *link)
{
	struct spool_link **at = &table->buckets[link->hash & table->mask];
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
}
