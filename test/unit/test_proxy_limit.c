#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/limit.h"

#include <stdio.h>

#define START 100000 /* ms */

static struct conf_zone zone_conf(const char *name, enum conf_zone_kind kind, uint64_t bytes)
{
	return (struct conf_zone){
		.name = name, .kind = kind, .bytes = bytes, .key_text = SLICE("$remote_addr")};
}

struct asked {
	enum limit_verdict verdict;
	uint64_t excess, ms;
	uint32_t which;
};

static struct asked ask(struct limit_req *limits, uint32_t count, uint64_t now_ms)
{
	struct asked asked = {0};
	asked.verdict = limit_req_ask(
		limits, count, now_ms, &asked.excess, &asked.which, &asked.ms);
	return asked;
}

static struct limit_req make(struct limit_zone *zone, uint64_t rate, uint64_t burst, uint64_t delay)
{
	return (struct limit_req){
		.zone = zone, .rate = rate, .burst = burst, .delay = delay, .key = SLICE("a")};
}

static struct limit_zone *take(const struct conf_zone *conf)
{
	struct limit_zone *zone = limit_zone_take(conf);
	assert_non_null(zone);
	return zone;
}

static void without_a_burst_one_request_passes_each_time(void **state)
{
	(void)state;
	struct conf_zone conf = zone_conf("one", CONF_ZONE_REQ, 65536);
	struct limit_zone *zone = take(&conf);
	struct limit_req limit = make(zone, 1000, 0, 0); /* 1r/s */
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
	struct asked refused = ask(&limit, 1, START + 250);
	assert_int_equal(refused.verdict, LIMIT_REFUSE);
	assert_int_equal(refused.excess, 750);
	/* Those that were refused do not count. */
	assert_int_equal(ask(&limit, 1, START + 999).verdict, LIMIT_REFUSE);
	assert_int_equal(ask(&limit, 1, START + 1000).verdict, LIMIT_PASS);
	limit.key = SLICE("b");
	assert_int_equal(ask(&limit, 1, START + 1000).verdict, LIMIT_PASS);
	limit.key = SLICE("");
	assert_int_equal(ask(&limit, 1, START + 1000).verdict, LIMIT_NONE);
	assert_int_equal(limit_zone_count(zone), 2);
	limit_zone_put(zone);
}

static void a_burst_waits_in_line(void **state)
{
	(void)state;
	struct conf_zone conf = zone_conf("one", CONF_ZONE_REQ, 65536);
	struct limit_zone *zone = take(&conf);
	struct limit_req limit = make(zone, 500, 3000, 0); /* 30r/m burst=3 */
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
	for (uint64_t i = 1; i <= 3; i++) {
		struct asked delayed = ask(&limit, 1, START);
		assert_int_equal(delayed.verdict, LIMIT_DELAY);
		assert_int_equal(delayed.excess, i * 1000);
		assert_int_equal(delayed.ms, i * 2000);
	}
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_REFUSE);
	struct asked later = ask(&limit, 1, START + 3000);
	assert_int_equal(later.verdict, LIMIT_DELAY);
	assert_int_equal(later.excess, 2500);
	assert_int_equal(later.ms, 5000);
	limit_zone_put(zone);
}

static void delay_lets_the_first_of_a_burst_pass(void **state)
{
	(void)state;
	struct conf_zone conf = zone_conf("one", CONF_ZONE_REQ, 65536);
	struct limit_zone *zone = take(&conf);
	struct limit_req limit = make(zone, 1000, 3000, 2000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
	struct asked delayed = ask(&limit, 1, START);
	assert_int_equal(delayed.verdict, LIMIT_DELAY);
	assert_int_equal(delayed.ms, 1000);
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_REFUSE);

	limit = make(zone, 1000, 3000, CONF_LIMIT_NODELAY);
	limit.key = SLICE("b");
	for (int i = 0; i < 4; i++)
		assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_REFUSE);
	limit_zone_put(zone);
}

static void several_limits_count_all_or_none(void **state)
{
	(void)state;
	struct conf_zone conf_a = zone_conf("a", CONF_ZONE_REQ, 65536);
	struct conf_zone conf_b = zone_conf("b", CONF_ZONE_REQ, 65536);
	struct limit_zone *a = take(&conf_a), *b = take(&conf_b);
	struct limit_req limits[2] = {make(a, 1000, 2000, 0), make(b, 100, 1000, 0)};
	assert_int_equal(ask(limits, 2, START).verdict, LIMIT_PASS);
	struct asked asked = ask(limits, 2, START);
	assert_int_equal(asked.verdict, LIMIT_DELAY);
	assert_int_equal(asked.which, 1);
	assert_int_equal(asked.ms, 10000);
	asked = ask(limits, 2, START);
	assert_int_equal(asked.verdict, LIMIT_REFUSE);
	assert_int_equal(asked.which, 1);
	assert_int_equal(asked.excess, 2000);
	/* The first limit did not count what the second refused. */
	asked = ask(limits, 1, START);
	assert_int_equal(asked.verdict, LIMIT_DELAY);
	assert_int_equal(asked.excess, 2000);
	/* An empty key leaves the other limit. */
	limits[1].key = SLICE("");
	asked = ask(limits, 2, START + 1000);
	assert_int_equal(asked.verdict, LIMIT_DELAY);
	assert_int_equal(asked.which, 0);
	limit_zone_put(a);
	limit_zone_put(b);
}

