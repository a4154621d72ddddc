/*
 * conf/vars.h - the variables that a configuration defines.
 *
 * A name may be used before it is defined (a `map` may stand behind its use), so every use is
 * written down and looked up at the end: conf_vars_check says which names nothing defines. Several
 * directives may define the same variable: what computes it (map, geo, split_clients) gives its
 * value until a `set` stores another, as in nginx.
 */
#ifndef CONF_VARS_H
#define CONF_VARS_H

#include "base/arena.h"
#include "conf/value.h"
#include "conf/var.h"

struct regex;

/* What gives a user variable its value as long as nothing was stored in it. */
enum conf_user_kind {
	CONF_USER_SET,   /* nothing: it is empty, and nginx warns in its log */
	CONF_USER_FOUND, /* nothing: it is not found (a named group, auth_request_set) */
	CONF_USER_MAP,   /* rule: struct conf_map */
	CONF_USER_GEO,   /* rule: struct conf_geo */
	CONF_USER_SPLIT, /* rule: struct conf_split */
};

struct conf_user {
	const char *name; /* in lower case, without '$' */
	enum conf_user_kind kind;
	bool is_known;           /* while building: something defines it */
	bool is_volatile;        /* computed anew at each use */
	bool has_family;         /* SET, and the name is one of a family, too: `set $http_x` */
	struct conf_part family; /* then what it is worth before it is set */
	const void *rule;        /* borrowed: in the tree's arena */
};

/* A named group of a regular expression: what it took is stored in a user variable. */
struct conf_named {
	const struct regex *regex;
	uint32_t group;
	uint32_t user;
};

/* All of them, for the data plane. */
struct conf_users {
	const struct conf_user *users;
	uint32_t count;
	const struct conf_named *named; /* those of one regex stand together */
	uint32_t named_count;
	/* Some text in the file uses one of a family: what it looks at has to be kept. */
	bool uses_sent_head, uses_upstream_head;
};

/* Opaque. All of it in `arena`, the tree's; there is no destroy. NULL: no memory. */
struct conf_vars *conf_vars_create(struct arena *arena) MUST_CHECK;

/*
 * A directive defines `name`, written with its '$' ("invalid variable name "x"", `the duplicate
 * "host" variable`). *ret (may be NULL) is the variable: CONF_PART_USER, or CONF_PART_VAR for one
 * of nginx's that may be set (args, limit_rate). `rule` has to live as long as the tree; a later
 * rule for the same name replaces an earlier one.
 */
bool conf_vars_define(struct conf_vars *vars, const char *name, enum conf_user_kind kind,
	const void *rule, struct arena *arena, struct conf_part *ret, struct err *err) MUST_CHECK;
/* A map that says `volatile`. */
void conf_vars_set_volatile(struct conf_vars *vars, uint32_t user);

/* The named groups of `regex`, each a user variable (CONF_USER_FOUND). Once per regex. */
bool conf_vars_define_groups(struct conf_vars *vars, const struct regex *regex, struct arena *arena,
	struct err *err) MUST_CHECK;

/* One use of a variable by its bare name ("host" of `if ($host)`). *ret is made good by
 * conf_vars_check, so it has to stay where it is until then. */
bool conf_vars_use(struct conf_vars *vars, struct slice name, struct arena *arena,
	struct conf_part *ret, struct err *err) MUST_CHECK;

/* At the end of the http block, once: makes every part good, and *ret from what was defined. False
 * with `unknown "x" variable` (nginx tells neither file nor line) for the name that was used first.
 */
bool conf_vars_check(struct conf_vars *vars, struct conf_users *ret, struct err *err) MUST_CHECK;

#endif
