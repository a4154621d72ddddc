/* test/unit/test_lb_pool_sticky.c: how lb/pool_pick.c follows keys and learns them. */
#include "test/unit/lb_fixture.h"

static struct conf_fixture conf, next_conf;
static struct lb_pool *pool, *next;

static void conf_make_sticky(struct conf_fixture *f, uint32_t count)
{
	conf_make(f, "least_loaded", count);
	f->conf.balancing.sticky = (struct conf_sticky){
		.keys = {CONF_KEY_COOKIE, CONF_KEY_CLIENT_ID, CONF_KEY_IP},
		.key_count = 3,
		.ttl_ms = 3600000,
		.max_entries = 1000,
	};
}

static struct lb_pool *create(struct conf_fixture *from)
{
	struct lb_pool *made = NULL;
	assert_int_equal(lb_pool_create(&made, &from->conf, NULL), 0);
	return made;
}

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	next = NULL;
	conf_make_sticky(&conf, 4);
	pool = create(&conf);
	lb_pool_activate(pool);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lb_pool_destroy(pool);
	lb_pool_destroy(next);
	return list_is_empty(lb_backends()) ? 0 : -1;
}

/* "" stands for a key that the request does not have. */
static struct lb_keys keys_of(const char *cookie, const char *client_id, const char *ip)
{
	struct lb_keys keys = {0};
	if (*cookie != '\0')
		keys.value[CONF_KEY_COOKIE] = slice_of(cookie);
	if (*client_id != '\0')
		keys.value[CONF_KEY_CLIENT_ID] = slice_of(client_id);
	if (*ip != '\0')
		keys.value[CONF_KEY_IP] = slice_of(ip);
	return keys;
}

static struct lb_pick pick_from(struct lb_pool *from, bool is_job, const struct lb_keys *keys)
{
	struct lb_request req = {.is_job = is_job};
	struct lb_pick pick = lb_pool_pick(from, &req, keys, NULL);
	if (pick.seat != NULL) {
		const struct lb_outcome outcome = {
			.result = LB_DONE_CLIENT_LEFT, .was_job = is_job};
		lb_pool_done(from, pick.seat, &outcome);
	}
	return pick;
}

static struct lb_pick ask(const char *cookie, const char *client_id, const char *ip)
{
	struct lb_keys keys = keys_of(cookie, client_id, ip);
	return pick_from(pool, false, &keys);
}

static void expect_followed(struct lb_pick pick, uint32_t index)
{
	assert_non_null(pick.seat);
	assert_int_equal(pick.seat->index, index);
	assert_true(pick.was_sticky);
	assert_false(pick.was_moved);
}

static void without_keys_the_strategy_picks(void **state)
{
	(void)state;
	for (uint32_t k = 0; k < 8; k++) {
		struct lb_pick pick = ask("", "", "");
		assert_int_equal(pick.seat->index, k % 4);
		assert_false(pick.was_sticky);
	}
	assert_int_equal(lb_sticky_stats(pool->sticky)->entries, 0);
	assert_int_equal(pick_from(pool, false, NULL).seat->index, 0);
	/* "clientId=" is nobody's: it must not tie all who send it together. */
	struct lb_keys keys = {0};
	keys.value[CONF_KEY_CLIENT_ID] = SLICE("");
	(void)pick_from(pool, false, &keys);
	lb_pool_learn(pool, &pool->seats[0], CONF_KEY_COOKIE, SLICE(""));
	assert_int_equal(lb_sticky_stats(pool->sticky)->entries, 0);
}

static void a_client_stays_where_it_was(void **state)
{
	(void)state;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	assert_int_equal(ask("bob", "", "").seat->index, 1);
	for (int k = 0; k < 10; k++) {
		expect_followed(ask("alice", "", ""), 0);
		expect_followed(ask("bob", "", ""), 1);
	}
	assert_int_equal(pool->stats.sticky_hits, 20);
}

