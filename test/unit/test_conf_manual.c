/*
 * doc/config.md and dist/comfymux.conf say what conf/schema.c says.
 */
#include "test/unit/conf_help.h"

#include "conf/load.h"
#include "conf/schema.h"

static char *manual;

static int load_manual(void **state)
{
	size_t n;
	(void)state;
	return conf_load_file(&manual, &n, SOURCE_ROOT "/doc/config.md", NULL);
}

static int forget_manual(void **state)
{
	(void)state;
	free(manual);
	return 0;
}

/* The part of the manual under the heading of that group; static. */
static const char *section_of(const char *name)
{
	static char section[32768];
	char heading[64];
	bool is_root = strcmp(name, "the file") == 0;
	(void)snprintf(heading, sizeof(heading), "# %s\n", is_root ? "Top level" : name);
	const char *from = strstr(manual, heading);
	if (from == NULL) {
		fail_msg("doc/config.md has no part about %s", name);
		return "";
	}
	from += strlen(heading);
	const char *to = strstr(from, "\n#");
	size_t n = to == NULL ? strlen(from) : (size_t)(to - from);
	assert_true(n < sizeof(section));
	memcpy(section, from, n);
	section[n] = '\0';
	return section;
}

static void the_manual_has_every_key(void **state)
{
	(void)state;
	for (size_t i = 0; conf_groups[i] != NULL; i++) {
		const struct conf_group *group = conf_groups[i];
		const char *section = section_of(group->name);
		for (uint32_t k = 0; k < group->count; k++) {
			char word[64];
			(void)snprintf(word, sizeof(word), "`%s`", group->keys[k].name);
			if (strstr(section, word) == NULL)
				fail_msg("doc/config.md does not say what %s is in %s", word,
					group->name);
		}
	}
}

/* In the row of the key: its default as the file would have it. */
static void the_manual_has_every_default(void **state)
{
	(void)state;
	for (size_t i = 0; conf_groups[i] != NULL; i++) {
		const struct conf_group *group = conf_groups[i];
		for (uint32_t k = 0; k < group->count; k++) {
			const struct conf_key *key = &group->keys[k];
			char row[128];
			if (key->kind == CONF_WHOLE)
				(void)snprintf(row, sizeof(row), "| `%s` | %lld |", key->name,
					(long long)key->preset);
			else if (key->kind == CONF_SECONDS)
				(void)snprintf(row, sizeof(row), "| `%s` | %lld |", key->name,
					(long long)key->preset / 1000);
			else if (key->kind == CONF_BOOL)
				(void)snprintf(row, sizeof(row), "| `%s` | `%s` |", key->name,
					key->preset ? "true" : "false");
			else if (key->kind == CONF_TEXT && key->preset_text != NULL)
				(void)snprintf(row, sizeof(row), "| `%s` | `\"%s\"` |", key->name,
					key->preset_text);
			else
				continue;
			if (strstr(section_of(group->name), row) == NULL)
				fail_msg("doc/config.md has no row %s for %s", row, group->name);
		}
	}
}

static void the_example_shows_every_key(void **state)
{
	struct conf_problems problems;
	char *example;
	size_t n;
	(void)state;
	conf_problems_init(&problems);
	struct conf *conf = conf_read(SOURCE_ROOT "/dist/comfymux.conf", NULL, &problems);
	assert_string_equal(conf_help_list(&problems, true), "");
	assert_int_equal(conf->pools[0].node_count, 2);
	conf_destroy(conf);
	conf_problems_finish(&problems);

	assert_int_equal(conf_load_file(&example, &n, SOURCE_ROOT "/dist/comfymux.conf", NULL), 0);
	for (size_t i = 0; conf_groups[i] != NULL; i++) {
		for (uint32_t k = 0; k < conf_groups[i]->count; k++) {
			const char *name = conf_groups[i]->keys[k].name;
			/* The short form has a file of its own. */
			if (strstr(example, name) == NULL && strcmp(name, "nodes") != 0)
				fail_msg("dist/comfymux.conf does not show %s", name);
		}
	}
	free(example);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_has_every_key),
		cmocka_unit_test(the_manual_has_every_default),
		cmocka_unit_test(the_example_shows_every_key),
	};
	return cmocka_run_group_tests_name("conf/schema", tests, load_manual, forget_manual);
}
