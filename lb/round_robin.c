/*
 * lb/round_robin.c - weighted round robin without bursts.
 */
#include "lb/smooth.h"

#include <errno.h>
#include <stdlib.h>

extern const struct lb_strategy lb_round_robin;

static int rr_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct smooth));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void rr_destroy(void *self)
{
	if (self == NULL)
		return;
	smooth_finish(self);
	free(self);
}

static int rr_rebuild(void *self, const struct lb_view *view)
{
	return smooth_rebuild(self, view);
}

static uint32_t rr_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	return smooth_pick(self, view);
}

const struct lb_strategy lb_round_robin = {
	.name = "round_robin",
	.create = rr_create,
	.destroy = rr_destroy,
	.rebuild = rr_rebuild,
	.pick = rr_pick,
};
