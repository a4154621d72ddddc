/*
 * conf/nginx/fields.c - directives that are one field each: a flag, a number, a size, a time,
 * words.
 */
#include "conf/nginx/table.h"

#include "base/regex.h"
#include "conf/load.h"

#include <stdio.h>

void *ngx_push_item(struct ngx_build *b, void **items, uint32_t *count, uint32_t *room, size_t size)
{
	if (*count == *room) {
		uint32_t wanted = *room == 0 ? 4 : *room * 2;
		void *grown = arena_zero(b->arena, wanted * size);
		if (grown == NULL) {
			(void)ngx_no_memory(b);
			return NULL;
		}
		if (*count != 0)
			memcpy(grown, *items, *count * size);
		*items = grown;
		*room = wanted;
	}
	char *item = (char *)*items + (size_t)(*count)++ * size;
	memset(item, 0, size);
	return item;
}

/* -- numbers -- */

static bool digits(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t n = 0;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (n > (INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*text = p;
	*ret = n;
	return true;
}

bool ngx_parse_number(const char *text, uint64_t most, uint64_t *ret)
{
	return digits(&text, ret) && *text == '\0' && *ret <= most;
}

static bool scaled(const char *text, bool has_giga, uint64_t *ret)
{
	uint64_t scale = 1;
	if (!digits(&text, ret))
		return false;
	switch (*text) {
	case 'k':
	case 'K':
		scale = 1024;
		break;
	case 'm':
	case 'M':
		scale = UINT64_C(1024) * 1024;
		break;
	case 'g':
	case 'G':
		scale = has_giga ? UINT64_C(1024) * 1024 * 1024 : 0;
		break;
	default:
		break;
	}
	if (scale != 1)
		text++;
	if (scale == 0 || *text != '\0' || *ret > INT64_MAX / scale)
		return false;
	*ret *= scale;
	return true;
}

bool ngx_parse_size(const char *text, uint64_t *ret)
{
	return scaled(text, false, ret);
}

bool ngx_parse_offset(const char *text, uint64_t *ret)
{
	return scaled(text, true, ret);
}

/* Units must become smaller; a number without a unit is seconds and the last one. */
static bool parse_time(const char *text, bool is_ms, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"y", UINT64_C(31536000000)}, {"M", UINT64_C(2592000000)}, {"w", 604800000},
		{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	uint64_t total = 0, n;
	size_t next = 0;
	if (*text == '\0')
		return false;
	while (*text != '\0') {
		size_t unit = next;
		if (!digits(&text, &n))
			return false;
		if (*text == '\0') {
			if (next > 6)
				return false;
			unit = 6;
		} else if (text[0] == 'm' && text[1] == 's') {
			unit = 7;
			text += 2;
		} else {
			for (; unit < 7 && units[unit].unit[0] != *text; unit++)
				;
			if (unit == 7)
				return false;
			text++;
		}
		if (unit < next || (unit == 7 && !is_ms) || n > INT64_MAX / units[unit].ms)
			return false;
		n *= units[unit].ms;
		if (total > INT64_MAX - n)
			return false;
		total += n;
		next = unit + 1;
		while (*text == ' ')
			text++;
	}
	*ret = is_ms ? total : total / 1000;
	return true;
}

bool ngx_parse_ms(const char *text, uint64_t *ret_ms)
{
	return parse_time(text, true, ret_ms);
}

bool ngx_parse_seconds(const char *text, uint64_t *ret_s)
{
	return parse_time(text, false, ret_s);
}

/* -- texts -- */

bool ngx_compile(
	struct ngx_build *b, const struct ngx_node *node, const char *text, struct conf_value *ret)
{
	struct err err = {""};
	return conf_value_compile(ret, text, b->vars, b->arena, &err) ||
	       ngx_fail(b, node, "%s", err.text);
}

static void destroy_regex(void *regex)
{
	regex_destroy(regex);
}

const struct regex *ngx_regex(
	struct ngx_build *b, const struct ngx_node *node, const char *pattern, bool is_caseless)
{
	struct err err = {""};
	struct regex *regex = regex_create(pattern, is_caseless, &err);
	if (regex == NULL) {
		(void)ngx_fail(b, node, "%s", err.text);
		return NULL;
	}
	if (!conf_own(b->conf, b->arena, destroy_regex, regex)) {
		regex_destroy(regex);
		(void)ngx_no_memory(b);
		return NULL;
	}
	if (!conf_vars_define_groups(b->vars, regex, b->arena, &err)) {
		(void)ngx_fail(b, node, "%s", err.text);
		return NULL;
	}
	return regex;
}

static const char *behind(struct ngx_build *b, const char *folder, const char *path)
{
	const char *whole = conf_path_absolute(b->arena, folder, path);
	if (whole == NULL)
		(void)ngx_no_memory(b);
	return whole;
}

const char *ngx_path(struct ngx_build *b, const char *path)
{
	return behind(b, b->prefix, path);
}

const char *ngx_conf_path(struct ngx_build *b, const char *path)
{
	return behind(b, b->conf_prefix, path);
}

/* -- setters -- */

bool ngx_set_flag(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	bool *field = ngx_field(b, d);
	if (strcasecmp(node->args[0], "on") == 0)
		*field = true;
	else if (strcasecmp(node->args[0], "off") == 0)
		*field = false;
	else
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
			node->args[0], node->name);
	return true;
}

bool ngx_set_number(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n;
	if (!ngx_once(b, node, d))
		return false;
	if (!ngx_parse_number(node->args[0], UINT32_MAX, &n))
		return ngx_wrong(b, node, "invalid number");
	*(uint32_t *)ngx_field(b, d) = (uint32_t)n;
	return true;
}

static void tell_note(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (d->note != NULL)
		ngx_warn(b, node, "\"%s\": %s", node->name, d->note);
}

static bool set_u64(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d,
	bool (*parse)(const char *text, uint64_t *ret))
{
	uint64_t n;
	if (!ngx_once(b, node, d))
		return false;
	if (!parse(node->args[0], &n))
		return ngx_wrong(b, node, "invalid value");
	*(uint64_t *)ngx_field(b, d) = n;
	tell_note(b, node, d);
	return true;
}

bool ngx_set_size(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return set_u64(b, node, d, ngx_parse_size);
}

bool ngx_set_offset(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return set_u64(b, node, d, ngx_parse_offset);
}

bool ngx_set_ms(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return set_u64(b, node, d, ngx_parse_ms);
}

static const struct ngx_word *find_word(const struct ngx_directive *d, const char *text)
{
	const struct ngx_word *word = d->extra;
	while (word->word != NULL && strcasecmp(word->word, text) != 0)
		word++;
	return word->word == NULL ? NULL : word;
}

bool ngx_set_enum(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	const struct ngx_word *word = find_word(d, node->args[0]);
	if (word == NULL)
		return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
	*(uint32_t *)ngx_field(b, d) = word->value;
	return true;
}

bool ngx_set_bits(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	bool had_some = ngx_is_set(b, d);
	uint32_t *field = ngx_field(b, d);
	if (!had_some)
		*field = 0;
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const struct ngx_word *word = find_word(d, node->args[i]);
		if (word == NULL)
			return ngx_fail(b, node, "invalid value \"%s\"", node->args[i]);
		if (*field & word->value)
			ngx_warn(b, node, "duplicate value \"%s\"", node->args[i]);
		*field |= word->value;
	}
	return true;
}

bool ngx_set_value(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return ngx_once(b, node, d) && ngx_compile(b, node, node->args[0], ngx_field(b, d));
}

bool ngx_set_text(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	*(const char **)ngx_field(b, d) = node->args[0];
	return true;
}

bool ngx_set_slice(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	*(struct slice *)ngx_field(b, d) = slice_of(node->args[0]);
	return true;
}

bool ngx_set_path(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	const char *path = ngx_path(b, node->args[0]);
	*(const char **)ngx_field(b, d) = path;
	return path != NULL;
}

bool ngx_accept(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if ((d->args & NGX_FLAG) && strcasecmp(node->args[0], "on") != 0 &&
		strcasecmp(node->args[0], "off") != 0)
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
			node->args[0], node->name);
	tell_note(b, node, d);
	return true;
}
