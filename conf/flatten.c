#include "conf/flatten.h"

#include "conf/load.h"

#include <stdlib.h>

#define INCLUDES_MOST 10 /* nested; libconfig's own limit */
#define BRACKETS_MOST 32 /* nested: the readers behind recurse that deep */

/* One file on its way into the flat text. */
struct flattening {
	struct conf_flat *flat;
	const char *at, *end;
	struct conf_place place; /* of `at` */
	int depth;               /* of includes */
	int brackets;
};

static bool fail(struct flattening *f, const char *text)
{
	conf_problem_add(f->flat->problems, f->place.file, f->place.line, "%s", text);
	return false;
}

static bool grow(struct flattening *f, size_t n)
{
	struct conf_flat *flat = f->flat;
	size_t room = flat->room * 2 + n + 4096;
	if (room > 4 * (size_t)CONF_FILE_MOST)
		return fail(f, "the configuration is too large");
	char *text = realloc(flat->text, room);
	if (text == NULL)
		return fail(f, "out of memory");
	flat->text = text;
	flat->room = room;
	return true;
}

/* There is always room for the end of the text behind it. */
static inline bool put(struct flattening *f, const char *p, size_t n)
{
	struct conf_flat *flat = f->flat;
	if (flat->room - flat->n <= n && !grow(f, n))
		return false;
	memcpy(flat->text + flat->n, p, n);
	flat->n += n;
	return true;
}

static inline bool put_char(struct flattening *f, char c)
{
	struct conf_flat *flat = f->flat;
	if (flat->room - flat->n <= 1 && !grow(f, 1))
		return false;
	flat->text[flat->n++] = c;
	return true;
}

static bool put_line_end(struct flattening *f)
{
	f->flat->line++;
	return put_char(f, '\n');
}

/* From here on, flat lines are lines of f->place. */
static bool begin_part(struct flattening *f)
{
	struct conf_flat *flat = f->flat;
	if (flat->part_count == flat->part_room) {
		uint32_t room = flat->part_room * 2 + 8;
		struct conf_flat_part *parts = realloc(flat->parts, room * sizeof(*parts));
		if (parts == NULL)
			return fail(f, "out of memory");
		flat->parts = parts;
		flat->part_room = room;
	}
	flat->parts[flat->part_count++] = (struct conf_flat_part){
		.flat_line = flat->line, .place = f->place};
	return true;
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_name_start(c) || is_digit(c) || c == '-' || c == '_';
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c == '\0' ? NULL : strchr(digits, c);
	return found == NULL ? -1 : (int)(found - digits) % 16;
}

static char peek(const struct flattening *f, size_t ahead)
{
	if ((size_t)(f->end - f->at) <= ahead)
		return '\0';
	return f->at[ahead];
}

static bool add_string(struct flattening *f)
{
	struct conf_place begin = f->place;
	const char *from = f->at++;
	for (; f->at < f->end && *f->at != '"'; f->at++) {
		if (*f->at == '\\' && f->at + 1 < f->end)
			f->at++;
		if (*f->at == '\n') {
			f->place.line++;
			f->flat->line++;
		}
	}
	if (f->at >= f->end) {
		f->place = begin;
		return fail(f, "this string has no end: a \" is missing");
	}
	f->at++;
	return put(f, from, (size_t)(f->at - from));
}

static bool skip_comment(struct flattening *f)
{
	if (*f->at == '#' || f->at[1] == '/') {
		while (f->at < f->end && *f->at != '\n')
			f->at++;
		return true;
	}
	struct conf_place begin = f->place;
	for (f->at += 2; f->at < f->end; f->at++) {
		if (*f->at == '*' && peek(f, 1) == '/') {
			f->at += 2;
			return put_char(f, ' ');
		}
		if (*f->at == '\n') {
			f->place.line++;
			if (!put_line_end(f))
				return false;
		}
	}
	f->place = begin;
	return fail(f, "this comment has no end: a */ is missing");
}

/* ".5", what stands behind the sign in "-.5". */
static bool add_fraction(struct flattening *f)
{
	const char *from = f->at;
	while (f->at < f->end && (is_digit(*f->at) || strchr(".eE+-", *f->at) != NULL))
		f->at++;
	return put(f, from, (size_t)(f->at - from));
}

/* A whole number gets an L when 32 bits cannot hold it. Fractions go through as they are. */
static bool add_number(struct flattening *f)
{
	const char *from = f->at;
	bool is_negative = *f->at == '-';
	uint64_t value = 0, most = is_negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	bool is_too_large = false;
	if (*f->at == '-' || *f->at == '+')
		f->at++;
	unsigned base = 10;
	if (*f->at == '0' && (peek(f, 1) == 'x' || peek(f, 1) == 'X')) {
		base = 16;
		f->at += 2;
	}
	for (int digit;
		f->at < f->end && (digit = hex_digit(*f->at)) >= 0 && (unsigned)digit < base;
		f->at++) {
		is_too_large = is_too_large || value > (most - (unsigned)digit) / base;
		value = value * base + (unsigned)digit;
	}
	char next = peek(f, 0);
	bool is_fraction = base == 10 && (next == '.' || next == 'e' || next == 'E');
	if (is_fraction) {
		f->at = from;
		return put_char(f, *f->at++) && add_fraction(f);
	}
	if (is_too_large)
		return fail(f, "this number is too large");
	if (!put(f, from, (size_t)(f->at - from)))
		return false;
	uint64_t most_int = is_negative ? (uint64_t)INT32_MAX + 1 : INT32_MAX;
	return next == 'L' || value <= most_int || put_char(f, 'L');
}

static bool flatten(
	struct conf_flat *flat, const char *text, size_t n, const char *name, int depth);

