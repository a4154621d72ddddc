/*
 * lb/renew.c - a pool whose members change while the program runs.
 *
 *   line --current--> pool 3      who is picked now
 *    ^  ^
 *    |  '-- pool 2                an exchange still runs there: its end is counted in 3
 *    '----- pool 1                likewise; each goes when nobody uses it
 */
#include "lb/pool.h"

#include "lb/peer.h"

#include <errno.h>
#include <stdlib.h>

static void take_accounts(struct lb_peer *peer, const struct lb_peer *from)
{
	const struct lb_peer fresh = *peer;
	*peer = *from;
	peer->seat = fresh.seat;
	peer->id = fresh.id == fresh.md5 ? peer->md5 : fresh.id;
	peer->weight = fresh.weight;
	if (fresh.weight != from->weight)
		peer->effective = fresh.weight;
	peer->fail_timeout_s = fresh.fail_timeout_s;
	peer->max_fails = fresh.max_fails;
	peer->max_conns = fresh.max_conns;
	peer->is_down = fresh.is_down;
	peer->is_draining = fresh.is_draining;
}

static void inherit(struct lb_pool *pool, const struct lb_pool *old)
{
	pool->stats = old->stats;
	pool->secure = secure_ref(old->secure);
	for (uint32_t i = 0; i < pool->count; i++)
		pool->seats[i].secure = secure_ref(pool->secure);
	for (uint32_t i = 0; pool->peers != NULL && i < pool->count; i++) {
		const struct lb_seat *before = lb_pool_seat_of(old, pool->seats[i].backend);
		if (before != NULL)
			take_accounts(pool->peers->by_seat[i], old->peers->by_seat[before->index]);
	}
}

static bool join_line(struct lb_pool *pool, struct lb_pool *old)
{
	if (old->line == NULL) {
		old->line = calloc(1, sizeof(*old->line));
		if (old->line == NULL)
			return false;
		old->line->refs = 1;
	}
	pool->line = old->line;
	pool->line->refs++;
	pool->line->current = pool;
	return true;
}

int lb_pool_renew(struct lb_pool **ret_pool, struct lb_pool *old, const struct conf_pool *conf,
	struct arena *arena, struct err *err)
{
	struct lb_pool *pool = NULL;
	int rc = lb_pool_create(&pool, conf, err);
	if (rc != 0) {
		arena_finish(arena);
		return rc;
	}
	pool->arena = *arena;
	*arena = (struct arena){0};
	if (!join_line(pool, old)) {
		lb_pool_destroy(pool);
		return -ENOMEM;
	}
	inherit(pool, old);
	*ret_pool = pool;
	return 0;
}

struct lb_pool *lb_pool_now(struct lb_pool *pool)
{
	return pool->line == NULL || pool->line->current == NULL ? pool : pool->line->current;
}
