/*
 * proxy/dynamic_pool.h - pools that no configuration names: a proxy_pass with variables led to an
 * address, or to a name that was looked up.
 *
 * One for each name and set of addresses, kept for the requests that come: of a generation, at most
 * DYNAMIC_POOLS_MOST beside those in use; the one that was not used for longest goes.
 */
#ifndef PROXY_DYNAMIC_POOL_H
#define PROXY_DYNAMIC_POOL_H

#include "lb/pool.h"

#define DYNAMIC_POOLS_MOST 128

struct dynamic_pool;
struct dynamic_pools;

struct dynamic_pools *dynamic_pools_create(void) MUST_CHECK; /* NULL: no memory */
/* Takes NULL. None is in use any more. */
void dynamic_pools_destroy(struct dynamic_pools *pools);

/* `name` is what it is called ("worker:8188"); the addresses are sorted in place. A reference;
 * NULL: no memory. */
struct dynamic_pool *dynamic_pool_get(struct dynamic_pools *pools, struct slice name,
	struct addr *addrs, uint32_t count) MUST_CHECK;
void dynamic_pool_release(struct dynamic_pool *pool);
/* Lives as long as the reference. */
struct lb_pool *dynamic_pool_members(struct dynamic_pool *pool);

#endif
