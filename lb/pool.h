/*
 * lb/pool.h - the members of a pool in one generation, and the only way to get one of them.
 *
 *   lb_pool_pick ---> lb_pool_sent ---> lb_pool_done        once each, in this order
 *                         '--------> another lb_pool_pick with the first one tried
 *
 * Members never change: new members make a new pool, beside which the old one goes on for those who
 * use it (lb_pool_renew).
 */
#ifndef LB_POOL_H
#define LB_POOL_H

#include "base/err.h"
#include "lb/backend.h"
#include "lb/eligible.h"
#include "lb/sticky.h"
#include "lb/strategy.h"

struct lb_pool;
struct lb_peers;

/* One place of a backend in a pool; hangs in backend->seats. */
struct lb_seat {
	struct list node;
	struct lb_pool *pool;    /* borrowed: the pool owns its seats */
	struct backend *backend; /* ref */
	struct secure *secure;   /* ref: how it is spoken to in this generation; NULL: plainly */
	uint32_t index;
	uint32_t weight, max_jobs; /* as this generation says */
	int32_t priority;
	bool is_backup;
	unsigned sets; /* BIT(enum lb_set) it is in now */
};

/* The pools that followed one another in one place of a generation (lb/renew.c). */
struct lb_line {
	uint32_t refs;
	struct lb_pool *current; /* borrowed: it has us; NULL when it is gone */
};

struct lb_pool_stats {
	uint64_t picks, none, sticky_hits, sticky_moves;
};

struct lb_pool {
	uint32_t refs;                /* its maker's, and one for each exchange that uses it */
	const struct conf_pool *conf; /* borrowed: the generation's; or in `arena` */
	struct arena arena;           /* what a renewed one's conf is made of */
	struct lb_line *line;         /* ref; NULL until somebody follows */
	struct lb_seat *seats;        /* owned, [count] */
	uint32_t count;
	/* ... the rest is lb/pool.c's: view, sets, strategy, sticky table. */
	struct lb_view view;
	struct lb_load *load;         /* owned, [count] */
	uint64_t *sets[LB_SET_COUNT]; /* bitmaps in one owned block, which sets[0] begins */
	uint32_t words;               /* of one bitmap */
	uint32_t set_count[LB_SET_COUNT];
	uint64_t set_epoch[LB_SET_COUNT];
	uint64_t last_epoch;
	uint64_t *scratch; /* in the same block: a set without the tried ones */
	const struct lb_strategy *strategy;
	void *self;               /* owned by strategy */
	struct lb_sticky *sticky; /* ref, NULL without stickiness */
	struct lb_peers *peers;   /* owned: of an `upstream` (lb/peer.h); NULL: a native pool */
	uint32_t *by_id;          /* owned: open-addressed id_hash -> index + 1 */
	uint32_t by_id_mask;
	struct secure *secure; /* ref: of every seat, where they all have the same one; or NULL */
	struct lb_pool_stats stats;
	bool is_active; /* seats are hung into their backends and nodes' drain flags applied */
};

/* Beside a running one: takes references to living backends, and changes nothing on them until
 * lb_pool_activate. -EINVAL with *err. */
int lb_pool_create(
	struct lb_pool **ret_pool, const struct conf_pool *conf, struct err *err) MUST_CHECK;
/* Cannot fail: from now on it follows its backends, and their rise, fall and drain are those of
 * this generation. */
void lb_pool_activate(struct lb_pool *pool);
/* Takes NULL. Gives its maker's reference back: it goes with the last one. Then its seats are
 * unhooked; the backends live on as long as somebody holds them. */
void lb_pool_destroy(struct lb_pool *pool);
struct lb_pool *lb_pool_ref(struct lb_pool *pool);
void lb_pool_unref(struct lb_pool *pool); /* takes NULL */

/*
 * A pool of other members for the place of `old`, which is active: whoever stays keeps its accounts
 * (lb/peer.h), and what still runs in the old one counts for the new one, too, once that is active.
 * The old one is its owner's to destroy. `arena`: all that `conf` is made of; taken over, on
 * failure too.
 */
int lb_pool_renew(struct lb_pool **ret_pool, struct lb_pool *old, const struct conf_pool *conf,
	struct arena *arena, struct err *err) MUST_CHECK;
/* Who stands in its place now; itself, unless it was renewed. */
struct lb_pool *lb_pool_now(struct lb_pool *pool);
/* That backend's seat; NULL: it is no member. */
struct lb_seat *lb_pool_seat_of(const struct lb_pool *pool, const struct backend *backend);

