/* test/unit/test_lb_pool.c: lb/pool.c, lb/pool_pick.c without stickiness, lb/eligible.h. */
#include "test/unit/lb_fixture.h"

#include <errno.h>

static struct conf_fixture conf;
static struct lb_pool *pool;

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	pool = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lb_pool_destroy(pool);
	return list_is_empty(lb_backends()) ? 0 : -1;
}

static struct lb_pool *create(struct conf_fixture *from)
{
	struct lb_pool *made = NULL;
	assert_int_equal(lb_pool_create(&made, &from->conf, NULL), 0);
	return made;
}

static void start(const char *strategy, uint32_t count)
{
	conf_make(&conf, strategy, count);
	pool = create(&conf);
	lb_pool_activate(pool);
}

static struct backend *backend_at(uint32_t i)
{
	return pool->seats[i].backend;
}

static uint32_t pick_of(struct lb_pool *from, bool is_job, const uint64_t *tried)
{
	struct lb_request req = {.is_job = is_job};
	struct lb_pick pick = lb_pool_pick(from, &req, NULL, tried);
	return pick.seat == NULL ? LB_NONE : pick.seat->index;
}

static uint32_t pick(bool is_job)
{
	return pick_of(pool, is_job, NULL);
}

static void done(uint32_t i, bool was_job, enum lb_result result)
{
	const struct lb_outcome outcome = {
		.result = result,
		.was_job = was_job,
		.job_accepted = was_job && result == LB_DONE_OK,
		.first_byte_us = result == LB_DONE_FAILED ? 0 : 800,
		.took_us = 3000,
		.why = "connection refused",
	};
	lb_pool_done(pool, &pool->seats[i], &outcome);
}

/* Picks and gives back at once. */
static uint32_t look(bool is_job)
{
	uint32_t i = pick(is_job);
	if (i != LB_NONE)
		done(i, is_job, LB_DONE_CLIENT_LEFT);
	return i;
}

static void set_state(uint32_t i, enum backend_state state)
{
	lb_backend_set_state(backend_at(i), state, "test");
}

static void report(uint32_t i, int32_t queue_len)
{
	lb_backend_report_load(backend_at(i), queue_len, backend_at(i)->jobs_answered);
}

static void refuses_an_unknown_strategy(void **state)
{
	(void)state;
	struct err err;
	conf_make(&conf, "best", 1);
	assert_int_equal(lb_pool_create(&pool, &conf.conf, &err), -EINVAL);
	assert_non_null(strstr(err.text, "best"));
	assert_non_null(strstr(err.text, "least_loaded"));
	assert_null(pool);
}

/* 0, 1: primaries; 2, 3: backups. max_concurrent 4. */
static void sets_go_from_best_to_worst(void **state)
{
	(void)state;
	conf_make(&conf, "least_loaded", 4);
	conf.nodes[2].backup = conf.nodes[3].backup = true;
	pool = create(&conf);
	lb_pool_activate(pool);
	report(0, 3);
	assert_int_equal(look(true), 1);
	report(1, 4);
	assert_int_equal(look(true), 0); /* the only one with room */
	report(0, 6);
	assert_int_equal(look(true), 1); /* both full: the least loaded, before any backup */
	set_state(1, BACKEND_BUSY);
	assert_int_equal(look(true), 0);
	set_state(0, BACKEND_BUSY);
	report(2, 4);
	assert_int_equal(look(true), 3);
	report(3, 5);
	assert_int_equal(look(true), 2); /* full backups are better than busy primaries */
	set_state(2, BACKEND_DOWN);
	set_state(3, BACKEND_DOWN);
	assert_int_equal(look(true), 1); /* busy, and less loaded than 0 */
	set_state(0, BACKEND_DOWN);
	set_state(1, BACKEND_DOWN);
	assert_int_equal(pick(true), LB_NONE);
	assert_false(lb_pool_is_available(pool));
	assert_int_equal(pool->stats.none, 1);
}

static void a_full_one_still_serves_pages(void **state)
{
	(void)state;
	start("least_loaded", 2);
	report(0, 4);
	report(1, 3);
	for (int k = 0; k < 4; k++)
		assert_int_equal(look(true), 1);
	uint32_t open[2] = {0};
	set_state(1, BACKEND_DOWN);
	for (int k = 0; k < 4; k++)
		open[look(false)]++;
	assert_int_equal(open[0], 4);
}

