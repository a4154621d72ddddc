#include "proxy/web_bad_head.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOWN 160 /* octets of a line that are told */

struct said {
	char *out;
	size_t n;
};

PRINTF_LIKE(2, 3)
static void put(struct said *said, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(said->out + said->n, WEB_BAD_HEAD_ROOM - said->n, format, args);
	va_end(args);
	if (n > 0)
		said->n = min_size(said->n + (size_t)n, WEB_BAD_HEAD_ROOM - 1);
}

static void put_octets(struct said *said, struct slice text)
{
	for (size_t i = 0; i < text.n && i < SHOWN; i++) {
		unsigned char c = (unsigned char)text.p[i];
		put(said, c < ' ' || c == 0x7f ? "\\x%02x" : "%c", c);
	}
}

/* Takes the next line off, without what ends it; false: there is no whole one. */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
	const char *lf = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
	if (lf == NULL)
		return false;
	*ret_line = (struct slice){rest->p, (size_t)(lf - rest->p)};
	rest->p += ret_line->n + 1;
	rest->n -= ret_line->n + 1;
	return true;
}

/* The octet that nginx stumbles over; line.n: none. */
static size_t stumble(struct slice line)
{
	size_t i = 0;
	for (; i < line.n && line.p[i] != ':'; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if (c == '\r')
			break;
		if (c <= ' ' || c == 0x7f)
			return i;
	}
	for (; i < line.n; i++) {
		if (line.p[i] == '\0')
			return i;
		if (line.p[i] != '\r')
			continue;
		while (i < line.n && line.p[i] == '\r')
			i++;
		return i;
	}
	return line.n;
}

/* What says how long the body is, as far as it was read. */
struct framing {
	struct slice length, coding; /* p NULL: not there */
};

static bool is_number(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n != 0;
}

/* True: that is it. */
static bool tell_framing(
	struct said *said, struct framing *framing, struct slice name, struct slice value)
{
	bool is_length = slice_is_nocase(name, SLICE("Content-Length"));
	struct slice *same = is_length ? &framing->length : &framing->coding;
	const struct slice *other = is_length ? &framing->coding : &framing->length;
	if (same->p != NULL) {
		put(said, "upstream sent duplicate header line: \"%.*s: ", (int)name.n, name.p);
		put_octets(said, value);
		put(said, "\", previous value: \"%.*s: ", (int)name.n, name.p);
		put_octets(said, *same);
	} else if (other->p != NULL) {
		put(said, "upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at "
			  "the same time");
		return true;
	} else if (is_length && !is_number(value)) {
		put(said, "upstream sent invalid \"Content-Length\" header: \"%.*s: ", (int)name.n,
			name.p);
		put_octets(said, value);
	} else if (!is_length && !slice_is_nocase(value, SLICE("chunked"))) {
		put(said, "upstream sent unknown \"Transfer-Encoding\": \"");
		put_octets(said, value);
	} else {
		*same = value;
		return false;
	}
	put(said, "\"");
	return true;
}

static bool tell_line(struct said *said, struct framing *framing, struct slice line)
{
	size_t at = stumble(line);
	if (at < line.n) {
		put(said, "upstream sent invalid header: \"");
		put_octets(said, (struct slice){line.p, at});
		put(said, "\\x%02x...\"", (unsigned char)line.p[at]);
		return true;
	}
	const char *colon = line.n == 0 ? NULL : memchr(line.p, ':', line.n);
	struct slice name = {line.p, colon == NULL ? 0 : (size_t)(colon - line.p)};
	if (!slice_is_nocase(name, SLICE("Content-Length")) &&
		!slice_is_nocase(name, SLICE("Transfer-Encoding")))
		return false;
	struct slice value = {colon + 1, line.n - name.n - 1};
	while (value.n != 0 && value.p[value.n - 1] == '\r')
		value.n--;
	return tell_framing(said, framing, name, slice_trim(value));
}

void web_bad_head_text(struct slice head, size_t most, bool has_line, char out[WEB_BAD_HEAD_ROOM])
{
	struct said said = {out, 0};
	struct framing framing = {{NULL, 0}, {NULL, 0}};
	struct slice line, rest = {head.p, min_size(head.n, most)};
	out[0] = '\0';
	if (has_line && next_line(&rest, &line))
		while (next_line(&rest, &line))
			if (tell_line(&said, &framing, line))
				return;
	if (head.n >= most)
		put(&said, "upstream sent too big header");
	else if (!has_line)
		put(&said, "upstream sent no valid HTTP/1.0 header");
	else
		put(&said, "upstream sent invalid header");
}
