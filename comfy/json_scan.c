/*
 * comfy/json_scan.c - the grammar of RFC 8259 over one stretch of memory. What is in a value is in
 * json_text.c.
 *
 * A string is passed eight octets at a time: a graph with images in it has tens of megabytes in
 * one.
 */
#include "comfy/json_scan.h"

#include "base/utf8.h"

#include <endian.h>

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

static inline const char *skip_blanks(const char *p, const char *end)
{
	/* Mostly there is none, or one. */
	while (p != end && (unsigned char)*p <= ' ' &&
		(*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_hex(char c)
{
	return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

/* The high bit of each octet that ends a run of plain ones: quote, backslash, below 0x20, above
 * 0x7f. Only the lowest one counts: a borrow may set others above it. */
static inline uint64_t find_special(uint64_t word)
{
	uint64_t quote = word ^ EACH('"');
	uint64_t backslash = word ^ EACH('\\');
	return (((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash) |
		       (word - EACH(0x20)) | word) &
	       EACH(0x80);
}

static inline const char *skip_plain(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		uint64_t special = find_special(le64toh(word));
		if (special != 0)
			return p + (__builtin_ctzll(special) >> 3);
		p += 8;
	}
	while (p != end && (unsigned char)(*p - 0x20) < 0x60 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* Behind a backslash. NULL: no escape. */
static const char *skip_escape(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	switch (*p++) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p;
	case 'u':
		break;
	default:
		return NULL;
	}
	if (end - p < 4 || !is_hex(p[0]) || !is_hex(p[1]) || !is_hex(p[2]) || !is_hex(p[3]))
		return NULL;
	return p + 4;
}

/* From the first quote to behind the last; NULL: no string. */
static const char *skip_string(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			p = skip_escape(p + 1, end);
			if (p == NULL)
				return NULL;
			continue;
		}
		size_t n = utf8_length(p, (size_t)(end - p));
		if (n < 2) /* a control character, or no UTF-8 */
			return NULL;
		p += n;
	}
}

static const char *skip_digits(const char *p, const char *end)
{
	if (p == end || !is_digit(*p))
		return NULL;
	while (p != end && is_digit(*p))
		p++;
	return p;
}

static const char *skip_word(const char *p, const char *end, struct slice word)
{
	if ((size_t)(end - p) < word.n || memcmp(p, word.p, word.n) != 0)
		return NULL;
	return p + word.n;
}

static const char *skip_number(const char *p, const char *end)
{
	if (*p == '-' && ++p != end && *p == 'I')
		return skip_word(p, end, SLICE("Infinity"));
	if (p != end && *p == '0')
		p++;
	else
		p = skip_digits(p, end);
	if (p != NULL && p != end && *p == '.')
		p = skip_digits(p + 1, end);
	if (p != NULL && p != end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p != end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits(p, end);
	}
	return p;
}

/* A value that is neither object nor array, from its first octet, which is there. */
static const char *skip_scalar(const char *p, const char *end)
{
	switch (*p) {
	case '"':
		return skip_string(p, end);
	case 't':
		return skip_word(p, end, SLICE("true"));
	case 'f':
		return skip_word(p, end, SLICE("false"));
	case 'n':
		return skip_word(p, end, SLICE("null"));
	case 'N':
		return skip_word(p, end, SLICE("NaN"));
	case 'I':
		return skip_word(p, end, SLICE("Infinity"));
	default:
		return skip_number(p, end);
	}
}

/* A member's name and its colon, blanks before and between. */
static const char *skip_name(const char *p, const char *end)
{
	p = skip_string(skip_blanks(p, end), end);
	if (p == NULL)
		return NULL;
	p = skip_blanks(p, end);
	return p != end && *p == ':' ? p + 1 : NULL;
}

/* What was entered and not left yet, from outside in: which of them are objects. */
struct nest {
	uint64_t objects[JSON_DEPTH_MOST / 64];
	unsigned depth;
};

static void nest_enter(struct nest *nest, bool is_object)
{
	uint64_t bit = UINT64_C(1) << nest->depth % 64;
	uint64_t *word = &nest->objects[nest->depth++ / 64];
	if (bit == 1)
		*word = 0;
	*word = is_object ? *word | bit : *word & ~bit;
}

static bool nest_is_object(const struct nest *nest)
{
	unsigned top = nest->depth - 1;
	return (nest->objects[top / 64] >> top % 64 & 1) != 0;
}

/* Behind a value within the nest: leaves what ends here, and goes to the next value. At depth 0
 * all was read. */
static const char *skip_to_next(struct nest *nest, const char *p, const char *end)
{
	while (nest->depth != 0) {
		bool is_object = nest_is_object(nest);
		p = skip_blanks(p, end);
		if (p == end)
			return NULL;
		char c = *p++;
		if (c == ',')
			return is_object ? skip_name(p, end) : p;
		if (c != (is_object ? '}' : ']'))
			return NULL;
		nest->depth--;
	}
	return p;
}

/* Any value, from its first octet, which is no blank; no deeper than `room`. */
static const char *skip_value(const char *p, const char *end, unsigned room)
{
	struct nest nest;
	if (p != end && *p != '{' && *p != '[')
		return skip_scalar(p, end);
	nest.depth = 0;
	do {
		p = skip_blanks(p, end);
		if (p == end)
			return NULL;
		if (*p == '{' || *p == '[') {
			bool is_object = *p == '{';
			if (nest.depth == room)
				return NULL;
			p = skip_blanks(p + 1, end);
			if (p == end)
				return NULL;
			if (*p != (is_object ? '}' : ']')) {
				nest_enter(&nest, is_object);
				p = is_object ? skip_name(p, end) : p;
				if (p == NULL)
					return NULL;
				continue;
			}
			p++;
		} else {
			p = skip_scalar(p, end);
			if (p == NULL)
				return NULL;
		}
		p = skip_to_next(&nest, p, end);
	} while (p != NULL && nest.depth != 0);
	return p;
}

static enum json_kind kind_of(char first)
{
	switch (first) {
	case '{':
		return JSON_KIND_OBJECT;
	case '[':
		return JSON_KIND_ARRAY;
	case '"':
		return JSON_KIND_STRING;
	case 't':
		return JSON_KIND_TRUE;
	case 'f':
		return JSON_KIND_FALSE;
	case 'n':
		return JSON_KIND_NULL;
	default:
		return JSON_KIND_NUMBER;
	}
}

/* -- One pass -- */

void json_scan_start(struct json_scan *scan, struct slice text)
{
	const char *p = text.n == 0 ? "" : text.p;
	*scan = (struct json_scan){.p = p, .end = p + text.n};
}

static bool fail(struct json_scan *scan)
{
	scan->is_bad = true;
	return false;
}

/* To the next octet that is no blank. False: there is none. */
static bool come_to(struct json_scan *scan)
{
	if (scan->is_bad)
		return false;
	scan->p = skip_blanks(scan->p, scan->end);
	return scan->p != scan->end || fail(scan);
}

bool json_enter(struct json_scan *scan, enum json_kind kind)
{
	if (!come_to(scan) || *scan->p != (kind == JSON_KIND_OBJECT ? '{' : '['))
		return false;
	if (scan->depth == JSON_DEPTH_MOST)
		return fail(scan);
	scan->p++;
	scan->depth++;
	scan->is_first = true;
	return true;
}

/* Before a member or an item: over the comma, or out. */
static bool has_next(struct json_scan *scan, char closer)
{
	if (!come_to(scan))
		return false;
	bool is_first = scan->is_first;
	scan->is_first = false;
	if (*scan->p == closer) {
		scan->p++;
		scan->depth--;
		return false;
	}
	if (is_first)
		return true;
	if (*scan->p != ',')
		return fail(scan);
	scan->p++;
	return true;
}

bool json_name(struct json_scan *scan, struct slice *ret_name)
{
	if (!has_next(scan, '}') || !come_to(scan))
		return false;
	const char *end = skip_string(scan->p, scan->end);
	if (end == NULL)
		return fail(scan);
	*ret_name = (struct slice){scan->p, (size_t)(end - scan->p)};
	scan->p = end;
	if (!come_to(scan) || *scan->p != ':')
		return fail(scan);
	scan->p++;
	return true;
}

bool json_more(struct json_scan *scan)
{
	return has_next(scan, ']');
}

bool json_take(struct json_scan *scan, struct json_value *ret_value)
{
	if (!come_to(scan))
		return false;
	const char *began = scan->p;
	const char *end = skip_value(began, scan->end, JSON_DEPTH_MOST - scan->depth);
	if (end == NULL)
		return fail(scan);
	scan->p = end;
	*ret_value = (struct json_value){kind_of(*began), {began, (size_t)(end - began)}};
	return true;
}

bool json_is_whole(struct json_scan *scan)
{
	if (scan->is_bad || scan->depth != 0)
		return false;
	scan->p = skip_blanks(scan->p, scan->end);
	return scan->p == scan->end;
}

/* -- Texts that were read -- */

bool json_read(struct slice text, struct json_value *ret_value)
{
	struct json_scan scan;
	json_scan_start(&scan, text);
	return json_take(&scan, ret_value) && json_is_whole(&scan);
}

void json_walk(struct json_scan *scan, struct json_value value)
{
	json_scan_start(scan, value.raw);
	if (value.kind == JSON_KIND_OBJECT && json_enter(scan, JSON_KIND_OBJECT))
		scan->closer = '}';
	else if (value.kind == JSON_KIND_ARRAY && json_enter(scan, JSON_KIND_ARRAY))
		scan->closer = ']';
}

bool json_member(struct json_scan *scan, struct slice *ret_name, struct json_value *ret_value)
{
	return scan->closer == '}' && scan->depth != 0 && json_name(scan, ret_name) &&
	       json_take(scan, ret_value);
}

bool json_item(struct json_scan *scan, struct json_value *ret_value)
{
	return scan->closer == ']' && scan->depth != 0 && json_more(scan) &&
	       json_take(scan, ret_value);
}
