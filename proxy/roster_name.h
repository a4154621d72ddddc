/*
 * proxy/roster_name.h - one `server NAME resolve`: what it stands for, asked for again and again.
 *
 *   A name        its addresses, with the file's port
 *   service=S     SRV records of S: those of the best priority as the file says, the others as
 *                 backups; each name of them is looked up in turn (RFC 2782, nginx)
 */
#ifndef PROXY_ROSTER_NAME_H
#define PROXY_ROSTER_NAME_H

#include "conf/tree.h"
#include "proxy/resolver.h"

struct event;
struct generation;
struct roster_pool;
struct roster_target; /* a name that an SRV record led to */

struct roster_found {
	struct addr addr; /* with its port */
	uint32_t weight;
	bool is_backup;
};

struct roster_name {
	const struct conf_node *conf;               /* borrowed: of the generation's tree */
	const struct conf_upstream *upstream;       /* borrowed: likewise */
	struct generation *generation;              /* borrowed: it has the resolver */
	struct roster_pool *owner;                  /* borrowed */
	bool (*on_found)(struct roster_name *name); /* false: try again soon */
	struct roster_found *found;                 /* owned, [found_count] */
	uint32_t found_count;
	/* While it is being asked for. */
	struct event *timer; /* owned: when to ask, or how long to wait for the answer */
	bool is_asking;
	struct resolver_wait wait;
	struct roster_target *targets; /* owned, [target_count] */
	uint32_t target_count, pending;
	int code;         /* of those that failed, if nothing is found */
	uint64_t good_us; /* the shortest of all answers */
};

/* Asks in a later turn. False: no memory. The struct is zeroed. */
bool roster_name_start(struct roster_name *name, const struct conf_upstream *upstream,
	const struct conf_node *conf, bool (*on_found)(struct roster_name *name),
	struct roster_pool *owner) MUST_CHECK;
void roster_name_stop(struct roster_name *name);
/* Whether it asks for the same. */
bool roster_name_is(const struct roster_name *name, const struct conf_node *conf);
/* Begins with what another one has found; its ports are ours where no service says them. NULL:
 * nothing. */
void roster_name_take(struct roster_name *name, const struct roster_name *from);

#endif
