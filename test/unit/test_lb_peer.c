/*
 * test/unit/test_lb_peer.c: lb/peer.c, lb/peer_id.c, lb/method_random.c, lb/method_least_time.c,
 * and what lb/pool_pick.c does for a pool of an `upstream`. The sequences of nginx are in
 * test_lb_nginx.c.
 */
#include "test/unit/lb_fixture.h"

#include "lb/peer.h"

#include <errno.h>

static struct conf_fixture conf;
static struct conf_upstream upstream;
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

static void make(enum conf_method method, uint32_t count)
{
	conf_make(&conf, "", count);
	upstream = (struct conf_upstream){.method = method};
	conf.conf.upstream = &upstream;
	for (uint32_t i = 0; i < count; i++)
		conf.nodes[i].peer = (struct conf_peer){
			.server = conf.ids[i], .max_fails = 1, .fail_timeout_s = 10};
}

static void start(void)
{
	assert_int_equal(lb_pool_create(&pool, &conf.conf, NULL), 0);
	lb_pool_activate(pool);
}

static uint32_t pick_for(struct lb_request *req, const uint64_t *tried)
{
	struct lb_pick pick = lb_pool_pick(pool, req, NULL, tried);
	return pick.seat == NULL ? LB_NONE : pick.seat->index;
}

static uint32_t pick(void)
{
	return pick_for(&(struct lb_request){0}, NULL);
}

static bool done_in(uint32_t i, enum lb_result result, uint32_t header_ms, uint32_t took_ms)
{
	return lb_pool_done(pool, &pool->seats[i],
		&(struct lb_outcome){.result = result,
			.header_us = header_ms * 1000,
			.took_us = took_ms * 1000,
			.why = "test"});
}

static bool done(uint32_t i, enum lb_result result)
{
	return done_in(i, result, 1, 1);
}

static uint32_t look_for(struct lb_request *req)
{
	uint32_t i = pick_for(req, NULL);
	if (i != LB_NONE)
		(void)done(i, LB_DONE_OK);
	return i;
}

static uint32_t look(void)
{
	return look_for(&(struct lb_request){0});
}

static void pass(uint64_t ms)
{
	clock_now_us += ms * 1000;
}

static void set_state(uint32_t i, enum backend_state state)
{
	lb_backend_set_state(pool->seats[i].backend, state, "test");
}

/* -- accounts -- */

static void tells_when_a_peer_is_left_alone(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 2);
	conf.nodes[0].peer.max_fails = 2;
	start();
	assert_int_equal(pick(), 0);
	assert_false(done(0, LB_DONE_FAILED));
	assert_int_equal(pick(), 1);
	assert_true(done(1, LB_DONE_FAILED));
	assert_int_equal(pick(), 0);
	assert_true(done(0, LB_DONE_FAILED));
	assert_int_equal(pick(), LB_NONE);
	assert_int_equal(pool->stats.none, 1);
	/* The backend's own fitness is health's affair. */
	assert_int_equal(pool->seats[0].backend->state, BACKEND_UP);
	assert_int_equal(pool->seats[0].backend->passive_failures, 0);
}

static void only_failures_count(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 2);
	start();
	for (int k = 0; k < 10; k++) {
		uint32_t i = pick();
		assert_int_equal(i, k % 2);
		assert_false(done(i, k % 3 == 0 ? LB_DONE_REFUSED : LB_DONE_CLIENT_LEFT));
	}
}

static void an_answer_that_breaks_off_is_no_failure(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 2);
	start();
	assert_int_equal(pick(), 0);
	struct lb_outcome broken = {.result = LB_DONE_FAILED,
		.was_headed = true,
		.header_us = 1000,
		.took_us = 2000,
		.why = "test"};
	assert_false(lb_pool_done(pool, &pool->seats[0], &broken));
	assert_int_equal(look(), 1);
	assert_int_equal(look(), 0);
}

static void health_takes_a_peer_out_even_a_single_one(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 1);
	start();
	set_state(0, BACKEND_DOWN);
	assert_int_equal(pick(), LB_NONE);
	set_state(0, BACKEND_BUSY);
	assert_int_equal(look(), 0);
	assert_int_equal(lb_pool_tries(pool), 1);
}

static void counts_tries_without_those_that_are_down(void **state)
{
	(void)state;
	make(CONF_METHOD_LEAST_CONN, 5);
	conf.nodes[1].peer.is_down = true;
	conf.nodes[3].backup = conf.nodes[4].backup = true;
	conf.nodes[4].peer.is_down = true;
	start();
	assert_int_equal(lb_pool_tries(pool), 3);
}

