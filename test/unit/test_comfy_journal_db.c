/* test/unit/test_comfy_journal_db.c: the journal's database, damaged, locked or without room. */
#include "test/unit/journal_help.h"

static void a_file_that_is_no_database_is_put_aside(void **state)
{
	(void)state;
	char aside[200];
	for (int n = 1; n <= 2; n++) {
		FILE *file = fopen(db_path, "w");
		for (int i = 0; i < 1000; i++)
			(void)fputs("no database at all. ", file);
		(void)fclose(file);
		assert_int_equal(load(-EUCLEAN).count, 0);
		(void)snprintf(aside, sizeof(aside), "%s.damaged-%d", db_path, n);
		assert_non_null(strstr(content_of(aside), "no database"));
	}
	assert_int_equal(load(0).count, 0);
	struct journal *journal = start();
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	journal_stop(journal);
	assert_string_equal(load(0).ids, "01 ");
}

static void what_can_be_read_of_a_damaged_one_is_kept(void **state)
{
	(void)state;
	static char noise[4096];
	struct journal *journal = start();
	for (uint32_t i = 0; i < 200; i++) {
		struct journal_job job = job_of(i);
		job.body = (struct slice){noise, 3000};
		assert_true(journal_put(journal, &job));
	}
	journal_stop(journal);
	struct stat status;
	assert_int_equal(stat(db_path, &status), 0);
	assert_true(status.st_size > 200 * 3000);
	memset(noise, 0xa5, sizeof(noise));
	int fd = open(db_path, O_WRONLY);
	assert_int_equal(pwrite(fd, noise, sizeof(noise), status.st_size / 4096 * 7 / 8 * 4096),
		sizeof(noise));
	(void)close(fd);
	struct found found = load(-EUCLEAN);
	assert_true(found.count > 0 && found.count < 200);
	uint32_t count = found.count;
	assert_int_equal(load(0).count, count);
}

static void one_of_a_newer_version_is_left_alone(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	struct err err;
	assert_int_equal(load(0).count, 0);
	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	assert_int_equal(load(-ENOTSUP).count, 0);
	assert_int_equal(journal_load(db_path, note, NULL, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "newer version"));
}

static void only_one_process_has_a_journal(void **state)
{
	(void)state;
	int one = journal_lock(db_path, 0);
	assert_true(one >= 0);
	assert_int_equal(journal_lock(db_path, 20), -EBUSY);
	(void)close(one);
	one = journal_lock(db_path, 0);
	assert_true(one >= 0);
	(void)close(one);
	assert_int_equal(journal_lock("/nowhere/at/all", 0), -ENOENT);
}

