/*
 * proxy/hold.c - HOLD: a small body is read whole before a worker is chosen, so
 * that it can be looked into and sent again; a large one only starts to come in.
 *
 *   none, or Content-Length <= buffer_body   -> all of it in x->body
 *   chunked                                  -> x->body until its end, or until buffer_body is
 * passed anything larger                          -> streams: what is here already goes first
 *
 * As nginx has it (x->web): all is held, beyond client_body_buffer_size in a file (body_file.c).
 *
 * For a handler (proxy/handler.h) the limit is its own, all is held, and what is larger is refused.
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "proxy/body_file.h"
#include "proxy/guard.h"
#include "proxy/stats.h"
#include "proxy/web.h"
#include "proxy/web_log.h"

#include <errno.h>

#define FIRST_ROOM                                                                                 \
	(UINT64_C(1024) * 1024) /* what a length alone is given; the rest as it comes              \
				 */

static enum step refuse(struct exchange *x, int status, const char *why, enum close_reason reason)
{
	x->reason = reason;
	return exchange_answer(x, status, why, true);
}

/* What of the body came along with the head. */
static struct slice came_along(const struct exchange *x)
{
	size_t head = x->head->bytes;
	return (struct slice){x->p + head, buf_waiting(&x->in) - head};
}

static enum step is_whole(struct exchange *x)
{
	const struct inspector *inspector = proxy_inspector();
	x->is_body_held = true;
	x->has_unread_body = false;
	if (exchange_is_handled(x)) {
		x->up.payload = buf_waiting(&x->body);
		exchange_move(x, EX_HANDLE);
		return STEP_AGAIN;
	}
	if (inspector != NULL && (x->wishes & INSPECT_BODY) && buf_waiting(&x->body) != 0)
		inspector->on_body(buf_slice(&x->body), &x->arena, &x->keys);
	exchange_move(x, EX_PICK);
	return STEP_AGAIN;
}

static enum step no_file(struct exchange *x, int error)
{
	if (error == -ENOMEM)
		return exchange_out_of_memory(x);
	return refuse(x, 500, "the body cannot be kept", CLOSE_REFUSED);
}

/* All of it came. */
static enum step came_whole(struct exchange *x)
{
	int rc = body_file_wants_rest(x) ? body_file_take(x) : 0;
	return rc == 0 ? is_whole(x) : no_file(x, rc);
}

/* Room for what is read next. STEP_AGAIN with the state as it was: go on. */
static enum step make_room(struct exchange *x)
{
	if (buf_waiting(&x->body) < body_file_memory(x))
		return STEP_AGAIN;
	if (x->hold_most == 0)
		return STEP_WAIT;
	int rc = body_file_take(x);
	return rc == 0 ? STEP_AGAIN : no_file(x, rc);
}

/* What was read so far is the beginning of a stream (exchange_send takes it from there). */
static enum step streams(struct exchange *x)
{
	x->is_streaming = true;
	x->sends_continue = x->head->expects_continue && !x->sent_continue;
	exchange_move(x, EX_PICK);
	return STEP_AGAIN;
}

static enum step too_large(struct exchange *x)
{
	proxy_stats.limit_hits_body++;
	return refuse(x, 413, "the body is too large", CLOSE_REFUSED);
}

/* We have said that we want the body, so the client may send it. */
enum step exchange_say_continue(struct exchange *x)
{
	static const char line[] = EXCHANGE_CONTINUE;
	if (!x->head->expects_continue || x->sent_continue)
		return STEP_AGAIN;
	x->sent_continue = true;
	if (!buf_append(&x->down.stash, line, sizeof(line) - 1))
		return exchange_out_of_memory(x);
	return STEP_AGAIN;
}

/* Others have their turn between two parts of a large body. */
static enum step next_turn(struct exchange *x)
{
	sock_step_again(&x->client->sock);
	return STEP_WAIT;
}

