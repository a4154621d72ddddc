/*
 * lb/method_least_time.c - where the answer is expected first: average time, times the requests
 * that are there and this one, over weight; equals take turns.
 *
 *   average   19 old parts and a new one, of answers that were good; to their head or their end
 *   fading    halves once in each fail_timeout in which nobody was sent there
 *   inflight  (if asked for) when those not answered yet are slower than the average, they count
 *   classes   20 ms wide, so that about equals take turns; beyond 5 s all are equally bad
 */
#include "lb/method.h"

#define CLASS_MS 20u
#define SLOWEST_MS 5000u

extern const struct lb_method lb_method_least_time;

static void add_to_average(uint64_t *average, uint64_t ms)
{
	*average = *average == 0 ? ms : (10 + ms + 19 * *average) / 20;
}

uint64_t lb_expected_ms(
	const struct lb_peer *peer, enum conf_least_time time, const struct lb_turn *turn)
{
	uint64_t ms = time == CONF_TIME_HEADER ? peer->header_ms : peer->response_ms;
	int64_t unused_s = turn->now_s - peer->checked_s;
	if (unused_s > peer->fail_timeout_s)
		ms >>= min_u64((uint64_t)(unused_s / (peer->fail_timeout_s + 1)), 63);
	if (peer->inflight != 0 && peer->inflight_ms > ms)
		ms = peer->inflight_ms;
	ms = ms > SLOWEST_MS ? SLOWEST_MS : ms + CLASS_MS - ms % CLASS_MS;
	return ms * (1 + (uint64_t)peer->seat->backend->in_flight);
}

static void look_at_inflight(struct lb_peer *peer, uint64_t now_ms)
{
	if (peer->inflight != 0)
		add_to_average(&peer->inflight_ms, peer->inflight_sum_ms / peer->inflight +
							   (now_ms - peer->inflight_since_ms));
}

/* The best one's expected time over weight; *ret_has_equals: there are others with the same. */
static struct lb_peer *find_best(struct lb_turn *turn, uint64_t *ret_ms, bool *ret_has_equals)
{
	struct lb_peer *best = NULL;
	*ret_has_equals = false;
	for (uint32_t i = 0; i < turn->list->count; i++) {
		struct lb_peer *peer = &turn->list->peer[i];
		if (!lb_peer_may_use(turn, peer))
			continue;
		look_at_inflight(peer, turn->now_ms);
		uint64_t ms = lb_expected_ms(peer, turn->time, turn);
		if (best == NULL ||
			ms * (uint64_t)best->weight < *ret_ms * (uint64_t)peer->weight) {
			best = peer;
			*ret_ms = ms;
			*ret_has_equals = false;
		} else if (ms * (uint64_t)best->weight == *ret_ms * (uint64_t)peer->weight) {
			*ret_has_equals = true;
		}
	}
	return best;
}

static struct lb_peer *least_pick(void *self, struct lb_turn *turn)
{
	struct lb_peer_list *list = turn->list;
	uint64_t best_ms = 0;
	bool has_equals;
	int64_t earned = 0;

	(void)self;
	if (list->is_single)
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	struct lb_peer *best = find_best(turn, &best_ms, &has_equals);
	if (!has_equals)
		return best;
	const uint64_t weight = (uint64_t)best->weight;
	for (struct lb_peer *peer = best; peer != list->peer + list->count; peer++) {
		if (!lb_peer_may_use(turn, peer) ||
			lb_expected_ms(peer, turn->time, turn) * weight !=
				best_ms * (uint64_t)peer->weight)
			continue;
		lb_peer_earn(peer, &earned);
		if (peer->credit > best->credit)
			best = peer;
	}
	best->credit -= earned;
	return best;
}

static void time_picked(struct lb_peers *peers, struct lb_peer *peer, uint64_t now_ms)
{
	if (!peers->conf->counts_inflight)
		return;
	peer->inflight_sum_ms += (now_ms - peer->inflight_since_ms) * peer->inflight;
	peer->inflight_since_ms = now_ms;
	peer->inflight++;
}

static void inflight_ended(struct lb_peer *peer, uint64_t took_ms, uint64_t now_ms)
{
	if (peer->inflight == 0)
		return;
	peer->inflight_sum_ms += (now_ms - peer->inflight_since_ms) * peer->inflight;
	peer->inflight_sum_ms -= min_u64(took_ms, peer->inflight_sum_ms);
	peer->inflight_since_ms = now_ms;
	if (--peer->inflight == 0)
		peer->inflight_sum_ms = 0;
}

static bool counts_until_head(const struct lb_peers *peers)
{
	return peers->conf->counts_inflight && peers->conf->time == CONF_TIME_HEADER;
}

static void time_headed(
	struct lb_peers *peers, struct lb_peer *peer, uint64_t took_ms, uint64_t now_ms)
{
	if (!counts_until_head(peers))
		return;
	add_to_average(&peer->header_ms, took_ms);
	inflight_ended(peer, took_ms, now_ms);
}

void lb_time_done(struct lb_peers *peers, struct lb_peer *peer, const struct lb_outcome *outcome,
	uint64_t now_ms)
{
	bool was_headed = outcome->was_headed && counts_until_head(peers);
	if (peers->conf->counts_inflight && !was_headed)
		inflight_ended(peer, outcome->took_us / 1000, now_ms);
	/* Only good answers: one that fails fast is not a fast one. */
	if (outcome->result == LB_DONE_FAILED || outcome->result == LB_DONE_REFUSED ||
		outcome->header_us == 0)
		return;
	add_to_average(&peer->response_ms, outcome->took_us / 1000);
	if (!counts_until_head(peers))
		add_to_average(&peer->header_ms, outcome->header_us / 1000);
}

const struct lb_method lb_method_least_time = {
	.pick = least_pick,
	.picked = time_picked,
	.headed = time_headed,
	.done = lb_time_done,
};
