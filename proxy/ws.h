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
	/* Borrowed for the call; its octets may be changed in place. May close or finish the ws:
	 * what lies behind it is not told then. */
	void (*on_message)(struct ws *ws, enum ws_opcode opcode, struct slice message);
	/* All that was given to ws_send or ws_flush has gone to the kernel, after it had not. */
	void (*on_clear)(struct ws *ws);
	/* It has ended, whoever began it; once. `code` is the peer's close code, WS_CODE_ABNORMAL
	 * when the connection broke, timed out or spoke wrongly (then `why` says so; static). The
	 * owner now does what it does with the socket, and ws_finish. */
	void (*on_closed)(struct ws *ws, uint16_t code, const char *why);
};

/* All three are called from ws_step, on_closed also from a deadline; never from inside another
 * function here. An owner that frees the ws does so at the end of the turn (base/loop.h defer). */
struct ws {
	struct sock *sock; /* borrowed: the owner's, who closes it after on_closed */
	const struct ws_owner *owner;
	bool is_client; /* our end masks */
	bool sent_close, got_close, is_over;
	bool has_heard;  /* since the last ping was due */
	bool has_asked;  /* and then it went out */
	bool owes_clear; /* something had to wait: on_clear will be called */
	bool is_mute;    /* nothing can be written any more; what came before is still read */
	bool is_bad;     /* the peer spoke wrongly */
	uint16_t code;   /* got_close: the peer's */
	const char *why; /* it broke; NULL while it has not */
	struct ws_reader reader;
	struct buf in;     /* octets that were there before the first ws_step */
	struct buf out;    /* whole frames that wait, the first one in part: messages, control */
	struct blob *tail; /* owned: a frame that goes before `out`, `tail_sent` octets have gone */
	size_t tail_sent;
	struct blob *pong;       /* owned: the answer to the newest ping, while there is no room */
	struct deadline ping;    /* next ping, or the pong's limit; of the end, once it began */
	uint64_t ping_ms;        /* 0: none are sent */
	uint64_t wired, arrived; /* octets given to the kernel; of them with the peer at the last
				    ping */
	uint64_t sent, received; /* payload octets of messages */
	uint64_t messages_in, messages_out;
};

/*
 * Takes `early` and `unsent` over (either may be empty). ping_ms: a ping each so long; if nothing
 * at all comes for as long again, and nothing of what is under way arrives either, the connection
 * is dead. most: octets of a message that is read. Nothing is read before the first ws_step; with a
 * socket that had its events before, the owner calls it.
 */
void ws_init(struct ws *ws, struct sock *sock, const struct ws_owner *owner, bool is_client,
	uint64_t ping_ms, uint64_t most, struct buf *early, struct buf *unsent);
/* Releases all but the socket. Legal in on_closed, and at any time; twice, too. */
void ws_finish(struct ws *ws);

/* The socket's step: reads what is there (a quota per turn), writes what waits. False: it is over,
 * on_closed or ws_finish was called. */
bool ws_step(struct ws *ws) MUST_CHECK;

/* A message would go out now: nothing waits to be written, and no end has begun. */
bool ws_is_clear(const struct ws *ws);
/* One message, copied if the kernel does not take it. Masks for a client end. After ws_close it is
 * dropped. False: no memory, and nothing was queued. */
bool ws_send(struct ws *ws, enum ws_opcode opcode, struct slice message) MUST_CHECK;
/*
 * Frames made by ws_frame_blob: server ends only, where frames are not masked and can be shared.
 * Writes as many as the kernel takes now, many in one call; returns how many were taken over. A
 * reference is kept of the one that went in part, or that found no room: so one at least is taken,
 * and on_clear follows when fewer than `count` are. 0 while not clear, and then on_clear follows,
 * too, or on_closed.
 */
size_t ws_flush(struct ws *ws, struct blob *const *frames, size_t count);
/* Head and payload of an unmasked frame in one blob. NULL: no memory. */
struct blob *ws_frame_blob(enum ws_opcode opcode, struct slice message) MUST_CHECK;

/* Begins an orderly end: a close frame after what waits (`code` WS_CODE_NO_STATUS: without one;
 * `why`: UTF-8, cut at 123 octets). No message is told any more. on_closed when the peer answers,
 * or after five seconds. Twice is legal. */
void ws_close(struct ws *ws, uint16_t code, const char *why);

#endif