static void refuses_a_group_of_backups(void **state)
{
	struct err err;
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 1);
	conf.nodes[0].backup = true;
	assert_int_equal(lb_pool_create(&pool, &conf.conf, &err), -EINVAL);
	assert_string_equal(err.text, "no servers in upstream \"pool\"");
}

/* -- stickiness -- */

static void ids_are_the_md5_of_the_address(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 2);
	conf.nodes[1].peer.route = "b";
	start();
	assert_string_equal(
		lb_pool_peer_id(pool, &pool->seats[0]), "1870d4533863557bbe7d64f132ac98fb");
	assert_string_equal(lb_pool_peer_id(pool, &pool->seats[1]), "b");
}

static void a_bound_request_goes_where_it_is_bound(void **state)
{
	static const enum conf_method methods[] = {CONF_METHOD_ROUND_ROBIN, CONF_METHOD_IP_HASH,
		CONF_METHOD_LEAST_CONN, CONF_METHOD_HASH, CONF_METHOD_HASH_CONSISTENT,
		CONF_METHOD_RANDOM, CONF_METHOD_RANDOM_TWO, CONF_METHOD_LEAST_TIME};
	(void)state;
	for (size_t m = 0; m < COUNT_OF(methods); m++) {
		make(methods[m], 4);
		conf.nodes[2].peer.route = "here";
		conf.nodes[2].drain = true;
		start();
		struct lb_request req = {.peer_id = SLICE("here"), .hash_key = SLICE("k")};
		for (int k = 0; k < 20; k++) {
			struct lb_pick bound = lb_pool_pick(pool, &req, NULL, NULL);
			assert_int_equal(bound.seat->index, 2);
			assert_true(bound.was_sticky && !bound.was_moved);
			(void)done(2, LB_DONE_OK);
			/* It drains: nobody else comes. */
			assert_int_not_equal(look(), 2);
		}
		const uint64_t tried = 1 << 2;
		struct lb_pick moved = lb_pool_pick(pool, &req, NULL, &tried);
		assert_int_not_equal(moved.seat->index, 2);
		assert_true(moved.was_moved && moved.moved_from == pool->seats[2].backend);
		(void)done(moved.seat->index, LB_DONE_OK);
		assert_int_equal(pick_for(&req, NULL), 2);
		(void)done(2, LB_DONE_FAILED);
		assert_int_not_equal(look_for(&req), 2);
		pass(11000);
		assert_int_equal(look_for(&req), 2);
		req.peer_id = SLICE("nobody");
		assert_int_not_equal(look_for(&req), 2);
		lb_pool_destroy(pool);
		pool = NULL;
	}
}

/* Others get what the bound ones leave: of three, the bound one's turns are taken already. */
static void bound_requests_count_as_turns(void **state)
{
	uint32_t got[3] = {0};
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 3);
	conf.nodes[0].peer.route = "a";
	start();
	struct lb_request bound = {.peer_id = SLICE("a")};
	for (int k = 0; k < 30; k++) {
		assert_int_equal(look_for(&bound), 0);
		got[look()]++;
	}
	assert_true(got[0] <= 1);
	assert_in_range(got[1], 14, 16);
}

static void backups_are_reached_by_id_only_when_it_is_their_turn(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 2);
	conf.nodes[1].backup = true;
	conf.nodes[1].peer.route = "b";
	start();
	struct lb_request req = {.peer_id = SLICE("b")};
	assert_int_equal(look_for(&req), 0);
	set_state(0, BACKEND_DOWN);
	assert_int_equal(look_for(&req), 1);
}

static void the_same_id_may_be_among_the_backups(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 4);
	conf.nodes[2].backup = conf.nodes[3].backup = true;
	conf.nodes[0].peer.route = conf.nodes[2].peer.route = "a";
	conf.nodes[1].peer.route = conf.nodes[3].peer.route = "b";
	start();
	struct lb_request req = {.peer_id = SLICE("b")};
	assert_int_equal(look_for(&req), 1);
	set_state(0, BACKEND_DOWN);
	set_state(1, BACKEND_DOWN);
	for (int k = 0; k < 4; k++) {
		struct lb_pick got = lb_pool_pick(pool, &req, NULL, NULL);
		assert_int_equal(got.seat->index, 3);
		assert_true(got.was_sticky);
		(void)done(3, LB_DONE_OK);
	}
}

