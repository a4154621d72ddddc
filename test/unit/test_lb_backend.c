/* test/unit/test_lb_backend.c */
#include "test/unit/lb_fixture.h"

static struct conf_fixture conf;
static struct backend *backend;

/* What the listener was told last. */
static int told;
static enum backend_state told_from;

static void on_change(struct backend *changed, enum backend_state from)
{
	assert_ptr_equal(changed, backend);
	told++;
	told_from = from;
}

static int setup(void **state)
{
	(void)state;
	conf_make(&conf, "round_robin", 3);
	backend = lb_backend_get("pool", &conf.nodes[0]);
	if (backend == NULL)
		return -1;
	lb_backend_set_limits(backend, 2, 3);
	told = 0;
	lb_backend_on_change(on_change);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lb_backend_on_change(NULL);
	lb_backend_unref(backend);
	return list_is_empty(lb_backends()) ? 0 : -1;
}

static void expect(enum backend_state state, int32_t fitness)
{
	assert_int_equal(backend->state, state);
	assert_int_equal(backend->fitness, fitness);
}

static void is_new_up_and_one_bad_sign_from_down(void **state)
{
	(void)state;
	expect(BACKEND_UP, 2);
	assert_int_equal(backend->queue_len, -1);
	assert_string_equal(backend->addr_text, "10.0.0.1:8000");
	lb_backend_bad(backend, false, "timed out");
	expect(BACKEND_DOWN, 0);
	assert_string_equal(backend->why, "timed out");
	assert_int_equal(told, 1);
	assert_int_equal(told_from, BACKEND_UP);
	assert_int_equal(backend->stats.went_down, 1);
}

static void falls_after_fall_bad_signs_in_a_row(void **state)
{
	(void)state;
	lb_backend_good(backend, false, "200");
	expect(BACKEND_UP, 4);
	lb_backend_bad(backend, false, "x");
	lb_backend_bad(backend, false, "x");
	expect(BACKEND_UP, 2);
	/* A good sign between gives it all of them back. */
	lb_backend_good(backend, false, "200");
	expect(BACKEND_UP, 4);
	lb_backend_bad(backend, false, "x");
	lb_backend_bad(backend, false, "x");
	assert_int_equal(told, 0);
	lb_backend_bad(backend, false, "refused");
	expect(BACKEND_DOWN, 0);
	assert_int_equal(told, 1);
}

static void rises_after_rise_good_signs_in_a_row(void **state)
{
	(void)state;
	lb_backend_bad(backend, false, "x");
	lb_backend_good(backend, false, "200");
	expect(BACKEND_DOWN, 1);
	lb_backend_bad(backend, false, "x");
	expect(BACKEND_DOWN, 0);
	lb_backend_good(backend, false, "200");
	lb_backend_good(backend, false, "200");
	expect(BACKEND_UP, 4);
	assert_int_equal(told, 2);
	assert_int_equal(told_from, BACKEND_DOWN);
	assert_string_equal(backend->why, "200");
}

static void one_good_sign_is_enough_when_nobody_is_left(void **state)
{
	(void)state;
	lb_backend_bad(backend, false, "x");
	lb_backend_good(backend, true, "200");
	expect(BACKEND_UP, 4);
}

static void becomes_busy_where_it_would_fall(void **state)
{
	(void)state;
	lb_backend_good(backend, false, "200");
	lb_backend_bad(backend, true, "timed out");
	lb_backend_bad(backend, true, "timed out");
	expect(BACKEND_UP, 2);
	lb_backend_bad(backend, true, "timed out");
	expect(BACKEND_BUSY, 2);
	lb_backend_bad(backend, true, "timed out");
	expect(BACKEND_BUSY, 2);
	assert_int_equal(told, 1);
	lb_backend_good(backend, false, "200");
	expect(BACKEND_UP, 4);
	lb_backend_set_state(backend, BACKEND_BUSY, "x");
	lb_backend_bad(backend, false, "silent");
	expect(BACKEND_DOWN, 0);
	assert_int_equal(told_from, BACKEND_BUSY);
	/* One that is down is not busy, whatever was heard. */
	lb_backend_bad(backend, true, "timed out");
	expect(BACKEND_DOWN, 0);
}

static void a_verdict_needs_no_counting(void **state)
{
	(void)state;
	lb_backend_good(backend, false, "200");
	lb_backend_set_state(backend, BACKEND_DOWN, "silent for 60 s");
	expect(BACKEND_DOWN, 0);
	lb_backend_set_state(backend, BACKEND_DOWN, "again");
	assert_int_equal(told, 1);
	assert_string_equal(backend->why, "silent for 60 s");
	lb_backend_set_state(backend, BACKEND_UP, "trial");
	expect(BACKEND_UP, 4);
}

