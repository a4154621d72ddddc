#include "comfy/event.h"

/* Binary kinds (ComfyUI's protocol.py), and the one format that previews alone come in. */
enum { BINARY_PREVIEW = 1, BINARY_TEXT = 3, BINARY_PREVIEW_TOLD = 4 };
#define FORMAT_JPEG 1
#define BINARY_HEAD_BYTES 8

static const struct {
	struct slice name;
	enum event_kind kind;
} kinds[] = {
	/* The frequent ones first. */
	{{"progress_state", 14}, EVENT_PROGRESS_STATE},
	{{"progress", 8}, EVENT_PROGRESS},
	{{"executing", 9}, EVENT_EXECUTING},
	{{"executed", 8}, EVENT_EXECUTED},
	{{"status", 6}, EVENT_STATUS},
	{{"execution_start", 15}, EVENT_EXECUTION_START},
	{{"execution_cached", 16}, EVENT_EXECUTION_CACHED},
	{{"execution_success", 17}, EVENT_SUCCESS},
	{{"execution_error", 15}, EVENT_ERROR},
	{{"execution_interrupted", 21}, EVENT_INTERRUPTED},
	{{"feature_flags", 13}, EVENT_FEATURE_FLAGS},
	{{"logs", 4}, EVENT_LOGS},
};

static enum event_kind kind_of(struct slice type)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (slice_is(type, kinds[i].name))
			return kinds[i].kind;
	return EVENT_OTHER;
}

static void see_node(struct comfy_event *event, struct json_value value)
{
	event->has_node = value.kind != JSON_KIND_NULL;
	event->node = (struct slice){NULL, 0};
	if (value.kind == JSON_KIND_STRING)
		event->node = json_inside(value.raw);
	else if (event->has_node)
		event->node = value.raw;
}

/* What an event is about: a member of its data, or of a preview's JSON. Both "node" and "node_id"
 * are there at times, and then the first is meant. */
static void see_member(
	struct comfy_event *event, struct slice name, struct json_value value, bool *has_node_name)
{
	if (json_is_text(name, SLICE("prompt_id"))) {
		event->prompt_id = value.kind == JSON_KIND_STRING ? json_inside(value.raw)
								  : (struct slice){NULL, 0};
	} else if (json_is_text(name, SLICE("node"))) {
		*has_node_name = true;
		see_node(event, value);
	} else if (!*has_node_name && json_is_text(name, SLICE("node_id"))) {
		see_node(event, value);
	}
}

static void read_data(struct json_scan *scan, struct comfy_event *event)
{
	struct slice name;
	struct json_value value;
	bool has_node_name = false;
	event->prompt_id = event->node = (struct slice){NULL, 0};
	event->has_node = false;
	if (!json_enter(scan, JSON_KIND_OBJECT)) {
		(void)!json_take(scan, &event->data);
		return;
	}
	const char *began = scan->p - 1;
	while (json_name(scan, &name) && json_take(scan, &value))
		see_member(event, name, value, &has_node_name);
	event->data = (struct json_value){JSON_KIND_OBJECT, {began, (size_t)(scan->p - began)}};
}

void event_read_text(struct comfy_event *ret_event, struct slice message)
{
	struct comfy_event event = {.kind = EVENT_BROKEN, .data = {JSON_KIND_NULL, {NULL, 0}}};
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	struct json_value type = {JSON_KIND_NULL, {NULL, 0}};
	*ret_event = event;
	json_scan_start(&scan, message);
	if (!json_enter(&scan, JSON_KIND_OBJECT))
		return;
	while (json_name(&scan, &name)) {
		if (json_is_text(name, SLICE("data")))
			read_data(&scan, &event);
		else if (json_take(&scan, &value) && json_is_text(name, SLICE("type")))
			type = value;
	}
	if (!json_is_whole(&scan) || type.kind != JSON_KIND_STRING)
		return;
	event.type = json_inside(type.raw);
	event.kind = kind_of(event.type);
	*ret_event = event;
}

