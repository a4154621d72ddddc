#include "conf/keys.h"
#include "conf/load.h"
#include "conf/nearest.h"
#include "conf/units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static void *field_of(void *fields, uint16_t at)
{
	return (char *)fields + at;
}

void conf_keys_wrong(struct conf_builder *b, struct conf_place place, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	conf_problem_add(b->problems, place.file, place.line, "%s", text);
}

void *conf_keys_take(struct conf_builder *b, size_t bytes)
{
	void *piece = arena_zero(b->arena, bytes);
	if (piece == NULL)
		b->is_out_of_memory = true;
	return piece;
}

const char *conf_keys_copy(struct conf_builder *b, const char *text)
{
	const char *copy = arena_copy(b->arena, text, strlen(text));
	if (copy == NULL)
		b->is_out_of_memory = true;
	return copy;
}

static void unknown_key(
	struct conf_builder *b, const struct conf_group *group, const struct conf_raw *raw)
{
	const char *nearest = NULL;
	unsigned distance = UINT32_MAX;
	char known[512];
	size_t n = 0;
	known[0] = '\0';
	for (uint32_t i = 0; i < group->count; i++) {
		const char *name = group->keys[i].name;
		unsigned d = conf_word_distance(slice_of(raw->name), slice_of(name));
		if (d < distance) {
			distance = d;
			nearest = name;
		}
		int more = snprintf(known + n, sizeof(known) - n, "%s%s", n == 0 ? "" : ", ", name);
		n = min_size(n + (size_t)more, sizeof(known) - 1);
	}
	if (conf_is_near(distance, strlen(raw->name)))
		conf_keys_wrong(b, raw->place, "unknown key \"%.100s\", did you mean \"%s\"?",
			raw->name, nearest);
	else
		conf_keys_wrong(b, raw->place, "unknown key \"%.100s\" in %s, known are %s",
			raw->name, group->name, known);
}

static void wrong_kind(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, const char *expected)
{
	conf_keys_wrong(b, raw->place, "\"%s\" must be %s, not %s", key->name, expected,
		conf_raw_kind_name(raw->kind));
}

static void out_of_range(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, int64_t value)
{
	char least[CONF_UNIT_TEXT], most[CONF_UNIT_TEXT], is[CONF_UNIT_TEXT];
	const char *unit = "";
	if (key->kind == CONF_SECONDS) {
		conf_seconds_format((uint64_t)key->least, least);
		conf_seconds_format((uint64_t)key->most, most);
		conf_seconds_format((uint64_t)value, is);
		unit = " seconds";
	} else if (key->kind == CONF_BYTES) {
		conf_bytes_format((uint64_t)key->least, least);
		conf_bytes_format((uint64_t)key->most, most);
		conf_bytes_format((uint64_t)value, is);
	} else if (key->kind == CONF_FACTOR) {
		(void)snprintf(least, sizeof(least), "%g", (double)key->least / 1000);
		(void)snprintf(most, sizeof(most), "%g", (double)key->most / 1000);
		(void)snprintf(is, sizeof(is), "%g", (double)value / 1000);
	} else {
		(void)snprintf(least, sizeof(least), "%" PRId64, key->least);
		(void)snprintf(most, sizeof(most), "%" PRId64, key->most);
		(void)snprintf(is, sizeof(is), "%" PRId64, value);
	}
	conf_keys_wrong(b, raw->place, "\"%s\" must be %s to %s%s, not %s", key->name, least, most,
		unit, is);
}

/* What is out of every range stays so. */
static int64_t thousandths(double factor)
{
	if (!(factor > -1e6 && factor < 1e6))
		return factor > 0 ? INT64_MAX : INT64_MIN;
	return (int64_t)(factor * 1000 + (factor < 0 ? -0.5 : 0.5));
}

