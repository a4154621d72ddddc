/*
 * proxy/upstream.h - one connection to a worker.
 *
 *   connect -> handshake -> owned by an exchange <-> idle list of its backend -> closed
 *              (TLS)
 *
 * One owner at a time. While idle any event on it means that it is of no use any more.
 */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

#include "base/buf.h"
#include "base/loop.h"
#include "lb/backend.h"
#include "proxy/sock.h"
#include "proxy/tls_peer.h"

struct exchange;

struct upstream {
	struct sock sock;
	struct list node; /* in backend->busy or backend->idle */
	struct deferred garbage;
	struct backend *backend;   /* ref */
	struct exchange *exchange; /* borrowed: the owner, which closes us or gives us back; NULL
				      while idle */
	struct deadline deadline;  /* while idle */
	struct buf in;             /* read and not yet taken */
	bool is_connecting;
	bool is_shaking;           /* hands: TLS is not yet established */
	bool was_reused;           /* taken from the idle list: it may have died unnoticed */
	uint32_t requests;         /* that it was taken for */
	uint64_t born_us, idle_us; /* begun; given back last */
};

/* The newest idle connection of that backend that goes by `route`, now owned by `exchange`; NULL:
 * none. Each is asked first (one recv): what is closed is of no use, and what is readable said
 * something that nobody asked for and that must not become the next client's answer. */
struct upstream *upstream_take(struct backend *backend, struct exchange *exchange,
	const struct tls_route *route) MUST_CHECK;

/* Begins to connect. `step` of its sock runs when it is known how that went: see
 * upstream_connected. `route` is not kept. 0, or -errno when it failed at once. */
int upstream_connect(struct upstream **ret_upstream, struct backend *backend,
	struct exchange *exchange, const struct tls_route *route) MUST_CHECK;

/* After an event while is_connecting or is_shaking: 0 connected, and TLS stands if the route has
 * it; -EINPROGRESS; other -errno: -EPROTO with *why when TLS failed, or the worker is not who it
 * should be. */
int upstream_connected(struct upstream *upstream, struct err *why) MUST_CHECK;

/* Back to the idle list, closed after idle_ms or when it speaks; or closed at once when `most` are
 * idle already. In a pool with conf_upstream as nginx's `keepalive` has it: `most` in all its
 * backends, the oldest makes room; closed after keepalive_requests, _time and _timeout. */
void upstream_give(struct upstream *upstream, uint32_t most, uint64_t idle_ms);

/* Freed at the end of the turn. Takes NULL; twice is legal. */
void upstream_close(struct upstream *upstream);
/* The same with a RST, so that the worker sees that the client has gone. */
void upstream_reset(struct upstream *upstream);

/* Descriptors are out: every idle connection to any worker. False when there was none. */
bool upstreams_close_idle(void);
/* Every idle connection of a backend. */
void upstream_close_idle(struct backend *backend);

#endif
