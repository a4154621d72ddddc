/*
 * proxy/handler.h - where somebody who understands the requests answers them itself.
 *
 * The data plane carries a request to a worker. For a pool with mode = "fleet" a handler is asked
 * first, once its head was read and routed:
 *
 *   on_head says            then                                             ends with one of
 *   HANDLER_PASS            as for any pool: HOLD, PICK, ...
 *   HANDLER_HOLD            the body is held whole, then on_request          handler_answer
 *   HANDLER_PIECES          the body comes to on_piece, then on_request      handler_forward
 *                                                                            handler_take_socket
 *
 * From on_request on the exchange waits in HANDLE for as long as the handler wants, over many turns
 * of the loop. A client that leaves meanwhile is told by on_gone. What is forwarded goes on in PICK
 * like any other request; the body of HANDLER_HOLD goes along, that of HANDLER_PIECES is gone and
 * such a request can only be answered.
 *
 * The functions here may be called from inside on_request and on_piece, and later from the loop.
 * None of them calls the handler back. What ends an exchange forgets the handler's pointer.
 *
 * One handler for the process; without it every pool is an ordinary one.
 */
#ifndef PROXY_HANDLER_H
#define PROXY_HANDLER_H

#include "base/arena.h"
#include "base/blob.h"
#include "http/head.h"
#include "lb/pool.h"
#include "proxy/close_reason.h"

struct exchange;
struct sock;
struct buf;

enum handler_wish { HANDLER_PASS, HANDLER_HOLD, HANDLER_PIECES };

struct handler_request {
	const struct http_head *head; /* borrowed, and so is all else here, until the exchange ends
					 (after handler_take_socket: until it returns) */
	const char *p;                /* the head's first octet */
	struct slice method, path, query, target; /* as sent */
	struct slice body;                        /* HANDLER_HOLD, from on_request on; decoded */
	struct arena *arena;                      /* freed with the exchange */
	struct lb_pool *pool;
	/* [CONF_KEY_COOKIE], if the pool's stickiness goes by it: the sticky cookie's value, or one
	 * just made, which goes out with the answer; [CONF_KEY_IP]: 4 or 16 octets. */
	const struct lb_keys *keys;
	bool is_cookie_new;
	const char *client_ip; /* as text */
	bool is_websocket;     /* a valid upgrade to WebSocket */
};

struct handler {
	/* ret_most: HANDLER_HOLD: the largest body in octets, up to 512 MiB; beyond it 413. Preset
	 * with limits.buffer_body. limits.body_bytes goes for all. Asked again after a reload, if
	 * it passed and no worker was asked yet. Does not answer. */
	enum handler_wish (*on_head)(struct exchange *x, uint64_t *ret_most);
	/* HANDLER_PIECES: the next octets of the body, decoded, at most 64 KiB. False: the handler
	 * has answered. */
	bool (*on_piece)(struct exchange *x, struct slice piece) MUST_CHECK;
	/* All of it is here. The handler answers, forwards or takes the socket, now or later, once.
	 */
	void (*on_request)(struct exchange *x);
	/* It ended before that: the client left, or took too long, or memory was out; or, after
	 * handler_take_socket, from outside (shutdown, drain). The handler forgets it: only
	 * handler_state and handler_count_socket may be called here, and a socket that was taken
	 * is still open. May be called between on_head and on_request, too, if handler_set_state
	 * was. Once, and never from inside a call that the handler made. */
	void (*on_gone)(struct exchange *x, enum close_reason reason);
	/* After handler_take_socket: something can be read or written, or was read already. First
	 * soon after the socket was taken. May call handler_close_socket. */
	void (*on_socket)(struct exchange *x);
};

/* NULL for none. Borrowed. */
void proxy_set_handler(const struct handler *handler);

/* Valid from on_head on. */
void handler_request(const struct exchange *x, struct handler_request *ret_request);
/* A pointer of the handler's own. on_gone is called only while it is not NULL. HANDLER_PASS forgets
 * it. */
void handler_set_state(struct exchange *x, void *state);
void *handler_state(const struct exchange *x);

/*
 * The answer. `fields` is whole lines, each with its CRLF, or ""; Date, Server, Content-Length,
 * Connection are not the handler's. `type` "" for no Content-Type. `body` may be NULL; a reference
 * is taken. HEAD is seen to. May end the exchange: it is gone when this returns, as far as the
 * handler is concerned, and its state pointer is forgotten.
 */
void handler_answer(
	struct exchange *x, int status, const char *type, const char *fields, struct blob *body);
/* The same with a refusal of the proxy's own: JSON of ComfyUI's shape, or HTML for an Accept that
 * names it. `why`: up to 500 octets, none that JSON or HTML would escape. */
void handler_refuse(struct exchange *x, int status, const char *why);

/*
 * On to a worker. `backend` NULL: as stickiness and strategy say. Otherwise that one and no other,
 * also when it drains; if it is not a member of the pool any more, 502. `target`: what to ask for
 * in place of the client's target, empty to leave it; it lives in the exchange's arena.
 * `is_learned`: with a backend, whether the request's sticky keys lead there from now on. One that
 * fails is asked no second time and nobody else is: 502 or 504.
 */
void handler_forward(
	struct exchange *x, struct backend *backend, struct slice target, bool is_learned);
/* The same for what any worker can answer, if need be: one that fails is followed by others, as for
 * requests of any pool. */
void handler_forward_first(struct exchange *x, struct backend *backend);

/* HANDLER_PIECES: no on_piece until handler_resume, and no time-out; the client waits. */
void handler_pause(struct exchange *x);
void handler_resume(struct exchange *x);

/*
 * Sends 101 with Sec-WebSocket-Accept and gives the client's socket: from now on its events come to
 * on_socket, and the exchange only keeps count of it (access log, drain, shutdown). *ret_early:
 * octets that came behind the head, to be released by the caller. The 101 has been written in full
 * or waits in *ret_unsent (likewise the caller's), to be sent before anything else. NULL: it was no
 * valid upgrade (then a 400 or 426 was answered), or memory is out; the exchange is gone then.
 * handler_request may not be called any more.
 */
struct sock *handler_take_socket(
	struct exchange *x, struct buf *ret_early, struct buf *ret_unsent) MUST_CHECK;
/* For the access log, where handler_close_socket is not called: in on_gone. Payload octets. */
void handler_count_socket(struct exchange *x, uint64_t sent, uint64_t received);
/* The end of it: what is written has been written. `sent`, `received`: payload octets for the
 * access log. The socket is closed in order (FIN first; RST for CLOSE_CLIENT_ERROR and
 * CLOSE_SEND_TIMEOUT); the exchange and the socket are gone. */
void handler_close_socket(
	struct exchange *x, enum close_reason reason, uint64_t sent, uint64_t received);

#endif
