/*
 * lb/pool_pick.c - which seat a request gets.
 *
 *    keys -> sticky table -> an eligible seat? -----------------------> that one
 *                                | no
 *                                v
 *    best set with somebody in it, without the tried ones -> strategy -> that one
 */
#include "lb/pool.h"

#include "base/clock.h"
#include "base/hash.h"
#include "lb/peer.h"

static uint32_t jobs_of(const struct lb_pool *pool, const struct backend *backend)
{
	uint64_t jobs = backend->jobs_sent;
	/* Where nobody asks the workers, what they accepted would never be taken off again. */
	if (pool->strategy->needs & LB_NEED_LOAD)
		jobs += (uint64_t)backend->jobs_unseen +
			(backend->queue_len > 0 ? (uint32_t)backend->queue_len : 0);
	return (uint32_t)min_u64(jobs, UINT32_MAX);
}

static void move_between_sets(struct lb_pool *pool, struct lb_seat *seat, unsigned sets)
{
	uint64_t bit = UINT64_C(1) << (seat->index % 64);
	unsigned differ = seat->sets ^ sets;
	seat->sets = sets;
	for (unsigned set = 0; set < LB_SET_COUNT; set++) {
		if ((differ & BIT(set)) == 0)
			continue;
		pool->sets[set][seat->index / 64] ^= bit;
		pool->set_count[set] += sets & BIT(set) ? 1 : UINT32_MAX;
		pool->set_epoch[set] = ++pool->last_epoch;
	}
}

void lb_seat_refresh(struct lb_seat *seat)
{
	struct lb_pool *pool = seat->pool;
	const struct backend *backend = seat->backend;
	struct lb_load *load = &pool->load[seat->index];
	load->in_flight = backend->in_flight;
	load->jobs = jobs_of(pool, backend);
	load->queue_len = backend->queue_len;
	load->ewma_us = backend->ewma_us;
	unsigned sets = lb_sets_of(backend, load, seat->is_backup);
	if (sets != seat->sets)
		move_between_sets(pool, seat, sets);
	if (pool->strategy->changed != NULL)
		pool->strategy->changed(pool->self, &pool->view, seat->index);
}

/* As lb_backend_touch, for the usual backend, which has one seat. */
static void touch(struct lb_seat *seat)
{
	if (seat->node.next == seat->node.prev)
		lb_seat_refresh(seat);
	else
		lb_backend_touch(seat->backend);
}

/* Which sets a pick goes through, best first. */
static const enum lb_set sets_for_job[] = {
	LB_SET_ROOM, LB_SET_UP, LB_SET_BACKUP_ROOM, LB_SET_BACKUP, LB_SET_BUSY};
static const enum lb_set sets_for_rest[] = {LB_SET_UP, LB_SET_BACKUP, LB_SET_BUSY};

/* NULL when nobody here has that id. */
static struct lb_seat *seat_of_id(const struct lb_pool *pool, uint64_t id_hash)
{
	uint32_t at = (uint32_t)id_hash & pool->by_id_mask;
	for (; pool->by_id[at] != 0; at = (at + 1) & pool->by_id_mask) {
		struct lb_seat *seat = &pool->seats[pool->by_id[at] - 1];
		if (seat->backend->id_hash == id_hash)
			return seat;
	}
	return NULL;
}

struct lb_seat *lb_pool_seat_of(const struct lb_pool *pool, const struct backend *backend)
{
	struct lb_seat *seat = seat_of_id(pool, backend->id_hash);
	/* The same id at another address is another worker. */
	return seat != NULL && seat->backend == backend ? seat : NULL;
}

/* Where that seat's accounts are kept now: in the pool that took its pool's place, if its backend
 * is a member there. */
static const struct lb_seat *heir_of(struct lb_pool *pool, const struct lb_seat *seat)
{
	const struct lb_pool *now = lb_pool_now(pool);
	const struct lb_seat *heir = now == pool ? NULL : lb_pool_seat_of(now, seat->backend);
	return heir != NULL ? heir : seat;
}

