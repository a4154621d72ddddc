/* test/unit/test_comfy_page_memory.c - pages and their owners when memory is out at any one place.
 */
#include "test/unit/memory_help.h"
#include "test/unit/page_help.h"

/* With the k-th allocation failing. False: there are not that many. */
static bool fails_in(long k, void (*run)(struct exchange *x), struct exchange *x)
{
	fail_at(k);
	run(x);
	left = -1;
	return has_failed;
}

static void open_it(struct exchange *x)
{
	page_open(&fleet, x);
}

/* Refused, closed with 1011, or as if nothing had been. */
static void opening(void **state)
{
	(void)state;
	unsigned refused = 0;
	unsigned closed = 0;
	bool goes_on = true;
	for (long k = 0; goes_on; k++) {
		char query[32];
		(void)snprintf(query, sizeof(query), "clientId=%ld", k);
		struct exchange *x = prepare(0, query, NULL);
		goes_on = fails_in(k, open_it, x);
		if (x->refused != 0) {
			assert_int_equal(x->refused, 503);
			assert_null(x->state);
			refused++;
		} else {
			TURN_UNTIL(clients[0].messages == 1 || x->is_closed);
			closed += x->is_closed;
			if (x->state != NULL)
				end_from_outside(x);
		}
		ws_peer_stop(&clients[0]);
		sock_close(&x->sock);
		assert_int_equal(owner_stats.pages, 0);
	}
	/* An owner, its share of the schedule, the page; the status, its place in the outbox. */
	assert_true(refused >= 2);
	assert_true(closed >= 2);
}

static void say_it(struct exchange *x)
{
	struct comfy_event event = {.kind = EVENT_PROGRESS, .has_node = true};
	struct slice text = SLICE("{\"type\": \"progress\"}");
	static const struct job *const job = (const struct job *)0x1000;
	(void)owner_deliver(page_of(x)->owner, job, &event, WS_TEXT, text);
	owners_status_changed(fleet.owners);
	/* It is sent in this one, and the client does not read before the next. */
	turn_once();
}

static void an_event(void **state)
{
	(void)state;
	bool goes_on = true;
	unsigned closed = 0;
	for (long k = 0; goes_on; k++) {
		struct exchange *x = open_page(0, "clientId=a");
		TURN_UNTIL(clients[0].messages == 1);
		goes_on = fails_in(k, say_it, x);
		/* The frame, its place; the status is worth no client. */
		if (x->state != NULL && page_of(x)->is_leaving) {
			TURN_UNTIL(x->is_closed);
			assert_int_equal(x->reason, CLOSE_OUT_OF_MEMORY);
			closed++;
		}
		if (x->state != NULL)
			end_from_outside(x);
		ws_peer_stop(&clients[0]);
		sock_close(&x->sock);
		fire(&get("a")->idle);
		turn_once();
	}
	assert_in_range(closed, 1, 3);
}

/* Nobody is there to be closed. */
static void an_end_that_nobody_hears(void **state)
{
	(void)state;
	struct comfy_event event = {.kind = EVENT_SUCCESS};
	bool goes_on = true;
	for (long k = 0; goes_on; k++) {
		struct owner *a = get("a");
		uint64_t before = replay_dropped;
		fail_at(k);
		assert_true(owner_deliver(a, NULL, &event, WS_TEXT, SLICE("{}")));
		left = -1;
		goes_on = has_failed;
		bool is_kept = a->replay != NULL && !replay_is_empty(a->replay);
		assert_int_equal(is_kept, !has_failed);
		assert_int_equal(replay_dropped, before + has_failed);
		fire(&a->idle);
		turn_once();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opening),
		TEST(an_event),
		TEST(an_end_that_nobody_hears),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
