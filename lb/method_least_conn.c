/*
 * lb/method_least_conn.c - the fewest requests for its weight; equals take turns.
 *
 * A WebSocket counts for all its life. Only those that are equal now earn and pay.
 */
#include "lb/method.h"

extern const struct lb_method lb_method_least_conn;

/* < 0: a has fewer for its weight. */
static int compare(const struct lb_peer *a, const struct lb_peer *b)
{
	uint64_t left = (uint64_t)a->seat->backend->in_flight * (uint64_t)b->weight;
	uint64_t right = (uint64_t)b->seat->backend->in_flight * (uint64_t)a->weight;
	return left < right ? -1 : left > right;
}

static struct lb_peer *least_pick(void *self, struct lb_turn *turn)
{
	struct lb_peer_list *list = turn->list;
	struct lb_peer *best = NULL;
	bool has_equals = false;
	int64_t earned = 0;

	(void)self;
	if (list->is_single)
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	for (struct lb_peer *peer = list->peer; peer != list->peer + list->count; peer++) {
		if (!lb_peer_may_use(turn, peer))
			continue;
		int order = best == NULL ? -1 : compare(peer, best);
		if (order < 0)
			best = peer;
		has_equals = order == 0 || (has_equals && order > 0);
	}
	if (!has_equals)
		return best;
	for (struct lb_peer *peer = best; peer != list->peer + list->count; peer++) {
		if (!lb_peer_may_use(turn, peer) || compare(peer, best) != 0)
			continue;
		lb_peer_earn(peer, &earned);
		if (peer->credit > best->credit)
			best = peer;
	}
	best->credit -= earned;
	return best;
}

const struct lb_method lb_method_least_conn = {.pick = least_pick};
