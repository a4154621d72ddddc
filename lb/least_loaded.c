/*
 * lb/least_loaded.c - the worker with the fewest jobs for what it can take.
 *
 * Jobs are the worker's own queue and what is on its way there, over max_concurrent times weight.
 * Among equals the one that was picked least recently: pages and first visits thus go round.
 */
#include "lb/order.h"

extern const struct lb_strategy lb_least_loaded;

static int ll_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	return order_create(ret_self, NULL);
}

/* In fleet mode jobs are placed by comfy/schedule.h, and this is for what is no job. */
extern const struct lb_strategy lb_score;

const struct lb_strategy lb_score = {
	.name = "score",
	.needs = LB_NEED_LOAD,
	.create = ll_create,
	.destroy = order_destroy,
	.rebuild = order_rebuild,
	.changed = order_changed,
	.pick = order_pick,
};

const struct lb_strategy lb_least_loaded = {
	.name = "least_loaded",
	.needs = LB_NEED_LOAD,
	.create = ll_create,
	.destroy = order_destroy,
	.rebuild = order_rebuild,
	.changed = order_changed,
	.pick = order_pick,
};
