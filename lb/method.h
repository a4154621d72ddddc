/*
 * lb/method.h - how an `upstream` chooses, as in nginx.
 *
 * Not a strategy (lb/strategy.h): a strategy ranks those that the pool says may be used. Here the
 * unusable ones matter, too: they keep their place in the hash, a look at one counts against the 20
 * looks of a request, and the peers' own accounts say how large a part of the turns is theirs. So a
 * method sees all peers of a list and asks lb_peer_may_use itself.
 *
 * To add one: lb/method_<name>.c, one line in lb/method.c, one value of enum conf_method.
 */
#ifndef LB_METHOD_H
#define LB_METHOD_H

#include "lb/peer.h"

#define LB_LOOKS_MOST 20 /* then it is everybody's turn */

struct lb_method {
	/* Optional. -ENOMEM. Once, when the peers are there; not without primaries, so `self` may
	 * be NULL. */
	int (*create)(void **ret_self, const struct lb_peers *peers);
	/* Optional. Takes NULL. */
	void (*destroy)(void *self);
	/* One of turn->list, or NULL when nobody in it may be used. Seats, counts and `checked` are
	 * lb_peers_pick's. */
	struct lb_peer *(*pick)(void *self, struct lb_turn *turn);
	/* Optional: that peer got a request, by pick() or otherwise. */
	void (*picked)(struct lb_peers *peers, struct lb_peer *peer, uint64_t now_ms);
	/* Optional: lb_peers_headed. */
	void (*headed)(
		struct lb_peers *peers, struct lb_peer *peer, uint64_t took_ms, uint64_t now_ms);
	/* Optional: before the accounts change. */
	void (*done)(struct lb_peers *peers, struct lb_peer *peer, const struct lb_outcome *outcome,
		uint64_t now_ms);
};

/* Never NULL. */
const struct lb_method *lb_method_of(enum conf_method method);

/*
 * Smooth weighted turns, the fallback of all others: each peer that may be used earns its effective
 * weight, the richest is taken and pays what was earned. A bound one takes part and pays, too, but
 * not once it is as deep in debt as the others together can earn in one turn.
 */
struct lb_peer *lb_pick_in_turn(struct lb_turn *turn);

/* The peers in a row, each as wide as its weight, whatever failed: the one at that place. */
static inline struct lb_peer *lb_peer_at(const struct lb_peer_list *list, uint64_t at)
{
	struct lb_peer *peer = list->peer;
	for (; at >= (uint64_t)peer->weight; peer++)
		at -= (uint64_t)peer->weight;
	return peer;
}

/* One peer earns. */
static inline void lb_peer_earn(struct lb_peer *peer, int64_t *earned)
{
	peer->credit += peer->effective;
	*earned += peer->effective;
	if (peer->effective < peer->weight)
		peer->effective++;
}

/* What `random two least_time` compares by. */
uint64_t lb_expected_ms(
	const struct lb_peer *peer, enum conf_least_time time, const struct lb_turn *turn);
/* The `done` that measures them. */
void lb_time_done(struct lb_peers *peers, struct lb_peer *peer, const struct lb_outcome *outcome,
	uint64_t now_ms);

#endif
