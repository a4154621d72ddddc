#include "proxy/web_uri.h"

#include "http/chars.h"

/* Octets that stay as they are in a path: all that is visible ASCII but these (nginx 1.22). */
static bool is_kept_in_path(unsigned char c)
{
	return c > 0x20 && c < 0x7f && strchr("\"#%<>?\\^`{|}", c) == NULL;
}

/* In arguments, in addition, what would be read as a separator or a blank. */
static bool is_kept_in_args(unsigned char c)
{
	return is_kept_in_path(c) && strchr("&+;", c) == NULL;
}

static bool escape(struct arena *arena, struct slice text, bool (*is_kept)(unsigned char c),
	struct slice tail, struct slice *ret)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += is_kept((unsigned char)text.p[i]) ? 1 : 3;
	char *out = arena_take(arena, n + tail.n + 2);
	if (out == NULL)
		return false;
	size_t at = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (is_kept(c)) {
			out[at++] = (char)c;
			continue;
		}
		out[at++] = '%';
		out[at++] = hex[c >> 4];
		out[at++] = hex[c & 15];
	}
	if (tail.n != 0) {
		out[at++] = '?';
		memcpy(out + at, tail.p, tail.n);
		at += tail.n;
	}
	out[at] = '\0';
	*ret = (struct slice){out, at};
	return true;
}

bool web_escape_uri(struct arena *arena, struct slice path, struct slice args, struct slice *ret)
{
	return escape(arena, path, is_kept_in_path, args, ret);
}

bool web_escape_args(struct arena *arena, struct slice text, struct slice *ret)
{
	return escape(arena, text, is_kept_in_args, WEB_SLICE_NONE, ret);
}

bool web_join(struct arena *arena, const struct slice *pieces, uint32_t count, struct slice *ret)
{
	size_t n = 0, at = 0;
	for (uint32_t i = 0; i < count; i++)
		n += pieces[i].n;
	char *out = arena_take(arena, n + 1);
	if (out == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (pieces[i].n != 0)
			memcpy(out + at, pieces[i].p, pieces[i].n);
		at += pieces[i].n;
	}
	out[n] = '\0';
	*ret = (struct slice){out, n};
	return true;
}

bool web_unescape_redirect(struct arena *arena, struct slice text, struct slice *ret)
{
	size_t n = 0, i = 0;
	char *out = arena_take(arena, text.n + 1);
	if (out == NULL)
		return false;
	while (i < text.n && text.p[i] != '?') {
		int high = i + 2 < text.n ? http_hex_value(text.p[i + 1]) : -1;
		int low = i + 2 < text.n ? http_hex_value(text.p[i + 2]) : -1;
		int c = high < 0 ? -1 : high << 4 | low;
		if (text.p[i] != '%' || c <= '%' || c >= 0x7f) {
			out[n++] = text.p[i++];
			continue;
		}
		i += 3;
		out[n++] = (char)c;
		if (c == '?')
			break;
	}
	memcpy(out + n, text.p + i, text.n - i);
	n += text.n - i;
	out[n] = '\0';
	*ret = (struct slice){out, n};
	return true;
}

/* out[0..n) ends in a '/', or in a segment that just ended: dots are resolved. -1: above the root.
 */
static long resolve(const char *out, long n)
{
	long slash = n;
	while (slash > 0 && out[slash - 1] != '/')
		slash--;
	long segment = n - slash;
	if (segment == 1 && out[slash] == '.')
		return slash;
	if (segment != 2 || out[slash] != '.' || out[slash + 1] != '.')
		return n;
	if (slash <= 1)
		return -1;
	slash--;
	while (slash > 0 && out[slash - 1] != '/')
		slash--;
	return slash;
}

bool web_unescape_path(struct arena *arena, struct slice path, bool merges, struct slice *ret)
{
	long n = 0;
	char *out = arena_take(arena, path.n + 1);
	*ret = WEB_SLICE_NONE;
	if (out == NULL)
		return false;
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		if (c == '%') {
			int high = i + 2 < path.n ? http_hex_value(path.p[i + 1]) : -1;
			int low = i + 2 < path.n ? http_hex_value(path.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return true;
			c = (char)(high << 4 | low);
			i += 2;
			if (c == '\0')
				return true;
		}
		if (c == '/' && n != 0) {
			long resolved = resolve(out, n);
			bool had_dots = resolved != n;
			if (resolved < 0)
				return true;
			n = resolved;
			if (out[n - 1] == '/' && (merges || had_dots))
				continue;
		}
		out[n++] = c;
	}
	n = resolve(out, n);
	if (n < 0)
		return true;
	out[n] = '\0';
	*ret = (struct slice){out, (size_t)n};
	return true;
}

static struct slice before_fragment(struct slice text)
{
	const char *mark = text.n == 0 ? NULL : memchr(text.p, '#', text.n);
	return mark == NULL ? text : (struct slice){text.p, (size_t)(mark - text.p)};
}

bool web_take_uri(struct exchange *x, bool merges, enum step *ret_step)
{
	struct web *web = x->web;
	const struct http_head *head = x->head;
	struct slice path = http_span_in(x->p, head->path);
	web->args = http_span_in(x->p, head->query);
	const char *end = x->p + head->target.at + head->target.n;
	if (path.n == 0) {
		path = SLICE("/");
		web->raw_uri = path;
	} else {
		web->raw_uri = (struct slice){path.p, (size_t)(end - path.p)};
	}
	if (head->is_asterisk && head->authority.n == 0)
		web->raw_uri = SLICE("*");
	web->is_raw_valid = true;
	/* What a browser keeps to itself and a program sent all the same (nginx cuts it off). */
	path = before_fragment(path);
	web->args = path.n < head->path.n ? WEB_SLICE_NONE : before_fragment(web->args);
	if (!web_unescape_path(&x->arena, path, merges, &web->uri)) {
		*ret_step = exchange_out_of_memory(x);
		return false;
	}
	if (web->uri.p != NULL)
		return true;
	web->uri = path;
	*ret_step = web_answer(x, 400, true);
	return false;
}
