#include "lb/peer.h"

#include "base/clock.h"
#include "base/hash.h"
#include "lb/method.h"
#include "lb/peer_id.h"

#include <errno.h>
#include <stdlib.h>

/* Before any time that can be: the first request finds the last check long past. */
#define NEVER_S (INT64_MIN / 4)

int64_t lb_now_s(void)
{
	static uint64_t shift_us = UINT64_MAX;
	if (shift_us == UINT64_MAX)
		shift_us = (clock_wall_us() + 1000000 - clock_now_us % 1000000) % 1000000;
	return (int64_t)((clock_now_us + shift_us) / 1000000);
}

static struct lb_peer *peer_of(const struct lb_peers *peers, const struct lb_seat *seat)
{
	return peers->by_seat[seat->index];
}

static void fill_peer(struct lb_peer *peer, struct lb_seat *seat)
{
	const struct conf_node *node = &seat->pool->conf->nodes[seat->index];
	*peer = (struct lb_peer){
		.seat = seat,
		.weight = seat->weight,
		.effective = seat->weight,
		.checked_s = NEVER_S,
		.accessed_s = NEVER_S,
		.fail_timeout_s = (int64_t)node->peer.fail_timeout_s,
		.max_fails = node->peer.max_fails,
		.max_conns = node->peer.max_conns,
		.is_down = node->peer.is_down,
		.is_draining = node->drain,
	};
	lb_peer_id(seat->backend->addr_text, peer->md5);
	peer->id = node->peer.route != NULL && node->peer.route[0] != '\0' ? node->peer.route
									   : peer->md5;
}

/* Primaries or backups, behind those that are there already. */
static void fill_list(struct lb_peers *peers, struct lb_pool *pool, bool backups)
{
	struct lb_peer_list *list = &peers->list[backups];
	list->peer = peers->all + (backups ? peers->list[0].count : 0);
	for (uint32_t i = 0; i < pool->count; i++) {
		struct lb_seat *seat = &pool->seats[i];
		if (seat->is_backup != backups)
			continue;
		struct lb_peer *peer = &list->peer[list->count++];
		peers->by_seat[i] = peer;
		fill_peer(peer, seat);
		list->weights += seat->weight;
		list->tries += !peer->is_down;
	}
}

int lb_peers_create(struct lb_peers **ret_peers, struct lb_pool *pool, struct err *err)
{
	struct lb_peers *peers = calloc(1, sizeof(*peers));
	int rc = -ENOMEM;
	if (peers == NULL)
		return rc;
	peers->conf = pool->conf->upstream;
	peers->method = lb_method_of(peers->conf->method);
	peers->all = calloc((size_t)pool->count + 1, sizeof(*peers->all));
	peers->by_seat = calloc((size_t)pool->count + 1, sizeof(struct lb_peer *));
	if (peers->all == NULL || peers->by_seat == NULL)
		goto failed;
	fill_list(peers, pool, false);
	fill_list(peers, pool, true);
	peers->list[0].is_single = peers->list[0].count == 1 && peers->list[1].count == 0;
	rc = 0;
	bool has_names = peers->conf->name_count != 0;
	if (peers->list[0].count == 0 && !has_names) {
		err_set(err, "no servers in upstream \"%s\"", pool->conf->name);
		rc = -EINVAL;
	} else if (peers->method->create != NULL && peers->list[0].count != 0) {
		rc = peers->method->create(&peers->self, peers);
	}
	if (rc == 0) {
		*ret_peers = peers;
		return 0;
	}
failed:
	lb_peers_destroy(peers);
	return rc;
}

void lb_peers_destroy(struct lb_peers *peers)
{
	if (peers == NULL)
		return;
	if (peers->method->destroy != NULL)
		peers->method->destroy(peers->self);
	free(peers->all);
	free(peers->by_seat);
	free(peers);
}

static struct lb_peer *find(const struct lb_peer_list *list, struct slice id)
{
	for (uint32_t i = 0; i < list->count && id.n != 0; i++) {
		if (slice_is(slice_of(list->peer[i].id), id))
			return &list->peer[i];
	}
	return NULL;
}

