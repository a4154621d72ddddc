/*
 * lb/order.h - the least loaded of many, without looking at all of them.
 *
 * A knock-out tournament over the backends of one set: every inner node holds the winner of its two
 * children, the root is the pick. When one backend's load changes, only the matches on its way to
 * the root are played again:
 *
 *               1: c                      order: rank, then jobs / (max_jobs * weight),
 *          2: a      3: c                        then who was picked least recently
 *        a    b    c    d
 *
 * A backend outside of the set loses every match. When the set changes, its old and new bitmaps are
 * compared and those that differ are played again.
 */
#ifndef LB_ORDER_H
#define LB_ORDER_H

#include "lb/strategy.h"

/* Less is better. Both halves are compared as one number. */
struct order_key {
	uint64_t load;   /* rank << 31, and the share as the bits of a float, which sort like it */
	uint64_t picked; /* number of the pick that last chose it; no two are alike */
};

struct order {
	uint64_t (*rank)(const struct lb_load *load); /* at most ORDER_MOST; NULL: all the same */
	struct order_key *key;                        /* owned, [leaves] */
	uint32_t *winner;       /* owned, [2 * leaves]; [1] is the root, [leaves + i] is i itself */
	double *share_of_job;   /* owned, [leaves]: 1 / (max_jobs * weight) */
	uint64_t *set;          /* owned bitmap */
	uint32_t count, leaves; /* leaves: a power of two, >= 2 */
	uint64_t epoch;         /* of `set`; 0: unknown */
	uint64_t last_pick;
	/* The newest backend whose matches were not played again yet: a pick and what it does to
	 * the load of the one picked thus cost one walk to the root. LB_NONE: none. */
	uint32_t waiting;
};

#define ORDER_MOST ((UINT64_C(1) << 33) - 2)

/* The callbacks of struct lb_strategy for one whose self is a struct order. */
int order_create(void **ret_self, uint64_t (*rank)(const struct lb_load *load)) MUST_CHECK;
void order_destroy(void *self);
int order_rebuild(void *self, const struct lb_view *view) MUST_CHECK;
void order_changed(void *self, const struct lb_view *view, uint32_t i);
uint32_t order_pick(void *self, const struct lb_view *view, const struct lb_request *req);

#endif
