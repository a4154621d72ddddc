#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/hash.h"
#include "comfy/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct spool *spool;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
	(void)status;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void open_spool(uint64_t most)
{
	struct err err;
	spool = spool_open(folder, most, &err);
	if (spool == NULL)
		fail_msg("%s", err.text);
}

static void reopen(uint64_t most)
{
	spool_close(spool);
	open_spool(most);
}

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	(void)snprintf(folder, sizeof(folder), "/tmp/comfymux-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	open_spool(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spool_close(spool);
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Regular files of the spool but its index. */
static int files_on_disk, unfinished_on_disk;

static int count_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
	(void)status;
	const char *name = path + ftw->base;
	files_on_disk += kind == FTW_F && strncmp(name, "index.sqlite", 12) != 0;
	unfinished_on_disk += strncmp(name, "tmp-", 4) == 0;
	return 0;
}

static int count_files(void)
{
	files_on_disk = unfinished_on_disk = 0;
	assert_int_equal(nftw(folder, count_one, 16, FTW_PHYS), 0);
	return files_on_disk;
}

static int upload_as(const struct spool_want *want, const char *octets, struct spool_file **ret)
{
	struct spool_write *write = spool_write_begin(spool);
	assert_non_null(write);
	/* In two pieces. */
	size_t n = strlen(octets) / 2;
	assert_int_equal(spool_write_octets(write, (struct slice){octets, n}), 0);
	assert_int_equal(spool_write_octets(write, slice_of(octets + n)), 0);
	return spool_write_end(write, want, ret);
}

static struct spool_file *upload(const char *name, const char *octets)
{
	struct spool_want want = {.type = "input", .subfolder = "", .name = name};
	struct spool_file *file;
	assert_int_equal(upload_as(&want, octets, &file), 0);
	return file;
}

static void assert_octets(const struct spool_file *file, const char *expected)
{
	char octets[256];
	int fd = spool_file_open(spool, file);
	assert_true(fd >= 0);
	ssize_t n = read(fd, octets, sizeof(octets));
	(void)close(fd);
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(octets, expected, strlen(expected));
}

static void a_file_is_kept_under_its_name(void **state)
{
	(void)state;
	struct spool_file *file = upload("cat.png", "miau");
	assert_string_equal(file->name, "cat.png");
	assert_string_equal(
		file->digest, "85e7613fc5c2e438bda561c68d9899cf3f648badaa558b01417630f06cf104c1");
	assert_int_equal(file->bytes, 4);
	assert_ptr_equal(spool_find(spool, "input", "", "cat.png"), file);
	assert_ptr_equal(spool_find(spool, "input", "./", "cat.png"), file);
	assert_null(spool_find(spool, "temp", "", "cat.png"));
	assert_null(spool_find(spool, "input", "a", "cat.png"));
	assert_octets(file, "miau");
}

static void equal_octets_reuse_the_name(void **state)
{
	(void)state;
	struct spool_file *first = upload("cat.png", "miau");
	uint64_t version = first->version;
	assert_ptr_equal(upload("cat.png", "miau"), first);
	assert_int_equal(first->version, version);
	assert_int_equal(count_files(), 1);
}

static void other_octets_get_another_name(void **state)
{
	(void)state;
	(void)upload("cat.png", "a");
	assert_string_equal(upload("cat.png", "b")->name, "cat (1).png");
	assert_string_equal(upload("cat.png", "c")->name, "cat (2).png");
	assert_string_equal(upload("cat.png", "b")->name, "cat (1).png");
	(void)upload(".a", "a");
	assert_string_equal(upload(".a", "b")->name, ".a (1)");
	assert_int_equal(spool_stats(spool)->files, 5);
	assert_int_equal(count_files(), 3);
}

static void overwriting_changes_what_a_name_means(void **state)
{
	(void)state;
	struct spool_want want = {"input", "", "cat.png", .overwrite = true};
	struct spool_file *file = upload("cat.png", "a");
	struct spool_file *again;
	uint64_t version = file->version;
	assert_int_equal(upload_as(&want, "b", &again), 0);
	assert_ptr_equal(again, file);
	assert_true(file->version > version);
	assert_octets(file, "b");
	/* Nobody means the old ones any more. */
	assert_int_equal(count_files(), 1);
	assert_int_equal(spool_stats(spool)->bytes, 1);
}

static void octets_are_stored_once(void **state)
{
	(void)state;
	struct spool_file *a = upload("a.png", "same");
	struct spool_file *b = upload("b.png", "same");
	assert_ptr_not_equal(a, b);
	assert_int_not_equal(a->version, b->version);
	assert_int_equal(count_files(), 1);
	assert_int_equal(spool_stats(spool)->bytes, 4);
	assert_int_equal(spool_stats(spool)->deduplicated, 1);
}

