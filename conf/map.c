#include "conf/map.h"

/* FNV-1a of the text in lower case: keys come from the configuration, and a client that makes
 * look-ups long finds a table at most half full. */
static uint32_t hash_of(struct slice text)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (uint8_t)ascii_lower(text.p[i])) * 16777619u;
	return hash;
}

static const struct conf_map_entry *find(const struct conf_map_table *table, struct slice text)
{
	if (table->count == 0)
		return NULL;
	uint32_t hash = hash_of(text);
	const struct conf_map_entry *entry = table->slots[hash & (table->slot_count - 1)];
	while (entry != NULL && (entry->hash != hash || !slice_is_nocase(entry->key, text)))
		entry = entry->next;
	return entry;
}

static bool grow(struct conf_map_table *table, struct arena *arena)
{
	uint32_t more = table->slot_count == 0 ? 16 : table->slot_count * 2;
	struct conf_map_entry **slots = arena_zero(arena, more * sizeof(struct conf_map_entry *));
	if (slots == NULL)
		return false;
	for (uint32_t i = 0; i < table->slot_count; i++) {
		struct conf_map_entry *entry = table->slots[i], *next;
		for (; entry != NULL; entry = next) {
			next = entry->next;
			entry->next = slots[entry->hash & (more - 1)];
			slots[entry->hash & (more - 1)] = entry;
		}
	}
	table->slots = slots;
	table->slot_count = more;
	return true;
}

static bool put(struct conf_map_table *table, struct slice key, const struct conf_value *value,
	struct arena *arena)
{
	if (table->count * 2 >= table->slot_count && !grow(table, arena))
		return false;
	struct conf_map_entry *entry = arena_zero(arena, sizeof(*entry));
	char *copy = arena_copy(arena, key.p, key.n);
	if (entry == NULL || copy == NULL)
		return false;
	for (size_t i = 0; i < key.n; i++)
		copy[i] = ascii_lower(copy[i]);
	*entry = (struct conf_map_entry){
		.key = {copy, key.n}, .value = *value, .hash = hash_of(key)};
	uint32_t slot = entry->hash & (table->slot_count - 1);
	entry->next = table->slots[slot];
	table->slots[slot] = entry;
	table->count++;
	return true;
}

/* What a key with hostnames is. */
enum shape { SHAPE_EXACT, SHAPE_HEAD, SHAPE_TAIL, SHAPE_DOT, SHAPE_BAD };

/* *ret: the key without its wildcard. */
static enum shape shape_of(struct slice key, struct slice *ret)
{
	enum shape shape = SHAPE_EXACT;
	*ret = key;
	for (size_t i = 0; i + 1 < key.n; i++)
		if (key.p[i] == '.' && key.p[i + 1] == '.')
			return SHAPE_BAD;
	if (key.n > 1 && key.p[0] == '.') {
		shape = SHAPE_DOT;
		*ret = (struct slice){key.p + 1, key.n - 1};
	} else if (key.n > 2 && key.p[0] == '*' && key.p[1] == '.') {
		shape = SHAPE_HEAD;
		*ret = (struct slice){key.p + 2, key.n - 2};
	} else if (key.n > 2 && key.p[key.n - 2] == '.' && key.p[key.n - 1] == '*') {
		shape = SHAPE_TAIL;
		*ret = (struct slice){key.p, key.n - 2};
	}
	return memchr(ret->p, '*', ret->n) != NULL ? SHAPE_BAD : shape;
}

bool conf_map_put(struct conf_map *map, struct slice key, const struct conf_value *value,
	struct arena *arena, struct err *err)
{
	struct slice name = key;
	enum shape shape = map->has_hostnames ? shape_of(key, &name) : SHAPE_EXACT;
	bool is_exact = shape == SHAPE_EXACT || shape == SHAPE_DOT;
	struct conf_map_table *wild = NULL;
	if (shape == SHAPE_BAD) {
		err_set(err, "invalid hostname or wildcard \"%.*s\"", (int)key.n, key.p);
		return false;
	}
	if (shape == SHAPE_HEAD || shape == SHAPE_DOT)
		wild = &map->heads;
	else if (shape == SHAPE_TAIL)
		wild = &map->tails;
	if ((is_exact && find(&map->exact, name) != NULL) ||
		(wild != NULL && find(wild, name) != NULL)) {
		/* nginx has it in lower case by then. */
		err_set(err, "conflicting parameter \"%.*s\"", (int)key.n, key.p);
		for (size_t i = sizeof("conflicting parameter \"") - 1; err->text[i] != '\0'; i++)
			err->text[i] = ascii_lower(err->text[i]);
		return false;
	}
	if ((is_exact && !put(&map->exact, name, value, arena)) ||
		(wild != NULL && !put(wild, name, value, arena))) {
		err_set(err, "out of memory");
		return false;
	}
	return true;
}

bool conf_map_put_regex(struct conf_map *map, const struct regex *regex,
	const struct conf_value *value, struct arena *arena)
{
	if (map->regex_count == map->regex_room) {
		uint32_t room = map->regex_room == 0 ? 8 : map->regex_room * 2;
		struct conf_map_regex *more = arena_zero(arena, room * sizeof(*more));
		if (more == NULL)
			return false;
		if (map->regex_count != 0)
			memcpy(more, map->regexes, map->regex_count * sizeof(*more));
		map->regexes = more;
		map->regex_room = room;
	}
	map->regexes[map->regex_count++] = (struct conf_map_regex){regex, *value};
	return true;
}

const struct conf_value *conf_map_find(const struct conf_map *map, struct slice text)
{
	if (map->has_hostnames && text.n != 0 && text.p[text.n - 1] == '.')
		text.n--;
	const struct conf_map_entry *entry = find(&map->exact, text);
	/* From the longest end that begins behind a dot. */
	for (size_t i = 2; entry == NULL && map->heads.count != 0 && i < text.n; i++)
		if (text.p[i - 1] == '.')
			entry = find(&map->heads, (struct slice){text.p + i, text.n - i});
	for (size_t n = text.n; entry == NULL && map->tails.count != 0 && n > 1; n--)
		if (text.p[n - 1] == '.')
			entry = find(&map->tails, (struct slice){text.p, n - 1});
	return entry != NULL ? &entry->value : NULL;
}
