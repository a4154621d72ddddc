#include "comfy/multipart_head.h"

#include "base/utf8.h"
#include "http/chars.h"

#include <errno.h>

/* "; name=value", of which value may be in quotes. */
struct param {
	struct slice name, value; /* value: without its quotes, escapes as they are */
	bool is_quoted;
};

static struct slice take_token(struct slice *rest)
{
	size_t n = 0;
	while (n < rest->n && http_char_is(rest->p[n], CHAR_TOKEN))
		n++;
	struct slice token = {rest->p, n};
	rest->p += n;
	rest->n -= n;
	return token;
}

static bool take(struct slice *rest, char c)
{
	if (rest->n == 0 || *rest->p != c)
		return false;
	rest->p++;
	rest->n--;
	return true;
}

/* Behind the first quote. */
static bool take_quoted(struct slice *rest, struct slice *ret_value)
{
	const char *began = rest->p;
	while (rest->n != 0) {
		if (take(rest, '"')) {
			*ret_value = (struct slice){began, (size_t)(rest->p - began) - 1};
			return true;
		}
		if (take(rest, '\\') && rest->n == 0)
			return false;
		rest->p++;
		rest->n--;
	}
	return false;
}

/* The next parameter. False at the end, and with *ret_is_bad for what is none. */
static bool next_param(struct slice *rest, struct param *ret_param, bool *ret_is_bad)
{
	*rest = slice_trim(*rest);
	/* A semicolon at the end is seen in the field. */
	bool was_one = false;
	while (take(rest, ';')) {
		was_one = true;
		*rest = slice_trim(*rest);
	}
	if (rest->n == 0)
		return false;
	*ret_is_bad = true;
	ret_param->name = take_token(rest);
	if (!was_one || ret_param->name.n == 0 || !take(rest, '='))
		return false;
	ret_param->is_quoted = take(rest, '"');
	if (ret_param->is_quoted) {
		if (!take_quoted(rest, &ret_param->value))
			return false;
	} else {
		/* Wider than a token: boundaries and names with '/' or '=' are not always quoted.
		 */
		const char *end = memchr(rest->p, ';', rest->n);
		size_t n = end == NULL ? rest->n : (size_t)(end - rest->p);
		ret_param->value = slice_trim((struct slice){rest->p, n});
		rest->p += n;
		rest->n -= n;
	}
	*ret_is_bad = false;
	return true;
}

/* Returns the octets, or -1 when they do not fit. */
static ptrdiff_t unquote(const struct param *param, char *out, size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < param->value.n; i++) {
		if (param->is_quoted && param->value.p[i] == '\\')
			i++;
		if (n == room)
			return -1;
		out[n++] = param->value.p[i];
	}
	return (ptrdiff_t)n;
}