/* The primaries are names that have no addresses yet: no method has made anything of them. */
static void backups_alone_are_enough_while_names_are_looked_up(void **state)
{
	(void)state;
	for (int method = 0; method <= CONF_METHOD_LEAST_TIME; method++) {
		make((enum conf_method)method, 2);
		conf.nodes[0].backup = conf.nodes[1].backup = true;
		upstream.name_count = 1;
		start();
		struct lb_request req = {.hash_key = SLICE("x")};
		assert_int_not_equal(look_for(&req), LB_NONE);
		lb_pool_destroy(pool);
		pool = NULL;
	}
}

static void learns_sessions(void **state)
{
	(void)state;
	make(CONF_METHOD_ROUND_ROBIN, 3);
	upstream.sticky.kind = CONF_AFFINITY_LEARN;
	conf.conf.balancing.sticky = (struct conf_sticky){.ttl_ms = 1000, .max_entries = 100};
	start();
	struct lb_request req = {.session = SLICE("s1")};
	/* What only the client says is not learned. */
	lb_pool_learn_session(pool, &pool->seats[2], SLICE(""), SLICE("s1"));
	assert_int_equal(look_for(&req), 0);
	assert_int_equal(look_for(&req), 1);
	lb_pool_learn_session(pool, &pool->seats[2], SLICE("s1"), SLICE(""));
	assert_int_equal(look_for(&req), 2);
	assert_int_equal(look_for(&req), 2);
	/* Another one answered: the session moves along. */
	set_state(2, BACKEND_DOWN);
	uint32_t i = look_for(&req);
	assert_int_not_equal(i, 2);
	lb_pool_learn_session(pool, &pool->seats[i], SLICE(""), SLICE("s1"));
	set_state(2, BACKEND_UP);
	assert_int_equal(look_for(&req), i);
	pass(1500);
	uint32_t seen[3] = {0};
	for (int k = 0; k < 9; k++)
		seen[look_for(&req)]++;
	assert_true(seen[0] != 0 && seen[1] != 0 && seen[2] != 0);
}

static void native_keys_work_beside(void **state)
{
	(void)state;
	make(CONF_METHOD_LEAST_CONN, 4);
	conf.conf.balancing.sticky = (struct conf_sticky){
		.keys = {CONF_KEY_CLIENT_ID}, .key_count = 1, .ttl_ms = 60000, .max_entries = 100};
	start();
	struct lb_keys keys = {0};
	keys.value[CONF_KEY_CLIENT_ID] = SLICE("me");
	struct lb_pick first = lb_pool_pick(pool, &(struct lb_request){0}, &keys, NULL);
	for (int k = 0; k < 5; k++) {
		struct lb_pick next = lb_pool_pick(pool, &(struct lb_request){0}, &keys, NULL);
		assert_ptr_equal(next.seat, first.seat);
		assert_true(next.was_sticky);
	}
	for (int k = 0; k < 6; k++)
		(void)done(first.seat->index, LB_DONE_OK);
}

/* -- by lot, by time -- */

static void draws_by_weight(void **state)
{
	uint32_t got[3] = {0};
	(void)state;
	make(CONF_METHOD_RANDOM, 3);
	conf.nodes[0].weight = 3;
	conf.nodes[2].peer.is_down = true;
	start();
	for (int k = 0; k < 4000; k++)
		got[look()]++;
	assert_in_range(got[0], 2800, 3200);
	assert_int_equal(got[2], 0);
}

static void the_better_of_two_has_fewer_requests(void **state)
{
	(void)state;
	make(CONF_METHOD_RANDOM_TWO, 2);
	start();
	for (uint32_t k = 0; k < 100; k++) {
		uint32_t i = pick();
		assert_true(i < 2);
		uint32_t a = pool->seats[0].backend->in_flight,
			 b = pool->seats[1].backend->in_flight;
		assert_true(a <= b + 1 && b <= a + 1);
	}
	for (uint32_t i = 0; i < 2; i++)
		while (pool->seats[i].backend->in_flight != 0)
			(void)done(i, LB_DONE_OK);
	/* One is left: after 20 vain draws it is found by turns. */
	set_state(0, BACKEND_DOWN);
	assert_int_equal(look(), 1);
	set_state(1, BACKEND_DOWN);
	assert_int_equal(pick(), LB_NONE);
}

