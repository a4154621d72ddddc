/*
 * health/fetch_parts.h - what the files of a fetch share; for them alone.
 */
#ifndef HEALTH_FETCH_PARTS_H
#define HEALTH_FETCH_PARTS_H

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "health/fetch.h"
#include "http/chunked.h"
#include "http/head.h"

#include <event2/event_struct.h>

struct fetch {
	struct event io, timer;
	struct deferred gone;
	struct list living; /* fetches_finish */
	int fd;
	struct secure_line *line; /* ref; NULL: it is spoken to plainly */
	int error;                /* known at the start; the timer reports it */
	int send_error;           /* it takes nothing more; what it says may tell why */
	bool is_connected, is_all_sent, was_sent;
	bool is_body, is_until_close, is_head_method;
	bool to_sink;
	unsigned interims; /* 1xx heads so far */

	/* The request, in the order it goes out. */
	struct buf out;    /* owned: our head, the ask's `head` */
	struct blob *blob; /* ref, NULL for none */
	size_t blob_sent;
	int file; /* borrowed */
	uint64_t file_sent, file_bytes;
	struct buf tail; /* owned */

	/* The answer. */
	struct buf in;
	struct http_head head;
	char type[FETCH_TYPE_MOST];
	uint8_t type_n;
	struct chunked chunked;
	int sink;     /* borrowed; 0: none */
	size_t kept;  /* octets of the body in `in` */
	uint64_t got; /* and in all */
	uint64_t body_most;

	uint64_t began_us;
	void (*on_heard)(void *arg);
	void (*on_done)(const struct fetch_result *result, void *arg);
	void *arg;
};

/* fetch_send.c: fills what goes out. -errno. */
int fetch_write_request(struct fetch *fetch, const struct fetch_ask *ask) MUST_CHECK;
/* fetch_send.c: as much as the kernel takes, up to a quota; is_all_sent tells. 0 or -errno. */
int fetch_send_some(struct fetch *fetch) MUST_CHECK;

#endif