static void read_number(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, void *ret_fields)
{
	uint64_t units = 0;
	const char *wrong = NULL;
	int64_t value;
	if (key->kind == CONF_WHOLE && raw->kind == CONF_RAW_INT) {
		value = raw->u.whole;
	} else if (key->kind == CONF_SECONDS && raw->kind == CONF_RAW_INT) {
		wrong = conf_ms_from_int(&units, raw->u.whole);
		value = (int64_t)units;
	} else if (key->kind == CONF_SECONDS && raw->kind == CONF_RAW_FLOAT) {
		wrong = conf_ms_from_float(&units, raw->u.fraction);
		value = (int64_t)units;
	} else if (key->kind == CONF_BYTES && raw->kind == CONF_RAW_INT) {
		wrong = conf_bytes_from_int(&units, raw->u.whole);
		value = (int64_t)units;
	} else if (key->kind == CONF_BYTES && raw->kind == CONF_RAW_TEXT) {
		wrong = conf_bytes_from_text(&units, raw->u.text);
		value = (int64_t)units;
	} else if (key->kind == CONF_FACTOR && raw->kind == CONF_RAW_FLOAT) {
		value = thousandths(raw->u.fraction);
	} else if (key->kind == CONF_FACTOR && raw->kind == CONF_RAW_INT) {
		value = thousandths((double)raw->u.whole);
	} else {
		wrong_kind(b, key, raw,
			key->kind == CONF_WHOLE     ? "a whole number"
			: key->kind == CONF_FACTOR  ? "a number"
			: key->kind == CONF_SECONDS ? "a number of seconds"
						    : "a size: a number or a string");
		return;
	}
	if (wrong != NULL && raw->kind == CONF_RAW_TEXT)
		conf_keys_wrong(
			b, raw->place, "\"%s\" %s: \"%.80s\"", key->name, wrong, raw->u.text);
	else if (wrong != NULL)
		conf_keys_wrong(b, raw->place, "\"%s\" %s", key->name, wrong);
	else if (value < key->least || value > key->most)
		out_of_range(b, key, raw, value);
	else
		conf_keys_put_number(key, ret_fields, value);
}

static bool is_fit(struct conf_builder *b, const struct conf_key *key, const struct conf_raw *raw)
{
	const char *wrong = key->judge == NULL ? NULL : key->judge(raw->u.text);
	if (wrong == NULL)
		return true;
	if (raw->u.text[0] == '\0' || strlen(raw->u.text) > 80)
		conf_keys_wrong(b, raw->place, "\"%s\" %s", key->name, wrong);
	else
		conf_keys_wrong(b, raw->place, "\"%s\" %s: \"%s\"", key->name, wrong, raw->u.text);
	return false;
}

static void read_text(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, void *ret_fields)
{
	if (raw->kind != CONF_RAW_TEXT) {
		wrong_kind(b, key, raw, "a string");
		return;
	}
	const char *text = raw->u.text;
	if (!is_fit(b, key, raw))
		return;
	if (!key->is_path || text[0] == '\0' || strcmp(text, "stderr") == 0)
		text = conf_keys_copy(b, text);
	else if ((text = conf_path_absolute(b->arena, b->prefix, text)) == NULL)
		b->is_out_of_memory = true;
	*(const char **)field_of(ret_fields, key->at) = text == NULL ? "" : text;
}

const struct conf_raw *conf_keys_strings(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, uint32_t *ret_count)
{
	*ret_count = 0;
	if (raw->kind != CONF_RAW_LIST) {
		wrong_kind(b, key, raw, "a list of strings");
		return NULL;
	}
	bool is_ok = true;
	for (uint32_t i = 0; i < raw->count; i++) {
		if (raw->u.members[i].kind == CONF_RAW_TEXT)
			continue;
		wrong_kind(b, key, &raw->u.members[i], "a list of strings");
		is_ok = false;
	}
	if (is_ok)
		*ret_count = raw->count;
	return is_ok ? raw->u.members : NULL;
}

static void read_texts(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, void *ret_fields)
{
	uint32_t n;
	const struct conf_raw *strings = conf_keys_strings(b, key, raw, &n);
	if (n == 0)
		return;
	const char **texts = conf_keys_take(b, n * sizeof(*texts));
	if (texts == NULL)
		return;
	bool is_ok = true;
	for (uint32_t i = 0; i < n; i++) {
		is_ok = is_fit(b, key, &strings[i]) && is_ok;
		texts[i] = conf_keys_copy(b, strings[i].u.text);
	}
	if (is_ok && !b->is_out_of_memory) {
		*(const char ***)field_of(ret_fields, key->at) = texts;
		*(uint32_t *)field_of(ret_fields, key->count_at) = n;
	}
}

