/*
 * comfy/replay.h - what an owner's next page is to hear first: where its running jobs are, and what
 * ended while nobody listened.
 *
 *   of each running job    the newest of: executing, progress, progress_state
 *   while no page is there executed, the ends of jobs: at most REPLAY_FRAMES_MOST and
 *                          REPLAY_BYTES_MOST, the oldest dropped first
 *
 * Told in the order in which it came, so that a page hears what it would have heard, with gaps.
 */
#ifndef COMFY_REPLAY_H
#define COMFY_REPLAY_H

#include "base/blob.h"
#include "base/list.h"
#include "comfy/event.h"

#define REPLAY_FRAMES_MOST 1000
#define REPLAY_BYTES_MOST ((size_t)8 * 1024 * 1024)
/* Of one frame of a running job; a larger one is not kept. */
#define REPLAY_SLOT_BYTES_MOST ((size_t)1024 * 1024)
/* Of all owners together, what was missed. */
#define REPLAY_ALL_BYTES_MOST ((size_t)256 * 1024 * 1024)

struct job;

enum replay_part {
	REPLAY_EXECUTING, /* one slot of a running job each */
	REPLAY_PROGRESS,
	REPLAY_STATE,
	REPLAY_SLOTS,
	REPLAY_MISSED = REPLAY_SLOTS, /* an end, or a result */
	REPLAY_NOTHING
};

struct owner_replay {
	struct list in_order; /* struct kept, by arrival */
	struct list runs;     /* struct run, the one last heard of first */
	uint32_t missed;
	size_t missed_bytes;
};

/* Frames that were dropped because a bound was reached or memory was out. */
extern uint64_t replay_dropped;

/* What the event is to a page that was not there. */
enum replay_part replay_part_of(const struct comfy_event *event);

struct owner_replay *replay_create(void) MUST_CHECK;
void replay_destroy(struct owner_replay *replay); /* takes NULL */
bool replay_is_empty(const struct owner_replay *replay);

/* The newest of a slot of that job, in place of the one before. A new `executing` also ends what
 * `progress` said of the node before. A reference is taken. Without memory it is not kept. */
void replay_keep_run(struct owner_replay *replay, const struct job *job, enum replay_part slot,
	struct blob *frame);
/* One that no page heard. A reference is taken. */
void replay_keep_missed(struct owner_replay *replay, struct blob *frame);
void replay_forget_run(struct owner_replay *replay, const struct job *job);
void replay_forget_missed(struct owner_replay *replay);

/* Each in order of arrival. Frames that were missed are not missed any more. */
void replay_tell(struct owner_replay *replay,
	void (*tell)(void *arg, enum replay_part part, const struct job *job, struct blob *frame),
	void *arg);

#endif
