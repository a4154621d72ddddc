/* test/unit/test_comfy_page.c - a client's WebSocket: its id, what it says first, and how it ends.
 */
#include "test/unit/page_help.h"

static void the_first_message_is_the_status_with_the_clients_id(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "a=b&clientId=tab+1");
	assert_ptr_equal(page_of(x)->owner, owners_find(fleet.owners, SLICE("tab 1")));
	TURN_UNTIL(clients[0].messages == 1);
	assert_string_equal(last_heard(0), STATUS("tab 1"));
	assert_int_equal(owner_stats.pages, 1);
}

static void without_an_id_one_is_made(void **state)
{
	(void)state;
	struct exchange *one = open_page(0, "clientId=");
	struct exchange *two = open_page(1, "");
	assert_int_equal(page_of(one)->owner->id_n, OWNER_MADE_ID);
	assert_false(page_of(one)->owner->is_anonymous);
	assert_ptr_not_equal(page_of(one)->owner, page_of(two)->owner);
	TURN_UNTIL(clients[0].messages == 1);
	assert_non_null(strstr(last_heard(0), page_of(one)->owner->id));
}

static void what_is_no_upgrade_leaves_nothing(void **state)
{
	(void)state;
	struct exchange *x = &exchanges[0];
	*x = (struct exchange){.query = "clientId=a"};
	page_open(&fleet, x);
	assert_null(x->state);
	assert_true(list_is_empty(&get("a")->pages));
	assert_int_equal(owner_stats.pages, 0);
}

static void what_lies_behind_the_head_is_read_and_what_is_owed_goes_first(void **state)
{
	(void)state;
	int far;
	char got[256];
	struct exchange *x = prepare(0, "clientId=a", &far);
	/* A ping, masked with zeros. */
	memcpy(x->early, "\x89\x82\x01\x01\x01\x01hi", 8);
	memcpy(x->unsent, "HTTP/1.1 101\r\n\r\n", 16);
	page_open(&fleet, x);
	ssize_t n = 0;
	while (n < 16 + 2 + 89 + 4) {
		turn_once();
		ssize_t more = recv(far, got + n, sizeof(got) - (size_t)n, MSG_DONTWAIT);
		n += more > 0 ? more : 0;
	}
	assert_memory_equal(got, "HTTP/1.1 101\r\n\r\n", 16);
	assert_non_null(memmem(got, (size_t)n, "\x8a\x02ih", 4));
	assert_non_null(memmem(got, (size_t)n, "\"sid\": \"a\"", 10));
	(void)close(far);
}

static void the_first_message_may_be_flags_and_is_answered_and_remembered(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	client_says(0, FLAGS);
	TURN_UNTIL(clients[0].messages == 2);
	assert_string_equal(last_heard(0), "{\"type\": \"feature_flags\", \"data\": {}}");
	const struct blob *flags = page_of(x)->owner->flags;
	assert_non_null(flags);
	assert_string_equal(flags->p, FLAGS);
	/* No other counts. */
	client_says(0, "{\"type\": \"feature_flags\", \"data\": {}}");
	client_says(0, "{\"type\": \"ping\"}");
	TURN_UNTIL(page_of(x)->ws.messages_in == 3);
	turn_once();
	assert_int_equal(clients[0].messages, 2);
	assert_ptr_equal(page_of(x)->owner->flags, flags);
}

static void flags_that_come_second_are_not_looked_at(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	client_says(0, "{\"type\": \"other\"}");
	client_says(0, FLAGS);
	TURN_UNTIL(page_of(x)->ws.messages_in == 2);
	turn_once();
	assert_int_equal(clients[0].messages, 1);
	assert_null(page_of(x)->owner->flags);
}

/* As in ComfyUI. */
static void what_is_no_object_is_no_first_message(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	client_says(0, "hello");
	client_says(0, "[1]");
	assert_true(ws_send(&clients[0].ws, WS_BINARY, SLICE(FLAGS)));
	client_says(0, FLAGS);
	TURN_UNTIL(clients[0].messages == 2);
	assert_non_null(page_of(x)->owner->flags);
}

static void the_newest_flags_count_and_huge_ones_do_not(void **state)
{
	(void)state;
	char huge[20000];
	struct exchange *x = open_page(0, "clientId=a");
	client_says(0, FLAGS);
	TURN_UNTIL(clients[0].messages == 2);
	int n = snprintf(huge, sizeof(huge), "{\"type\": \"feature_flags\", \"data\": \"");
	memset(huge + n, 'x', sizeof(huge) - 3 - (size_t)n);
	memcpy(huge + sizeof(huge) - 3, "\"}", 3);
	(void)open_page(1, "clientId=a");
	client_says(1, huge);
	TURN_UNTIL(clients[1].messages == 2);
	assert_string_equal(page_of(x)->owner->flags->p, FLAGS);
}

