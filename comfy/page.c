#include "comfy/page.h"

#include "comfy/fleet.h"
#include "comfy/route.h"
#include "http/query.h"
#include "proxy/handler.h"

#include <stdlib.h>

/* Frames of one writev. */
#define FLUSH_MOST 64
/* A feature_flags message that is worth remembering. */
#define FLAGS_MOST ((size_t)16 * 1024)
/* From when too much waited for a client until it is cut off. */
#define SLOW_END_MS 30000

bool page_send(struct page *page, enum outbox_kind kind, uint64_t job, struct blob *frame)
{
	uint64_t before = page->outbox.replaced;
	if (page->is_leaving)
		return false;
	/* Who keeps up misses nothing, however much comes in one turn. */
	if (ws_is_clear(&page->ws))
		kind = OUTBOX_KEEP;
	if (!outbox_put(&page->outbox, kind, job, frame)) {
		page_leave(page, WS_CODE_INTERNAL);
		return false;
	}
	owner_stats.frames_replaced += page->outbox.replaced - before;
	next_turn_add(&page->flush);
	return true;
}

void page_leave(struct page *page, uint16_t code)
{
	if (page->is_leaving)
		return;
	page->is_leaving = true;
	page->leave_code = code;
	next_turn_add(&page->flush);
}

/* Out of its owner, who gets back what was not sent: a frame of which a part is missing was not
 * heard either. */
static void leave_owner(struct page *page)
{
	struct owner *owner = page->owner;
	struct blob *frames[FLUSH_MOST];
	size_t n;
	if (owner == NULL)
		return;
	owner_remove_page(owner, page);
	if (page->ws.tail != NULL)
		owner_give_back(owner, page->ws.tail);
	while ((n = outbox_peek(&page->outbox, frames, FLUSH_MOST)) != 0) {
		for (size_t i = 0; i < n; i++)
			owner_give_back(owner, frames[i]);
		outbox_take(&page->outbox, n);
	}
}

static void flush(struct page *page)
{
	struct blob *frames[FLUSH_MOST];
	while (!page->is_leaving && !outbox_is_empty(&page->outbox) && ws_is_clear(&page->ws)) {
		size_t n = outbox_peek(&page->outbox, frames, FLUSH_MOST);
		size_t taken = ws_flush(&page->ws, frames, n);
		if (page->x == NULL)
			return;
		outbox_take(&page->outbox, taken);
		owner_stats.frames_to_clients += taken;
		if (taken < n)
			break;
	}
	/* What a frame of any size leaves in the ws does not count, or a client could never be told
	 * it. */
	if (page->outbox.bytes > page->buffer_most && !page->is_leaving) {
		owner_stats.slow_closed++;
		page_leave(page, WS_CODE_TRY_LATER);
	}
}

static void on_flush(struct next_turn *item)
{
	struct page *page = CONTAINER_OF(item, struct page, flush);
	if (!page->is_leaving) {
		flush(page);
		return;
	}
	leave_owner(page);
	if (page->leave_code != WS_CODE_TRY_LATER) {
		ws_close(&page->ws, page->leave_code, "out of memory");
		return;
	}
	/* It gets to hear why if it wakes up in time. */
	ws_close(&page->ws, page->leave_code, "too slow");
	if (page->ws.sent_close)
		deadline_set(&page->ws.ping, SLOW_END_MS);
}

/* -- the end -- */

static void run_gone(struct deferred *self)
{
	free(CONTAINER_OF(self, struct page, gone));
}

/* Everything but the socket. */
static void end(struct page *page)
{
	page->x = NULL;
	page->is_leaving = true;
	leave_owner(page);
	next_turn_cancel(&page->flush);
	ws_finish(&page->ws);
	outbox_finish(&page->outbox);
	defer(&page->gone, run_gone);
}

static enum close_reason reason_of(const struct page *page, uint16_t code)
{
	if (page->leave_code == WS_CODE_TRY_LATER)
		return CLOSE_SEND_TIMEOUT;
	if (page->leave_code != 0)
		return CLOSE_OUT_OF_MEMORY;
	if (code != WS_CODE_ABNORMAL)
		return CLOSE_TUNNEL_CLOSED;
	/* Not an error's word, which would send a RST after what it was told. */
	if (page->ws.is_bad)
		return CLOSE_BAD_REQUEST;
	return page->ws.sock->peer_closed ? CLOSE_CLIENT_LEFT : CLOSE_TUNNEL_TIMEOUT;
}

