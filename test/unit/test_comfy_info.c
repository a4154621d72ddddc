/* test/unit/test_comfy_info.c: one question to all workers, one answer to each client. */
#include "test/unit/info_help.h"

static struct exchange x, y;

static int setup(void **state)
{
	int rc = info_setup(state);
	client_init(&x, "/api/models/loras?a=b", "");
	client_init(&y, "/models/loras?a=b", "");
	return rc;
}

static int teardown(void **state)
{
	client_finish(&x);
	client_finish(&y);
	return info_teardown(state);
}

static const struct slice none = {"", 0};

static void test_a_list_is_put_together_in_the_workers_order(void **state)
{
	(void)state;
	route_union(&fleet, &x, none);
	for (size_t i = 0; i < WORKERS; i++) {
		assert_string_equal(fetches[i]->path, "/models/loras?a=b");
		assert_string_equal(fetches[i]->method, "GET");
		assert_int_equal(fetches[i]->ask.timeout_ms, 5000);
	}
	say(2, 0, 200, "[\"c\", \"a\"]");
	say(0, 0, 200, "[\"b\", \"a\"]");
	assert_int_equal(x.answers, 0);
	say(1, 0, 404, "");
	TURN_UNTIL(x.answers != 0);
	assert_answer(&x, 200, "[\"b\", \"a\", \"c\"]");
	assert_string_equal(x.type, "application/json; charset=utf-8");
}

static void test_nobody_has_it_when_all_say_so(void **state)
{
	(void)state;
	route_union(&fleet, &x, none);
	say(0, 0, 404, "no");
	say(1, -ECONNREFUSED, 0, NULL);
	say(2, 0, 404, "no");
	TURN_UNTIL(x.answers != 0);
	assert_answer(&x, 404, NULL);
}

static void test_without_a_good_answer_it_tells_why(void **state)
{
	(void)state;
	static const struct {
		int error, status, expected;
		const char *body;
	} cases[] = {
		{-ETIMEDOUT, 0, 504, NULL},
		{-ECONNREFUSED, 0, 502, NULL},
		{0, 500, 500, "oh"},
		{0, 200, 502, "<html>"},
		{0, 200, 502, "{}"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		x.answers = 0;
		route_union(&fleet, &x, none);
		for (size_t k = 0; k < WORKERS; k++)
			say(k, cases[i].error, (uint16_t)cases[i].status, cases[i].body);
		TURN_UNTIL(x.answers != 0);
		assert_answer(&x, cases[i].expected, NULL);
	}
}

static void test_who_asks_the_same_meanwhile_gets_the_same(void **state)
{
	(void)state;
	route_union(&fleet, &x, none);
	route_union(&fleet, &y, none);
	assert_int_equal(asked, WORKERS);
	for (size_t i = 0; i < WORKERS; i++)
		say(i, 0, 200, "[1]");
	TURN_UNTIL(x.answers != 0);
	assert_answer(&x, 200, "[1]");
	assert_answer(&y, 200, "[1]");
	assert_ptr_equal(x.json, y.json);
}

static void test_clients_may_leave(void **state)
{
	(void)state;
	route_union(&fleet, &x, none);
	route_union(&fleet, &y, none);
	client_leave(&x);
	assert_int_equal(cancelled, 0);
	say(0, 0, 200, "[1]");
	client_leave(&y);
	assert_int_equal(cancelled, WORKERS - 1);
	assert_int_equal(ask_all_count(), 0);
	turn_once();
	assert_int_equal(x.answers + y.answers, 0);
	/* Also between the last answer and the end. */
	route_union(&fleet, &x, none);
	for (size_t i = 0; i < WORKERS; i++)
		say(i, 0, 200, "[1]");
	client_leave(&x);
	turn_once();
	assert_int_equal(x.answers, 0);
}

static void leave_y(void)
{
	client_leave(&y);
}

static void test_one_may_leave_because_another_was_answered(void **state)
{
	(void)state;
	x.then = leave_y;
	route_union(&fleet, &x, none);
	route_union(&fleet, &y, none);
	for (size_t i = 0; i < WORKERS; i++)
		say(i, 0, 200, "[1]");
	TURN_UNTIL(x.answers != 0);
	assert_int_equal(y.answers, 0);
}

static void ask_again(void)
{
	x.then = NULL;
	route_union(&fleet, &y, none);
}

static void test_who_asks_when_it_ends_begins_anew(void **state)
{
	(void)state;
	x.then = ask_again;
	route_union(&fleet, &x, none);
	for (size_t i = 0; i < WORKERS; i++)
		say(i, 0, 200, "[1]");
	TURN_UNTIL(x.answers != 0);
	assert_int_equal(y.answers, 0);
	assert_int_equal(asked, 2 * WORKERS);
	for (size_t i = 0; i < WORKERS; i++)
		say(i, 0, 200, "[2]");
	TURN_UNTIL(y.answers != 0);
	assert_answer(&y, 200, "[2]");
}

static void test_workers_that_are_down_or_leave_are_not_asked(void **state)
{
	(void)state;
	backends[0].state = BACKEND_DOWN;
	workers[1].is_leaving = true;
	route_union(&fleet, &x, none);
	assert_int_equal(asked, 1);
	/* One that goes while it is asked is of no matter. */
	list_remove(&workers[2].node);
	workers[2].backend = NULL;
	say(2, 0, 200, "[1]");
	TURN_UNTIL(x.answers != 0);
	assert_answer(&x, 200, "[1]");
	route_union(&fleet, &y, none);
	assert_int_equal(y.status, 503);
	workers[2].backend = &backends[2];
}

static void test_without_connections_nobody_answers(void **state)
{
	(void)state;
	no_connections = true;
	route_union(&fleet, &x, none);
	TURN_UNTIL(x.answers != 0);
	assert_int_equal(x.status, 502);
}

static void test_questions_are_bounded(void **state)
{
	(void)state;
	static struct exchange many[40];
	size_t open = 0;
	/* One worker, which is asked many things. */
	no_connections = true;
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		char path[32];
		(void)snprintf(path, sizeof(path), "/models/%zu", i);
		client_init(&many[i], path, "");
		route_union(&fleet, &many[i], none);
		open += many[i].answers == 0;
		if (many[i].answers != 0)
			assert_int_equal(many[i].status, 503);
	}
	assert_true(open >= 16 && open < COUNT_OF(many));
	TURN_UNTIL(ask_all_count() == 0);
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		assert_int_equal(many[i].answers, 1);
		client_finish(&many[i]);
	}
}