/* A script whose /view has nothing but its address still follows its own /ws. */
static void all_keys_of_a_request_are_learned(void **state)
{
	(void)state;
	assert_int_equal(ask("", "id-1", "10.1.1.1").seat->index, 0);
	assert_int_equal(ask("", "id-2", "10.1.1.2").seat->index, 1);
	expect_followed(ask("", "", "10.1.1.1"), 0);
	expect_followed(ask("", "", "10.1.1.2"), 1);
	/* The browser got its cookie with the first answer. */
	expect_followed(ask("c-1", "id-1", "10.1.1.1"), 0);
	expect_followed(ask("c-1", "", ""), 0);
}

static void the_first_configured_key_wins(void **state)
{
	(void)state;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	assert_int_equal(ask("", "", "10.1.1.1").seat->index, 1);
	expect_followed(ask("alice", "", "10.1.1.1"), 0);
	/* And what the address meant has changed with it. */
	expect_followed(ask("", "", "10.1.1.1"), 0);
}

static void an_unknown_first_key_leaves_it_to_the_next(void **state)
{
	(void)state;
	assert_int_equal(ask("", "", "10.1.1.1").seat->index, 0);
	expect_followed(ask("new", "", "10.1.1.1"), 0);
}

static void a_full_worker_is_followed(void **state)
{
	(void)state;
	struct lb_keys keys = keys_of("alice", "", "");
	assert_int_equal(pick_from(pool, true, &keys).seat->index, 0);
	lb_backend_report_load(pool->seats[0].backend, 50, 0);
	expect_followed(pick_from(pool, true, &keys), 0);
	lb_backend_set_state(pool->seats[0].backend, BACKEND_BUSY, "test");
	expect_followed(pick_from(pool, true, &keys), 0);
}

static void expect_moved(struct lb_pick pick, const struct backend *from)
{
	assert_non_null(pick.seat);
	assert_false(pick.was_sticky);
	assert_true(pick.was_moved);
	assert_ptr_equal(pick.moved_from, from);
	assert_ptr_not_equal(pick.seat->backend, from);
}

static void a_client_moves_when_its_worker_goes_down(void **state)
{
	(void)state;
	struct backend *first = pool->seats[0].backend;
	assert_int_equal(ask("alice", "", "10.1.1.1").seat->index, 0);
	lb_backend_set_state(first, BACKEND_DOWN, "test");
	struct lb_pick pick = ask("alice", "", "10.1.1.1");
	expect_moved(pick, first);
	assert_int_equal(pool->stats.sticky_moves, 1);
	assert_int_equal(lb_sticky_stats(pool->sticky)->moved, 1);
	/* It stays with the new one when the old one is back. */
	lb_backend_set_state(first, BACKEND_UP, "test");
	expect_followed(ask("alice", "", ""), pick.seat->index);
	expect_followed(ask("", "", "10.1.1.1"), pick.seat->index);
}

static void a_client_moves_when_its_worker_drains(void **state)
{
	(void)state;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	lb_backend_set_draining(pool->seats[0].backend, true);
	expect_moved(ask("alice", "", ""), pool->seats[0].backend);
}

static void a_client_moves_when_its_worker_was_tried(void **state)
{
	(void)state;
	const uint64_t tried[1] = {1};
	struct lb_keys keys = keys_of("alice", "", "");
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	struct lb_pick pick = lb_pool_pick(pool, &(struct lb_request){0}, &keys, tried);
	expect_moved(pick, pool->seats[0].backend);
	expect_followed(ask("alice", "", ""), pick.seat->index);
}

/* The cookie's worker is gone, the address still leads somewhere. */
static void a_later_key_is_followed_when_the_first_cannot_be(void **state)
{
	(void)state;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	assert_int_equal(ask("", "", "10.1.1.1").seat->index, 1);
	lb_backend_set_state(pool->seats[0].backend, BACKEND_DOWN, "test");
	struct lb_pick pick = ask("alice", "", "10.1.1.1");
	assert_int_equal(pick.seat->index, 1);
	assert_true(pick.was_sticky);
	assert_true(pick.was_moved);
	assert_ptr_equal(pick.moved_from, pool->seats[0].backend);
	expect_followed(ask("alice", "", ""), 1);
}

static void nobody_left_forgets_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	for (uint32_t i = 0; i < 4; i++)
		lb_backend_set_state(pool->seats[i].backend, BACKEND_DOWN, "test");
	assert_null(ask("alice", "", "").seat);
	assert_int_equal(pool->stats.sticky_moves, 0);
	for (uint32_t i = 0; i < 4; i++)
		lb_backend_set_state(pool->seats[i].backend, BACKEND_UP, "test");
	expect_followed(ask("alice", "", ""), 0);
}

