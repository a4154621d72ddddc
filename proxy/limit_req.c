/*
 * proxy/limit_req.c - the leaky bucket as nginx counts it: in thousandths of a request.
 *
 *   excess = what it was - rate * time since then + one request
 *
 * More than `burst` is refused; more than `delay` waits until it has leaked down to that.
 */
#include "proxy/limit_parts.h"

#include "base/hash.h"

#define ONE 1000      /* a request */
#define IDLE_MS 60000 /* a key that is younger than this goes only if it has to */

/* What is left, with `more` poured in. */
static uint64_t leaked(const struct limit_node *node, uint64_t more, uint64_t rate, uint64_t now_ms)
{
	uint64_t ms = now_ms > node->last_ms ? now_ms - node->last_ms : 0;
	uint64_t full = node->excess + more;
	/* No bucket is deeper than the time it would take to overflow here. */
	uint64_t out = ms > UINT64_MAX / (rate + 1) ? UINT64_MAX : rate * ms / 1000;
	return out < full ? full - out : 0;
}

/* Up to two keys from the end that are empty and have been so for a while; the very last in any
 * case with `is_forced`. */
static void make_room(struct limit_zone *zone, uint64_t rate, uint64_t now_ms, bool is_forced)
{
	for (int n = is_forced ? 0 : 1; n < 3 && !list_is_empty(&zone->by_use); n++) {
		struct limit_node *node = list_last(&zone->by_use, struct limit_node, by_use);
		if (n != 0 &&
			(now_ms - node->last_ms < IDLE_MS || leaked(node, 0, rate, now_ms) != 0))
			return;
		limit_drop(zone, node);
	}
}

static struct limit_node *add(struct limit_req *limit, uint64_t hash, uint64_t now_ms)
{
	make_room(limit->zone, limit->rate, now_ms, false);
	struct limit_node *node = limit_add(limit->zone, limit->key, hash);
	if (node == NULL) {
		make_room(limit->zone, limit->rate, now_ms, true);
		node = limit_add(limit->zone, limit->key, hash);
	}
	/* Its first request is no excess. */
	if (node != NULL)
		node->last_ms = 0;
	return node;
}

static uint64_t delay_of(const struct limit_req *limit, uint64_t excess)
{
	return excess <= limit->delay ? 0 : (excess - limit->delay) * 1000 / limit->rate;
}

static void count_in(struct limit_node *node, uint64_t excess, uint64_t now_ms)
{
	node->excess = excess;
	node->last_ms = now_ms;
}

enum limit_verdict limit_req_ask(struct limit_req *limits, uint32_t count, uint64_t now_ms,
	uint64_t *ret_excess, uint32_t *ret_which, uint64_t *ret_ms)
{
	bool is_asked = false;
	*ret_excess = *ret_ms = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct limit_req *limit = &limits[i];
		limit->node = NULL;
		if (limit->key.n == 0 || limit->key.n > LIMIT_KEY_REQ)
			continue;
		is_asked = true;
		*ret_which = i;
		uint64_t hash = hash_keyed(limit->key.p, limit->key.n);
		limit->node = limit_find(limit->zone, limit->key, hash);
		if (limit->node == NULL) {
			limit->node = add(limit, hash, now_ms);
			if (limit->node == NULL)
				return LIMIT_NO_ROOM;
			continue;
		}
		uint64_t excess = leaked(limit->node, ONE, limit->rate, now_ms);
		if (excess > limit->burst) {
			*ret_excess = excess;
			return LIMIT_REFUSE;
		}
	}
	if (!is_asked)
		return LIMIT_NONE;
	/* From the last one back, so that of equal delays the last limit's is told. */
	for (uint32_t i = count; i-- > 0;) {
		struct limit_req *limit = &limits[i];
		if (limit->node == NULL)
			continue;
		uint64_t excess = leaked(limit->node, ONE, limit->rate, now_ms);
		/* A new key: nothing had come before. */
		if (limit->node->last_ms == 0)
			excess = 0;
		count_in(limit->node, excess, now_ms);
		uint64_t ms = delay_of(limit, excess);
		if (ms > *ret_ms) {
			*ret_ms = ms;
			*ret_excess = excess;
			*ret_which = i;
		}
	}
	return *ret_ms == 0 ? LIMIT_PASS : LIMIT_DELAY;
}
