/*
 * health/fetch.h - one request of our own to a worker: a probe, a question, a job, a file.
 *
 * A connection of its own, closed after the answer. HTTP/1.1 with Content-Length, chunked or until
 * close. The body goes out and the answer's comes in through memory, or through files.
 */
#ifndef HEALTH_FETCH_H
#define HEALTH_FETCH_H

#include "base/addr.h"
#include "base/base.h"
#include "base/blob.h"
#include "lb/secure.h"

struct fetch;

#define FETCH_TYPE_MOST 128

struct fetch_result {
	/*
	 * 0, or what went wrong:
	 *   -ETIMEDOUT      no whole answer within timeout_ms
	 *   -ECONNREFUSED   and what else connect, send and recv say
	 *   -EKEYREJECTED   its TLS is not what it should be
	 *   -ENODATA        the worker closed before its answer was whole
	 *   -EPROTO         the answer is no HTTP
	 *   -EMSGSIZE       the body is larger than body_most
	 *   -EINVAL         host, path, method or fields cannot stand in a request
	 *   -EIO            the file is shorter than file_bytes
	 *   -ENOSPC         and what else reading the file and writing to the sink say
	 *   -ENOMEM
	 * A worker that closes while the body still goes out: what it answered before, or -EPIPE.
	 */
	int error;
	uint16_t status;   /* 0 when no head came. Also there when only the body was bad */
	struct slice type; /* Content-Type, at most FETCH_TYPE_MOST octets; borrowed for the call */
	struct slice body; /* borrowed for the call; empty when there is an error */
	uint64_t bytes;    /* of the body so far, wherever it went */
	bool was_sent; /* something of the request reached a connection: it may have had effect */
	uint64_t took_us;
};

struct fetch_ask {
	const struct addr *addr;
	struct secure *secure; /* borrowed for the call; NULL: plainly */
	const char *host;      /* the Host field; fetch_host_text makes one */
	const char *path;      /* the request target */
	const char *method;    /* NULL: GET */
	/* Further whole lines, each with its CRLF, in place of "Accept: application/json", which
	 * NULL stands for. Host, User-Agent, Content-Length and Connection are ours. */
	const char *fields;
	/* The body, in this order; all empty for none. `head` and `tail` are copied, `body` is
	 * held by a reference until it was sent, the file is read from its beginning. */
	struct slice head;
	struct blob *body;
	int file; /* with file_bytes != 0: a descriptor, borrowed until the end; never blocks for
		     long: a regular file */
	uint64_t file_bytes;
	struct slice tail;
	/* Where a 200's body goes, if `sink` is > 0: into this regular file (borrowed), and
	 * result.body is empty. result.bytes tells how many. The body of any other status comes in
	 * memory, up to 64 KiB of it. */
	int sink;
	uint64_t timeout_ms; /* for all of it, from now */
	uint64_t body_most;  /* octets */
	/* Optional. Octets came; called before they are looked at. */
	void (*on_heard)(void *arg);
	void (*on_done)(const struct fetch_result *result, void *arg);
	void *arg;
};

/* What `ask` points to is borrowed for this call only, except arg. on_done is called exactly once,
 * from the loop, never from inside this call, unless fetch_cancel comes first. NULL: no memory or
 * no descriptor, errno says which. */
struct fetch *fetch_start(const struct fetch_ask *ask) MUST_CHECK;
/* Takes NULL. Not from inside on_done, nor after it. */
void fetch_cancel(struct fetch *fetch);

/* At exit: those that nobody waits for. */
void fetches_finish(void);

/* True for errors that are our own shortage (descriptors, memory, ports) and say nothing about the
 * worker. */
bool fetch_is_our_fault(int error);
/* "connection refused", "timed out": a few plain words. Static. */
const char *fetch_error_text(int error);

#define FETCH_HOST_ROOM 300 /* a name of 253 octets, brackets, colon, port, terminator */

/* "host:port" as it stands in the configuration, an IPv6 address in brackets; "localhost" for a
 * unix socket. */
void fetch_host_text(char out[FETCH_HOST_ROOM], const char *host, uint16_t port);

#endif
