/*
 * lb/sticky.h - who was served where: key -> backend, bounded, least recently used out first.
 *
 * Keys are hashed under a secret (base/hash.h) together with their kind, so
 * clients cannot aim for collisions and no client's identity is kept. A value is
 * the hash of a backend's id, so a table outlives its pool: a reload gives the
 * new generation's pool the table of the old one with the same name.
 */
#ifndef LB_STICKY_H
#define LB_STICKY_H

#include "base/base.h"
#include "conf/tree.h"

struct lb_sticky;

/* The table of that pool name, made on first use with the bounds of `conf`; takes a reference. A
 * table that lives already keeps its bounds, so that a reload which fails has changed nothing.
 * NULL: no memory. */
struct lb_sticky *lb_sticky_get(const char *pool, const struct conf_sticky *conf) MUST_CHECK;
/* When the new generation is in force. What is too much now goes, least recently used first, some
 * of it with each lb_sticky_learn. */
void lb_sticky_set_bounds(struct lb_sticky *sticky, const struct conf_sticky *conf);
/* Takes NULL. */
void lb_sticky_unref(struct lb_sticky *sticky);

uint64_t lb_sticky_hash(enum conf_sticky_key kind, struct slice value);

/* The id_hash remembered for that key and refreshes its time; 0: none, or older than ttl. */
uint64_t lb_sticky_find(struct lb_sticky *sticky, uint64_t key_hash, uint64_t now_ms);
/* Remembers or overwrites. When full, the least recently used goes. Without memory it forgets
 * instead. */
void lb_sticky_learn(
	struct lb_sticky *sticky, uint64_t key_hash, uint64_t id_hash, uint64_t now_ms);

struct lb_sticky_stats {
	uint32_t entries;
	uint64_t hits, misses, moved, evicted, expired;
};
const struct lb_sticky_stats *lb_sticky_stats(const struct lb_sticky *sticky);
/* A client had to be given another worker than the one remembered. */
void lb_sticky_count_moved(struct lb_sticky *sticky);

#endif
