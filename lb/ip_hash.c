/*
 * lb/ip_hash.c - the same address to the same worker, by nginx's formula.
 *
 *    h = 89; for each octet: h = (h * 113 + octet) % 6271
 *    w = h % sum of weights; the members in the order of the file, each as wide as its weight
 *
 * IPv4 gives its first three octets, IPv6 all 16, a unix peer three zeros. Where that member may
 * not be used, h is not begun anew: the octets are hashed into it once more. Members that are down
 * keep their place, so the others' clients stay where they are. After 20 such tries it is round
 * robin's turn.
 *
 * There are only 6271 values of h: the walk is made once for each of them.
 */
#include "lb/smooth.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_HASH 89u
#define FACTOR 113u
#define MODULUS 6271u
#define TRIES 20

extern const struct lb_strategy lb_ip_hash;

struct ip_hash {
	uint32_t *member; /* owned: h -> index, [MODULUS] */
	uint32_t count;
	struct smooth fallback;
};

static int ip_create(void **ret_self, const struct conf_pool *conf, struct err *err)
{
	(void)conf;
	(void)err;
	*ret_self = calloc(1, sizeof(struct ip_hash));
	return *ret_self == NULL ? -ENOMEM : 0;
}

static void ip_destroy(void *self)
{
	struct ip_hash *ip = self;
	if (ip == NULL)
		return;
	free(ip->member);
	smooth_finish(&ip->fallback);
	free(ip);
}

static int ip_rebuild(void *self, const struct lb_view *view)
{
	struct ip_hash *ip = self;
	uint32_t *member = malloc(MODULUS * sizeof(*member));
	if (member == NULL || smooth_rebuild(&ip->fallback, view) != 0) {
		free(member);
		return -ENOMEM;
	}
	uint64_t weights = 0;
	for (uint32_t i = 0; i < view->count; i++) {
		uint64_t end = weights + view->load[i].weight;
		for (uint64_t w = weights; w < end && w < MODULUS; w++)
			member[w] = i;
		weights = end;
	}
	for (uint64_t h = weights; h < MODULUS && weights != 0; h++)
		member[h] = member[h % weights];
	free(ip->member);
	ip->member = member;
	ip->count = view->count;
	return 0;
}

/* h after n more octets. The remainder is taken of several steps at once: less than 2^64 it stays
 * the same. */
static uint32_t feed(uint32_t h, const unsigned char *octets, size_t n)
{
	while (n != 0) {
		size_t steps = min_size(n, 6);
		uint64_t sum = h;
		n -= steps;
		while (steps-- != 0)
			sum = sum * FACTOR + *octets++;
		h = (uint32_t)(sum % MODULUS);
	}
	return h;
}

static uint32_t ip_pick(void *self, const struct lb_view *view, const struct lb_request *req)
{
	static const unsigned char unix_peer[3];
	struct ip_hash *ip = self;
	const unsigned char *octets = (const unsigned char *)req->client_ip.p;
	size_t n = req->client_ip.n == 4 ? 3 : req->client_ip.n;
	uint32_t h = FIRST_HASH;

	ensure(ip->count == view->count);
	if (n == 0) {
		octets = unix_peer;
		n = sizeof(unix_peer);
	}
	for (int tries = 0; tries <= TRIES && ip->count != 0; tries++) {
		h = feed(h, octets, n);
		uint32_t i = ip->member[h];
		if (lb_is_allowed(view, i))
			return i;
	}
	return smooth_pick(&ip->fallback, view);
}

const struct lb_strategy lb_ip_hash = {
	.name = "ip_hash",
	.needs = LB_NEED_CLIENT,
	.create = ip_create,
	.destroy = ip_destroy,
	.rebuild = ip_rebuild,
	.pick = ip_pick,
};
