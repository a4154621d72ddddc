/*
 * proxy/exchange.c - an exchange from its first octet to its last: states, deadlines, endings.
 *
 *   event on either socket --.
 *   deadline ----------------+--> exchange_step --> the state's function, until it waits
 *   next turn after a quota -'
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "base/freelist.h"
#include "base/log.h"
#include "proxy/body_file.h"
#include "proxy/guard.h"
#include "proxy/proxy.h"
#include "proxy/web_next.h"
#include "proxy/web_proxy.h"

#include <errno.h>

/* A block with its head is no more than what malloc keeps at hand for the thread. */
#define ARENA_BLOCK 992

struct proxy_stats proxy_stats;

static struct freelist free_exchanges = FREELIST(struct exchange, 128);
static struct freelist free_heads = FREELIST(struct http_head, 128);

struct http_head *http_head_take(void)
{
	return freelist_take(&free_heads);
}

void http_head_give(struct http_head *head)
{
	if (head != NULL)
		freelist_give(&free_heads, head);
}

static void on_due(struct deadline *deadline);

struct exchange *exchange_begin(struct client *client, struct buf *in)
{
	struct exchange *x = freelist_take(&free_exchanges);
	struct http_head *head = x == NULL ? NULL : http_head_take();
	if (head == NULL) {
		if (x != NULL)
			freelist_give(&free_exchanges, x);
		return NULL;
	}
	*x = (struct exchange){.client = client, .head = head, .in = *in, .reason = CLOSE_DONE};
	x->is_pipelined = client->has_more;
	*in = (struct buf){0};
	x->generation = generation_ref(client->listener->generation);
	const struct conf *conf = x->generation->conf;
	x->head_limits = (struct http_limits){
		.head_bytes = conf->limits.header_bytes,
		.target_bytes = conf->limits.target_bytes,
		.fields = (uint16_t)conf->limits.header_fields,
		.is_lenient = conf->web != NULL,
	};
	if (conf->web != NULL)
		web_begin_head(x);
	proxy_stats.reading++;
	http_head_init(head, HTTP_REQUEST);
	arena_init(&x->arena, ARENA_BLOCK);
	deadline_init(&x->deadline, on_due);
	flow_init(&x->down, NULL, &client->sock, FLOW_EMPTY, FLOW_EMPTY);
	x->began_us = clock_now_us;
	proxy_stats.exchanges++;
	return x;
}

const struct conf_timeouts *exchange_timeouts(const struct exchange *x)
{
	return x->location != NULL ? &x->location->timeouts : &x->generation->conf->timeouts;
}

void exchange_move(struct exchange *x, enum exchange_state to)
{
	ensure(exchange_may_move(x->state, to));
	if (x->state == EX_READ_HEAD)
		proxy_stats.reading--;
	x->state = to;
	if (to == EX_SEND)
		exchange_try_connected(x);
}

void exchange_wait(struct exchange *x, enum exchange_wait what, uint64_t ms)
{
	x->waits_for = what;
	deadline_set(&x->deadline, ms);
}

void exchange_keep_waiting(struct exchange *x, enum exchange_wait what, uint64_t ms, bool has_moved)
{
	if (has_moved || x->waits_for != what || !deadline_is_set(&x->deadline))
		exchange_wait(x, what, ms);
}

static void free_exchange(struct deferred *item)
{
	struct exchange *x = CONTAINER_OF(item, struct exchange, garbage);
	freelist_give(&free_exchanges, x);
}

/* Counted, logged, and the pool told, while everything is still there. */
static void settle(struct exchange *x, enum close_reason reason)
{
	x->reason = reason;
	exchange_tell_gone(x, reason);
	exchange_pick_done(x, LB_DONE_CLIENT_LEFT, "");
	guard_stop_asking(x);
	exchange_log(x, reason);
	proxy_stats.closed[reason]++;
	proxy_stats.exchanges--;
	if (x->is_tunnel)
		proxy_stats.tunnels--;
	exchange_move(x, EX_DONE);
	deadline_clear(&x->deadline);
}

