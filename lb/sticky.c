/*
 * Linear hashing: the table grows by one bucket per new entry, so no insert ever pays for moving
 * the whole of it.
 *
 *    bucket   0 1 2 3 4 5 6 7 | 0' 1' 2' ...      `round` = 8: the buckets before this round began
 *             split ^ not yet                     0', 1', 2' took half of 0, 1, 2
 *
 * Buckets and entries are kept in pieces of PIECE, never moved. Every entry is in a chain (its
 * bucket) and in the list of use, newest first, whose tail is thus both what expires and what is
 * thrown out next.
 */
#include "lb/sticky.h"

#include "base/hash.h"

#include <stdlib.h>

#define PIECE 1024u
#define NONE 0u /* entries are numbered from 1 */
/* More than that in one table is a mistake of the reader's, and not worth the memory. */
#define MOST_ENTRIES (1u << 24)

struct entry {
	uint64_t key_hash, id_hash, used_ms;
	uint32_t chain;        /* next of the bucket, or of the free ones */
	uint32_t newer, older; /* list of use */
};

struct piece {
	uint32_t *buckets;     /* owned, [PIECE], NULL until needed */
	struct entry *entries; /* owned, [PIECE], NULL until needed */
};

struct lb_sticky {
	struct lb_sticky *next; /* owned by nobody: the list of living tables */
	char *pool;             /* owned */
	uint32_t refs;
	uint32_t max_entries;
	uint64_t ttl_ms; /* 0: for ever */

	struct piece *pieces; /* owned, [piece_room] */
	uint32_t piece_room;
	uint32_t bucket_count, round; /* 0 until the first entry */
	uint32_t made;                /* entries that have memory */
	uint32_t free;                /* of those, first of a chain of unused ones */
	uint32_t newest, oldest;
	struct lb_sticky_stats stats;
};

static struct lb_sticky *living;

static struct entry *entry_at(const struct lb_sticky *sticky, uint32_t number)
{
	return &sticky->pieces[(number - 1) / PIECE].entries[(number - 1) % PIECE];
}

static uint32_t *bucket_at(const struct lb_sticky *sticky, uint32_t bucket)
{
	return &sticky->pieces[bucket / PIECE].buckets[bucket % PIECE];
}

static uint32_t *bucket_of(const struct lb_sticky *sticky, uint64_t key_hash)
{
	uint32_t bucket = (uint32_t)key_hash & (2 * sticky->round - 1);
	if (bucket >= sticky->bucket_count)
		bucket &= sticky->round - 1;
	return bucket_at(sticky, bucket);
}

struct lb_sticky *lb_sticky_get(const char *pool, const struct conf_sticky *conf)
{
	for (struct lb_sticky *at = living; at != NULL; at = at->next) {
		if (strcmp(at->pool, pool) == 0) {
			at->refs++;
			return at;
		}
	}
	struct lb_sticky *sticky = calloc(1, sizeof(*sticky));
	if (sticky == NULL)
		return NULL;
	sticky->pool = strdup(pool);
	if (sticky->pool == NULL) {
		free(sticky);
		return NULL;
	}
	sticky->refs = 1;
	lb_sticky_set_bounds(sticky, conf);
	sticky->next = living;
	living = sticky;
	return sticky;
}

void lb_sticky_set_bounds(struct lb_sticky *sticky, const struct conf_sticky *conf)
{
	sticky->ttl_ms = conf->ttl_ms;
	sticky->max_entries = conf->max_entries;
	if (conf->max_entries == 0 || conf->max_entries > MOST_ENTRIES)
		sticky->max_entries = MOST_ENTRIES;
}

void lb_sticky_unref(struct lb_sticky *sticky)
{
	if (sticky == NULL)
		return;
	ensure(sticky->refs != 0);
	if (--sticky->refs != 0)
		return;
	struct lb_sticky **at = &living;
	while (*at != sticky)
		at = &(*at)->next;
	*at = sticky->next;
	for (uint32_t i = 0; i < sticky->piece_room; i++) {
		free(sticky->pieces[i].buckets);
		free(sticky->pieces[i].entries);
	}
	free(sticky->pieces);
	free(sticky->pool);
	free(sticky);
}

