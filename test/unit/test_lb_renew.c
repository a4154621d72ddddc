/* test/unit/test_lb_renew.c: a pool that gets other members while it is used. */
#include "test/unit/lb_fixture.h"

#include "lb/peer.h"

static struct conf_fixture conf;
static struct conf_upstream upstream;
static struct lb_pool *pool;

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	conf_make(&conf, "round_robin", 3);
	upstream = (struct conf_upstream){.method = CONF_METHOD_ROUND_ROBIN, .name_count = 1};
	for (uint32_t i = 0; i < 3; i++)
		conf.nodes[i].peer = (struct conf_peer){
			.server = "w.test", .max_fails = 2, .fail_timeout_s = 10};
	conf.conf.upstream = &upstream;
	assert_int_equal(lb_pool_create(&pool, &conf.conf, NULL), 0);
	lb_pool_activate(pool);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lb_pool_destroy(pool);
	return list_is_empty(lb_backends()) ? 0 : -1;
}

/* The pool becomes one of those nodes; returns the old one. */
static struct lb_pool *renew(const uint32_t *which, uint32_t count)
{
	struct arena arena;
	struct lb_pool *old = pool;
	arena_init(&arena, 1024);
	struct conf_pool *made = arena_zero(&arena, sizeof(*made));
	assert_non_null(made);
	*made = conf.conf;
	made->nodes = arena_zero(&arena, (count + 1) * sizeof(*made->nodes));
	assert_non_null(made->nodes);
	made->node_count = count;
	for (uint32_t i = 0; i < count; i++)
		made->nodes[i] = conf.nodes[which[i]];
	assert_int_equal(lb_pool_renew(&pool, old, made, &arena, NULL), 0);
	assert_null(arena.blocks);
	lb_pool_activate(pool);
	return old;
}

static const char *pick(struct lb_pool *from, struct lb_seat **ret_seat)
{
	struct lb_walk walk = {0};
	struct lb_request req = {.walk = &walk};
	struct lb_pick made = lb_pool_pick(from, &req, NULL, NULL);
	*ret_seat = made.seat;
	return made.seat == NULL ? "" : made.seat->backend->id;
}

static void end(struct lb_pool *from, struct lb_seat *seat, enum lb_result result)
{
	const struct lb_outcome outcome = {.result = result, .why = "refused"};
	(void)lb_pool_done(from, seat, &outcome);
}

static const char *once(void)
{
	struct lb_seat *seat;
	const char *id = pick(pool, &seat);
	if (seat != NULL)
		end(pool, seat, LB_DONE_OK);
	return id;
}

static void turns_go_on_where_they_were(void **state)
{
	static const uint32_t all[] = {0, 1, 2};
	(void)state;
	assert_string_equal(once(), "n0");
	lb_pool_destroy(renew(all, 3));
	assert_string_equal(once(), "n1");
	lb_pool_destroy(renew(all, 3));
	assert_string_equal(once(), "n2");
	assert_string_equal(once(), "n0");
}

static void who_left_gets_nothing(void **state)
{
	static const uint32_t rest[] = {2, 0};
	(void)state;
	lb_pool_destroy(renew(rest, 2));
	for (int i = 0; i < 6; i++)
		assert_string_not_equal(once(), "n1");
}

static void failures_are_remembered(void **state)
{
	static const uint32_t rest[] = {1, 0};
	struct lb_seat *seat;
	(void)state;
	assert_string_equal(pick(pool, &seat), "n0");
	end(pool, seat, LB_DONE_FAILED);
	lb_pool_destroy(renew(rest, 2));
	const struct lb_seat *n0 = lb_pool_seat_of(pool, pool->seats[1].backend);
	assert_int_equal(pool->peers->by_seat[n0->index]->fails, 1);
	assert_int_equal(pool->peers->by_seat[0]->fails, 0);
	assert_ptr_equal(pool->peers->by_seat[1]->seat, &pool->seats[1]);
}

