/*
 * comfy/json_scan.h - JSON read where it lies: values are spans of the text, no tree is built.
 *
 * A graph has thousands of members and passes through here once. Takes what RFC 8259 takes (UTF-8
 * included), and of Python's extras NaN, Infinity, -Infinity and halves of surrogate pairs. Nesting
 * is bounded (JSON_DEPTH_MOST). Nothing is allocated. No name here is one of jansson's.
 *
 *   a text that was read                      a text in one pass, descending where it matters
 *
 *   if (json_read(text, &value)) {            json_scan_start(&scan, text);
 *           json_walk(&scan, value);          if (json_enter(&scan, JSON_KIND_OBJECT))
 *           while (json_member(&scan, ...))           while (json_name(&scan, &name))
 *                   ...                                       json_take(&scan, &value);
 *   }                                         if (json_is_whole(&scan)) ...
 */
#ifndef COMFY_JSON_SCAN_H
#define COMFY_JSON_SCAN_H

#include "base/base.h"

struct text;

#define JSON_DEPTH_MOST 256

enum json_kind {
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_TRUE,
	JSON_KIND_FALSE,
	JSON_KIND_NULL
};

/* A value: its text from first to last octet, brackets and quotes included. */
struct json_value {
	enum json_kind kind;
	struct slice raw;
};

struct json_scan {
	const char *p, *end;
	uint16_t depth; /* objects and arrays that are entered and not ended */
	char closer;    /* json_walk: what ends the value; 0 when it is neither object nor array */
	bool is_bad;    /* the text is no JSON here; everything answers false from then on */
	bool is_first;  /* nothing was read yet of what was entered last */
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

/* -- One pass over a text that nobody has read yet. -- */

/* At the text's one value. */
void json_scan_start(struct json_scan *scan, struct slice text);
/* Enters the object or array that comes next. False: a value of another kind comes (and is still to
 * be taken), or the text is bad. */
bool json_enter(struct json_scan *scan, enum json_kind kind) MUST_CHECK;
/* In an object: the next member's name, with quotes; its value is to be taken or entered. False:
 * the object has ended and was left, or the text is bad. */
bool json_name(struct json_scan *scan, struct slice *ret_name) MUST_CHECK;
/* In an array: an item comes, which is to be taken or entered. False: as above. */
bool json_more(struct json_scan *scan) MUST_CHECK;
/* The value that comes next, whatever its kind. */
bool json_take(struct json_scan *scan, struct json_value *ret_value) MUST_CHECK;
/* The value was read to its end, and only blanks are behind it. */
bool json_is_whole(struct json_scan *scan) MUST_CHECK;

/* -- Values -- */

/* A string's text without its quotes; the same as decoded when there is no backslash in it. */
static inline struct slice json_inside(struct slice quoted)
{
	return (struct slice){quoted.p + 1, quoted.n - 2};
}

static inline bool json_has_escape(struct slice quoted)
{
	return memchr(quoted.p, '\\', quoted.n) != NULL;
}

/* Whether a string (with quotes) means exactly this text. */
bool json_is_text(struct slice quoted, struct slice text);
/* Decodes a string (with quotes) into out as UTF-8; lone surrogates become U+FFFD. Returns the
 * octets, or -1 when it does not fit. `room` of quoted.n is always enough. */
ptrdiff_t json_decode(struct slice quoted, char *out, size_t room);
/* An object's member of that name, decoded and terminated. False, and out is "": it is not there,
 * no string, too long, or has U+0000 in it. */
bool json_copy_text(struct json_value object, const char *name, char *out, size_t room);
/* What Python's bool() says of it. */
bool json_is_truthy(struct json_value value);
/* Writes text (UTF-8) as a string, in quotes. */
void json_put_text(struct text *out, struct slice text);
/* A number's value; HUGE_VAL, NAN as written. */
double json_number(struct json_value value);
/* A whole number that fits; false for all else, 1.0 included. */
bool json_int64(struct json_value value, int64_t *ret_integer) MUST_CHECK;

#endif