static void the_fastest_comes_first(void **state)
{
	(void)state;
	make(CONF_METHOD_LEAST_TIME, 3);
	upstream.time = CONF_TIME_LAST_BYTE;
	start();
	static const uint32_t ms[] = {300, 100, 500};
	/* Not measured is fastest: all three get one. */
	for (int k = 0; k < 3; k++) {
		uint32_t i = pick();
		(void)done_in(i, LB_DONE_OK, 1, ms[i]);
	}
	for (int k = 0; k < 10; k++) {
		assert_int_equal(pick(), 1);
		(void)done_in(1, LB_DONE_OK, 1, 100);
	}
	/* (1 + requests) * time: three there, and the next is better off at 300 ms. */
	assert_int_equal(pick(), 1);
	assert_int_equal(pick(), 1);
	assert_int_equal(pick(), 0);
	(void)done_in(0, LB_DONE_OK, 1, 300);
	/* One that fails fast is not fast. */
	(void)done_in(1, LB_DONE_FAILED, 0, 1);
	assert_int_equal(pick(), 0);
	(void)done_in(0, LB_DONE_OK, 1, 300);
	(void)done_in(1, LB_DONE_OK, 1, 100);
}

static void times_that_nobody_renews_fade(void **state)
{
	(void)state;
	make(CONF_METHOD_LEAST_TIME, 2);
	upstream.time = CONF_TIME_HEADER;
	start();
	assert_int_equal(pick(), 0);
	(void)done_in(0, LB_DONE_OK, 1000, 1);
	assert_int_equal(pick(), 1);
	(void)done_in(1, LB_DONE_OK, 200, 1);
	for (int k = 0; k < 12; k++) {
		assert_int_equal(pick(), 1);
		(void)done_in(1, LB_DONE_OK, 200, 1);
		pass(1000);
	}
	/* Each 11 s halve it: 1000, 500, 250, 125. (So does the other's, for one look.) */
	for (int k = 0; k < 22; k++) {
		pass(1000);
		uint32_t i = pick();
		(void)done_in(i, LB_DONE_OK, 200, 1);
		assert_int_equal(i, k == 21 ? 0 : 1);
	}
}

static void what_is_under_way_counts_when_asked_for(void **state)
{
	(void)state;
	make(CONF_METHOD_LEAST_TIME, 2);
	upstream.counts_inflight = true;
	start();
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(pick(), i);
		lb_pool_headed(pool, &pool->seats[i], 100000);
		assert_int_equal(pool->peers->all[i].inflight, 0);
		assert_int_equal(pool->peers->all[i].header_ms, 100);
		(void)lb_pool_done(pool, &pool->seats[i],
			&(struct lb_outcome){
				.header_us = 100000, .took_us = 100000, .was_headed = true});
	}
	assert_int_equal(pick(), 1);
	assert_int_equal(pool->peers->all[1].inflight, 1);
	pass(4000);
	/* The one that 1 has is 4 s old. */
	for (int k = 0; k < 5; k++) {
		assert_int_equal(pick(), 0);
		pass(1);
	}
	for (int k = 0; k < 5; k++)
		(void)done_in(0, LB_DONE_OK, 100, 100);
	(void)done_in(1, LB_DONE_OK, 4000, 4000);
	assert_int_equal(pool->peers->all[0].inflight + pool->peers->all[1].inflight, 0);
	assert_int_equal(pool->peers->all[0].inflight_sum_ms, 0);
}

/* -- whatever happens -- */

static bool may_be_used(uint32_t i, const uint64_t *tried, bool is_bound)
{
	const struct conf_node *node = &conf.nodes[i];
	const struct backend *backend = pool->seats[i].backend;
	const struct lb_peer *peer = pool->peers->by_seat[i];
	if (node->peer.is_down || backend->state == BACKEND_DOWN || (node->drain && !is_bound) ||
		(*tried >> i & 1) != 0)
		return false;
	if (node->peer.max_conns != 0 && backend->in_flight >= node->peer.max_conns)
		return false;
	return node->peer.max_fails == 0 || peer->fails < node->peer.max_fails ||
	       lb_now_s() - peer->checked_s > (int64_t)node->peer.fail_timeout_s;
}