struct lb_seat *lb_peers_find(const struct lb_peers *peers, struct slice id)
{
	struct lb_peer *peer = find(&peers->list[0], id);
	if (peer == NULL)
		peer = find(&peers->list[1], id);
	return peer == NULL ? NULL : peer->seat;
}

static bool is_in(const struct lb_peer_list *list, const struct lb_peer *peer)
{
	return peer >= list->peer && peer < list->peer + list->count;
}

/* Of several with one id the first, be it fit or not. Draining peers serve those that are bound to
 * them. */
static struct lb_peer *bound_peer(
	const struct lb_peers *peers, const struct lb_turn *turn, const struct lb_seat *wanted)
{
	struct lb_peer *peer = find(turn->list, turn->request->peer_id);
	if (peer == NULL && wanted != NULL && is_in(turn->list, peer_of(peers, wanted)))
		peer = peer_of(peers, wanted);
	if (peer == NULL || lb_was_tried(turn, peer) || !lb_peer_is_there(turn, peer))
		return NULL;
	return peer;
}

static void note_pick(struct lb_peers *peers, struct lb_peer *peer, const struct lb_turn *turn)
{
	if (turn->now_s - peer->checked_s > peer->fail_timeout_s)
		peer->checked_s = turn->now_s;
	if (peers->method->picked != NULL)
		peers->method->picked(peers, peer, turn->now_ms);
}

struct lb_seat *lb_peers_pick(struct lb_peers *peers, const struct lb_request *request,
	const uint64_t *tried, const struct lb_seat *wanted)
{
	struct lb_walk only_try = {0};
	struct lb_turn turn = {
		.request = request,
		.walk = request->walk == NULL ? &only_try : request->walk,
		.tried = tried,
		.time = peers->conf->time,
		.now_s = lb_now_s(),
		.now_ms = clock_now_ms(),
		.random = random_word,
	};
	for (;;) {
		turn.list = &peers->list[turn.walk->is_at_backups];
		turn.bound = bound_peer(peers, &turn, wanted);
		/* Methods know nothing of empty lists: those of names that are not known yet. */
		struct lb_peer *peer = turn.list->count == 0
					       ? NULL
					       : peers->method->pick(peers->self, &turn);
		if (peer != NULL) {
			note_pick(peers, peer, &turn);
			return peer->seat;
		}
		if (turn.walk->is_at_backups || peers->list[1].count == 0)
			return NULL;
		turn.walk->is_at_backups = true;
	}
}

void lb_peers_taken(struct lb_peers *peers, const struct lb_seat *seat)
{
	const struct lb_turn turn = {.now_s = lb_now_s(), .now_ms = clock_now_ms()};
	note_pick(peers, peer_of(peers, seat), &turn);
}

void lb_peers_headed(struct lb_peers *peers, const struct lb_seat *seat, uint64_t took_ms)
{
	if (peers->method->headed != NULL)
		peers->method->headed(peers, peer_of(peers, seat), took_ms, clock_now_ms());
}

static bool count_failure(struct lb_peer *peer)
{
	peer->fails++;
	peer->checked_s = peer->accessed_s = lb_now_s();
	if (peer->max_fails == 0)
		return false;
	peer->effective -= peer->weight / peer->max_fails;
	if (peer->effective < 0)
		peer->effective = 0;
	return peer->fails >= peer->max_fails;
}

bool lb_peers_done(
	struct lb_peers *peers, const struct lb_seat *seat, const struct lb_outcome *outcome)
{
	struct lb_peer *peer = peer_of(peers, seat);
	if (peers->method->done != NULL)
		peers->method->done(peers, peer, outcome, clock_now_ms());
	if (peers->list[0].is_single)
		return false;
	if (outcome->result == LB_DONE_FAILED && !outcome->was_headed)
		return count_failure(peer);
	if (peer->accessed_s < peer->checked_s)
		peer->fails = 0;
	return false;
}
