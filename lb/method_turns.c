/*
 * lb/method_turns.c - round robin: smooth weighted turns.
 *
 * Unlike lb/smooth.c this follows the effective weights, which change with failures, and thus looks
 * at every peer each time.
 */
#include "lb/method.h"

extern const struct lb_method lb_method_turns;

struct lb_peer *lb_pick_in_turn(struct lb_turn *turn)
{
	struct lb_peer_list *list = turn->list;
	struct lb_peer *best = NULL;
	int64_t earned = 0;

	if (turn->bound != NULL &&
		(list->is_single ||
			turn->bound->credit <= turn->bound->weight - (int64_t)list->weights))
		return turn->bound;
	if (list->is_single)
		return lb_peer_may_use(turn, list->peer) ? list->peer : NULL;
	for (uint32_t i = 0; i < list->count; i++) {
		struct lb_peer *peer = &list->peer[i];
		if (!lb_peer_may_use(turn, peer))
			continue;
		lb_peer_earn(peer, &earned);
		if (best == NULL || peer->credit > best->credit)
			best = peer;
	}
	if (turn->bound != NULL)
		best = turn->bound;
	if (best != NULL)
		best->credit -= earned;
	return best;
}

static struct lb_peer *turns_pick(void *self, struct lb_turn *turn)
{
	(void)self;
	return lb_pick_in_turn(turn);
}

const struct lb_method lb_method_turns = {.pick = turns_pick};
