/*
 * conf/value.h - a text with variables in it, taken apart once, when it is loaded.
 *
 *   "$scheme://${host}_$1/x"  ->  VAR scheme, TEXT "://", VAR host, TEXT "_", CAPTURE 1, TEXT "/x"
 *
 * What a variable is worth for a request is for proxy/value.h to say. Names mean the same in
 * capitals (nginx).
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

struct conf_vars;

enum conf_part_kind {
	CONF_PART_TEXT,
	CONF_PART_VAR,     /* nginx's own: conf/var.h */
	CONF_PART_USER,    /* one that the file defines: conf/vars.h */
	CONF_PART_CAPTURE, /* $1 to $9 of the regular expression that matched last */
};

struct conf_part {
	enum conf_part_kind kind;
	uint32_t n;        /* VAR: enum conf_var; USER: index into conf_users; CAPTURE: 1 to 9 */
	struct slice text; /* TEXT: never empty; VAR of a family: what follows its name in lower
			      case: "x_foo" of $http_x_foo */
};

/* Lives as long as the tree. No part at all: the empty text. Parts of a kind that is not known yet
 * are made good by conf_vars_check. */
struct conf_value {
	const struct conf_part *parts;
	uint32_t count;
};

/*
 * False with nginx's words in *err ("invalid variable name", `the closing bracket in "x" variable
 * is missing`), or memory is out. A name that nothing defines is no error here: its definition may
 * stand further down. `text` is not used afterwards.
 */
bool conf_value_compile(struct conf_value *ret, const char *text, struct conf_vars *vars,
	struct arena *arena, struct err *err) MUST_CHECK;

/* The same for log_format: `count` texts one behind the other, without captures; nginx has other
 * words for what is wrong there (`invalid parameter "$"`). */
bool conf_value_compile_log(struct conf_value *ret, const char *const *texts, uint32_t count,
	struct conf_vars *vars, struct arena *arena, struct err *err) MUST_CHECK;

/* Borrows `text`, which has to live as long as the tree; takes `arena` for the one part. False: no
 * memory. */
bool conf_value_of_text(struct conf_value *ret, struct slice text, struct arena *arena) MUST_CHECK;

/* Variables or captures: it may differ from request to request. */
bool conf_value_has_vars(const struct conf_value *value);

static inline bool conf_value_is_literal(const struct conf_value *value)
{
	return value->count == 0 || (value->count == 1 && value->parts->kind == CONF_PART_TEXT);
}

/* Of a literal only. p is never NULL. */
static inline struct slice conf_value_literal(const struct conf_value *value)
{
	return value->count == 0 ? SLICE("") : value->parts->text;
}

/* Whether a text would have variables, before it is compiled: a `$` is in it. */
static inline bool conf_text_has_vars(const char *text)
{
	return strchr(text, '$') != NULL;
}

#endif
