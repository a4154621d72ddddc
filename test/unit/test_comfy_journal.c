/* test/unit/test_comfy_journal.c: jobs on disk, whoever dies meanwhile. */
#include "base/log.h"
#include "comfy/journal_db.h"
#include "comfy/journal_parts.h"
#include "test/unit/file_help.h"
#include "test/unit/loop_help.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static long left = -1; /* allocations until one fails; -1: none does */
static bool has_failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails_now(void)
{
	if (left < 0 || left-- != 0)
		return false;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails_now() ? NULL : __real_realloc(p, n);
}

static char db_path[160];
static char log_path[160];

static int setup(void **state)
{
	if (folder_setup(state) != 0 || loop_start() != 0)
		return -1;
	(void)snprintf(db_path, sizeof(db_path), "%s/journal", folder);
	(void)snprintf(log_path, sizeof(log_path), "%s/errors", folder);
	return log_open(log_path, LOG_INFO, NULL);
}

static void empty_folder(const char *name)
{
	char inside[600];
	DIR *dir = opendir(name);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		(void)snprintf(inside, sizeof(inside), "%s/%s", name, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(inside) != 0) {
			empty_folder(inside);
			(void)rmdir(inside);
		}
	}
	if (dir != NULL)
		(void)closedir(dir);
}

static int teardown(void **state)
{
	(void)state;
	loop_finish();
	log_close();
	empty_folder(folder);
	return rmdir(folder);
}

static struct journal *start(void)
{
	struct err err;
	struct journal *journal = journal_start(db_path, false, &err);
	if (journal == NULL)
		fail_msg("%s", err.text);
	return journal;
}

static char id_text[40];

static struct journal_job job_of(uint32_t n)
{
	static char number[20];
	(void)snprintf(id_text, sizeof(id_text), "0f1e2d3c-4b5a-4678-9abc-def012%06u", n);
	(void)snprintf(number, sizeof(number), "%u", n);
	return (struct journal_job){
		.id = slice_of(id_text),
		.client_id = SLICE("client"),
		.number = slice_of(number),
		.body = SLICE("{\"prompt\": {}}"),
		.seq = n,
	};
}

struct waiting {
	struct journal_wait wait;
	bool is_told, is_safe;
};

static void on_done(struct journal_wait *wait, bool is_safe)
{
	struct waiting *waiting = CONTAINER_OF(wait, struct waiting, wait);
	waiting->is_told = true;
	waiting->is_safe = is_safe;
}

/* Whether what was put until now got safe. */
static bool is_written(struct journal *journal)
{
	struct waiting waiting = {.wait = {.on_done = on_done}};
	journal_wait(journal, &waiting.wait);
	assert_false(waiting.is_told);
	turn_once(); /* the end of the turn that put something */
	TURN_UNTIL(waiting.is_told);
	return waiting.is_safe;
}

/* Tries anew until it is. */
static void write_at_last(struct journal *journal)
{
	while (!is_written(journal)) {
		uint64_t before = journal->stats.commits + journal->stats.restarts;
		TURN_UNTIL(journal->stats.commits + journal->stats.restarts != before);
	}
}

struct found {
	char ids[200]; /* the last two digits of each */
	uint32_t count;
	uint64_t bytes, last_seq;
	uint32_t most;
};

static bool note(void *arg, const struct journal_job *job)
{
	struct found *found = arg;
	assert_int_equal(job->id.n, 36);
	assert_true(found->count == 0 || job->seq >= found->last_seq);
	if (found->count < 30)
		(void)snprintf(found->ids + strlen(found->ids), 10, "%.2s ", job->id.p + 34);
	found->last_seq = job->seq;
	found->bytes += job->body.n;
	return ++found->count != found->most;
}

static struct found load(int want)
{
	struct found found = {.count = 0};
	struct err err = {.text = ""};
	int rc = journal_load(db_path, note, &found, &err);
	if (rc != want)
		fail_msg("%d: %s", rc, err.text);
	return found;
}

/* -- what comes back -- */

static struct journal_job copy;
static char copied[10][64];

static bool take_copy(void *arg, const struct journal_job *job)
{
	struct slice all[] = {job->id, job->client_id, job->cookie, job->ip, job->number,
		job->capability, job->worker_node, job->worker_id, job->body};
	(void)arg;
	copy = *job;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		memcpy(copied[i], all[i].p, all[i].n);
		copied[i][all[i].n] = '\0';
	}
	return true;
}

