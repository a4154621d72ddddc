/*
 * lb/method_random.c - `random`: by lot, as likely as the weight says; `random two`: the better of
 * two drawn.
 *
 * A draw of one that may not be used counts as a look; after 20 of them in one request it is
 * everybody's turn. Two are compared by what they have for their weight: requests, or the time that
 * one more of them is expected to take.
 */
#include "lb/method.h"

extern const struct lb_method lb_method_random, lb_method_random_two, lb_method_random_time;

/* NULL: looked too often. */
static struct lb_peer *draw(struct lb_turn *turn, const struct lb_peer *except)
{
	for (;;) {
		struct lb_peer *peer = lb_peer_at(turn->list, turn->random() % turn->list->weights);
		if (peer != except && lb_peer_may_use(turn, peer))
			return peer;
		if (++turn->walk->looks > LB_LOOKS_MOST)
			return NULL;
	}
}

static bool is_by_turns(const struct lb_turn *turn)
{
	return turn->walk->looks > LB_LOOKS_MOST || turn->list->is_single;
}

static struct lb_peer *random_pick(void *self, struct lb_turn *turn)
{
	(void)self;
	if (is_by_turns(turn))
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	struct lb_peer *peer = draw(turn, NULL);
	return peer != NULL ? peer : lb_pick_in_turn(turn);
}

static struct lb_peer *pick_of_two(struct lb_turn *turn,
	uint64_t (*cost)(const struct lb_peer *peer, const struct lb_turn *turn))
{
	if (is_by_turns(turn))
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	struct lb_peer *one = draw(turn, NULL);
	struct lb_peer *two = one == NULL ? NULL : draw(turn, one);
	if (two == NULL)
		return lb_pick_in_turn(turn);
	/* Of equals the second. */
	return cost(two, turn) * (uint64_t)one->weight > cost(one, turn) * (uint64_t)two->weight
		       ? one
		       : two;
}

static uint64_t by_requests(const struct lb_peer *peer, const struct lb_turn *turn)
{
	(void)turn;
	return peer->seat->backend->in_flight;
}

static struct lb_peer *two_pick(void *self, struct lb_turn *turn)
{
	(void)self;
	return pick_of_two(turn, by_requests);
}

static uint64_t by_time(const struct lb_peer *peer, const struct lb_turn *turn)
{
	return lb_expected_ms(peer, turn->time, turn);
}

static struct lb_peer *time_pick(void *self, struct lb_turn *turn)
{
	(void)self;
	return pick_of_two(turn, by_time);
}

const struct lb_method lb_method_random = {.pick = random_pick};
const struct lb_method lb_method_random_two = {.pick = two_pick};
const struct lb_method lb_method_random_time = {.pick = time_pick, .done = lb_time_done};
