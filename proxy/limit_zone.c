#include "proxy/limit_parts.h"

#include "base/hash.h"

#include <stdlib.h>

#define PAGE 4096
/* What nginx's slab keeps of a zone for itself. */
#define OWN_PAGES 3
/* nginx's nodes without their key, on a 64-bit machine. */
#define NODE_REQ 80
#define NODE_CONN 36
#define BUCKETS_MOST (UINT32_C(1) << 20)

static struct list all = {&all, &all};

/* A slab has pieces of 8, 16, 32 ... octets. */
static uint64_t piece_bytes(const struct limit_zone *zone, size_t key_n)
{
	uint64_t wanted = key_n + (zone->kind == CONF_ZONE_REQ ? NODE_REQ : NODE_CONN);
	uint64_t piece = 8;
	if (wanted > PAGE / 2)
		return (wanted + PAGE - 1) / PAGE * PAGE;
	while (piece < wanted)
		piece *= 2;
	return piece;
}

static bool is_the_same(const struct limit_zone *zone, const struct conf_zone *conf)
{
	return zone->kind == conf->kind && zone->bytes == conf->bytes &&
	       strcmp(zone->name, conf->name) == 0 &&
	       slice_is(slice_of(zone->key_text), conf->key_text);
}

static void free_zone(struct limit_zone *zone)
{
	free(zone->name);
	free(zone->key_text);
	free(zone->buckets);
	free(zone);
}

struct limit_zone *limit_zone_take(const struct conf_zone *conf)
{
	list_each (node, &all) {
		struct limit_zone *zone = CONTAINER_OF(node, struct limit_zone, zones);
		if (is_the_same(zone, conf)) {
			zone->refs++;
			return zone;
		}
	}
	struct limit_zone *zone = calloc(1, sizeof(*zone));
	if (zone == NULL)
		return NULL;
	uint64_t pages = conf->bytes / PAGE;
	zone->kind = conf->kind;
	zone->bytes = conf->bytes;
	zone->room = (pages > OWN_PAGES ? pages - OWN_PAGES : 1) * PAGE;
	uint64_t buckets = 16;
	while (buckets < zone->room / 128 && buckets < BUCKETS_MOST)
		buckets *= 2;
	zone->bucket_mask = (uint32_t)buckets - 1;
	zone->buckets = calloc(buckets, sizeof(struct limit_node *));
	zone->name = strdup(conf->name);
	zone->key_text = strndup(conf->key_text.p, conf->key_text.n);
	if (zone->buckets == NULL || zone->name == NULL || zone->key_text == NULL) {
		free_zone(zone);
		return NULL;
	}
	zone->refs = 1;
	list_init(&zone->by_use);
	list_push_back(&all, &zone->zones);
	return zone;
}

void limit_zone_put(struct limit_zone *zone)
{
	if (zone == NULL || --zone->refs != 0)
		return;
	while (!list_is_empty(&zone->by_use))
		limit_drop(zone, list_first(&zone->by_use, struct limit_node, by_use));
	list_remove(&zone->zones);
	free_zone(zone);
}

uint32_t limit_zone_count(const struct limit_zone *zone)
{
	return zone->count;
}

struct limit_node *limit_find(struct limit_zone *zone, struct slice key, uint64_t hash)
{
	struct limit_node *node = zone->buckets[hash & zone->bucket_mask];
	for (; node != NULL; node = node->next) {
		if (node->hash != hash || node->key_n != key.n ||
			memcmp(node->key, key.p, key.n) != 0)
			continue;
		list_remove(&node->by_use);
		list_push_front(&zone->by_use, &node->by_use);
		return node;
	}
	return NULL;
}

struct limit_node *limit_add(struct limit_zone *zone, struct slice key, uint64_t hash)
{
	uint64_t bytes = piece_bytes(zone, key.n);
	if (zone->used + bytes > zone->room)
		return NULL;
	struct limit_node *node = calloc(1, sizeof(*node) + key.n);
	if (node == NULL)
		return NULL;
	node->hash = hash;
	node->key_n = (uint32_t)key.n;
	memcpy(node->key, key.p, key.n);
	struct limit_node **bucket = &zone->buckets[hash & zone->bucket_mask];
	node->next = *bucket;
	*bucket = node;
	list_push_front(&zone->by_use, &node->by_use);
	zone->used += bytes;
	zone->count++;
	return node;
}

void limit_drop(struct limit_zone *zone, struct limit_node *node)
{
	struct limit_node **link = &zone->buckets[node->hash & zone->bucket_mask];
	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	list_remove(&node->by_use);
	zone->used -= piece_bytes(zone, node->key_n);
	zone->count--;
	free(node);
}

struct limit_node *limit_conn_take(
	struct limit_zone *zone, struct slice key, uint32_t most, bool *ret_no_room)
{
	uint64_t hash = hash_keyed(key.p, key.n);
	struct limit_node *node = limit_find(zone, key, hash);
	*ret_no_room = false;
	if (node == NULL) {
		node = limit_add(zone, key, hash);
		*ret_no_room = node == NULL;
	} else if (node->count >= most) {
		return NULL;
	}
	if (node != NULL)
		node->count++;
	return node;
}

void limit_conn_give(struct limit_zone *zone, struct limit_node *node)
{
	if (--node->count == 0)
		limit_drop(zone, node);
}
