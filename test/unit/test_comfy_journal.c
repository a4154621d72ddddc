/* test/unit/test_comfy_journal.c: jobs on disk, whoever dies meanwhile. */
#include "test/unit/journal_help.h"

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
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
