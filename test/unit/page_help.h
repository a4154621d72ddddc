/*
 * test/unit/page_help.h - pages on real connections, whose exchange is the test's.
 */
#ifndef TEST_UNIT_PAGE_HELP_H
#define TEST_UNIT_PAGE_HELP_H

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

static inline void on_exchange_step(struct sock *sock)
{
	struct exchange *x = CONTAINER_OF(sock, struct exchange, sock);
	struct route_state *route = x->state;
	if (route != NULL)
		route->on_socket(x, route);
}

static inline void end_from_outside(struct exchange *x)
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

void link_release(struct link *link)
{
	assert_null(link);
}

void links_close_owner(struct owner *owner)
{
	assert_true(list_is_empty(&owner->links));
}

/* -- helpers -- */

static struct ws_peer clients[2];
static bool has_client[2];

static inline int setup(void **state)
{
	(void)signal(SIGPIPE, SIG_IGN);
	memset(exchanges, 0, sizeof(exchanges));
	has_client[0] = has_client[1] = has_no_flags = false;
	int rc = fleet_setup(state);
	fleet.settings = (struct conf_fleet){
		.page_ping_ms = 20000, .page_buffer = 1 << 20, .page_message = 1 << 16};
	return rc;
}

static inline int teardown(void **state)
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
static inline struct exchange *prepare(size_t i, const char *query, int *ret_far)
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

static inline struct exchange *open_page(size_t i, const char *query)
{
	struct exchange *x = prepare(i, query, NULL);
	page_open(&fleet, x);
	assert_non_null(x->state);
	return x;
}

static inline struct page *page_of(const struct exchange *x)
{
	struct route_state *route = x->state;
	return CONTAINER_OF(route, struct page, route);
}

static inline void client_says(size_t i, const char *text)
{
	assert_true(ws_send(&clients[i].ws, WS_TEXT, slice_of(text)));
}

static inline const char *last_heard(size_t i)
{
	static char copy[1024];
	struct slice last = buf_slice(&clients[i].last);
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)last.n, last.n != 0 ? last.p : "");
	return copy;
}

static inline bool say(struct owner *owner, enum event_kind kind, struct slice message)
{
	struct comfy_event event = {.kind = kind};
	return owner_deliver(owner, NULL, &event, WS_TEXT, message);
}

/* So much that neither kernel nor buffer can hold it. */
static inline void say_too_much(struct owner *owner)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
