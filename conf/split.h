/*
 * conf/split.h - split_clients { }: a text leads to one of some values, each with its share.
 *
 *   hash:  0 ..... 0.5 % ......... 2.5 % ................................. 100 %
 *          | .one  |  .two         | ""  (the rest)                        |
 */
#ifndef CONF_SPLIT_H
#define CONF_SPLIT_H

#include "conf/value.h"

struct conf_split_part {
	uint32_t below; /* hashes below this that no earlier part took; 0: the rest, "*" */
	struct slice value;
};

struct conf_split {
	struct conf_value source;
	struct conf_split_part *parts;
	uint32_t count;
	uint32_t hundredths; /* while it is filled: what the parts take together, of 10000 */
};

/* "12.34" as 1234, up to 10000; false when it is none, or 0. */
bool conf_split_percent(struct slice text, uint32_t *ret);
/* The next part: `hundredths` of a percent, 0 for the rest. False: more than 100 % together. The
 * caller made room in parts. */
bool conf_split_put(struct conf_split *split, uint32_t hundredths, struct slice value) MUST_CHECK;
/* Once all parts are there. */
void conf_split_finish(struct conf_split *split);

struct slice conf_split_find(const struct conf_split *split, struct slice text);

/* MurmurHash2 with seed 0, as nginx has it. */
uint32_t conf_split_hash(struct slice text);

#endif
