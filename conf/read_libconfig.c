/*
 * conf/read_libconfig.c - the only file that knows libconfig: text -> libconfig's tree -> ours.
 *
 * libconfig never opens a file here: conf/flatten.c has done the including.
 */
#include "conf/flatten.h"
#include "conf/raw.h"

#include <libconfig.h>

#if HAS_ASAN
#include <sanitizer/lsan_interface.h>
#endif

struct copying {
	const struct conf_flat *flat;
	struct arena *arena;
};

static bool copy_members(
	const struct copying *c, const config_setting_t *from, struct conf_raw *ret_to);

static bool copy(const struct copying *c, const config_setting_t *from, struct conf_raw *ret_to)
{
	ret_to->place = conf_flat_place(c->flat, from->line);
	ret_to->count = 0;
	ret_to->name = NULL;
	if (from->name != NULL) {
		ret_to->name = arena_copy(c->arena, from->name, strlen(from->name));
		if (ret_to->name == NULL)
			return false;
	}
	switch (config_setting_type(from)) {
	case CONFIG_TYPE_INT:
		ret_to->kind = CONF_RAW_INT;
		ret_to->u.whole = config_setting_get_int(from);
		return true;
	case CONFIG_TYPE_INT64:
		ret_to->kind = CONF_RAW_INT;
		ret_to->u.whole = config_setting_get_int64(from);
		return true;
	case CONFIG_TYPE_FLOAT:
		ret_to->kind = CONF_RAW_FLOAT;
		ret_to->u.fraction = config_setting_get_float(from);
		return true;
	case CONFIG_TYPE_BOOL:
		ret_to->kind = CONF_RAW_BOOL;
		ret_to->u.truth = config_setting_get_bool(from) != 0;
		return true;
	case CONFIG_TYPE_STRING: {
		const char *text = config_setting_get_string(from);
		ret_to->kind = CONF_RAW_TEXT;
		ret_to->u.text = text == NULL ? "" : arena_copy(c->arena, text, strlen(text));
		return ret_to->u.text != NULL;
	}
	case CONFIG_TYPE_GROUP:
		ret_to->kind = CONF_RAW_GROUP;
		return copy_members(c, from, ret_to);
	default:
		ret_to->kind = CONF_RAW_LIST;
		return copy_members(c, from, ret_to);
	}
}

/* Recursion is bounded: conf/flatten.c lets only so many brackets through. */
static bool copy_members(
	const struct copying *c, const config_setting_t *from, struct conf_raw *ret_to)
{
	int n = config_setting_length(from);
	ret_to->u.members = arena_take(c->arena, (size_t)n * sizeof(*ret_to->u.members));
	if (ret_to->u.members == NULL)
		return false;
	ret_to->count = (uint32_t)n;
	for (int i = 0; i < n; i++) {
		if (!copy(c, config_setting_get_elem(from, (unsigned)i), &ret_to->u.members[i]))
			return false;
	}
	return true;
}

/* libconfig 1.5 loses the string in front of a syntax error: some octets per text that it refuses.
 * The leak check of our tests is not to find it. */
static bool parse(config_t *config, const char *text)
{
#if HAS_ASAN
	__lsan_disable();
#endif
	bool is_ok = config_read_string(config, text) == CONFIG_TRUE;
#if HAS_ASAN
	__lsan_enable();
#endif
	return is_ok;
}

struct conf_raw *conf_read_libconfig(
	const struct conf_flat *flat, struct arena *arena, struct conf_problems *problems)
{
	const struct copying c = {.flat = flat, .arena = arena};
	struct conf_raw *root = arena_zero(arena, sizeof(*root));
	config_t config;
	config_init(&config);
	if (!parse(&config, flat->text == NULL ? "" : flat->text)) {
		int line = config_error_line(&config);
		struct conf_place place = conf_flat_place(flat, line > 0 ? (unsigned)line : 0);
		const char *text = config_error_text(&config);
		conf_problem_add(problems, place.file, place.line, "%s",
			text == NULL ? "syntax error" : text);
		root = NULL;
	} else if (root == NULL || !copy(&c, config_root_setting(&config), root)) {
		conf_problem_add(problems, conf_flat_place(flat, 0).file, 0, "out of memory");
		root = NULL;
	}
	config_destroy(&config);
	return root;
}
