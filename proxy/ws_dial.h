/*
 * proxy/ws_dial.h - opens a WebSocket to a worker (RFC 6455 section 4.1).
 *
 *   connect -> GET with Upgrade -> 101 checked -> on_open with the socket
 */
#ifndef PROXY_WS_DIAL_H
#define PROXY_WS_DIAL_H

#include "base/addr.h"
#include "base/buf.h"
#include "lb/secure.h"
#include "proxy/sock.h"

struct ws_dial;

struct ws_dial_ask {
	const struct addr *addr;
	struct secure *secure; /* borrowed for the call; NULL: plainly */
	const char *host;      /* the Host field */
	const char *target;    /* "/ws?clientId=..." */
	uint64_t timeout_ms;
	/* The 101 came. `fd` is the connected, non-blocking socket, now the callee's; `early`: what
	 * came behind the head (taken over: release it). */
	void (*on_open)(int fd, struct buf *early, void *arg);
	/*
	 * `status`: what was answered, 0 when no head came.
	 *   -EPROTO         another status than 101, a 101 that is no answer to ours, or no HTTP
	 *   -ETIMEDOUT      nothing of these within timeout_ms
	 *   -ENODATA        the worker closed before
	 *   -EINVAL         host or target cannot stand in a request
	 *   -EKEYREJECTED   its TLS is not what it should be
	 *   -ECONNREFUSED   and what else connect, send and recv say
	 *   -ENOMEM
	 */
	void (*on_failed)(int error, uint16_t status, void *arg);
	void *arg;
};

/* What `ask` points to is borrowed for this call, except arg. Exactly one callback, from the loop,
 * unless ws_dial_cancel comes first. No extension is offered. NULL: no memory or descriptor, errno
 * says which. */
struct ws_dial *ws_dial_start(const struct ws_dial_ask *ask) MUST_CHECK;
/* Takes NULL. Not from inside a callback, nor after it. */
void ws_dial_cancel(struct ws_dial *dial);

#endif
