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

/* < 0, 0, > 0 as a carries less, as much, or more for its weight than b. */
static int compare(const struct lb_load *a, const struct lb_load *b)
{
	uint64_t left = (uint64_t)a->in_flight * b->weight;
	uint64_t right = (uint64_t)b->in_flight * a->weight;
	return (left > right) - (left < right);
}

static uint32_t lc_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	struct least_conn *lc = self;
	uint32_t first = LB_NONE, best;
	bool has_equals = false;

	ensure(lc->count == view->count);
	lb_each_allowed(i, view)
	{
		int order = first == LB_NONE ? -1 : compare(&view->load[i], &view->load[first]);
		if (order < 0) {
			first = i;
			has_equals = false;
		} else if (order == 0) {
			has_equals = true;
		}
	}
	if (!has_equals)
		return first;
	int64_t handed_out = 0;
	best = first;
	for (uint32_t i = first; i < view->count; i = lb_next_allowed(view, i + 1)) {
		if (compare(&view->load[i], &view->load[first]) != 0)
			continue;
		lc->credit[i] += view->load[i].weight;
		handed_out += view->load[i].weight;
		if (lc->credit[i] > lc->credit[best])
			best = i;
	}
	lc->credit[best] -= handed_out;
	return best;
}

const struct lb_strategy lb_least_conn = {
	.name = "least_conn",
	.create = lc_create,
	.destroy = lc_destroy,
	.rebuild = lc_rebuild,
	.pick = lc_pick,
};
