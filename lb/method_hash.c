/*
 * lb/method_hash.c - `hash KEY`: the same key to the same server, as Cache::Memcached does it.
 *
 *    sum += (crc32([n]key) >> 16) & 0x7fff      n: "1", "2" ... from the second look on
 *    w = sum % sum of weights; the peers in the order of the file, each as wide as its weight
 *
 * Peers that are down keep their place. An empty key: everybody's turn.
 */
#include "base/hash.h"
#include "lb/method.h"

#include <stdio.h>

extern const struct lb_method lb_method_hash;

static uint32_t hash_key(uint32_t round, struct slice key)
{
	char digits[12];
	uint32_t crc = 0;
	if (round != 0) {
		int n = snprintf(digits, sizeof(digits), "%u", round);
		crc = hash_crc32(crc, digits, (size_t)n);
	}
	return hash_crc32(crc, key.p, key.n) >> 16 & 0x7fff;
}

static struct lb_peer *hash_pick(void *self, struct lb_turn *turn)
{
	struct lb_walk *walk = turn->walk;
	(void)self;
	if (walk->looks > LB_LOOKS_MOST || turn->list->is_single || turn->request->hash_key.n == 0)
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	for (;;) {
		walk->hash += hash_key(walk->rounds++, turn->request->hash_key);
		struct lb_peer *peer = lb_peer_at(turn->list, walk->hash % turn->list->weights);
		if (lb_peer_may_use(turn, peer))
			return peer;
		if (++walk->looks > LB_LOOKS_MOST)
			return lb_pick_in_turn(turn);
	}
}

const struct lb_method lb_method_hash = {.pick = hash_pick};
