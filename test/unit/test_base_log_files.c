#include "test/unit/file_help.h"

#include "base/log.h"

#include <errno.h>
#include <sys/stat.h>

static void open_two(enum log_level first, enum log_level second)
{
	struct err err = {""};
	const struct log_target targets[] = {{path, first}, {other_path, second}};
	const char *const paths[] = {path, other_path};
	if (log_open_nginx(targets, 2, paths, 2, &err) != 0)
		fail_msg("%s", err.text);
}

static int end(void **state)
{
	log_close();
	return folder_teardown(state);
}

/* Behind "2026/11/21 20:07:14 [LEVEL] 123#123: ", which must stand there. */
static const char *behind_head(const char *line, const char *level)
{
	char head[64];
	static const char shape[] = "0000/00/00 00:00:00 ";
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		bool is_digit = line[i] >= '0' && line[i] <= '9';
		if (shape[i] == '0' ? !is_digit : line[i] != shape[i])
			fail_msg("%s", line);
	}
	line += sizeof(shape) - 1;
	int n = snprintf(
		head, sizeof(head), "[%s] %ld#%ld: ", level, (long)getpid(), (long)getpid());
	if (strncmp(line, head, (size_t)n) != 0)
		fail_msg("%s", line);
	return line + n;
}

static void a_line_has_nginx_s_form(void **state)
{
	(void)state;
	open_two(LOG_NOTICE, LOG_CRIT);
	assert_true(log_is_nginx());
	log_nginx(LOG_NOTICE, "signal %d received", 1);
	log_nginx(LOG_INFO, "left out");
	assert_string_equal(behind_head(content_of(path), "notice"), "signal 1 received\n");
	assert_string_equal(content_of(other_path), "");
}

static void an_event_is_a_text_there(void **state)
{
	(void)state;
	open_two(LOG_INFO, LOG_CRIT);
	log_info("listening", "address=%s n=%d", "127.0.0.1:1", 2);
	log_debug("left_out", "n=%d", 1);
	assert_string_equal(
		behind_head(content_of(path), "info"), "listening: address=127.0.0.1:1 n=2\n");
}

static void each_target_has_its_level(void **state)
{
	(void)state;
	open_two(LOG_ERROR, LOG_DEBUG);
	assert_int_equal(log_level, LOG_DEBUG);
	log_nginx(LOG_DEBUG, "a");
	log_nginx(LOG_ERROR, "b");
	assert_string_equal(behind_head(content_of(path), "error"), "b\n");
	const char *text = content_of(other_path);
	assert_non_null(strstr(text, "[debug]"));
	assert_non_null(strstr(text, ": b\n"));
}

static void targets_of_its_own_replace_the_main_ones(void **state)
{
	const struct log_target own[] = {{other_path, LOG_INFO}};
	const struct log_target closed[] = {{"/nowhere", LOG_INFO}};
	(void)state;
	open_two(LOG_ERROR, LOG_EMERG);
	assert_true(log_has_target(own, 1, LOG_INFO));
	assert_false(log_has_target(own, 1, LOG_DEBUG));
	assert_false(log_has_target(NULL, 0, LOG_WARN));
	log_nginx_to(own, 1, LOG_INFO, "own");
	assert_string_equal(behind_head(content_of(other_path), "info"), "own\n");
	assert_string_equal(content_of(path), "");
	log_nginx_to(closed, 1, LOG_ERROR, "old");
	assert_string_equal(behind_head(content_of(path), "error"), "old\n");
}

static void files_are_kept_and_closed_by_their_paths(void **state)
{
	struct err err = {""};
	const struct log_target one[] = {{path, LOG_INFO}};
	const char *const paths[] = {path};
	(void)state;
	open_two(LOG_INFO, LOG_INFO);
	log_nginx(LOG_INFO, "both");
	assert_int_equal(log_open_nginx(one, 1, paths, 1, &err), 0);
	log_nginx(LOG_INFO, "one");
	assert_non_null(strstr(content_of(path), ": both\n"));
	assert_non_null(strstr(content_of(path), ": one\n"));
	assert_null(strstr(content_of(other_path), ": one\n"));
}

static void one_that_cannot_be_opened_changes_nothing(void **state)
{
	struct err err = {""};
	const struct log_target bad[] = {{other_path, LOG_INFO}, {"/nowhere/x", LOG_INFO}};
	const char *const paths[] = {other_path, "/nowhere/x"};
	struct stat about;
	(void)state;
	const struct log_target one[] = {{path, LOG_INFO}};
	const char *const good[] = {path};
	assert_int_equal(log_open_nginx(one, 1, good, 1, &err), 0);
	assert_int_equal(log_open_nginx(bad, 2, paths, 2, &err), -ENOENT);
	assert_string_equal(
		err.text, "open() \"/nowhere/x\" failed (2: No such file or directory)");
	log_nginx(LOG_INFO, "still");
	assert_string_equal(behind_head(content_of(path), "info"), "still\n");
	assert_int_equal(stat(other_path, &about), 0);
	assert_int_equal(about.st_size, 0);
}

static void renamed_files_are_opened_anew(void **state)
{
	struct err err = {""};
	char moved[160];
	(void)state;
	open_two(LOG_INFO, LOG_EMERG);
	(void)snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(rename(path, moved), 0);
	log_nginx(LOG_INFO, "old");
	assert_int_equal(log_reopen(&err), 0);
	log_nginx(LOG_INFO, "new");
	assert_string_equal(behind_head(content_of(path), "info"), "new\n");
	assert_string_equal(behind_head(content_of(moved), "info"), "old\n");
	assert_int_equal(unlink(moved), 0);
}

static void a_long_line_is_cut_and_ends(void **state)
{
	char text[5000];
	(void)state;
	open_two(LOG_INFO, LOG_EMERG);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_nginx(LOG_INFO, "%s", text);
	const char *line = content_of(path);
	size_t n = strlen(line);
	assert_true(n <= 2048 && n > 2000);
	assert_int_equal(line[n - 1], '\n');
}

static void the_other_form_has_no_targets(void **state)
{
	struct err err = {""};
	(void)state;
	assert_int_equal(log_open(path, LOG_DEBUG, &err), 0);
	assert_false(log_is_nginx());
	assert_false(log_has_target(NULL, 0, LOG_EMERG));
	log_nginx(LOG_EMERG, "nothing");
	assert_string_equal(content_of(path), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_has_nginx_s_form),
		TEST(an_event_is_a_text_there),
		TEST(each_target_has_its_level),
		TEST(targets_of_its_own_replace_the_main_ones),
		TEST(files_are_kept_and_closed_by_their_paths),
		TEST(one_that_cannot_be_opened_changes_nothing),
		TEST(renamed_files_are_opened_anew),
		TEST(a_long_line_is_cut_and_ends),
		TEST(the_other_form_has_no_targets),
	};
	return cmocka_run_group_tests_name("base/log_files", tests, NULL, NULL);
}