static void a_key_of_the_answer_is_learned(void **state)
{
	(void)state;
	lb_pool_learn(pool, &pool->seats[2], CONF_KEY_COOKIE, SLICE("fresh"));
	expect_followed(ask("fresh", "", ""), 2);
	/* This pool does not look at prompt ids: they would only push others out. */
	lb_pool_learn(pool, &pool->seats[2], CONF_KEY_PROMPT_ID, SLICE("p-1"));
	assert_int_equal(lb_sticky_stats(pool->sticky)->entries, 1);
}

static void it_is_forgotten_after_ttl(void **state)
{
	(void)state;
	uint64_t began_us = clock_now_us;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	clock_now_us = began_us + UINT64_C(3500000000);
	expect_followed(ask("alice", "", ""), 0);
	clock_now_us += UINT64_C(3700000000);
	assert_false(ask("alice", "", "").was_sticky);
	clock_now_us = began_us;
}

static void it_survives_a_reload(void **state)
{
	(void)state;
	assert_int_equal(ask("alice", "", "").seat->index, 0);
	assert_int_equal(ask("bob", "", "").seat->index, 1);
	assert_int_equal(ask("carol", "", "").seat->index, 2);
	/* In the new file n1 comes first, n0 is gone, and n2 has another address. */
	conf_make_sticky(&next_conf, 4);
	next_conf.nodes[0] = conf.nodes[1];
	next_conf.nodes[1] = conf.nodes[3];
	addr_set_port(&next_conf.nodes[2].addr, 9000);
	next_conf.conf.node_count = 3;
	next = create(&next_conf);
	lb_pool_activate(next);
	lb_pool_destroy(pool);
	pool = NULL;
	struct lb_keys alice = keys_of("alice", "", ""), bob = keys_of("bob", "", ""),
		       carol = keys_of("carol", "", "");
	expect_followed(pick_from(next, false, &bob), 0);
	expect_followed(pick_from(next, false, &carol), 2);
	struct lb_pick pick = pick_from(next, false, &alice);
	assert_true(pick.was_moved);
	assert_null(pick.moved_from);
	assert_false(pick.was_sticky);
}

static void a_reload_that_fails_changes_no_bounds(void **state)
{
	(void)state;
	for (int k = 0; k < 20; k++)
		lb_pool_learn(pool, &pool->seats[0], CONF_KEY_COOKIE,
			(struct slice){&"abcdefghijklmnopqrst"[k], 1});
	conf_make_sticky(&next_conf, 4);
	next_conf.conf.balancing.sticky.max_entries = 3;
	next = create(&next_conf);
	assert_int_equal(ask("z", "", "").seat->index, 0);
	assert_int_equal(lb_sticky_stats(pool->sticky)->entries, 21);
	lb_pool_activate(next);
	for (int k = 0; k < 20; k++)
		lb_pool_learn(pool, &pool->seats[0], CONF_KEY_COOKIE,
			(struct slice){&"ABCDEFGHIJKLMNOPQRST"[k], 1});
	assert_int_equal(lb_sticky_stats(pool->sticky)->entries, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_keys_the_strategy_picks),
		TEST(a_client_stays_where_it_was),
		TEST(all_keys_of_a_request_are_learned),
		TEST(the_first_configured_key_wins),
		TEST(an_unknown_first_key_leaves_it_to_the_next),
		TEST(a_full_worker_is_followed),
		TEST(a_client_moves_when_its_worker_goes_down),
		TEST(a_client_moves_when_its_worker_drains),
		TEST(a_client_moves_when_its_worker_was_tried),
		TEST(a_later_key_is_followed_when_the_first_cannot_be),
		TEST(nobody_left_forgets_nothing),
		TEST(a_key_of_the_answer_is_learned),
		TEST(it_is_forgotten_after_ttl),
		TEST(it_survives_a_reload),
		TEST(a_reload_that_fails_changes_no_bounds),
	};
	return cmocka_run_group_tests_name("lb/pool_pick", tests, NULL, NULL);
}
