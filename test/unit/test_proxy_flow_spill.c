/* test/unit/test_proxy_flow_spill.c - the worker is read on while the client takes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/unit/flow_help.h"

#include <signal.h>
#include <sys/resource.h>

#define ALL ((size_t)8 << 20)

static char all[ALL];

static void aim(struct fixture *f, enum flow_framing out, const struct spill_limits *limits)
{
	fill(all, ALL);
	flow_init(&f->flow, &f->from, &f->to, FLOW_LENGTH, out);
	f->flow.left = ALL;
	flow_set_spill(&f->flow, limits);
	f->to.can_write = true;
}

static void expect_all(struct fixture *f)
{
	assert_int_equal(pump(f), FLOW_END);
	assert_int_equal(f->got_n, ALL);
	assert_memory_equal(f->got, all, ALL);
}

/* What a flow without a spill takes while nobody reads: socket, pipe and stash. */
#define WITHOUT ((size_t)2 << 20)

static void a_file_takes_all_so_that_the_worker_is_free(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 40000, .file_most = 1 << 30, .folder = {"/tmp", {0}}};
	size_t at = 0;
	uint64_t spilled = proxy_stats.spilled_bytes;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_int_equal(at, ALL);
	assert_true(f->flow.is_taken && f->flow.is_behind);
	assert_true(flow_waits_for_peer(&f->flow) && !flow_is_flushed(&f->flow));
	assert_int_equal(proxy_stats.temp_files_now, 1);
	assert_true(proxy_stats.spilled_bytes - spilled > ALL - WITHOUT);
	f->flow.from = NULL;
	expect_all(f);
	assert_false(f->flow.is_behind);
	flow_finish(&f->flow);
	assert_int_equal(proxy_stats.temp_files_now, 0);
}

static void by_copying_it_is_the_same(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {.memory = 10, .file_most = 1 << 30, .folder = {"/tmp", {0}}};
	size_t at = 0;
	sock_no_splice = true;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_int_equal(at, ALL);
	expect_all(f);
}

static void without_a_file_it_stops_at_its_memory(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {.memory = 300000, .file_most = 0, .folder = {"/tmp", {0}}};
	size_t at = 0;
	sock_no_splice = true;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_false(f->flow.is_taken);
	assert_in_range(f->flow.payload, 300000, 300000 + WITHOUT);
	assert_int_equal(proxy_stats.temp_files_now, 0);
	while (at < ALL) {
		listen_in(f);
		feed(f, all, ALL, &at, 500000);
	}
	expect_all(f);
}

static void a_file_has_its_limit(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 1000, .file_most = 1 << 20, .folder = {"/tmp", {0}}};
	size_t at = 0;
	sock_no_splice = true;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_in_range(f->flow.payload, 1 << 20, (1 << 20) + WITHOUT);
	while (at < ALL) {
		listen_in(f);
		feed(f, all, ALL, &at, 500000);
	}
	expect_all(f);
}

static void once_it_is_empty_octets_are_spliced_again(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {.memory = 100, .file_most = 1 << 30, .folder = {"/tmp", {0}}};
	size_t at = 0;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, 3 << 20);
	assert_int_equal(pump(f), FLOW_WAIT);
	assert_int_equal(f->got_n, 3 << 20);
	uint64_t spliced = proxy_stats.spliced_bytes;
	while (at < ALL) {
		feed(f, all, ALL, &at, 50000);
		listen_in(f);
	}
	expect_all(f);
	assert_true(proxy_stats.spliced_bytes > spliced + (1 << 20));
}

static void chunks_out_of_a_file_are_whole(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 5000, .file_most = 1 << 30, .folder = {"/tmp", {0}}};
	struct chunked chunked;
	size_t at = 0, used, data;
	aim(f, FLOW_CHUNKED, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_int_equal(at, ALL);
	assert_int_equal(pump(f), FLOW_END);
	chunked_init(&chunked);
	assert_int_equal(chunked_decode(&chunked, f->got, f->got_n, &used, &data), CHUNKED_DONE);
	assert_int_equal(used, f->got_n);
	assert_int_equal(data, ALL);
	assert_memory_equal(f->got, all, ALL);
}

