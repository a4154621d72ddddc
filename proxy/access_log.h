/*
 * proxy/access_log.h - one line per exchange, in nginx's combined format or as JSON.
 *
 * Lines wait in a buffer of 64 KiB and are written when it is full, after a
 * second, on reopening and at exit. A full disk costs lines, which are counted;
 * it is said once a minute.
 */
#ifndef PROXY_ACCESS_LOG_H
#define PROXY_ACCESS_LOG_H

#include "base/base.h"

/* One worker that was asked. */
struct access_try {
	const char *worker; /* its node_id */
	uint16_t status;    /* 0: it gave none */
	uint64_t took_us;   /* from when it was picked, as the next two */
	/* The rest is told where the language is nginx's. */
	uint64_t connect_us, head_us;
	const char *addr;        /* "127.0.0.1:8188" */
	uint64_t sent, received; /* octets, heads included */
	uint64_t length;         /* of its body, as far as it came */
	uint32_t head_bytes;     /* of its head */
	uint8_t round;           /* internal redirects before it */
	bool is_aside;           /* for auth_request */
	bool has_connected, has_head, is_ended;
};

/*
 * What a line is made of, all borrowed for the call. A slice with p NULL is a value that is not
 * there ("-", or null in JSON); n 0 with a p is one that is empty. Never give Authorization or
 * Cookie here.
 */
struct access_entry {
	uint64_t wall_us;    /* now, microseconds since 1970 */
	struct slice client; /* the address without port */
	struct slice user;
	/* The first line as it came, without CRLF. When it could be parsed its parts, too: without
	 * `line` they make one, without them JSON gets the line alone. */
	struct slice line, method, target, version;
	struct slice host, referer, user_agent;
	struct slice request_id;
	uint16_t status;                /* sent to the client, 0 for none */
	uint64_t body_bytes;            /* sent to the client, of the body */
	uint64_t bytes_in, bytes_out;   /* from and to the client, heads included */
	uint64_t took_us;               /* from the first octet to the last */
	const char *reason;             /* close_reason_name() */
	const char *pool;               /* NULL: none was asked */
	const struct access_try *tries; /* in order */
	uint32_t try_count;
	uint32_t retries;
	bool was_sticky;
	const char *tls_protocol, *tls_cipher; /* NULL: plain */
};

/* False when nothing is logged: then the entry need not be filled. */
bool access_log_is_on(void);
/* Without a file it does nothing. */
void access_log_write(const struct access_entry *entry);
/* Writes what waits and closes. */
void access_log_finish(void);

#endif
