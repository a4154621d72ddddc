/* test/unit/test_proxy_exchange_state.c - which state may follow which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/exchange_state.h"

static const enum exchange_state way[] = {
	EX_READ_HEAD, EX_ROUTE, EX_HOLD, EX_PICK, EX_CONNECT, EX_SEND, EX_RELAY, EX_DONE};

static void every_state_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++) {
		const char *name = exchange_state_name((enum exchange_state)i);
		assert_non_null(name);
		assert_int_not_equal(name[0], '\0');
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name, exchange_state_name((enum exchange_state)k));
	}
}

static void an_ordinary_request_goes_all_the_way(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < COUNT_OF(way); i++)
		assert_true(exchange_may_move(way[i], way[i + 1]));
}

static void a_kept_connection_needs_no_connect(void **state)
{
	(void)state;
	assert_true(exchange_may_move(EX_PICK, EX_SEND));
}

static void another_worker_is_asked_until_the_client_saw_a_status(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++) {
		bool may = i == EX_HOLD || i == EX_HANDLE || i == EX_CONNECT || i == EX_SEND;
		assert_int_equal(exchange_may_move((enum exchange_state)i, EX_PICK), may);
	}
}

static void our_own_answer_may_come_at_any_time_before_another(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++)
		assert_int_equal(exchange_may_move((enum exchange_state)i, EX_RELAY), i < EX_RELAY);
}

static void a_tunnel_begins_with_an_answer_and_only_ends(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++) {
		enum exchange_state other = (enum exchange_state)i;
		assert_int_equal(exchange_may_move(other, EX_TUNNEL), other == EX_RELAY);
		assert_int_equal(exchange_may_move(EX_TUNNEL, other), other == EX_DONE);
	}
}

static void a_handler_has_what_was_held_and_its_socket_only_ends(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++) {
		enum exchange_state other = (enum exchange_state)i;
		assert_int_equal(exchange_may_move(other, EX_HANDLE), other == EX_HOLD);
		assert_int_equal(exchange_may_move(other, EX_SOCKET), other == EX_HANDLE);
		assert_int_equal(exchange_may_move(EX_SOCKET, other), other == EX_DONE);
	}
}

static void every_state_may_end_once(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++) {
		assert_int_equal(exchange_may_move((enum exchange_state)i, EX_DONE), i != EX_DONE);
		assert_false(exchange_may_move(EX_DONE, (enum exchange_state)i));
	}
}

static void nothing_goes_back_to_the_head(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++) {
		enum exchange_state other = (enum exchange_state)i;
		assert_false(exchange_may_move(other, EX_READ_HEAD));
		assert_int_equal(exchange_may_move(other, EX_HOLD), i == EX_ROUTE || i == EX_GUARD);
	}
}

/* From PICK when a reload took every worker away before one was asked, from HANDLE when one came
 * meanwhile; from the others by an internal redirect, or when a question about the client has its
 * answer. */
static void it_is_routed_again_until_the_client_saw_a_status(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++)
		assert_int_equal(exchange_may_move((enum exchange_state)i, EX_ROUTE),
			i < EX_RELAY && i != EX_ROUTE);
}

static void a_guard_is_asked_where_it_was_routed_and_nowhere_else(void **state)
{
	(void)state;
	for (int i = 0; i < EX_STATE_COUNT; i++)
		assert_int_equal(
			exchange_may_move((enum exchange_state)i, EX_GUARD), i == EX_ROUTE);
	assert_false(exchange_may_move(EX_GUARD, EX_PICK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_a_name_of_its_own),
		cmocka_unit_test(an_ordinary_request_goes_all_the_way),
		cmocka_unit_test(a_kept_connection_needs_no_connect),
		cmocka_unit_test(another_worker_is_asked_until_the_client_saw_a_status),
		cmocka_unit_test(our_own_answer_may_come_at_any_time_before_another),
		cmocka_unit_test(a_tunnel_begins_with_an_answer_and_only_ends),
		cmocka_unit_test(a_handler_has_what_was_held_and_its_socket_only_ends),
		cmocka_unit_test(every_state_may_end_once),
		cmocka_unit_test(nothing_goes_back_to_the_head),
		cmocka_unit_test(it_is_routed_again_until_the_client_saw_a_status),
		cmocka_unit_test(a_guard_is_asked_where_it_was_routed_and_nowhere_else),
	};
	return cmocka_run_group_tests_name("proxy/exchange_state", tests, NULL, NULL);
}
