/*
 * base/text.h - a page that grows at its end.
 *
 * A page for a thousand workers has tens of thousands of lines and is made between
 * two turns of the loop; so numbers are written here and not by printf. Nobody
 * checks for memory line by line: once it runs out the page stays as it is and
 * is_short says so.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

struct text {
	char *p; /* owned */
	size_t n, room;
	bool is_short;
};

/* `room`: what the page will probably need. */
void text_init(struct text *text, size_t room);
void text_finish(struct text *text);

/* False when memory is out, or the page would pass 1 GiB. */
bool text_grow(struct text *text, size_t n);

static inline void text_put(struct text *text, const char *p, size_t n)
{
	if (n == 0 || (n > text->room - text->n && !text_grow(text, n)))
		return;
	memcpy(text->p + text->n, p, n);
	text->n += n;
}

static inline void text_puts(struct text *text, const char *s)
{
	text_put(text, s, strlen(s));
}

void text_u64(struct text *text, uint64_t value);
void text_i64(struct text *text, int64_t value);
/* Microseconds as seconds: "0.25", "30", never with an exponent. */
void text_seconds(struct text *text, uint64_t us);

/* In quotes, as the value of a label (Prometheus text format 0.0.4). What is not UTF-8 becomes
 * U+FFFD. */
void text_label(struct text *text, const char *value);
/* In quotes, as JSON (RFC 8259 section 7). Likewise. */
void text_json(struct text *text, const char *value);

/* -- JSON: each puts the comma before itself where one is needed -- */

void text_item(struct text *text);                  /* before a value in a list */
void text_key(struct text *text, const char *name); /* "name": plain letters only */
void text_key_string(struct text *text, const char *name, const char *value);
void text_key_u64(struct text *text, const char *name, uint64_t value);
void text_key_i64(struct text *text, const char *name, int64_t value);
void text_key_bool(struct text *text, const char *name, bool value);
/* ISO 8601; null for 0: it has not happened. */
void text_key_time(struct text *text, const char *name, uint64_t wall_us);

#endif
