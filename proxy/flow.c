#include "proxy/flow.h"

#include "proxy/flow_parts.h"
#include "proxy/flow_splice.h"
#include "proxy/stats.h"

#include <errno.h>

char flow_piece[FLOW_PIECE];

void flow_init(struct flow *flow, struct sock *from, struct sock *to, enum flow_framing in,
	enum flow_framing out)
{
	*flow = (struct flow){.from = from, .to = to, .in = in, .out = out, .failed = FLOW_WAIT};
	flow->is_taken = in == FLOW_EMPTY;
	chunked_init(&flow->chunked);
}

void flow_finish(struct flow *flow)
{
	buf_release(&flow->stash);
	pipe_pool_give(flow->pipe, flow->in_pipe == 0);
	flow->pipe = NULL;
	flow->in_pipe = 0;
	flow->ahead_n = 0;
	flow_more_finish(flow);
}

/* A piece of payload on its way out, in the frame that `out` asks for. */
struct framed {
	struct iovec iov[7]; /* stash, size line, payload, CRLF, last chunk, trailer, CRLF */
	int count;
	size_t bytes;
	struct buf trailer; /* owned */
	bool is_bad;        /* no memory for it */
	char size_line[CHUNKED_SIZE_ROOM];
};

static void framed_add(struct framed *framed, const void *p, size_t n)
{
	if (n == 0)
		return;
	framed->iov[framed->count++] = (struct iovec){.iov_base = (void *)p, .iov_len = n};
	framed->bytes += n;
}

static void end_chunks(struct flow *flow, struct framed *framed)
{
	flow->is_closed_off = true;
	if (flow->trailer == NULL) {
		framed_add(framed, "0\r\n\r\n", 5);
		return;
	}
	framed->is_bad = !flow->trailer(flow, &framed->trailer);
	framed_add(framed, "0\r\n", 3);
	framed_add(framed, buf_first(&framed->trailer), buf_waiting(&framed->trailer));
	framed_add(framed, "\r\n", 2);
}

static void frame(struct flow *flow, struct framed *framed, const char *p, size_t n)
{
	framed->count = 0;
	framed->bytes = 0;
	framed->trailer = (struct buf){0};
	framed->is_bad = false;
	framed_add(framed, buf_first(&flow->stash), buf_waiting(&flow->stash));
	if (flow->out != FLOW_CHUNKED) {
		framed_add(framed, p, n);
		return;
	}
	if (n != 0) {
		framed_add(framed, framed->size_line, chunked_write_size(framed->size_line, n));
		framed_add(framed, p, n);
		framed_add(framed, "\r\n", 2);
	}
	if (flow->is_taken && !flow->keeps_open && !flow->is_closed_off)
		end_chunks(flow, framed);
}

/* Stashes what `put` octets of the frame did not reach. The stash itself is iov[0] if it was not
 * empty. */
static bool keep_tail(struct flow *flow, struct framed *framed, size_t put)
{
	int i = 0;
	size_t waiting = buf_waiting(&flow->stash);
	if (waiting != 0) {
		size_t taken = min_size(put, waiting);
		buf_consume(&flow->stash, taken);
		put -= taken;
		i = 1;
	}
	for (; i < framed->count; i++) {
		size_t taken = min_size(put, framed->iov[i].iov_len);
		put -= taken;
		const char *rest = (const char *)framed->iov[i].iov_base + taken;
		if (!buf_append(&flow->stash, rest, framed->iov[i].iov_len - taken))
			return false;
	}
	if (buf_waiting(&flow->stash) == 0)
		buf_release(&flow->stash);
	return true;
}

static enum flow_result put_framed(struct flow *flow, struct framed *framed)
{
	ssize_t sent = 0;
	if (framed->is_bad)
		return FLOW_NO_MEMORY;
	if (framed->bytes == 0)
		return FLOW_WAIT;
	if (flow->to->can_write) {
		sent = sock_write(flow->to, framed->iov, framed->count);
		if (sent < 0 && sent != -EAGAIN)
			return FLOW_TO_ERROR;
	}
	if (sent > 0) {
		flow->has_moved = true;
		flow->sent += (uint64_t)sent;
	}
	return keep_tail(flow, framed, sent > 0 ? (size_t)sent : 0) ? FLOW_WAIT : FLOW_NO_MEMORY;
}

enum flow_result flow_put(struct flow *flow, const char *p, size_t n)
{
	struct framed framed;
	frame(flow, &framed, p, n);
	enum flow_result result = put_framed(flow, &framed);
	buf_release(&framed.trailer);
	return result;
}

/* Small pieces behind a head go with it in one buffer: cheaper than a second iovec. */
static bool join_stash(struct flow *flow, const char *p, size_t n)
{
	return flow->out != FLOW_CHUNKED && n <= 2048 && buf_waiting(&flow->stash) != 0 &&
	       buf_room(&flow->stash) >= n && buf_append(&flow->stash, p, n);
}

static enum flow_result fail(struct flow *flow, enum flow_result why)
{
	flow->failed = why;
	return FLOW_WAIT;
}

/* Octets behind the end of the body. */
static enum flow_result keep_surplus(struct flow *flow, const char *p, size_t n)
{
	if (n == 0)
		return FLOW_WAIT;
	flow->has_surplus = true;
	if (flow->surplus != NULL && !buf_append(flow->surplus, p, n))
		return FLOW_NO_MEMORY;
	return FLOW_WAIT;
}

