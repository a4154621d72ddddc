/*
 * comfy/top_keys.h - a few string members at the top of a JSON object, found in one pass.
 *
 *   {"prompt": {...a megabyte...}, "client_id": "abc"}   ->  client_id = abc
 *
 * No tree, no recursion, no memory: what lies deeper is stepped over, and only its brackets are
 * counted.
 */
#ifndef COMFY_TOP_KEYS_H
#define COMFY_TOP_KEYS_H

#include "base/base.h"

#define TOP_KEY_MOST 200 /* octets of a value that is worth finding */

struct top_key {
	const char *name;
	uint8_t length; /* 0: not there, no string, empty, too long, or not to be spelt in UTF-8 */
	char value[TOP_KEY_MOST];
};

/*
 * Fills keys[0..count). True when `json` is one whole object; else every length is 0. Any text that
 * is valid JSON by RFC 8259 and begins with '{' passes. Of what is not, some passes too: deep down
 * anything goes as long as strings end and brackets match in number. Of two members with one name
 * the last counts, as in Python.
 */
bool top_keys_find(struct slice json, struct top_key *keys, size_t count) MUST_CHECK;

#endif
