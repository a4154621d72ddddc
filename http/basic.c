#include "http/basic.h"

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* What follows the first '=' does not count. False: a digit that is none, or one alone at the end.
 */
static bool decode(struct slice text, char *out, size_t *ret_n)
{
	uint32_t bits = 0, have = 0;
	size_t n = 0, i = 0;
	for (; i < text.n && text.p[i] != '='; i++) {
		int digit = digit_of(text.p[i]);
		if (digit < 0)
			return false;
		bits = (bits << 6 | (uint32_t)digit) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have);
		}
	}
	*ret_n = n;
	return i % 4 != 1;
}

bool http_basic_parse(struct slice field, char *out, struct http_basic *ret)
{
	static const char scheme[] = "Basic ";
	size_t n;
	if (field.n < sizeof(scheme) - 1 || strncasecmp(field.p, scheme, sizeof(scheme) - 1) != 0)
		return false;
	field.p += sizeof(scheme) - 1;
	field.n -= sizeof(scheme) - 1;
	while (field.n != 0 && *field.p == ' ') {
		field.p++;
		field.n--;
	}
	if (field.n == 0 || !decode(field, out, &n))
		return false;
	const char *colon = n == 0 ? NULL : memchr(out, ':', n);
	if (colon == NULL || colon == out)
		return false;
	ret->user = (struct slice){out, (size_t)(colon - out)};
	ret->password = (struct slice){colon + 1, n - ret->user.n - 1};
	return true;
}
