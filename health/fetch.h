/*
 * health/fetch.h - one GET, for probes and for questions to workers. Not for the data path.
 *
 * A connection of its own, closed after the answer. HTTP/1.1 with Content-Length, chunked or until
 * close.
 */
#ifndef HEALTH_FETCH_H
#define HEALTH_FETCH_H

#include "base/addr.h"
#include "base/base.h"

struct fetch;

struct fetch_result {
	int error; /* 0, or -errno: -ETIMEDOUT, -ECONNREFUSED, -EPROTO (nonsense), -EMSGSIZE (body
		      too large) ... */
	uint16_t status;   /* 0 when there is an error */
	struct slice body; /* borrowed for the call */
	uint64_t took_us;
};

/* on_done is called exactly once, from the loop, never from inside this call, unless fetch_cancel
 * comes first. `host` goes into the Host field. NULL: no memory or no descriptor. */
struct fetch *fetch_start(const struct addr *addr, const char *host, const char *path,
	uint64_t timeout_ms, size_t body_most,
	void (*on_done)(const struct fetch_result *result, void *arg), void *arg) MUST_CHECK;
/* Takes NULL. Not after on_done. */
void fetch_cancel(struct fetch *fetch);

#endif
