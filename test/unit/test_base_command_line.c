/* test/unit/test_base_command_line.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/command_line.h"

#include <errno.h>
#include <signal.h>

#define WORDS_MOST 12

/* `text` is the command line without the program's name, its words parted by blanks. */
static int parse(struct command_line *ret_line, const char *text, struct err *err)
{
	static char room[256];
	static char name[] = "comfymux";
	char *argv[WORDS_MOST] = {name};
	char *rest = NULL;
	int argc = 1;
	assert_true(strlen(text) < sizeof(room));
	strcpy(room, text);
	for (char *word = strtok_r(room, " ", &rest); word != NULL;
		word = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < WORDS_MOST - 1);
		argv[argc++] = word;
	}
	return command_line_parse(ret_line, argc, argv, err);
}

static struct command_line parsed(const char *text)
{
	struct command_line line;
	struct err err = {""};
	if (parse(&line, text, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return line;
}

static void nothing_said_serves_the_usual_file(void **state)
{
	(void)state;
	struct command_line line = parsed("");
	assert_int_equal(line.command, COMMAND_SERVE);
	assert_string_equal(line.file, "/etc/comfymux/comfymux.conf");
	assert_null(line.prefix);
	assert_false(line.no_splice || line.short_io);
	assert_int_equal(line.fail_alloc, 0);
}

static void each_option_is_understood(void **state)
{
	(void)state;
	assert_string_equal(parsed("-c x.conf").file, "x.conf");
	assert_string_equal(parsed("-cx.conf").file, "x.conf");
	assert_string_equal(parsed("-p /srv").prefix, "/srv");
	assert_int_equal(parsed("-t").command, COMMAND_CHECK);
	assert_int_equal(parsed("-T").command, COMMAND_DUMP);
	assert_int_equal(parsed("-v").command, COMMAND_VERSION);
	assert_int_equal(parsed("-V").command, COMMAND_VERSIONS);
	assert_int_equal(parsed("-h").command, COMMAND_HELP);
	assert_int_equal(parsed("-?").command, COMMAND_HELP);
	assert_int_equal(parsed("--to-native").command, COMMAND_NATIVE);
	assert_string_equal(parsed("-e x.log").error_log, "x.log");
	assert_string_equal(parsed("-g daemon;").globals, "daemon;");
	assert_null(parsed("-t").error_log);
	assert_null(parsed("-t").globals);
	assert_false(parsed("-t").is_quiet);
	assert_true(parsed("-tq").is_quiet);
	assert_true(parsed("-q -T").is_quiet);
	assert_int_equal(parsed("-tc x.conf").command, COMMAND_CHECK);
	assert_string_equal(parsed("-tc x.conf").file, "x.conf");
	assert_string_equal(parsed("-c -t").file, "-t");
}

static void each_word_of_s_is_a_signal(void **state)
{
	static const struct {
		const char *text, *word;
		int number;
	} cases[] = {
		{"-s reload", "reload", SIGHUP},
		{"-s stop", "stop", SIGTERM},
		{"-s quit", "quit", SIGQUIT},
		{"-s reopen", "reopen", SIGUSR1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct command_line line = parsed(cases[i].text);
		assert_int_equal(line.command, COMMAND_SIGNAL);
		assert_int_equal(line.signal, cases[i].number);
		assert_string_equal(line.word, cases[i].word);
	}
}

static void switches_add_up(void **state)
{
	(void)state;
	struct command_line line = parsed("-d shortio -d failalloc=100 -d nosplice");
	assert_true(line.no_splice && line.short_io);
	assert_int_equal(line.fail_alloc, 100);
	assert_int_equal(line.command, COMMAND_SERVE);
}

static void questions_about_the_program_win(void **state)
{
	(void)state;
	assert_int_equal(parsed("-h -t").command, COMMAND_HELP);
	assert_int_equal(parsed("-v -s stop").command, COMMAND_VERSION);
}

static void nonsense_is_refused_with_a_reason(void **state)
{
	static const char *const cases[][2] = {
		{"-x", "invalid option: \"x\""},
		{"-c", "option \"-c\" requires file name"},
		{"-t -c", "option \"-c\" requires file name"},
		{"file.conf", "invalid option: \"file.conf\""},
		{"-t file.conf -x", "\"file.conf\""},
		{"-s restart", "invalid option: \"-s restart\""},
		{"-s", "option \"-s\" requires parameter"},
		{"-p", "option \"-p\" requires directory name"},
		{"-d fast", "\"fast\""},
		{"-d failalloc=", "failalloc="},
		{"-d failalloc=0", "failalloc=0"},
		{"-d failalloc=-1", "failalloc=-1"},
		{"-d failalloc=1x", "failalloc=1x"},
		{"-d failalloc=99999999999", "failalloc=99999999999"},
		{"--help", "invalid option: \"-\""},
		{"-", "\"-\""},
		{"-tx", "invalid option: \"x\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct command_line line;
		struct err err = {""};
		assert_int_equal(parse(&line, cases[i][0], &err), -EINVAL);
		if (strstr(err.text, cases[i][1]) == NULL)
			fail_msg("%s: \"%s\" does not say %s", cases[i][0], err.text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_serves_the_usual_file),
		cmocka_unit_test(each_option_is_understood),
		cmocka_unit_test(each_word_of_s_is_a_signal),
		cmocka_unit_test(switches_add_up),
		cmocka_unit_test(questions_about_the_program_win),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
	};
	return cmocka_run_group_tests_name("base/command_line", tests, NULL, NULL);
}
