/*
 * conf/keys.h - tables of keys, and all that can be done by table.
 *
 * A group of the file is a table: each key's name, kind, bounds, default, and
 * the field that it fills. Reading, defaults, the dump, the diff and the check
 * of the manual all walk the same tables (conf/schema.c), so a key is written
 * once.
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include "conf/raw.h"

enum conf_kind {
	CONF_BOOL,
	CONF_WHOLE,   /* a whole number */
	CONF_SECONDS, /* uint64_t milliseconds */
	CONF_BYTES,   /* octets, "64k" or a number */
	CONF_FACTOR,  /* uint32_t thousandths, written as a number with a fraction */
	CONF_TEXT,    /* const char * */
	CONF_TEXTS,   /* const char **, and how many */
	CONF_WORD,    /* one of `words`: its index plus `least` */
	CONF_WORDS,   /* several of `words`, each once: enum[], and how many */
	CONF_GROUP,   /* the keys of `inner`, in the struct at `at` */
	CONF_HOLE, /* conf/build.c looks at the raw value itself; `hole` is its place in the array
		    */
};

/* What the tables leave to conf/build.c. */
enum conf_hole {
	CONF_HOLE_LISTEN,
	CONF_HOLE_TLS,
	CONF_HOLE_PROXIES,
	CONF_HOLE_NODES,
	CONF_HOLE_POOLS,
	CONF_HOLE_SERVERS,
	CONF_HOLE_STATIC_NODES,
	CONF_HOLE_LOCATIONS,
	CONF_HOLE_POOL,
	CONF_HOLE_RESPOND,
	CONF_HOLE_COUNT
};

struct conf_group;

struct conf_key {
	const char *name;
	enum conf_kind kind;
	enum conf_hole hole;
	uint8_t width;     /* octets of a number's or an enum's field */
	uint16_t at;       /* offset of the field in the group's struct */
	uint16_t count_at; /* CONF_TEXTS, CONF_WORDS: offset of the uint32_t count */
	bool is_required;
	bool is_global;     /* holds before a location is known: cannot be set in one */
	bool needs_restart; /* a reload cannot change it */
	bool is_path;       /* made absolute against the prefix */
	int64_t preset;     /* the default, in the field's unit */
	int64_t least, most;
	const char *preset_text;  /* NULL: "" */
	const char *const *words; /* ends with NULL */
	const struct conf_group *inner;
	const char *(*judge)(const char *text); /* conf/judge.h; NULL: any text */
};

struct conf_group {
	const char *name; /* as messages and the manual call it */
	const struct conf_key *keys;
	uint32_t count;
};

/* What every step of building a tree needs. */
struct conf_builder {
	struct arena *arena; /* borrowed: the tree's */
	struct conf_problems *problems;
	const struct conf_rules *rules; /* borrowed; NULL: none */
	const char *prefix;             /* folder of relative paths */
	bool is_in_location;
	bool is_out_of_memory; /* reported once, at the end */
};

/* A problem at `place`. */
void conf_keys_wrong(struct conf_builder *b, struct conf_place place, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* From the tree's arena; NULL sets is_out_of_memory. */
void *conf_keys_take(struct conf_builder *b, size_t bytes) MUST_CHECK;
const char *conf_keys_copy(struct conf_builder *b, const char *text) MUST_CHECK;

/* Every field of the group to its default. */
void conf_keys_preset(const struct conf_group *group, void *ret_fields);

/* Fills the fields of the keys that `raw` has; the others stay. What is wrong is reported and
 * leaves the field alone. holes: [CONF_HOLE_COUNT], NULL when the group has none. */
void conf_keys_read(struct conf_builder *b, const struct conf_group *group,
	const struct conf_raw *raw, void *ret_fields, const struct conf_raw **ret_holes);

/* The strings of a list, [*ret_count]; NULL or none with a
 * problem otherwise. Not judged. */
const struct conf_raw *conf_keys_strings(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, uint32_t *ret_count);

/* The number in a field of kind BOOL to BYTES, or WORD. */
int64_t conf_keys_number(const struct conf_key *key, const void *fields);
void conf_keys_put_number(const struct conf_key *key, void *ret_fields, int64_t value);

/* The kinds that are one value; holes and groups are not. */
bool conf_keys_is_same(const struct conf_key *key, const void *fields, const void *others);

#endif