static uint32_t big_endian(const char *p)
{
	const unsigned char *at = (const unsigned char *)p;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Binary kinds 3 and 4: a piece whose length stands before it. False: there is less. */
static bool has_piece(struct slice message, struct slice *ret_piece)
{
	if (message.n < BINARY_HEAD_BYTES)
		return false;
	uint32_t n = big_endian(message.p + 4);
	if (n > message.n - BINARY_HEAD_BYTES)
		return false;
	*ret_piece = (struct slice){message.p + BINARY_HEAD_BYTES, n};
	return true;
}

static bool is_jpeg(struct json_value about)
{
	struct json_value type;
	return json_find(about, "image_type", &type) && type.kind == JSON_KIND_STRING &&
	       json_is_text(type.raw, SLICE("image/jpeg"));
}

static enum event_kind read_told_preview(struct comfy_event *event, struct slice message)
{
	struct slice json;
	struct json_scan scan;
	if (!has_piece(message, &json))
		return EVENT_BROKEN;
	json_scan_start(&scan, json);
	read_data(&scan, event);
	if (!json_is_whole(&scan) || event->data.kind != JSON_KIND_OBJECT)
		return EVENT_BROKEN;
	return is_jpeg(event->data) ? EVENT_PREVIEW : EVENT_IMAGE;
}

static enum event_kind read_binary(struct comfy_event *event, struct slice message)
{
	if (message.n < 4)
		return EVENT_BROKEN;
	switch (big_endian(message.p)) {
	case BINARY_PREVIEW:
		if (message.n < BINARY_HEAD_BYTES)
			return EVENT_BROKEN;
		return big_endian(message.p + 4) == FORMAT_JPEG ? EVENT_PREVIEW : EVENT_IMAGE;
	case BINARY_TEXT:
		event->has_node = has_piece(message, &event->node);
		return event->has_node ? EVENT_TEXT : EVENT_BROKEN;
	case BINARY_PREVIEW_TOLD:
		return read_told_preview(event, message);
	default:
		return EVENT_OTHER;
	}
}

void event_read_binary(struct comfy_event *ret_event, struct slice message)
{
	struct comfy_event event = {.data = {JSON_KIND_NULL, {NULL, 0}}};
	event.kind = read_binary(&event, message);
	if (event.kind == EVENT_BROKEN)
		event = (struct comfy_event){
			.kind = EVENT_BROKEN, .data = {JSON_KIND_NULL, {NULL, 0}}};
	*ret_event = event;
}

uint32_t event_rename(char *message, size_t n, struct slice from, struct slice to)
{
	if (from.n != to.n || from.n == 0)
		return 0;
	char *at = message;
	char *end = message + n;
	uint32_t count = 0;
	if (n != 0 && message[0] == '\0') {
		struct slice json;
		if (n < 4 || big_endian(message) != BINARY_PREVIEW_TOLD ||
			!has_piece((struct slice){message, n}, &json))
			return 0;
		at = message + BINARY_HEAD_BYTES;
		end = at + json.n;
	}
	/* Behind an escaped quote nothing matches: its own closing quote is escaped, too. */
	const char *began = at;
	while ((at = memmem(at, (size_t)(end - at), from.p, from.n)) != NULL) {
		char *behind = at + from.n;
		if (at != began && at[-1] == '"' && behind != end && *behind == '"') {
			memcpy(at, to.p, to.n);
			count++;
		}
		at = behind;
	}
	return count;
}

int32_t event_queue_remaining(const struct comfy_event *event)
{
	struct json_value value = event->data;
	int64_t remaining;
	if (!json_find(value, "status", &value) || !json_find(value, "exec_info", &value) ||
		!json_find(value, "queue_remaining", &value) || !json_int64(value, &remaining) ||
		remaining < 0 || remaining > INT32_MAX)
		return -1;
	return (int32_t)remaining;
}