/* The view's set becomes `set` without the tried ones. False: nobody is left in it. */
static bool look_at_set(struct lb_pool *pool, enum lb_set set, const uint64_t *tried)
{
	struct lb_view *view = &pool->view;
	if (pool->set_count[set] == 0)
		return false;
	/* While everybody has room both sets are the same one, and strategies need not know that
	 * there are two. */
	if ((set == LB_SET_ROOM || set == LB_SET_BACKUP_ROOM) &&
		pool->set_count[set] == pool->set_count[set + 1])
		set++;
	view->allowed = pool->sets[set];
	view->allowed_count = pool->set_count[set];
	view->epoch = pool->set_epoch[set];
	if (tried == NULL)
		return true;
	uint32_t left = 0;
	for (uint32_t w = 0; w < pool->words; w++) {
		pool->scratch[w] = pool->sets[set][w] & ~tried[w];
		left += (uint32_t)__builtin_popcountll(pool->scratch[w]);
	}
	if (left != view->allowed_count) {
		view->allowed = pool->scratch;
		view->allowed_count = left;
		view->epoch = 0;
	}
	return left != 0;
}

static struct lb_seat *pick_by_strategy(
	struct lb_pool *pool, const struct lb_request *req, const uint64_t *tried)
{
	const enum lb_set *sets = req->is_job ? sets_for_job : sets_for_rest;
	size_t n = req->is_job ? COUNT_OF(sets_for_job) : COUNT_OF(sets_for_rest);
	for (size_t k = 0; k < n; k++) {
		if (!look_at_set(pool, sets[k], tried))
			continue;
		pool->view.now_ms = clock_now_ms();
		if (pool->strategy->needs & LB_NEED_RANDOM)
			pool->view.random = random_word();
		uint32_t i = pool->strategy->pick(pool->self, &pool->view, req);
		if (i == LB_NONE)
			return NULL;
		ensure(i < pool->count && lb_is_allowed(&pool->view, i));
		return &pool->seats[i];
	}
	return NULL;
}

/* A kind of its own beside enum conf_sticky_key. */
static uint64_t hash_of_session(struct slice session)
{
	return lb_sticky_hash(CONF_KEY_COUNT, session);
}

/* The keys that a request has, in the configured order. */
struct key_hashes {
	uint64_t hash[CONF_KEY_COUNT];
	uint32_t count;
};

static void hash_keys(
	const struct lb_pool *pool, const struct lb_keys *keys, struct key_hashes *ret_hashes)
{
	const struct conf_sticky *conf = &pool->conf->balancing.sticky;
	ret_hashes->count = 0;
	for (uint32_t k = 0; k < conf->key_count; k++) {
		struct slice value = keys->value[conf->keys[k]];
		if (value.n != 0)
			ret_hashes->hash[ret_hashes->count++] = lb_sticky_hash(
				conf->keys[k], value);
	}
}

/* What a request to an `upstream` says about who is to serve it. */
static struct lb_seat *seat_of_request(struct lb_pool *pool, const struct lb_request *req)
{
	if (req->peer_id.n != 0)
		return lb_peers_find(pool->peers, req->peer_id);
	if (req->session.n == 0 || pool->sticky == NULL)
		return NULL;
	uint64_t id_hash = lb_sticky_find(
		pool->sticky, hash_of_session(req->session), clock_now_ms());
	return id_hash == 0 ? NULL : seat_of_id(pool, id_hash);
}

/* Not inlined: native pools shall not pay for it. */
static __attribute__((noinline)) struct lb_pick pick_peer(struct lb_pool *pool,
	const struct lb_request *req, const struct lb_keys *keys, const uint64_t *tried)
{
	struct lb_pick pick = {0};
	struct key_hashes hashes = {.count = 0};
	struct lb_seat *wanted = seat_of_request(pool, req);
	bool has_found = wanted != NULL;
	if (pool->sticky != NULL && keys != NULL)
		hash_keys(pool, keys, &hashes);
	for (uint32_t k = 0; k < hashes.count && wanted == NULL; k++) {
		uint64_t id_hash = lb_sticky_find(pool->sticky, hashes.hash[k], clock_now_ms());
		wanted = id_hash == 0 ? NULL : seat_of_id(pool, id_hash);
		has_found = has_found || id_hash != 0;
	}
	pick.seat = lb_peers_pick(pool->peers, req, tried, wanted);
	if (pick.seat == NULL)
		return pick;
	pick.was_sticky = pick.seat == wanted ||
			  (has_found && req->peer_id.n != 0 &&
				  slice_is(slice_of(lb_pool_peer_id(pool, pick.seat)),
					  req->peer_id));
	pick.was_moved = has_found && !pick.was_sticky;
	if (pick.was_moved && wanted != NULL)
		pick.moved_from = wanted->backend;
	pool->stats.sticky_hits += pick.was_sticky;
	pool->stats.sticky_moves += pick.was_moved;
	for (uint32_t k = 0; k < hashes.count; k++)
		lb_sticky_learn(
			pool->sticky, hashes.hash[k], pick.seat->backend->id_hash, clock_now_ms());
	return pick;
}