static void a_worker_that_breaks_off_is_told_after_what_it_said(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 5000, .file_most = 1 << 30, .folder = {"/tmp", {0}}};
	size_t at = 0;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, 2 << 20);
	shutdown(f->sender, SHUT_WR);
	f->from.can_read = f->from.peer_closed = true;
	assert_int_equal(flow_pump(&f->flow), FLOW_WAIT);
	assert_int_equal(pump(f), FLOW_CUT);
	assert_int_equal(f->got_n, 2 << 20);
	assert_memory_equal(f->got, all, 2 << 20);
}

static void no_folder_means_backpressure_and_no_loss(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 1000, .file_most = 1 << 30, .folder = {"/dev/null", {0}}};
	size_t at = 0;
	uint64_t failures = proxy_stats.temp_failures;
	sock_no_splice = true;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_true(f->flow.payload < WITHOUT);
	assert_int_equal(proxy_stats.temp_failures, failures + 1);
	while (at < ALL) {
		listen_in(f);
		feed(f, all, ALL, &at, 500000);
	}
	expect_all(f);
	assert_int_equal(proxy_stats.temp_failures, failures + 1);
}

static void a_full_disk_means_backpressure_and_no_loss(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 1000, .file_most = 1 << 30, .folder = {"/tmp", {0}}};
	struct rlimit was, small;
	size_t at = 0;
	sock_no_splice = true;
	aim(f, FLOW_LENGTH, &limits);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){.rlim_cur = 700001, .rlim_max = was.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	feed(f, all, ALL, &at, ALL);
	assert_in_range(f->flow.payload, 700001, 700001 + WITHOUT);
	while (at < ALL) {
		listen_in(f);
		feed(f, all, ALL, &at, 500000);
	}
	enum flow_result result = pump(f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(result, FLOW_END);
	expect_all(f);
}

static void a_receiver_that_takes_a_moment_needs_no_spill(void **state)
{
	struct fixture *f = *state;
	struct spill_limits limits = {
		.memory = 100, .file_most = 1 << 30, .patience_ms = 50, .folder = {"/tmp", {0}}};
	size_t at = 0;
	aim(f, FLOW_LENGTH, &limits);
	feed(f, all, ALL, &at, ALL);
	assert_false(f->flow.is_behind);
	assert_in_range(f->flow.payload, 1, WITHOUT);
	clock_now_us += 49000;
	feed(f, all, ALL, &at, ALL);
	assert_false(f->flow.is_behind);
	/* Something is taken: it begins anew. */
	(void)!read(f->receiver, f->got, 100000);
	f->got_n += 100000;
	f->to.can_write = true;
	feed(f, all, ALL, &at, ALL);
	clock_now_us += 49000;
	feed(f, all, ALL, &at, ALL);
	assert_false(f->flow.is_behind);
	clock_now_us += 1001;
	feed(f, all, ALL, &at, ALL);
	assert_true(f->flow.is_behind && f->flow.is_taken);
	expect_all(f);
}

static void one_write_to_the_file_has_its_limit(void **state)
{
	(void)state;
	static char octets[300];
	struct spill spill;
	struct spill_limits limits = {
		.memory = 100, .file_most = 350, .write_most = 200, .folder = {"/tmp", {0}}};
	spill_init(&spill, &limits);
	assert_int_equal(spill_room(&spill), 100);
	assert_true(spill_put(&spill, octets, 100));
	assert_int_equal(spill_room(&spill), 200);
	assert_true(spill_put(&spill, octets, 200));
	assert_int_equal(spill_room(&spill), 150);
	limits.write_most = 0;
	assert_int_equal(spill_room(&spill), 150);
	assert_int_equal(spill.write_at, 200);
	spill_finish(&spill);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_takes_all_so_that_the_worker_is_free),
		TEST(by_copying_it_is_the_same),
		TEST(without_a_file_it_stops_at_its_memory),
		TEST(a_file_has_its_limit),
		TEST(once_it_is_empty_octets_are_spliced_again),
		TEST(chunks_out_of_a_file_are_whole),
		TEST(a_worker_that_breaks_off_is_told_after_what_it_said),
		TEST(no_folder_means_backpressure_and_no_loss),
		TEST(a_full_disk_means_backpressure_and_no_loss),
		TEST(a_receiver_that_takes_a_moment_needs_no_spill),
		cmocka_unit_test(one_write_to_the_file_has_its_limit),
	};
	return cmocka_run_group_tests_name("proxy/flow_more: spill", tests, NULL, NULL);
}
