#include "proxy/discard.h"

#include "base/clock.h"
#include "proxy/flow_parts.h"
#include "proxy/guard.h"
#include "proxy/web.h"
#include "proxy/web_log.h"

#include <errno.h>

static void give_up(struct exchange *x)
{
	x->web->is_discarding = false;
	x->has_unread_body = true;
	x->keeps_client = false;
}

static void done(struct exchange *x)
{
	x->web->is_discarding = false;
	x->has_unread_body = false;
}

/* *ret_used of p[0..n) were the body's. */
static void drop(struct exchange *x, char *p, size_t n, size_t *ret_used)
{
	size_t data;
	enum chunked_verdict verdict = CHUNKED_MORE;
	if (x->head->is_chunked) {
		verdict = chunked_decode(&x->up.chunked, p, n, ret_used, &data);
	} else {
		*ret_used = (size_t)min_u64(n, x->up.left);
		x->up.left -= *ret_used;
		verdict = x->up.left == 0 ? CHUNKED_DONE : CHUNKED_MORE;
	}
	if (verdict == CHUNKED_BAD)
		give_up(x);
	else if (verdict == CHUNKED_DONE)
		done(x);
}

void discard_begin(struct exchange *x)
{
	size_t used;
	const struct http_head *head = x->head;
	size_t here = buf_waiting(&x->in) - head->bytes;
	/* Who waits for a 100 may send nothing any more. */
	if (!x->keeps_client || (head->expects_continue && !x->sent_continue && here == 0))
		return;
	x->web->is_discarding = true;
	x->web->discards_since_us = clock_now_us;
	x->has_unread_body = false;
	x->up.left = head->content_length;
	chunked_init(&x->up.chunked);
	x->in_used = head->bytes;
	if (here == 0)
		return;
	drop(x, x->in.p + x->in.start + head->bytes, here, &used);
	x->in_used += used;
}

void discard_step(struct exchange *x)
{
	struct sock *sock = &x->client->sock;
	uint64_t most_us = x->web->loc->lingering_time_ms * 1000;
	size_t taken = 0;
	while (x->web->is_discarding && sock->can_read) {
		size_t used, want = FLOW_PIECE;
		if (taken >= FLOW_QUOTA) {
			sock_step_again(sock);
			return;
		}
		if (!x->head->is_chunked)
			want = (size_t)min_u64(want, x->up.left);
		ssize_t got = sock_read(sock, flow_piece, want);
		if (got == -EAGAIN)
			return;
		if (got <= 0 || clock_now_us - x->web->discards_since_us > most_us) {
			give_up(x);
			return;
		}
		taken += (size_t)got;
		x->up.has_moved = true;
		drop(x, flow_piece, (size_t)got, &used);
		/* Behind it the next request begins. */
		if (!buf_append(&x->rest, flow_piece + used, (size_t)got - used))
			give_up(x);
	}
}

enum step discard_end(struct exchange *x)
{
	if (!x->keeps_client)
		give_up(x);
	if (!x->web->is_discarding)
		return exchange_end(x, x->reason);
	exchange_keep_waiting(x, WAIT_BODY, x->web->loc->lingering_timeout_ms, x->up.has_moved);
	x->up.has_moved = false;
	return STEP_WAIT;
}

/* What came along with the head of a body in chunks cannot be one. */
static bool is_body_bad(struct exchange *x)
{
	struct chunked chunked;
	size_t used, data;
	if (!x->has_head || !x->head->is_chunked || x->is_holding)
		return false;
	/* Decoding moves the octets. */
	size_t n = buf_waiting(&x->in) - x->head->bytes;
	char *copy = n == 0 ? NULL : arena_copy(&x->arena, x->p + x->head->bytes, n);
	chunked_init(&chunked);
	return copy != NULL && chunked_decode(&chunked, copy, n, &used, &data) == CHUNKED_BAD;
}

bool web_drop_body(struct exchange *x, enum step *ret_step)
{
	/* Not in front of a page that tells of an error. */
	if (guard_is_asking(x) || x->web->error_status != 0)
		return true;
	if (is_body_bad(x)) {
		web_log(x, LOG_ERROR, 0, NULL, "client sent invalid chunked body");
		*ret_step = web_answer(x, 400, true);
		return false;
	}
	*ret_step = exchange_say_continue(x);
	return *ret_step == STEP_AGAIN;
}
