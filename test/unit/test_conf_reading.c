#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char good[] = "listen = [\"127.0.0.1:8080\"];\n"
			   "nodes = { static_nodes = ( { node_id = \"a\"; host = \"127.0.0.1\"; "
			   "port = 8188; } ); };\n";
static const char bad[] = "listen = [\"127.0.0.1:8080\"];\nlissten = 1;\n";

struct fixture {
	char path[64];
	struct conf_problems problems;
};

static int setup(void **state)
{
	static struct fixture f;
	strcpy(f.path, "/tmp/comfymux-test-XXXXXX");
	int fd = mkstemp(f.path);
	if (fd < 0)
		return -1;
	(void)close(fd);
	conf_problems_init(&f.problems);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	conf_problems_finish(&f->problems);
	return unlink(f->path);
}

static struct conf_reading *start(struct fixture *f, const char *text)
{
	FILE *out = fopen(f->path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	struct conf_reading *reading = conf_reading_start(f->path, NULL, &f->problems);
	assert_non_null(reading);
	return reading;
}

static void gives_what_reading_at_once_gives(void **state)
{
	struct fixture *f = *state;
	struct conf_reading *reading = start(f, good);
	int steps = 1;
	while (conf_reading_step(reading))
		steps++;
	assert_true(steps > 1);
	struct conf *conf = conf_reading_finish(reading);
	struct conf *same = conf_read(f->path, NULL, &f->problems);
	assert_non_null(conf);
	assert_non_null(same);
	char *text = conf_dump(conf);
	char *same_text = conf_dump(same);
	assert_string_equal(text, same_text);
	free(text);
	free(same_text);
	conf_destroy(conf);
	conf_destroy(same);
}

static void ends_with_the_problems(void **state)
{
	struct fixture *f = *state;
	struct conf_reading *reading = start(f, bad);
	while (conf_reading_step(reading))
		;
	assert_null(conf_reading_finish(reading));
	assert_true(f->problems.count != 0);
}

static void may_be_given_up(void **state)
{
	struct fixture *f = *state;
	for (int steps = 0; steps < 3; steps++) {
		struct conf_reading *reading = start(f, good);
		for (int i = 0; i < steps; i++)
			assert_true(conf_reading_step(reading));
		conf_destroy(conf_reading_finish(reading));
	}
	assert_null(conf_reading_finish(NULL));
	assert_int_equal(f->problems.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_what_reading_at_once_gives, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_with_the_problems, setup, teardown),
		cmocka_unit_test_setup_teardown(may_be_given_up, setup, teardown),
	};
	return cmocka_run_group_tests_name("conf/reading", tests, NULL, NULL);
}
