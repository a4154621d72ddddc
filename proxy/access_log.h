/*
 * proxy/access_log.h - one line per exchange: nginx's combined format, or JSON.
 *
 * Plain data comes in, so that nothing here knows what an exchange is. Lines are
 * gathered and written when there are many, each second, on reopening and at the end.
 */
#ifndef PROXY_ACCESS_LOG_H
#define PROXY_ACCESS_LOG_H

#include "base/base.h"

struct access_try {
	const char *worker;
	uint16_t status; /* 0: no answer */
	uint64_t took_us;
};

/* Every slice is borrowed for the call; p == NULL: not there ("-"). */
struct access_entry {
	uint64_t request_id;
	uint64_t wall_us; /* when it ended; total_us earlier it began */
	uint64_t total_us;
	struct slice client; /* address as text */
	struct slice method, target, host, referer, user_agent;
	uint8_t minor_version;          /* of HTTP/1.x */
	uint16_t status;                /* 499: the client left before there was one */
	uint64_t body_bytes;            /* sent to the client, without the head */
	uint64_t bytes_in, bytes_out;   /* on the client's side, heads included */
	const char *pool;               /* NULL: no worker was to answer */
	const struct access_try *tries; /* workers asked, in order */
	uint32_t try_count;             /* of them listed */
	uint32_t retries;
	uint64_t first_byte_us; /* request sent -> first octet of the answer; 0: none */
	bool was_sticky;
	const char *tls_protocol, *tls_cipher; /* NULL: plain */
	const char *reason;                    /* close_reason_name */
};

/* False while the log is off: then nobody needs to fill an entry. */
bool access_log_is_on(void);
void access_log_write(const struct access_entry *entry);
/* At exit: flushes and closes. */
void access_log_finish(void);

#endif