static bool is_boundary_char(char c)
{
	return http_char_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
	       (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

bool multipart_boundary(
	struct slice content_type, char room[MULTIPART_BOUNDARY_MOST], struct slice *ret_boundary)
{
	static const struct slice type = {"multipart/form-data", 19};
	struct slice rest = slice_trim(content_type);
	struct param param;
	bool is_bad = false;
	bool is_found = false;
	if (rest.n < type.n || !slice_is_nocase((struct slice){rest.p, type.n}, type))
		return false;
	rest.p += type.n;
	rest.n -= type.n;
	while (next_param(&rest, &param, &is_bad)) {
		if (!slice_is_nocase(param.name, SLICE("boundary")))
			continue;
		ptrdiff_t n = unquote(&param, room, MULTIPART_BOUNDARY_MOST);
		if (n <= 0 || is_found || room[n - 1] == ' ')
			return false;
		for (ptrdiff_t i = 0; i < n; i++)
			if (!is_boundary_char(room[i]))
				return false;
		*ret_boundary = (struct slice){room, (size_t)n};
		is_found = true;
	}
	return is_found && !is_bad;
}

/* An ext-value (RFC 8187 section 3.2.1): UTF-8'en'%c3%bc.png. Octets, -EINVAL or -E2BIG. */
static ptrdiff_t decode_extended(struct slice value, char *out, size_t room)
{
	const char *end = memchr(value.p, '\'', value.n);
	if (end == NULL)
		return -EINVAL;
	struct slice charset = {value.p, (size_t)(end - value.p)};
	bool is_latin = slice_is_nocase(charset, SLICE("iso-8859-1"));
	if (!is_latin && !slice_is_nocase(charset, SLICE("utf-8")))
		return -EINVAL;
	const char *p = end + 1;
	const char *last = value.p + value.n;
	const char *language_end = memchr(p, '\'', (size_t)(last - p));
	if (language_end == NULL)
		return -EINVAL;
	size_t n = 0;
	for (p = language_end + 1; p < last; p++) {
		unsigned char octet = (unsigned char)*p;
		if (octet == '%') {
			int high = last - p > 2 ? http_hex_value(p[1]) : -1;
			int low = last - p > 2 ? http_hex_value(p[2]) : -1;
			if (high < 0 || low < 0)
				return -EINVAL;
			octet = (unsigned char)(high << 4 | low);
			p += 2;
		}
		if (n + (is_latin && octet >= 0x80 ? 2 : 1) > room)
			return -E2BIG;
		if (is_latin)
			n += utf8_put(out + n, octet);
		else
			out[n++] = (char)octet;
	}
	return (ptrdiff_t)n;
}

static int set_name(char out[MULTIPART_NAME_MOST + 1], const struct param *param)
{
	ptrdiff_t n = unquote(param, out, MULTIPART_NAME_MOST);
	if (n < 0)
		return -E2BIG;
	out[n] = '\0';
	return memchr(out, '\0', (size_t)n) != NULL ? -EINVAL : 0;
}

static int read_disposition(struct multipart_part *part, struct slice value)
{
	struct param param;
	bool is_bad = false;
	bool is_extended = false;
	bool has_name = false;
	int error = 0;
	struct slice kind = take_token(&value);
	if (!slice_is_nocase(kind, SLICE("form-data")))
		return -EINVAL;
	while (error == 0 && next_param(&value, &param, &is_bad)) {
		if (slice_is_nocase(param.name, SLICE("name"))) {
			if (has_name)
				return -EINVAL;
			has_name = true;
			error = set_name(part->name, &param);
		} else if (slice_is_nocase(param.name, SLICE("filename")) && !is_extended) {
			part->has_filename = true;
			error = set_name(part->filename, &param);
		} else if (slice_is_nocase(param.name, SLICE("filename*"))) {
			ptrdiff_t n = decode_extended(
				param.value, part->filename, MULTIPART_NAME_MOST);
			if (n < 0)
				return (int)n;
			part->filename[n] = '\0';
			if (memchr(part->filename, '\0', (size_t)n) != NULL)
				return -EINVAL;
			part->has_filename = is_extended = true;
		}
	}
	if (error != 0)
		return error;
	return is_bad || !has_name ? -EINVAL : 0;
}

static bool is_plain_coding(struct slice value)
{
	return slice_is_nocase(value, SLICE("binary")) || slice_is_nocase(value, SLICE("8bit")) ||
	       slice_is_nocase(value, SLICE("7bit")) || slice_is_nocase(value, SLICE("identity"));
}

static int read_field(struct multipart_part *part, struct slice line, bool *has_disposition)
{
	struct slice name = take_token(&line);
	if (name.n == 0 || !take(&line, ':') || !http_is_value(line.p, line.n))
		return -EINVAL;
	struct slice value = slice_trim(line);
	if (slice_is_nocase(name, SLICE("content-disposition"))) {
		if (*has_disposition)
			return -EINVAL;
		*has_disposition = true;
		return read_disposition(part, value);
	}
	if (slice_is_nocase(name, SLICE("content-type"))) {
		/* A longer one is as good as none: nobody decides by it. */
		if (value.n < sizeof(part->type)) {
			memcpy(part->type, value.p, value.n);
			part->type[value.n] = '\0';
		}
		return 0;
	}
	if (slice_is_nocase(name, SLICE("content-transfer-encoding")) ||
		slice_is_nocase(name, SLICE("content-encoding")))
		return is_plain_coding(value) ? 0 : -EINVAL;
	return 0;
}

int multipart_part_read(struct multipart_part *ret_part, struct slice fields)
{
	bool has_disposition = false;
	*ret_part = (struct multipart_part){0};
	for (;;) {
		const char *lf = memchr(fields.p, '\n', fields.n);
		if (lf == NULL || lf == fields.p || lf[-1] != '\r')
			return -EINVAL;
		struct slice line = {fields.p, (size_t)(lf - fields.p) - 1};
		fields.n -= line.n + 2;
		fields.p = lf + 1;
		if (line.n == 0)
			return has_disposition && fields.n == 0 ? 0 : -EINVAL;
		int error = read_field(ret_part, line, &has_disposition);
		if (error != 0)
			return error;
	}
}