static struct lb_seat *pick_by_keys(struct lb_pool *pool, const struct key_hashes *hashes,
	const uint64_t *tried, struct lb_pick *pick)
{
	for (uint32_t k = 0; k < hashes->count; k++) {
		uint64_t id_hash = lb_sticky_find(pool->sticky, hashes->hash[k], clock_now_ms());
		if (id_hash == 0)
			continue;
		struct lb_seat *seat = seat_of_id(pool, id_hash);
		if (seat != NULL && lb_is_eligible(seat->backend) &&
			(tried == NULL || (tried[seat->index / 64] >> (seat->index % 64) & 1) == 0))
			return seat;
		pick->was_moved = true;
		if (pick->moved_from == NULL && seat != NULL)
			pick->moved_from = seat->backend;
	}
	return NULL;
}

/* Not inlined: pools without stickiness shall not pay for its stack. */
static __attribute__((noinline)) struct lb_pick pick_sticky(struct lb_pool *pool,
	const struct lb_request *req, const struct lb_keys *keys, const uint64_t *tried)
{
	struct lb_pick pick = {0};
	struct key_hashes hashes;
	hash_keys(pool, keys, &hashes);
	pick.seat = pick_by_keys(pool, &hashes, tried, &pick);
	pick.was_sticky = pick.seat != NULL;
	if (pick.seat == NULL)
		pick.seat = pick_by_strategy(pool, req, tried);
	if (pick.seat == NULL)
		return pick;
	if (pick.was_sticky)
		pool->stats.sticky_hits++;
	if (pick.was_moved) {
		pool->stats.sticky_moves++;
		lb_sticky_count_moved(pool->sticky);
	}
	for (uint32_t k = 0; k < hashes.count; k++)
		lb_sticky_learn(
			pool->sticky, hashes.hash[k], pick.seat->backend->id_hash, clock_now_ms());
	return pick;
}

static void count_pick(struct lb_pool *pool, struct lb_seat *seat, const struct lb_request *req)
{
	struct backend *backend = seat->backend;
	pool->stats.picks++;
	backend->stats.picks++;
	backend->in_flight++;
	if (req->is_job)
		backend->jobs_sent++;
	touch(seat);
}

struct lb_pick lb_pool_pick(struct lb_pool *pool, const struct lb_request *req,
	const struct lb_keys *keys, const uint64_t *tried)
{
	struct lb_pick pick = {0};
	ensure(pool->is_active);
	if (pool->peers != NULL)
		pick = pick_peer(pool, req, keys, tried);
	else if (pool->sticky != NULL && keys != NULL)
		pick = pick_sticky(pool, req, keys, tried);
	else
		pick.seat = pick_by_strategy(pool, req, tried);
	if (pick.seat == NULL) {
		pool->stats.none++;
		return pick;
	}
	count_pick(pool, pick.seat, req);
	return pick;
}

struct lb_seat *lb_pool_take(struct lb_pool *pool, const struct backend *backend,
	const struct lb_request *req, const struct lb_keys *keys)
{
	struct lb_seat *seat = lb_pool_seat_of(pool, backend);
	ensure(pool->is_active);
	if (seat == NULL) {
		pool->stats.none++;
		return NULL;
	}
	for (int kind = 0; keys != NULL && kind < CONF_KEY_COUNT; kind++)
		lb_pool_learn(pool, seat, (enum conf_sticky_key)kind, keys->value[kind]);
	if (pool->peers != NULL)
		lb_peers_taken(pool->peers, seat);
	count_pick(pool, seat, req);
	return seat;
}

