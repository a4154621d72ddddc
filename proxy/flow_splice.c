/*
 * proxy/flow_splice.c - splice(2) both ways through one pipe.
 *
 * EAGAIN while filling means "socket empty" or "pipe full" and does not say
 * which. So it is believed only when the pipe is empty; otherwise the pipe is
 * drained first and the question asked again.
 */
#include "proxy/flow_splice.h"

#include "proxy/stats.h"

#include <errno.h>
#include <fcntl.h>

bool flow_may_splice(struct flow *flow)
{
	if (sock_no_splice || sock_short_io || flow->from == NULL || flow->in != flow->out)
		return false;
	if (flow->in == FLOW_LENGTH ? flow->left < FLOW_SPLICE
				    : flow->in != FLOW_TO_CLOSE || !flow->is_bulk)
		return false;
	if (flow->is_taken || flow->failed != FLOW_WAIT || flow->ahead_n != 0 ||
		flow->tap != NULL || flow->most != 0)
		return false;
	if (buf_waiting(&flow->stash) != 0 || !flow->from->can_read || !flow->to->can_write)
		return false;
	if (!flow->from->transport->may_splice || !flow->to->transport->may_splice)
		return false;
	flow->pipe = pipe_pool_take();
	return flow->pipe != NULL;
}

static ssize_t move(int from, int to, size_t n)
{
	ssize_t moved;
	do {
		moved = splice(from, NULL, to, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (moved < 0 && errno == EINTR);
	return moved < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : moved;
}

/* Socket -> pipe. True when something came. */
static bool fill(struct flow *flow)
{
	size_t want = flow->pipe->room - flow->in_pipe;
	if (flow->in == FLOW_LENGTH)
		want = (size_t)min_u64(want, flow->left);
	if (want == 0 || !flow->from->can_read)
		return false;
	ssize_t got = move(flow->from->fd, flow->pipe->in, want);
	if (got > 0) {
		flow->in_pipe += (size_t)got;
		flow->payload += (uint64_t)got;
		if (flow->in == FLOW_LENGTH) {
			flow->left -= (uint64_t)got;
			flow->is_taken = flow->left == 0;
		}
		return true;
	}
	if (got == 0) {
		flow->from->is_eof = true;
		flow->from->can_read = false;
		if (flow->in == FLOW_TO_CLOSE)
			flow->is_taken = true;
		else
			flow->failed = FLOW_CUT;
	} else if (got != -EAGAIN) {
		flow->failed = FLOW_FROM_ERROR;
	} else if (flow->in_pipe == 0) {
		flow->from->can_read = false;
	}
	return false;
}

/* Pipe -> socket. Octets moved, or -errno. */
static ssize_t drain(struct flow *flow)
{
	if (flow->in_pipe == 0 || !flow->to->can_write)
		return 0;
	ssize_t put = move(flow->pipe->out, flow->to->fd, flow->in_pipe);
	if (put == -EAGAIN) {
		flow->to->can_write = false;
		return 0;
	}
	if (put <= 0)
		return put == 0 ? -EPIPE : put;
	flow->in_pipe -= (size_t)put;
	flow->sent += (uint64_t)put;
	proxy_stats.spliced_bytes += (uint64_t)put;
	return put;
}

/* An idle transfer keeps no pipe; a tunnel has to fill a whole piece again before it splices again.
 */
static void give_back(struct flow *flow)
{
	flow->is_bulk = false;
	pipe_pool_give(flow->pipe, flow->in_pipe == 0);
	flow->pipe = NULL;
}

enum flow_result flow_splice(struct flow *flow, uint64_t stop_at, bool *ret_more)
{
	*ret_more = false;
	for (;;) {
		bool has_more = !flow->is_taken && flow->failed == FLOW_WAIT;
		bool filled = has_more && fill(flow);
		ssize_t put = drain(flow);
		if (put < 0)
			return FLOW_TO_ERROR;
		if (filled || put > 0)
			flow->has_moved = true;
		if (flow->in_pipe == 0 && (flow->is_taken || flow->failed != FLOW_WAIT)) {
			give_back(flow);
			*ret_more = true;
			return FLOW_WAIT;
		}
		if (!filled && put == 0) {
			if (flow->in_pipe == 0)
				give_back(flow);
			return FLOW_WAIT;
		}
		if (flow->payload >= stop_at)
			return FLOW_AGAIN;
	}
}

enum flow_result flow_drain_pipe(struct flow *flow, bool *ret_more)
{
	ssize_t put = drain(flow);
	if (put < 0)
		return FLOW_TO_ERROR;
	if (put > 0)
		flow->has_moved = true;
	if (flow->in_pipe == 0)
		give_back(flow);
	*ret_more = put > 0;
	return FLOW_WAIT;
}
