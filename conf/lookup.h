/*
 * conf/lookup.h - the host names of a tree, each once, and what became of them.
 */
#ifndef CONF_LOOKUP_H
#define CONF_LOOKUP_H

#include "conf/conf.h"
#include "conf/names.h"

#define CONF_ADDRS_MOST 32u /* addresses of one name; further ones are not used */

/* What a look-up found; of fixed size, because a child process writes it to a pipe. */
struct conf_answer {
	uint32_t index; /* of the name */
	int32_t error;  /* of getaddrinfo, 0 for none */
	int32_t system_error;
	uint32_t count;                     /* 0 with an error */
	struct addr addrs[CONF_ADDRS_MOST]; /* port 0; IPv4 first */
};

struct conf_lookup {
	const char *host; /* borrowed from the tree */
	uint32_t index;
	bool is_answered;
	struct conf_answer answer;
};

struct conf_lookups {
	struct arena arena;
	struct conf_names by_host;
	struct conf_lookup *list; /* [count] */
	uint32_t count;
};

/* The names of the nodes that have no address yet. False when memory is out; finish either way. */
bool conf_lookups_init(struct conf_lookups *lookups, const struct conf *conf) MUST_CHECK;
void conf_lookups_finish(struct conf_lookups *lookups);

/* Asks the system, which may take seconds. */
void conf_look_up(const struct conf_lookup *lookup, struct conf_answer *ret_answer);
void conf_lookups_take(struct conf_lookups *lookups, const struct conf_answer *answer);

/* Gives the nodes their addresses, the first one that was found; in a pool with `upstream` each
 * address becomes a node. False with a problem for each that has none. */
bool conf_lookups_apply(
	struct conf_lookups *lookups, struct conf *conf, struct conf_problems *problems) MUST_CHECK;

#endif
