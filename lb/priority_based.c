/*
 * lb/priority_based.c - the best worker there is, until it is full.
 *
 * The lowest metadata.priority that has room, among equals the least loaded. When all are full
 * priority no longer counts, or the whole overflow would wait at the best one.
 */
#include "lb/order.h"

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
	return order_create(ret_self, rank_of);
}

const struct lb_strategy lb_priority_based = {
	.name = "priority_based",
	.needs = LB_NEED_LOAD,
	.create = prio_create,
	.destroy = order_destroy,
	.rebuild = order_rebuild,
	.changed = order_changed,
	.pick = order_pick,
};
