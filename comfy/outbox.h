/*
 * comfy/outbox.h - what waits to be sent to one slow client, bounded. Pure.
 *
 *   first                                     count
 *     | executed | (gap) | executing | (gap) | progress |
 *                    '------- replaced by newer ones --^
 *
 * Frames keep their order. Of progress, progress_state and JPEG previews of one job only the newest
 * waits: a newer one takes the old one out and goes to the end. Everything else stays. The owner
 * closes a client whose outbox passes its bound.
 */
#ifndef COMFY_OUTBOX_H
#define COMFY_OUTBOX_H

#include "base/blob.h"

enum outbox_kind {
	OUTBOX_KEEP, /* never replaced */
	OUTBOX_PROGRESS,
	OUTBOX_PROGRESS_STATE,
	OUTBOX_PREVIEW,
	OUTBOX_STATUS, /* of the fleet: job 0 */
	OUTBOX_KINDS
};

/* What keeping a frame costs beside its octets. */
#define OUTBOX_FRAME_COST 64

struct outbox_item;

struct outbox {
	struct outbox_item *items; /* owned: a ring of `room` (a power of two); NULL when idle */
	uint32_t first, count;     /* `count` places from `first` on, gaps included */
	uint32_t room, live;       /* live: those that were not replaced */
	uint32_t newest;           /* of those that may be replaced: the chain's head */
	size_t bytes;              /* of the live ones, OUTBOX_FRAME_COST for each included */
	uint64_t replaced;         /* ever */
};

void outbox_init(struct outbox *outbox);
void outbox_finish(struct outbox *outbox);
/* Takes a reference. `job`: what makes two frames of a kind the same. False: no memory, and nothing
 * changed. An older one is looked for among the 256 newest that may be replaced. */
bool outbox_put(
	struct outbox *outbox, enum outbox_kind kind, uint64_t job, struct blob *frame) MUST_CHECK;
/* Up to `most` of the first ones, borrowed until the next call here. */
size_t outbox_peek(const struct outbox *outbox, struct blob **ret_frames, size_t most);
/* The first n live ones are sent. */
void outbox_take(struct outbox *outbox, size_t n);

static inline bool outbox_is_empty(const struct outbox *outbox)
{
	return outbox->live == 0;
}

#endif