static void what_ends_in_the_old_one_counts_in_the_new(void **state)
{
	static const uint32_t rest[] = {1, 0};
	struct lb_seat *seat;
	(void)state;
	assert_string_equal(pick(pool, &seat), "n0");
	struct lb_pool *old = lb_pool_ref(pool);
	lb_pool_destroy(renew(rest, 2));
	assert_ptr_equal(lb_pool_now(old), pool);
	assert_int_equal(pool->seats[1].backend->in_flight, 1);
	end(old, seat, LB_DONE_FAILED);
	assert_int_equal(pool->seats[1].backend->in_flight, 0);
	assert_int_equal(pool->peers->by_seat[1]->fails, 1);
	lb_pool_unref(old);
}

static void what_ends_at_one_that_left(void **state)
{
	static const uint32_t rest[] = {1, 2};
	struct lb_seat *seat;
	(void)state;
	assert_string_equal(pick(pool, &seat), "n0");
	struct lb_pool *old = lb_pool_ref(pool);
	lb_pool_destroy(renew(rest, 2));
	end(old, seat, LB_DONE_FAILED);
	assert_int_equal(old->peers->by_seat[0]->fails, 1);
	lb_pool_unref(old);
}

static void the_new_one_may_go_first(void **state)
{
	static const uint32_t rest[] = {1};
	struct lb_seat *seat;
	(void)state;
	assert_string_equal(pick(pool, &seat), "n0");
	struct lb_pool *first = lb_pool_ref(pool);
	lb_pool_destroy(renew(rest, 1));
	struct lb_pool *second = lb_pool_ref(pool);
	lb_pool_destroy(renew(rest, 1));
	lb_pool_destroy(pool);
	lb_pool_unref(second);
	assert_ptr_equal(lb_pool_now(first), first);
	end(first, seat, LB_DONE_OK);
	pool = first; /* teardown's */
}

static void nobody_at_all(void **state)
{
	static const uint32_t one[] = {2};
	static const enum conf_method methods[] = {CONF_METHOD_ROUND_ROBIN, CONF_METHOD_IP_HASH,
		CONF_METHOD_LEAST_CONN, CONF_METHOD_HASH, CONF_METHOD_HASH_CONSISTENT,
		CONF_METHOD_RANDOM, CONF_METHOD_RANDOM_TWO, CONF_METHOD_RANDOM_TIME,
		CONF_METHOD_LEAST_TIME};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		upstream.method = methods[i];
		lb_pool_destroy(renew(one, 0));
		assert_string_equal(once(), "");
		assert_int_equal(lb_pool_tries(pool), 0);
		lb_pool_destroy(renew(one, 1));
		assert_string_equal(once(), "n2");
		assert_int_equal(lb_pool_tries(pool), 1);
	}
}

static void nobody_for_a_strategy(void **state)
{
	static const uint32_t one[] = {2};
	static char names[512];
	(void)state;
	upstream.method = CONF_METHOD_STRATEGY;
	(void)snprintf(names, sizeof(names), "%s", lb_strategy_names());
	for (char *at, *name = strtok_r(names, ", ", &at); name != NULL;
		name = strtok_r(NULL, ", ", &at)) {
		conf.conf.balancing.strategy = name;
		lb_pool_destroy(renew(one, 0));
		assert_string_equal(once(), "");
		lb_pool_destroy(renew(one, 1));
		assert_string_equal(once(), "n2");
	}
}

static void only_backups_are_left(void **state)
{
	static const uint32_t one[] = {2};
	(void)state;
	conf.nodes[2].backup = true;
	lb_pool_destroy(renew(one, 1));
	assert_string_equal(once(), "n2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(turns_go_on_where_they_were),
		TEST(who_left_gets_nothing),
		TEST(failures_are_remembered),
		TEST(what_ends_in_the_old_one_counts_in_the_new),
		TEST(what_ends_at_one_that_left),
		TEST(the_new_one_may_go_first),
		TEST(nobody_at_all),
		TEST(nobody_for_a_strategy),
		TEST(only_backups_are_left),
	};
	return cmocka_run_group_tests_name("lb/renew", tests, NULL, NULL);
}
