/*
 * comfy/event.h - what a worker says on its WebSocket, read where it lies.
 *
 *   text    {"type": "progress", "data": {"value": 3, "max": 20, "prompt_id": "...", "node": "3"}}
 *   binary  big-endian u32 kind: 1 preview (u32 format, image)   3 text (u32 length, node, text)
 *           4 preview with metadata (u32 length, JSON, image)
 *
 * One pass; a progress event costs a quarter of a microsecond.
 */
#ifndef COMFY_EVENT_H
#define COMFY_EVENT_H

#include "comfy/json_scan.h"

enum event_kind {
	EVENT_STATUS,
	EVENT_FEATURE_FLAGS,
	EVENT_EXECUTION_START,
	EVENT_EXECUTION_CACHED,
	EVENT_EXECUTING, /* node: its id, {NULL, 0} for null: the end marker */
	EVENT_PROGRESS,
	EVENT_PROGRESS_STATE,
	EVENT_EXECUTED,
	EVENT_SUCCESS,
	EVENT_ERROR,
	EVENT_INTERRUPTED,
	EVENT_LOGS,
	EVENT_PREVIEW, /* JPEG, kinds 1 and 4: may be replaced by a newer one */
	EVENT_IMAGE,   /* PNG or any other format: may be a result */
	EVENT_TEXT,    /* binary kind 3 */
	EVENT_OTHER,   /* custom nodes' */
	EVENT_BROKEN,  /* not of ComfyUI's shape */
};

struct comfy_event {
	enum event_kind kind;
	/* Spans of the message; strings as written, without their quotes. */
	struct slice type;      /* text events: the type's name */
	struct json_value data; /* text events, binary kind 4; JSON_KIND_NULL when there is none */
	struct slice prompt_id; /* {NULL, 0} without one */
	struct slice node; /* "node" of the data, else "node_id"; of binary kind 3 the node's id */
	bool has_node;     /* it is there and not null */
};

void event_read_text(struct comfy_event *ret_event, struct slice message);
void event_read_binary(struct comfy_event *ret_event, struct slice message);

/* Replaces each string that is `from`, no part of one, by `to`, in place: ids of workers that do
 * not take ours. A message of either sort (within its JSON only), or a page of JSON. Returns how
 * many; 0 when the two are not of equal length, as the ids of all versions are. */
uint32_t event_rename(char *message, size_t n, struct slice from, struct slice to);

/* exec_info.queue_remaining of a status event; -1. */
int32_t event_queue_remaining(const struct comfy_event *event);

#endif