static void jobs_on_their_way_fill_it_up(void **state)
{
	(void)state;
	start("least_loaded", 2);
	uint32_t got[2] = {0};
	for (int k = 0; k < 8; k++)
		got[pick(true)]++;
	assert_int_equal(got[0], 4);
	assert_int_equal(got[1], 4);
	assert_int_equal(pool->set_count[LB_SET_ROOM], 0);
	assert_int_equal(pool->set_count[LB_SET_UP], 2);
	/* Accepted, and in no report yet: they still count. */
	for (int k = 0; k < 4; k++)
		done(1, true, LB_DONE_OK);
	assert_int_equal(backend_at(1)->jobs_sent, 0);
	assert_int_equal(backend_at(1)->jobs_unseen, 4);
	assert_int_equal(pool->load[1].jobs, 4);
	assert_int_equal(pool->set_count[LB_SET_ROOM], 0);
	/* The question was asked when two had been accepted: the other two come on top. */
	lb_backend_report_load(backend_at(1), 1, 2);
	assert_int_equal(pool->load[1].jobs, 3);
	assert_int_equal(pool->load[1].queue_len, 1);
	assert_int_equal(pool->set_count[LB_SET_ROOM], 1);
	assert_int_equal(look(true), 1);
}

static void without_a_load_signal_only_jobs_on_their_way_count(void **state)
{
	(void)state;
	start("round_robin", 1);
	for (int k = 0; k < 10; k++) {
		assert_int_equal(pick(true), 0);
		assert_int_equal(pool->load[0].jobs, 1);
		done(0, true, LB_DONE_OK);
	}
	assert_int_equal(pool->load[0].jobs, 0);
	report(0, 7);
	assert_int_equal(pool->load[0].jobs, 0);
	assert_false(lb_pool_needs(pool, LB_NEED_LOAD));
}

static void each_is_tried_once(void **state)
{
	(void)state;
	start("round_robin", 70);
	uint64_t tried[2] = {0};
	for (int k = 0; k < 70; k++) {
		uint32_t i = pick_of(pool, false, tried);
		assert_true(i < 70);
		assert_int_equal(tried[i / 64] >> (i % 64) & 1, 0);
		tried[i / 64] |= UINT64_C(1) << (i % 64);
		done(i, false, LB_DONE_REFUSED);
	}
	assert_int_equal(pick_of(pool, false, tried), LB_NONE);
}

/* Primaries that were tried are as good as gone: the backup's turn. */
static void tried_ones_open_the_next_set(void **state)
{
	(void)state;
	conf_make(&conf, "least_conn", 3);
	conf.nodes[2].backup = true;
	pool = create(&conf);
	lb_pool_activate(pool);
	uint64_t tried[1] = {3};
	assert_int_equal(pick_of(pool, true, tried), 2);
	set_state(2, BACKEND_BUSY);
	assert_int_equal(pick_of(pool, true, tried), 2);
	set_state(2, BACKEND_DOWN);
	assert_int_equal(pick_of(pool, true, tried), LB_NONE);
	tried[0] = 4;
	assert_int_not_equal(pick_of(pool, true, tried), 2);
}

/* What strategies rely on: the epoch stays while the set does, and no set of another kind has it.
 */
static void the_epoch_stands_for_the_set(void **state)
{
	(void)state;
	start("least_loaded", 3);
	(void)look(true);
	uint64_t all = pool->view.epoch;
	assert_true(all != 0);
	(void)look(false);
	assert_int_equal(pool->view.epoch, all); /* everybody has room: the same set */
	report(1, 4);
	(void)look(true);
	uint64_t with_room = pool->view.epoch;
	assert_true(with_room != 0 && with_room != all);
	assert_int_equal(pool->view.allowed_count, 2);
	(void)look(false);
	assert_int_equal(pool->view.epoch, all);
	assert_int_equal(pool->view.allowed_count, 3);
	uint64_t tried[1] = {1};
	done(pick_of(pool, false, tried), false, LB_DONE_OK);
	assert_int_equal(pool->view.epoch, 0);
	assert_int_equal(pool->view.allowed_count, 2);
	tried[0] = 0;
	done(pick_of(pool, false, tried), false, LB_DONE_OK);
	assert_int_equal(pool->view.epoch, all);
	set_state(0, BACKEND_DOWN);
	(void)look(false);
	assert_true(pool->view.epoch != 0 && pool->view.epoch != all);
}

