/*
 * lb/weighted.c - at random, as often as the weights say.
 */
#include "lb/lottery.h"

#include <errno.h>
#include <stdlib.h>

extern const struct lb_strategy lb_weighted;

static int weighted_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct lottery));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void weighted_destroy(void *self)
{
	if (self == NULL)
		return;
	lottery_finish(self);
	free(self);
}

static int weighted_rebuild(void *self, const struct lb_view *view)
{
	return lottery_rebuild(self, view);
}

static uint32_t weighted_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	(void)req;
	uint64_t random = view->random;
	return lottery_draw(self, view, LB_NONE, &random);
}

const struct lb_strategy lb_weighted = {
	.name = "weighted",
	.needs = LB_NEED_RANDOM,
	.create = weighted_create,
	.destroy = weighted_destroy,
	.rebuild = weighted_rebuild,
	.pick = weighted_pick,
};