/* The kind changes the hash by a constant: two keys of different kinds are as far apart as two
 * keys that nobody chose. */
uint64_t lb_sticky_hash(enum conf_sticky_key kind, struct slice value)
{
	return hash_keyed(value.p, value.n) ^ (0x9e3779b97f4a7c15u * ((uint64_t)kind + 1));
}

static void use_list_remove(struct lb_sticky *sticky, struct entry *entry)
{
	*(entry->newer == NONE ? &sticky->newest
			       : &entry_at(sticky, entry->newer)->older) = entry->older;
	*(entry->older == NONE ? &sticky->oldest
			       : &entry_at(sticky, entry->older)->newer) = entry->newer;
}

static void use_list_push(struct lb_sticky *sticky, uint32_t number)
{
	struct entry *entry = entry_at(sticky, number);
	entry->newer = NONE;
	entry->older = sticky->newest;
	*(sticky->newest == NONE ? &sticky->oldest
				 : &entry_at(sticky, sticky->newest)->newer) = number;
	sticky->newest = number;
}

static void use_list_touch(struct lb_sticky *sticky, uint32_t number, uint64_t now_ms)
{
	struct entry *entry = entry_at(sticky, number);
	entry->used_ms = now_ms;
	if (sticky->newest == number)
		return;
	use_list_remove(sticky, entry);
	use_list_push(sticky, number);
}

static uint32_t find(const struct lb_sticky *sticky, uint64_t key_hash)
{
	if (sticky->bucket_count == 0)
		return NONE;
	uint32_t number = *bucket_of(sticky, key_hash);
	while (number != NONE && entry_at(sticky, number)->key_hash != key_hash)
		number = entry_at(sticky, number)->chain;
	return number;
}

static void forget(struct lb_sticky *sticky, uint32_t number)
{
	struct entry *entry = entry_at(sticky, number);
	uint32_t *at = bucket_of(sticky, entry->key_hash);
	while (*at != number)
		at = &entry_at(sticky, *at)->chain;
	*at = entry->chain;
	use_list_remove(sticky, entry);
	entry->chain = sticky->free;
	sticky->free = number;
	sticky->stats.entries--;
}

static bool is_expired(const struct lb_sticky *sticky, const struct entry *entry, uint64_t now_ms)
{
	return sticky->ttl_ms != 0 && now_ms > entry->used_ms &&
	       now_ms - entry->used_ms > sticky->ttl_ms;
}

/* A few of the oldest: what is expired, and what is beyond max_entries (`coming` are about to be
 * added). Never many at once, so that lowering a bound does not stall the loop. */
static void forget_old(struct lb_sticky *sticky, uint32_t coming, uint64_t now_ms)
{
	for (int i = 0; i < 4 && sticky->oldest != NONE; i++) {
		uint64_t *count = &sticky->stats.expired;
		if (!is_expired(sticky, entry_at(sticky, sticky->oldest), now_ms)) {
			if (sticky->stats.entries + coming <= sticky->max_entries)
				return;
			count = &sticky->stats.evicted;
		}
		forget(sticky, sticky->oldest);
		++*count;
	}
}

uint64_t lb_sticky_find(struct lb_sticky *sticky, uint64_t key_hash, uint64_t now_ms)
{
	uint32_t number = find(sticky, key_hash);
	if (number != NONE && is_expired(sticky, entry_at(sticky, number), now_ms)) {
		forget(sticky, number);
		sticky->stats.expired++;
		number = NONE;
	}
	if (number == NONE) {
		sticky->stats.misses++;
		return 0;
	}
	sticky->stats.hits++;
	use_list_touch(sticky, number, now_ms);
	return entry_at(sticky, number)->id_hash;
}

