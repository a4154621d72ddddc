/*
 * proxy/roster.h - the members of an `upstream` that come from names, kept up to date: `server NAME
 * resolve`.
 *
 *   timer --> the name is asked for --found, other than before--> another pool (lb_pool_renew)
 *     ^                   |                                        takes its place: listener
 *     '---- its ttl, or --'--failed: all stays as it is
 *           valid=
 *
 * A name that does not exist has no members. Answers come in any order: who stays keeps his place,
 * new ones come behind.
 */
#ifndef PROXY_ROSTER_H
#define PROXY_ROSTER_H

#include "proxy/generation.h"

struct roster;

/* Before the pools of `generation` are activated: it begins with what `before` (NULL: none) has
 * found for names that both have, and all names are asked for, never from inside this call. */
void roster_start(struct generation *generation, const struct generation *before);
/* Nothing is asked for any more, the pools stay as they are. */
void roster_stop(struct generation *generation);

/* Called when generation->pools[index] was exchanged; the new one is active. `old` goes with the
 * last exchange in it, and not before the listener returns. One listener: app_era.c. */
void roster_on_change(
	void (*listener)(struct generation *generation, uint32_t index, struct lb_pool *old));

#endif
