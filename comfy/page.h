/*
 * comfy/page.h - a client's WebSocket: /ws?clientId=...
 *
 *   first    {"type": "status", "data": {"status": {"exec_info": {...}}, "sid": "..."}}, then the
 * replay feature_flags   the first message of the client's; answered with the intersection of the
 * workers' then     events of its owner's jobs, and the fleet's status
 *
 * The outbox holds what a slow client has not taken; past 64 MiB (page.c) it is closed with 1013.
 */
#ifndef COMFY_PAGE_H
#define COMFY_PAGE_H

#include "comfy/owner.h"
#include "proxy/close_reason.h"

struct exchange;

/* Takes the socket of a WebSocket request (handler_take_socket). The exchange's state pointer is
 * the page's from then on. Without clientId an id is made: 32 hexadecimal digits. */
void page_open(struct fleet *fleet, struct exchange *x);
/* The handler's on_socket and on_gone for exchanges that are pages. */
void page_step(struct exchange *x);
void page_gone(struct exchange *x, enum close_reason reason);

struct page; /* in owner->pages */
/* Queues a frame; a page that holds too much, or has no memory, is closed (in a deferred way: the
 * page stays in its list until the end of the turn). */
void page_send(struct page *page, enum outbox_kind kind, uint64_t job, struct blob *frame);

#endif
