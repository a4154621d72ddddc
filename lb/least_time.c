/*
 * lb/least_time.c - where the first octet of an answer comes soonest, the queue included.
 *
 * What a request has to expect: average time to the first octet, times those already there and
 * itself, over weight. Among equals the one picked least recently.
 *
 * An average that nobody renews is worth less and less (it halves every FADE_MS), so that one slow
 * minute is not held against a backend for good. One that was never measured counts as the best of
 * those that were.
 */
#include "lb/strategy.h"

#include <errno.h>
#include <stdlib.h>

#define FADE_MS 10000

extern const struct lb_strategy lb_least_time;

struct member {
	uint64_t picked; /* number of the pick that last chose it, 0: never */
	uint64_t picked_ms;
	double per_weight; /* 1 / weight */
};

struct least_time {
	struct member *members; /* owned, [count] */
	uint32_t count;
	uint64_t picks;
};

static int lt_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct least_time));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void lt_destroy(void *self)
{
	struct least_time *lt = self;
	if (lt == NULL)
		return;
	free(lt->members);
	free(lt);
}

static int lt_rebuild(void *self, const struct lb_view *view)
{
	struct least_time *lt = self;
	struct member *members = calloc((size_t)view->count + 1, sizeof(*members));
	if (members == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < view->count; i++)
		members[i] = (struct member){0, view->now_ms, 1.0 / view->load[i].weight};
	free(lt->members);
	lt->members = members;
	lt->count = view->count;
	return 0;
}

/* 0: never measured. */
static uint32_t average_of(const struct member *member, const struct lb_view *view, uint32_t i)
{
	const struct lb_load *load = &view->load[i];
	uint64_t since = view->now_ms - member->picked_ms;
	/* While something runs there, its answer will say how it is. */
	if (since < FADE_MS || load->in_flight != 0 || load->ewma_us == 0)
		return load->ewma_us;
	uint32_t average = load->ewma_us >> min_u64(since / FADE_MS, 31);
	return average == 0 ? 1 : average;
}

static uint32_t lt_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	struct least_time *lt = self;
	const struct member *members = lt->members;
	uint32_t least = UINT32_MAX, best = LB_NONE;
	double best_cost = 0;

	ensure(lt->count == view->count);
	lb_each_allowed(i, view)
	{
		uint32_t average = average_of(&members[i], view, i);
		if (average != 0 && average < least)
			least = average;
	}
	lb_each_allowed(i, view)
	{
		uint32_t average = average_of(&members[i], view, i);
		double cost = average == 0 ? least : average;
		cost *= (view->load[i].in_flight + 1.0) * members[i].per_weight;
		if (best == LB_NONE || cost < best_cost ||
			(cost <= best_cost && members[i].picked < members[best].picked)) {
			best = i;
			best_cost = cost;
		}
	}
	if (best != LB_NONE) {
		lt->members[best].picked = ++lt->picks;
		lt->members[best].picked_ms = view->now_ms;
	}
	return best;
}

const struct lb_strategy lb_least_time = {
	.name = "least_time",
	.needs = LB_NEED_TIME,
	.create = lt_create,
	.destroy = lt_destroy,
	.rebuild = lt_rebuild,
	.pick = lt_pick,
};
