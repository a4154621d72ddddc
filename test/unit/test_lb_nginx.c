/*
 * test/unit/test_lb_nginx.c - lb/peer.c and lb/method_*.c: what nginx 1.22.1 answered to the same
 * requests.
 *
 * The cases were measured (test/unit/lb_nginx_measure.py): an nginx with one worker, an `upstream`
 * of these servers, requests one after the other. A case is a line of steps:
 *
 *   g!02@KEY>1   a request; servers 0 and 2 break the connection off; asked were 1, ...; - : nobody
 * left ha>1         likewise, and it stays until ra           it ends w2           the second after
 * the next one begins
 */
#include "test/unit/lb_cases_ip.h"
#include "test/unit/lb_cases_key.h"
#include "test/unit/lb_cases_turns.h"
#include "test/unit/lb_fixture.h"

#include "lb/peer.h"

static struct conf_fixture conf;
static struct conf_upstream upstream;
static struct lb_pool *pool;
static struct lb_seat *held[26];
static const char ids[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static uint32_t start(const struct lb_case *one)
{
	uint32_t count = 0;
	while (count < LB_CASE_SERVERS && one->servers[count].text != NULL)
		count++;
	conf_make(&conf, "", count);
	for (uint32_t i = 0; i < count; i++) {
		const struct lb_case_server *server = &one->servers[i];
		struct conf_node *node = &conf.nodes[i];
		node->weight = server->weight == 0 ? 1 : server->weight;
		node->backup = server->backup;
		node->peer = (struct conf_peer){
			.server = server->text,
			.max_fails = server->max_fails == CASE_NONE ? 0
				     : server->max_fails == 0       ? 1
								    : server->max_fails,
			.fail_timeout_s = server->fail_timeout == CASE_NONE ? 0
					  : server->fail_timeout == 0       ? 10
									    : server->fail_timeout,
			.max_conns = server->max_conns,
			.is_down = server->down,
		};
	}
	upstream = (struct conf_upstream){.method = one->method};
	conf.conf.upstream = &upstream;
	memset(held, 0, sizeof(held));
	(void)clock_tick();
	clock_now_us = 1000000000;
	assert_int_equal(lb_pool_create(&pool, &conf.conf, NULL), 0);
	lb_pool_activate(pool);
	return count;
}

/* One request as proxy/ makes it. *ret_seat: who answered and is not done yet. */
static void ask(struct lb_request *req, const char *fails, char *out, struct lb_seat **ret_seat)
{
	uint64_t tried = 0;
	struct lb_walk walk = {0};
	uint32_t left = lb_pool_tries(pool);
	req->walk = &walk;
	*ret_seat = NULL;
	for (;;) {
		struct lb_pick pick = lb_pool_pick(pool, req, NULL, &tried);
		*out++ = pick.seat == NULL ? '-' : ids[pick.seat->index];
		*out = '\0';
		if (pick.seat == NULL)
			return;
		*ret_seat = pick.seat;
		if (strchr(fails, ids[pick.seat->index]) == NULL)
			return;
		*ret_seat = NULL;
		(void)lb_pool_done(
			pool, pick.seat, &(struct lb_outcome){.result = LB_DONE_FAILED, .why = ""});
		tried |= UINT64_C(1) << pick.seat->index;
		if (left <= 1)
			return;
		left--;
	}
}

static void end(struct lb_seat *seat)
{
	(void)lb_pool_done(pool, seat, &(struct lb_outcome){.result = LB_DONE_OK});
}

/* "!fails@key>want" behind the letter; `keeps`: where the one who answered is left. */
static void do_request(const struct lb_case *one, const char *step, struct lb_seat **keeps)
{
	char fails[40] = "", key[64] = "", got[80];
	size_t n = 0;
	const char *at = step;
	if (*at == '!') {
		n = strcspn(++at, "@>");
		memcpy(fails, at, n);
		at += n;
	}
	if (*at == '@') {
		n = strcspn(++at, ">");
		memcpy(key, at, n);
		at += n;
	}
	struct lb_request req = {.hash_key = slice_of(key)};
	struct addr addr;
	if (one->method == CONF_METHOD_IP_HASH && key[0] != '\0') {
		assert_int_equal(addr_from_ip(&addr, key, 1), 0);
		req.client_ip = addr_ip_octets(&addr);
	}
	struct lb_seat *seat;
	ask(&req, fails, got, &seat);
	if (strcmp(got, at + 1) != 0)
		fail_msg("%s: %s: got %s", one->name, step, got);
	if (seat == NULL)
		return;
	if (keeps == NULL)
		end(seat);
	else
		*keeps = seat;
}

static void run(const struct lb_case *one)
{
	char steps[8192], *rest = steps;
	uint32_t count = start(one);
	assert_true(strlen(one->steps) < sizeof(steps));
	memcpy(steps, one->steps, strlen(one->steps) + 1);
	for (const char *step; (step = strsep(&rest, " ")) != NULL;) {
		struct lb_seat **place = &held[(unsigned char)(step[1] - 'a') % 26];
		if (step[0] == 'w') {
			clock_now_us += (uint64_t)(step[1] - '0') * 1000000;
		} else if (step[0] == 'g') {
			do_request(one, step + 1, NULL);
		} else if (step[0] == 'h') {
			do_request(one, step + 2, place);
		} else if (*place != NULL) {
			end(*place);
			*place = NULL;
		}
	}
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(pool->seats[i].backend->in_flight, 0);
	lb_pool_destroy(pool);
	assert_true(list_is_empty(lb_backends()));
}

static void run_all(const struct lb_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run(&cases[i]);
}

static void round_robin_as_nginx(void **state)
{
	(void)state;
	run_all(round_robin_cases, COUNT_OF(round_robin_cases));
}

static void least_conn_as_nginx(void **state)
{
	(void)state;
	run_all(least_conn_cases, COUNT_OF(least_conn_cases));
}

static void ip_hash_as_nginx(void **state)
{
	(void)state;
	run_all(ip_hash_cases, COUNT_OF(ip_hash_cases));
}

static void hash_as_nginx(void **state)
{
	(void)state;
	run_all(hash_cases, COUNT_OF(hash_cases));
}

static void consistent_hash_as_nginx(void **state)
{
	(void)state;
	run_all(ketama_cases, COUNT_OF(ketama_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_robin_as_nginx),
		cmocka_unit_test(least_conn_as_nginx),
		cmocka_unit_test(ip_hash_as_nginx),
		cmocka_unit_test(hash_as_nginx),
		cmocka_unit_test(consistent_hash_as_nginx),
	};
	return cmocka_run_group_tests_name("lb/nginx", tests, NULL, NULL);
}
