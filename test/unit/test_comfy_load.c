/* test/unit/test_comfy_load.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/comfy.h"
#include "comfy/load.h"
#include "fake_worker.h"

#define HOUR_MS 3600000
#define QUEUE(n)                                                                                   \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"                                    \
	"25\r\n{\"exec_info\": {\"queue_remaining\": " n "}}\r\n0\r\n\r\n"

static struct fake_worker worker;
static struct conf_node node;
static struct conf_pool conf;
static struct lb_pool *pool;
static struct comfy_load *load;
static struct backend *backend;

static int setup(void **state)
{
	(void)state;
	if (loop_start() != 0)
		return -1;
	fake_init(&worker);
	worker.answer = QUEUE("3");
	node = (struct conf_node){.node_id = "a",
		.host = "127.0.0.1",
		.port = addr_port(&worker.addr),
		.addr = worker.addr,
		.max_concurrent = 1,
		.weight = 1};
	conf = (struct conf_pool){.name = "gpu",
		.nodes = &node,
		.node_count = 1,
		.balancing = {.strategy = "least_loaded", .load_interval_ms = 20},
		.health = {.rise = 2, .fall = 3}};
	pool = NULL;
	load = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	comfy_load_stop(load);
	lb_pool_destroy(pool);
	fake_finish(&worker);
	loop_finish();
	return 0;
}

static void start(void)
{
	struct err err;
	bool is_ok;
	(void)clock_tick();
	if (lb_pool_create(&pool, &conf, &err) != 0)
		fail_msg("%s", err.text);
	lb_pool_activate(pool);
	backend = pool->seats[0].backend;
	load = comfy_load_start(pool, &is_ok);
	assert_true(is_ok);
}

static void a_job_was_answered(void)
{
	backend->jobs_answered++;
	backend->jobs_unseen++;
	comfy_inspector.on_job(pool, backend);
}

static void asks_and_reports(void **state)
{
	(void)state;
	fake_up(&worker);
	start();
	assert_int_equal(backend->queue_len, -1);
	PUMP_UNTIL(backend->queue_len == 3);
	assert_non_null(strstr(worker.request, "GET /prompt HTTP/1.1\r\n"));
	assert_int_not_equal(backend->last_heard_us, 0);
	worker.answer = QUEUE("0");
	PUMP_UNTIL(backend->queue_len == 0);
	worker.answer = QUEUE("4");
	PUMP_UNTIL(backend->queue_len == 4);
}

static void only_for_who_wants_it(void **state)
{
	(void)state;
	conf.balancing.strategy = "round_robin";
	start();
	assert_null(load);
	comfy_inspector.on_job(pool, backend);
}

static void a_job_is_asked_about_soon(void **state)
{
	(void)state;
	conf.balancing.load_interval_ms = HOUR_MS;
	fake_up(&worker);
	start();
	PUMP_UNTIL(backend->queue_len == 3);
	worker.answer = QUEUE("4");
	a_job_was_answered();
	assert_int_equal(backend->jobs_unseen, 1);
	PUMP_UNTIL(backend->queue_len == 4);
	assert_int_equal(backend->jobs_unseen, 0);
	assert_int_equal(worker.asked, 2);
}

static void many_jobs_are_one_question(void **state)
{
	(void)state;
	conf.balancing.load_interval_ms = HOUR_MS;
	fake_up(&worker);
	start();
	PUMP_UNTIL(backend->queue_len == 3);
	for (int i = 0; i < 100; i++)
		a_job_was_answered();
	PUMP_UNTIL(worker.asked == 2 && backend->jobs_unseen == 0);
	a_job_was_answered();
	PUMP_UNTIL(backend->jobs_unseen == 0);
	assert_int_equal(worker.asked, 3);
}

static void a_job_meanwhile_stays_unseen(void **state)
{
	(void)state;
	conf.balancing.load_interval_ms = HOUR_MS;
	worker.answer = NULL;
	fake_up(&worker);
	start();
	PUMP_UNTIL(worker.asked == 1);
	a_job_was_answered();
	a_job_was_answered();
	fake_wake(&worker, QUEUE("7"));
	PUMP_UNTIL(backend->queue_len == 7);
	assert_int_equal(backend->jobs_unseen, 2);
	PUMP_UNTIL(backend->jobs_unseen == 0);
	assert_int_equal(worker.asked, 2);
	assert_int_equal(worker.open_most, 1);
}

static void a_count_outlives_failures(void **state)
{
	(void)state;
	conf.balancing.load_interval_ms = 200;
	fake_up(&worker);
	start();
	PUMP_UNTIL(backend->queue_len == 3);
	uint64_t known_us = clock_now_us;
	worker.answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	unsigned asked = worker.asked;
	PUMP_UNTIL(worker.asked == asked + 1 && worker.open == 0);
	assert_int_equal(backend->queue_len, 3);
	PUMP_UNTIL(backend->queue_len == -1);
	assert_true(clock_now_us - known_us > 500000);
	/* Nobody counts what nobody reports: jobs that were accepted are not unseen for ever. */
	a_job_was_answered();
	PUMP_UNTIL(backend->jobs_unseen == 0);
	worker.answer = QUEUE("5");
	PUMP_UNTIL(backend->queue_len == 5);
}

