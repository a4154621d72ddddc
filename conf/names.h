/*
 * conf/names.h - what was already seen under a name: a table that is filled once and thrown away.
 */
#ifndef CONF_NAMES_H
#define CONF_NAMES_H

#include "base/arena.h"

struct conf_name {
	struct slice key; /* borrowed: the caller's tree outlives the table */
	const void *value;
};

struct conf_names {
	struct conf_name *slots; /* borrowed from the arena given to init */
	uint32_t mask, most, count;
};

/* Room for `most` names. False when memory is out. */
bool conf_names_init(struct conf_names *names, struct arena *arena, uint32_t most) MUST_CHECK;

/* The value that stands under `key`; NULL when there was none, and then `value` does. */
const void *conf_names_put(struct conf_names *names, struct slice key, const void *value);
/* NULL when there is none. */
const void *conf_names_find(const struct conf_names *names, struct slice key);

#endif
