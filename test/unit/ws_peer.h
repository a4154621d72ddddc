/*
 * test/unit/ws_peer.h - the other end of a WebSocket under test, on the same loop.
 */
#ifndef TEST_UNIT_WS_PEER_H
#define TEST_UNIT_WS_PEER_H

#include "proxy/ws.h"
#include "test/unit/loop_help.h"

#include <fcntl.h>
#include <signal.h>

struct ws_peer {
	struct sock sock;
	struct ws ws;
	char told[2048]; /* "text hello;closed 1000;", each message's beginning */
	struct buf last; /* the newest message */
	unsigned messages, closes;
};

static inline void ws_peer_tell(struct ws_peer *peer, const char *word, struct slice text)
{
	size_t n = strlen(peer->told);
	(void)snprintf(peer->told + n, sizeof(peer->told) - n, "%s %.*s;", word,
		(int)min_size(text.n, 40), text.n != 0 ? text.p : "");
}

static inline void ws_peer_on_message(struct ws *ws, enum ws_opcode opcode, struct slice message)
{
	struct ws_peer *peer = CONTAINER_OF(ws, struct ws_peer, ws);
	peer->messages++;
	buf_release(&peer->last);
	ensure(buf_append(&peer->last, message.p, message.n));
	ws_peer_tell(peer, opcode == WS_TEXT ? "text" : "binary", message);
}

static inline void ws_peer_on_clear(struct ws *ws)
{
	(void)ws;
}

static inline void ws_peer_on_closed(struct ws *ws, uint16_t code, const char *why)
{
	struct ws_peer *peer = CONTAINER_OF(ws, struct ws_peer, ws);
	char text[8];
	(void)why;
	(void)snprintf(text, sizeof(text), "%u", code);
	ws_peer_tell(peer, "closed", slice_of(text));
	peer->closes++;
	ws_finish(ws);
	sock_close(&peer->sock);
}

static const struct ws_owner ws_peer_owner = {
	.on_message = ws_peer_on_message,
	.on_clear = ws_peer_on_clear,
	.on_closed = ws_peer_on_closed,
};

static inline void ws_peer_step(struct sock *sock)
{
	(void)!ws_step(&CONTAINER_OF(sock, struct ws_peer, sock)->ws);
}

/* Takes the descriptor. It sends no pings. */
static inline void ws_peer_start(struct ws_peer *peer, int fd, bool is_client)
{
	struct buf early = {0};
	struct buf unsent = {0};
	*peer = (struct ws_peer){0};
	ensure(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	ensure(sock_init(&peer->sock, fd, ws_peer_step) == 0);
	ws_init(&peer->ws, &peer->sock, &ws_peer_owner, is_client, 0, 1 << 24, &early, &unsent);
}

/* At once, without a close. Twice is legal. */
static inline void ws_peer_stop(struct ws_peer *peer)
{
	if (sock_is_open(&peer->sock)) {
		ws_finish(&peer->ws);
		sock_close(&peer->sock);
	}
	buf_release(&peer->last);
}

#endif
