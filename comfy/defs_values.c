/*
 * comfy/defs_values.c - keys, and an open table of them.
 */
#include "comfy/defs_values.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_LEAST 16
/* A string with escapes that is longer is known by its spelling: all workers spell alike. */
#define DECODED_MOST 1024
#define OF_NUMBERS UINT64_C(0x9e3779b97f4a7c15)
#define OF_THE_REST UINT64_C(0xc2b2ae3d27d4eb4f)

static uint64_t not_zero(uint64_t key)
{
	return key == 0 ? 1 : key;
}

uint64_t value_key_text(struct slice text)
{
	return not_zero(hash_keyed(text.p, text.n));
}

static uint64_t key_of_number(double number)
{
	number += 0.0; /* -0.0 is 0.0 */
	return not_zero(hash_keyed(&number, sizeof(number)) ^ OF_NUMBERS);
}

static uint64_t key_of_string(struct slice quoted)
{
	char out[DECODED_MOST];
	if (!json_has_escape(quoted))
		return value_key_text(json_inside(quoted));
	ptrdiff_t n = json_decode(quoted, out, sizeof(out));
	if (n < 0)
		return value_key_text(json_inside(quoted));
	return value_key_text((struct slice){out, (size_t)n});
}

uint64_t value_key(struct json_value value)
{
	switch (value.kind) {
	case JSON_KIND_STRING:
		return key_of_string(value.raw);
	case JSON_KIND_NUMBER:
		return key_of_number(json_number(value));
	case JSON_KIND_TRUE:
		return key_of_number(1);
	case JSON_KIND_FALSE:
		return key_of_number(0);
	default:
		return not_zero(hash_keyed(value.raw.p, value.raw.n) ^ OF_THE_REST);
	}
}

void value_set_finish(struct value_set *set)
{
	free(set->slots);
	*set = (struct value_set){0};
}

/* Where it is, or where it would be put. */
static uint32_t slot_of(const struct value_set *set, uint64_t key)
{
	uint32_t at = (uint32_t)key & (set->room - 1);
	while (set->slots[at] != 0 && set->slots[at] != key)
		at = (at + 1) & (set->room - 1);
	return at;
}

static int set_grow(struct value_set *set)
{
	struct value_set wider = {.count = set->count};
	if (set->room > UINT32_MAX / 4)
		return -ENOMEM;
	wider.room = set->room == 0 ? ROOM_LEAST : 2 * set->room;
	wider.slots = calloc(wider.room, sizeof(wider.slots[0]));
	if (wider.slots == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->room; i++) {
		if (set->slots[i] != 0)
			wider.slots[slot_of(&wider, set->slots[i])] = set->slots[i];
	}
	free(set->slots);
	*set = wider;
	return 0;
}

int value_set_add(struct value_set *set, uint64_t key)
{
	if (set->count >= set->room / 4 * 3) {
		int rc = set_grow(set);
		if (rc != 0)
			return rc;
	}
	uint32_t at = slot_of(set, key);
	if (set->slots[at] == key)
		return 0;
	set->slots[at] = key;
	set->count++;
	return 1;
}

bool value_set_has(const struct value_set *set, uint64_t key)
{
	return set->room != 0 && set->slots[slot_of(set, key)] == key;
}