static enum step hold_length(struct exchange *x)
{
	struct sock *sock = &x->client->sock;
	uint64_t all = x->head->content_length;
	uint64_t stop_at = body_file_held(x) + FLOW_QUOTA;
	while (body_file_held(x) < all) {
		if (!sock->can_read)
			return STEP_WAIT;
		if (body_file_held(x) >= stop_at)
			return next_turn(x);
		enum step step = make_room(x);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
		size_t have = buf_waiting(&x->body);
		size_t want = (size_t)min_u64(all - body_file_held(x), body_file_memory(x) - have);
		if (buf_room(&x->body) == 0 && !buf_reserve(&x->body, min_size(want, have)))
			return exchange_out_of_memory(x);
		ssize_t got = sock_read(
			sock, x->body.p + x->body.end, min_size(want, buf_room(&x->body)));
		if (got == -EAGAIN)
			return STEP_WAIT;
		if (got <= 0)
			return exchange_cut(x, got == 0 ? CLOSE_CLIENT_LEFT : CLOSE_CLIENT_ERROR);
		x->body.end += (uint32_t)got;
		exchange_wait(x, WAIT_BODY, x->location->timeouts.body_ms);
	}
	return came_whole(x);
}

static enum step begin_length(struct exchange *x)
{
	struct slice ahead = came_along(x);
	size_t n = (size_t)min_u64(ahead.n, x->head->content_length);
	x->in_used += n;
	uint64_t room = min_u64(x->head->content_length, FIRST_ROOM);
	room = min_u64(room, body_file_memory(x));
	if (room < n)
		room = n;
	if (!buf_reserve(&x->body, (size_t)room) || !buf_append(&x->body, ahead.p, n))
		return exchange_out_of_memory(x);
	return STEP_AGAIN;
}

static enum step bad_chunk(struct exchange *x)
{
	if (x->web != NULL)
		web_log(x, LOG_ERROR, 0, NULL, "client sent invalid chunked body");
	return refuse(x, 400, "the chunked coding of the body is broken", CLOSE_BAD_REQUEST);
}

/* Decodes what was just appended to x->body at `from`. *ret_done: its end was seen. */
static enum step take_chunks(struct exchange *x, uint32_t from, bool *ret_done)
{
	size_t used, data;
	size_t n = x->body.end - from;
	char *p = x->body.p + from;
	enum chunked_verdict verdict = chunked_decode(&x->up.chunked, p, n, &used, &data);
	*ret_done = verdict == CHUNKED_DONE;
	if (verdict == CHUNKED_BAD)
		return bad_chunk(x);
	if (!buf_append(&x->rest, p + used, n - used))
		return exchange_out_of_memory(x);
	uint64_t before = body_file_held(x) - n;
	x->body.end = from + (uint32_t)data;
	uint64_t most = x->location->limits.body_bytes;
	/* nginx does not wait for a chunk that would be too much. */
	uint64_t coming = x->web != NULL ? x->up.chunked.left : 0;
	if (most != 0 && body_file_held(x) + coming > most) {
		if (x->web != NULL)
			web_log(x, LOG_ERROR, 0, NULL,
				"client intended to send too large chunked body: %llu+%llu bytes",
				(unsigned long long)before,
				(unsigned long long)(body_file_held(x) + coming - before));
		proxy_stats.limit_hits_body++;
		return refuse(x, 413, "the body is larger than limits.body_bytes", CLOSE_REFUSED);
	}
	if (exchange_is_handled(x) && buf_waiting(&x->body) > x->hold_most)
		return too_large(x);
	return STEP_AGAIN;
}

static enum step hold_chunked(struct exchange *x)
{
	struct sock *sock = &x->client->sock;
	uint64_t stop_at = body_file_held(x) + FLOW_QUOTA;
	for (;;) {
		bool is_done;
		if (!sock->can_read)
			return STEP_WAIT;
		if (body_file_held(x) >= stop_at)
			return next_turn(x);
		enum step step = make_room(x);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
		if (!buf_reserve(&x->body, 4096))
			return exchange_out_of_memory(x);
		ssize_t got = sock_read(sock, x->body.p + x->body.end, buf_room(&x->body));
		if (got == -EAGAIN)
			return STEP_WAIT;
		if (got <= 0)
			return exchange_cut(x, got == 0 ? CLOSE_CLIENT_LEFT : CLOSE_CLIENT_ERROR);
		uint32_t from = x->body.end;
		x->body.end += (uint32_t)got;
		step = take_chunks(x, from, &is_done);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
		if (is_done)
			return came_whole(x);
		if (buf_waiting(&x->body) > x->hold_most && x->web == NULL)
			return streams(x);
		exchange_wait(x, WAIT_BODY, x->location->timeouts.body_ms);
	}
}

