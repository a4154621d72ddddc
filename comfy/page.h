/*
 * comfy/page.h - a client's WebSocket: /ws?clientId=...
 *
 *   first    {"type": "status", "data": {"status": {"exec_info": {...}}, "sid": "..."}}, then the
 *            replay
 *   then     events of its owner's jobs, and the fleet's status
 *
 * The client may say feature_flags in its first message, and is answered with the intersection of
 * the workers'. Nothing else that it says has a meaning.
 *
 *   page_send --> outbox --(end of the turn)--> ws_flush --> socket
 *
 * The outbox holds what a slow client has not taken, of what may be replaced only the newest; past
 * fleet.page_buffer it is closed with 1013.
 */
#ifndef COMFY_PAGE_H
#define COMFY_PAGE_H

#include "comfy/owner.h"
#include "comfy/route.h"
#include "proxy/close_reason.h"
#include "proxy/ws.h"

struct exchange;

struct page {
	struct route_state route; /* first: it is what the exchange keeps */
	struct list in_owner;     /* owner->pages */
	struct list
		in_fleet;    /* all pages of the fleet, the one told the status longest ago first */
	struct owner *owner; /* borrowed: has us in its list; NULL once we left it */
	struct exchange *x;  /* borrowed: until it is gone, or the socket is given back */
	struct ws ws;
	struct outbox outbox;
	struct next_turn flush;
	struct deferred gone;
	uint64_t buffer_most; /* octets that may wait in the outbox */
	bool has_spoken;      /* its first text message came */
	bool is_leaving;      /* takes nothing more: its outbox was full, or memory is out */
	uint16_t leave_code;  /* what it is told then */
};

/* Takes the socket of a WebSocket request (handler_take_socket). The exchange's state is the
 * page's from then on. Without clientId an id is made: 32 hexadecimal digits. */
void page_open(struct fleet *fleet, struct exchange *x);

/* Queues a frame, to be sent at the end of the turn. Without memory the page begins to leave: it
 * stays in its lists until the end of the turn. False: it is leaving. */
bool page_send(struct page *page, enum outbox_kind kind, uint64_t job, struct blob *frame);
/* It takes nothing more and is closed with that code at the end of the turn. */
void page_leave(struct page *page, uint16_t code);

#endif
