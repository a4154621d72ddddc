/*
 * lb/strategy.h - what a load-balancing strategy is.
 *
 * A strategy ranks. It does not filter and it does not count: the pool
 * (lb/pool.c) decides which backends may be used right now, calls pick(), and
 * keeps every counter. A strategy is thus a function over a view, and its
 * test needs no socket, no clock and no event loop.
 *
 * To add one: lb/<name>.c, one line in lb/registry.c, test/unit/test_lb_<name>.c
 * (doc/adding-a-strategy.md).
 *
 * The pools of nginx's `upstream` have methods instead (lb/method.h): they see everybody, and ask
 * themselves who may be used.
 */
#ifndef LB_STRATEGY_H
#define LB_STRATEGY_H

#include "base/base.h"

struct conf_pool;
struct err;
struct lb_method;

#define LB_NONE UINT32_MAX

/* Facts a strategy wants; nobody computes or fetches what no strategy of a pool asked for. */
enum lb_need {
	LB_NEED_CLIENT = BIT(0), /* request: the octets of the client's address */
	LB_NEED_KEY = BIT(1),    /* request: hash of its first sticky key */
	LB_NEED_LOAD = BIT(
		2), /* backends: what they themselves report as queued (jobs, queue_len) */
	LB_NEED_TIME = BIT(3),   /* backends: ewma_us */
	LB_NEED_RANDOM = BIT(4), /* view: random */
};

/* What a pool with nginx's methods (lb/method.h) remembers of a request from try to try. Zeroed
 * when the request begins. */
struct lb_walk {
	uint32_t looks; /* at peers that could not be used */
	uint32_t hash, rounds;
	bool is_begun;
	bool is_at_backups; /* and stays there */
};

struct lb_request {
	struct slice client_ip; /* 4 or 16 octets, 0 for a unix peer. Borrowed for the call */
	uint64_t key_hash;
	bool has_key;
	bool is_job; /* a POST /prompt: counts against max_concurrent */
	/* Of a pool with `upstream`. Slices are borrowed for the call; empty: none. */
	struct slice hash_key; /* conf_upstream.key, evaluated */
	struct slice peer_id;  /* sticky cookie, route: what the request brought */
	struct slice session;  /* sticky learn: likewise */
	struct lb_walk *walk;  /* borrowed; NULL: there will be one try only */
};

/* One backend as a strategy sees it. Kept by the pool. */
struct lb_load {
	uint32_t weight;    /* >= 1 */
	uint32_t in_flight; /* exchanges and tunnels we have running there */
	uint32_t jobs;      /* its own queue (running included) plus what is on its way there */
	uint32_t max_jobs;  /* max_concurrent, >= 1 */
	int32_t priority;   /* lower goes first */
	int32_t queue_len;  /* what the backend itself reports, -1 = unknown */
	uint32_t ewma_us;   /* time to first octet of the answer, 0 = not measured yet */
};

/* The pool at one instant. Borrowed: dead when the callback returns. */
struct lb_view {
	const struct lb_load *load; /* [count] */
	const uint64_t *allowed;    /* bitmap: usable and not yet tried */
	uint32_t count;
	uint32_t allowed_count; /* pick() is not called when this is 0 */
	uint64_t epoch; /* `allowed` is the same set of backends as long as this is the same and not
			   0; 0: a set made for this pick alone */
	uint64_t now_ms;
	uint64_t random; /* a fresh word for this pick; 0 without LB_NEED_RANDOM */
};

static inline bool lb_is_allowed(const struct lb_view *view, uint32_t i)
{
	return view->allowed[i / 64] >> (i % 64) & 1;
}

/* Two loops, for speed: `continue` is what it says, `break` is not; return instead. */
/* NOLINTBEGIN(bugprone-macro-parentheses): i is declared here. */
#define lb_each_allowed(i, view)                                                                   \
	for (uint32_t i##_word = 0, i = 0; i##_word < ((view)->count + 63) / 64; i##_word++)       \
		for (uint64_t i##_bits = (view)->allowed[i##_word];                                \
			i##_bits != 0 &&                                                           \
			((i) = i##_word * 64 + (uint32_t)__builtin_ctzll(i##_bits), true);         \
			i##_bits &= i##_bits - 1)
/* NOLINTEND(bugprone-macro-parentheses) */

enum lb_result {
	LB_DONE_OK,
	LB_DONE_CLIENT_LEFT, /* says nothing about the backend */
	LB_DONE_REFUSED,     /* backend answered, and asked for another to be tried */
	LB_DONE_FAILED,      /* connect, timeout or protocol failure */
};

struct lb_strategy {
	const char *name; /* as written in the configuration */
	unsigned needs;   /* enum lb_need */

	/* Optional. Reads its own options; on -EINVAL has filled *err for the
	 * administrator. The running configuration is untouched until all
	 * create() calls of a reload have succeeded. */
	int (*create)(void **ret_self, const struct conf_pool *conf, struct err *err);

	/* Optional. Takes NULL. */
	void (*destroy)(void *self);

	/* Optional. Once after create(), then whenever a weight changed. The
	 * count never changes: new members mean a new pool and a new self.
	 * -ENOMEM keeps the previous arrangement. */
	int (*rebuild)(void *self, const struct lb_view *view);

	/* Optional. load[i] changed, nothing else. For strategies that keep an order. */
	void (*changed)(void *self, const struct lb_view *view, uint32_t i);

	/* An allowed index, or LB_NONE for "none suits, queue it". */
	uint32_t (*pick)(void *self, const struct lb_view *view, const struct lb_request *req);

	/* Optional. Once for each exchange that ran there, in any order, whether pick() or
	 * stickiness chose it. */
	void (*done)(void *self, uint32_t backend, enum lb_result result, uint32_t took_us);
};

#endif