void lb_pool_learn(
	struct lb_pool *pool, struct lb_seat *seat, enum conf_sticky_key kind, struct slice value)
{
	const struct conf_sticky *conf = &pool->conf->balancing.sticky;
	for (uint32_t k = 0; pool->sticky != NULL && k < conf->key_count; k++) {
		if (conf->keys[k] == kind && value.n != 0)
			lb_sticky_learn(pool->sticky, lb_sticky_hash(kind, value),
				seat->backend->id_hash, clock_now_ms());
	}
}

void lb_pool_learn_session(struct lb_pool *pool, const struct lb_seat *seat, struct slice created,
	struct slice session)
{
	if (pool->sticky == NULL)
		return;
	uint64_t now_ms = clock_now_ms();
	uint64_t hash = hash_of_session(created.n != 0 ? created : session);
	/* What the request brought is no news: it is kept alive, and follows the client when
	 * another server answered. */
	bool is_known = created.n == 0 && session.n != 0 &&
			lb_sticky_find(pool->sticky, hash, now_ms) != 0;
	if (created.n != 0 || is_known)
		lb_sticky_learn(pool->sticky, hash, seat->backend->id_hash, now_ms);
}

void lb_pool_headed(struct lb_pool *pool, const struct lb_seat *seat, uint32_t took_us)
{
	if (pool->peers == NULL)
		return;
	seat = heir_of(pool, seat);
	lb_peers_headed(seat->pool->peers, seat, took_us / 1000);
}

static void count_job(struct backend *backend, const struct lb_outcome *outcome)
{
	ensure(backend->jobs_sent != 0);
	backend->jobs_sent--;
	if (outcome->job_accepted) {
		backend->jobs_unseen++;
		backend->jobs_answered++;
		backend->stats.jobs_accepted++;
	} else if (outcome->result == LB_DONE_OK || outcome->result == LB_DONE_REFUSED) {
		backend->stats.jobs_refused++;
	}
}

static void count_times(struct backend *backend, const struct lb_outcome *outcome)
{
	if (outcome->first_byte_us != 0) {
		histogram_add(&backend->stats.first_byte, outcome->first_byte_us);
		int64_t step = ((int64_t)outcome->first_byte_us - backend->ewma_us) / 8;
		backend->ewma_us = backend->ewma_us == 0 ? outcome->first_byte_us
							 : (uint32_t)(backend->ewma_us + step);
	}
	if (outcome->took_us != 0 && !outcome->was_tunnel)
		histogram_add(&backend->stats.whole, outcome->took_us);
}

/* As in health/: who spoke on any connection within heartbeat_timeout is busy and not down. */
static bool was_heard_lately(const struct lb_pool *pool, const struct backend *backend)
{
	uint64_t silent_us = clock_now_us - backend->last_heard_us;
	return backend->last_heard_us != 0 &&
	       silent_us < pool->conf->health.heartbeat_timeout_ms * 1000;
}

/* Where failures are the peer's affair the backend's fitness stays health's. */
static void count_failure(
	struct lb_pool *pool, struct backend *backend, const struct lb_outcome *outcome)
{
	backend->stats.failures++;
	if (pool->peers != NULL)
		backend->last_failed_us = clock_now_us;
	else
		lb_backend_failed(backend, outcome->was_silent && was_heard_lately(pool, backend),
			outcome->why);
}

bool lb_pool_done(struct lb_pool *pool, struct lb_seat *seat, const struct lb_outcome *outcome)
{
	struct backend *backend = seat->backend;
	bool is_out = false;
	ensure(backend->in_flight != 0);
	backend->in_flight--;
	if (outcome->was_job)
		count_job(backend, outcome);
	count_times(backend, outcome);
	switch (outcome->result) {
	case LB_DONE_OK:
		backend->stats.requests_ok++;
		backend->passive_failures = 0;
		break;
	case LB_DONE_CLIENT_LEFT:
		backend->stats.client_left++;
		break;
	case LB_DONE_REFUSED:
		backend->stats.retries_away++;
		break;
	case LB_DONE_FAILED:
		count_failure(pool, backend, outcome);
		break;
	}
	if (pool->peers != NULL) {
		const struct lb_seat *heir = heir_of(pool, seat);
		is_out = lb_peers_done(heir->pool->peers, heir, outcome);
	}
	touch(seat);
	if (pool->strategy->done != NULL)
		pool->strategy->done(pool->self, seat->index, outcome->result,
			outcome->was_tunnel ? 0 : outcome->took_us);
	return is_out;
}