/* The index of the word, -1 and a problem when it is none. */
static int find_word(struct conf_builder *b, const struct conf_key *key, const struct conf_raw *raw)
{
	char known[256];
	size_t n = 0;
	for (int i = 0; key->words[i] != NULL; i++) {
		if (strcmp(key->words[i], raw->u.text) == 0)
			return i;
		int more = snprintf(known + n, sizeof(known) - n, "%s\"%s\"",
			i == 0                      ? ""
			: key->words[i + 1] == NULL ? " or "
						    : ", ",
			key->words[i]);
		n = min_size(n + (size_t)more, sizeof(known) - 1);
	}
	conf_keys_wrong(
		b, raw->place, "\"%s\" must be %s, not \"%.100s\"", key->name, known, raw->u.text);
	return -1;
}

static void read_word(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, void *ret_fields)
{
	if (raw->kind != CONF_RAW_TEXT) {
		wrong_kind(b, key, raw, "a string");
		return;
	}
	int word = find_word(b, key, raw);
	if (word >= 0)
		conf_keys_put_number(key, ret_fields, word + key->least);
}

static void read_words(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, void *ret_fields)
{
	uint32_t n, count = 0, seen = 0;
	const struct conf_raw *strings = conf_keys_strings(b, key, raw, &n);
	if (strings == NULL)
		return;
	unsigned *words = field_of(ret_fields, key->at);
	for (uint32_t i = 0; i < n; i++) {
		int word = find_word(b, key, &strings[i]);
		if (word < 0)
			continue;
		if (seen & BIT(word)) {
			conf_keys_wrong(b, strings[i].place, "\"%s\" has \"%s\" twice", key->name,
				strings[i].u.text);
			continue;
		}
		seen |= BIT(word);
		words[count++] = (unsigned)word;
	}
	*(uint32_t *)field_of(ret_fields, key->count_at) = count;
}

static void read_value(struct conf_builder *b, const struct conf_key *key,
	const struct conf_raw *raw, void *ret_fields, const struct conf_raw **ret_holes)
{
	if (b->is_in_location && key->is_global) {
		conf_keys_wrong(b, raw->place,
			"\"%s\" holds before a location is chosen: it cannot be set in one",
			key->name);
		return;
	}
	switch (key->kind) {
	case CONF_BOOL:
		if (raw->kind == CONF_RAW_BOOL)
			conf_keys_put_number(key, ret_fields, raw->u.truth);
		else
			wrong_kind(b, key, raw, "true or false");
		break;
	case CONF_WHOLE:
	case CONF_SECONDS:
	case CONF_BYTES:
	case CONF_FACTOR:
		read_number(b, key, raw, ret_fields);
		break;
	case CONF_TEXT:
		read_text(b, key, raw, ret_fields);
		break;
	case CONF_TEXTS:
		read_texts(b, key, raw, ret_fields);
		break;
	case CONF_WORD:
		read_word(b, key, raw, ret_fields);
		break;
	case CONF_WORDS:
		read_words(b, key, raw, ret_fields);
		break;
	case CONF_GROUP:
		if (raw->kind == CONF_RAW_GROUP)
			conf_keys_read(b, key->inner, raw, field_of(ret_fields, key->at), NULL);
		else
			wrong_kind(b, key, raw, "a group");
		break;
	case CONF_HOLE:
		ensure(ret_holes != NULL);
		ret_holes[key->hole] = raw;
		break;
	}
}

void conf_keys_read(struct conf_builder *b, const struct conf_group *group,
	const struct conf_raw *raw, void *ret_fields, const struct conf_raw **ret_holes)
{
	uint32_t seen = 0;
	ensure(raw->kind == CONF_RAW_GROUP && group->count <= 32);
	for (uint32_t i = 0; i < raw->count; i++) {
		const struct conf_raw *member = &raw->u.members[i];
		uint32_t k = 0;
		while (k < group->count && (group->keys[k].name[0] != member->name[0] ||
						   strcmp(group->keys[k].name, member->name) != 0))
			k++;
		if (k == group->count) {
			unknown_key(b, group, member);
			continue;
		}
		seen |= BIT(k);
		read_value(b, &group->keys[k], member, ret_fields, ret_holes);
	}
	for (uint32_t k = 0; k < group->count; k++) {
		if (group->keys[k].is_required && !(seen & BIT(k)))
			conf_keys_wrong(b, raw->place, "\"%s\" is missing in %s",
				group->keys[k].name, group->name);
	}
}
