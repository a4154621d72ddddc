#include "comfy/replay.h"

#include <stdlib.h>

struct kept {
	struct list node;      /* in_order */
	struct blob *frame;    /* owned; NULL: an empty slot */
	const struct job *job; /* borrowed, only compared; NULL: it was missed */
	enum replay_part part;
};

struct run {
	struct list node;
	const struct job *job; /* borrowed, only compared */
	struct kept slots[REPLAY_SLOTS];
};

uint64_t replay_dropped;

static size_t all_bytes;

enum replay_part replay_part_of(const struct comfy_event *event)
{
	switch (event->kind) {
	case EVENT_EXECUTING:
		return event->has_node ? REPLAY_EXECUTING : REPLAY_MISSED;
	case EVENT_PROGRESS:
		return REPLAY_PROGRESS;
	case EVENT_PROGRESS_STATE:
		return REPLAY_STATE;
	case EVENT_EXECUTED:
	case EVENT_SUCCESS:
	case EVENT_ERROR:
	case EVENT_INTERRUPTED:
		return REPLAY_MISSED;
	default:
		return REPLAY_NOTHING;
	}
}

struct owner_replay *replay_create(void)
{
	struct owner_replay *replay = calloc(1, sizeof(*replay));
	if (replay == NULL)
		return NULL;
	list_init(&replay->in_order);
	list_init(&replay->runs);
	return replay;
}

static void kept_clear(struct kept *kept)
{
	list_remove(&kept->node);
	blob_unref(kept->frame);
	kept->frame = NULL;
}

static void run_destroy(struct run *run)
{
	for (int i = 0; i < REPLAY_SLOTS; i++)
		kept_clear(&run->slots[i]);
	list_remove(&run->node);
	free(run);
}

static void missed_destroy(struct owner_replay *replay, struct kept *kept)
{
	replay->missed--;
	replay->missed_bytes -= kept->frame->n;
	all_bytes -= kept->frame->n;
	kept_clear(kept);
	free(kept);
}

void replay_destroy(struct owner_replay *replay)
{
	if (replay == NULL)
		return;
	list_each_safe (node, &replay->runs)
		run_destroy(CONTAINER_OF(node, struct run, node));
	replay_forget_missed(replay);
	free(replay);
}

bool replay_is_empty(const struct owner_replay *replay)
{
	return list_is_empty(&replay->in_order);
}

static struct run *find_run(const struct owner_replay *replay, const struct job *job)
{
	list_each (node, &replay->runs) {
		struct run *run = CONTAINER_OF(node, struct run, node);
		if (run->job == job)
			return run;
	}
	return NULL;
}

static struct run *make_run(const struct job *job)
{
	struct run *run = calloc(1, sizeof(*run));
	if (run == NULL)
		return NULL;
	run->job = job;
	list_init(&run->node);
	for (int i = 0; i < REPLAY_SLOTS; i++) {
		struct kept *slot = &run->slots[i];
		*slot = (struct kept){.job = job, .part = (enum replay_part)i};
		list_init(&slot->node);
	}
	return run;
}

void replay_keep_run(struct owner_replay *replay, const struct job *job, enum replay_part slot,
	struct blob *frame)
{
	struct run *run = find_run(replay, job);
	if (run == NULL)
		run = make_run(job);
	if (run == NULL) {
		replay_dropped++;
		return;
	}
	struct kept *kept = &run->slots[slot];
	kept_clear(kept);
	if (slot == REPLAY_EXECUTING)
		kept_clear(&run->slots[REPLAY_PROGRESS]);
	list_remove(&run->node);
	list_push_front(&replay->runs, &run->node);
	if (frame->n > REPLAY_SLOT_BYTES_MOST) {
		replay_dropped++;
		return;
	}
	kept->frame = blob_ref(frame);
	list_push_back(&replay->in_order, &kept->node);
}

static bool is_full(const struct owner_replay *replay, size_t n)
{
	return replay->missed >= REPLAY_FRAMES_MOST ||
	       replay->missed_bytes + n > REPLAY_BYTES_MOST ||
	       all_bytes + n > REPLAY_ALL_BYTES_MOST;
}

static void make_room(struct owner_replay *replay, size_t n)
{
	list_each_safe (node, &replay->in_order) {
		struct kept *kept = CONTAINER_OF(node, struct kept, node);
		if (!is_full(replay, n))
			return;
		if (kept->part != REPLAY_MISSED)
			continue;
		missed_destroy(replay, kept);
		replay_dropped++;
	}
}

void replay_keep_missed(struct owner_replay *replay, struct blob *frame)
{
	if (frame->n <= REPLAY_BYTES_MOST)
		make_room(replay, frame->n);
	struct kept *kept = is_full(replay, frame->n) ? NULL : malloc(sizeof(*kept));
	if (kept == NULL) {
		replay_dropped++;
		return;
	}
	*kept = (struct kept){.part = REPLAY_MISSED, .frame = blob_ref(frame)};
	list_push_back(&replay->in_order, &kept->node);
	replay->missed++;
	replay->missed_bytes += frame->n;
	all_bytes += frame->n;
}

void replay_forget_run(struct owner_replay *replay, const struct job *job)
{
	struct run *run = find_run(replay, job);
	if (run != NULL)
		run_destroy(run);
}

void replay_forget_missed(struct owner_replay *replay)
{
	list_each_safe (node, &replay->in_order) {
		struct kept *kept = CONTAINER_OF(node, struct kept, node);
		if (kept->part == REPLAY_MISSED)
			missed_destroy(replay, kept);
	}
}

void replay_tell(struct owner_replay *replay,
	void (*tell)(void *arg, enum replay_part part, const struct job *job, struct blob *frame),
	void *arg)
{
	list_each (node, &replay->in_order) {
		const struct kept *kept = CONTAINER_OF(node, struct kept, node);
		tell(arg, kept->part, kept->job, kept->frame);
	}
	replay_forget_missed(replay);
}
