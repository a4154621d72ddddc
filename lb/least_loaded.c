/*
 * lb/least_loaded.c - the worker with the fewest jobs for what it can take.
 *
 * Jobs are the worker's own queue and what is on its way there, over max_concurrent times weight.
 * Among equals the one that was picked least recently: pages and first visits thus go round.
 */
#include "lb/order.h"

#include <errno.h>
#include <stdlib.h>

extern const struct lb_strategy lb_least_loaded;

static int ll_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct order));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void ll_destroy(void *self)
{
	if (self == NULL)
		return;
	order_finish(self);
	free(self);
}

static int ll_rebuild(void *self, const struct lb_view *view)
{
	return order_rebuild(self, view);
}

static void ll_changed(void *self, const struct lb_view *view, uint32_t i)
{
	order_changed(self, view, i);
}

static uint32_t ll_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	return order_pick(self, view);
}

const struct lb_strategy lb_least_loaded = {
	.name = "least_loaded",
	.needs = LB_NEED_LOAD,
	.create = ll_create,
	.destroy = ll_destroy,
	.rebuild = ll_rebuild,
	.changed = ll_changed,
	.pick = ll_pick,
};
