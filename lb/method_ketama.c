/*
 * lb/method_ketama.c - `hash KEY consistent`: few keys move when a server comes or goes.
 *
 * The ring of Cache::Memcached::Fast. A peer has 160 points for each unit of weight:
 * crc32(host \0 port previous_point), the first previous one being 0; host and port as written in
 * the file. A key belongs to the first point at or after its crc32. Where nobody of that point's
 * server may be used, it is the next point's turn, 20 times, then everybody's. The addresses of one
 * name share its points and take turns.
 */
#include "base/hash.h"
#include "lb/method.h"

#include <errno.h>
#include <stdlib.h>

#define POINTS_PER_WEIGHT 160u

extern const struct lb_method lb_method_ketama;

struct point {
	uint32_t at, order; /* order: of equals the first one made stays */
	const char *server; /* borrowed from the tree */
};

struct ring {
	struct point *points; /* owned, sorted, no two alike */
	size_t count;
};

static uint32_t base_of(const char *server)
{
	size_t n = strlen(server), port = n;
	if (n >= 5 && strncasecmp(server, "unix:", 5) == 0) {
		server += 5;
		n -= 5;
		return hash_crc32(hash_crc32(0, server, n), "", 1);
	}
	while (port != 0 && server[port - 1] >= '0' && server[port - 1] <= '9')
		port--;
	bool has_port = port != 0 && server[port - 1] == ':';
	uint32_t crc = hash_crc32(0, server, has_port ? port - 1 : n);
	crc = hash_crc32(crc, "", 1);
	return has_port ? hash_crc32(crc, server + port, n - port) : crc;
}

static int by_place(const void *a, const void *b)
{
	const struct point *left = a, *right = b;
	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

static void put_points(struct ring *ring, const struct lb_peer *peer)
{
	const char *server = peer->seat->pool->conf->nodes[peer->seat->index].peer.server;
	uint32_t base = base_of(server), previous = 0;
	for (uint64_t i = 0; i < (uint64_t)peer->weight * POINTS_PER_WEIGHT; i++) {
		const unsigned char octets[] = {(unsigned char)previous,
			(unsigned char)(previous >> 8), (unsigned char)(previous >> 16),
			(unsigned char)(previous >> 24)};
		previous = hash_crc32(base, octets, sizeof(octets));
		ring->points[ring->count] = (struct point){
			.at = previous, .order = (uint32_t)ring->count, .server = server};
		ring->count++;
	}
}

static void ring_destroy(void *self)
{
	struct ring *ring = self;
	if (ring == NULL)
		return;
	free(ring->points);
	free(ring);
}

static int ring_create(void **ret_self, const struct lb_peers *peers)
{
	const struct lb_peer_list *list = &peers->list[0];
	struct ring *ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return -ENOMEM;
	if (list->weights < SIZE_MAX / POINTS_PER_WEIGHT)
		ring->points = calloc(
			(size_t)list->weights * POINTS_PER_WEIGHT, sizeof(*ring->points));
	if (ring->points == NULL) {
		ring_destroy(ring);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < list->count; i++)
		put_points(ring, &list->peer[i]);
	qsort(ring->points, ring->count, sizeof(*ring->points), by_place);
	size_t kept = 0;
	for (size_t i = 0; i < ring->count; i++) {
		if (kept == 0 || ring->points[kept - 1].at != ring->points[i].at)
			ring->points[kept++] = ring->points[i];
	}
	ring->count = kept;
	*ret_self = ring;
	return 0;
}

/* The first point at or after `at`; `count` when it is beyond the last. */
static uint32_t find_point(const struct ring *ring, uint32_t at)
{
	size_t low = 0, high = ring->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ring->points[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/* Turns among the addresses of one server. */
static struct lb_peer *pick_of(const char *server, struct lb_turn *turn)
{
	struct lb_peer_list *list = turn->list;
	struct lb_peer *best = NULL;
	int64_t earned = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		struct lb_peer *peer = &list->peer[i];
		const struct conf_peer *conf = &peer->seat->pool->conf->nodes[peer->seat->index]
							.peer;
		if (conf->server != server && strcmp(conf->server, server) != 0)
			continue;
		if (!lb_peer_may_use(turn, peer))
			continue;
		lb_peer_earn(peer, &earned);
		if (best == NULL || peer->credit > best->credit)
			best = peer;
	}
	if (best != NULL)
		best->credit -= earned;
	return best;
}

static struct lb_peer *ring_pick(void *self, struct lb_turn *turn)
{
	const struct ring *ring = self;
	struct lb_walk *walk = turn->walk;
	struct slice key = turn->request->hash_key;
	/* No primaries yet: backups are asked without a ring. */
	if (ring == NULL || ring->count == 0)
		return lb_pick_in_turn(turn);
	if (walk->looks > LB_LOOKS_MOST || turn->list->is_single || key.n == 0)
		return lb_pick_in_turn(turn);
	if (turn->bound != NULL)
		return turn->bound;
	if (!walk->is_begun)
		walk->hash = find_point(ring, hash_crc32(0, key.p, key.n));
	walk->is_begun = true;
	for (;;) {
		struct lb_peer *peer = pick_of(ring->points[walk->hash % ring->count].server, turn);
		if (peer != NULL)
			return peer;
		walk->hash++;
		if (++walk->looks > LB_LOOKS_MOST)
			return lb_pick_in_turn(turn);
	}
}

const struct lb_method lb_method_ketama = {
	.create = ring_create,
	.destroy = ring_destroy,
	.pick = ring_pick,
};
