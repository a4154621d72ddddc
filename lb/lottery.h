/*
 * lb/lottery.h - draws a backend at random, as likely as its weight says.
 *
 * The running sums are over all members. A ticket of one that is not allowed is thrown away and
 * another drawn, which leaves the others' chances as they should be; after a few of those the
 * allowed ones are summed up for this one draw.
 */
#ifndef LB_LOTTERY_H
#define LB_LOTTERY_H

#include "lb/strategy.h"

struct lottery {
	uint64_t *up_to; /* owned, [count]: weights of 0 .. i */
	uint32_t count;
};

/* Safe on a zeroed struct. */
void lottery_finish(struct lottery *lottery);
/* -ENOMEM: nothing changed. */
int lottery_rebuild(struct lottery *lottery, const struct lb_view *view) MUST_CHECK;
/* An allowed index other than `except` (LB_NONE: any), or LB_NONE when there is none. *random is
 * the source: a fresh word, and used up. */
uint32_t lottery_draw(const struct lottery *lottery, const struct lb_view *view, uint32_t except,
	uint64_t *random);

#endif