/* Takes the framing of `in` off p[0..n): leaves *ret_data payload octets at the front. */
static enum flow_result decode(struct flow *flow, char *p, size_t n, size_t *ret_data)
{
	size_t used = n;
	*ret_data = n;
	if (flow->in == FLOW_LENGTH) {
		used = *ret_data = (size_t)min_u64(n, flow->left);
		flow->left -= used;
		flow->is_taken = flow->left == 0;
	} else if (flow->in == FLOW_CHUNKED) {
		enum chunked_verdict verdict = chunked_decode(
			&flow->chunked, p, n, &used, ret_data);
		if (verdict == CHUNKED_BAD)
			return fail(flow, FLOW_BAD_CHUNK);
		flow->is_taken = verdict == CHUNKED_DONE;
	}
	flow->payload += *ret_data;
	if (flow->most != 0 && flow->payload > flow->most) {
		/* Nothing may look like the body's end now. */
		flow->is_taken = false;
		return fail(flow, FLOW_TOO_LARGE);
	}
	if (flow->tap != NULL && buf_waiting(flow->tap) < flow->tap_most) {
		size_t copy = min_size(*ret_data, flow->tap_most - buf_waiting(flow->tap));
		if (!buf_append(flow->tap, p, copy))
			return FLOW_NO_MEMORY;
	}
	return keep_surplus(flow, p + used, n - used);
}

static enum flow_result take_from_socket(
	struct flow *flow, size_t most, char **ret_p, size_t *ret_n)
{
	/* A client's next request may lie behind its body, so there we take no more than is ours.
	 * From a worker nothing may follow: reading on shows at once whether something does. */
	size_t want = most;
	if (flow->in == FLOW_LENGTH && flow->surplus != NULL)
		want = (size_t)min_u64(want, flow->left);
	ssize_t got = sock_read(flow->from, flow_piece, want);
	if (got == -EAGAIN)
		return FLOW_WAIT;
	if (got < 0)
		return fail(flow, FLOW_FROM_ERROR);
	if (got == 0) {
		if (flow->in != FLOW_TO_CLOSE)
			return fail(flow, FLOW_CUT);
		flow->is_taken = true;
		return FLOW_WAIT;
	}
	flow->has_moved = true;
	if (got == FLOW_PIECE && flow->in == FLOW_TO_CLOSE)
		flow->is_bulk = true;
	*ret_p = flow_piece;
	return decode(flow, flow_piece, (size_t)got, ret_n);
}

enum flow_result flow_take(struct flow *flow, size_t most, char **ret_p, size_t *ret_n)
{
	*ret_n = 0;
	if (flow->ahead_n == 0)
		return take_from_socket(flow, most, ret_p, ret_n);
	size_t n = min_size(flow->ahead_n, most);
	char *p = *ret_p = flow->ahead;
	flow->ahead += n;
	flow->ahead_n -= n;
	return decode(flow, p, n, ret_n);
}

bool flow_has_piece(const struct flow *flow)
{
	return !flow->is_taken && flow->failed == FLOW_WAIT &&
	       (flow->ahead_n != 0 || (flow->from != NULL && flow->from->can_read));
}

/* A head waits for the first piece of its body if that is there already: one write for both. */
static bool may_wait_for_piece(const struct flow *flow)
{
	return flow_has_piece(flow) && flow->payload == 0 && flow->sent == 0 && flow->to->can_write;
}

static bool needs_last_chunk(const struct flow *flow)
{
	return flow->is_taken && flow->out == FLOW_CHUNKED && !flow->is_closed_off;
}

/* Stash first, then one more piece. FLOW_WAIT with *ret_more: go on. */
static enum flow_result pump_once(struct flow *flow, bool *ret_more)
{
	*ret_more = true;
	if (buf_waiting(&flow->stash) != 0 && !may_wait_for_piece(flow)) {
		*ret_more = flow->to->can_write;
		return *ret_more ? flow_put(flow, NULL, 0) : FLOW_WAIT;
	}
	if (flow->failed != FLOW_WAIT)
		return flow->failed;
	if (needs_last_chunk(flow))
		return flow_put(flow, NULL, 0);
	if (flow->is_taken)
		return FLOW_END;
	*ret_more = flow->to->can_write && flow_has_piece(flow);
	if (!*ret_more)
		return FLOW_WAIT;
	char *p = NULL;
	size_t n;
	enum flow_result result = flow_take(flow, FLOW_PIECE, &p, &n);
	if (result != FLOW_WAIT || n == 0)
		return result;
	return join_stash(flow, p, n) ? flow_put(flow, NULL, 0) : flow_put(flow, p, n);
}

enum flow_result flow_pump_direct(struct flow *flow)
{
	uint64_t stop_at = flow->payload + FLOW_QUOTA;
	for (;;) {
		bool more = true;
		enum flow_result result = FLOW_WAIT;
		if (flow->pipe != NULL || flow_may_splice(flow))
			result = flow_splice(flow, stop_at, &more);
		else
			result = pump_once(flow, &more);
		if (result != FLOW_WAIT || !more)
			return result;
		if (flow->payload >= stop_at)
			return FLOW_AGAIN;
	}
}

enum flow_result flow_pump(struct flow *flow)
{
	if (flow->more != NULL)
		return flow_pump_more(flow);
	enum flow_result result = flow_pump_direct(flow);
	if (result != FLOW_WAIT || flow->spill == NULL || !flow_may_spill(flow))
		return result;
	return flow_begin_spill(flow) ? flow_pump_more(flow) : FLOW_NO_MEMORY;
}
