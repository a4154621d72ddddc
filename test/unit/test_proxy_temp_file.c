/* test/unit/test_proxy_temp_file.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/stats.h"
#include "proxy/temp_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/comfymux-test-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void a_file_without_name_keeps_what_is_written(void **state)
{
	(void)state;
	char got[8];
	size_t n;
	struct stat stat;
	int fd = temp_file_open(&(struct temp_folder){folder, {0}});
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_nlink, 0);
	assert_int_equal(stat.st_mode & 0777, 0600);
	assert_int_equal(temp_file_write(fd, 3, "abc", 3, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(temp_file_read(fd, 4, got, sizeof(got)), 2);
	assert_memory_equal(got, "bc", 2);
	assert_int_equal(temp_file_read(fd, 6, got, sizeof(got)), 0);
	assert_int_equal(proxy_stats.temp_files_now, 1);
	temp_file_close(fd);
	temp_file_close(-1);
	assert_int_equal(proxy_stats.temp_files_now, 0);
}

static void a_missing_folder_is_made(void **state)
{
	(void)state;
	char below[80];
	(void)snprintf(below, sizeof(below), "%s/below", folder);
	int fd = temp_file_open(&(struct temp_folder){below, {0}});
	assert_true(fd >= 0);
	temp_file_close(fd);
	assert_int_equal(rmdir(below), 0);
}

static void names_stand_in_levels_of_their_last_digits(void **state)
{
	(void)state;
	char path[TEMP_PATH_ROOM], want[200];
	struct stat stat_now;
	int fd = temp_file_open_named(&(struct temp_folder){folder, {1, 2}}, path);
	assert_true(fd >= 0);
	const char *digits = strrchr(path, '/') + 1;
	assert_int_equal(strlen(digits), 10);
	(void)snprintf(
		want, sizeof(want), "%s/%.1s/%.2s/%s", folder, digits + 9, digits + 7, digits);
	assert_string_equal(path, want);
	assert_int_equal(stat(path, &stat_now), 0);
	temp_file_close(fd);
	assert_int_equal(unlink(path), 0);
	for (int i = 0; i < 2; i++) {
		*strrchr(path, '/') = '\0';
		assert_int_equal(rmdir(path), 0);
	}
}

static void a_name_that_is_taken_is_not_used(void **state)
{
	(void)state;
	char one[TEMP_PATH_ROOM], two[TEMP_PATH_ROOM], next[200];
	struct temp_folder where = {folder, {0}};
	int first = temp_file_open_named(&where, one);
	assert_true(first >= 0);
	(void)snprintf(next, sizeof(next), "%s/%010ld", folder,
		strtol(strrchr(one, '/') + 1, NULL, 10) + 1);
	FILE *file = fopen(next, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	int second = temp_file_open_named(&where, two);
	assert_true(second >= 0);
	assert_string_not_equal(two, next);
	temp_file_close(first);
	temp_file_close(second);
	assert_int_equal(unlink(one) | unlink(two) | unlink(next), 0);
}

static void failures_are_counted(void **state)
{
	(void)state;
	char path[TEMP_PATH_ROOM];
	uint64_t before = proxy_stats.temp_failures;
	struct temp_folder where = {"/dev/null", {0}};
	assert_int_equal(temp_file_open(&where), -ENOTDIR);
	assert_int_equal(temp_file_open_named(&where, path), -ENOTDIR);
	assert_int_equal(proxy_stats.temp_failures, before + 2);
	size_t n;
	assert_int_equal(temp_file_write(-1, 0, "x", 1, &n), -EBADF);
	assert_int_equal(n, 0);
	assert_int_equal(temp_file_read(-1, 0, path, 1), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_without_name_keeps_what_is_written),
		TEST(a_missing_folder_is_made),
		TEST(names_stand_in_levels_of_their_last_digits),
		TEST(a_name_that_is_taken_is_not_used),
		TEST(failures_are_counted),
	};
	return cmocka_run_group_tests_name("proxy/temp_file", tests, NULL, NULL);
}
