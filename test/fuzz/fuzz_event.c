/*
 * test/fuzz/fuzz_event.c - a worker's message of either sort.
 *
 * What is found lies in the message. Renaming there and back changes nothing, and a message that
 * was renamed is still of the same kind.
 */
#include "comfy/event.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

static void check_inside(struct slice message, struct slice piece)
{
	ensure(piece.p == NULL ||
		(piece.p >= message.p && piece.p + piece.n <= message.p + message.n));
}

static void check_event(struct slice message, const struct comfy_event *event)
{
	check_inside(message, event->type);
	check_inside(message, event->data.raw);
	check_inside(message, event->prompt_id);
	check_inside(message, event->node);
	ensure(event->has_node == (event->node.p != NULL));
	ensure(event->kind != EVENT_BROKEN ||
		(event->type.p == NULL && !event->has_node && event->data.kind == JSON_KIND_NULL));
	ensure(event_queue_remaining(event) >= -1);
}

static void check_rename(struct slice message, struct slice id,
	void (*read)(struct comfy_event *ret_event, struct slice message))
{
	struct comfy_event before, after;
	char *copy = malloc(message.n);
	char *other = malloc(id.n);
	ensure(copy != NULL && other != NULL);
	memcpy(copy, message.p, message.n);
	memset(other, 'z', id.n);
	struct slice to = {other, id.n};
	if (memmem(copy, message.n, other, id.n) == NULL && memchr(id.p, '\\', id.n) == NULL) {
		read(&before, message);
		uint32_t there = event_rename(copy, message.n, id, to);
		read(&after, (struct slice){copy, message.n});
		ensure(before.kind == after.kind || id.n < 36);
		uint32_t back = event_rename(copy, message.n, to, id);
		ensure(there == back && memcmp(copy, message.p, message.n) == 0);
	}
	free(other);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = {(const char *)data, size};
	struct comfy_event event;
	event_read_text(&event, message);
	check_event(message, &event);
	ensure(event.kind < EVENT_PREVIEW || event.kind > EVENT_TEXT);
	if (event.prompt_id.n != 0)
		check_rename(message, event.prompt_id, event_read_text);
	event_read_binary(&event, message);
	check_event(message, &event);
	ensure(event.kind >= EVENT_PREVIEW);
	if (event.prompt_id.n != 0)
		check_rename(message, event.prompt_id, event_read_binary);
	return 0;
}
