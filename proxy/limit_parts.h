/*
 * proxy/limit_parts.h - between the files of proxy/limit.h.
 */
#ifndef PROXY_LIMIT_PARTS_H
#define PROXY_LIMIT_PARTS_H

#include "base/list.h"
#include "proxy/limit.h"

struct limit_node {
	struct list by_use;      /* in zone->by_use, used last first */
	struct limit_node *next; /* in its bucket */
	uint64_t hash;
	uint64_t last_ms;
	uint64_t excess; /* limit_req: thousandths */
	uint32_t count;  /* limit_conn */
	uint32_t key_n;
	char key[];
};

struct limit_zone {
	struct list zones; /* in the list of all */
	uint32_t refs;
	enum conf_zone_kind kind;
	char *name, *key_text; /* owned */
	uint64_t bytes;
	uint64_t room, used;         /* octets as nginx's slab would count them */
	struct limit_node **buckets; /* owned */
	uint32_t bucket_mask, count;
	struct list by_use;
};

/* The node with that key, moved to the front. NULL: there is none. */
struct limit_node *limit_find(struct limit_zone *zone, struct slice key, uint64_t hash);
/* A new one, zeroed. NULL: no room. */
struct limit_node *limit_add(struct limit_zone *zone, struct slice key, uint64_t hash);
void limit_drop(struct limit_zone *zone, struct limit_node *node);

#endif