static bool is_taken(void *arg, const char *subfolder, const char *name)
{
	(void)arg;
	return strcmp(subfolder, "sub") == 0 && strcmp(name, "cat.png") == 0;
}

static void names_that_workers_have_are_taken(void **state)
{
	(void)state;
	struct spool_want want = {"input", "sub//", "cat.png", false, is_taken, NULL};
	char name[SPOOL_NAME_MOST + 1];
	struct spool_file *file;
	assert_int_equal(spool_free_name(spool, &want, name), 0);
	assert_string_equal(name, "cat (1).png");
	assert_int_equal(upload_as(&want, "a", &file), 0);
	assert_string_equal(file->name, "cat (1).png");
	assert_string_equal(file->subfolder, "sub");
	want.overwrite = true;
	assert_int_equal(upload_as(&want, "a", &file), 0);
	assert_string_equal(file->name, "cat.png");
}

static void bad_names_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = {
		"", ".", "..", "a/b", "..\\a", "a\\..\\b", "\\a", "a\nb", "\xff", "/a"};
	static const char *const subfolders[] = {
		"..", "a/..", "../a", "a/../b", "/a", "a\\..", "\\a", "a\x01", "\xc3"};
	struct spool_file *file;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct spool_want want = {.type = "input", .subfolder = "", .name = names[i]};
		assert_int_equal(upload_as(&want, "x", &file), -EINVAL);
		assert_null(file);
		assert_null(spool_find(spool, "input", "", names[i]));
	}
	for (size_t i = 0; i < COUNT_OF(subfolders); i++) {
		struct spool_want want = {.type = "input", .subfolder = subfolders[i], .name = "x"};
		assert_int_equal(upload_as(&want, "x", &file), -EINVAL);
	}
	struct spool_want want = {.type = "models", .subfolder = "", .name = "x"};
	assert_int_equal(upload_as(&want, "x", &file), -EINVAL);
	assert_int_equal(count_files(), 0);
}

static void a_cancelled_write_leaves_nothing(void **state)
{
	(void)state;
	struct spool_write *write = spool_write_begin(spool);
	assert_non_null(write);
	assert_int_equal(spool_write_octets(write, SLICE("half")), 0);
	(void)count_files();
	assert_int_equal(unfinished_on_disk, 1);
	spool_write_cancel(write);
	assert_int_equal(count_files(), 0);
	assert_int_equal(spool_stats(spool)->bytes, 0);
}

static void octets_may_come_through_a_descriptor(void **state)
{
	(void)state;
	struct spool_want want = {.type = "input", .subfolder = "", .name = "m.png"};
	struct spool_write *write = spool_write_begin(spool);
	struct spool_file *file;
	assert_non_null(write);
	assert_int_equal(pwrite(spool_write_fd(write), "miau", 4, 0), 4);
	assert_int_equal(spool_write_step(write), 1);
	assert_int_equal(spool_write_step(write), 0);
	assert_int_equal(spool_write_end(write, &want, &file), 0);
	assert_string_equal(
		file->digest, "85e7613fc5c2e438bda561c68d9899cf3f648badaa558b01417630f06cf104c1");
}

static void the_longest_unused_goes_first(void **state)
{
	(void)state;
	reopen(10);
	struct spool_file *a = upload("a", "aaaa");
	(void)upload("b", "bbbb");
	spool_hold(a);
	spool_release(a); /* used just now */
	(void)upload("c", "cccc");
	assert_non_null(spool_find(spool, "input", "", "a"));
	assert_null(spool_find(spool, "input", "", "b"));
	assert_int_equal(spool_stats(spool)->bytes, 8);
	assert_int_equal(spool_stats(spool)->dropped, 1);
	assert_int_equal(count_files(), 2);
}

static void what_is_held_stays(void **state)
{
	(void)state;
	reopen(10);
	struct spool_file *a = upload("a", "aaaaaa");
	spool_hold(a);
	struct spool_write *write = spool_write_begin(spool);
	assert_non_null(write);
	assert_int_equal(spool_write_octets(write, SLICE("bbbbb")), -ENOSPC);
	spool_write_cancel(write);
	spool_release(a);
	write = spool_write_begin(spool);
	assert_non_null(write);
	assert_int_equal(spool_write_octets(write, SLICE("12345678901")), -EFBIG);
	spool_write_cancel(write);
	(void)upload("b", "bbbbb");
	assert_null(spool_find(spool, "input", "", "a"));
}

