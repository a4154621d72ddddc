/*
 * lb/priority_based.c - the best worker there is, until it is full.
 *
 * The lowest metadata.priority that has room, among equals the least loaded. When all are full
 * priority no longer counts, or the whole overflow would wait at the best one.
 */
#include "lb/order.h"

#include <errno.h>
#include <stdlib.h>

extern const struct lb_strategy lb_priority_based;

static uint64_t rank_of(const struct lb_load *load)
{
	if (load->jobs >= load->max_jobs)
		return UINT64_C(1) << 32;
	return (uint64_t)((int64_t)load->priority - INT32_MIN);
}

static int prio_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	struct order *order = calloc(1, sizeof(*order));
	if (order == NULL)
		return -ENOMEM;
	order->rank = rank_of;
	*ret_self = order;
	return 0;
}

static void prio_destroy(void *self)
{
	if (self == NULL)
		return;
	order_finish(self);
	free(self);
}

static int prio_rebuild(void *self, const struct lb_view *view)
{
	return order_rebuild(self, view);
}

static void prio_changed(void *self, const struct lb_view *view, uint32_t i)
{
	order_changed(self, view, i);
}

static uint32_t prio_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	return order_pick(self, view);
}

const struct lb_strategy lb_priority_based = {
	.name = "priority_based",
	.needs = LB_NEED_LOAD,
	.create = prio_create,
	.destroy = prio_destroy,
	.rebuild = prio_rebuild,
	.changed = prio_changed,
	.pick = prio_pick,
};
