/*
 * comfy/locate_target.c - what GET /view asks for, and its targets, written and changed.
 */
#include "comfy/locate.h"

#include "base/text.h"
#include "comfy/spool_name.h"
#include "http/chars.h"
#include "http/query.h"

/* Takes " [output]" off the end of the name: it counts more than the type that was sent. */
static void take_type(struct slice *filename, struct slice *type)
{
	static const char *const types[] = {"input", "output", "temp"};
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t n = strlen(types[i]) + 3;
		const char *at = filename->p + filename->n - min_size(n, filename->n);
		if (filename->n < n || memcmp(at, " [", 2) != 0 ||
			memcmp(at + 2, types[i], n - 3) != 0 || at[n - 1] != ']')
			continue;
		filename->n -= n;
		*type = slice_of(types[i]);
		return;
	}
}

bool locate_init(struct locate *locate, struct fleet *fleet, const char *type,
	const char *subfolder, const char *filename)
{
	struct slice name = slice_of(filename);
	struct slice kind = slice_of(type);
	memset(locate, 0, sizeof(*locate));
	locate->fleet = fleet;
	take_type(&name, &kind);
	if (name.n == 0 || name.p[0] == '/' || memmem(name.p, name.n, "..", 2) != NULL)
		return false;
	const char *slash = memrchr(name.p, '/', name.n);
	if (slash != NULL) {
		name.n -= (size_t)(slash + 1 - name.p);
		name.p = slash + 1;
	}
	return name.n != 0 && slice_copy(kind, locate->type, sizeof(locate->type)) &&
	       slice_copy(name, locate->filename, sizeof(locate->filename)) &&
	       slice_copy(slice_of(subfolder), locate->subfolder, sizeof(locate->subfolder)) &&
	       spool_is_type(locate->type);
}

static bool is_unreserved(char c)
{
	char low = ascii_lower(c);
	return http_char_is_digit(c) || (low >= 'a' && low <= 'z') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

static void put_encoded(struct text *out, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";
	for (; *value != '\0'; value++) {
		unsigned char octet = (unsigned char)*value;
		const char escaped[3] = {'%', digits[octet >> 4], digits[octet & 15]};
		if (is_unreserved(*value))
			text_put(out, value, 1);
		else
			text_put(out, escaped, sizeof(escaped));
	}
}

void locate_view_target(
	struct text *out, const char *type, const char *subfolder, const char *filename)
{
	text_puts(out, "/view?filename=");
	put_encoded(out, filename);
	text_puts(out, "&type=");
	put_encoded(out, type);
	text_puts(out, "&subfolder=");
	put_encoded(out, subfolder);
}

/* "subfolder", perhaps with escapes. */
static bool is_subfolder(struct slice name)
{
	char text[16];
	int n = percent_decode(name, text, sizeof(text));
	return n > 0 && strcmp(text, "subfolder") == 0;
}

void locate_retarget(struct text *out, struct slice target, const char *subfolder)
{
	const char *end = target.p + target.n;
	const char *p = memchr(target.p, '?', target.n);
	if (p == NULL) {
		text_put(out, target.p, target.n);
		return;
	}
	p++;
	text_put(out, target.p, (size_t)(p - target.p));
	while (p < end) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		const char *equals = memchr(p, '=', (size_t)(stop - p));
		if (equals != NULL && is_subfolder((struct slice){p, (size_t)(equals - p)})) {
			text_put(out, p, (size_t)(equals + 1 - p));
			put_encoded(out, subfolder);
			text_put(out, stop, (size_t)(end - stop));
			return;
		}
		stop += stop < end;
		text_put(out, p, (size_t)(stop - p));
		p = stop;
	}
}
