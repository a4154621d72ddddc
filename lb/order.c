#include "lb/order.h"

#include <errno.h>
#include <stdlib.h>

void order_finish(struct order *order)
{
	free(order->key);
	free(order->winner);
	free(order->set);
	*order = (struct order){.rank = order->rank};
}

static bool is_before(const struct order_key *a, const struct order_key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->share < b->share || a->share > b->share)
		return a->share < b->share;
	return a->picked < b->picked;
}

static bool is_member(const struct order *order, uint32_t i)
{
	return order->set[i / 64] >> (i % 64) & 1;
}

/* `picked` is the key's own and stays. */
static void weigh(const struct order *order, const struct lb_load *load, struct order_key *key)
{
	key->rank = order->rank == NULL ? 0 : order->rank(load);
	key->share = (double)load->jobs / ((double)load->max_jobs * load->weight);
}

static void weigh_member(struct order *order, const struct lb_view *view, uint32_t i)
{
	if (is_member(order, i))
		weigh(order, &view->load[i], &order->key[i]);
	else
		order->key[i].rank = ORDER_ABSENT;
}

/* The leaves are not stored: below the inner nodes the tree's node n is backend n - leaves. */
static uint32_t winner_of(const struct order *order, uint32_t node)
{
	return node < order->leaves ? order->winner[node] : node - order->leaves;
}

static uint32_t play(const struct order *order, uint32_t node)
{
	uint32_t left = winner_of(order, 2 * node), right = winner_of(order, 2 * node + 1);
	return is_before(&order->key[right], &order->key[left]) ? right : left;
}

static void play_all(struct order *order)
{
	for (uint32_t node = order->leaves - 1; node != 0; node--)
		order->winner[node] = play(order, node);
}

static void play_up(struct order *order, uint32_t i)
{
	for (uint32_t node = (order->leaves + i) / 2; node != 0; node /= 2) {
		uint32_t winner = play(order, node);
		/* It neither was nor is the best here: further up nobody has seen it. */
		if (winner == order->winner[node] && winner != i)
			return;
		order->winner[node] = winner;
	}
}

static void settle(struct order *order, const struct lb_view *view)
{
	if (order->waiting == LB_NONE)
		return;
	weigh_member(order, view, order->waiting);
	play_up(order, order->waiting);
	order->waiting = LB_NONE;
}

int order_rebuild(struct order *order, const struct lb_view *view)
{
	uint32_t leaves = 2;
	while (leaves < view->count)
		leaves *= 2;
	uint32_t words = (view->count + 63) / 64;
	struct order_key *key = calloc(leaves, sizeof(*key));
	uint32_t *winner = calloc(leaves, sizeof(*winner));
	uint64_t *set = calloc(words + 1, sizeof(*set));
	if (key == NULL || winner == NULL || set == NULL) {
		free(key);
		free(winner);
		free(set);
		return -ENOMEM;
	}
	order_finish(order);
	order->key = key;
	order->winner = winner;
	order->set = set;
	order->count = view->count;
	order->leaves = leaves;
	order->waiting = LB_NONE;
	for (uint32_t i = 0; i < leaves; i++)
		key[i].rank = ORDER_ABSENT;
	play_all(order);
	return 0;
}

void order_changed(struct order *order, const struct lb_view *view, uint32_t i)
{
	if (order->waiting != i)
		settle(order, view);
	order->waiting = i;
}

/* Takes the view's set over. */
static void follow(struct order *order, const struct lb_view *view)
{
	uint32_t words = (view->count + 63) / 64, moved = 0;
	for (uint32_t w = 0; w < words; w++)
		moved += (uint32_t)__builtin_popcountll(order->set[w] ^ view->allowed[w]);
	bool is_many = moved > view->count / 8;
	for (uint32_t w = 0; w < words && moved != 0; w++) {
		uint64_t differ = order->set[w] ^ view->allowed[w];
		order->set[w] = view->allowed[w];
		for (; differ != 0; differ &= differ - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(differ);
			weigh_member(order, view, i);
			if (!is_many)
				play_up(order, i);
		}
	}
	if (is_many)
		play_all(order);
	order->epoch = view->epoch;
}

static uint32_t scan(const struct order *order, const struct lb_view *view)
{
	uint32_t best = LB_NONE;
	struct order_key best_key = {0};
	lb_each_allowed(i, view)
	{
		struct order_key key = {.picked = order->key[i].picked};
		weigh(order, &view->load[i], &key);
		if (best == LB_NONE || is_before(&key, &best_key)) {
			best = i;
			best_key = key;
		}
	}
	return best;
}

uint32_t order_pick(struct order *order, const struct lb_view *view)
{
	ensure(order->count == view->count);
	settle(order, view);
	uint32_t best;
	if (view->epoch == 0) {
		best = scan(order, view);
	} else {
		if (view->epoch != order->epoch)
			follow(order, view);
		best = order->winner[1];
		if (order->key[best].rank == ORDER_ABSENT)
			best = LB_NONE;
	}
	if (best == LB_NONE)
		return LB_NONE;
	order->key[best].picked = ++order->last_pick;
	order->waiting = best;
	return best;
}
