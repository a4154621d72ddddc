/*
 * comfy/json_scan.h - JSON read where it lies: values are spans of the text, no tree is built.
 *
 * A graph has thousands of members and passes through here once. Takes what RFC 8259 takes, and of
 * Python's extras NaN, Infinity and -Infinity. Nesting is bounded (JSON_DEPTH_MOST).
 *
 *   struct json_scan scan;
 *   json_scan_init(&scan, text);
 *   if (json_enter(&scan, '{'))
 *           while (json_member(&scan, &name, &value)) ...
 *   if (scan.is_bad) ...
 */
#ifndef COMFY_JSON_SCAN_H
#define COMFY_JSON_SCAN_H

#include "base/base.h"

#define JSON_DEPTH_MOST 256

enum json_kind {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
};

/* A value: its text from first to last octet, brackets and quotes included. */
struct json_value {
	enum json_kind kind;
	struct slice raw;
};

struct json_scan {
	const char *p, *end;
	bool is_bad;   /* the text is no JSON here; everything answers false from then on */
	bool is_first; /* no member or item was read yet */
};

/* The whole of `text` is one value, with blanks around it. False: it is not. Checks all of it. */
bool json_read(struct slice text, struct json_value *ret_value) MUST_CHECK;

/* Walks the members of an object, or the items of an array, that json_read (or a walk) gave and
 * that is thus known to be good. An object given to json_items has none, and the other way round.
 */
void json_walk(struct json_scan *scan, struct json_value value);
/* The next member. `ret_name`: with quotes, as written. False: there is none. */
bool json_member(struct json_scan *scan, struct slice *ret_name, struct json_value *ret_value);
bool json_item(struct json_scan *scan, struct json_value *ret_value);

/* The member of that name; of several the last, as in Python. False: none, or no object. Names are
 * compared decoded. */
bool json_find(struct json_value object, const char *name, struct json_value *ret_value);

/* Whether a string (with quotes) means exactly this text. */
bool json_is_text(struct slice quoted, struct slice text);
/* Decodes a string (with quotes) into out as UTF-8; lone surrogates become U+FFFD. Returns the
 * octets, or -1 when it does not fit. `room` of quoted.n is always enough. */
ptrdiff_t json_decode(struct slice quoted, char *out, size_t room);
/* A number's value; HUGE_VAL, NAN as written. */
double json_number(struct json_value value);
/* A whole number that fits; false for all else, 1.0 included. */
bool json_integer(struct json_value value, int64_t *ret_integer) MUST_CHECK;

#endif
