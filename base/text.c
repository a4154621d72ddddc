#include "base/text.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdlib.h>

#define ROOM_LEAST 4096
#define ROOM_MOST (1u << 30)

void text_init(struct text *text, size_t room)
{
	*text = (struct text){0};
	(void)text_grow(text, room);
}

void text_finish(struct text *text)
{
	free(text->p);
	*text = (struct text){0};
}

bool text_grow(struct text *text, size_t n)
{
	if (text->is_short)
		return false;
	size_t room = text->n + n < 2 * text->room ? 2 * text->room : text->n + n;
	if (room < ROOM_LEAST)
		room = ROOM_LEAST;
	char *p = n > ROOM_MOST || room > ROOM_MOST ? NULL : realloc(text->p, room);
	if (p == NULL) {
		text->is_short = true;
		text->room = text->n; /* nothing fits any more: a page with a hole would lie */
		return false;
	}
	text->p = p;
	text->room = room;
	return true;
}

static size_t digits_of(char out[20], uint64_t value)
{
	size_t n = 20;
	do {
		out[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return n;
}

void text_u64(struct text *text, uint64_t value)
{
	char digits[20];
	size_t first = digits_of(digits, value);
	text_put(text, digits + first, sizeof(digits) - first);
}

void text_i64(struct text *text, int64_t value)
{
	if (value < 0)
		text_put(text, "-", 1);
	text_u64(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void text_seconds(struct text *text, uint64_t us)
{
	char fraction[7] = ".000000";
	uint64_t rest = us % 1000000;
	size_t n = 0;
	text_u64(text, us / 1000000);
	for (size_t i = 6; i != 0; i--) {
		fraction[i] = (char)('0' + rest % 10);
		if (fraction[i] != '0' && n == 0)
			n = i + 1;
		rest /= 10;
	}
	text_put(text, fraction, n);
}

/* A label has three escapes and takes every other character as it is. */
static void put_escape(struct text *text, unsigned char c, bool is_json)
{
	static const char hex[] = "0123456789abcdef";
	if (c == '"' || c == '\\')
		text_put(text, (char[]){'\\', (char)c}, 2);
	else if (c == '\n')
		text_put(text, "\\n", 2);
	else if (is_json)
		text_put(text, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
	else
		text_put(text, (char[]){(char)c}, 1);
}

static void put_quoted(struct text *text, const char *value, bool is_json)
{
	const unsigned char *p = (const unsigned char *)value;
	text_put(text, "\"", 1);
	while (*p != '\0') {
		/* Never read past the NUL: it is no second octet of anything. */
		size_t n = utf8_length((const char *)p, UTF8_MOST);
		if (n == 0) {
			text_put(text, "\xef\xbf\xbd", 3);
			n = 1;
		} else if (*p < ' ' || *p == '"' || *p == '\\') {
			put_escape(text, *p, is_json);
		} else {
			text_put(text, (const char *)p, n);
		}
		p += n;
	}
	text_put(text, "\"", 1);
}

void text_label(struct text *text, const char *value)
{
	put_quoted(text, value, false);
}

void text_json(struct text *text, const char *value)
{
	put_quoted(text, value, true);
}

void text_item(struct text *text)
{
	if (text->n != 0 && strchr("[{:", text->p[text->n - 1]) == NULL)
		text_put(text, ",", 1);
}

void text_key(struct text *text, const char *name)
{
	text_item(text);
	text_put(text, "\"", 1);
	text_puts(text, name);
	text_put(text, "\":", 2);
}

void text_key_string(struct text *text, const char *name, const char *value)
{
	text_key(text, name);
	text_json(text, value);
}

void text_key_u64(struct text *text, const char *name, uint64_t value)
{
	text_key(text, name);
	text_u64(text, value);
}

void text_key_i64(struct text *text, const char *name, int64_t value)
{
	text_key(text, name);
	text_i64(text, value);
}

void text_key_bool(struct text *text, const char *name, bool value)
{
	text_key(text, name);
	text_puts(text, value ? "true" : "false");
}

void text_key_time(struct text *text, const char *name, uint64_t wall_us)
{
	char when[25];
	text_key(text, name);
	if (wall_us == 0) {
		text_puts(text, "null");
		return;
	}
	clock_iso(wall_us, when);
	text_json(text, when);
}