static void a_full_zone_forgets_whom_it_heard_of_least_lately(void **state)
{
	(void)state;
	struct conf_zone conf = zone_conf("one", CONF_ZONE_REQ, 32768);
	struct limit_zone *zone = take(&conf);
	struct limit_req limit = make(zone, 1000, 0, 0);
	char key[16];
	uint32_t most = 5 * 4096 / 128;
	for (uint32_t i = 0; i < 3 * most; i++) {
		(void)snprintf(key, sizeof(key), "k%06u", i);
		limit.key = slice_of(key);
		assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
		assert_true(limit_zone_count(zone) <= most);
	}
	assert_int_equal(limit_zone_count(zone), most);
	/* The last one is still known, the first is not. */
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_REFUSE);
	limit.key = SLICE("k000000");
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
	/* After a while, those whose bucket is empty go two at a time. */
	limit.key = SLICE("new");
	assert_int_equal(ask(&limit, 1, START + 70000).verdict, LIMIT_PASS);
	assert_int_equal(limit_zone_count(zone), most - 1);
	limit_zone_put(zone);
}

static void a_zone_outlives_a_reload_if_it_is_the_same(void **state)
{
	(void)state;
	struct conf_zone conf = zone_conf("one", CONF_ZONE_REQ, 65536);
	struct limit_zone *old = take(&conf);
	struct limit_req limit = make(old, 1000, 0, 0);
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_PASS);
	/* Another rate is the same zone, another size, key, name or kind is not. */
	struct conf_zone faster = conf, larger = conf, other = conf, renamed = conf, conn = conf;
	faster.rate = 5000;
	larger.bytes = 131072;
	other.key_text = SLICE("$host");
	renamed.name = "two";
	conn.kind = CONF_ZONE_CONN;
	struct limit_zone *again = take(&faster);
	assert_ptr_equal(again, old);
	const struct conf_zone *different[] = {&larger, &other, &renamed, &conn};
	for (size_t i = 0; i < COUNT_OF(different); i++) {
		struct limit_zone *zone = take(different[i]);
		assert_ptr_not_equal(zone, old);
		limit_zone_put(zone);
	}
	limit_zone_put(old);
	assert_int_equal(ask(&limit, 1, START).verdict, LIMIT_REFUSE);
	limit_zone_put(again);
	old = take(&conf);
	assert_int_equal(limit_zone_count(old), 0);
	limit_zone_put(old);
	limit_zone_put(NULL);
}

static void so_many_connections_and_no_more(void **state)
{
	(void)state;
	struct conf_zone conf = zone_conf("addr", CONF_ZONE_CONN, 32768);
	struct limit_zone *zone = take(&conf);
	bool no_room;
	struct limit_node *a = limit_conn_take(zone, SLICE("a"), 2, &no_room);
	struct limit_node *b = limit_conn_take(zone, SLICE("a"), 2, &no_room);
	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_null(limit_conn_take(zone, SLICE("a"), 2, &no_room));
	assert_false(no_room);
	struct limit_node *other = limit_conn_take(zone, SLICE("b"), 2, &no_room);
	assert_non_null(other);
	limit_conn_give(zone, a);
	a = limit_conn_take(zone, SLICE("a"), 2, &no_room);
	assert_non_null(a);
	limit_conn_give(zone, a);
	limit_conn_give(zone, b);
	limit_conn_give(zone, other);
	assert_int_equal(limit_zone_count(zone), 0);
	limit_zone_put(zone);
}

static void a_full_zone_of_connections_refuses(void **state)
{
	enum { MOST = 5 * 4096 / 64 };
	static struct limit_node *nodes[MOST];
	(void)state;
	struct conf_zone conf = zone_conf("addr", CONF_ZONE_CONN, 32768);
	struct limit_zone *zone = take(&conf);
	bool no_room;
	char key[16];
	for (uint32_t i = 0; i < MOST; i++) {
		(void)snprintf(key, sizeof(key), "k%u", i);
		nodes[i] = limit_conn_take(zone, slice_of(key), 1, &no_room);
		assert_non_null(nodes[i]);
	}
	assert_null(limit_conn_take(zone, SLICE("new"), 1, &no_room));
	assert_true(no_room);
	for (uint32_t i = 0; i < MOST; i++)
		limit_conn_give(zone, nodes[i]);
	limit_zone_put(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_burst_one_request_passes_each_time),
		cmocka_unit_test(a_burst_waits_in_line),
		cmocka_unit_test(delay_lets_the_first_of_a_burst_pass),
		cmocka_unit_test(several_limits_count_all_or_none),
		cmocka_unit_test(a_full_zone_forgets_whom_it_heard_of_least_lately),
		cmocka_unit_test(a_zone_outlives_a_reload_if_it_is_the_same),
		cmocka_unit_test(so_many_connections_and_no_more),
		cmocka_unit_test(a_full_zone_of_connections_refuses),
	};
	return cmocka_run_group_tests_name("proxy/limit", tests, NULL, NULL);
}
