/*
 * conf/raw.h - what a file says, before anybody asks whether it makes sense.
 *
 * The neutral form between a language's reader and conf/keys.c: named values in
 * groups and lists, each with its place. Nothing here knows libconfig.
 */
#ifndef CONF_RAW_H
#define CONF_RAW_H

#include "conf/conf.h"

enum conf_raw_kind {
	CONF_RAW_BOOL,
	CONF_RAW_INT,
	CONF_RAW_FLOAT,
	CONF_RAW_TEXT,
	CONF_RAW_GROUP, /* named members */
	CONF_RAW_LIST,  /* members without names */
};

struct conf_raw {
	const char *name; /* NULL in a list */
	struct conf_place place;
	enum conf_raw_kind kind;
	uint32_t count; /* of members */
	union {
		bool truth;
		int64_t whole;
		double fraction;
		const char *text;
		struct conf_raw *members; /* [count] */
	} u;
};

/* "a string", "a list": for messages. */
const char *conf_raw_kind_name(enum conf_raw_kind kind);

/* The member of that name, NULL when there is none or `group` is no group (or NULL). */
const struct conf_raw *conf_raw_member(const struct conf_raw *group, const char *name);

struct conf_flat;
/* libconfig's language. Everything but the places' file names is taken from `arena` and lives as
 * long as it. NULL with a problem added. */
struct conf_raw *conf_read_libconfig(const struct conf_flat *flat, struct arena *arena,
	struct conf_problems *problems) MUST_CHECK;

#endif
