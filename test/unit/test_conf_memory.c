/*
 * Memory that runs out anywhere in conf/: told, nothing leaks, nothing half-built is given back.
 * libconfig's own allocations are not reached (it ends the process without memory).
 */
#include "test/unit/conf_help.h"
#include "test/unit/memory_help.h"

#include <event2/event.h>
#include <jansson.h>

static struct conf *read_long(struct conf_problems *problems)
{
	static char text[400000];
	if (text[0] == '\0') {
		size_t n = (size_t)sprintf(text, CONF_LISTEN CONF_NODES
			"servers = ( { listen = [\"127.0.0.2:0\"]; names = [\"A\", \"b\"];\n"
			" locations = ( { path = \"/\"; pool = \"x\"; },\n"
			"  { path = \"/r\"; respond = { body = \"x\"; }; } ); } );\n"
			"pid_file = \"p\"; admin = { listen = \"unix:a\"; };\n"
			"pools = ( { name = \"x\"; static_nodes = (\n");
		for (unsigned i = 0; i < 3000; i++)
			n += (size_t)sprintf(text + n,
				"{ node_id = \"%u\"; host = \"h%u\"; capabilities = [\"x\"]; },\n",
				i, i);
		(void)sprintf(text + n - 2, "); } );\n");
	}
	return conf_read_text(text, strlen(text), "x.conf", NULL, problems);
}

static void reading_fails_cleanly(void **state)
{
	struct conf_problems problems;
	long nth = 0;
	(void)state;
	do {
		conf_problems_init(&problems);
		fail_at(nth++);
		struct conf *conf = read_long(&problems);
		left = -1;
		assert_true(has_failed == (conf == NULL));
		assert_true(has_failed == (problems.count != 0));
		conf_destroy(conf);
		conf_problems_finish(&problems);
	} while (has_failed);
	assert_true(nth > 20);
}

static void dumping_fails_cleanly(void **state)
{
	struct conf_problems problems;
	long nth = 0;
	(void)state;
	conf_problems_init(&problems);
	struct conf *conf = conf_help_read(CONF_LISTEN CONF_NODES);
	json_set_alloc_funcs(__wrap_malloc, free);
	do {
		fail_at(nth++);
		char *dump = conf_dump(conf);
		left = -1;
		assert_true(has_failed == (dump == NULL));
		free(dump);
	} while (has_failed);
	assert_true(nth > 100);
	json_set_alloc_funcs(malloc, free);
	conf_destroy(conf);
	conf_problems_finish(&problems);
}

static void count_told(enum conf_change change, const char *what, void *arg)
{
	(void)change;
	(void)what;
	++*(unsigned *)arg;
}

static void comparing_fails_cleanly(void **state)
{
	struct conf_problems problems;
	long nth = 0;
	(void)state;
	conf_problems_init(&problems);
	struct conf *conf = read_long(&problems);
	assert_non_null(conf);
	do {
		unsigned told = 0;
		fail_at(nth++);
		conf_diff(conf, conf, count_told, &told);
		left = -1;
		/* That it could not compare is told. */
		assert_int_equal(told, has_failed);
	} while (has_failed);
	assert_true(nth > 2);
	conf_destroy(conf);
	conf_problems_finish(&problems);
}

static void on_done(bool is_ok, void *arg)
{
	assert_true(is_ok);
	++*(int *)arg;
}

static void looking_up_fails_cleanly(void **state)
{
	struct conf_problems problems;
	struct event_base *base = event_base_new();
	long nth = 0;
	int done = 0;
	(void)state;
	assert_non_null(base);
	conf_problems_init(&problems);
	do {
		struct conf *conf = conf_help_read(CONF_LISTEN
			"nodes = { static_nodes = ( { node_id = \"a\"; host = \"localhost\"; } ); "
			"};");
		fail_at(nth++);
		struct conf_resolving *resolving = conf_resolve_start(
			conf, &problems, base, on_done, &done);
		left = -1;
		assert_true(has_failed == (resolving == NULL));
		assert_true(event_base_dispatch(base) >= 0);
		assert_int_equal(done, !has_failed);
		conf_destroy(conf);
	} while (has_failed);
	assert_true(nth > 2);
	conf_problems_finish(&problems);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_fails_cleanly),
		cmocka_unit_test(dumping_fails_cleanly),
		cmocka_unit_test(comparing_fails_cleanly),
		cmocka_unit_test(looking_up_fails_cleanly),
	};
	return cmocka_run_group_tests_name("conf without memory", tests, NULL, NULL);
}
