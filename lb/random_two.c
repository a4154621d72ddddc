/*
 * lb/random_two.c - of two drawn by weight, the one with fewer exchanges and tunnels for its
 * weight.
 *
 * Nearly as even as least_conn, and several proxies in front of the same workers do not all run to
 * the same one. As nginx's `random two`.
 */
#include "lb/lottery.h"

#include <errno.h>
#include <stdlib.h>

extern const struct lb_strategy lb_random_two;

static int two_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct lottery));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void two_destroy(void *self)
{
	if (self == NULL)
		return;
	lottery_finish(self);
	free(self);
}

static int two_rebuild(void *self, const struct lb_view *view)
{
	return lottery_rebuild(self, view);
}

static uint32_t two_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	uint64_t random = view->random;
	uint32_t first = lottery_draw(self, view, LB_NONE, &random);
	if (first == LB_NONE || view->allowed_count < 2)
		return first;
	uint32_t second = lottery_draw(self, view, first, &random);
	if (second == LB_NONE)
		return first;
	const struct lb_load *a = &view->load[first], *b = &view->load[second];
	uint64_t left = (uint64_t)a->in_flight * b->weight;
	uint64_t right = (uint64_t)b->in_flight * a->weight;
	return left <= right ? first : second;
}

const struct lb_strategy lb_random_two = {
	.name = "random_two",
	.needs = LB_NEED_RANDOM,
	.create = two_create,
	.destroy = two_destroy,
	.rebuild = two_rebuild,
	.pick = two_pick,
};
