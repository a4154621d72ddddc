/*
 * comfy/outbox.c - a ring with gaps, and a chain through those of its places that may be replaced.
 *
 *   newest --> PREVIEW of job 7 --> PROGRESS of job 7 --> PROGRESS of job 3 --> none
 *
 * Whoever is put goes to the end of the ring and to the head of the chain, so both are in the same
 * order, and the jobs that run now are found within a few steps.
 */
#include "comfy/outbox.h"

#include <stdlib.h>

#define ROOM_LEAST 8
/* A larger ring is given back when it is empty. */
#define ROOM_KEPT 16
#define ROOM_MOST (1u << 24)
/* So that a client with thousands of leftovers costs no more than others. */
#define CHAIN_STEPS 256
#define NONE UINT32_MAX

struct outbox_item {
	struct blob *frame; /* owned; NULL: a gap */
	uint64_t job;
	uint32_t older, newer; /* places in the chain, NONE at its ends */
	enum outbox_kind kind;
};

void outbox_init(struct outbox *outbox)
{
	*outbox = (struct outbox){.newest = NONE};
}

/* The i-th place from the front. */
static uint32_t place_of(const struct outbox *outbox, uint32_t i)
{
	return (outbox->first + i) & (outbox->room - 1);
}

static size_t cost_of(const struct blob *frame)
{
	return frame->n + OUTBOX_FRAME_COST;
}

void outbox_finish(struct outbox *outbox)
{
	for (uint32_t i = 0; i < outbox->count; i++)
		blob_unref(outbox->items[place_of(outbox, i)].frame);
	free(outbox->items);
	outbox_init(outbox);
}

static void link_newest(struct outbox *outbox, uint32_t place)
{
	struct outbox_item *item = &outbox->items[place];
	item->older = outbox->newest;
	item->newer = NONE;
	if (item->older != NONE)
		outbox->items[item->older].newer = place;
	outbox->newest = place;
}

static void unlink_place(struct outbox *outbox, uint32_t place)
{
	const struct outbox_item *item = &outbox->items[place];
	if (item->kind == OUTBOX_KEEP)
		return;
	if (item->older != NONE)
		outbox->items[item->older].newer = item->newer;
	if (item->newer != NONE)
		outbox->items[item->newer].older = item->older;
	else
		outbox->newest = item->older;
}

/* Leaves a gap. */
static void drop(struct outbox *outbox, uint32_t place)
{
	struct outbox_item *item = &outbox->items[place];
	ensure(item->frame != NULL);
	unlink_place(outbox, place);
	outbox->live--;
	outbox->bytes -= cost_of(item->frame);
	blob_unref(item->frame);
	item->frame = NULL;
}

/* The place of an older one of that kind and job, or NONE. */
static uint32_t find_older(const struct outbox *outbox, enum outbox_kind kind, uint64_t job)
{
	uint32_t place = outbox->newest;
	for (unsigned steps = 0; place != NONE && steps < CHAIN_STEPS; steps++) {
		const struct outbox_item *item = &outbox->items[place];
		if (item->kind == kind && item->job == job)
			return place;
		place = item->older;
	}
	return NONE;
}

/* Moves the live ones into a ring of `room`, without gaps. */
static bool move_to(struct outbox *outbox, uint32_t room)
{
	struct outbox old = *outbox;
	struct outbox_item *items = calloc(room, sizeof(*items));
	if (items == NULL)
		return false;
	outbox->items = items;
	outbox->room = room;
	outbox->first = outbox->count = 0;
	outbox->newest = NONE;
	for (uint32_t i = 0; i < old.count; i++) {
		const struct outbox_item *item = &old.items[place_of(&old, i)];
		if (item->frame == NULL)
			continue;
		uint32_t place = outbox->count++;
		items[place] = *item;
		if (item->kind != OUTBOX_KEEP)
			link_newest(outbox, place);
	}
	free(old.items);
	return true;
}

/* A free place at the end. While gaps are half of the ring it does not grow. */
static bool make_room(struct outbox *outbox)
{
	if (outbox->count < outbox->room)
		return true;
	if (outbox->room == 0)
		return move_to(outbox, ROOM_LEAST);
	if (outbox->live <= outbox->room / 2)
		return move_to(outbox, outbox->room);
	return outbox->room < ROOM_MOST && move_to(outbox, outbox->room * 2);
}

static void skip_gaps(struct outbox *outbox)
{
	while (outbox->count != 0 && outbox->items[outbox->first].frame == NULL) {
		outbox->first = place_of(outbox, 1);
		outbox->count--;
	}
}

bool outbox_put(struct outbox *outbox, enum outbox_kind kind, uint64_t job, struct blob *frame)
{
	if (!make_room(outbox))
		return false;
	uint32_t older = kind == OUTBOX_KEEP ? NONE : find_older(outbox, kind, job);
	if (older != NONE) {
		drop(outbox, older);
		skip_gaps(outbox);
		outbox->replaced++;
	}
	uint32_t place = place_of(outbox, outbox->count++);
	outbox->items[place] = (struct outbox_item){
		.frame = blob_ref(frame), .job = job, .kind = kind};
	if (kind != OUTBOX_KEEP)
		link_newest(outbox, place);
	outbox->live++;
	outbox->bytes += cost_of(frame);
	return true;
}

size_t outbox_peek(const struct outbox *outbox, struct blob **ret_frames, size_t most)
{
	size_t n = 0;
	for (uint32_t i = 0; i < outbox->count && n < most; i++) {
		struct blob *frame = outbox->items[place_of(outbox, i)].frame;
		if (frame != NULL)
			ret_frames[n++] = frame;
	}
	return n;
}

void outbox_take(struct outbox *outbox, size_t n)
{
	ensure(n <= outbox->live);
	for (; n != 0; n--) {
		/* The first one is never a gap: see skip_gaps. */
		drop(outbox, outbox->first);
		skip_gaps(outbox);
	}
	if (outbox->live == 0 && outbox->room > ROOM_KEPT) {
		free(outbox->items);
		outbox->items = NULL;
		outbox->room = outbox->first = 0;
	}
}
