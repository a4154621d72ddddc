/*
 * test/unit/test_comfy_page.c - a client's WebSocket: its id, what it says first, and how it ends.
 * The exchange is the test's; the connection is real.
 */
#include "test/unit/fleet_stub.h"

#include "comfy/page.h"
#include "proxy/handler.h"
#include "test/unit/ws_peer.h"

#include <sys/socket.h>

/* -- the exchange -- */

struct exchange {
	struct sock sock;
	struct lb_keys keys;
	char query[400];
	void *state;
	int refused; /* the status */
	bool is_upgrade, is_taken, is_closed;
	enum close_reason reason;
	uint64_t sent, received;
	char early[64]; /* octets behind the head */
	char unsent[64];
};

static struct exchange exchanges[2];

void handler_request(const struct exchange *x, struct handler_request *ret_request)
{
	assert_false(x->is_taken);
	*ret_request = (struct handler_request){
		.query = slice_of(x->query), .keys = &x->keys, .client_ip = "10.0.0.1"};
}

void handler_set_state(struct exchange *x, void *state)
{
	x->state = state;
}

void *handler_state(const struct exchange *x)
{
	return x->state;
}

void handler_refuse(struct exchange *x, int status, const char *why)
{
	assert_non_null(why);
	x->refused = status;
	x->state = NULL;
}

struct sock *handler_take_socket(struct exchange *x, struct buf *ret_early, struct buf *ret_unsent)
{
	assert_null(x->state);
	if (!x->is_upgrade)
		return NULL;
	x->is_taken = true;
	if (x->early[0] != '\0')
		assert_true(buf_append(ret_early, x->early, strlen(x->early)));
	if (x->unsent[0] != '\0')
		assert_true(buf_append(ret_unsent, x->unsent, strlen(x->unsent)));
	sock_step_again(&x->sock);
	return &x->sock;
}

void handler_count_socket(struct exchange *x, uint64_t sent, uint64_t received)
{
	x->sent = sent;
	x->received = received;
}

void handler_close_socket(
	struct exchange *x, enum close_reason reason, uint64_t sent, uint64_t received)
{
	assert_false(x->is_closed);
	x->is_closed = true;
	x->state = NULL;
	x->reason = reason;
	x->sent = sent;
	x->received = received;
	sock_close(&x->sock);
}

static void on_exchange_step(struct sock *sock)
{
	struct exchange *x = CONTAINER_OF(sock, struct exchange, sock);
	struct route_state *route = x->state;
	if (route != NULL)
		route->on_socket(x, route);
}

static void end_from_outside(struct exchange *x)
{
	struct route_state *route = x->state;
	route->on_gone(x, route, CLOSE_SHUTDOWN);
	x->state = NULL;
}

/* -- the fleet -- */

static bool has_no_flags;

struct blob *fleet_feature_flags(struct fleet *self)
{
	static const char flags[] = "{\"type\": \"feature_flags\", \"data\": {}}";
	assert_ptr_equal(self, &fleet);
	return has_no_flags ? NULL : blob_copy(flags, sizeof(flags) - 1);
}

void links_close_owner(struct owner *owner)
{
	assert_true(list_is_empty(&owner->links));
}

/* -- helpers -- */

static struct ws_peer clients[2];
static bool has_client[2];

static int setup(void **state)
{
	(void)signal(SIGPIPE, SIG_IGN);
	memset(exchanges, 0, sizeof(exchanges));
	has_client[0] = has_client[1] = has_no_flags = false;
	int rc = fleet_setup(state);
	fleet.settings = (struct conf_fleet){
		.page_ping_ms = 20000, .page_buffer = 1 << 20, .page_message = 1 << 16};
	return rc;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < COUNT_OF(exchanges); i++) {
		if (has_client[i])
			ws_peer_stop(&clients[i]);
		if (exchanges[i].state != NULL)
			end_from_outside(&exchanges[i]);
		if (exchanges[i].is_upgrade)
			sock_close(&exchanges[i].sock);
	}
	return fleet_teardown(state);
}

/* Its socket, and a client of one's own at the other end; *ret_far: or the bare descriptor. */
static struct exchange *prepare(size_t i, const char *query, int *ret_far)
{
	struct exchange *x = &exchanges[i];
	int ours, theirs;
	*x = (struct exchange){.is_upgrade = true};
	(void)snprintf(x->query, sizeof(x->query), "%s", query);
	tcp_pair(&ours, &theirs);
	/* Small, so that who does not read is soon noticed. */
	int bytes = 4096;
	assert_int_equal(setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
	assert_int_equal(sock_init(&x->sock, ours, on_exchange_step), 0);
	TURN_UNTIL(x->sock.can_write);
	if (ret_far != NULL) {
		*ret_far = theirs;
		return x;
	}
	ws_peer_start(&clients[i], theirs, true);
	has_client[i] = true;
	return x;
}

static struct exchange *open_page(size_t i, const char *query)
{
	struct exchange *x = prepare(i, query, NULL);
	page_open(&fleet, x);
	assert_non_null(x->state);
	return x;
}

static struct page *page_of(const struct exchange *x)
{
	struct route_state *route = x->state;
	return CONTAINER_OF(route, struct page, route);
}

static void client_says(size_t i, const char *text)
{
	assert_true(ws_send(&clients[i].ws, WS_TEXT, slice_of(text)));
}

static const char *last_heard(size_t i)
{
	static char copy[1024];
	struct slice last = buf_slice(&clients[i].last);
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)last.n, last.n != 0 ? last.p : "");
	return copy;
}

static bool say(struct owner *owner, enum event_kind kind, struct slice message)
{
	struct comfy_event event = {.kind = kind};
	return owner_deliver(owner, NULL, &event, WS_TEXT, message);
}

/* So much that neither kernel nor buffer can hold it. */
static void say_too_much(struct owner *owner)
{
	struct blob *large = blob_create(1 << 20);
	assert_non_null(large);
	memset(large->p, 'x', large->n);
	for (int i = 0; i < 16; i++)
		(void)say(owner, EVENT_OTHER, blob_slice(large));
	blob_unref(large);
}

#define STATUS(sid)                                                                                \
	"{\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "                           \
	"{\"queue_remaining\": 0}}, \"sid\": \"" sid "\"}}"
#define FLAGS "{\"type\": \"feature_flags\", \"data\": {\"supports_preview_metadata\": true}}"

/* -- tests -- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(of_what_may_be_replaced_a_slow_one_gets_the_newest),
		TEST(one_that_keeps_up_gets_all_of_it),
		TEST(one_frame_larger_than_the_buffer_is_not_too_much),
		TEST(one_that_is_ended_from_outside_is_told_if_it_can_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
