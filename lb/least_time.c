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

struct turn {
	uint64_t number; /* of the pick, 0: never */
	uint64_t at_ms;
};

struct least_time {
	struct turn *last; /* owned, [count] */
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
	free(lt->last);
	free(lt);
}

static int lt_rebuild(void *self, const struct lb_view *view)
{
	struct least_time *lt = self;
	struct turn *last = calloc((size_t)view->count + 1, sizeof(*last));
	if (last == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < view->count; i++)
		last[i].at_ms = view->now_ms;
	free(lt->last);
	lt->last = last;
	lt->count = view->count;
	return 0;
}

/* 0: never measured. */
static double average_of(const struct least_time *lt, const struct lb_view *view, uint32_t i)
{
	uint64_t since = view->now_ms - lt->last[i].at_ms;
	/* While something runs there, its answer will say how it is. */
	uint64_t halvings = view->load[i].in_flight != 0 ? 0 : min_u64(since / FADE_MS, 31);
	return (double)view->load[i].ewma_us / (double)(UINT32_C(1) << halvings);
}

static uint32_t lt_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	struct least_time *lt = self;
	double least = 0, best_cost = 0;
	uint32_t best = LB_NONE;

	ensure(lt->count == view->count);
	lb_each_allowed(i, view)
	{
		double average = average_of(lt, view, i);
		if (average > 0 && (least <= 0 || average < least))
			least = average;
	}
	lb_each_allowed(i, view)
	{
		const struct lb_load *load = &view->load[i];
		double average = load->ewma_us == 0 ? least : average_of(lt, view, i);
		double cost = (average > 0 ? average : 1) * (load->in_flight + 1.0) / load->weight;
		if (best == LB_NONE || cost < best_cost ||
			(cost <= best_cost && lt->last[i].number < lt->last[best].number)) {
			best = i;
			best_cost = cost;
		}
	}
	if (best != LB_NONE)
		lt->last[best] = (struct turn){++lt->picks, view->now_ms};
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
