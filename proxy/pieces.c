/*
 * proxy/pieces.c - HOLD for a handler that takes the body as it comes: nothing is kept here.
 *
 *   what came with the head --.
 *   socket --read-------------+--> decode --> on_piece ... --> HANDLE
 *
 * Memory is bounded by not reading: while the handler has paused, the client waits in the kernel.
 */
#include "proxy/exchange.h"

#include "proxy/stats.h"

#include <errno.h>

/* One for the process: the handler is done with a piece before anybody else runs. */
static char piece[FLOW_PIECE];

static enum step refuse(struct exchange *x, int status, const char *why, enum close_reason reason)
{
	x->reason = reason;
	return exchange_answer(x, status, why, true);
}

static enum step all_came(struct exchange *x)
{
	x->has_unread_body = false;
	exchange_move(x, EX_HANDLE);
	return STEP_AGAIN;
}

/* STEP_AGAIN with the state as it was: go on. */
static enum step deliver(struct exchange *x, char *p, size_t n)
{
	size_t used = n, data = n;
	enum chunked_verdict verdict = CHUNKED_MORE;
	if (x->head->is_chunked) {
		verdict = chunked_decode(&x->up.chunked, p, n, &used, &data);
	} else {
		x->up.left -= n;
		verdict = x->up.left == 0 ? CHUNKED_DONE : CHUNKED_MORE;
	}
	if (verdict == CHUNKED_BAD)
		return refuse(
			x, 400, "the chunked coding of the body is broken", CLOSE_BAD_REQUEST);
	if (!buf_append(&x->rest, p + used, n - used))
		return exchange_out_of_memory(x);
	x->up.payload += data;
	uint64_t most = x->location->limits.body_bytes;
	if (most != 0 && x->up.payload > most) {
		proxy_stats.limit_hits_body++;
		return refuse(x, 413, "the body is larger than limits.body_bytes", CLOSE_REFUSED);
	}
	if (data != 0) {
		bool goes_on = proxy_handler()->on_piece(x, (struct slice){p, data});
		ensure(goes_on || x->state != EX_HOLD);
		if (x->state != EX_HOLD)
			return x->state == EX_DONE ? STEP_GONE : STEP_AGAIN;
	}
	return verdict == CHUNKED_DONE ? all_came(x) : STEP_AGAIN;
}

static enum step begin(struct exchange *x)
{
	const struct http_head *head = x->head;
	size_t ahead = buf_waiting(&x->in) - head->bytes;
	x->is_holding = true;
	if (!head->is_chunked && head->content_length == 0)
		return all_came(x);
	chunked_init(&x->up.chunked);
	x->up.left = head->content_length;
	if (!head->is_chunked)
		ahead = (size_t)min_u64(ahead, head->content_length);
	x->in_used = head->bytes + ahead;
	exchange_wait(x, WAIT_BODY, x->location->timeouts.body_ms);
	if (ahead != 0) {
		enum step step = deliver(x, x->in.p + x->in.start + head->bytes, ahead);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
	}
	return exchange_say_continue(x);
}

static enum step read_on(struct exchange *x)
{
	struct sock *sock = &x->client->sock;
	uint64_t stop_at = x->up.payload + FLOW_QUOTA;
	while (!x->is_paused && sock->can_read) {
		if (x->up.payload >= stop_at) {
			sock_step_again(sock);
			return STEP_WAIT;
		}
		size_t want = sizeof(piece);
		if (!x->head->is_chunked)
			want = (size_t)min_u64(want, x->up.left);
		ssize_t got = sock_read(sock, piece, want);
		if (got == -EAGAIN)
			break;
		if (got <= 0)
			return exchange_cut(x, got == 0 ? CLOSE_CLIENT_LEFT : CLOSE_CLIENT_ERROR);
		exchange_wait(x, WAIT_BODY, x->location->timeouts.body_ms);
		enum step step = deliver(x, piece, (size_t)got);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
	}
	/* It is not the client who is late then. */
	if (x->is_paused)
		deadline_clear(&x->deadline);
	else if (!deadline_is_set(&x->deadline))
		exchange_wait(x, WAIT_BODY, x->location->timeouts.body_ms);
	return STEP_WAIT;
}

enum step exchange_pieces(struct exchange *x)
{
	if (!x->is_holding) {
		enum step step = begin(x);
		if (step != STEP_AGAIN || x->state != EX_HOLD)
			return step;
	}
	if (!flow_is_flushed(&x->down) && flow_pump(&x->down) == FLOW_TO_ERROR)
		return exchange_cut(x, CLOSE_CLIENT_ERROR);
	return read_on(x);
}
