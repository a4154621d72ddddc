/* test/unit/test_proxy_resolver.c: names, asked of a name server that is in this very process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "proxy/resolver.h"

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

/* How the server lies. */
enum lie { TRUTH, WRONG_ID, WRONG_NAME, GARBAGE, SILENCE };

static struct {
	int fd;
	struct event *event;
	struct addr addr;
	uint32_t asked, ttl_s;
	uint8_t code, last; /* of the answer; of the address, 127.0.0.last, 0: none */
	enum lie lie;
	bool is_alias; /* each name is one of "a." before it */
} server;

static struct conf_resolver conf;
static struct resolver *resolver;
static struct resolver_wait wait, other;
static uint32_t done_count;

static void on_done(struct resolver_wait *self)
{
	(void)self;
	done_count++;
}

static size_t put_record(uint8_t *p, size_t n)
{
	const uint8_t head[] = {0xc0, 12, 0, server.is_alias ? 5 : 1, 0, 1,
		(uint8_t)(server.ttl_s >> 24), (uint8_t)(server.ttl_s >> 16),
		(uint8_t)(server.ttl_s >> 8), (uint8_t)server.ttl_s, 0, 4};
	const uint8_t address[] = {127, 0, 0, server.last};
	const uint8_t alias[] = {1, 'a', 0xc0, 12};
	memcpy(p + n, head, sizeof(head));
	n += sizeof(head);
	memcpy(p + n, server.is_alias ? alias : address, 4);
	return n + 4;
}

static void answer(const struct addr *to, uint8_t *p, size_t n)
{
	if (server.lie == SILENCE)
		return;
	p[2] = 0x81;
	p[3] = (uint8_t)(0x80 | server.code);
	/* A or AAAA: the type's last octet. */
	if ((server.last != 0 && p[n - 3] == 1) || server.is_alias) {
		p[7] = 1;
		n = put_record(p, n);
	}
	if (server.lie == WRONG_ID)
		p[1] ^= 1;
	if (server.lie == WRONG_NAME)
		p[13] ^= 1;
	if (server.lie == GARBAGE)
		n = 20;
	(void)sendto(server.fd, p, n, 0, &to->u.any, to->len);
}

static void on_question(evutil_socket_t fd, short what, void *arg)
{
	uint8_t packet[512];
	struct addr from = {.len = sizeof(from.u)};
	(void)what;
	(void)arg;
	ssize_t n = recvfrom(fd, packet, sizeof(packet) - 32, 0, &from.u.any, &from.len);
	assert_true(n > 16);
	server.asked++;
	answer(&from, packet, (size_t)n);
}

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	assert_int_equal(loop_start(), 0);
	memset(&server, 0, sizeof(server));
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	server.ttl_s = 300;
	server.last = 1;
	assert_int_equal(addr_from_ip(&server.addr, "127.0.0.1", 0), 0);
	assert_int_equal(bind(server.fd, &server.addr.u.any, server.addr.len), 0);
	assert_int_equal(getsockname(server.fd, &server.addr.u.any, &server.addr.len), 0);
	server.event = event_new(loop_base(), server.fd, EV_READ | EV_PERSIST, on_question, NULL);
	assert_int_equal(event_add(server.event, NULL), 0);
	conf = (struct conf_resolver){.servers = &server.addr, .count = 1, .ipv4 = true};
	resolver = resolver_create(&conf);
	assert_non_null(resolver);
	wait = other = (struct resolver_wait){.done = on_done};
	done_count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	resolver_leave(&wait);
	resolver_leave(&other);
	resolver_destroy(resolver);
	event_free(server.event);
	(void)close(server.fd);
	loop_finish();
	return 0;
}

static int ask(struct resolver_wait *who, const char *name)
{
	(void)clock_tick();
	return resolver_ask(resolver, RESOLVER_ADDRS, slice_of(name), who);
}

/* The answer's last octet; 0: the name has no address. */
static uint8_t look_up(const char *name)
{
	uint32_t before = done_count;
	int rc = ask(&wait, name);
	while (rc == -EINPROGRESS && done_count == before)
		assert_true(loop_turn());
	assert_true(rc == 0 || rc == -EINPROGRESS);
	assert_int_equal(wait.count != 0, wait.code == DNS_OK);
	return wait.count == 0 ? 0 : ((const uint8_t *)&wait.addrs[0].u.v4.sin_addr)[3];
}

static void what_was_found_is_kept(void **state)
{
	(void)state;
	assert_int_equal(look_up("w.test"), 1);
	assert_true(wait.good_us <= 300000000 && wait.good_us > 200000000);
	server.last = 2;
	assert_int_equal(look_up("W.Test"), 1);
	assert_int_equal(server.asked, 1);
	assert_int_equal(look_up("v.test"), 2);
	assert_int_equal(server.asked, 2);
}

static void what_was_not_found_is_not_kept(void **state)
{
	(void)state;
	server.code = DNS_NO_SUCH_NAME;
	assert_int_equal(look_up("w.test"), 0);
	assert_int_equal(wait.code, DNS_NO_SUCH_NAME);
	server.code = DNS_SERVER_FAILURE;
	assert_int_equal(look_up("w.test"), 0);
	assert_int_equal(wait.code, DNS_SERVER_FAILURE);
	server.code = 0;
	assert_int_equal(look_up("w.test"), 1);
	assert_int_equal(server.asked, 3);
}

