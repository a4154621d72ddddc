/*
 * proxy/tunnel.c - after 101: octets both ways, each direction ending for itself.
 *
 *   client --up--> worker     FIN from one side is passed on once what came before it is sent
 *   client <-down- worker     an error on one side is a RST on the other
 *
 * An idle tunnel keeps its structs and gives everything else back.
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "proxy/heads.h"
#include "proxy/stats.h"

enum step exchange_tunnel_begin(struct exchange *x, const char *p)
{
	struct buf *from_worker = &x->upstream->in;
	x->status = 101;
	x->is_tunnel = true;
	x->keeps_client = x->keeps_upstream = false;
	x->is_cut_visible = true;
	x->seat->backend->tunnels++;
	proxy_stats.tunnels++;
	if (!write_response_head(x, p, FLOW_TO_CLOSE, &x->down.stash) || !exchange_keep_entry(x))
		return exchange_out_of_memory(x);
	x->head_bytes = x->down.sent + buf_waiting(&x->down.stash);
	buf_consume(from_worker, x->answer->bytes);
	struct buf stash = x->down.stash;
	uint64_t sent = x->down.sent;
	flow_init(&x->down, &x->upstream->sock, &x->client->sock, FLOW_TO_CLOSE, FLOW_TO_CLOSE);
	x->down.stash = stash;
	x->down.sent = sent;
	x->down.ahead = from_worker->p + from_worker->start;
	x->down.ahead_n = buf_waiting(from_worker);

	/* Frames may lie right behind the request's head. */
	uint64_t sent_up = x->up.sent;
	flow_finish(&x->up);
	flow_init(&x->up, &x->client->sock, &x->upstream->sock, FLOW_TO_CLOSE, FLOW_TO_CLOSE);
	x->up.sent = sent_up;
	x->up.ahead = x->in.p + x->in.start + x->in_used;
	x->up.ahead_n = buf_waiting(&x->in) - x->in_used;
	x->in_used += x->up.ahead_n;

	http_head_give(x->answer);
	x->answer = NULL;
	exchange_move(x, EX_TUNNEL);
	exchange_wait(x, WAIT_TUNNEL, x->location->timeouts.tunnel_ms);
	return STEP_AGAIN;
}

/* What was read ahead is gone, so the buffers that held it can go. */
static void slim_down(struct exchange *x)
{
	if (x->up.ahead_n == 0 && x->in.p != NULL) {
		buf_release(&x->in);
		x->in_used = 0;
		http_head_give(x->head);
		x->head = NULL;
		buf_release(&x->body);
	}
	if (x->down.ahead_n == 0)
		buf_release(&x->upstream->in);
}

/* True when the flow goes on. *ret_failed: its sockets are of no more use. */
static bool pump(struct flow *flow, struct exchange *x, bool *is_passed_on, bool *ret_failed)
{
	if (*is_passed_on)
		return false;
	switch (flow_pump(flow)) {
	case FLOW_END:
		*is_passed_on = true;
		sock_end(flow->to);
		return false;
	case FLOW_AGAIN:
		sock_step_again(&x->client->sock);
		return true;
	case FLOW_WAIT:
		return true;
	default:
		*ret_failed = true;
		return false;
	}
}

enum step exchange_tunnel(struct exchange *x)
{
	bool has_failed = false;
	x->up.has_moved = x->down.has_moved = false;
	bool goes_up = pump(&x->up, x, &x->is_closing_up, &has_failed);
	bool goes_down = pump(&x->down, x, &x->is_closing_down, &has_failed);
	if (x->down.has_moved)
		lb_backend_heard(x->seat->backend, clock_now_us);
	if (has_failed) {
		exchange_pick_done(x, LB_DONE_OK, "");
		return exchange_cut(x, CLOSE_TUNNEL_CLOSED);
	}
	if (!goes_up && !goes_down) {
		exchange_pick_done(x, LB_DONE_OK, "");
		upstream_close(x->upstream);
		x->upstream = NULL;
		return exchange_end(x, CLOSE_TUNNEL_CLOSED);
	}
	slim_down(x);
	if (x->up.has_moved || x->down.has_moved)
		exchange_wait(x, WAIT_TUNNEL, x->location->timeouts.tunnel_ms);
	return STEP_WAIT;
}
