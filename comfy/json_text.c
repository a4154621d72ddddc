/*
 * comfy/json_text.c - what is in a value that json_scan.c has found: text, numbers, a member.
 */
#include "base/text.h"
#include "base/utf8.h"
#include "comfy/json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLACEMENT 0xfffd
/* With 767 digits every double is told from its neighbours; one more says "a little above". */
#define DIGITS_MOST 768
#define EXPONENT_MOST 1000000

/* -- strings -- */

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(ascii_lower(c) - 'a') + 10;
}

static uint32_t hex4(const char *p)
{
	return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 |
	       hex_value(p[3]);
}

/* The escape at *at, its backslash included; *at goes behind it. */
static uint32_t take_escape(const char **at, const char *end)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *p = *at;
	if (p[1] != 'u') {
		*at = p + 2;
		return (unsigned char)to[strchr(from, p[1]) - from];
	}
	uint32_t code = hex4(p + 2);
	p += 6;
	*at = p;
	if (code < 0xd800 || code > 0xdfff)
		return code;
	if (code > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return REPLACEMENT;
	uint32_t low = hex4(p + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return REPLACEMENT;
	*at = p + 6;
	return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* The stretch of a string's inside that is as written, or one character that is not. */
static struct slice take_piece(const char **at, const char *end, char out[UTF8_MOST])
{
	const char *p = *at;
	if (*p == '\\')
		return (struct slice){out, utf8_put(out, take_escape(at, end))};
	const char *escape = memchr(p, '\\', (size_t)(end - p));
	*at = escape == NULL ? end : escape;
	return (struct slice){p, (size_t)(*at - p)};
}

bool json_is_text(struct slice quoted, struct slice text)
{
	struct slice inside = json_inside(quoted);
	char out[UTF8_MOST];
	if (inside.n < text.n) /* no character is longer decoded */
		return false;
	if (!json_has_escape(inside))
		return slice_is(inside, text);
	const char *end = inside.p + inside.n;
	for (const char *at = inside.p; at != end;) {
		struct slice piece = take_piece(&at, end, out);
		if (!slice_starts(text, piece))
			return false;
		text.p += piece.n;
		text.n -= piece.n;
	}
	return text.n == 0;
}

ptrdiff_t json_decode(struct slice quoted, char *out, size_t room)
{
	struct slice inside = json_inside(quoted);
	const char *end = inside.p + inside.n;
	char one[UTF8_MOST];
	size_t n = 0;
	for (const char *at = inside.p; at != end;) {
		struct slice piece = take_piece(&at, end, one);
		if (piece.n > room - n)
			return -1;
		memcpy(out + n, piece.p, piece.n);
		n += piece.n;
	}
	return (ptrdiff_t)n;
}

bool json_copy_text(struct json_value object, const char *name, char *out, size_t room)
{
	struct json_value value;
	ptrdiff_t n = -1;
	if (json_find(object, name, &value) && value.kind == JSON_KIND_STRING)
		n = json_decode(value.raw, out, room - 1);
	if (n < 0 || memchr(out, '\0', (size_t)n) != NULL)
		n = -1;
	out[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

static bool is_escaped(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

void json_put_text(struct text *out, struct slice text)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = text.p;
	const char *end = text.p + text.n;
	text_put(out, "\"", 1);
	while (p != end) {
		const char *from = p;
		while (p != end && !is_escaped(*p))
			p++;
		text_put(out, from, (size_t)(p - from));
		if (p == end)
			break;
		unsigned char c = (unsigned char)*p++;
		if (c < 0x20)
			text_put(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
		else
			text_put(out, (char[]){'\\', (char)c}, 2);
	}
	text_put(out, "\"", 1);
}

/* -- numbers -- */

/* Behind the "e". */
static int32_t exponent_of(const char *p, const char *end)
{
	bool is_negative = *p == '-';
	int32_t exponent = 0;
	if (*p == '-' || *p == '+')
		p++;
	for (; p != end; p++)
		if (exponent < EXPONENT_MOST)
			exponent = exponent * 10 + (*p - '0');
	return is_negative ? -exponent : exponent;
}

/* The same number as 0.DIGITSeEXPONENT: terminated for strtod, and bounded. */
static double number_of(const char *p, const char *end)
{
	char text[DIGITS_MOST + 32] = "0.";
	size_t n = 2;
	int64_t point = 0; /* places from the first digit that counts to the point */
	bool is_fraction = false;
	for (; p != end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			is_fraction = true;
			continue;
		}
		bool is_leading = n == 2 && *p == '0';
		point += is_leading ? -(int64_t)is_fraction : !is_fraction;
		if (!is_leading && n < DIGITS_MOST)
			text[n++] = *p;
		else if (!is_leading && *p != '0')
			text[DIGITS_MOST - 1] = '1'; /* a trace of what is cut off */
	}
	if (n == 2)
		return 0;
	if (p != end)
		point += exponent_of(p + 1, end);
	(void)snprintf(text + n, sizeof(text) - n, "e%lld", (long long)point);
	return strtod(text, NULL);
}

/* Digits and a power of ten that doubles hold exactly, so that one operation rounds once: nearly
 * all numbers that people write. */
static bool is_plain_number(const char *p, const char *end, double *ret_number)
{
	static const double tens[] = {
		1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	int64_t digits = 0;
	const char *point = NULL;
	if (end - p >= (ptrdiff_t)COUNT_OF(tens))
		return false;
	for (const char *at = p; at != end; at++) {
		if (*at == '.')
			point = at;
		else if (*at >= '0' && *at <= '9')
			digits = digits * 10 + (*at - '0');
		else
			return false;
	}
	*ret_number = (double)digits / (point == NULL ? 1 : tens[end - point - 1]);
	return true;
}

double json_number(struct json_value value)
{
	const char *p = value.raw.p;
	const char *end = p + value.raw.n;
	int64_t integer;
	if (json_int64(value, &integer) && integer != 0)
		return (double)integer;
	bool is_negative = *p == '-';
	p += is_negative;
	if (*p == 'N')
		return NAN;
	double number;
	if (!is_plain_number(p, end, &number))
		number = *p == 'I' ? HUGE_VAL : number_of(p, end);
	return is_negative ? -number : number;
}

bool json_int64(struct json_value value, int64_t *ret_integer)
{
	if (value.kind != JSON_KIND_NUMBER)
		return false;
	const char *p = value.raw.p;
	const char *end = p + value.raw.n;
	bool is_negative = *p == '-';
	int64_t integer = 0;
	for (p += is_negative; p != end; p++) {
		int digit = *p - '0';
		if (digit < 0 || digit > 9 || __builtin_mul_overflow(integer, 10, &integer) ||
			__builtin_sub_overflow(integer, digit, &integer))
			return false;
	}
	/* Summed up below zero, where there is room for one more. */
	if (!is_negative && __builtin_sub_overflow(0, integer, &integer))
		return false;
	*ret_integer = integer;
	return true;
}

bool json_is_truthy(struct json_value value)
{
	struct json_scan scan;
	switch (value.kind) {
	case JSON_KIND_OBJECT:
	case JSON_KIND_ARRAY:
		json_scan_start(&scan, json_inside(value.raw));
		return !json_is_whole(&scan);
	case JSON_KIND_STRING:
		return value.raw.n > 2;
	case JSON_KIND_NUMBER:
		return json_number(value) != 0;
	default:
		return value.kind == JSON_KIND_TRUE;
	}
}

/* -- objects -- */

bool json_find(struct json_value object, const char *name, struct json_value *ret_value)
{
	struct slice wanted = slice_of(name);
	struct slice quoted;
	struct json_value value;
	struct json_scan scan;
	bool is_there = false;
	json_walk(&scan, object);
	while (json_member(&scan, &quoted, &value)) {
		if (json_is_text(quoted, wanted)) {
			*ret_value = value;
			is_there = true;
		}
	}
	return is_there;
}