static void a_job_comes_back_as_it_was_put(void **state)
{
	(void)state;
	struct journal *journal = start();
	struct journal_job job = {
		.id = SLICE("0f1e2d3c-4b5a-4678-9abc-def012345678"),
		.client_id = SLICE("me\xff\"'"),
		.cookie = SLICE("c00kie"),
		.ip = SLICE("2001:db8::1"),
		.number = SLICE("-1.5"),
		.capability = SLICE("video"),
		.worker_node = SLICE("gpu1"),
		.worker_id = SLICE("theirs"),
		.body = SLICE("{\"a\0b\": 1}"),
		.seq = UINT64_C(1) << 60,
		.created_wall_ms = UINT64_C(1795300000000),
		.priority = -7,
		.crashes = 2,
		.had_secrets = true,
		.is_running = true,
	};
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal));
	journal_stop(journal);
	assert_int_equal(journal_load(db_path, take_copy, NULL, NULL), 0);
	assert_string_equal(copied[1], "me\xff\"'");
	assert_string_equal(copied[2], "c00kie");
	assert_string_equal(copied[3], "2001:db8::1");
	assert_string_equal(copied[4], "-1.5");
	assert_string_equal(copied[5], "video");
	assert_string_equal(copied[6], "gpu1");
	assert_string_equal(copied[7], "theirs");
	assert_int_equal(copy.body.n, job.body.n);
	assert_memory_equal(copied[8], job.body.p, job.body.n);
	assert_int_equal(copy.seq, job.seq);
	assert_int_equal(copy.created_wall_ms, job.created_wall_ms);
	assert_int_equal(copy.priority, -7);
	assert_int_equal(copy.crashes, 2);
	assert_true(copy.had_secrets && copy.is_running && !copy.is_placed);
}

static void a_job_is_changed_and_forgotten(void **state)
{
	(void)state;
	struct journal *journal = start();
	for (uint32_t i = 0; i < 5; i++) {
		struct journal_job job = job_of(i);
		job.seq = 10 - i;
		assert_true(journal_put(journal, &job));
	}
	struct journal_job job = job_of(2);
	job.body.n = 0; /* it stays as it is */
	job.seq = 50;
	assert_true(journal_put(journal, &job));
	job = job_of(9); /* not there: a job without a body is none */
	job.body.n = 0;
	assert_true(journal_put(journal, &job));
	job = job_of(3);
	job.body = SLICE("{}");
	job.seq = 0;
	assert_true(journal_put(journal, &job));
	job = job_of(1);
	assert_true(journal_forget(journal, job.id));
	assert_true(journal_forget(journal, SLICE("unknown")));
	journal_stop(journal);
	struct found found = load(0);
	assert_string_equal(found.ids, "03 04 00 02 ");
	assert_int_equal(found.bytes, 3 * 14 + 2);
	found = (struct found){.most = 2};
	assert_int_equal(journal_load(db_path, note, &found, NULL), 0);
	assert_int_equal(found.count, 2);
}

static void ten_thousand_jobs_come_back_in_order(void **state)
{
	(void)state;
	static char body[2048];
	struct journal *journal = start();
	memset(body, 'x', sizeof(body));
	for (uint32_t i = 0; i < 10000; i++) {
		struct journal_job job = job_of(i);
		job.body = (struct slice){body, sizeof(body)};
		assert_true(journal_put(journal, &job));
		if (i % 100 == 99)
			turn_once();
	}
	assert_true(is_written(journal));
	assert_int_equal(journal_stats(journal)->puts, 10000);
	assert_int_equal(journal_stats(journal)->waiting_bytes, 0);
	assert_true(journal_stats(journal)->commits > 0);
	journal_stop(journal);
	struct found found = load(0);
	assert_int_equal(found.count, 10000);
	assert_int_equal(found.bytes, 10000 * sizeof(body));
}

static void a_body_of_many_megabytes_passes(void **state)
{
	(void)state;
	struct journal *journal = start();
	struct journal_job job = job_of(1);
	size_t n = 20u << 20;
	char *body = malloc(n);
	memset(body, 'y', n);
	job.body = (struct slice){body, n};
	assert_true(journal_put(journal, &job));
	job = job_of(2);
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal));
	journal_stop(journal);
	assert_int_equal(load(0).bytes, n + 14);
	free(body);
}

static void who_waits_is_told_once_and_not_when_cancelled(void **state)
{
	(void)state;
	struct journal *journal = start();
	struct waiting all[3] = {{.wait = {.on_done = on_done}}, {.wait = {.on_done = on_done}},
		{.wait = {.on_done = on_done}}};
	assert_true(is_written(journal)); /* nothing at all */
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	for (size_t i = 0; i < COUNT_OF(all); i++)
		journal_wait(journal, &all[i].wait);
	journal_wait_cancel(&all[1].wait);
	turn_once();
	TURN_UNTIL(all[2].is_told);
	assert_true(all[0].is_told && all[0].is_safe && all[2].is_safe);
	assert_false(all[1].is_told);
	journal_wait(journal, &all[1].wait);
	journal_stop(journal);
	assert_false(all[1].is_told);
	journal_wait_cancel(&all[1].wait);
	journal_stop(NULL);
}

