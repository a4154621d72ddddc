#include "http/query.h"

#include "http/chars.h"

/* The octet that stands at *at, which moves behind it. -1 for a bad escape. */
static int next_octet(struct slice text, size_t *at, bool is_plus_blank)
{
	char c = text.p[(*at)++];
	if (c == '+' && is_plus_blank)
		return ' ';
	if (c != '%')
		return (unsigned char)c;
	if (text.n - *at < 2)
		return -1;
	int high = http_hex_value(text.p[*at]);
	int low = http_hex_value(text.p[*at + 1]);
	if (high < 0 || low < 0)
		return -1;
	*at += 2;
	return high * 16 + low;
}

static int decode(struct slice text, char *out, size_t room, bool is_plus_blank)
{
	size_t n = 0;
	if (room == 0)
		return -1;
	out[0] = '\0';
	for (size_t i = 0; i < text.n;) {
		int c = next_octet(text, &i, is_plus_blank);
		if (c <= 0 || n + 1 >= room) {
			out[0] = '\0';
			return -1;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n == 0 ? -1 : (int)n;
}

/* True when `text` decodes to `name`. */
static bool is_name(struct slice text, const char *name)
{
	size_t i = 0;
	for (; i < text.n && *name != '\0'; name++) {
		/* The letters of `name` are octets; so is what comes back. */
		if (next_octet(text, &i, true) != (unsigned char)*name)
			return false;
	}
	return i == text.n && *name == '\0';
}

int query_find(struct slice query, const char *name, char *out, size_t room)
{
	if (room != 0)
		out[0] = '\0';
	while (query.n != 0) {
		const char *end = memchr(query.p, '&', query.n);
		size_t n = end == NULL ? query.n : (size_t)(end - query.p);
		const char *equals = memchr(query.p, '=', n);
		size_t name_n = equals == NULL ? n : (size_t)(equals - query.p);
		if (n != 0 && is_name((struct slice){query.p, name_n}, name)) {
			struct slice value = {query.p + n, 0};
			if (equals != NULL)
				value = (struct slice){equals + 1, n - name_n - 1};
			return decode(value, out, room, true);
		}
		n += end != NULL;
		query.p += n;
		query.n -= n;
	}
	return -1;
}

int percent_decode(struct slice text, char *out, size_t room)
{
	return decode(text, out, room, false);
}