static void another_bound_counts_at_once(void **state)
{
	(void)state;
	reopen(0);
	struct spool_file *a = upload("a", "aaaa");
	(void)upload("b", "bbbb");
	spool_hold(a);
	spool_set_most(spool, 2);
	assert_non_null(spool_find(spool, "input", "", "a"));
	assert_null(spool_find(spool, "input", "", "b"));
	spool_release(a);
	spool_set_most(spool, 20);
	(void)upload("c", "cccc");
	assert_int_equal(spool_stats(spool)->bytes, 8);
}

static void all_is_there_after_a_restart(void **state)
{
	(void)state;
	(void)upload("a.png", "1");
	(void)upload("b.png", "1");
	struct spool_want want = {"temp", "clip/space", "m\xc3\xbc.png", .overwrite = true};
	struct spool_file *file;
	assert_int_equal(upload_as(&want, "22", &file), 0);
	reopen(0);
	assert_int_equal(spool_stats(spool)->files, 3);
	assert_int_equal(spool_stats(spool)->bytes, 3);
	file = spool_find(spool, "temp", "clip/space", "m\xc3\xbc.png");
	assert_non_null(file);
	assert_octets(file, "22");
	assert_octets(spool_find(spool, "input", "", "b.png"), "1");
}

static void a_start_sweeps_what_a_crash_left(void **state)
{
	(void)state;
	char path[200];
	const char *digest = upload("a", "1")->digest;
	(void)snprintf(path, sizeof(path), "%s/objects/%.2s/%s", folder, digest, digest + 2);
	(void)upload("b", "22");
	/* A name whose octets are gone, octets without a name, a write that was cut off, and what
	 * is not ours. */
	assert_int_equal(unlink(path), 0);
	path[strlen(path) - 1] ^= 1;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	static const char *const names[] = {"tmp-0123456789abcdef", "tmp-mine"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		(void)close(fd);
	}
	reopen(0);
	assert_null(spool_find(spool, "input", "", "a"));
	assert_non_null(spool_find(spool, "input", "", "b"));
	assert_int_equal(count_files(), 2);
	assert_int_equal(access(path, F_OK), 0);
}

static void octets_that_vanished_are_stored_again(void **state)
{
	(void)state;
	char path[200];
	struct spool_file *a = upload("a", "1");
	(void)snprintf(path, sizeof(path), "%s/objects/%.2s/%s", folder, a->digest, a->digest + 2);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(spool_file_open(spool, a), -ENOENT);
	(void)upload("b", "1");
	assert_octets(a, "1");
}

static void a_damaged_index_is_set_aside(void **state)
{
	(void)state;
	char path[100];
	struct err err;
	(void)upload("a", "1");
	spool_close(spool);
	(void)snprintf(path, sizeof(path), "%s/index.sqlite", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		assert_true(fputs("no database. ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	spool = spool_open(folder, 0, &err);
	assert_non_null(spool);
	assert_int_equal(spool_stats(spool)->files, 0);
	assert_int_equal(spool_stats(spool)->bytes, 0);
	(void)strcat(path, ".damaged");
	assert_int_equal(access(path, F_OK), 0);
	(void)upload("a", "2");
	reopen(0);
	assert_octets(spool_find(spool, "input", "", "a"), "2");
}

static void two_cannot_share_a_folder(void **state)
{
	(void)state;
	struct err err;
	assert_null(spool_open(folder, 0, &err));
	assert_non_null(strstr(err.text, "in use"));
	assert_null(spool_open("/proc/nowhere", 0, &err));
	assert_non_null(strstr(err.text, "/proc/nowhere"));
}

static void a_temporary_spool_leaves_nothing(void **state)
{
	(void)state;
	struct spool *kept = spool;
	struct err err;
	assert_int_equal(setenv("TMPDIR", folder, 1), 0);
	spool = spool_open("", 0, &err);
	assert_non_null(spool);
	(void)upload("a", "1");
	(void)upload("b", "2");
	assert_int_equal(count_files(), 2);
	spool_close(spool);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	spool = kept;
	assert_int_equal(count_files(), 0);
}

/* The disk takes files of up to n octets. */
static void limit_files(rlim_t n)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_takes_no_more_is_told(void **state)
{
	(void)state;
	static char octets[100000];
	struct spool_want want = {.type = "input", .subfolder = "", .name = "big"};
	struct spool_file *file;
	(void)signal(SIGXFSZ, SIG_IGN);
	struct spool_write *write = spool_write_begin(spool);
	assert_non_null(write);
	limit_files(50000);
	int error = spool_write_octets(write, (struct slice){octets, sizeof(octets)});
	int again = spool_write_octets(write, SLICE("more"));
	int last = spool_write_end(write, &want, &file);
	limit_files(RLIM_INFINITY);
	assert_int_equal(error, -EFBIG);
	assert_int_equal(again, error);
	assert_int_equal(last, error);
	assert_int_equal(count_files(), 0);
}

static void an_index_that_takes_no_more_is_told(void **state)
{
	(void)state;
	struct spool_want want = {.type = "input", .subfolder = "", .name = "small"};
	struct spool_file *file;
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)upload("before", "1");
	limit_files(1000);
	int error = upload_as(&want, "2", &file);
	limit_files(RLIM_INFINITY);
	assert_true(error == -EIO || error == -ENOSPC);
	assert_null(spool_find(spool, "input", "", "small"));
	assert_int_equal(count_files(), 1);
	assert_int_equal(spool_stats(spool)->bytes, 1);
	assert_int_equal(upload_as(&want, "2", &file), 0);
	reopen(0);
	assert_octets(spool_find(spool, "input", "", "small"), "2");
}

static void many_names_are_found(void **state)
{
	(void)state;
	char name[32];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "%d.png", i);
		(void)upload(name, "same");
	}
	reopen(0);
	assert_int_equal(spool_stats(spool)->files, 1000);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "%d.png", i);
		assert_non_null(spool_find(spool, "input", "", name));
	}
	assert_int_equal(count_files(), 1);
}