void exchange_use_pool(struct exchange *x, struct lb_pool *pool)
{
	if (pool == x->pool)
		return;
	if (pool != NULL)
		(void)lb_pool_ref(pool);
	/* Its last holder may be x. */
	x->last_backend = NULL;
	lb_pool_unref(x->pool);
	x->pool = pool;
}

/* Everything but the struct, which goes at the end of the turn. */
static void finish(struct exchange *x)
{
	guard_finish(x);
	if (x->upstream != NULL)
		upstream_reset(x->upstream);
	x->upstream = NULL;
	flow_finish(&x->up);
	flow_finish(&x->down);
	body_file_finish(x);
	buf_release(&x->in);
	buf_release(&x->rest);
	buf_release(&x->body);
	buf_release(&x->tap);
	http_head_give(x->head);
	http_head_give(x->answer);
	x->head = x->answer = NULL;
	blob_unref(x->blob);
	if (x->web != NULL)
		web_file_close(x->web);
	web_target_finish(x);
	exchange_use_pool(x, NULL);
	lb_backend_unref(x->pinned);
	arena_finish(&x->arena);
	generation_unref(x->generation);
	defer(&x->garbage, free_exchange);
}

/* What the client sent behind this request. */
static struct buf take_rest(struct exchange *x)
{
	struct buf *from = buf_waiting(&x->rest) != 0 ? &x->rest : &x->in;
	if (from == &x->in && from->p != NULL)
		buf_consume(from, min_size(x->in_used, buf_waiting(from)));
	struct buf rest = *from;
	*from = (struct buf){0};
	return rest;
}

/* nginx keeps no connection over a reload. But what lies here of a further request is answered. */
static bool is_reloaded(const struct exchange *x)
{
	const struct client *client = x->client;
	return x->web != NULL && x->generation != client->listener->generation &&
	       buf_waiting(&x->rest) == 0 && buf_waiting(&x->in) <= x->in_used &&
	       !client->sock.can_read;
}

enum step exchange_end(struct exchange *x, enum close_reason reason)
{
	struct client *client = x->client;
	bool keeps = x->keeps_client && !is_reloaded(x);
	bool lingers = !keeps && !client->sock.is_eof;
	uint64_t keepalive_ms = keeps ? exchange_timeouts(x)->keepalive_ms : 0;
	settle(x, reason);
	struct buf rest = take_rest(x);
	finish(x);
	if (keeps) {
		client_next(client, &rest, keepalive_ms);
		return STEP_GONE;
	}
	/* Unread octets in the kernel would turn our close into a RST and could take the answer
	 * along. */
	bool has_unread = x->has_unread_body || buf_waiting(&rest) != 0 ||
			  (client->sock.can_read && sock_has_unread(&client->sock));
	buf_release(&rest);
	if (lingers && has_unread)
		client_linger(client);
	else
		client_close(client, reason);
	return STEP_GONE;
}

enum step exchange_cut(struct exchange *x, enum close_reason reason)
{
	struct client *client = x->client;
	bool has_begun = x->status != 0 && x->down.sent != 0;
	bool needs_reset = reason == CLOSE_CLIENT_ERROR || reason == CLOSE_SEND_TIMEOUT ||
			   (has_begun && x->is_cut_visible && reason != CLOSE_CLIENT_LEFT);
	settle(x, reason);
	finish(x);
	if (needs_reset)
		client_reset(client, reason);
	else
		client_close(client, reason);
	return STEP_GONE;
}

void exchange_abort(struct exchange *x, enum close_reason reason)
{
	if (x->state != EX_DONE)
		(void)exchange_cut(x, reason);
}

