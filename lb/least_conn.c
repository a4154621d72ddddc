/*
 * lb/least_conn.c - the fewest exchanges and tunnels for its weight, as in nginx.
 *
 * A WebSocket counts for all its life. Equals take turns by smooth weighted rotation among
 * themselves, in which only those that are equal now take part.
 */
#include "lb/strategy.h"

#include <errno.h>
#include <stdlib.h>

extern const struct lb_strategy lb_least_conn;

struct least_conn {
	int64_t *credit; /* owned, [count] */
	uint32_t count;
};

static int lc_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct least_conn));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void lc_destroy(void *self)
{
	struct least_conn *lc = self;
	if (lc == NULL)
		return;
	free(lc->credit);
	free(lc);
}

static int lc_rebuild(void *self, const struct lb_view *view)
{
	struct least_conn *lc = self;
	int64_t *credit = calloc((size_t)view->count + 1, sizeof(*credit));
	if (credit == NULL)
		return -ENOMEM;
	free(lc->credit);
	lc->credit = credit;
	lc->count = view->count;
	return 0;
}

/* The lowest in_flight over weight. *ret_has_equals: there are others with the same. */
static struct lb_load find_least(const struct lb_view *view, bool *ret_has_equals)
{
	struct lb_load least = {.in_flight = 1, .weight = 0}; /* more than any */
	*ret_has_equals = false;
	lb_each_allowed(i, view)
	{
		uint64_t here = (uint64_t)view->load[i].in_flight * least.weight;
		uint64_t there = (uint64_t)least.in_flight * view->load[i].weight;
		if (here < there)
			least = view->load[i];
		*ret_has_equals = here == there || (*ret_has_equals && here > there);
	}
	return least;
}

static uint32_t lc_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	struct least_conn *lc = self;
	int64_t *credit = lc->credit, handed_out = 0, richest = INT64_MIN;
	uint32_t best = LB_NONE;
	bool has_equals;

	ensure(lc->count == view->count);
	struct lb_load least = find_least(view, &has_equals);
	lb_each_allowed(i, view)
	{
		uint64_t weight = view->load[i].weight;
		if ((uint64_t)view->load[i].in_flight * least.weight != least.in_flight * weight)
			continue;
		/* Alone it need not earn what it would pay back at once. */
		if (!has_equals)
			return i;
		credit[i] += (int64_t)weight;
		handed_out += (int64_t)weight;
		if (credit[i] > richest) {
			richest = credit[i];
			best = i;
		}
	}
	if (best != LB_NONE)
		credit[best] -= handed_out;
	return best;
}

const struct lb_strategy lb_least_conn = {
	.name = "least_conn",
	.create = lc_create,
	.destroy = lc_destroy,
	.rebuild = lc_rebuild,
	.pick = lc_pick,
};
