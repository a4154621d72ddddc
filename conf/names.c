#include "conf/names.h"

#include "base/hash.h"

bool conf_names_init(struct conf_names *names, struct arena *arena, uint32_t most)
{
	uint32_t slots = 8;
	/* At most half full, so a search is short. */
	while (slots / 2 < most && slots < UINT32_MAX / 2)
		slots *= 2;
	*names = (struct conf_names){.mask = slots - 1, .most = most};
	names->slots = arena_zero(arena, (size_t)slots * sizeof(*names->slots));
	return names->slots != NULL;
}

static struct conf_name *slot_of(const struct conf_names *names, struct slice key)
{
	uint32_t i = (uint32_t)hash_stable(key.p, key.n) & names->mask;
	while (names->slots[i].value != NULL && !slice_is(names->slots[i].key, key))
		i = (i + 1) & names->mask;
	return &names->slots[i];
}

const void *conf_names_put(struct conf_names *names, struct slice key, const void *value)
{
	struct conf_name *slot = slot_of(names, key);
	if (slot->value != NULL)
		return slot->value;
	ensure(names->count < names->most);
	names->count++;
	*slot = (struct conf_name){.key = key, .value = value};
	return NULL;
}

const void *conf_names_find(const struct conf_names *names, struct slice key)
{
	return slot_of(names, key)->value;
}
