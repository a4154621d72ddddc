/*
 * lb/method_ip_hash.c - the same address to the same server.
 *
 *    h = 89; for each octet: h = (h * 113 + octet) % 6271
 *    w = h % sum of weights; the peers in the order of the file, each as wide as its weight
 *
 * IPv4 gives its first three octets, IPv6 all 16, a unix client three zeros. Where the peer found
 * may not be used the octets are hashed into h once more, and so at a later try of the same
 * request. Peers that are down keep their place.
 */
#include "lb/method.h"

#define FIRST_HASH 89u
#define FACTOR 113u
#define MODULUS 6271u

extern const struct lb_method lb_method_ip_hash;

static uint32_t hash_octets(uint32_t hash, struct slice ip)
{
	static const unsigned char unix_client[3];
	const unsigned char *octets = ip.n == 0 ? unix_client : (const unsigned char *)ip.p;
	size_t n = ip.n == 16 ? 16 : 3;
	for (size_t i = 0; i < n; i++)
		hash = (hash * FACTOR + octets[i]) % MODULUS;
	return hash;
}

static struct lb_peer *ip_pick(void *self, struct lb_turn *turn)
{
	struct lb_walk *walk = turn->walk;
	(void)self;
	if (walk->looks > LB_LOOKS_MOST || turn->list->is_single)
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	if (!walk->is_begun)
		walk->hash = FIRST_HASH;
	walk->is_begun = true;
	uint32_t hash = walk->hash;
	for (;;) {
		hash = hash_octets(hash, turn->request->client_ip);
		struct lb_peer *peer = lb_peer_at(turn->list, hash % turn->list->weights);
		if (lb_peer_may_use(turn, peer)) {
			walk->hash = hash;
			return peer;
		}
		if (++walk->looks > LB_LOOKS_MOST)
			return lb_pick_in_turn(turn);
	}
}

const struct lb_method lb_method_ip_hash = {.pick = ip_pick};