static void counts_what_happened(void **state)
{
	(void)state;
	start("least_time", 1);
	struct backend *backend = backend_at(0);
	assert_int_equal(pick(true), 0);
	assert_int_equal(pick(false), 0);
	assert_int_equal(pick(true), 0);
	assert_int_equal(pick(false), 0);
	assert_int_equal(backend->in_flight, 4);
	assert_int_equal(backend->jobs_sent, 2);
	assert_int_equal(pool->load[0].in_flight, 4);
	done(0, true, LB_DONE_OK);
	done(0, true, LB_DONE_REFUSED);
	done(0, false, LB_DONE_CLIENT_LEFT);
	done(0, false, LB_DONE_FAILED);
	assert_int_equal(backend->in_flight, 0);
	assert_int_equal(backend->jobs_sent, 0);
	assert_int_equal(backend->jobs_answered, 1);
	const struct backend_stats *stats = &backend->stats;
	assert_int_equal(stats->picks, 4);
	assert_int_equal(stats->requests_ok, 1);
	assert_int_equal(stats->retries_away, 1);
	assert_int_equal(stats->client_left, 1);
	assert_int_equal(stats->failures, 1);
	assert_int_equal(stats->jobs_accepted, 1);
	assert_int_equal(stats->jobs_refused, 1);
	assert_int_equal(stats->first_byte.count, 3);
	assert_int_equal(stats->whole.count, 4);
	assert_int_equal(backend->ewma_us, 800);
	assert_int_equal(pool->load[0].ewma_us, 800);
	assert_int_equal(backend->last_failed_us, clock_now_us);
	assert_int_equal(pool->stats.picks, 4);
}

static void a_tunnel_is_not_in_the_times(void **state)
{
	(void)state;
	start("least_conn", 1);
	assert_int_equal(pick(false), 0);
	const struct lb_outcome outcome = {.result = LB_DONE_OK, .first_byte_us = 900};
	lb_pool_done(pool, &pool->seats[0], &outcome);
	assert_int_equal(backend_at(0)->stats.first_byte.count, 1);
	assert_int_equal(backend_at(0)->stats.whole.count, 0);
}

static void the_average_follows_slowly(void **state)
{
	(void)state;
	start("least_time", 1);
	struct lb_outcome outcome = {.result = LB_DONE_OK, .first_byte_us = 8000};
	assert_int_equal(pick(false), 0);
	lb_pool_done(pool, &pool->seats[0], &outcome);
	outcome.first_byte_us = 16000;
	assert_int_equal(pick(false), 0);
	lb_pool_done(pool, &pool->seats[0], &outcome);
	assert_int_equal(pool->load[0].ewma_us, 9000);
	outcome.first_byte_us = 1000;
	assert_int_equal(pick(false), 0);
	lb_pool_done(pool, &pool->seats[0], &outcome);
	assert_int_equal(pool->load[0].ewma_us, 8000);
}

static void a_pick_that_is_made_already_is_counted(void **state)
{
	(void)state;
	struct lb_request job = {.is_job = true};
	start("round_robin", 3);
	struct backend *backend = backend_at(1);
	for (int i = 0; i < 3; i++) {
		struct lb_seat *seat = lb_pool_take(pool, backend, &job, NULL);
		assert_ptr_equal(seat, &pool->seats[1]);
		assert_int_equal(backend->in_flight, 1);
		assert_int_equal(backend->jobs_sent, 1);
		assert_int_equal(pool->load[1].in_flight, 1);
		done(1, true, LB_DONE_OK);
		assert_int_equal(backend->in_flight, 0);
	}
	assert_int_equal(backend->stats.picks, 3);
	/* Also one that nothing new goes to. */
	set_state(1, BACKEND_DOWN);
	lb_backend_set_draining(backend, true);
	assert_non_null(lb_pool_take(pool, backend, &job, NULL));
	done(1, true, LB_DONE_FAILED);
}

static void who_is_no_member_cannot_be_taken(void **state)
{
	(void)state;
	struct lb_request req = {0};
	start("round_robin", 2);
	struct backend twin = {.id_hash = backend_at(0)->id_hash}, other = {.id_hash = 7};
	assert_null(lb_pool_take(pool, &twin, &req, NULL));
	assert_null(lb_pool_take(pool, &other, &req, NULL));
	assert_int_equal(pool->stats.none, 2);
	assert_int_equal(pool->stats.picks, 0);
}

