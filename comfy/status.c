#include "comfy/status.h"

#include "base/text.h"
#include "comfy/event.h"
#include "proxy/ws.h"

/* Longer than any status. */
#define STATUS_MOST 512

struct blob *status_frame(uint32_t remaining, const char *sid)
{
	struct text text;
	struct blob *frame = NULL;
	text_init(&text, 128 + (sid != NULL ? 2 * strlen(sid) : 0));
	text_puts(&text, "{\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "
			 "{\"queue_remaining\": ");
	text_u64(&text, remaining);
	text_puts(&text, "}}");
	if (sid != NULL) {
		text_puts(&text, ", \"sid\": ");
		text_json(&text, sid);
	}
	text_puts(&text, "}}");
	if (!text.is_short)
		frame = ws_frame_blob(WS_TEXT, (struct slice){text.p, text.n});
	text_finish(&text);
	return frame;
}

bool status_read(struct slice message, int32_t *ret_remaining)
{
	struct comfy_event event;
	if (message.n > STATUS_MOST || memmem(message.p, message.n, "\"status\"", 8) == NULL)
		return false;
	event_read_text(&event, message);
	if (event.kind != EVENT_STATUS)
		return false;
	*ret_remaining = event_queue_remaining(&event);
	return true;
}
