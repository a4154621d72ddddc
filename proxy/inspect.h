/*
 * proxy/inspect.h - where somebody who understands the requests may look into them.
 *
 * The proxy carries bytes and knows HTTP. What a request means (is it a job? whose?)
 * is comfy/'s to say, through this table; without it the proxy is a generic one.
 *
 *   head -> on_head -> (body held) -> on_body -> pick -> ... answer -> on_answer
 */
#ifndef PROXY_INSPECT_H
#define PROXY_INSPECT_H

#include "base/arena.h"
#include "http/head.h"
#include "lb/pool.h"

enum inspect_wish {
	INSPECT_IS_JOB = BIT(0), /* counts as a job on the worker it goes to */
	INSPECT_BODY = BIT(1),   /* wants on_body, if the body is one that is held */
	INSPECT_ANSWER = BIT(
		2), /* wants on_answer with up to INSPECT_ANSWER_MOST octets of a 200's body */
};

#define INSPECT_ANSWER_MOST 65536

struct inspector {
	/* Fills keys->value[CONF_KEY_CLIENT_ID] and [CONF_KEY_PROMPT_ID] where the head has them.
	 * Values live in the head or in `arena`. Returns enum inspect_wish. `p` is the head's first
	 * octet. */
	unsigned (*on_head)(const struct http_head *head, const char *p, struct arena *arena,
		struct lb_keys *keys);
	/* The whole body. */
	void (*on_body)(struct slice body, struct arena *arena, struct lb_keys *keys);
	/* The answer's body, content coding untouched. Fills `keys` (empty on entry) with what is
	 * to be learned. */
	void (*on_answer)(struct slice body, struct arena *arena, struct lb_keys *keys);
	/* A job was answered by that worker: its queue is longer now. */
	void (*on_job)(struct lb_pool *pool, struct backend *backend);
};

/* One for the process; NULL for none. Borrowed. */
void proxy_set_inspector(const struct inspector *inspector);

#endif
