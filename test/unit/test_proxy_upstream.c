/* test/unit/test_proxy_upstream.c - connections to a worker: made, lent, kept, and closed when they
 * are of no use. */
#include "test/unit/proxy_help.h"

#include "proxy/exchange.h"

#include <sys/resource.h>

static struct backend *backend;
static struct conf_pool pool_conf;
static struct lb_seat seats[2];
static struct lb_pool pool = {.conf = &pool_conf, .seats = seats};
/* Whoever owns a connection here has no wish to do anything. */
static struct exchange owner = {.state = EX_DONE, .pool = &pool};
static const struct tls_route plain;
static int far[4]; /* the worker's ends; -1: none */

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(far); i++)
		far[i] = -1;
	assert_int_equal(loop_start(), 0);
	assert_int_equal(hash_start(), 0);
	memset(&proxy_stats, 0, sizeof(proxy_stats));
	proxy_help_worker();
	struct conf_node node = {.node_id = "a", .weight = 1};
	assert_int_equal(addr_from_ip(&node.addr, "127.0.0.1", proxy_help.worker_port), 0);
	backend = lb_backend_get("pool", &node);
	assert_non_null(backend);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(far); i++)
		if (far[i] >= 0)
			(void)close(far[i]);
	upstream_close_idle(backend);
	assert_int_equal(backend->busy_count, 0);
	lb_backend_unref(backend);
	turn_once();
	assert_int_equal(proxy_stats.upstreams, 0);
	assert_true(list_is_empty(lb_backends()));
	loop_finish();
	(void)close(proxy_help.worker);
	return 0;
}

/* A connection that both sides know of; the worker's end is far[i]. */
static struct upstream *connected(size_t i)
{
	struct upstream *upstream;
	int rc;
	assert_int_equal(upstream_connect(&upstream, backend, &owner, &plain), 0);
	TURN_UNTIL((rc = upstream_connected(upstream, NULL)) != -EINPROGRESS);
	assert_int_equal(rc, 0);
	far[i] = worker_accept();
	return upstream;
}

static void hang_up(size_t i)
{
	(void)close(far[i]);
	far[i] = -1;
}

static void a_connection_is_its_exchanges(void **state)
{
	(void)state;
	struct upstream *upstream = connected(0);
	assert_ptr_equal(upstream->exchange, &owner);
	assert_ptr_equal(upstream->backend, backend);
	assert_false(upstream->was_reused);
	assert_false(upstream->is_connecting);
	assert_true(upstream->sock.can_write);
	assert_int_equal(backend->busy_count, 1);
	assert_int_equal(backend->idle_count, 0);
	assert_int_equal(backend->stats.connects, 1);
	assert_int_equal(proxy_stats.upstreams, 1);
	upstream_close(upstream);
	assert_int_equal(peer_end(far[0]), 0);
}

static void a_worker_that_is_not_there_is_told_with_its_reason(void **state)
{
	(void)state;
	struct upstream *upstream;
	(void)close(proxy_help.worker);
	proxy_help.worker = -1;
	int rc = upstream_connect(&upstream, backend, &owner, &plain);
	if (rc == 0) {
		TURN_UNTIL((rc = upstream_connected(upstream, NULL)) != -EINPROGRESS);
		upstream_close(upstream);
	}
	assert_int_equal(rc, -ECONNREFUSED);
	assert_int_equal(backend->stats.connect_failures, 1);
	assert_int_equal(backend->busy_count, 0);
}

