/*
 * proxy/handler.c - what a handler may do with an exchange (proxy/handler.h).
 *
 * Called while the exchange's step is on the stack, a function here only sets
 * the course, and the step goes on when the handler comes back; called later,
 * it steps itself. The handler's pointer is forgotten first, so that whatever
 * happens from there on is told to nobody.
 */
#include "proxy/handler.h"

#include "base/clock.h"
#include "http/ws_accept.h"
#include "proxy/exchange.h"
#include "proxy/head_writer.h"
#include "proxy/stats.h"
#include "proxy/sticky_cookie.h"

/* nginx's proxy_pass may have made another one of it than the client's. */
static void take_target(const struct exchange *x, struct handler_request *request)
{
	if (x->web == NULL || x->target.n == 0)
		return;
	const char *mark = memchr(x->target.p, '?', x->target.n);
	request->target = request->path = x->target;
	request->query = (struct slice){NULL, 0};
	if (mark == NULL)
		return;
	request->path.n = (size_t)(mark - x->target.p);
	request->query = (struct slice){mark + 1, x->target.n - request->path.n - 1};
}

void handler_request(const struct exchange *x, struct handler_request *ret_request)
{
	const struct http_head *head = x->head;
	*ret_request = (struct handler_request){
		.head = head,
		.p = x->p,
		.method = http_span_in(x->p, head->method),
		.path = http_span_in(x->p, head->path),
		.query = http_span_in(x->p, head->query),
		.target = http_span_in(x->p, head->target),
		.body = x->is_body_held ? buf_slice(&x->body) : (struct slice){NULL, 0},
		.arena = (struct arena *)&x->arena,
		.pool = x->pool,
		.keys = &x->keys,
		.client_ip = x->client->ip,
		.is_cookie_new = x->new_cookie[0] != '\0',
		.is_websocket = head->is_websocket,
	};
	take_target(x, ret_request);
}

void handler_set_state(struct exchange *x, void *state)
{
	x->handler_state = state;
}

void *handler_state(const struct exchange *x)
{
	return x->handler_state;
}

static void go_on(struct exchange *x)
{
	if (!x->is_stepping && x->state != EX_DONE)
		exchange_step(x);
}

/* The handler has nothing to do with it any more. */
static void let_go(struct exchange *x, enum close_reason reason)
{
	ensure(exchange_is_handled(x) && (x->state == EX_HANDLE || x->state == EX_HOLD));
	x->handler_state = NULL;
	x->reason = reason;
}

void handler_answer(
	struct exchange *x, int status, const char *type, const char *fields, struct blob *body)
{
	let_go(x, CLOSE_DONE);
	(void)exchange_give(x, status, type, fields, body);
	go_on(x);
}

void handler_refuse(struct exchange *x, int status, const char *why)
{
	let_go(x, CLOSE_REFUSED);
	(void)exchange_answer(x, status, why, false);
	go_on(x);
}

void handler_forward(
	struct exchange *x, struct backend *backend, struct slice target, bool is_learned)
{
	/* The pieces of a body are gone. */
	ensure(x->state == EX_HANDLE && (x->wish == HANDLER_HOLD || x->up.payload == 0));
	let_go(x, CLOSE_DONE);
	x->is_forwarded = x->is_body_held = true;
	x->pinned = backend == NULL ? NULL : lb_backend_ref(backend);
	x->is_learned = is_learned;
	if (target.n != 0 || x->web == NULL)
		x->target = target;
	/* It may have waited through a reload, and be meant for a worker that came with it. */
	bool is_old = x->generation != x->client->listener->generation;
	exchange_move(x, is_old ? EX_ROUTE : EX_PICK);
	go_on(x);
}

void handler_forward_first(struct exchange *x, struct backend *backend)
{
	x->is_preferred = true;
	handler_forward(x, backend, (struct slice){NULL, 0}, false);
}

void handler_pause(struct exchange *x)
{
	x->is_paused = true;
}

void handler_resume(struct exchange *x)
{
	x->is_paused = false;
	sock_step_again(&x->client->sock);
}

/* RFC 6455 sections 4.2.1, 4.4. */
static void refuse_upgrade(struct exchange *x)
{
	struct slice version = http_head_value(x->head, x->p, HF_SEC_WEBSOCKET_VERSION);
	if (version.p != NULL && !slice_is(version, SLICE("13")))
		handler_answer(x, 426, "text/plain",
			"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", NULL);
	else
		handler_refuse(x, 400, "this is for WebSocket: an upgrade is needed");
}