#define STATS(name)                                                                                \
	"{\"system\": {\"os\": \"" name "\"}, \"devices\": [{\"name\": \"G\", \"index\": 0}]}"

static void test_devices_do_not_wait_for_the_silent(void **state)
{
	(void)state;
	route_system_stats(&fleet, &x, none);
	assert_string_equal(fetches[0]->path, "/system_stats");
	say(0, 0, 500, "");
	say(2, 0, 200, STATS("p"));
	/* w1 says nothing: a second later it is done without. */
	TURN_UNTIL(x.answers != 0);
	assert_int_equal(cancelled, 1);
	assert_answer(&x, 200,
		"{\"system\": {\"os\": \"p\"}, \"devices\": [{\"name\": \"G (w2)\", \"index\": "
		"0}]}");
}

static void test_free_goes_to_all_and_one_is_enough(void **state)
{
	(void)state;
	x.body = SLICE("{\"unload_models\": true}");
	route_free(&fleet, &x, none);
	for (size_t i = 0; i < WORKERS; i++) {
		assert_string_equal(fetches[i]->method, "POST");
		assert_string_equal(fetches[i]->path, "/free");
		assert_true(slice_is(fetches[i]->ask.head, x.body));
	}
	say(0, -ECONNREFUSED, 0, NULL);
	say(1, 0, 200, "");
	say(2, 0, 500, "no");
	TURN_UNTIL(x.answers != 0);
	assert_answer(&x, 200, NULL);
	/* Two are two: each has a body of its own. */
	route_free(&fleet, &y, none);
	assert_int_equal(asked, 2 * WORKERS);
	for (size_t i = 0; i < WORKERS; i++)
		say(i, 0, 400, "no");
	TURN_UNTIL(y.answers != 0);
	assert_answer(&y, 400, NULL);
}

static void test_features_are_known_already(void **state)
{
	(void)state;
	route_features(&fleet, &x, none);
	assert_answer(&x, 200, "{}");
	workers[0].features = blob_copy("{\"a\": 1, \"b\": 2}", 16);
	workers[1].features = blob_copy("{\"b\": 2}", 8);
	route_features(&fleet, &y, none);
	/* One that has not told does not count. */
	assert_answer(&y, 200, "{\"b\": 2}");
	backends[2].state = BACKEND_DOWN;
	struct blob *flags = fleet_feature_flags(&fleet);
	assert_string_equal(flags->p, "{\"type\": \"feature_flags\", \"data\": {\"b\": 2}}");
	blob_unref(flags);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_list_is_put_together_in_the_workers_order),
		TEST(test_nobody_has_it_when_all_say_so),
		TEST(test_without_a_good_answer_it_tells_why),
		TEST(test_who_asks_the_same_meanwhile_gets_the_same),
		TEST(test_clients_may_leave),
		TEST(test_one_may_leave_because_another_was_answered),
		TEST(test_who_asks_when_it_ends_begins_anew),
		TEST(test_workers_that_are_down_or_leave_are_not_asked),
		TEST(test_without_connections_nobody_answers),
		TEST(test_questions_are_bounded),
		TEST(test_devices_do_not_wait_for_the_silent),
		TEST(test_free_goes_to_all_and_one_is_enough),
		TEST(test_features_are_known_already),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
