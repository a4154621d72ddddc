/*
 * proxy/ws.h - one end of a WebSocket: messages in, messages out, pings, and an orderly end.
 *
 *                    .--> on_message (whole, unmasked, UTF-8 checked)
 *   sock --> reader -+--> ping: answered   pong: noted   close: answered, on_closed
 *   sock <-- frames <---- ws_send / ws_flush
 *
 * Server (of a client's socket) or client (of a worker's). It does not own its policy for slow
 * peers: who wants to hold messages back asks ws_is_clear and is told by on_clear.
 */
#ifndef PROXY_WS_H
#define PROXY_WS_H

#include "base/blob.h"
#include "base/loop.h"
#include "proxy/sock.h"
#include "proxy/ws_frame.h"

struct ws;

struct ws_owner {
	/* Borrowed for the call. May close the ws: what lies behind it is not read then. */
	void (*on_message)(struct ws *ws, enum ws_opcode opcode, struct slice message);
	/* All that was given to ws_send or ws_flush has gone to the kernel, after it had not. */
	void (*on_clear)(struct ws *ws);
	/* It has ended, whoever began it; once. `code` is the peer's close code, WS_CODE_ABNORMAL
	 * when the connection broke, timed out or spoke wrongly (then `why` says so). The owner now
	 * does what it does with the socket, and ws_finish. */
	void (*on_closed)(struct ws *ws, uint16_t code, const char *why);
};

struct ws {
	struct sock *sock; /* borrowed: the owner's, who closes it after on_closed */
	const struct ws_owner *owner;
	bool is_client; /* our end masks */
	bool sent_close, got_close, is_over;
	bool has_heard; /* since the last ping went out */
	struct ws_reader reader;
	struct buf in;     /* octets not yet read as frames */
	struct buf out;    /* small things that wait: heads, control frames */
	struct blob *tail; /* owned: a frame of which `tail_sent` octets have gone */
	size_t tail_sent;
	struct deadline ping;    /* next ping, or the pong's limit */
	uint64_t ping_ms;        /* 0: none are sent */
	uint64_t sent, received; /* payload octets */
	uint64_t messages_in, messages_out;
};

/*
 * Takes `early` and `unsent` over (either may be empty). ping_ms: a ping after so long; if nothing
 * at all comes for as long again, the connection is dead. most: octets of a message that is read.
 * Nothing is read before the first ws_step.
 */
void ws_init(struct ws *ws, struct sock *sock, const struct ws_owner *owner, bool is_client,
	uint64_t ping_ms, uint64_t most, struct buf *early, struct buf *unsent);
/* Releases all but the socket. Legal in on_closed, and at any time. */
void ws_finish(struct ws *ws);

/* The socket's step: reads what is there (a quota per turn), writes what waits. False: on_closed
 * was called. */
bool ws_step(struct ws *ws) MUST_CHECK;

/* Nothing waits to be written. */
bool ws_is_clear(const struct ws *ws);
/* One message, kept if the kernel does not take it. Masks for a client end. False: no memory, and
 * nothing was queued. */
bool ws_send(struct ws *ws, enum ws_opcode opcode, struct slice message) MUST_CHECK;
/* A frame made by ws_frame_blob: server ends only, where frames are not masked and can be shared.
 * Writes as many as the kernel takes now, in one call if it can; returns how many were taken over
 * (a reference is kept of one that went in part, none of those that went whole). 0 while not clear.
 */
size_t ws_flush(struct ws *ws, struct blob *const *frames, size_t count);
/* Head and payload of an unmasked frame in one blob. NULL: no memory. */
struct blob *ws_frame_blob(enum ws_opcode opcode, struct slice message) MUST_CHECK;

/* Begins an orderly end: a close frame after what waits; on_closed when the peer answers, or after
 * five seconds. Twice is legal. */
void ws_close(struct ws *ws, uint16_t code, const char *why);

#endif
