#include "comfy/top_keys.h"

#include "base/utf8.h"
#include "http/chars.h"

struct scan {
	const char *p, *end;
};

/* What a string's characters go into. */
struct sink {
	char text[TOP_KEY_MOST];
	size_t n;
	bool is_bad; /* too long, or not to be spelt in UTF-8 */
};

static void put(struct sink *sink, char c)
{
	if (sink->n < sizeof(sink->text))
		sink->text[sink->n++] = c;
	else
		sink->is_bad = true;
}

static void put_utf8(struct sink *sink, uint32_t code)
{
	char octets[UTF8_MOST];
	if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
		sink->is_bad = true;
		return;
	}
	size_t n = utf8_put(octets, code);
	for (size_t i = 0; i < n; i++)
		put(sink, octets[i]);
}

static bool is_left(const struct scan *scan, size_t n)
{
	return (size_t)(scan->end - scan->p) >= n;
}

static void skip_blanks(struct scan *scan)
{
	while (scan->p != scan->end &&
		(*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\r' || *scan->p == '\t'))
		scan->p++;
}

static bool take(struct scan *scan, char c)
{
	if (scan->p == scan->end || *scan->p != c)
		return false;
	scan->p++;
	return true;
}

/* Four hex digits. */
static bool take_hex4(struct scan *scan, uint32_t *ret_code)
{
	uint32_t code = 0;
	if (!is_left(scan, 4))
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = http_hex_value(*scan->p++);
		if (digit < 0)
			return false;
		code = code << 4 | (uint32_t)digit;
	}
	*ret_code = code;
	return true;
}

/* Behind "\u". */
static bool take_unicode(struct scan *scan, struct sink *sink)
{
	uint32_t code;
	uint32_t low;
	if (!take_hex4(scan, &code))
		return false;
	bool is_high = code >= 0xd800 && code <= 0xdbff;
	if (is_high && is_left(scan, 2) && scan->p[0] == '\\' && scan->p[1] == 'u') {
		scan->p += 2;
		if (!take_hex4(scan, &low))
			return false;
		if (low >= 0xdc00 && low <= 0xdfff)
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		/* else: half a pair, which put_utf8 calls bad whatever follows it */
	}
	put_utf8(sink, code);
	return true;
}

/* Behind a backslash. */
static bool take_escape(struct scan *scan, struct sink *sink)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	if (scan->p == scan->end)
		return false;
	char c = *scan->p++;
	if (c == 'u')
		return take_unicode(scan, sink);
	const char *at = c == '\0' ? NULL : strchr(from, c);
	if (at == NULL)
		return false;
	put(sink, to[at - from]);
	return true;
}

/* A string, its first quote included. */
static bool take_string(struct scan *scan, struct sink *sink)
{
	sink->n = 0;
	sink->is_bad = false;
	if (!take(scan, '"'))
		return false;
	while (scan->p != scan->end) {
		char c = *scan->p++;
		if (c == '"')
			return true;
		if ((unsigned char)c < 0x20)
			return false;
		if (c != '\\')
			put(sink, c);
		else if (!take_escape(scan, sink))
			return false;
	}
	return false;
}

/* Over a string whose text nobody wants, its first quote included. */
static bool skip_string(struct scan *scan)
{
	const char *p = scan->p + 1;
	for (; p != scan->end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return false;
		if (*p == '\\' && ++p == scan->end)
			return false;
	}
	if (p == scan->end)
		return false;
	scan->p = p + 1;
	return true;
}

/* Over an object or a list, its first bracket included. */
static bool skip_nested(struct scan *scan)
{
	size_t depth = 0;
	while (scan->p != scan->end) {
		switch (*scan->p) {
		case '"':
			if (!skip_string(scan))
				return false;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		scan->p++;
		if (depth == 0)
			return true;
	}
	return false;
}

/* Over a number, true, false or null, and what Python takes besides: NaN, Infinity. */
static bool skip_word(struct scan *scan)
{
	const char *began = scan->p;
	while (scan->p != scan->end &&
		(http_char_is(*scan->p, CHAR_BASE64) || *scan->p == '-' || *scan->p == '.'))
		scan->p++;
	return scan->p != began;
}

static bool take_value(struct scan *scan, struct top_key *key)
{
	if (key != NULL)
		key->length = 0;
	if (scan->p == scan->end)
		return false;
	if (*scan->p == '{' || *scan->p == '[')
		return skip_nested(scan);
	if (*scan->p != '"')
		return skip_word(scan);
	/* Read in full even when nobody wants it: what passes must not depend on who looks. */
	struct sink sink;
	if (!take_string(scan, &sink))
		return false;
	if (key != NULL && !sink.is_bad) {
		memcpy(key->value, sink.text, sink.n);
		key->length = (uint8_t)sink.n;
	}
	return true;
}

static struct top_key *find(const struct sink *name, struct top_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!name->is_bad &&
			slice_is((struct slice){name->text, name->n}, slice_of(keys[i].name)))
			return &keys[i];
	return NULL;
}

static bool take_object(struct scan *scan, struct top_key *keys, size_t count)
{
	struct sink name;
	skip_blanks(scan);
	if (!take(scan, '{'))
		return false;
	skip_blanks(scan);
	if (take(scan, '}'))
		return true;
	do {
		skip_blanks(scan);
		if (!take_string(scan, &name))
			return false;
		skip_blanks(scan);
		if (!take(scan, ':'))
			return false;
		skip_blanks(scan);
		if (!take_value(scan, find(&name, keys, count)))
			return false;
		skip_blanks(scan);
	} while (take(scan, ','));
	return take(scan, '}');
}

bool top_keys_find(struct slice json, struct top_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		keys[i].length = 0;
	if (json.n == 0)
		return false;
	struct scan scan = {json.p, json.p + json.n};
	bool is_whole = take_object(&scan, keys, count);
	skip_blanks(&scan);
	if (is_whole && scan.p == scan.end)
		return true;
	for (size_t i = 0; i < count; i++)
		keys[i].length = 0;
	return false;
}
