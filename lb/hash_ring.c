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
 *
 * The circle is cut into sectors of a few points each, both to sort the points (they lie evenly, as
 * checksums do) and to find one.
 */
#include "base/hash.h"
#include "conf/tree.h"
#include "lb/smooth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define POINTS_PER_WEIGHT UINT64_C(160)
/* So that a reload makes the ring in a few milliseconds. Where the weights ask for more, all
 * members get fewer points, each still in proportion. */
#define MOST_POINTS (1024 * POINTS_PER_WEIGHT)
#define POINTS_PER_SECTOR 4u
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
	uint32_t *sector; /* owned, [1 << sector_bits, and one]: its first point */
	unsigned sector_bits;
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
	free(ring->sector);
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

static uint64_t points_of(const struct lb_load *load, uint64_t weights)
{
	uint64_t points = (uint64_t)load->weight * POINTS_PER_WEIGHT;
	if (weights * POINTS_PER_WEIGHT <= MOST_POINTS)
		return points;
	points = (uint64_t)load->weight * MOST_POINTS / weights;
	return points == 0 ? 1 : points;
}

/* What four octets more do to a CRC, one table for each of them. */
struct crc_tables {
	uint32_t of[4][256];
};

static const struct crc_tables *crc_tables(void)
{
	static struct crc_tables tables;
	if (tables.of[0][1] != 0)
		return &tables;
	for (uint32_t i = 0; i < 256; i++) {
		unsigned char octet = (unsigned char)i;
		tables.of[0][i] = ~hash_crc32(UINT32_MAX, &octet, 1);
	}
	for (int k = 1; k < 4; k++) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t before = tables.of[k - 1][i];
			tables.of[k][i] = before >> 8 ^ tables.of[0][before & 255];
		}
	}
	return &tables;
}

/* hash_crc32(base, the four octets of `previous`, lowest first). */
static uint32_t next_point(const struct crc_tables *tables, uint32_t base, uint32_t previous)
{
	uint32_t state = ~base ^ previous;
	return ~(tables->of[3][state & 255] ^ tables->of[2][state >> 8 & 255] ^
		 tables->of[1][state >> 16 & 255] ^ tables->of[0][state >> 24]);
}

static uint32_t make_points(const struct hash_ring *ring, const struct lb_view *view,
	uint64_t weights, struct point *out)
{
	const struct crc_tables *tables = crc_tables();
	uint32_t count = 0;
	for (uint32_t i = 0; i < view->count; i++) {
		uint64_t n = points_of(&view->load[i], weights);
		uint32_t at = 0;
		for (uint64_t k = 0; k < n; k++) {
			at = next_point(tables, ring->base[i], at);
			out[count++] = (struct point){at, i};
		}
	}
	return count;
}

static uint32_t sector_of(uint32_t at, unsigned bits)
{
	return (uint32_t)((uint64_t)at << bits >> 32);
}

/* From `raw` to `points`: each into its sector, and there into its place. Equals keep their order.
 * `sector` has room for one more than there are, all 0. */
static void sort_points(const struct point *raw, struct point *points, uint32_t count,
	uint32_t *sector, unsigned bits)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < count; i++)
		sector[sector_of(raw[i].at, bits)]++;
	for (uint32_t s = 0; s <= UINT32_C(1) << bits; s++) {
		uint32_t n = sector[s];
		sector[s] = sum;
		sum += n;
	}
	for (uint32_t i = 0; i < count; i++)
		points[sector[sector_of(raw[i].at, bits)]++] = raw[i];
	for (uint32_t i = 1; i < count; i++) {
		struct point point = points[i];
		uint32_t k = i;
		for (; k != 0 && points[k - 1].at > point.at; k--)
			points[k] = points[k - 1];
		points[k] = point;
	}
}

/* Of points at one place only the first stays. Then every sector's first point is known. */
static uint32_t thin_out(struct point *points, uint32_t count, uint32_t *sector, unsigned bits)
{
	uint32_t kept = 0, s = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (kept != 0 && points[kept - 1].at == points[i].at)
			continue;
		while (s <= sector_of(points[i].at, bits))
			sector[s++] = kept;
		points[kept++] = points[i];
	}
	while (s <= UINT32_C(1) << bits)
		sector[s++] = kept;
	return kept;
}

static int ring_rebuild(void *self, const struct lb_view *view)
{
	struct hash_ring *ring = self;
	uint64_t weights = 0, room = 1;
	unsigned bits = 0;
	ensure(ring->base_count == view->count);
	for (uint32_t i = 0; i < view->count; i++)
		weights += view->load[i].weight;
	for (uint32_t i = 0; i < view->count; i++)
		room += points_of(&view->load[i], weights);
	while (POINTS_PER_SECTOR << bits < room)
		bits++;
	struct point *raw = calloc(room, sizeof(*raw));
	struct point *points = calloc(room, sizeof(*points));
	uint32_t *sector = calloc((UINT64_C(1) << bits) + 1, sizeof(*sector));
	if (raw == NULL || points == NULL || sector == NULL ||
		smooth_rebuild(&ring->fallback, view) != 0) {
		free(raw);
		free(points);
		free(sector);
		return -ENOMEM;
	}
	uint32_t made = make_points(ring, view, weights, raw);
	sort_points(raw, points, made, sector, bits);
	free(raw);
	free(ring->points);
	free(ring->sector);
	ring->point_count = thin_out(points, made, sector, bits);
	ring->points = points;
	ring->sector = sector;
	ring->sector_bits = bits;
	return 0;
}

/* The first point at or after `at`; point_count stands for the first of all. */
static uint32_t find_point(const struct hash_ring *ring, uint32_t at)
{
	uint32_t k = ring->sector[sector_of(at, ring->sector_bits)];
	while (k < ring->point_count && ring->points[k].at < at)
		k++;
	return k;
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
