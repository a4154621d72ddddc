/*
 * conf/diff.h - shared by conf/diff.c and conf/diff_server.c.
 */
#ifndef CONF_DIFF_H
#define CONF_DIFF_H

#include "conf/keys.h"
#include "conf/names.h"

struct conf_diffing {
	const struct conf *old, *now;
	void (*tell)(enum conf_change change, const char *what, void *arg);
	void *arg;
	struct arena arena; /* for tables and keys */
};

/* Names of keys that changed, as "read, send". */
struct conf_changes {
	char text[512]; /* cut when longer */
	size_t n;
};

void conf_diff_tell(const struct conf_diffing *d, enum conf_change change, const char *format, ...)
	PRINTF_LIKE(3, 4);
void conf_diff_add(struct conf_changes *changes, const char *prefix, const char *name);

/* Adds the keys of the group that differ, those of inner groups with their group's name and a dot
 * in front. Holes are the caller's. */
void conf_diff_keys(const struct conf_group *group, const void *old, const void *now,
	const char *prefix, struct conf_changes *changes);

/* Servers and their locations. False when memory is out. */
bool conf_diff_servers(struct conf_diffing *d) MUST_CHECK;

#endif