static void one_that_is_down_is_not_asked(void **state)
{
	(void)state;
	fake_up(&worker);
	start();
	PUMP_UNTIL(backend->queue_len == 3);
	lb_backend_set_state(backend, BACKEND_DOWN, "test");
	PUMP_UNTIL(backend->queue_len == -1 && worker.open == 0);
	unsigned asked = worker.asked;
	uint64_t until_us = clock_now_us + 200000;
	PUMP_UNTIL(clock_now_us > until_us);
	assert_int_equal(worker.asked, asked);
	lb_backend_set_state(backend, BACKEND_UP, "test");
	PUMP_UNTIL(backend->queue_len == 3);
}

static void stopped_it_says_nothing(void **state)
{
	(void)state;
	worker.answer = NULL;
	fake_up(&worker);
	start();
	PUMP_UNTIL(worker.asked == 1);
	comfy_load_stop(load);
	load = NULL;
	PUMP_UNTIL(worker.open == 0);
	assert_int_equal(backend->queue_len, -1);
	comfy_inspector.on_job(pool, backend);
	comfy_load_stop(NULL);
}

static void reads_what_comfyui_says(void **state)
{
	static const struct {
		const char *body;
		int32_t n;
	} cases[] = {
		{"{\"exec_info\": {\"queue_remaining\": 0}}", 0},
		{"{\"exec_info\": {\"queue_remaining\": 12, \"more\": []}, \"x\": 1}", 12},
		{"{\"exec_info\": {\"queue_remaining\": 99999999999}}", INT32_MAX},
		{"{\"exec_info\": {\"queue_remaining\": -1}}", -1},
		{"{\"exec_info\": {\"queue_remaining\": \"3\"}}", -1},
		{"{\"exec_info\": {\"queue_remaining\": 1.5}}", -1},
		{"{\"exec_info\": {}}", -1},
		{"{\"exec_info\": 3}", -1},
		{"{\"queue_remaining\": 3}", -1},
		{"[]", -1},
		{"<html>", -1},
		{"", -1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(comfy_read_queue(slice_of(cases[i].body)), cases[i].n);
	assert_int_equal(comfy_read_queue((struct slice){NULL, 0}), -1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_and_reports),
		TEST(only_for_who_wants_it),
		TEST(a_job_is_asked_about_soon),
		TEST(many_jobs_are_one_question),
		TEST(a_job_meanwhile_stays_unseen),
		TEST(a_count_outlives_failures),
		TEST(one_that_is_down_is_not_asked),
		TEST(stopped_it_says_nothing),
		cmocka_unit_test(reads_what_comfyui_says),
	};
	return cmocka_run_group_tests_name("comfy/load", tests, NULL, NULL);
}