static void on_closed(struct ws *ws, uint16_t code, const char *why)
{
	(void)why;
	struct page *page = CONTAINER_OF(ws, struct page, ws);
	struct exchange *x = page->x;
	uint64_t sent = ws->sent;
	uint64_t received = ws->received;
	enum close_reason reason = reason_of(page, code);
	if (x == NULL)
		return;
	end(page);
	handler_close_socket(x, reason, sent, received);
}

static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)reason;
	struct page *page = CONTAINER_OF(state, struct page, route);
	/* Goes out now or never. */
	ws_close(&page->ws, WS_CODE_GOING_AWAY, "");
	handler_count_socket(x, page->ws.sent, page->ws.received);
	end(page);
}

/* -- what the client says -- */

static void answer_flags(struct page *page)
{
	struct blob *message = fleet_feature_flags(page->owner->fleet);
	struct blob *frame = message != NULL ? ws_frame_blob(WS_TEXT, blob_slice(message)) : NULL;
	blob_unref(message);
	if (frame == NULL)
		page_leave(page, WS_CODE_INTERNAL);
	else
		(void)page_send(page, OUTBOX_KEEP, 0, frame);
	blob_unref(frame);
}

static void remember_flags(struct owner *owner, struct slice message)
{
	if (message.n > FLAGS_MOST)
		return;
	struct blob *flags = blob_copy(message.p, message.n);
	/* Without memory its links go without, and tell a little less. */
	if (flags == NULL)
		return;
	blob_unref(owner->flags);
	owner->flags = flags;
}

static void on_message(struct ws *ws, enum ws_opcode opcode, struct slice message)
{
	struct page *page = CONTAINER_OF(ws, struct page, ws);
	struct json_value root;
	struct json_value type;
	if (page->has_spoken || page->owner == NULL || opcode != WS_TEXT)
		return;
	/* As in ComfyUI, what is no object is not even a first message. */
	if (!json_read(message, &root) || root.kind != JSON_KIND_OBJECT)
		return;
	page->has_spoken = true;
	if (!json_find(root, "type", &type) || type.kind != JSON_KIND_STRING ||
		!json_is_text(type.raw, SLICE("feature_flags")))
		return;
	remember_flags(page->owner, message);
	answer_flags(page);
}

static void on_clear(struct ws *ws)
{
	next_turn_add(&CONTAINER_OF(ws, struct page, ws)->flush);
}

static const struct ws_owner page_ws = {
	.on_message = on_message,
	.on_clear = on_clear,
	.on_closed = on_closed,
};

static void on_socket(struct exchange *x, struct route_state *state)
{
	(void)x;
	(void)!ws_step(&CONTAINER_OF(state, struct page, route)->ws);
}

/* -- the beginning -- */

/* Room for OWNER_ID_MOST and a terminator. */
static bool find_id(struct slice query, char *out, size_t *ret_n)
{
	int n = query_find(query, "clientId", out, OWNER_ID_MOST + 1);
	if (n > 0) {
		*ret_n = (size_t)n;
		return true;
	}
	*ret_n = OWNER_MADE_ID;
	return owner_make_id(out);
}

static struct owner *find_owner(struct fleet *fleet, struct exchange *x)
{
	struct handler_request request;
	char id[OWNER_ID_MOST + 1];
	size_t n;
	handler_request(x, &request);
	if (!find_id(request.query, id, &n))
		return NULL;
	return owners_get(
		fleet->owners, (struct slice){id, n}, route_cookie(&request), request.client_ip);
}

static struct page *page_create(struct exchange *x)
{
	struct page *page = calloc(1, sizeof(*page));
	if (page == NULL)
		return NULL;
	page->x = x;
	list_init(&page->in_owner);
	list_init(&page->in_fleet);
	outbox_init(&page->outbox);
	next_turn_init(&page->flush, on_flush);
	return page;
}

void page_open(struct fleet *fleet, struct exchange *x)
{
	const struct conf_fleet *settings = &fleet->settings;
	struct buf early = {0};
	struct buf unsent = {0};
	struct owner *owner = find_owner(fleet, x);
	struct page *page = owner != NULL ? page_create(x) : NULL;
	if (page == NULL) {
		handler_refuse(x, 503, "out of memory");
		return;
	}
	handler_set_state(x, NULL);
	struct sock *sock = handler_take_socket(x, &early, &unsent);
	if (sock == NULL) {
		free(page);
		return;
	}
	handler_set_state(x, &page->route);
	page->route = (struct route_state){.on_gone = on_gone, .on_socket = on_socket};
	page->buffer_most = settings->page_buffer;
	ws_init(&page->ws, sock, &page_ws, false, settings->page_ping_ms, settings->page_message,
		&early, &unsent);
	if (!owner_add_page(owner, page))
		page_leave(page, WS_CODE_INTERNAL);
}
