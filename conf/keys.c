#include "conf/keys.h"

static void *field_of(void *fields, uint16_t at)
{
	return (char *)fields + at;
}

void conf_keys_put_number(const struct conf_key *key, void *ret_fields, int64_t value)
{
	void *field = field_of(ret_fields, key->at);
	switch (key->width) {
	case 1:
		*(uint8_t *)field = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)field = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)field = (uint32_t)value;
		break;
	default:
		ensure(key->width == 8);
		*(uint64_t *)field = (uint64_t)value;
	}
}

int64_t conf_keys_number(const struct conf_key *key, const void *fields)
{
	const void *field = (const char *)fields + key->at;
	switch (key->width) {
	case 1:
		return *(const uint8_t *)field;
	case 2:
		return *(const uint16_t *)field;
	case 4:
		if (key->least < 0)
			return *(const int32_t *)field;
		return *(const uint32_t *)field;
	default:
		ensure(key->width == 8);
		return (int64_t) * (const uint64_t *)field;
	}
}

static uint32_t count_words(const char *const *words)
{
	uint32_t n = 0;
	while (words[n] != NULL)
		n++;
	return n;
}

void conf_keys_preset(const struct conf_group *group, void *ret_fields)
{
	for (uint32_t i = 0; i < group->count; i++) {
		const struct conf_key *key = &group->keys[i];
		void *field = field_of(ret_fields, key->at);
		switch (key->kind) {
		case CONF_BOOL:
		case CONF_WHOLE:
		case CONF_SECONDS:
		case CONF_BYTES:
		case CONF_FACTOR:
		case CONF_WORD:
			conf_keys_put_number(key, ret_fields, key->preset);
			break;
		case CONF_TEXT:
			*(const char **)field = key->preset_text == NULL ? "" : key->preset_text;
			break;
		case CONF_TEXTS:
			*(const char ***)field = NULL;
			*(uint32_t *)field_of(ret_fields, key->count_at) = 0;
			break;
		case CONF_WORDS: {
			uint32_t n = count_words(key->words);
			for (uint32_t word = 0; word < n; word++)
				((unsigned *)field)[word] = word;
			*(uint32_t *)field_of(ret_fields, key->count_at) = n;
			break;
		}
		case CONF_GROUP:
			conf_keys_preset(key->inner, field);
			break;
		case CONF_HOLE:
			break;
		}
	}
}

static bool is_same_list(const struct conf_key *key, const void *fields, const void *others)
{
	uint32_t n = *(const uint32_t *)((const char *)fields + key->count_at);
	if (n != *(const uint32_t *)((const char *)others + key->count_at))
		return false;
	const void *one = (const char *)fields + key->at, *other = (const char *)others + key->at;
	if (key->kind == CONF_WORDS)
		return memcmp(one, other, n * sizeof(unsigned)) == 0;
	const char *const *texts = *(const char *const *const *)one;
	const char *const *other_texts = *(const char *const *const *)other;
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(texts[i], other_texts[i]) != 0)
			return false;
	}
	return true;
}

bool conf_keys_is_same(const struct conf_key *key, const void *fields, const void *others)
{
	switch (key->kind) {
	case CONF_TEXT:
		return strcmp(*(const char *const *)((const char *)fields + key->at),
			       *(const char *const *)((const char *)others + key->at)) == 0;
	case CONF_TEXTS:
	case CONF_WORDS:
		return is_same_list(key, fields, others);
	case CONF_GROUP:
	case CONF_HOLE:
		ensure(key->kind != CONF_GROUP && key->kind != CONF_HOLE);
		return true;
	default:
		return conf_keys_number(key, fields) == conf_keys_number(key, others);
	}
}
