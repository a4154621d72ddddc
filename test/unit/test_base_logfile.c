#include "test/unit/file_help.h"

#include "base/logfile.h"

#include <errno.h>
#include <sys/stat.h>

static struct logfile file;

static void open_file(bool is_buffered)
{
	struct err err = {""};
	if (logfile_open(&file, path, is_buffered, &err) != 0)
		fail_msg("%s", err.text);
}

static void put(const char *line)
{
	logfile_write(&file, line, strlen(line));
}

static void lines_are_appended(void **state)
{
	(void)state;
	open_file(false);
	put("one\n");
	assert_string_equal(content_of(path), "one\n");
	logfile_close(&file);
	open_file(false);
	put("two\n");
	logfile_close(&file);
	assert_string_equal(content_of(path), "one\ntwo\n");
}

static void buffered_lines_wait_for_a_flush(void **state)
{
	(void)state;
	open_file(true);
	put("one\n");
	put("two\n");
	assert_string_equal(content_of(path), "");
	logfile_flush(&file);
	assert_string_equal(content_of(path), "one\ntwo\n");
	assert_int_equal(file.written_bytes, 8);
	put("three\n");
	logfile_close(&file);
	assert_string_equal(content_of(path), "one\ntwo\nthree\n");
}

static void a_full_buffer_is_written_and_order_is_kept(void **state)
{
	static char line[LOGFILE_WAIT + 2];
	(void)state;
	open_file(true);
	put("first\n");
	memset(line, 'x', LOGFILE_WAIT - 1);
	strcpy(line + LOGFILE_WAIT - 1, "\n");
	put(line);
	assert_string_equal(content_of(path), "first\n");
	/* One that does not fit any buffer does not overtake. */
	strcpy(line + LOGFILE_WAIT, "\n");
	line[LOGFILE_WAIT - 1] = 'y';
	put(line);
	put("last\n");
	logfile_close(&file);
	const char *text = content_of(path);
	assert_int_equal(strlen(text), 6 + LOGFILE_WAIT + LOGFILE_WAIT + 1 + 5);
	assert_int_equal(text[6 + LOGFILE_WAIT - 1], '\n');
	assert_string_equal(text + 6 + 2 * LOGFILE_WAIT - 1, "y\nlast\n");
}

static void reopening_follows_the_name(void **state)
{
	(void)state;
	open_file(true);
	put("old\n");
	assert_int_equal(rename(path, other_path), 0);
	assert_int_equal(logfile_reopen(&file, NULL), 0);
	put("new\n");
	logfile_close(&file);
	assert_string_equal(content_of(other_path), "old\n");
	assert_string_equal(content_of(path), "new\n");
}

static void a_failed_reopening_keeps_the_old_file(void **state)
{
	struct err err = {""};
	(void)state;
	open_file(false);
	assert_int_equal(rename(path, other_path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(logfile_reopen(&file, &err), -EISDIR);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(rmdir(path), 0);
	put("still\n");
	logfile_close(&file);
	assert_string_equal(content_of(other_path), "still\n");
}

static void a_file_that_cannot_be_opened_drops_and_counts(void **state)
{
	struct err err = {""};
	char bad[160];
	(void)state;
	(void)snprintf(bad, sizeof(bad), "%s/no/log", folder);
	assert_int_equal(logfile_open(&file, bad, true, &err), -ENOENT);
	assert_non_null(strstr(err.text, bad));
	put("one\n");
	put("two\n");
	logfile_flush(&file);
	assert_int_equal(file.dropped_lines, 2);
	assert_int_equal(file.written_bytes, 0);
	/* Once the folder is there, the next try works. */
	*strrchr(bad, '/') = '\0';
	assert_int_equal(mkdir(bad, 0700), 0);
	assert_int_equal(logfile_reopen(&file, &err), 0);
	put("three\n");
	logfile_flush(&file);
	assert_int_equal(file.last_errno, 0);
	assert_string_equal(content_of(file.path), "three\n");
	assert_int_equal(unlink(file.path), 0);
	assert_int_equal(rmdir(bad), 0);
	logfile_close(&file);
}

static void a_full_disk_costs_lines_and_nothing_else(void **state)
{
	struct err err = {""};
	(void)state;
	if (access("/dev/full", W_OK) != 0) {
		print_message("skipped: there is no /dev/full here\n");
		skip();
	}
	assert_int_equal(logfile_open(&file, "/dev/full", true, &err), 0);
	put("one\n");
	put("two\n");
	logfile_flush(&file);
	assert_int_equal(file.dropped_lines, 2);
	assert_int_equal(file.last_errno, ENOSPC);
	put("three\n");
	logfile_close(&file);
}

static void closing_is_safe_at_any_time(void **state)
{
	struct logfile zeroed = {0};
	(void)state;
	logfile_close(&zeroed);
	logfile_close(&zeroed);
	open_file(false);
	logfile_close(&file);
	logfile_close(&file);
	put("nobody sees this\n");
	assert_string_equal(content_of(path), "");
	/* Descriptor 2 is not ours to close. */
	assert_int_equal(logfile_open(&file, "stderr", false, NULL), 0);
	assert_int_equal(logfile_reopen(&file, NULL), 0);
	logfile_close(&file);
	assert_int_equal(write(STDERR_FILENO, "", 0), 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(lines_are_appended),
		IN_FOLDER(buffered_lines_wait_for_a_flush),
		IN_FOLDER(a_full_buffer_is_written_and_order_is_kept),
		IN_FOLDER(reopening_follows_the_name),
		IN_FOLDER(a_failed_reopening_keeps_the_old_file),
		IN_FOLDER(a_file_that_cannot_be_opened_drops_and_counts),
		IN_FOLDER(a_full_disk_costs_lines_and_nothing_else),
		IN_FOLDER(closing_is_safe_at_any_time),
	};
	return cmocka_run_group_tests_name("base/logfile", tests, NULL, NULL);
}