/* -- the child -- */

static void a_child_that_is_killed_is_started_again(void **state)
{
	(void)state;
	struct journal *journal = start();
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal));
	for (uint32_t i = 2; i < 5; i++) {
		pid_t child = journal->child;
		/* It has got a batch that it does not commit any more. */
		assert_int_equal(kill(child, SIGSTOP), 0);
		job = job_of(i);
		assert_true(journal_put(journal, &job));
		turn_once();
		job = job_of(i + 10);
		assert_true(journal_put(journal, &job));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_true(is_written(journal));
		assert_int_not_equal(journal->child, child);
	}
	assert_int_equal(journal_stats(journal)->restarts, 3);
	journal_stop(journal);
	assert_string_equal(load(0).ids, "01 02 03 04 12 13 14 ");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_child_that_always_dies_keeps_nobody_waiting(void **state)
{
	(void)state;
	struct journal *journal = start();
	struct waiting waiting = {.wait = {.on_done = on_done}};
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	journal_wait(journal, &waiting.wait);
	while (!waiting.is_told) {
		if (journal->child > 0)
			(void)kill(journal->child, SIGKILL);
		uint64_t before = journal->stats.restarts;
		TURN_UNTIL(waiting.is_told || journal->stats.restarts != before ||
			   journal->stats.commits != 0);
		/* It may have been quicker than the signal. */
		if (journal->stats.commits != 0)
			break;
	}
	write_at_last(journal);
	journal_stop(journal);
	assert_string_equal(load(0).ids, "01 ");
}

static void signals_that_end_a_proxy_do_not_end_its_journal(void **state)
{
	(void)state;
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1};
	struct journal *journal = start();
	assert_true(is_written(journal));
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal)); /* it ignores them from now on */
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		assert_int_equal(kill(journal->child, signals[i]), 0);
	job = job_of(2);
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal));
	assert_int_equal(journal_stats(journal)->restarts, 0);
	journal_stop(journal);
	assert_string_equal(load(0).ids, "01 02 ");
}

static void the_child_keeps_no_descriptor_of_ours(void **state)
{
	(void)state;
	int ends[2];
	char octet = 0;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	struct journal *journal = start();
	struct journal_job job = job_of(1);
	assert_true(journal_put(journal, &job));
	assert_true(is_written(journal));
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], &octet, 1), 0);
	(void)close(ends[0]);
	journal_stop(journal);
}

/* -- the proxy dies -- */

static void die(struct journal_wait *wait, bool is_safe)
{
	(void)wait;
	if (is_safe)
		(void)kill(getpid(), SIGKILL);
	_exit(1);
}

/* In a process of its own that is killed once everything before `unwaited` is told to be safe. */
NORETURN static void crash(bool has_unwaited)
{
	struct waiting waiting = {.wait = {.on_done = on_done}};
	struct journal_wait last = {.on_done = die};
	struct journal *journal = start();
	struct journal_job job = job_of(1);
	ensure(journal_put(journal, &job));
	journal_wait(journal, &waiting.wait);
	TURN_UNTIL(waiting.is_told);
	for (uint32_t i = 2; i < 20; i++) {
		job = job_of(i);
		ensure(journal_put(journal, &job));
	}
	if (has_unwaited) {
		turn_once();
		(void)kill(getpid(), SIGKILL);
	}
	journal_wait(journal, &last);
	turn_once();
	TURN_UNTIL(false);
	_exit(1);
}

static void check_crash(bool has_unwaited)
{
	int status = 0;
	pid_t proxy = fork();
	if (proxy == 0)
		crash(has_unwaited);
	assert_int_equal(waitpid(proxy, &status, 0), proxy);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	struct found found = load(0);
	assert_int_equal(found.count, 19);
}

static void what_was_safe_is_there_after_a_crash(void **state)
{
	(void)state;
	check_crash(false);
}

static void what_was_handed_over_is_written_after_a_crash(void **state)
{
	(void)state;
	check_crash(true);
}

/* -- the database -- */

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
		T(a_job_comes_back_as_it_was_put),
		T(a_job_is_changed_and_forgotten),
		T(ten_thousand_jobs_come_back_in_order),
		T(a_body_of_many_megabytes_passes),
		T(who_waits_is_told_once_and_not_when_cancelled),
		T(a_child_that_is_killed_is_started_again),
		T(a_child_that_always_dies_keeps_nobody_waiting),
		T(signals_that_end_a_proxy_do_not_end_its_journal),
		T(the_child_keeps_no_descriptor_of_ours),
		T(what_was_safe_is_there_after_a_crash),
		T(what_was_handed_over_is_written_after_a_crash),
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
