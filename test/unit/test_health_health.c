/* test/unit/test_health_health.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_worker.h"
#include "health/health.h"

#include <sys/resource.h>

#define HOUR_MS 3600000
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

/* Two workers are watched; most tests look at the first and keep the second well, so that the pool
 * is never out. */
static struct fake_worker workers[2];
static struct conf_node nodes[2];
static struct conf_pool conf;
static struct lb_pool *pool;
static struct health_watch *watch;
static struct backend *first;
static unsigned changes;

static void on_change(struct backend *backend, enum backend_state from)
{
	assert_int_not_equal(backend->state, from);
	changes += backend == first;
}

static struct lb_pool *make_pool(struct conf_pool *of)
{
	struct lb_pool *made;
	struct err err;
	if (lb_pool_create(&made, of, &err) != 0)
		fail_msg("%s", err.text);
	lb_pool_activate(made);
	return made;
}

static int setup(void **state)
{
	static const char *const ids[] = {"a", "b"};
	(void)state;
	if (loop_start() != 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		fake_init(&workers[i]);
		workers[i].answer = OK;
		nodes[i] = (struct conf_node){.node_id = ids[i],
			.host = "127.0.0.1",
			.port = addr_port(&workers[i].addr),
			.addr = workers[i].addr,
			.max_concurrent = 1,
			.weight = 1};
	}
	conf = (struct conf_pool){.name = "gpu",
		.nodes = nodes,
		.node_count = 2,
		.balancing = {.strategy = "round_robin"},
		.health = {.interval_ms = 20,
			.timeout_ms = 10000,
			.heartbeat_timeout_ms = 60000,
			.path = "/system_stats",
			.rise = 2,
			.fall = 3}};
	pool = NULL;
	watch = NULL;
	first = NULL;
	changes = 0;
	lb_backend_on_change(on_change);
	health_set_reader(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	health_watch_stop(watch);
	lb_pool_destroy(pool);
	lb_backend_on_change(NULL);
	health_set_reader(NULL);
	for (size_t i = 0; i < COUNT_OF(workers); i++)
		fake_finish(&workers[i]);
	loop_finish();
	return 0;
}

static void start(void)
{
	(void)clock_tick();
	pool = make_pool(&conf);
	first = pool->seats[0].backend;
	watch = health_watch_start(pool);
	assert_non_null(watch);
}

/* Both answer, and have been found good. */
static void start_well(void)
{
	fake_up(&workers[0]);
	fake_up(&workers[1]);
	start();
	PUMP_UNTIL(first->stats.probes_ok != 0 && pool->seats[1].backend->stats.probes_ok != 0);
	assert_int_equal(first->state, BACKEND_UP);
	assert_int_equal(changes, 0);
}

static struct slice seen_body;

static bool read_hi(struct slice body, struct backend_report *report)
{
	seen_body = body;
	report->vram_total = 7;
	return slice_is(body, SLICE("hi"));
}

static void an_answer_is_good_and_is_kept(void **state)
{
	(void)state;
	health_set_reader(read_hi);
	start_well();
	assert_int_equal(first->fitness, 4);
	assert_true(first->probe.was_ok);
	assert_int_not_equal(first->probe.at_wall_us, 0);
	assert_string_equal(first->probe.text, "200");
	assert_int_equal(first->report.vram_total, 7);
	assert_int_not_equal(first->last_heard_us, 0);
	assert_non_null(strstr(workers[0].request, "GET /system_stats HTTP/1.1\r\n"));
	char host[64];
	(void)snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", nodes[0].port);
	assert_non_null(strstr(workers[0].request, host));
}

static void a_large_body_is_good_unread(void **state)
{
	(void)state;
	health_set_reader(read_hi);
	workers[0].answer = "HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n";
	seen_body = (struct slice){NULL, 0};
	start_well();
	assert_string_equal(first->probe.text, "200");
	assert_int_equal(first->report.vram_total, 0);
}

static void falls_and_rises_as_configured(void **state)
{
	(void)state;
	start_well();
	PUMP_UNTIL(workers[0].open == 0);
	fake_down(&workers[0]);
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	assert_true(first->stats.probes_failed >= 3);
	assert_string_equal(first->why, "probe: connection refused");
	assert_string_equal(first->probe.text, "connection refused");
	assert_false(first->probe.was_ok);
	uint64_t ok_before = first->stats.probes_ok;
	fake_up(&workers[0]);
	PUMP_UNTIL(first->state == BACKEND_UP);
	assert_int_equal(first->stats.probes_ok, ok_before + 2);
	assert_string_equal(first->why, "probe: ok");
	assert_int_equal(changes, 2);
}

static void a_wrong_status_is_a_bad_sign(void **state)
{
	(void)state;
	start_well();
	workers[0].answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	assert_string_equal(first->why, "probe: status 500");
	assert_string_equal(first->probe.text, "500");
}

static void nonsense_is_a_bad_sign(void **state)
{
	(void)state;
	start_well();
	workers[0].answer = "220 mail.example.com ESMTP\r\n";
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	assert_string_equal(first->why, "probe: bad answer");
}

static void one_lost_probe_is_forgiven(void **state)
{
	(void)state;
	start_well();
	workers[0].answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	PUMP_UNTIL(first->stats.probes_failed != 0);
	workers[0].answer = OK;
	PUMP_UNTIL(first->fitness == 4);
	assert_int_equal(changes, 0);
}

static void a_bad_sign_brings_a_probe_soon(void **state)
{
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	start_well();
	uint64_t later_us = clock_now_us + 10000000;
	assert_true(first->probe.next_us > later_us);
	health_watch_stop(watch);
	first->probe.next_us = 0;
	workers[0].answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	watch = health_watch_start(pool);
	assert_non_null(watch);
	PUMP_UNTIL(first->stats.probes_failed != 0);
	assert_true(first->probe.next_us < clock_now_us + 2000000);
	assert_int_equal(first->state, BACKEND_UP);
}

static void all_out_one_good_is_enough(void **state)
{
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	start();
	PUMP_UNTIL(!lb_pool_is_available(pool));
	fake_up(&workers[0]);
	PUMP_UNTIL(lb_pool_is_available(pool));
	assert_int_equal(first->state, BACKEND_UP);
	assert_int_equal(first->stats.probes_ok, 1);
	assert_int_equal(first->fitness, 4);
}

static void all_out_nobody_waits_an_hour(void **state)
{
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	start_well();
	/* The first is down for long, and is to be asked again in an hour. */
	lb_backend_set_state(first, BACKEND_DOWN, "test");
	workers[0].answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	PUMP_UNTIL(first->stats.probes_failed == 1);
	assert_true(first->probe.next_us > clock_now_us + 10000000);
	workers[0].answer = OK;
	/* Then the other one goes, too. */
	workers[1].answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	lb_backend_set_state(pool->seats[1].backend, BACKEND_DOWN, "test");
	PUMP_UNTIL(lb_pool_is_available(pool));
	assert_int_equal(first->state, BACKEND_UP);
}

static void heard_elsewhere_is_busy(void **state)
{
	(void)state;
	conf.health.timeout_ms = 30;
	conf.health.heartbeat_timeout_ms = 60000;
	start_well();
	workers[0].answer = NULL;
	PUMP_UNTIL(first->state == BACKEND_BUSY);
	assert_string_equal(first->why, "probe: timed out");
	assert_string_equal(first->probe.text, "timed out");
	uint64_t failed = first->stats.probes_failed;
	assert_true(failed >= 3);
	PUMP_UNTIL(first->stats.probes_failed >= failed + 4);
	assert_int_equal(first->state, BACKEND_BUSY);
	assert_int_equal(workers[0].open_most, 1);
	fake_wake(&workers[0], OK);
	PUMP_UNTIL(first->state == BACKEND_UP);
	assert_int_equal(changes, 2);
}

static void busy_and_unheard_is_down(void **state)
{
	(void)state;
	conf.health.timeout_ms = 30;
	start_well();
	workers[0].answer = NULL;
	PUMP_UNTIL(first->state == BACKEND_BUSY);
	first->last_heard_us = clock_now_us - conf.health.heartbeat_timeout_ms * 1000 - 1;
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	assert_int_equal(changes, 2);
}

static void busy_falls_between_probes_too(void **state)
{
	(void)state;
	conf.health.timeout_ms = HOUR_MS;
	start_well();
	workers[0].answer = NULL;
	lb_backend_set_state(first, BACKEND_BUSY, "test");
	first->last_heard_us = clock_now_us - conf.health.heartbeat_timeout_ms * 1000 - 1;
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	assert_string_equal(first->why, "busy, and nothing heard");
	assert_int_equal(first->stats.probes_failed, 0);
}

static void silent_is_down_at_once(void **state)
{
	(void)state;
	conf.health.timeout_ms = 50;
	start_well();
	workers[0].answer = NULL;
	PUMP_UNTIL(workers[0].open == 1 && clock_now_us > first->last_heard_us);
	uint64_t failed = first->stats.probes_failed;
	first->last_heard_us = clock_now_us - conf.health.heartbeat_timeout_ms * 1000 - 1;
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	assert_int_equal(first->stats.probes_failed, failed + 1);
	assert_string_equal(first->why, "probe: timed out, nothing heard");
}

static void refused_is_never_busy(void **state)
{
	(void)state;
	conf.health.timeout_ms = 30;
	start_well();
	workers[0].answer = NULL;
	PUMP_UNTIL(first->state == BACKEND_BUSY);
	lb_backend_heard(first, clock_now_us);
	PUMP_UNTIL(workers[0].open == 0);
	fake_down(&workers[0]);
	PUMP_UNTIL(first->state == BACKEND_DOWN);
	/* Refused; or reset, when it had got into the queue of the listener that went. */
	assert_non_null(strstr(first->why, "probe: connection re"));
}

static void failed_requests_bring_a_probe(void **state)
{
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	start_well();
	uint64_t ok_before = first->stats.probes_ok;
	lb_backend_set_state(first, BACKEND_DOWN, "passive: connection reset");
	PUMP_UNTIL(first->state == BACKEND_UP);
	assert_int_equal(first->stats.probes_ok, ok_before + 2);
}

static void without_probes_trials_are_had(void **state)
{
	(void)state;
	conf.health.interval_ms = 0;
	fake_up(&workers[0]);
	fake_up(&workers[1]);
	start();
	struct backend *second = pool->seats[1].backend;
	lb_backend_set_state(first, BACKEND_DOWN, "passive: test");
	lb_backend_set_state(second, BACKEND_DOWN, "passive: test");
	first->last_failed_us = clock_now_us - 10000000;
	second->last_failed_us = clock_now_us;
	PUMP_UNTIL(first->state == BACKEND_UP);
	assert_int_equal(second->state, BACKEND_DOWN);
	assert_string_equal(first->why, "another trial");
	assert_int_equal(workers[0].accepted, 0);
}

static void a_new_watch_keeps_the_rhythm(void **state)
{
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	start_well();
	uint64_t due_us = first->probe.next_us;
	for (int i = 0; i < 10; i++) {
		struct lb_pool *next = make_pool(&conf);
		health_watch_stop(watch);
		lb_pool_destroy(pool);
		pool = next;
		watch = health_watch_start(pool);
		assert_non_null(watch);
		(void)event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	}
	assert_int_equal(first->probe.next_us, due_us);
	assert_int_equal(workers[0].accepted, 1);
	/* A shorter interval holds at once. */
	struct conf_pool shorter = conf;
	struct lb_pool *next = make_pool(&shorter);
	shorter.health.interval_ms = 50;
	health_watch_stop(watch);
	lb_pool_destroy(pool);
	pool = next;
	watch = health_watch_start(pool);
	assert_non_null(watch);
	PUMP_UNTIL(first->stats.probes_ok == 2);
}

static void a_cut_off_probe_is_made_again(void **state)
{
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	fake_up(&workers[0]);
	fake_up(&workers[1]);
	workers[0].answer = NULL;
	start();
	PUMP_UNTIL(workers[0].asked == 1);
	health_watch_stop(watch);
	PUMP_UNTIL(workers[0].open == 0);
	assert_int_equal(first->probe.at_wall_us, 0);
	assert_int_equal(first->state, BACKEND_UP);
	workers[0].answer = OK;
	watch = health_watch_start(pool);
	assert_non_null(watch);
	PUMP_UNTIL(first->stats.probes_ok == 1);
	assert_int_equal(first->stats.probes_failed, 0);
}

static void our_own_shortage_is_no_sign(void **state)
{
	struct rlimit old;
	(void)state;
	conf.health.interval_ms = HOUR_MS;
	start();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	int next = dup(workers[0].fd);
	assert_true(next >= 0);
	(void)close(next);
	struct rlimit none_left = {(rlim_t)next, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
	PUMP_UNTIL(first->probe.next_us > clock_now_us + 500000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(first->probe.next_us < clock_now_us + 2000000);
	assert_int_equal(first->probe.at_wall_us, 0);
	assert_int_equal(first->state, BACKEND_UP);
}

static void first_probes_are_spread(void **state)
{
	enum { MANY = 1000 };
	static struct conf_node many[MANY];
	static char ids[MANY][8];
	unsigned at_once = 0;
	uint64_t last_us = 0;
	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "w%d", i);
		many[i] = nodes[0];
		many[i].node_id = ids[i];
	}
	conf.nodes = many;
	conf.node_count = MANY;
	start();
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t due_us = pool->seats[i].backend->probe.next_us;
		at_once += due_us <= clock_now_us;
		last_us = due_us > last_us ? due_us : last_us;
	}
	assert_int_equal(at_once, 32);
	assert_true(last_us > clock_now_us + 100000);
	assert_true(last_us <= clock_now_us + 1000000);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_good_and_is_kept),
		TEST(a_large_body_is_good_unread),
		TEST(falls_and_rises_as_configured),
		TEST(a_wrong_status_is_a_bad_sign),
		TEST(nonsense_is_a_bad_sign),
		TEST(one_lost_probe_is_forgiven),
		TEST(a_bad_sign_brings_a_probe_soon),
		TEST(all_out_one_good_is_enough),
		TEST(all_out_nobody_waits_an_hour),
		TEST(heard_elsewhere_is_busy),
		TEST(busy_and_unheard_is_down),
		TEST(busy_falls_between_probes_too),
		TEST(silent_is_down_at_once),
		TEST(refused_is_never_busy),
		TEST(failed_requests_bring_a_probe),
		TEST(without_probes_trials_are_had),
		TEST(a_new_watch_keeps_the_rhythm),
		TEST(a_cut_off_probe_is_made_again),
		TEST(our_own_shortage_is_no_sign),
		TEST(first_probes_are_spread),
	};
	return cmocka_run_group_tests_name("health/health", tests, NULL, NULL);
}
