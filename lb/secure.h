/*
 * lb/secure.h - how a worker is spoken to where that is not plainly.
 *
 * Questions of our own and WebSockets of a fleet have a descriptor each and know no TLS. The proxy
 * does: it gives them one end of a pair of sockets, and carries what passes through it
 * (proxy/tls_line.c).
 *
 *   health/fetch, proxy/ws_dial  <-- pair -->  proxy/tls_line  <-- TLS -->  worker
 */
#ifndef LB_SECURE_H
#define LB_SECURE_H

#include "base/addr.h"
#include "base/base.h"

/* What is known of the connection behind the pair. Shared by both ends of it. */
struct secure_line {
	uint32_t refs;
	int error;    /* -errno that ended it; -EKEYREJECTED: the worker's TLS is not what it should
			 be. 0: it ended in order, or goes on */
	bool is_open; /* TLS stands: what was written may have reached the worker */
};

struct secure {
	uint32_t refs;
	/* A connected, non-blocking descriptor, the caller's; *ret_line is a reference. -errno. */
	int (*open)(struct secure *secure, const struct addr *addr, struct secure_line **ret_line);
	void (*destroy)(struct secure *secure);
};

/* Take NULL, and give it back. */
struct secure *secure_ref(struct secure *secure);
void secure_unref(struct secure *secure);

/* With one reference. NULL: no memory. */
struct secure_line *secure_line_create(void) MUST_CHECK;
void secure_line_unref(struct secure_line *line); /* takes NULL */

/* `error`, or what ended the connection behind the pair if that is known. Takes NULL. */
static inline int secure_line_error(const struct secure_line *line, int error)
{
	return line != NULL && line->error != 0 ? line->error : error;
}

#endif