static bool include(struct flattening *f, const char *path)
{
	struct err err;
	char *text;
	size_t n;
	if (f->depth >= INCLUDES_MOST) {
		conf_problem_add(f->flat->problems, f->place.file, f->place.line,
			"@include nested more than %d deep: does \"%.200s\" include itself?",
			INCLUDES_MOST, path);
		return false;
	}
	if (conf_load_file(&text, &n, path, &err) != 0) {
		conf_problem_add(f->flat->problems, f->place.file, f->place.line, "\"%.200s\" %s",
			path, err.text);
		return false;
	}
	bool is_ok = flatten(f->flat, text, n, path, f->depth + 1);
	free(text);
	return is_ok && put_line_end(f) && begin_part(f);
}

/* Where `at` is if an @include stands there; its path is [*ret_from, *ret_to). */
static bool is_include(const struct flattening *f, const char **ret_from, const char **ret_to,
	const char **ret_end)
{
	static const char word[] = "@include";
	const char *p = f->at;
	while (p < f->end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t)(f->end - p) < sizeof(word) || memcmp(p, word, sizeof(word) - 1) != 0)
		return false;
	p += sizeof(word) - 1;
	if (*p != ' ' && *p != '\t')
		return false;
	while (p < f->end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == f->end || *p != '"')
		return false;
	*ret_from = ++p;
	while (p < f->end && *p != '"' && *p != '\n')
		p++;
	if (p == f->end || *p != '"')
		return false;
	*ret_to = p;
	*ret_end = p + 1;
	return true;
}

static bool begin_line(struct flattening *f)
{
	const char *from, *to, *end;
	if (!is_include(f, &from, &to, &end))
		return true;
	char *path = arena_copy(f->flat->names, from, (size_t)(to - from));
	const char *whole = path == NULL ? NULL
					 : conf_path_beside(f->flat->names, f->place.file, path);
	if (whole == NULL)
		return fail(f, "out of memory");
	f->at = end;
	return include(f, whole);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool add_other(struct flattening *f)
{
	char c = *f->at++;
	if (c == '{' || c == '(' || c == '[')
		f->brackets++;
	else if (c == '}' || c == ')' || c == ']')
		f->brackets--;
	if (f->brackets > BRACKETS_MOST)
		return fail(f, "brackets are nested too deep");
	return put_char(f, c);
}

static bool add_token(struct flattening *f)
{
	char c = *f->at, next = peek(f, 1);
	if (is_blank(c)) {
		while (f->at < f->end && is_blank(*f->at))
			f->at++;
		return put_char(f, ' ');
	}
	if (c == '"')
		return add_string(f);
	if (c == '#' || (c == '/' && (next == '/' || next == '*')))
		return skip_comment(f);
	if (is_digit(c) || ((c == '-' || c == '+') && is_digit(next)))
		return add_number(f);
	if (c == '.' && is_digit(next))
		return add_fraction(f);
	if (is_name_start(c)) {
		const char *from = f->at;
		while (f->at < f->end && is_name(*f->at))
			f->at++;
		return put(f, from, (size_t)(f->at - from));
	}
	if (c == '\n') {
		f->at++;
		f->place.line++;
		return put_line_end(f) && begin_line(f);
	}
	return add_other(f);
}

static bool flatten(struct conf_flat *flat, const char *text, size_t n, const char *name, int depth)
{
	struct flattening f = {.flat = flat, .at = text, .end = text + n, .depth = depth};
	f.place = (struct conf_place){.file = name, .line = 1};
	const char *nul = memchr(text, '\0', n);
	if (nul != NULL) {
		for (const char *p = text; p < nul; p++)
			f.place.line += *p == '\n';
		return fail(&f, "a NUL octet: this is no text file");
	}
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		f.at += 3;
	if (!begin_part(&f) || !begin_line(&f))
		return false;
	while (f.at < f.end) {
		if (!add_token(&f))
			return false;
	}
	if (!put_char(&f, '\0'))
		return false;
	flat->n--;
	return true;
}

void conf_flat_init(struct conf_flat *flat, struct arena *names, struct conf_problems *problems)
{
	*flat = (struct conf_flat){.names = names, .problems = problems, .line = 1};
}

void conf_flat_finish(struct conf_flat *flat)
{
	free(flat->text);
	free(flat->parts);
	flat->text = NULL;
	flat->parts = NULL;
}

bool conf_flat_add_text(struct conf_flat *flat, const char *text, size_t n, const char *name)
{
	const char *copy = arena_copy(flat->names, name, strlen(name));
	if (copy == NULL) {
		conf_problem_add(flat->problems, name, 0, "out of memory");
		return false;
	}
	return flatten(flat, text, n, copy, 0);
}

bool conf_flat_add_file(struct conf_flat *flat, const char *path)
{
	struct err err;
	char *text;
	size_t n;
	if (conf_load_file(&text, &n, path, &err) != 0) {
		conf_problem_add(flat->problems, path, 0, "%s", err.text);
		return false;
	}
	bool is_ok = conf_flat_add_text(flat, text, n, path);
	free(text);
	return is_ok;
}

struct conf_place conf_flat_place(const struct conf_flat *flat, unsigned flat_line)
{
	uint32_t low = 0, high = flat->part_count;
	if (high == 0 || flat_line < flat->parts[0].flat_line)
		return (struct conf_place){.file = high == 0 ? "" : flat->parts[0].place.file};
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (flat->parts[middle].flat_line <= flat_line)
			low = middle;
		else
			high = middle;
	}
	struct conf_place place = flat->parts[low].place;
	place.line += flat_line - flat->parts[low].flat_line;
	return place;
}
