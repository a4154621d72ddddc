/*
 * http/chars.h - what kind an octet is, by one look into a table.
 */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include "base/base.h"

#define CHAR_TOKEN BIT(0)  /* RFC 9110 section 5.6.2 */
#define CHAR_METHOD BIT(1) /* a token character, but no lower-case letter (http/head.h) */
#define CHAR_TARGET BIT(2) /* 0x21 to 0x7e without '#' */
#define CHAR_VALUE BIT(3)  /* HT, blank, visible, 0x80 and above: what a field value is made of */
#define CHAR_HOST BIT(4)   /* of a reg-name, RFC 3986 section 3.2.2, without '%' */
#define CHAR_NAME BIT(5)   /* a token character, but no '_' */
#define CHAR_BASE64 BIT(6) /* without the '=' that fills up */
#define CHAR_PLAIN                                                                                 \
	BIT(7) /* letters, digits, '-': what nginx wants a field's name to be made of              \
		*/

extern const uint8_t http_char_kinds[256];

static inline unsigned http_char_kind(char c)
{
	return http_char_kinds[(unsigned char)c];
}

static inline bool http_char_is(char c, unsigned kind)
{
	return (http_char_kind(c) & kind) != 0;
}

static inline bool http_char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The first place that is not of that kind; there must be one. */
static inline const char *http_skip(const char *p, unsigned kind)
{
	while (http_char_is(*p, kind))
		p++;
	return p;
}

/* 0 to 15, or -1. */
static inline int http_hex_value(char c)
{
	if (http_char_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* True when every octet is CHAR_VALUE. */
bool http_is_value(const char *p, size_t n);
/* The first place in [p, end) that is not CHAR_TARGET, or `end`. */
const char *http_skip_target(const char *p, const char *end);

#endif