static void make_drawn(enum conf_method method)
{
	uint32_t count = 2 + test_below(6);
	make(method, count);
	upstream.counts_inflight = test_below(2) == 0;
	for (uint32_t i = 0; i < count; i++) {
		struct conf_node *node = &conf.nodes[i];
		node->weight = 1 + test_below(5);
		node->backup = i != 0 && test_below(4) == 0;
		node->drain = test_below(10) == 0;
		node->peer.is_down = test_below(10) == 0;
		node->peer.max_fails = test_below(4);
		node->peer.fail_timeout_s = test_below(3);
		node->peer.max_conns = test_below(4);
	}
	start();
}

/* One pick; checks it, and that nobody could have been used when there is none. */
static uint32_t pick_checked(uint64_t tried, bool *ret_at_backups)
{
	char key[8];
	char octets[4] = {(char)test_below(256), (char)test_below(256), (char)test_below(256), 1};
	uint32_t bound = test_below(3) == 0 ? test_below(pool->count) : LB_NONE;
	(void)snprintf(key, sizeof(key), "%u", test_below(1000));
	struct lb_walk walk = {0};
	struct lb_request req = {
		.hash_key = slice_of(key), .client_ip = {octets, 4}, .walk = &walk};
	if (bound != LB_NONE)
		req.peer_id = slice_of(lb_pool_peer_id(pool, &pool->seats[bound]));
	uint64_t usable = 0, primaries = 0;
	for (uint32_t i = 0; i < pool->count; i++) {
		usable |= (uint64_t)may_be_used(i, &tried, i == bound) << i;
		primaries |= (uint64_t)!conf.nodes[i].backup << i;
	}
	uint32_t i = pick_for(&req, &tried);
	*ret_at_backups = walk.is_at_backups;
	if (i == LB_NONE) {
		assert_int_equal(usable, 0);
		return i;
	}
	assert_true(usable >> i & 1);
	assert_true(!conf.nodes[i].backup || (usable & primaries) == 0);
	return i;
}

static void never_picks_who_may_not_be_used(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++) {
		uint32_t running[MEMBERS] = {0};
		make_drawn((enum conf_method)test_below(CONF_METHOD_COUNT));
		/* A single one has other rules. */
		bool is_single = pool->peers->list[0].is_single;
		for (int k = 0; k < 200 && !is_single; k++) {
			bool at_backups;
			uint32_t i = test_below(pool->count);
			uint64_t tried = test_below(4) == 0 ? test_random() & 0xff : 0;
			if (test_below(20) == 0)
				set_state(i, (enum backend_state)test_below(BACKEND_STATES));
			if (test_below(4) == 0)
				pass(test_below(1500));
			if (test_below(2) == 0 && running[i] != 0) {
				running[i]--;
				(void)done_in(
					i, (enum lb_result)test_below(4), test_below(900), 900);
			} else if ((i = pick_checked(tried, &at_backups)) != LB_NONE) {
				running[i]++;
			}
		}
		for (uint32_t i = 0; i < pool->count; i++) {
			assert_int_equal(pool->seats[i].backend->in_flight, running[i]);
			while (running[i]-- != 0)
				(void)done(i, LB_DONE_OK);
			assert_int_equal(pool->seats[i].backend->in_flight, 0);
			assert_int_equal(pool->peers->by_seat[i]->inflight, 0);
			assert_in_range(
				pool->peers->by_seat[i]->effective, 0, conf.nodes[i].weight);
		}
		lb_pool_destroy(pool);
		pool = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_when_a_peer_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(only_failures_count, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_that_breaks_off_is_no_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(
			health_takes_a_peer_out_even_a_single_one, setup, teardown),
		cmocka_unit_test_setup_teardown(
			counts_tries_without_those_that_are_down, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_a_group_of_backups, setup, teardown),
		cmocka_unit_test_setup_teardown(ids_are_the_md5_of_the_address, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_bound_request_goes_where_it_is_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(bound_requests_count_as_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(
			backups_are_reached_by_id_only_when_it_is_their_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_same_id_may_be_among_the_backups, setup, teardown),
		cmocka_unit_test_setup_teardown(
			backups_alone_are_enough_while_names_are_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(learns_sessions, setup, teardown),
		cmocka_unit_test_setup_teardown(native_keys_work_beside, setup, teardown),
		cmocka_unit_test_setup_teardown(draws_by_weight, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_better_of_two_has_fewer_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(the_fastest_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(times_that_nobody_renews_fade, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_under_way_counts_when_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(never_picks_who_may_not_be_used, setup, teardown),
	};
	return cmocka_run_group_tests_name("lb/peer", tests, NULL, NULL);
}
