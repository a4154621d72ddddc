/*
 * conf/spread.h - from the servers of an `upstream` to its peers: one node for each address.
 */
#ifndef CONF_SPREAD_H
#define CONF_SPREAD_H

#include "conf/tree.h"

/* What a name was found to be; in the order in which the addresses become peers. */
struct conf_found {
	const struct addr *addrs; /* port 0 */
	uint32_t count;
};

/*
 * Puts in place of each node without an address one for each that `find` gives for its host, and
 * names all of them (conf_name_nodes). A node for which it gives none stays as it is. False: no
 * memory.
 */
bool conf_spread_nodes(struct arena *arena, struct conf_pool *pool,
	struct conf_found (*find)(const char *host, void *arg), void *arg) MUST_CHECK;

/* node_id of each node: its address, and "#2" for the second one with the same. False: no memory.
 */
bool conf_name_nodes(struct arena *arena, struct conf_pool *pool) MUST_CHECK;

#endif