static bool put_switching(struct exchange *x)
{
	char accept[WS_ACCEPT_CHARS], cookie[STICKY_COOKIE_ROOM];
	struct head_writer w = {.buf = &x->down.stash};
	struct slice key = http_head_value(x->head, x->p, HF_SEC_WEBSOCKET_KEY);
	if (!ws_accept_for(key, accept))
		return false;
	head_put_text(&w, "HTTP/1.1 101 Switching Protocols\r\nServer: comfymux\r\n");
	head_put_field(&w, SLICE("Date"), slice_of(clock_http_date()));
	head_put_text(&w, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	head_put_field(&w, SLICE("Sec-WebSocket-Accept"), (struct slice){accept, WS_ACCEPT_CHARS});
	head_put(&w, cookie, sticky_cookie_line(x, cookie));
	head_put_text(&w, "\r\n");
	x->head_bytes = x->down.sent + buf_waiting(&x->down.stash);
	return !w.is_bad;
}

/* What the log will say; then a page that is open for hours holds no generation. */
static bool keep_only_entry(struct exchange *x)
{
	/* The log's format is in the generation. */
	if (x->web != NULL)
		return exchange_keep_entry(x);
	const char *name = x->pool->conf->name;
	char *pool = arena_copy(&x->arena, name, strlen(name) + 1);
	if (pool == NULL || !exchange_keep_entry(x))
		return false;
	x->entry->pool = pool;
	exchange_use_pool(x, NULL);
	generation_unref(x->generation);
	x->generation = NULL;
	x->site = NULL;
	x->server = NULL;
	x->location = NULL;
	return true;
}

/* Octets behind the head go to `early`; the head and its memory go. */
static void slim_down(struct exchange *x, struct buf *early)
{
	buf_consume(&x->in, x->in_used);
	if (buf_waiting(&x->in) != 0)
		*early = x->in;
	else
		buf_release(&x->in);
	x->in = (struct buf){0};
	x->in_used = 0;
	http_head_give(x->head);
	x->head = NULL;
	x->p = NULL;
	buf_release(&x->body);
	memset(&x->keys, 0, sizeof(x->keys));
}

/* As much of the 101 as goes at once. What is wrong with the socket its reader will see. */
static void send_switching(struct exchange *x, struct buf *unsent)
{
	struct sock *sock = &x->client->sock;
	struct buf *stash = &x->down.stash;
	struct iovec iov = {.iov_base = buf_first(stash), .iov_len = buf_waiting(stash)};
	ssize_t n = sock->can_write ? sock_write(sock, &iov, 1) : 0;
	if (n > 0)
		buf_consume(stash, (size_t)n);
	if (buf_waiting(stash) != 0)
		*unsent = *stash;
	else
		buf_release(stash);
	*stash = (struct buf){0};
	x->down.sent = x->head_bytes;
}

struct sock *handler_take_socket(struct exchange *x, struct buf *ret_early, struct buf *ret_unsent)
{
	*ret_early = *ret_unsent = (struct buf){0};
	ensure(x->state == EX_HANDLE && exchange_is_handled(x));
	if (!x->head->is_websocket) {
		refuse_upgrade(x);
		return NULL;
	}
	if (!put_switching(x) || !keep_only_entry(x)) {
		x->handler_state = NULL;
		(void)exchange_out_of_memory(x);
		return NULL;
	}
	x->status = 101;
	x->keeps_client = false;
	x->is_tunnel = x->is_own_answer = true;
	proxy_stats.tunnels++;
	proxy_stats.own_answers[1]++;
	slim_down(x, ret_early);
	send_switching(x, ret_unsent);
	exchange_move(x, EX_SOCKET);
	/* What came before has had its edge. */
	if (!x->is_stepping)
		sock_step_again(&x->client->sock);
	return &x->client->sock;
}

void handler_count_socket(struct exchange *x, uint64_t sent, uint64_t received)
{
	x->down.sent = x->head_bytes + sent;
	x->up.payload = received;
}

void handler_close_socket(
	struct exchange *x, enum close_reason reason, uint64_t sent, uint64_t received)
{
	ensure(x->state == EX_SOCKET);
	x->handler_state = NULL;
	handler_count_socket(x, sent, received);
	switch (reason) {
	case CLOSE_CLIENT_ERROR:
	case CLOSE_SEND_TIMEOUT:
	case CLOSE_OUT_OF_MEMORY:
		(void)exchange_cut(x, reason);
		break;
	default:
		(void)exchange_end(x, reason);
		break;
	}
}
