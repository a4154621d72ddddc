/*
 * lb/smooth.h - smooth weighted rotation, for round_robin and those that fall back to it.
 *
 * The answer is always that of the plain loop, which is nginx's: on every pick each allowed backend
 * collects credit equal to its weight, the richest is chosen and pays what was handed out. Weights
 * 5:1:1 give a a b a c a a. One that is not allowed earns nothing and keeps what it has, so it is
 * not flooded when it comes back.
 *
 * With the same set the loop repeats itself after sum / gcd of the weights picks. Thus:
 *
 *    set changes -> plain loop, recorded, for one period -> did every credit return to what it was?
 *                     ^                                        | no: record the next period
 *                     '----------------------------------------'
 *                                                              | yes: play the record, O(1) a pick
 */
#ifndef LB_SMOOTH_H
#define LB_SMOOTH_H

#include "lb/strategy.h"

struct smooth {
	int64_t *credit;  /* owned, [count]; while playing: as it was when the record began */
	int64_t *start;   /* in the same block: likewise, while recording */
	uint64_t *set;    /* in the same block: bitmap of the set that is recorded */
	uint32_t *record; /* owned, [room] */
	uint32_t count, room;
	uint64_t epoch;      /* of the set, 0: none */
	uint64_t handed_out; /* in each pick: sum of the set's weights */
	uint32_t period;     /* length of the whole record; 0: longer than `room` */
	uint32_t at;         /* picks since the record began, or began to be played again */
	bool is_playing;
};

/* Safe on a zeroed struct. */
void smooth_finish(struct smooth *smooth);

/* Begins anew with the weights in `view`. -ENOMEM: nothing changed. */
int smooth_rebuild(struct smooth *smooth, const struct lb_view *view) MUST_CHECK;

/* An allowed index, or LB_NONE when there is none. */
uint32_t smooth_pick(struct smooth *smooth, const struct lb_view *view);

#endif
