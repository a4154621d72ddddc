#include "comfy/python.h"

#include "base/utf8.h"

#include <stdio.h>

struct out {
	struct text *text;
	size_t left;
};

static void put(struct out *out, const char *p, size_t n)
{
	if (n > out->left) {
		/* Not in the middle of a character. */
		n = out->left;
		while (n != 0 && ((unsigned char)p[n] & 0xc0) == 0x80)
			n--;
		out->left = n;
	}
	text_put(out->text, p, n);
	out->left -= n;
}

static void puts_out(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* The decoded string in pieces, each given to put_piece. */
static void each_piece(struct out *out, struct slice quoted, char quote,
	void (*put_piece)(struct out *out, struct slice piece, char quote))
{
	struct slice inside = json_inside(quoted);
	const char *end = inside.p + inside.n;
	const char *p = inside.p;
	while (p != end && out->left != 0) {
		char one[UTF8_MOST * 3 + 2];
		if (*p != '\\') {
			const char *escape = memchr(p, '\\', (size_t)(end - p));
			const char *to = escape == NULL ? end : escape;
			put_piece(out, (struct slice){p, (size_t)(to - p)}, quote);
			p = to;
			continue;
		}
		/* One escape, two for a pair, in quotes again. */
		size_t n = p[1] != 'u' ? 2 : 6;
		if (n == 6 && end - p >= 12 && ascii_lower(p[2]) == 'd' && p[3] != '\0' &&
			strchr("89abAB", p[3]) != NULL && p[6] == '\\' && p[7] == 'u')
			n = 12;
		one[0] = '"';
		memcpy(one + 1, p, n);
		one[n + 1] = '"';
		char decoded[16];
		ptrdiff_t length = json_decode(
			(struct slice){one, n + 2}, decoded, sizeof(decoded));
		ensure(length >= 0);
		put_piece(out, (struct slice){decoded, (size_t)length}, quote);
		p += n;
	}
}

static void put_plain(struct out *out, struct slice piece, char quote)
{
	(void)quote;
	put(out, piece.p, piece.n);
}

static void put_repr(struct out *out, struct slice piece, char quote)
{
	const char *end = piece.p + piece.n;
	const char *p = piece.p;
	while (p != end && out->left != 0) {
		const char *from = p;
		char escape[8];
		while (p != end && (unsigned char)*p >= 0x20 && *p != '\\' && *p != quote &&
			*p != 0x7f)
			p++;
		put(out, from, (size_t)(p - from));
		if (p == end)
			return;
		unsigned char c = (unsigned char)*p++;
		if (c == '\\' || c == (unsigned char)quote)
			(void)snprintf(escape, sizeof(escape), "\\%c", c);
		else if (c == '\n' || c == '\r' || c == '\t')
			(void)snprintf(escape, sizeof(escape), "\\%c",
				c == '\n' ? 'n' : (c == '\r' ? 'r' : 't'));
		else
			(void)snprintf(escape, sizeof(escape), "\\x%02x", c);
		puts_out(out, escape);
	}
}

static void put_string_repr(struct out *out, struct slice quoted)
{
	struct slice inside = json_inside(quoted);
	/* An escaped quote is no reason for the other sort: rare, and only looks. */
	bool has_single = memchr(inside.p, '\'', inside.n) != NULL;
	bool has_double = memchr(inside.p, '"', inside.n) != NULL;
	char quote = has_single && !has_double ? '"' : '\'';
	put(out, &quote, 1);
	each_piece(out, quoted, quote, put_repr);
	put(out, &quote, 1);
}

static void put_value(struct out *out, struct json_value value);

static void put_list(struct out *out, struct json_value list)
{
	struct json_scan scan;
	struct json_value item;
	const char *between = "";
	puts_out(out, "[");
	json_walk(&scan, list);
	while (out->left != 0 && json_item(&scan, &item)) {
		puts_out(out, between);
		put_value(out, item);
		between = ", ";
	}
	puts_out(out, "]");
}

static void put_dict(struct out *out, struct json_value object)
{
	struct json_scan scan;
	struct slice name;
	struct json_value value;
	const char *between = "";
	puts_out(out, "{");
	json_walk(&scan, object);
	while (out->left != 0 && json_member(&scan, &name, &value)) {
		puts_out(out, between);
		put_string_repr(out, name);
		puts_out(out, ": ");
		put_value(out, value);
		between = ", ";
	}
	puts_out(out, "}");
}

/* No deeper than the text is nested: JSON_DEPTH_MOST. */
static void put_value(struct out *out, struct json_value value)
{
	char number[PYTHON_NUMBER_ROOM];
	switch (value.kind) {
	case JSON_KIND_OBJECT:
		put_dict(out, value);
		break;
	case JSON_KIND_ARRAY:
		put_list(out, value);
		break;
	case JSON_KIND_STRING:
		put_string_repr(out, value.raw);
		break;
	case JSON_KIND_NUMBER:
		if (python_is_float(value)) {
			python_float_text(json_number(value), number);
			puts_out(out, number);
		} else if (slice_is(value.raw, SLICE("-0"))) {
			puts_out(out, "0");
		} else {
			put(out, value.raw.p, value.raw.n);
		}
		break;
	case JSON_KIND_TRUE:
		puts_out(out, "True");
		break;
	case JSON_KIND_FALSE:
		puts_out(out, "False");
		break;
	case JSON_KIND_NULL:
		puts_out(out, "None");
		break;
	}
}

void python_repr(struct text *text, struct json_value value, size_t most)
{
	struct out out = {text, most};
	put_value(&out, value);
}

void python_str(struct text *text, struct json_value value, size_t most)
{
	struct out out = {text, most};
	if (value.kind == JSON_KIND_STRING)
		each_piece(&out, value.raw, '\0', put_plain);
	else
		put_value(&out, value);
}