static enum step begin_chunked(struct exchange *x)
{
	bool is_done;
	struct slice ahead = came_along(x);
	x->in_used += ahead.n;
	chunked_init(&x->up.chunked);
	if (ahead.n == 0)
		return STEP_AGAIN;
	if (!buf_append(&x->body, ahead.p, ahead.n))
		return exchange_out_of_memory(x);
	enum step step = take_chunks(x, x->body.start, &is_done);
	if (step != STEP_AGAIN || x->state != EX_HOLD)
		return step;
	return is_done ? came_whole(x) : STEP_AGAIN;
}

/* An unbuffered body that is here in full has a length and can be sent again, as with nginx.
 * STEP_WAIT: it is not; what is here is in x->body. */
static enum step take_what_is_here(struct exchange *x)
{
	bool is_chunked = x->head->is_chunked;
	if (!is_chunked && x->head->content_length > body_file_memory(x))
		return STEP_WAIT;
	enum step step = is_chunked ? begin_chunked(x) : begin_length(x);
	if (step != STEP_AGAIN || x->state != EX_HOLD)
		return step;
	return is_chunked ? hold_chunked(x) : hold_length(x);
}

static enum step begin(struct exchange *x)
{
	bool is_chunked = x->head->is_chunked;
	if (!is_chunked && x->head->content_length == 0)
		return is_whole(x);
	/* HTTP/1.0 has no way to stream it. */
	if (is_chunked && x->web != NULL && x->web->loc->proxy.http_version == 10)
		x->hold_most = UINT64_MAX;
	uint64_t most = x->hold_most;
	if (exchange_is_handled(x)) {
		if (!is_chunked && x->head->content_length > most)
			return too_large(x);
	} else if (most == 0 || (!is_chunked && x->head->content_length > most)) {
		if (is_chunked)
			chunked_init(&x->up.chunked);
		enum step here = x->web != NULL ? take_what_is_here(x) : STEP_WAIT;
		return here == STEP_WAIT ? streams(x) : here;
	}
	exchange_wait(x, WAIT_BODY, x->location->timeouts.body_ms);
	enum step step = is_chunked ? begin_chunked(x) : begin_length(x);
	if (step != STEP_AGAIN || x->state != EX_HOLD)
		return step;
	bool is_here = !is_chunked && buf_waiting(&x->body) == x->head->content_length;
	return is_here ? STEP_AGAIN : exchange_say_continue(x);
}

enum step exchange_hold(struct exchange *x)
{
	/* What is asked about the client (auth_request) goes without its body. */
	if (guard_is_asking(x)) {
		x->is_body_held = true;
		exchange_move(x, EX_PICK);
		return STEP_AGAIN;
	}
	if (x->wish == HANDLER_PIECES && !x->is_forwarded)
		return exchange_pieces(x);
	if (x->is_body_held)
		return is_whole(x);
	if (x->is_streaming)
		return streams(x);
	if (!x->is_holding) {
		x->is_holding = true;
		/* nginx says it before it looks whether there is a body at all. */
		enum step step = x->web != NULL ? exchange_say_continue(x) : STEP_AGAIN;
		if (step == STEP_AGAIN)
			step = begin(x);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
	}
	if (!flow_is_flushed(&x->down) && flow_pump(&x->down) == FLOW_TO_ERROR)
		return exchange_cut(x, CLOSE_CLIENT_ERROR);
	return x->head->is_chunked ? hold_chunked(x) : hold_length(x);
}