static void only_the_owner_may_read_it(void **state)
{
	(void)state;
	struct stat status;
	(void)load(0);
	assert_int_equal(stat(db_path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void full_waits_for_the_disk_and_normal_does_not(void **state)
{
	(void)state;
	struct journal_db *db = NULL;
	struct err err;
	assert_int_equal(journal_db_open(&db, db_path, &err), 0);
	assert_int_equal(journal_db_set_full(db, true, &err), 0);
	assert_int_equal(journal_db_synchronous(db), 2);
	assert_int_equal(journal_db_set_full(db, false, &err), 0);
	assert_int_equal(journal_db_synchronous(db), 1);
	journal_db_close(db);
	/* Changing it on the way loses nothing. */
	struct journal *journal = start();
	for (uint32_t i = 0; i < 20; i++) {
		struct journal_job job = job_of(i);
		journal_set_full(journal, i % 3 == 0);
		assert_true(journal_put(journal, &job));
		if (i % 5 == 0)
			turn_once();
	}
	assert_true(is_written(journal));
	journal_stop(journal);
	assert_int_equal(load(0).count, 20);
}

static uint32_t count_of(const char *text, const char *word)
{
	uint32_t count = 0;
	for (; (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

static void what_cannot_be_written_is_told_and_written_later(void **state)
{
	(void)state;
	char inside[200];
	(void)snprintf(inside, sizeof(inside), "%s/not-yet", folder);
	(void)snprintf(db_path, sizeof(db_path), "%s/not-yet/journal", folder);
	struct journal *journal = start();
	for (uint32_t i = 0; i < 3; i++) {
		struct journal_job job = job_of(i);
		assert_true(journal_put(journal, &job));
		assert_false(is_written(journal));
	}
	assert_true(journal_stats(journal)->failures > 0);
	assert_int_equal(mkdir(inside, 0700), 0);
	write_at_last(journal);
	journal_stop(journal);
	assert_int_equal(load(0).count, 3);
	assert_int_equal(count_of(content_of(log_path), "event=journal_failed"), 1);
	assert_int_equal(count_of(content_of(log_path), "event=journal_works"), 1);
}

static void a_full_disk_passes(void **state)
{
	(void)state;
	static char body[1 << 20];
	struct rlimit before;
	struct rlimit tight;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = 200 << 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	struct journal *journal = start(); /* its children inherit the limit */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal));
	memset(body, 'z', sizeof(body));
	job = job_of(2);
	job.body = (struct slice){body, sizeof(body)};
	assert_true(journal_put(journal, &job));
	assert_false(is_written(journal));
	job = job_of(3);
	assert_true(journal_put(journal, &job));
	assert_true(journal_forget(journal, SLICE("0f1e2d3c-4b5a-4678-9abc-def012000001")));
	write_at_last(journal);
	journal_stop(journal);
	struct found found = load(0);
	assert_string_equal(found.ids, "02 03 ");
	assert_int_equal(found.bytes, sizeof(body) + 14);
	assert_int_equal(count_of(content_of(log_path), "event=journal_failed"), 1);
	assert_int_equal(count_of(content_of(log_path), "event=journal_works"), 1);
}

/* -- bounds -- */

static void what_waits_is_bounded_and_forgetting_is_not_refused(void **state)
{
	(void)state;
	static char body[10000];
	struct journal *journal = start();
	struct journal_job job;
	uint32_t count = 0;
	journal->waiting_most = 1 << 20;
	assert_int_equal(kill(journal->child, SIGSTOP), 0);
	for (;; count++) {
		job = job_of(count);
		job.body = (struct slice){body, sizeof(body)};
		if (!journal_put(journal, &job))
			break;
		turn_once();
		assert_true(journal_stats(journal)->waiting_bytes <= (1 << 20) + 1000);
	}
	assert_int_equal(count, (1 << 20) / 10224);
	job = job_of(0);
	assert_true(journal_forget(journal, job.id));
	assert_int_equal(kill(journal->child, SIGCONT), 0);
	assert_true(is_written(journal));
	assert_int_equal(journal_stats(journal)->waiting_bytes, 0);
	journal_stop(journal);
	assert_int_equal(load(0).count, count - 1);
}

static void without_memory_a_put_is_refused_and_the_rest_goes_on(void **state)
{
	(void)state;
	struct err err;
	struct journal *journal = NULL;
	for (long nth = 0; journal == NULL; nth++) {
		left = nth;
		has_failed = false;
		journal = journal_start(db_path, false, &err);
		left = -1;
		assert_true(has_failed == (journal == NULL));
	}
	uint32_t kept = 0;
	static char body[20000];
	for (long nth = 0; nth < 12; nth++) {
		left = nth % 3;
		struct journal_job job = job_of((uint32_t)nth);
		bool is_put = journal_put(journal, &job);
		kept += is_put;
		job = job_of((uint32_t)nth + 20);
		job.body = (struct slice){body, sizeof(body)};
		kept += journal_put(journal, &job);
		left = -1;
		assert_true(is_put == (nth % 3 == 2) || nth % 3 == 1);
		turn_once();
	}
	write_at_last(journal);
	journal_stop(journal);
	assert_true(kept > 4 && kept < 24);
	assert_int_equal(load(0).count, kept);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_file_that_is_no_database_is_put_aside),
		T(what_can_be_read_of_a_damaged_one_is_kept),
		T(one_of_a_newer_version_is_left_alone),
		T(only_one_process_has_a_journal),
		T(only_the_owner_may_read_it),
		T(full_waits_for_the_disk_and_normal_does_not),
		T(what_cannot_be_written_is_told_and_written_later),
		T(a_full_disk_passes),
		T(what_waits_is_bounded_and_forgetting_is_not_refused),
		T(without_memory_a_put_is_refused_and_the_rest_goes_on),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
