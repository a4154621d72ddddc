/*
 * proxy/client.h - one connection from a client, with one exchange at a time.
 *
 *   accept -> PREAMBLE (PROXY protocol) -> HANDSHAKE (TLS) -> IDLE <-> EXCHANGE -> CLOSED
 *                                                                         '-> LINGER -> CLOSED
 *
 * PREAMBLE and HANDSHAKE are left out where the address does not ask for them.
 */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include "base/addr.h"
#include "base/buf.h"
#include "proxy/close_reason.h"
#include "proxy/listener.h"
#include "proxy/sock.h"

struct exchange;
struct preamble;

/* The first two wait for a client's first octets, and make room when there is none. */
enum client_phase {
	CLIENT_PREAMBLE,
	CLIENT_IDLE,
	CLIENT_HANDSHAKE,
	CLIENT_EXCHANGE,
	CLIENT_LINGER,
	CLIENT_CLOSED
};

struct client {
	struct sock sock;
	struct list node; /* in the list of its kind: idle ones apart, oldest first */
	struct deferred garbage;
	struct listener *listener; /* ref */
	struct generation
		*handshake;        /* ref while in CLIENT_HANDSHAKE: its certificates are in use */
	struct exchange *exchange; /* owned while CLIENT_EXCHANGE */
	struct buf in; /* while idle: octets of the next request that came early; before: the
			  preamble as far as it came */
	struct preamble *preamble; /* owned; NULL: none came, or it says nothing */
	struct deadline deadline;  /* preamble, handshake, header, keepalive, linger */
	struct addr peer;
	char ip[48]; /* of the peer, as text */
	uint8_t ip_n;
	uint64_t number;      /* 1, 2, 3 ... in order of arrival */
	uint64_t accepted_us; /* clock_now_us */
	uint64_t served;      /* exchanges ended */
	uint64_t lingered_bytes;
	uint64_t idle_since_us;
	enum client_phase phase;
	bool is_tls;
	bool has_more;        /* the next request began to come along with the last one */
	bool is_plain_on_tls; /* plain HTTP came where TLS was expected: answer and close */
};

/* Takes the descriptor. */
void client_accept(
	struct listener *listener, int fd, const struct sockaddr *peer, socklen_t peer_len);

/* Who the client is, from now on: `peer` and `ip`. */
void client_set_peer(struct client *client, const struct addr *peer);

/* client_preamble.c */

enum client_preamble { CLIENT_PREAMBLE_WAIT, CLIENT_PREAMBLE_DONE, CLIENT_PREAMBLE_BAD };
/* Reads as far as the preamble goes, and no octet more: what follows may be TLS. DONE:
 * client->preamble is set, and a native listener's `peer`. BAD: close it, with *ret_reason. */
enum client_preamble client_read_preamble(
	struct client *client, enum close_reason *ret_reason) MUST_CHECK;

/* What an exchange does when it has ended: on to the next request, which may already lie in `rest`
 * (taken over). */
void client_next(struct client *client, struct buf *rest, uint64_t keepalive_ms);
/* Ends the connection: our FIN first, then what the client still sends is read and dropped for a
 * while, so that it can read our answer instead of a RST (RFC 9112 section 9.6). */
void client_linger(struct client *client);
/* Its FIN came before its answer began: the exchange is given up soon. */
void client_half_closed(struct client *client);
void client_close(struct client *client, enum close_reason reason);
/* The peer is shown that something was cut. */
void client_reset(struct client *client, enum close_reason reason);

/* The oldest connection that has been idle for a while makes room. False when there is none. */
bool clients_have_old_idle(void);
bool client_close_oldest_idle(enum close_reason reason);
/* Those that had an answer and have not begun to ask again. */
void clients_close_kept(void);
/* QUIT: idle ones have a short grace. */
void clients_stop(void);
/* Those that are left are closed. */
void clients_close_all(enum close_reason reason);

#endif
