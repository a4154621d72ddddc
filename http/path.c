#include "http/path.h"

#include "http/chars.h"

bool path_is_normal(struct slice path)
{
	char last = 0;
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		if (c == '%' || (last == '/' && (c == '/' || c == '.')))
			return false;
		last = c;
	}
	return true;
}

/* One octet of the path, decoded; moves *at behind it. */
static char next_octet(struct slice path, size_t *at)
{
	char c = path.p[(*at)++];
	if (c != '%' || path.n - *at < 2)
		return c;
	int high = http_hex_value(path.p[*at]), low = http_hex_value(path.p[*at + 1]);
	if (high < 0 || low < 0)
		return c;
	*at += 2;
	return (char)(high << 4 | low);
}

/* out[0..n) ends in a whole segment that began behind `slash`. Returns n without it when it was a
 * dotted one. */
static size_t resolve(const char *out, size_t n, size_t slash)
{
	size_t segment = n - slash - 1;
	if (segment == 1 && out[slash + 1] == '.')
		return slash + 1;
	if (segment != 2 || out[slash + 1] != '.' || out[slash + 2] != '.')
		return n;
	/* Back to behind the slash before this one; the root stays. */
	while (slash > 0 && out[slash - 1] != '/')
		slash--;
	return slash == 0 ? 1 : slash;
}

static size_t last_slash(const char *out, size_t n)
{
	while (n > 0 && out[n - 1] != '/')
		n--;
	return n == 0 ? 0 : n - 1;
}

size_t path_normalize(struct slice path, char *out)
{
	size_t n = 0;
	for (size_t at = 0; at < path.n;) {
		char c = next_octet(path, &at);
		if (c == '/' && n != 0) {
			n = resolve(out, n, last_slash(out, n));
			if (out[n - 1] == '/')
				continue;
		}
		out[n++] = c;
	}
	return n == 0 ? 0 : resolve(out, n, last_slash(out, n));
}