static uint64_t header_ms(const struct exchange *x)
{
	const struct conf *conf = x->generation->conf;
	return conf->web != NULL ? x->server->srv->client_header_timeout_ms
				 : conf->timeouts.header_ms;
}

enum step exchange_read_head(struct exchange *x)
{
	struct sock *sock = &x->client->sock;
	for (;;) {
		x->p = x->in.p + x->in.start;
		switch (http_head_feed(x->head, x->p, buf_waiting(&x->in), &x->head_limits)) {
		case HTTP_BAD:
			if (x->head->status == 431)
				proxy_stats.limit_hits_header++;
			if (x->head->status == 414)
				proxy_stats.limit_hits_target++;
			x->has_unread_body = true;
			x->reason = CLOSE_BAD_REQUEST;
			if (x->generation->conf->web != NULL && !web_tell_bad_request(x))
				return exchange_out_of_memory(x);
			return exchange_answer(x, x->head->status, x->head->why, true);
		case HTTP_DONE:
			x->has_head = true;
			x->in_used = x->head->bytes;
			proxy_stats.requests++;
			exchange_move(x, EX_ROUTE);
			return STEP_AGAIN;
		case HTTP_MORE:
			break;
		}
		if (!sock->can_read) {
			/* For the whole head, from its first octet. */
			if (!deadline_is_set(&x->deadline))
				exchange_wait(x, WAIT_HEADER, header_ms(x));
			return STEP_WAIT;
		}
		if (!buf_reserve(&x->in, 1))
			return exchange_out_of_memory(x);
		ssize_t got = sock_read(sock, x->in.p + x->in.end, buf_room(&x->in));
		if (got == -EAGAIN)
			continue;
		if (got <= 0)
			return exchange_cut(x, got == 0 ? CLOSE_CLIENT_LEFT : CLOSE_CLIENT_ERROR);
		x->in.end += (uint32_t)got;
	}
}

enum step exchange_out_of_memory(struct exchange *x)
{
	proxy_stats.out_of_memory++;
	log_warn("out_of_memory", "state=%s what=\"one client's exchange is ended\"",
		exchange_state_name(x->state));
	buf_pool_trim();
	return exchange_cut(x, CLOSE_OUT_OF_MEMORY);
}

static enum step step_once(struct exchange *x)
{
	switch (x->state) {
	case EX_READ_HEAD:
		return exchange_read_head(x);
	case EX_ROUTE:
		return exchange_route(x);
	case EX_GUARD:
		return web_guard(x);
	case EX_HOLD:
		return exchange_hold(x);
	case EX_HANDLE:
		return exchange_handle(x);
	case EX_PICK:
		return exchange_pick(x);
	case EX_CONNECT:
		return exchange_connect(x);
	case EX_SEND:
		return exchange_send(x);
	case EX_RELAY:
		return exchange_relay(x);
	case EX_TUNNEL:
		return exchange_tunnel(x);
	case EX_SOCKET:
		return exchange_socket(x);
	case EX_DONE:
	case EX_STATE_COUNT:
		break;
	}
	return STEP_GONE;
}

/* nginx takes a FIN for a client that left, once it has said all it has to say. */
static bool is_abandoned(const struct exchange *x)
{
	if (x->web == NULL || !x->client->sock.peer_closed)
		return false;
	return x->state == EX_GUARD ||
	       (x->is_body_held &&
		       (x->state == EX_PICK || x->state == EX_CONNECT || x->state == EX_SEND));
}

/* proxy_ignore_client_abort: the worker is asked whether the client waits or not. */
static bool is_alone(const struct exchange *x)
{
	return x->web != NULL && x->web->loc->proxy.ignore_client_abort && x->is_body_held &&
	       (x->state == EX_CONNECT || x->state == EX_SEND);
}

/* While a worker thinks nobody reads from the client, so its leaving has to be looked for. A RST
 * leaves nobody to answer; a FIN may only mean that the client has said everything. */