static void without_memory_for_the_flags_it_is_closed(void **state)
{
	(void)state;
	has_no_flags = true;
	struct exchange *x = open_page(0, "clientId=a");
	client_says(0, FLAGS);
	TURN_UNTIL(x->is_closed && clients[0].closes == 1);
	assert_non_null(strstr(clients[0].told, "closed 1011"));
	assert_int_equal(x->reason, CLOSE_OUT_OF_MEMORY);
}

static void a_message_that_is_too_long_ends_it(void **state)
{
	(void)state;
	static char huge[(1 << 16) + 2];
	struct exchange *x = open_page(0, "clientId=a");
	memset(huge, 'x', sizeof(huge) - 1);
	client_says(0, huge);
	TURN_UNTIL(x->is_closed && clients[0].closes == 1);
	assert_non_null(strstr(clients[0].told, "closed 1009"));
	assert_int_equal(x->reason, CLOSE_BAD_REQUEST);
}

static void frames_of_a_turn_go_out_at_its_end_in_order(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	TURN_UNTIL(clients[0].messages == 1);
	clients[0].told[0] = '\0';
	uint64_t before = owner_stats.frames_to_clients;
	for (int i = 0; i < 100; i++) {
		char text[8];
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_true(say(page_of(x)->owner, EVENT_OTHER, slice_of(text)));
	}
	assert_int_equal(owner_stats.frames_to_clients, before);
	TURN_UNTIL(clients[0].messages == 101);
	assert_int_equal(owner_stats.frames_to_clients, before + 100);
	assert_memory_equal(clients[0].told, "text 0;text 1;text 2;", 21);
	assert_string_equal(last_heard(0), "99");
}

static void two_pages_of_an_id_both_hear_and_one_that_goes_takes_nothing_along(void **state)
{
	(void)state;
	struct exchange *one = open_page(0, "clientId=a");
	struct exchange *two = open_page(1, "clientId=a");
	struct owner *a = page_of(two)->owner;
	assert_ptr_equal(page_of(one)->owner, a);
	assert_true(say(a, EVENT_OTHER, SLICE("both")));
	TURN_UNTIL(clients[0].messages == 2 && clients[1].messages == 2);
	ws_close(&clients[0].ws, WS_CODE_NORMAL, "");
	TURN_UNTIL(one->is_closed);
	assert_int_equal(one->reason, CLOSE_TUNNEL_CLOSED);
	assert_int_equal(owner_stats.pages, 1);
	assert_true(say(a, EVENT_OTHER, SLICE("one")));
	TURN_UNTIL(clients[1].messages == 3);
	assert_string_equal(last_heard(1), "one");
}

static void what_it_said_and_heard_is_counted_in_the_end(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	client_says(0, "hello");
	TURN_UNTIL(clients[0].messages == 1 && page_of(x)->ws.messages_in == 1);
	ws_peer_stop(&clients[0]);
	has_client[0] = false;
	TURN_UNTIL(x->is_closed);
	assert_int_equal(x->reason, CLOSE_CLIENT_LEFT);
	assert_int_equal(x->sent, sizeof(STATUS("a")) - 1);
	assert_int_equal(x->received, 5);
	assert_true(deadline_is_set(&get("a")->idle));
}

static void one_that_is_silent_is_taken_for_gone(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	TURN_UNTIL(clients[0].messages == 1);
	struct page *page = page_of(x);
	/* It would answer, if it were asked in time. */
	fire(&page->ws.ping);
	page->ws.has_heard = false;
	fire(&page->ws.ping);
	assert_true(x->is_closed);
	assert_int_equal(x->reason, CLOSE_TUNNEL_TIMEOUT);
}

/* Neither the kernels nor the outbox hold it. */
static void one_that_does_not_listen_is_closed_when_too_much_waits(void **state)
{
	(void)state;
	int far;
	uint64_t before = owner_stats.slow_closed;
	struct exchange *x = prepare(0, "clientId=a", &far);
	page_open(&fleet, x);
	struct owner *a = page_of(x)->owner;
	turn_once();
	while (a->pages.next != &a->pages) {
		say_too_much(a);
		turn_once();
		turn_once();
	}
	assert_int_equal(owner_stats.slow_closed, before + 1);
	assert_int_equal(owner_stats.pages, 0);
	/* It may still take what is under way, and is told then. */
	struct page *page = page_of(x);
	assert_non_null(page);
	assert_true(page->ws.sent_close);
	assert_true(outbox_is_empty(&page->outbox));
	assert_in_range(page->ws.ping.due_us, clock_now_us + 20000000, clock_now_us + 40000000);
	fire(&page->ws.ping);
	assert_true(x->is_closed);
	assert_int_equal(x->reason, CLOSE_SEND_TIMEOUT);
	(void)close(far);
}

/* A page whose client does not read, so that the kernels are full and a frame lies in between. */
static struct exchange *open_stalled(int *ret_far)
{
	struct exchange *x = prepare(0, "clientId=a", ret_far);
	fleet.settings.page_buffer = 1 << 26;
	page_open(&fleet, x);
	while (page_of(x)->ws.tail == NULL) {
		say_too_much(page_of(x)->owner);
		turn_once();
		turn_once();
	}
	return x;
}

