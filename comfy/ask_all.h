/*
 * comfy/ask_all.h - one question to all workers that are up, one answer to the client.
 *
 *   client --.                    .-- worker 1 --.
 *   client --+-- the same path ---+-- worker 2 --+-- add, add, add ... end --> every client
 *   client --'   is asked once    '-- worker 3 --'
 *
 * All are asked at the same time, and what has not come within the time allowed is missing. Clients
 * and workers may leave meanwhile. Answers are put together in the workers' order, a few in each
 * turn of the loop.
 */
#ifndef COMFY_ASK_ALL_H
#define COMFY_ASK_ALL_H

#include "base/blob.h"
#include "comfy/fleet.h"

struct exchange;

#define ASK_ALL_TIMEOUT_MS 5000

/* One worker's answer; borrowed. */
struct ask_answer {
	const char *node_id;
	int error;         /* as fetch_result's; then there is no body */
	uint16_t status;   /* 0 when there was none */
	struct slice body; /* at most 16 MiB */
};

/* What is made of the answers. */
struct ask_kind {
	/* Who asks for the same path while it is being asked waits for the same answer. */
	bool is_shared;
	/* Once one has answered well, the others get so much longer; 0: all of the time. */
	uint64_t grace_ms;
	size_t self_bytes; /* of what `self` points to: zeroed, freed after end and destroy */
	void (*init)(void *self);
	/* Each worker's, in the workers' order. */
	void (*add)(void *self, const struct ask_answer *answer);
	/* The status, and the JSON to give (owned by the caller), NULL for none. */
	int (*end)(void *self, struct blob **ret_json);
	void (*destroy)(void *self); /* always, also after end */
};

/* Asks, and ends the exchange in the end. path, method (NULL: GET), fields (NULL) and body are
 * borrowed for the call. kind: static. */
void ask_all(struct fleet *fleet, struct exchange *x, const struct ask_kind *kind, const char *path,
	const char *method, const char *fields, struct slice body);

/* Questions that are being asked, for tests and metrics. */
uint32_t ask_all_count(void);

#endif
