/* test/unit/test_lb_least_conn.c */
#include "test/unit/lb_fixture.h"

static struct view_fixture f;

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static void the_fewest_for_its_weight(void **state)
{
	(void)state;
	view_make(&f, "least_conn", 3);
	f.load[1].weight = 3;
	f.load[0].in_flight = 2;
	f.load[1].in_flight = 5;
	f.load[2].in_flight = 3;
	view_start(&f);
	assert_int_equal(view_pick(&f), 1);
	f.load[1].in_flight = 7;
	assert_int_equal(view_pick(&f), 0);
	view_allow(&f, 0, false);
	assert_int_equal(view_pick(&f), 1);
}

/* With nothing in flight all are equal: smooth weighted rotation. */
static void equals_rotate_by_weight(void **state)
{
	(void)state;
	view_make(&f, "least_conn", 3);
	f.load[0].weight = 5;
	view_start(&f);
	for (const char *at = "AABACAAAABACAA"; *at != '\0'; at++)
		assert_int_equal(view_pick(&f), *at - 'A');
}

/* Only those that are equal now take part in the rotation. */
static void a_busy_one_earns_nothing(void **state)
{
	(void)state;
	view_make(&f, "least_conn", 3);
	view_start(&f);
	f.load[1].in_flight = 1;
	for (uint32_t k = 0; k < 20; k++)
		assert_int_equal(view_pick(&f), k % 2 == 0 ? 0 : 2);
	f.load[1].in_flight = 0;
	uint32_t got = 0;
	for (int k = 0; k < 6; k++)
		got += view_pick(&f) == 1;
	assert_int_equal(got, 2);
}

/* The two passes of nginx, with a credit that is only touched among equals. */
static int64_t credit[MEMBERS];

static uint32_t literal_pick(void)
{
	uint32_t best = LB_NONE, first;
	int64_t total = 0;
	bool has_many = false;
	for (uint32_t i = 0; i < f.view.count; i++) {
		const struct lb_load *peer = &f.load[i];
		if (!lb_is_allowed(&f.view, i))
			continue;
		if (best == LB_NONE || peer->in_flight * f.load[best].weight <
					       f.load[best].in_flight * peer->weight) {
			best = i;
			has_many = false;
		} else if (peer->in_flight * f.load[best].weight ==
			   f.load[best].in_flight * peer->weight) {
			has_many = true;
		}
	}
	first = best;
	for (uint32_t i = first; has_many && i < f.view.count; i++) {
		const struct lb_load *peer = &f.load[i];
		if (!lb_is_allowed(&f.view, i) || peer->in_flight * f.load[best].weight !=
							  f.load[best].in_flight * peer->weight)
			continue;
		credit[i] += peer->weight;
		total += peer->weight;
		if (credit[i] > credit[best])
			best = i;
	}
	if (best != LB_NONE)
		credit[best] -= total;
	return best;
}

static void equals_nginx_on_a_busy_day(void **state)
{
	(void)state;
	for (uint32_t count = 1; count < 40; count += 3) {
		view_make(&f, "least_conn", count);
		for (uint32_t i = 0; i < count; i++)
			f.load[i].weight = 1 + test_below(4);
		view_start(&f);
		memset(credit, 0, sizeof(credit));
		for (int k = 0; k < 3000; k++) {
			uint32_t want = literal_pick(), got = view_pick(&f);
			assert_int_equal(got, want);
			if (got != LB_NONE)
				f.load[got].in_flight++;
			for (int end = 0; end < 3; end++) {
				uint32_t i = test_below(count);
				f.load[i].in_flight -= f.load[i].in_flight != 0;
			}
			if (test_below(20) == 0)
				view_allow(&f, test_below(count), test_below(3) != 0);
		}
		view_end(&f);
	}
	view_make(&f, "least_conn", 1);
	view_start(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_fewest_for_its_weight, teardown),
		cmocka_unit_test_teardown(equals_rotate_by_weight, teardown),
		cmocka_unit_test_teardown(a_busy_one_earns_nothing, teardown),
		cmocka_unit_test_teardown(equals_nginx_on_a_busy_day, teardown),
	};
	return cmocka_run_group_tests_name("lb/least_conn", tests, NULL, NULL);
}
