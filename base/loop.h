/*
 * base/loop.h - the one event loop, what runs at the end of its turns, and deadlines.
 *
 * Deferred work: nothing is freed inside its own callback. Who closes an object
 * stops its events at once and hands its memory to defer(); it goes when the
 * turn's callbacks have all returned.
 *
 * Deadlines: one list per distinct duration, in order of expiry because every
 * member waits equally long, and one timer per list. Setting one moves a node
 * to the tail: no allocation, no heap.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/base.h"
#include "base/histogram.h"
#include "base/list.h"

struct event_base;

/* Once, before anything else here. -errno. */
int loop_start(void) MUST_CHECK;
/* Runs what was deferred and frees the loop. */
void loop_finish(void);
struct event_base *loop_base(void); /* borrowed: lives until loop_finish */

/* Turns until loop_stop(). */
void loop_run(void);
/* One turn; waits for an event if there is nothing to do. False: the loop is broken. For tests. */
bool loop_turn(void);
void loop_stop(void);
/* How long the turns kept the loop busy: the lag that others saw. */
const struct histogram *loop_busy(void);
uint64_t loop_busy_most_us(void);

struct deferred {
	struct deferred *next;
	void (*run)(struct deferred *self); /* NULL while not deferred */
};

/* `run` is called once, at the end of this turn. Deferring again before that is legal and does
 * nothing. */
void defer(struct deferred *item, void (*run)(struct deferred *self));

/* Work that stopped at its quota and goes on in the next turn, after others had theirs. */
struct next_turn {
	struct list node;
	void (*run)(struct next_turn *self);
};

void next_turn_init(struct next_turn *item, void (*run)(struct next_turn *self));
/* Twice is once. */
void next_turn_add(struct next_turn *item);
void next_turn_cancel(struct next_turn *item);

struct deadline_list;

struct deadline {
	struct list node;
	uint64_t due_us;
	struct deadline_list *list; /* borrowed: lists are static; NULL while not set */
	void (*on_due)(struct deadline *self);
};

/* Once per object, before deadline_set. */
void deadline_init(struct deadline *deadline, void (*on_due)(struct deadline *self));
/* Due in `ms` from now (clock_now_us). Replaces an earlier setting. 0 means never: it is cleared.
 */
void deadline_set(struct deadline *deadline, uint64_t ms);
void deadline_clear(struct deadline *deadline);

static inline bool deadline_is_set(const struct deadline *deadline)
{
	return deadline->list != NULL;
}

#endif
