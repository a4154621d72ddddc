/*
 * A text with variables, as an administrator writes it: taken apart, written down again with every
 * name in braces and taken apart once more, it has the same parts. Then the same octets are looked
 * up in a map of host names, as a client's Host would be, and found where a plain search finds
 * them.
 */
#include "base/text.h"
#include "conf/geo.h"
#include "conf/map.h"
#include "conf/split.h"
#include "conf/vars.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

static const char *const names[] = {"a.b", "*.b", ".c.d", "e.*", "x.b", "*.x.b", "*.d", "e.f.*"};

static void put_part(struct text *text, const struct conf_part *part, struct slice name)
{
	switch (part->kind) {
	case CONF_PART_TEXT:
		text_put(text, part->text.p, part->text.n);
		break;
	case CONF_PART_CAPTURE:
		text_puts(text, "$");
		text_u64(text, part->n);
		break;
	case CONF_PART_VAR:
	case CONF_PART_USER:
		text_puts(text, "${");
		text_put(text, name.p, name.n);
		text_puts(text, "}");
		break;
	}
}

/* The bare name behind each '$' of the text, in order. */
static struct slice next_name(const char **p)
{
	for (;;) {
		const char *dollar = strchr(*p, '$');
		ensure(dollar != NULL);
		*p = dollar + 1 + (dollar[1] == '{');
		size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_");
		bool is_capture = dollar[1] >= '1' && dollar[1] <= '9';
		if (!is_capture)
			return (struct slice){*p, n};
	}
}

static void check_parts(const char *text)
{
	struct arena arena;
	struct conf_value value, again;
	struct text written;
	struct err err;
	arena_init(&arena, 1024);
	struct conf_vars *vars = conf_vars_create(&arena);
	ensure(vars != NULL);
	if (conf_value_compile(&value, text, vars, &arena, &err)) {
		const char *at = text;
		text_init(&written, 64);
		for (uint32_t i = 0; i < value.count; i++) {
			bool has_name = value.parts[i].kind == CONF_PART_VAR;
			put_part(&written, &value.parts[i],
				has_name ? next_name(&at) : (struct slice){NULL, 0});
		}
		text_put(&written, "", 1);
		ensure(conf_value_compile(&again, written.p, vars, &arena, &err));
		ensure(again.count == value.count);
		for (uint32_t i = 0; i < value.count; i++) {
			ensure(again.parts[i].kind == value.parts[i].kind);
			ensure(again.parts[i].n == value.parts[i].n);
			ensure(slice_is(again.parts[i].text, value.parts[i].text));
		}
		text_finish(&written);
		struct conf_users users;
		ensure(conf_vars_check(vars, &users, &err) || err.text[0] != '\0');
	} else {
		ensure(err.text[0] != '\0');
	}
	err.text[0] = '\0';
	ensure(conf_value_compile_log(&value, &text, 1, vars, &arena, &err) || err.text[0] != '\0');
	arena_finish(&arena);
}

/* How well a name fits; 0: not at all. */
static size_t fit(struct slice name, struct slice text)
{
	struct slice star = {name.p + 1, name.n - 1};
	if (name.p[0] == '*' && text.n > star.n &&
		slice_is_nocase((struct slice){text.p + text.n - star.n, star.n}, star))
		return 1000 + star.n;
	if (name.p[0] == '.' && slice_is_nocase(star, text))
		return 3000;
	if (name.p[0] == '.' && text.n > name.n &&
		slice_is_nocase((struct slice){text.p + text.n - name.n, name.n}, name))
		return 1000 + name.n;
	if (name.p[name.n - 1] == '*' && text.n >= name.n - 1 &&
		slice_is_nocase(
			(struct slice){text.p, name.n - 1}, (struct slice){name.p, name.n - 1}))
		return name.n;
	bool is_wild = name.p[0] == '.' || name.p[0] == '*' || name.p[name.n - 1] == '*';
	return !is_wild && slice_is_nocase(name, text) ? 3000 : 0;
}

static void check_map(struct slice text)
{
	struct arena arena;
	struct conf_map map = {.has_hostnames = true};
	struct err err;
	const char *best = NULL;
	size_t best_fit = 0;
	arena_init(&arena, 1024);
	struct slice bare = text;
	if (bare.n != 0 && bare.p[bare.n - 1] == '.')
		bare.n--;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct conf_value value;
		ensure(conf_value_of_text(&value, slice_of(names[i]), &arena));
		ensure(conf_map_put(&map, slice_of(names[i]), &value, &arena, &err));
		size_t good = fit(slice_of(names[i]), bare);
		if (good > best_fit) {
			best_fit = good;
			best = names[i];
		}
	}
	const struct conf_value *found = conf_map_find(&map, text);
	ensure((found == NULL) == (best == NULL));
	ensure(found == NULL || slice_is(conf_value_literal(found), slice_of(best)));
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = {size == 0 ? "" : (const char *)data, size};
	struct conf_geo_span span;
	uint32_t share = 0;
	char *text = strndup(all.p, all.n);
	ensure(text != NULL);
	check_parts(text);
	check_map(all);
	ensure(!conf_geo_parse_range(all, &span) || span.start <= span.end);
	ensure(!conf_split_percent(all, &share) || share != 0);
	(void)conf_split_hash(all);
	free(text);
	return 0;
}
