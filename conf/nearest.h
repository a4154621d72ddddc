/*
 * conf/nearest.h - which word was meant.
 */
#ifndef CONF_NEAREST_H
#define CONF_NEAREST_H

#include "base/base.h"

/* Damerau-Levenshtein distance (optimal string alignment): letters inserted, dropped, changed, or
 * two neighbours swapped. Case does not count. Only the first 63 octets are looked at. */
unsigned conf_word_distance(struct slice one, struct slice other);

/* The distance up to which `distance` from a word of that length is likely a slip. */
bool conf_is_near(unsigned distance, size_t word_length);

#endif
