/*
 * proxy/value.h - what texts with variables are worth for an exchange (x->web is not NULL).
 *
 *   conf_value --parts--> text as it is | captures | user variables (kept once known)
 *                                                  | built-in ones  (proxy/vars.h)
 *
 * What is handed out lies in the tree, the exchange's arena or the request's head. The last moves
 * when more of the request is read: use it at once, or take web_value_kept.
 */
#ifndef PROXY_VALUE_H
#define PROXY_VALUE_H

#include "conf/vars.h"
#include "proxy/web.h"

enum web_found {
	WEB_FOUND,
	WEB_MISSING, /* nginx: not found. Empty in a text, "-" in a log */
	WEB_NO_MEMORY,
};

/* False: no memory. A literal costs nothing. ret->p is never NULL. */
bool web_value(struct exchange *x, const struct conf_value *value, struct slice *ret) MUST_CHECK;
/* The same, and it lives as long as the exchange. */
bool web_value_kept(
	struct exchange *x, const struct conf_value *value, struct slice *ret) MUST_CHECK;

/* One part. WEB_MISSING: *ret is empty, and its p not NULL. */
enum web_found web_part(
	struct exchange *x, const struct conf_part *part, struct slice *ret) MUST_CHECK;

/* `set`: a user variable, or a built-in one that may be set. The value lives as long as the
 * exchange. False: no memory. */
bool web_set(struct exchange *x, const struct conf_part *variable, struct slice value) MUST_CHECK;
/* The variable is not found from now on (auth_request_set, a named group that took no part). */
bool web_unset(struct exchange *x, uint32_t user) MUST_CHECK;
/* The named groups of `regex` are stored, after it matched. `subject` lives as long as the
 * exchange. */
bool web_set_groups(struct exchange *x, const struct regex *regex,
	const struct regex_captures *captures, struct slice subject) MUST_CHECK;

#endif
