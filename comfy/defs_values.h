/*
 * comfy/defs_values.h - JSON values as numbers, and sets of them: "is it in the list".
 *
 * Two values with one key would be taken for the same; of the key's 64 bits, under a secret key
 * (base/hash.h), that does not happen.
 */
#ifndef COMFY_DEFS_VALUES_H
#define COMFY_DEFS_VALUES_H

#include "comfy/json_scan.h"

/* Equal for values that Python's == holds for equal: 1, 1.0 and true are. Never 0. */
uint64_t value_key(struct json_value value);
/* Of a string, decoded. */
uint64_t value_key_text(struct slice text);

struct value_set {
	uint64_t *slots; /* owned; 0: free */
	uint32_t count, room;
};

void value_set_finish(struct value_set *set);
/* 1: it is new. 0: it was there. -ENOMEM. */
int value_set_add(struct value_set *set, uint64_t key) MUST_CHECK;
bool value_set_has(const struct value_set *set, uint64_t key);

#endif