static bool reserve_piece(struct lb_sticky *sticky, uint32_t piece)
{
	if (piece < sticky->piece_room)
		return true;
	uint32_t room = sticky->piece_room == 0 ? 16 : 2 * sticky->piece_room;
	struct piece *pieces = realloc(sticky->pieces, room * sizeof(*pieces));
	if (pieces == NULL)
		return false;
	for (uint32_t i = sticky->piece_room; i < room; i++)
		pieces[i] = (struct piece){0};
	sticky->pieces = pieces;
	sticky->piece_room = room;
	return true;
}

static bool add_bucket_piece(struct lb_sticky *sticky, uint32_t piece)
{
	if (!reserve_piece(sticky, piece))
		return false;
	if (sticky->pieces[piece].buckets == NULL)
		sticky->pieces[piece].buckets = calloc(PIECE, sizeof(uint32_t));
	return sticky->pieces[piece].buckets != NULL;
}

static void split_bucket(struct lb_sticky *sticky)
{
	/* Without memory the chains grow longer, and that is all. */
	if (!add_bucket_piece(sticky, sticky->bucket_count / PIECE))
		return;
	if (sticky->bucket_count == 2 * sticky->round)
		sticky->round *= 2;
	uint32_t *from = bucket_at(sticky, sticky->bucket_count - sticky->round);
	uint32_t *to = bucket_at(sticky, sticky->bucket_count);
	sticky->bucket_count++;
	while (*from != NONE) {
		struct entry *entry = entry_at(sticky, *from);
		if ((entry->key_hash & sticky->round) == 0) {
			from = &entry->chain;
			continue;
		}
		uint32_t moved = *from;
		*from = entry->chain;
		entry->chain = *to;
		*to = moved;
	}
}

/* The number of an unused entry, or NONE. */
static uint32_t take_entry(struct lb_sticky *sticky)
{
	if (sticky->free == NONE && sticky->made % PIECE == 0) {
		uint32_t piece = sticky->made / PIECE;
		if (!reserve_piece(sticky, piece))
			return NONE;
		sticky->pieces[piece].entries = calloc(PIECE, sizeof(struct entry));
		if (sticky->pieces[piece].entries == NULL)
			return NONE;
	}
	if (sticky->free == NONE)
		return ++sticky->made;
	uint32_t number = sticky->free;
	sticky->free = entry_at(sticky, number)->chain;
	return number;
}

void lb_sticky_learn(struct lb_sticky *sticky, uint64_t key_hash, uint64_t id_hash, uint64_t now_ms)
{
	uint32_t number = find(sticky, key_hash);
	if (number != NONE) {
		entry_at(sticky, number)->id_hash = id_hash;
		use_list_touch(sticky, number, now_ms);
		return;
	}
	if (sticky->bucket_count == 0) {
		if (!add_bucket_piece(sticky, 0))
			return;
		sticky->bucket_count = sticky->round = PIECE;
	}
	forget_old(sticky, 1, now_ms);
	number = take_entry(sticky);
	if (number == NONE && sticky->oldest != NONE) {
		forget(sticky, sticky->oldest);
		sticky->stats.evicted++;
		number = take_entry(sticky);
	}
	if (number == NONE)
		return;
	if (sticky->stats.entries >= sticky->bucket_count)
		split_bucket(sticky);
	struct entry *entry = entry_at(sticky, number);
	uint32_t *bucket = bucket_of(sticky, key_hash);
	entry->key_hash = key_hash;
	entry->id_hash = id_hash;
	entry->used_ms = now_ms;
	entry->chain = *bucket;
	*bucket = number;
	use_list_push(sticky, number);
	sticky->stats.entries++;
}

const struct lb_sticky_stats *lb_sticky_stats(const struct lb_sticky *sticky)
{
	return &sticky->stats;
}

void lb_sticky_count_moved(struct lb_sticky *sticky)
{
	sticky->stats.moved++;
}