/* What a request carries. Values are borrowed for the call; an empty one is not there. */
struct lb_keys {
	struct slice value[CONF_KEY_COUNT];
};

struct lb_pick {
	struct lb_seat
		*seat;   /* borrowed from the pool; NULL: nobody is eligible (or all were tried) */
	bool was_sticky; /* a key was found and followed */
	struct backend *moved_from; /* borrowed; the key said this one, which may not be used now.
				       NULL if none, or gone */
	bool was_moved;             /* a key was found and could not be followed */
};

/*
 * Stickiness first: the first key, in the configured order, with a hit on an eligible backend that
 * is not tried wins, full or not, because a client's jobs belong beside its /ws. Otherwise the
 * strategy picks in the best non-empty set (lb/eligible.h). All keys present are then learned for
 * the backend picked. `tried`: bitmap of (count + 63) / 64 words, NULL for none. Counts in_flight
 * (and jobs_sent for a job) on the backend picked.
 *
 * In a pool with `peers` nginx's rules decide (lb/peer.h, lb/method.h), and who was tried may not
 * be forgotten: each seat that failed has to be in `tried`. A key, or what the request says of
 * peer_id and session, is followed in that method's way.
 */
struct lb_pick lb_pool_pick(struct lb_pool *pool, const struct lb_request *req,
	const struct lb_keys *keys, const uint64_t *tried);
/*
 * A pick that is made already: the seat of that backend, whatever its state. NULL: it is no member.
 * Counts as lb_pool_pick does, and ends likewise. `keys`: to be learned for it; NULL for none.
 */
struct lb_seat *lb_pool_take(struct lb_pool *pool, const struct backend *backend,
	const struct lb_request *req, const struct lb_keys *keys) MUST_CHECK;
/* A key that came with the answer (prompt_id, a cookie just made). */
void lb_pool_learn(
	struct lb_pool *pool, struct lb_seat *seat, enum conf_sticky_key kind, struct slice value);

/* How many tries a request may have in all, before proxy_next_upstream_tries: one for each member
 * that is not `down`. A single server has one. */
uint32_t lb_pool_tries(const struct lb_pool *pool);
/* Of a pool with `peers`: what a sticky cookie calls that seat. Lives as long as the pool. */
const char *lb_pool_peer_id(const struct lb_pool *pool, const struct lb_seat *seat);
/* sticky learn: an answer came from that seat, all of it or its head (learns_at_header), and asked
 * for no other try. `created`: what it gave the client; `session`: what the request had. Either may
 * be empty. */
void lb_pool_learn_session(struct lb_pool *pool, const struct lb_seat *seat, struct slice created,
	struct slice session);
/* The head of the answer is complete, took_us after the pick. Optional, once per pick; then
 * outcome.was_headed is to be set. */
void lb_pool_headed(struct lb_pool *pool, const struct lb_seat *seat, uint32_t took_us);

struct lb_outcome {
	enum lb_result result;
	bool was_job, job_accepted; /* accepted: the worker answered 2xx */
	uint32_t first_byte_us;     /* 0: no answer came */
	uint32_t header_us;         /* picked -> head of the answer complete; 0: likewise */
	bool was_headed;            /* lb_pool_headed was called */
	uint32_t took_us;           /* picked -> answer complete; 0: not to be counted */
	bool was_tunnel;            /* took_us is no time that an answer took */
	bool was_silent;            /* LB_DONE_FAILED: a time-out, so it may only be busy */
	const char *why;            /* LB_DONE_FAILED: for people */
};
/*
 * Ends what lb_pool_pick began. A failure counts towards the backend's `fall` (passive), a success
 * resets the row. In a pool with `peers` LB_DONE_FAILED is what proxy_next_upstream calls a failure
 * (an answer too, say a 503 that it lists, when another is asked for it), LB_DONE_REFUSED a 403 or
 * 404 that it lists, and everything else that ended is as good as LB_DONE_OK, also an answer that
 * broke off behind its head (was_headed). True: that seat has
 * failed too often and is left alone for its fail_timeout (nginx: "upstream server temporarily
 * disabled").
 */
bool lb_pool_done(struct lb_pool *pool, struct lb_seat *seat, const struct lb_outcome *outcome);

/* An eligible backend exists. */
bool lb_pool_is_available(const struct lb_pool *pool);
bool lb_pool_needs(const struct lb_pool *pool, enum lb_need need);

/* lb_backend_touch arrives here: copies the load into the view and moves the member between the
 * sets. */
void lb_seat_refresh(struct lb_seat *seat);

#endif
