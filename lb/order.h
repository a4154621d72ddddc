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

/* Compared from the first field on, less is better. */
struct order_key {
	uint64_t rank;
	double share; /* equal ratios of integers give equal doubles */
	uint64_t picked;
};

#define ORDER_ABSENT UINT64_MAX /* rank of those outside of the set */

struct order {
	uint64_t (*rank)(const struct lb_load *load); /* < ORDER_ABSENT; NULL: all the same */
	struct order_key *key;                        /* owned, [leaves] */
	uint32_t *winner;                             /* owned, [leaves]; [1] is the root */
	uint64_t *set;                                /* owned bitmap */
	uint32_t count, leaves;                       /* leaves: a power of two, >= 2 */
	uint64_t epoch;                               /* of `set`; 0: unknown */
	uint64_t last_pick;
	/* The newest backend whose matches were not played again yet: a pick and what it does to
	 * the load of the one picked thus cost one walk to the root. LB_NONE: none. */
	uint32_t waiting;
};

/* Safe on a zeroed struct. */
void order_finish(struct order *order);
/* -ENOMEM: nothing changed. */
int order_rebuild(struct order *order, const struct lb_view *view) MUST_CHECK;
void order_changed(struct order *order, const struct lb_view *view, uint32_t i);
/* An allowed index, or LB_NONE when there is none. */
uint32_t order_pick(struct order *order, const struct lb_view *view);

#endif
