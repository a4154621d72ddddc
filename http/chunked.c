#include "http/chunked.h"

#include "http/chars.h"

#define SIZE_DIGITS_MOST 15

/* What the next octet belongs to. */
enum {
	SIZE,    /* hex digits */
	BLANK,   /* between size and ';' */
	EXT,     /* behind ';' */
	SIZE_LF, /* the LF of the size line */
	DATA,    /* `left` octets */
	DATA_CR, /* the CRLF behind the data */
	DATA_LF,
	LINE,     /* the first octet of a trailer line */
	NAME,     /* of a trailer field */
	VALUE,    /* of a trailer field */
	VALUE_LF, /* the LF of a trailer line */
	LAST_LF,  /* the LF of the empty line */
	DONE,
	BAD,
};

void chunked_init(struct chunked *chunked)
{
	*chunked = (struct chunked){.state = SIZE};
}

static int after_size_digit(struct chunked *chunked, int digit)
{
	if (++chunked->digits > SIZE_DIGITS_MOST)
		return BAD;
	chunked->left = chunked->left << 4 | (uint64_t)digit;
	return SIZE;
}

static bool may_grow_ext(struct chunked *chunked)
{
	return ++chunked->ext_bytes <= CHUNKED_EXT_MOST &&
	       ++chunked->ext_total <= CHUNKED_EXT_TOTAL;
}

/* The state after `c`, which stands in a size line. */
static int step_in_size(struct chunked *chunked, char c)
{
	int digit = http_hex_value(c);
	if (chunked->state == SIZE_LF) {
		if (c != '\n')
			return BAD;
		return chunked->left == 0 ? LINE : DATA;
	}
	if (chunked->state == SIZE && digit >= 0)
		return after_size_digit(chunked, digit);
	if (chunked->digits == 0)
		return BAD;
	if (c == '\r')
		return chunked->state == BLANK ? BAD : SIZE_LF;
	if (!http_char_is(c, CHAR_VALUE) || !may_grow_ext(chunked))
		return BAD;
	if (c == ';' || chunked->state == EXT)
		return EXT;
	return c == ' ' || c == '\t' ? BLANK : BAD;
}

/* The state after `c`, which stands in the trailers. */
static int step_in_trailers(struct chunked *chunked, char c)
{
	if (++chunked->trailer_bytes > CHUNKED_TRAILER_MOST)
		return BAD;
	switch (chunked->state) {
	case LINE:
		if (c == '\r')
			return LAST_LF;
		return http_char_is(c, CHAR_TOKEN) ? NAME : BAD;
	case NAME:
		if (c == ':')
			return VALUE;
		return http_char_is(c, CHAR_TOKEN) ? NAME : BAD;
	case VALUE:
		if (c == '\r')
			return VALUE_LF;
		return http_char_is(c, CHAR_VALUE) ? VALUE : BAD;
	case VALUE_LF:
		return c == '\n' ? LINE : BAD;
	default:
		return c == '\n' ? DONE : BAD;
	}
}

static int step(struct chunked *chunked, char c)
{
	switch (chunked->state) {
	case DATA_CR:
		return c == '\r' ? DATA_LF : BAD;
	case DATA_LF:
		chunked->digits = 0;
		chunked->ext_bytes = 0;
		return c == '\n' ? SIZE : BAD;
	case SIZE:
	case BLANK:
	case EXT:
	case SIZE_LF:
		return step_in_size(chunked, c);
	default:
		return step_in_trailers(chunked, c);
	}
}

enum chunked_verdict chunked_decode(
	struct chunked *chunked, char *p, size_t n, size_t *ret_used, size_t *ret_data)
{
	size_t data = 0;
	size_t i = 0;
	while (i < n && chunked->state < DONE) {
		if (chunked->state == DATA) {
			size_t take = (size_t)min_u64(chunked->left, n - i);
			if (data != i)
				memmove(p + data, p + i, take);
			data += take;
			i += take;
			chunked->left -= take;
			if (chunked->left == 0)
				chunked->state = DATA_CR;
			continue;
		}
		chunked->state = (uint8_t)step(chunked, p[i]);
		i += chunked->state != BAD;
	}
	*ret_used = i;
	*ret_data = data;
	if (chunked->state == BAD)
		return CHUNKED_BAD;
	return chunked->state == DONE ? CHUNKED_DONE : CHUNKED_MORE;
}

size_t chunked_write_size(char out[CHUNKED_SIZE_ROOM], uint64_t bytes)
{
	static const char hex[] = "0123456789abcdef";
	unsigned digits = 1;
	while (digits < 16 && bytes >> (4 * digits) != 0)
		digits++;
	for (unsigned i = 0; i < digits; i++)
		out[i] = hex[bytes >> (4 * (digits - 1 - i)) & 15];
	out[digits] = '\r';
	out[digits + 1] = '\n';
	return digits + 2;
}
