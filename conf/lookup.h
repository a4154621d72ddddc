/*
 * conf/lookup.h - the host names of a tree, each once, and what became of them.
 */
#ifndef CONF_LOOKUP_H
#define CONF_LOOKUP_H

#include "conf/conf.h"
#include "conf/names.h"

/* What a look-up found; of fixed size, because a child process writes it to a pipe. */
struct conf_answer {
	uint32_t index; /* of the name */
	int32_t error;  /* of getaddrinfo, 0 for none */
	int32_t system_error;
	struct addr addr; /* port 0 */
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

/* Gives the nodes their addresses; false with a problem for each that has none. */
bool conf_lookups_apply(const struct conf_lookups *lookups, struct conf *conf,
	struct conf_problems *problems) MUST_CHECK;

#endif