static void look_after_client(struct exchange *x)
{
	struct sock *sock = &x->client->sock;
	if (x->state == EX_TUNNEL || x->state == EX_SOCKET)
		return;
	bool has_news = sock->has_news;
	sock->has_news = false;
	if (is_alone(x))
		return;
	if (is_abandoned(x) || (has_news && sock_is_broken(sock)))
		(void)exchange_cut(x, CLOSE_CLIENT_LEFT);
	else if (sock->peer_closed && x->state < EX_RELAY)
		client_half_closed(x->client);
}

void exchange_step(struct exchange *x)
{
	enum step step;
	x->is_stepping = true;
	do {
		step = step_once(x);
	} while (step == STEP_AGAIN);
	x->is_stepping = false;
	if (step == STEP_WAIT)
		look_after_client(x);
}

static enum step timed_out(struct exchange *x)
{
	bool has_begun = x->state >= EX_RELAY;
	switch (x->waits_for) {
	case WAIT_HEADER:
		if (x->generation->conf->web != NULL)
			return web_head_late(x);
		x->reason = CLOSE_HEADER_TIMEOUT;
		x->has_unread_body = true;
		return exchange_answer(x, 408, "the request's head took too long", true);
	case WAIT_BODY:
		if (has_begun)
			return exchange_cut(x, CLOSE_BODY_TIMEOUT);
		/* nginx only closes, and logs a 408. */
		if (x->web != NULL) {
			x->status = 408;
			return exchange_cut(x, CLOSE_BODY_TIMEOUT);
		}
		x->reason = CLOSE_BODY_TIMEOUT;
		x->has_unread_body = true;
		return exchange_answer(x, 408, "the request's body took too long", true);
	case WAIT_CONNECT:
		return exchange_try_failed(x, CLOSE_CONNECT_TIMEOUT);
	case WAIT_READ:
		if (!has_begun && (x->first_byte_us == 0 || x->web != NULL))
			return exchange_try_failed(x, CLOSE_READ_TIMEOUT);
		if (!has_begun) {
			/* Part of an answer came, so nobody else is asked. */
			exchange_pick_done(x, LB_DONE_FAILED, "silent in the middle of its head");
			x->reason = CLOSE_READ_TIMEOUT;
			return exchange_answer(x, 504, "the worker did not answer in time", false);
		}
		web_tell_cut(x, CLOSE_READ_TIMEOUT);
		exchange_pick_done(x, LB_DONE_FAILED, "silent in the middle of an answer");
		return exchange_cut(x, CLOSE_READ_TIMEOUT);
	case WAIT_SEND:
		web_tell_cut(x, CLOSE_SEND_TIMEOUT);
		return exchange_cut(x, CLOSE_SEND_TIMEOUT);
	case WAIT_GUARD:
		return STEP_AGAIN;
	case WAIT_TUNNEL:
		web_tell_cut(x, CLOSE_TUNNEL_TIMEOUT);
		exchange_pick_done(x, LB_DONE_OK, "");
		return exchange_cut(x, CLOSE_TUNNEL_TIMEOUT);
	}
	return STEP_GONE;
}

static void on_due(struct deadline *deadline)
{
	struct exchange *x = CONTAINER_OF(deadline, struct exchange, deadline);
	if (x->state == EX_DONE)
		return;
	if (timed_out(x) == STEP_AGAIN)
		exchange_step(x);
}

bool exchange_is_idempotent(const struct exchange *x)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
	struct slice method = http_span_in(x->p, x->head->method);
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (slice_is(method, slice_of(methods[i])))
			return true;
	return false;
}

void exchange_trim(void)
{
	freelist_trim(&free_exchanges);
	freelist_trim(&free_heads);
}

static const struct inspector *the_inspector;

void proxy_set_inspector(const struct inspector *inspector)
{
	the_inspector = inspector;
}

const struct inspector *proxy_inspector(void)
{
	return the_inspector;
}
