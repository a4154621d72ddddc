/* test/unit/test_lb_pool_reload.c: two generations of one pool beside each other. */
#include "test/unit/lb_fixture.h"

static struct conf_fixture conf, next_conf;
static struct lb_pool *pool, *next;

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	pool = next = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lb_pool_destroy(pool);
	lb_pool_destroy(next);
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

static uint32_t look(bool is_job)
{
	uint32_t i = pick(is_job);
	if (i != LB_NONE)
		done(i, is_job, LB_DONE_CLIENT_LEFT);
	return i;
}

static void one_not_in_force_disturbs_nothing(void **state)
{
	(void)state;
	start("least_loaded", 2);
	assert_int_equal(pick(true), 0);
	lb_backend_set_draining(backend_at(1), true);
	conf_make(&next_conf, "round_robin", 3);
	next_conf.conf.health.rise = 7;
	next = create(&next_conf);
	assert_ptr_equal(next->seats[0].backend, backend_at(0));
	assert_ptr_equal(next->seats[1].backend, backend_at(1));
	assert_int_equal(backend_at(0)->rise, 2);
	assert_true(backend_at(1)->is_draining);
	/* The old one is not seen through the new one, and the other way round. */
	done(0, true, LB_DONE_OK);
	assert_int_equal(look(true), 0);
	assert_false(lb_pool_is_available(next));
	lb_pool_destroy(next);
	next = NULL;
	assert_int_equal(look(false), 0);
	assert_int_equal(backend_at(0)->refs, 1);
}

static void two_generations_share_their_backends(void **state)
{
	(void)state;
	start("least_loaded", 2);
	assert_int_equal(pick(true), 0);
	lb_backend_set_draining(backend_at(1), true);
	conf_make(&next_conf, "least_loaded", 3);
	next_conf.nodes[0].max_concurrent = 1;
	next_conf.conf.health.rise = 7;
	next = create(&next_conf);
	lb_pool_activate(next);
	assert_int_equal(backend_at(0)->rise, 7);
	assert_false(backend_at(1)->is_draining); /* it came back: the new file says so */
	/* What the old one began counts in the new one: 0 is full there. */
	assert_int_equal(next->load[0].jobs, 1);
	assert_int_equal(next->set_count[LB_SET_ROOM], 2);
	assert_int_equal(pool->set_count[LB_SET_ROOM], 2);
	assert_int_equal(pick_of(next, true, NULL), 1);
	assert_int_equal(pool->load[1].jobs, 1);
	done(0, true, LB_DONE_REFUSED);
	assert_int_equal(next->load[0].jobs, 0);
	lb_backend_set_state(backend_at(0), BACKEND_DOWN, "test");
	assert_int_equal(next->set_count[LB_SET_UP], 2);
	assert_int_equal(pool->set_count[LB_SET_UP], 1);
	struct backend *kept = backend_at(1);
	lb_pool_destroy(pool);
	pool = NULL;
	assert_int_equal(kept->refs, 1);
	assert_int_equal(kept->in_flight, 1);
	assert_int_equal(pick_of(next, true, NULL), 2);
}

/* A connection to it holds it longer than any pool. */
static void a_backend_outlives_its_pools(void **state)
{
	(void)state;
	start("round_robin", 1);
	struct backend *backend = lb_backend_ref(backend_at(0));
	lb_pool_destroy(pool);
	pool = NULL;
	lb_backend_touch(backend);
	lb_backend_set_state(backend, BACKEND_DOWN, "test");
	start("round_robin", 1);
	assert_ptr_equal(backend_at(0), backend);
	assert_int_equal(pick(false), LB_NONE);
	lb_backend_unref(backend);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_not_in_force_disturbs_nothing),
		TEST(two_generations_share_their_backends),
		TEST(a_backend_outlives_its_pools),
	};
	return cmocka_run_group_tests_name("lb/pool over a reload", tests, NULL, NULL);
}