static void no_life_time_is_none(void **state)
{
	(void)state;
	server.ttl_s = 0;
	assert_int_equal(look_up("w.test"), 1);
	server.last = 2;
	uint64_t then = clock_now_us;
	while (clock_now_us == then)
		(void)clock_tick();
	assert_int_equal(look_up("w.test"), 2);
}

static void a_life_time_beyond_all_measure(void **state)
{
	(void)state;
	server.ttl_s = UINT32_MAX; /* RFC 2181 section 8: as 0 */
	assert_int_equal(look_up("w.test"), 1);
	assert_int_equal(wait.good_us, 0);
	server.ttl_s = INT32_MAX;
	assert_int_equal(look_up("v.test"), 1);
	assert_true(wait.good_us > UINT64_C(2000000000) * 1000000);
}

static void who_asks_for_the_same_waits_along(void **state)
{
	(void)state;
	assert_int_equal(ask(&wait, "w.test"), -EINPROGRESS);
	assert_int_equal(ask(&other, "w.test"), -EINPROGRESS);
	while (done_count != 2)
		assert_true(loop_turn());
	assert_int_equal(server.asked, 1);
	assert_int_equal(wait.count, 1);
	assert_int_equal(other.count, 1);
}

static void who_left_hears_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask(&wait, "w.test"), -EINPROGRESS);
	assert_int_equal(ask(&other, "w.test"), -EINPROGRESS);
	resolver_leave(&other);
	while (done_count != 1)
		assert_true(loop_turn());
	assert_int_equal(done_count, 1);
	assert_null(other.addrs);
}

/* An honest answer behind a lie is the one that counts. */
static void lies_are_not_heard(void **state)
{
	(void)state;
	static const enum lie lies[] = {WRONG_ID, WRONG_NAME};
	static const char *const names[] = {"a.test", "b.test"};
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		uint32_t asked = server.asked;
		server.lie = lies[i];
		assert_int_equal(ask(&wait, names[i]), -EINPROGRESS);
		while (server.asked == asked)
			assert_true(loop_turn());
		/* The lie is in the socket; nobody minds it while others are served. */
		server.lie = TRUTH;
		assert_int_equal(ask(&other, i == 0 ? "c.test" : "d.test"), -EINPROGRESS);
		while (done_count != i + 1)
			assert_true(loop_turn());
		assert_int_equal(other.count, 1);
		assert_null(wait.addrs);
	}
}

static void an_alias_that_never_ends(void **state)
{
	(void)state;
	server.is_alias = true;
	assert_int_equal(look_up("w.test"), 0);
	assert_int_equal(wait.code, DNS_NO_SUCH_NAME);
	assert_in_range(server.asked, 40, 60);
}

static void what_is_no_name(void **state)
{
	(void)state;
	char long_name[400];
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(look_up(""), 0);
	assert_int_equal(look_up(long_name), 0);
	assert_int_equal(look_up("a..b"), 0);
	long_name[100] = '\0'; /* one label of 100 */
	assert_int_equal(look_up(long_name), 0);
	assert_int_equal(server.asked, 0);
}

/* With an answer outstanding, one that makes no sense, and none. */
static void it_may_end_at_any_time(void **state)
{
	(void)state;
	static const enum lie lies[] = {TRUTH, GARBAGE, SILENCE};
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		server.lie = lies[i];
		uint32_t asked = server.asked;
		assert_int_equal(ask(&wait, "w.test"), -EINPROGRESS);
		while (i != 0 && server.asked == asked)
			assert_true(loop_turn());
		resolver_destroy(resolver);
		assert_null(wait.name);
		resolver = resolver_create(&conf);
		assert_non_null(resolver);
	}
	assert_int_equal(done_count, 0);
}

static void more_names_than_are_kept(void **state)
{
	(void)state;
	char name[32];
	for (uint32_t i = 0; i < RESOLVER_NAMES_MOST + 10; i++) {
		(void)snprintf(name, sizeof(name), "n%u.test", i);
		assert_int_equal(look_up(name), 1);
	}
	uint32_t asked = server.asked;
	assert_int_equal(look_up(name), 1);
	assert_int_equal(server.asked, asked);
	assert_int_equal(look_up("n0.test"), 1);
	assert_int_equal(server.asked, asked + 1);
	/* When all of them are on their way there is no room. */
	server.lie = SILENCE;
	static struct resolver_wait many[RESOLVER_NAMES_MOST + 1];
	int rc = 0;
	for (uint32_t i = 0; i < COUNT_OF(many); i++) {
		many[i].done = on_done;
		(void)snprintf(name, sizeof(name), "m%u.test", i);
		rc = ask(&many[i], name);
		assert_int_equal(rc, i < RESOLVER_NAMES_MOST ? -EINPROGRESS : -EBUSY);
	}
	for (uint32_t i = 0; i < COUNT_OF(many); i++)
		resolver_leave(&many[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_found_is_kept),
		TEST(what_was_not_found_is_not_kept),
		TEST(no_life_time_is_none),
		TEST(a_life_time_beyond_all_measure),
		TEST(who_asks_for_the_same_waits_along),
		TEST(who_left_hears_nothing),
		TEST(lies_are_not_heard),
		TEST(an_alias_that_never_ends),
		TEST(what_is_no_name),
		TEST(it_may_end_at_any_time),
		TEST(more_names_than_are_kept),
	};
	return cmocka_run_group_tests_name("proxy/resolver", tests, NULL, NULL);
}
