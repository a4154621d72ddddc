/*
 * conf/map.h - map { }: a text leads to a value.
 *
 *   exact text > "*.example.com" (longest) > "www.example.*" (longest) > first regex > default
 *
 * Texts compare without regard to case (ASCII), as nginx compares them.
 */
#ifndef CONF_MAP_H
#define CONF_MAP_H

#include "conf/value.h"

struct regex;

struct conf_map_entry {
	struct slice key; /* in lower case; of a wildcard without its "*." or ".*" */
	struct conf_value value;
	struct conf_map_entry *next; /* the same slot of the table */
	uint32_t hash;
};

/* Texts by hash; grows while it is filled. */
struct conf_map_table {
	struct conf_map_entry **slots; /* [slot_count], a power of two */
	uint32_t slot_count, count;
};

struct conf_map_regex {
	const struct regex *regex; /* borrowed: the tree owns it */
	struct conf_value value;
};

struct conf_map {
	struct conf_value source;
	bool has_hostnames; /* texts are host names, and some may be wildcards */
	bool has_default;
	struct conf_value value; /* the default; without one: empty */
	struct conf_map_table exact, heads, tails;
	struct conf_map_regex *regexes; /* in order */
	uint32_t regex_count, regex_room;
};

/* `key` as it stands in the file, but no regex and not "default". False with nginx's words
 * (`conflicting parameter "a"`, `invalid hostname or wildcard "a"`), or no memory. */
bool conf_map_put(struct conf_map *map, struct slice key, const struct conf_value *value,
	struct arena *arena, struct err *err) MUST_CHECK;
bool conf_map_put_regex(struct conf_map *map, const struct regex *regex,
	const struct conf_value *value, struct arena *arena) MUST_CHECK;

/* By text or wildcard; NULL: try the regexes, then the default. */
const struct conf_value *conf_map_find(const struct conf_map *map, struct slice text);

#endif
