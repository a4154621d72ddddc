/*
 * lb/hash_ring.c - `hash`: the same key to the same worker, and few keys move when one comes or
 * goes.
 *
 * The consistent ring of nginx and Cache::Memcached::Fast. A member has 160 points for each unit of
 * weight: crc32(host \0 port previous_point), the first previous one being 0. A key belongs to the
 * first point at or after it; where that member may not be used, to the next point, 20 times, then
 * it is round robin's turn, as it is for requests without a key.
 *
 * Host and port are those of the file, not what a name was resolved to. The key is the low half of
 * key_hash.
 */
#include "base/hash.h"
#include "conf/tree.h"
#include "lb/smooth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define POINTS_PER_WEIGHT 160u
/* 16 MiB. Beyond that all members get fewer points, each still in proportion to its weight. */
#define MOST_POINTS (1u << 21)
#define TRIES 20

extern const struct lb_strategy lb_hash;

struct point {
	uint32_t at, member;
};

struct hash_ring {
	uint32_t *base; /* owned, [base_count]: crc32 of each member's name */
	uint32_t base_count;
	struct point *points; /* owned, sorted by `at`, no two alike */
	uint32_t point_count;
	struct smooth fallback;
};

static uint32_t base_of(const struct conf_node *node)
{
	char port[8] = "";
	const char *host = node->host;
	if (strncasecmp(host, "unix:", 5) == 0)
		host += 5;
	else
		(void)snprintf(port, sizeof(port), "%u", node->port);
	uint32_t crc = hash_crc32(0, host, strlen(host) + 1);
	return hash_crc32(crc, port, strlen(port));
}

static void ring_destroy(void *self)
{
	struct hash_ring *ring = self;
	if (ring == NULL)
		return;
	free(ring->base);
	free(ring->points);
	smooth_finish(&ring->fallback);
	free(ring);
}

static int ring_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)err;
	struct hash_ring *ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return -ENOMEM;
	ring->base_count = conf->node_count;
	ring->base = calloc((size_t)conf->node_count + 1, sizeof(*ring->base));
	if (ring->base == NULL) {
		ring_destroy(ring);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < conf->node_count; i++) {
		const struct conf_node *node = &conf->nodes[i];
		ring->base[i] = base_of(node);
		/* Two members at one address would have the same points, and the second none. */
		for (uint32_t k = 0; k < i; k++) {
			if (ring->base[k] == ring->base[i]) {
				ring->base[i] = hash_crc32(
					ring->base[i], node->node_id, strlen(node->node_id));
				break;
			}
		}
	}
	*ret_self = ring;
	return 0;
}

/* By `at`, keeping the order of equals, in three passes of 11 bits. */
static void sort_points(struct point *points, struct point *spare, uint32_t count)
{
	static uint32_t begin[2048];
	for (unsigned shift = 0; shift < 33; shift += 11) {
		memset(begin, 0, sizeof(begin));
		for (uint32_t i = 0; i < count; i++)
			begin[points[i].at >> shift & 2047]++;
		uint32_t sum = 0;
		for (size_t k = 0; k < COUNT_OF(begin); k++) {
			uint32_t n = begin[k];
			begin[k] = sum;
			sum += n;
		}
		for (uint32_t i = 0; i < count; i++)
			spare[begin[points[i].at >> shift & 2047]++] = points[i];
		struct point *swap = points;
		points = spare;
		spare = swap;
	}
	/* An odd number of passes: the result is in what the caller gave as spare. */
}

static uint64_t points_of(const struct lb_load *load, uint64_t weights)
{
	uint64_t points = (uint64_t)load->weight * POINTS_PER_WEIGHT;
	if (weights * POINTS_PER_WEIGHT <= MOST_POINTS)
		return points;
	points = (uint64_t)load->weight * MOST_POINTS / weights;
	return points == 0 ? 1 : points;
}

static uint32_t make_points(const struct hash_ring *ring, const struct lb_view *view,
	uint64_t weights, struct point *out)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < view->count; i++) {
		uint64_t n = points_of(&view->load[i], weights);
		uint32_t previous = 0;
		for (uint64_t k = 0; k < n; k++) {
			/* nginx feeds it in with the low octet first. */
			unsigned char octets[4] = {previous & 255, previous >> 8 & 255,
				previous >> 16 & 255, previous >> 24};
			previous = hash_crc32(ring->base[i], octets, sizeof(octets));
			out[count++] = (struct point){previous, i};
		}
	}
	return count;
}

static int ring_rebuild(void *self, const struct lb_view *view)
{
	struct hash_ring *ring = self;
	uint64_t weights = 0, room = 1;
	ensure(ring->base_count == view->count);
	for (uint32_t i = 0; i < view->count; i++)
		weights += view->load[i].weight;
	for (uint32_t i = 0; i < view->count; i++)
		room += points_of(&view->load[i], weights);
	struct point *raw = malloc(room * sizeof(*raw));
	struct point *points = malloc(room * sizeof(*points));
	if (raw == NULL || points == NULL || smooth_rebuild(&ring->fallback, view) != 0) {
		free(raw);
		free(points);
		return -ENOMEM;
	}
	uint32_t made = make_points(ring, view, weights, raw), count = 0;
	sort_points(raw, points, made);
	for (uint32_t i = 0; i < made; i++) {
		if (count == 0 || points[count - 1].at != points[i].at)
			points[count++] = points[i];
	}
	free(raw);
	free(ring->points);
	ring->points = points;
	ring->point_count = count;
	return 0;
}

/* The first point at or after `at`; point_count stands for the first of all. */
static uint32_t find_point(const struct hash_ring *ring, uint32_t at)
{
	uint32_t low = 0, high = ring->point_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (ring->points[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t ring_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	struct hash_ring *ring = self;
	ensure(ring->base_count == view->count);
	if (!req->has_key || ring->point_count == 0)
		return smooth_pick(&ring->fallback, view);
	uint32_t k = find_point(ring, (uint32_t)req->key_hash);
	for (int tries = 0; tries <= TRIES; tries++, k++) {
		uint32_t i = ring->points[k % ring->point_count].member;
		if (lb_is_allowed(view, i))
			return i;
	}
	return smooth_pick(&ring->fallback, view);
}

const struct lb_strategy lb_hash = {
	.name = "hash",
	.needs = LB_NEED_KEY,
	.create = ring_create,
	.destroy = ring_destroy,
	.rebuild = ring_rebuild,
	.pick = ring_pick,
};