static void combos_list_what_they_can_load(void **state)
{
	(void)state;
	static const struct {
		struct slice setting;
		const char *expected;
	} lists[] = {{SLICE("image_upload"), "[\"\\\"a.PNG\",\"b.jpg\"]"},
		{SLICE("video_upload"), "[\"c.mp4\"]"},
		{SLICE("audio_upload"), "[\"c.mp4\",\"d.wav\"]"},
		{SLICE("mesh_upload"), "[\"e\",\"f.glb\"]"}};
	static const char *const names[] = {"f.glb", "b.jpg", "\"a.PNG", "c.mp4", "d.wav", "e"};
	struct spool_want elsewhere = {"input", "sub", "g.png", .overwrite = true};
	struct spool_file *file;
	assert_string_equal(spool_listing(spool, SLICE("image_upload"))->p, "[]");
	uint64_t empty = spool_names_tag(spool);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)upload(names[i], "x");
	assert_int_equal(upload_as(&elsewhere, "x", &file), 0);
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		assert_string_equal(spool_listing(spool, lists[i].setting)->p, lists[i].expected);
	uint64_t tag = spool_names_tag(spool);
	assert_true(tag != empty);
	elsewhere.subfolder = "";
	assert_int_equal(upload_as(&elsewhere, "x", &file), 0);
	assert_true(spool_names_tag(spool) != tag);
	assert_string_equal(spool_listing(spool, SLICE("image_upload"))->p,
		"[\"\\\"a.PNG\",\"b.jpg\",\"g.png\"]");
	tag = spool_names_tag(spool);
	reopen(0);
	assert_true(spool_names_tag(spool) == tag);
}

#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(a_file_is_kept_under_its_name),
		SPOOL_TEST(equal_octets_reuse_the_name),
		SPOOL_TEST(other_octets_get_another_name),
		SPOOL_TEST(overwriting_changes_what_a_name_means),
		SPOOL_TEST(octets_are_stored_once),
		SPOOL_TEST(names_that_workers_have_are_taken),
		SPOOL_TEST(bad_names_are_refused),
		SPOOL_TEST(a_cancelled_write_leaves_nothing),
		SPOOL_TEST(octets_may_come_through_a_descriptor),
		SPOOL_TEST(the_longest_unused_goes_first),
		SPOOL_TEST(what_is_held_stays),
		SPOOL_TEST(another_bound_counts_at_once),
		SPOOL_TEST(all_is_there_after_a_restart),
		SPOOL_TEST(a_start_sweeps_what_a_crash_left),
		SPOOL_TEST(octets_that_vanished_are_stored_again),
		SPOOL_TEST(a_damaged_index_is_set_aside),
		SPOOL_TEST(two_cannot_share_a_folder),
		SPOOL_TEST(a_temporary_spool_leaves_nothing),
		SPOOL_TEST(a_disk_that_takes_no_more_is_told),
		SPOOL_TEST(an_index_that_takes_no_more_is_told),
		SPOOL_TEST(many_names_are_found),
		SPOOL_TEST(combos_list_what_they_can_load),
	};
	if (hash_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