/* A unix socket whose queue is full says EAGAIN, and nothing ever comes of it (connect(2)). */
static void a_worker_that_has_no_room_in_its_queue_is_told_at_once(void **state)
{
	(void)state;
	struct upstream *upstream;
	struct err err;
	char folder[] = "/tmp/comfymux-upstream-XXXXXX", text[64];
	struct conf_node node = {.node_id = "b", .weight = 1};
	assert_non_null(mkdtemp(folder));
	(void)snprintf(text, sizeof(text), "unix:%s/s", folder);
	assert_int_equal(addr_parse(&node.addr, text, &err), 0);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, &node.addr.u.any, node.addr.len), 0);
	assert_int_equal(listen(listener, 0), 0);
	struct backend *full = lb_backend_get("pool", &node);
	assert_non_null(full);
	assert_int_equal(upstream_connect(&upstream, full, &owner, &plain), 0);
	assert_int_equal(upstream_connected(upstream, NULL), 0);
	struct upstream *second;
	assert_int_equal(upstream_connect(&second, full, &owner, &plain), -EAGAIN);
	assert_int_equal(full->stats.connect_failures, 1);
	assert_int_equal(full->busy_count, 1);
	upstream_close(upstream);
	lb_backend_unref(full);
	(void)close(listener);
	assert_int_equal(unlink(node.addr.u.un.sun_path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void the_newest_idle_one_is_lent_first(void **state)
{
	(void)state;
	struct upstream *first = connected(0), *second = connected(1);
	upstream_give(first, 8, 60000);
	upstream_give(second, 8, 60000);
	assert_int_equal(backend->idle_count, 2);
	assert_int_equal(backend->busy_count, 0);
	assert_null(second->exchange);
	assert_ptr_equal(upstream_take(backend, &owner, &plain), second);
	assert_true(second->was_reused);
	assert_ptr_equal(second->exchange, &owner);
	assert_ptr_equal(upstream_take(backend, &owner, &plain), first);
	assert_null(upstream_take(backend, &owner, &plain));
	assert_int_equal(backend->stats.reused, 2);
	assert_int_equal(backend->busy_count, 2);
	upstream_close(first);
	upstream_close(second);
}

static void no_more_are_kept_than_may_be(void **state)
{
	(void)state;
	struct upstream *all[] = {connected(0), connected(1), connected(2)};
	for (size_t i = 0; i < COUNT_OF(all); i++)
		upstream_give(all[i], 2, 60000);
	assert_int_equal(backend->idle_count, 2);
	assert_int_equal(proxy_stats.upstreams, 2);
	assert_int_equal(peer_end(far[2]), 0);
}

/* nginx's `keepalive` counts over all servers of an upstream block. */
static void a_block_keeps_the_newest_of_all_its_workers(void **state)
{
	(void)state;
	const struct conf_upstream block = {
		.keepalive_requests = 9, .keepalive_time_ms = 60000, .keepalive_timeout_ms = 60000};
	struct conf_node node = {.node_id = "b", .weight = 1};
	assert_int_equal(addr_from_ip(&node.addr, "127.0.0.1", proxy_help.worker_port), 0);
	struct backend *first = backend, *second = lb_backend_get("pool", &node);
	seats[0].backend = first;
	seats[1].backend = second;
	pool_conf.upstream = &block;
	pool.count = 2;
	upstream_give(connected(0), 2, 1);
	backend = second;
	upstream_give(connected(1), 2, 1);
	assert_int_equal(first->idle_count + second->idle_count, 2);
	upstream_give(connected(2), 2, 1);
	backend = first;
	assert_int_equal(first->idle_count, 0);
	assert_int_equal(second->idle_count, 2);
	assert_int_equal(peer_end(far[0]), 0);
	upstream_close_idle(second);
	lb_backend_unref(second);
	pool_conf.upstream = NULL;
	pool.count = 0;
}

static void a_block_s_connection_serves_so_many_requests(void **state)
{
	(void)state;
	const struct conf_upstream block = {
		.keepalive_requests = 2, .keepalive_time_ms = 60000, .keepalive_timeout_ms = 60000};
	seats[0].backend = backend;
	pool_conf.upstream = &block;
	pool.count = 1;
	struct upstream *upstream = connected(0);
	upstream_give(upstream, 8, 60000);
	assert_ptr_equal(upstream_take(backend, &owner, &plain), upstream);
	upstream_give(upstream, 8, 60000);
	assert_int_equal(backend->idle_count, 0);
	pool_conf.upstream = NULL;
	pool.count = 0;
}

static void a_draining_worker_keeps_none(void **state)
{
	(void)state;
	struct upstream *upstream = connected(0);
	lb_backend_set_draining(backend, true);
	upstream_give(upstream, 8, 60000);
	assert_int_equal(backend->idle_count, 0);
	assert_int_equal(peer_end(far[0]), 0);
}

static void an_idle_one_is_closed_when_its_time_is_over(void **state)
{
	(void)state;
	upstream_give(connected(0), 8, 20);
	assert_int_equal(backend->idle_count, 1);
	TURN_UNTIL(backend->idle_count == 0);
	assert_int_equal(peer_end(far[0]), 0);
}

static void a_lent_one_has_no_such_time(void **state)
{
	(void)state;
	upstream_give(connected(0), 8, 20);
	upstream_give(connected(1), 8, 20);
	struct upstream *upstream = upstream_take(backend, &owner, &plain);
	TURN_UNTIL(backend->idle_count == 0);
	assert_true(sock_is_open(&upstream->sock));
	assert_false(deadline_is_set(&upstream->deadline));
	upstream_close(upstream);
}

static void an_idle_one_that_the_worker_closes_is_gone(void **state)
{
	(void)state;
	upstream_give(connected(0), 8, 60000);
	hang_up(0);
	TURN_UNTIL(backend->idle_count == 0);
	assert_int_equal(proxy_stats.upstreams, 0);
}

static void an_idle_one_that_speaks_is_gone(void **state)
{
	(void)state;
	upstream_give(connected(0), 8, 60000);
	peer_say(far[0], "HTTP/1.1 200 OK\r\n\r\n");
	TURN_UNTIL(backend->idle_count == 0);
	assert_int_equal(peer_end(far[0]), ECONNRESET);
}

/* Before the loop could tell. */
static void what_was_closed_or_spoke_is_not_lent(void **state)
{
	(void)state;
	struct upstream *quiet = connected(0);
	upstream_give(quiet, 8, 60000);
	upstream_give(connected(1), 8, 60000);
	upstream_give(connected(2), 8, 60000);
	upstream_give(connected(3), 8, 60000);
	hang_up(1);
	peer_say(far[2], "HTTP/1.1 200 OK\r\n\r\n");
	close_with_reset(far[3]);
	far[3] = -1;
	assert_ptr_equal(upstream_take(backend, &owner, &plain), quiet);
	assert_int_equal(backend->idle_count, 0);
	upstream_close(quiet);
}

static void what_was_read_and_not_used_is_not_kept(void **state)
{
	(void)state;
	struct upstream *upstream = connected(0);
	assert_true(buf_append(&upstream->in, "left over", 9));
	upstream_give(upstream, 8, 60000);
	assert_ptr_equal(upstream_take(backend, &owner, &plain), upstream);
	assert_int_equal(buf_waiting(&upstream->in), 0);
	upstream_close(upstream);
}

static void a_reset_is_seen_by_the_worker(void **state)
{
	(void)state;
	struct upstream *upstream = connected(0);
	upstream_reset(upstream);
	assert_int_equal(peer_end(far[0]), ECONNRESET);
}

static void closing_twice_is_closing_once(void **state)
{
	(void)state;
	struct upstream *upstream = connected(0);
	upstream_close(upstream);
	upstream_reset(upstream);
	upstream_close(upstream);
	upstream_close(NULL);
	upstream_reset(NULL);
	assert_int_equal(proxy_stats.upstreams, 0);
	assert_int_equal(backend->busy_count, 0);
}

static void all_idle_ones_are_closed_at_once(void **state)
{
	(void)state;
	struct upstream *busy = connected(2);
	upstream_give(connected(0), 8, 60000);
	upstream_give(connected(1), 8, 60000);
	assert_true(upstreams_close_idle());
	assert_false(upstreams_close_idle());
	assert_int_equal(backend->idle_count, 0);
	assert_int_equal(backend->busy_count, 1);
	assert_true(sock_is_open(&busy->sock));
	upstream_close(busy);
}

/* Its last holder may be a connection. */
static void a_connection_holds_its_worker(void **state)
{
	(void)state;
	struct upstream *upstream = connected(0);
	uint32_t refs = backend->refs;
	upstream_close(upstream);
	assert_int_equal(backend->refs, refs);
	turn_once();
	assert_int_equal(backend->refs, refs - 1);
}

static void without_descriptors_nothing_is_lost(void **state)
{
	(void)state;
	struct upstream *upstream;
	struct rlimit before, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int rc = upstream_connect(&upstream, backend, &owner, &plain);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(rc, -EMFILE);
	assert_int_equal(backend->busy_count, 0);
	assert_int_equal(proxy_stats.upstreams, 0);
	upstream_close(connected(0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_its_exchanges),
		TEST(a_worker_that_is_not_there_is_told_with_its_reason),
		TEST(a_worker_that_has_no_room_in_its_queue_is_told_at_once),
		TEST(the_newest_idle_one_is_lent_first),
		TEST(no_more_are_kept_than_may_be),
		TEST(a_block_keeps_the_newest_of_all_its_workers),
		TEST(a_block_s_connection_serves_so_many_requests),
		TEST(a_draining_worker_keeps_none),
		TEST(an_idle_one_is_closed_when_its_time_is_over),
		TEST(a_lent_one_has_no_such_time),
		TEST(an_idle_one_that_the_worker_closes_is_gone),
		TEST(an_idle_one_that_speaks_is_gone),
		TEST(what_was_closed_or_spoke_is_not_lent),
		TEST(what_was_read_and_not_used_is_not_kept),
		TEST(a_reset_is_seen_by_the_worker),
		TEST(closing_twice_is_closing_once),
		TEST(all_idle_ones_are_closed_at_once),
		TEST(a_connection_holds_its_worker),
		TEST(without_descriptors_nothing_is_lost),
	};
	return cmocka_run_group_tests_name("proxy/upstream", tests, NULL, NULL);
}