static void failures_in_a_row_take_a_worker_out(void **state)
{
	(void)state;
	start("round_robin", 2);
	for (int k = 0; k < 3; k++) {
		const uint64_t tried[1] = {2};
		assert_int_equal(pick_of(pool, false, tried), 0);
		/* Two failures and a success between do not count together. */
		done(0, false, k == 2 ? LB_DONE_OK : LB_DONE_FAILED);
	}
	assert_int_equal(backend_at(0)->state, BACKEND_UP);
	for (int k = 0; k < 3; k++) {
		const uint64_t tried[1] = {2};
		assert_int_equal(pick_of(pool, false, tried), 0);
		done(0, false, LB_DONE_FAILED);
	}
	assert_int_equal(backend_at(0)->state, BACKEND_DOWN);
	assert_string_equal(backend_at(0)->why, "passive: connection refused");
	for (int k = 0; k < 4; k++)
		assert_int_equal(look(false), 1);
}

static void a_draining_one_gets_nothing_new(void **state)
{
	(void)state;
	start("round_robin", 2);
	assert_int_equal(pick(false), 0);
	lb_backend_set_draining(backend_at(0), true);
	for (int k = 0; k < 4; k++)
		assert_int_equal(look(false), 1);
	lb_backend_set_draining(backend_at(1), true);
	assert_int_equal(pick(false), LB_NONE);
	assert_false(lb_pool_is_available(pool));
	/* What runs there ends as ever. */
	done(0, false, LB_DONE_OK);
	assert_int_equal(backend_at(0)->stats.requests_ok, 1);
	lb_backend_set_draining(backend_at(0), false);
	assert_int_equal(look(false), 0);
}

static void the_file_says_who_drains(void **state)
{
	(void)state;
	conf_make(&conf, "round_robin", 2);
	conf.nodes[1].drain = true;
	pool = create(&conf);
	assert_false(backend_at(1)->is_draining);
	lb_pool_activate(pool);
	assert_true(backend_at(1)->is_draining);
	for (int k = 0; k < 4; k++)
		assert_int_equal(look(false), 0);
}

static void an_empty_pool_has_nobody(void **state)
{
	(void)state;
	start("least_loaded", 0);
	assert_int_equal(pick(false), LB_NONE);
	assert_int_equal(pick(true), LB_NONE);
	assert_false(lb_pool_is_available(pool));
}

static void a_thousand_members(void **state)
{
	(void)state;
	static const char *const strategies[] = {"round_robin", "least_loaded", "least_conn"};
	for (size_t s = 0; s < COUNT_OF(strategies); s++) {
		start(strategies[s], 1000);
		for (uint32_t i = 0; i < 1000; i += 10)
			set_state(i, BACKEND_DOWN);
		for (int k = 0; k < 2700; k++)
			assert_true(pick(true) < 1000);
		for (uint32_t i = 0; i < 1000; i++) {
			assert_int_equal(backend_at(i)->in_flight, i % 10 == 0 ? 0 : 3);
			while (backend_at(i)->in_flight != 0)
				done(i, true, LB_DONE_OK);
		}
		lb_pool_destroy(pool);
		pool = NULL;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(refuses_an_unknown_strategy),
		TEST(sets_go_from_best_to_worst),
		TEST(a_full_one_still_serves_pages),
		TEST(jobs_on_their_way_fill_it_up),
		TEST(without_a_load_signal_only_jobs_on_their_way_count),
		TEST(each_is_tried_once),
		TEST(tried_ones_open_the_next_set),
		TEST(the_epoch_stands_for_the_set),
		TEST(counts_what_happened),
		TEST(a_tunnel_is_not_in_the_times),
		TEST(the_average_follows_slowly),
		TEST(a_pick_that_is_made_already_is_counted),
		TEST(who_is_no_member_cannot_be_taken),
		TEST(failures_in_a_row_take_a_worker_out),
		TEST(a_draining_one_gets_nothing_new),
		TEST(the_file_says_who_drains),
		TEST(an_empty_pool_has_nobody),
		TEST(a_thousand_members),
	};
	return cmocka_run_group_tests_name("lb/pool", tests, NULL, NULL);
}