static void what_a_slow_one_was_not_sent_waits_for_the_next(void **state)
{
	(void)state;
	int far;
	struct exchange *x = open_stalled(&far);
	struct owner *a = page_of(x)->owner;
	struct slice success = SLICE("{\"type\": \"execution_success\", \"data\": {}}");
	assert_true(say(a, EVENT_SUCCESS, success));
	end_from_outside(x);
	assert_non_null(a->replay);
	assert_int_equal(a->replay->missed, 1);
	(void)open_page(1, "clientId=a");
	TURN_UNTIL(clients[1].messages == 2);
	assert_memory_equal(last_heard(1), success.p, success.n);
	(void)close(far);
}

static void what_went_in_part_was_not_heard(void **state)
{
	(void)state;
	int far;
	static char text[4 << 20] = "{\"type\": \"executed\", \"data\": \"";
	struct exchange *x = prepare(0, "clientId=a", &far);
	page_open(&fleet, x);
	struct owner *a = page_of(x)->owner;
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text));
	memcpy(text + sizeof(text) - 3, "\"}", 3);
	assert_true(say(a, EVENT_EXECUTED, (struct slice){text, sizeof(text) - 1}));
	turn_once();
	assert_non_null(page_of(x)->ws.tail);
	assert_in_range(page_of(x)->ws.tail_sent, 1, sizeof(text));
	end_from_outside(x);
	assert_non_null(a->replay);
	assert_int_equal(a->replay->missed, 1);
	(void)close(far);
}

static void of_what_may_be_replaced_a_slow_one_gets_the_newest(void **state)
{
	(void)state;
	int far;
	uint64_t before = owner_stats.frames_replaced;
	struct exchange *x = open_stalled(&far);
	struct owner *a = page_of(x)->owner;
	uint32_t waiting = page_of(x)->outbox.live;
	for (int i = 0; i < 1000; i++)
		assert_true(say(a, EVENT_PROGRESS, SLICE("{\"type\": \"progress\"}")));
	assert_int_equal(owner_stats.frames_replaced, before + 999);
	assert_int_equal(page_of(x)->outbox.live, waiting + 1);
	(void)close(far);
}

static void one_that_keeps_up_gets_all_of_it(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	for (int i = 0; i < 1000; i++)
		assert_true(
			say(page_of(x)->owner, EVENT_PROGRESS, SLICE("{\"type\": \"progress\"}")));
	TURN_UNTIL(clients[0].messages == 1001);
}

static void one_frame_larger_than_the_buffer_is_not_too_much(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	struct blob *large = blob_create(3 << 20);
	assert_non_null(large);
	memset(large->p, 'x', large->n);
	assert_true(say(page_of(x)->owner, EVENT_IMAGE, blob_slice(large)));
	assert_true(say(page_of(x)->owner, EVENT_EXECUTED, SLICE("executed")));
	TURN_UNTIL(clients[0].messages == 3);
	assert_string_equal(last_heard(0), "executed");
	blob_unref(large);
}

static void one_that_is_ended_from_outside_is_told_if_it_can_be(void **state)
{
	(void)state;
	struct exchange *x = open_page(0, "clientId=a");
	TURN_UNTIL(clients[0].messages == 1);
	end_from_outside(x);
	assert_int_equal(owner_stats.pages, 0);
	assert_false(x->is_closed);
	assert_true(x->sent != 0);
	sock_close(&x->sock);
	TURN_UNTIL(clients[0].closes == 1);
	assert_non_null(strstr(clients[0].told, "closed 1001"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_message_is_the_status_with_the_clients_id),
		TEST(without_an_id_one_is_made),
		TEST(what_is_no_upgrade_leaves_nothing),
		TEST(what_lies_behind_the_head_is_read_and_what_is_owed_goes_first),
		TEST(the_first_message_may_be_flags_and_is_answered_and_remembered),
		TEST(flags_that_come_second_are_not_looked_at),
		TEST(what_is_no_object_is_no_first_message),
		TEST(the_newest_flags_count_and_huge_ones_do_not),
		TEST(without_memory_for_the_flags_it_is_closed),
		TEST(a_message_that_is_too_long_ends_it),
		TEST(frames_of_a_turn_go_out_at_its_end_in_order),
		TEST(two_pages_of_an_id_both_hear_and_one_that_goes_takes_nothing_along),
		TEST(what_it_said_and_heard_is_counted_in_the_end),
		TEST(one_that_is_silent_is_taken_for_gone),
		TEST(one_that_does_not_listen_is_closed_when_too_much_waits),
		TEST(what_a_slow_one_was_not_sent_waits_for_the_next),
		TEST(what_went_in_part_was_not_heard),
		TEST(of_what_may_be_replaced_a_slow_one_gets_the_newest),
		TEST(one_that_keeps_up_gets_all_of_it),
		TEST(one_frame_larger_than_the_buffer_is_not_too_much),
		TEST(one_that_is_ended_from_outside_is_told_if_it_can_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