static void failures_in_a_row_take_it_down(void **state)
{
	(void)state;
	lb_backend_failed(backend, false, "connection refused");
	lb_backend_failed(backend, false, "connection refused");
	expect(BACKEND_UP, 2);
	lb_backend_failed(backend, false, "connection refused");
	expect(BACKEND_DOWN, 0);
	assert_string_equal(backend->why, "passive: connection refused");
	lb_backend_good(backend, true, "200");
	assert_int_equal(backend->passive_failures, 0);
	lb_backend_failed(backend, false, NULL);
	expect(BACKEND_UP, 4);
}

static void silence_of_one_that_was_heard_lately_is_business(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		lb_backend_failed(backend, true, "connect timed out");
	expect(BACKEND_BUSY, 2);
	lb_backend_failed(backend, false, "connection refused");
	expect(BACKEND_DOWN, 0);
}

static void limits_keep_the_side(void **state)
{
	(void)state;
	lb_backend_set_limits(backend, 5, 2);
	expect(BACKEND_UP, 5);
	lb_backend_good(backend, false, "200");
	expect(BACKEND_UP, 6);
	lb_backend_set_limits(backend, 1, 5);
	expect(BACKEND_UP, 2);
	lb_backend_set_limits(backend, 5, 5);
	lb_backend_set_state(backend, BACKEND_DOWN, "x");
	for (int i = 0; i < 4; i++)
		lb_backend_good(backend, false, "200");
	expect(BACKEND_DOWN, 4);
	lb_backend_set_limits(backend, 2, 3);
	expect(BACKEND_DOWN, 1);
	lb_backend_set_limits(backend, 0, 0);
	expect(BACKEND_DOWN, 0);
	lb_backend_good(backend, false, "200");
	expect(BACKEND_UP, 1);
}

static void draining_is_beside_the_state(void **state)
{
	(void)state;
	assert_string_equal(lb_backend_state_name(backend), "up");
	lb_backend_set_draining(backend, true);
	lb_backend_set_draining(backend, true);
	assert_int_equal(told, 1);
	assert_int_equal(told_from, BACKEND_UP);
	assert_string_equal(lb_backend_state_name(backend), "drain");
	lb_backend_bad(backend, false, "x");
	assert_string_equal(lb_backend_state_name(backend), "down");
	lb_backend_set_draining(backend, false);
	lb_backend_set_state(backend, BACKEND_BUSY, "x");
	assert_string_equal(lb_backend_state_name(backend), "busy");
}

static void a_report_counts_what_was_answered_before_the_question(void **state)
{
	(void)state;
	backend->jobs_answered = 10;
	backend->jobs_unseen = 4;
	lb_backend_report_load(backend, 3, 8);
	assert_int_equal(backend->queue_len, 3);
	assert_int_equal(backend->jobs_unseen, 2);
	lb_backend_report_load(backend, -7, 10);
	assert_int_equal(backend->queue_len, -1);
	assert_int_equal(backend->jobs_unseen, 0);
}

static void the_same_is_found_again(void **state)
{
	(void)state;
	struct backend *same = lb_backend_get("pool", &conf.nodes[0]);
	assert_ptr_equal(same, backend);
	struct backend *elsewhere = lb_backend_get("other", &conf.nodes[0]);
	assert_ptr_not_equal(elsewhere, backend);
	struct conf_node moved = conf.nodes[0];
	addr_set_port(&moved.addr, 9999);
	struct backend *at_new_address = lb_backend_get("pool", &moved);
	assert_ptr_not_equal(at_new_address, backend);
	assert_int_equal(at_new_address->id_hash, backend->id_hash);
	lb_backend_unref(elsewhere);
	lb_backend_unref(same);
	lb_backend_unref(at_new_address);
	struct backend *third = lb_backend_get("pool", &conf.nodes[2]);
	lb_backend_unref(lb_backend_ref(third));
	int living = 0;
	list_each (node, lb_backends()) {
		(void)node;
		living++;
	}
	assert_int_equal(living, 2);
	lb_backend_unref(third);
	lb_backend_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			is_new_up_and_one_bad_sign_from_down, setup, teardown),
		cmocka_unit_test_setup_teardown(
			falls_after_fall_bad_signs_in_a_row, setup, teardown),
		cmocka_unit_test_setup_teardown(
			rises_after_rise_good_signs_in_a_row, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_good_sign_is_enough_when_nobody_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(becomes_busy_where_it_would_fall, setup, teardown),
		cmocka_unit_test_setup_teardown(a_verdict_needs_no_counting, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_in_a_row_take_it_down, setup, teardown),
		cmocka_unit_test_setup_teardown(
			silence_of_one_that_was_heard_lately_is_business, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_keep_the_side, setup, teardown),
		cmocka_unit_test_setup_teardown(draining_is_beside_the_state, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_report_counts_what_was_answered_before_the_question, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_is_found_again, setup, teardown),
	};
	return cmocka_run_group_tests_name("lb/backend", tests, NULL, NULL);
}
