#include "lb/order.h"

#include <errno.h>
#include <stdlib.h>

/* The key.load of those outside of the set: behind every rank and share. */
#define ABSENT UINT64_MAX

int order_create(void **ret_self, uint64_t (*rank)(const struct lb_load *load))
{
	struct order *order = calloc(1, sizeof(*order));
	if (order == NULL)
		return -ENOMEM;
	order->rank = rank;
	*ret_self = order;
	return 0;
}

void order_destroy(void *self)
{
	struct order *order = self;
	if (order == NULL)
		return;
	free(order->key);
	free(order->winner);
	free(order->share_of_job);
	free(order->set);
	free(order);
}

/* Both halves as one number. */
static unsigned __int128 whole(const struct order_key *key)
{
	return (unsigned __int128)key->load << 64 | key->picked;
}

/* Rounded to a float so that equal ratios give equal shares, whatever the product was rounded to.
 * Unequal ones differ unless they are closer than 1e-7. */
static uint64_t weigh(const struct order *order, const struct lb_view *view, uint32_t i)
{
	float share = (float)(view->load[i].jobs * order->share_of_job[i]);
	uint32_t bits;
	memcpy(&bits, &share, sizeof(bits));
	return order->rank == NULL ? bits : order->rank(&view->load[i]) << 31 | bits;
}

static void weigh_member(struct order *order, const struct lb_view *view, uint32_t i)
{
	bool is_member = order->set[i / 64] >> (i % 64) & 1;
	order->key[i].load = is_member ? weigh(order, view, i) : ABSENT;
}

static void play_all(struct order *order)
{
	for (uint32_t node = order->leaves - 1; node != 0; node--) {
		const uint32_t *pair = &order->winner[2 * (size_t)node];
		bool is_left = whole(&order->key[pair[0]]) < whole(&order->key[pair[1]]);
		order->winner[node] = is_left ? pair[0] : pair[1];
	}
}

static void play_up(struct order *order, uint32_t i)
{
	unsigned __int128 least = whole(&order->key[i]);
	uint32_t winner = i;
	for (uint32_t node = order->leaves + i; node > 1; node /= 2) {
		uint32_t other = order->winner[node ^ 1];
		unsigned __int128 key = whole(&order->key[other]);
		if (key < least) {
			winner = other;
			least = key;
		}
		order->winner[node / 2] = winner;
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

int order_rebuild(void *self, const struct lb_view *view)
{
	struct order *order = self;
	uint32_t leaves = 2;
	while (leaves < view->count)
		leaves *= 2;
	uint32_t words = (view->count + 63) / 64;
	struct order_key *key = calloc(leaves, sizeof(*key));
	uint32_t *winner = calloc(2 * (size_t)leaves, sizeof(*winner));
	double *share_of_job = calloc(leaves, sizeof(*share_of_job));
	uint64_t *set = calloc(words + 1, sizeof(*set));
	if (key == NULL || winner == NULL || share_of_job == NULL || set == NULL) {
		free(key);
		free(winner);
		free(share_of_job);
		free(set);
		return -ENOMEM;
	}
	free(order->key);
	free(order->winner);
	free(order->share_of_job);
	free(order->set);
	*order = (struct order){
		.rank = order->rank,
		.key = key,
		.winner = winner,
		.share_of_job = share_of_job,
		.set = set,
		.count = view->count,
		.leaves = leaves,
		.last_pick = leaves,
		.waiting = LB_NONE,
	};
	/* No two keys are alike: those never picked go in the order of the file. */
	for (uint32_t i = 0; i < leaves; i++) {
		key[i] = (struct order_key){ABSENT, i};
		winner[leaves + i] = i;
	}
	for (uint32_t i = 0; i < view->count; i++)
		share_of_job[i] = 1 / ((double)view->load[i].max_jobs * view->load[i].weight);
	play_all(order);
	return 0;
}

void order_changed(void *self, const struct lb_view *view, uint32_t i)
{
	struct order *order = self;
	if (order->waiting == i)
		return;
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
	struct order_key best_key = {0};
	uint32_t best = LB_NONE;
	lb_each_allowed(i, view)
	{
		struct order_key key = {weigh(order, view, i), order->key[i].picked};
		if (best == LB_NONE || whole(&key) < whole(&best_key)) {
			best = i;
			best_key = key;
		}
	}
	return best;
}

uint32_t order_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	struct order *order = self;
	uint32_t best;
	ensure(order->count == view->count);
	settle(order, view);
	if (view->epoch == 0) {
		best = scan(order, view);
	} else {
		if (view->epoch != order->epoch)
			follow(order, view);
		best = order->winner[1];
		if (order->key[best].load == ABSENT)
			best = LB_NONE;
	}
	if (best == LB_NONE)
		return LB_NONE;
	order->key[best].picked = ++order->last_pick;
	order->waiting = best;
	return best;
}
