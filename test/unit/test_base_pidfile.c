/* test/unit/test_base_pidfile.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char path[96];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/comfymux-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/x.pid", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder); /* nothing else was left there */
}

/* What pidfile_find says to another process: a process is never in the way of its own locks. */
static pid_t found_by_another(void)
{
	int ends[2];
	pid_t pid = -1;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		if (pidfile_find(&pid, path, NULL) != 0)
			pid = 0;
		_exit(write(ends[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : 1);
	}
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return pid;
}

static void says_who_we_are_while_we_live(void **state)
{
	(void)state;
	struct pidfile file = {0};
	char text[32] = "";
	long pid = 0;
	assert_int_equal(pidfile_write(&file, path, NULL), 0);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	assert_non_null(fgets(text, sizeof(text), in));
	pid = strtol(text, NULL, 10);
	(void)fclose(in);
	assert_int_equal(pid, getpid());
	pidfile_remove(&file);
	assert_int_equal(access(path, F_OK), -1);
	pidfile_remove(&file);
}

static void another_process_finds_the_holder(void **state)
{
	(void)state;
	struct pidfile file = {0};
	assert_int_equal(pidfile_write(&file, path, NULL), 0);
	assert_int_equal(found_by_another(), getpid());
	pidfile_remove(&file);
	assert_int_equal(found_by_another(), 0);
}

/* A child writes the file and dies without taking it away. */
static void leave_one_behind(void)
{
	pid_t child = fork();
	if (child == 0) {
		struct pidfile file;
		_exit(pidfile_write(&file, path, NULL) == 0 ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(access(path, F_OK), 0);
}

static void one_left_behind_is_nobody_and_is_replaced(void **state)
{
	(void)state;
	struct pidfile file = {0};
	struct err err = {""};
	pid_t pid;
	leave_one_behind();
	assert_int_equal(pidfile_find(&pid, path, &err), -ESRCH);
	assert_non_null(strstr(err.text, "not running"));
	assert_int_equal(pidfile_write(&file, path, NULL), 0);
	assert_int_equal(found_by_another(), getpid());
	pidfile_remove(&file);
}

static void a_second_program_is_refused(void **state)
{
	(void)state;
	struct pidfile file = {0};
	assert_int_equal(pidfile_write(&file, path, NULL), 0);
	pid_t child = fork();
	if (child == 0) {
		struct pidfile second;
		struct err err = {""};
		int rc = pidfile_write(&second, path, &err);
		_exit(rc == -EEXIST && strstr(err.text, "already running") != NULL ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(found_by_another(), getpid());
	pidfile_remove(&file);
}

static void one_that_is_not_ours_any_more_stays(void **state)
{
	(void)state;
	struct pidfile file = {0};
	assert_int_equal(pidfile_write(&file, path, NULL), 0);
	assert_int_equal(unlink(path), 0);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	pidfile_remove(&file);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	struct pidfile file = {0};
	struct err err = {""};
	assert_int_equal(pidfile_write(&file, "/nonexistent/x.pid", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/x.pid"));
	pidfile_remove(&file);
}

static void one_that_was_moved_is_still_ours(void **state)
{
	(void)state;
	struct pidfile file = {0};
	struct err err = {""};
	char aside[128];
	(void)snprintf(aside, sizeof(aside), "%s.oldbin", path);
	assert_int_equal(pidfile_write(&file, path, &err), 0);
	assert_int_equal(pidfile_move(&file, "/nonexistent/x", &err), -ENOENT);
	assert_int_equal(found_by_another(), getpid());
	assert_int_equal(pidfile_move(&file, aside, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(found_by_another(), 0);
	assert_int_equal(pidfile_move(&file, path, &err), 0);
	assert_int_equal(found_by_another(), getpid());
	pidfile_remove(&file);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_who_we_are_while_we_live, setup, teardown),
		cmocka_unit_test_setup_teardown(another_process_finds_the_holder, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_left_behind_is_nobody_and_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_program_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_is_not_ours_any_more_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_was_moved_is_still_ours, setup, teardown),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
	};
	return cmocka_run_group_tests_name("base/pidfile", tests, NULL, NULL);
}
