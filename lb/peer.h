/*
 * lb/peer.h - the members of an `upstream`, with the accounts that nginx keeps of them.
 *
 *   one list of the primaries, one of the backups
 *      pick   in the first list; when nobody there may be used, in the second, and for this request
 *             only there from then on
 *      done   a failure before an answer: fails + 1, checked = accessed = now, and the peer's
 *             part in turns shrinks
 *             else: fails = 0 if somebody was sent there after the last time-out (accessed <
 *             checked)
 *
 * A peer that failed max_fails times is left alone while now - checked <= fail_timeout, in whole
 * seconds; then one request tries it (checked = now) and decides. The only primary of a group
 * without backups is never left alone. What health says comes on top: a peer that is down is as one
 * that failed.
 *
 * Accounts begin anew with each generation, as nginx's do. How many requests a peer serves is
 * the backend's in_flight: those of an older generation count.
 */
#ifndef LB_PEER_H
#define LB_PEER_H

#include "lb/pool.h"

#define LB_PEER_ID 32 /* hex digits of an MD5 */

struct lb_peer {
	struct lb_seat *seat; /* borrowed: the pool owns both */
	int64_t weight;
	int64_t effective; /* 0 .. weight: lower after failures, one more with each turn */
	int64_t credit;    /* smooth turns: collected and not yet spent */
	int64_t checked_s, accessed_s, fail_timeout_s;
	uint32_t fails, max_fails, max_conns;
	bool is_down, is_draining; /* as the file says; draining: only for requests bound to it */
	char md5[LB_PEER_ID + 1];
	const char *id; /* in md5, or borrowed from the tree: `route` */
	/* Times in milliseconds, for the methods that want them; 0: not measured. */
	uint64_t header_ms, response_ms;
	uint64_t inflight_ms; /* of what is not answered yet */
	uint64_t inflight_sum_ms, inflight_since_ms;
	uint32_t inflight;
};

struct lb_peer_list {
	struct lb_peer *peer;
	uint32_t count;
	uint32_t tries; /* those that are not down */
	uint64_t weights;
	bool is_single; /* one primary, no backup */
};

struct lb_peers {
	const struct lb_method *method;
	void *self; /* owned by method */
	const struct conf_upstream *conf;
	struct lb_peer *all; /* owned: primaries, then backups, each in the order of the file */
	struct lb_peer **by_seat; /* owned, [pool's count] */
	struct lb_peer_list list[2];
};

/* One pick, for a method. */
struct lb_turn {
	struct lb_peer_list *list;
	const struct lb_request *request;
	struct lb_walk *walk;
	const uint64_t *tried; /* bitmap by seat, or NULL */
	struct lb_peer *bound; /* sticky: this one, which is in the list and may be used; or NULL */
	enum conf_least_time time; /* for methods that go by time */
	int64_t now_s;
	uint64_t now_ms;
	uint64_t (*random)(void);
};

/* Seconds of the monotonic clock: time-outs are counted in whole ones. They begin when those of the
 * wall clock do, as nginx's, so that both see the same second end. */
int64_t lb_now_s(void);

static inline bool lb_was_tried(const struct lb_turn *turn, const struct lb_peer *peer)
{
	uint32_t i = peer->seat->index;
	return turn->tried != NULL && (turn->tried[i / 64] >> (i % 64) & 1) != 0;
}

static inline bool lb_peer_is_full(const struct lb_peer *peer)
{
	return peer->max_conns != 0 && peer->seat->backend->in_flight >= peer->max_conns;
}

static inline bool lb_peer_has_failed(const struct lb_peer *peer, int64_t now_s)
{
	return peer->max_fails != 0 && peer->fails >= peer->max_fails &&
	       now_s - peer->checked_s <= peer->fail_timeout_s;
}

/* The rule: may this peer be used for this pick? Draining is the caller's. */
static inline bool lb_peer_is_there(const struct lb_turn *turn, const struct lb_peer *peer)
{
	if (peer->is_down || peer->seat->backend->state == BACKEND_DOWN || lb_peer_is_full(peer))
		return false;
	if (turn->list->is_single)
		return true;
	return !lb_was_tried(turn, peer) && !lb_peer_has_failed(peer, turn->now_s);
}

static inline bool lb_peer_may_use(const struct lb_turn *turn, const struct lb_peer *peer)
{
	return !peer->is_draining && !peer->seat->backend->is_draining &&
	       lb_peer_is_there(turn, peer);
}

/* The accounts of a pool that has conf->upstream and one of its methods; -ENOMEM, -EINVAL. Seats
 * are there already. */
int lb_peers_create(struct lb_peers **ret_peers, struct lb_pool *pool, struct err *err) MUST_CHECK;
/* Takes NULL. */
void lb_peers_destroy(struct lb_peers *peers);

/* NULL: "no live upstreams". `wanted`: the seat that the request is bound to, or NULL; it is taken
 * if it may be used. request->peer_id is looked for among the primaries and among the backups, and
 * goes first. */
struct lb_seat *lb_peers_pick(struct lb_peers *peers, const struct lb_request *request,
	const uint64_t *tried, const struct lb_seat *wanted);
/* The seat of that id, NULL: none. */
struct lb_seat *lb_peers_find(const struct lb_peers *peers, struct slice id);
/* The head of the answer came, took_ms after the pick. At most once per pick. */
void lb_peers_headed(struct lb_peers *peers, const struct lb_seat *seat, uint64_t took_ms);
/* True: it has failed too often and is left alone now. */
bool lb_peers_done(
	struct lb_peers *peers, const struct lb_seat *seat, const struct lb_outcome *outcome);
/* A request that has no pick yet takes that seat (lb_pool_take). */
void lb_peers_taken(struct lb_peers *peers, const struct lb_seat *seat);

#endif
