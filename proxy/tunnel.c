/*
 * proxy/tunnel.c - after 101: octets both ways, each direction ending for itself.
 *
 *   client --up--> worker     FIN from one side is passed on once what came before it is sent
 *   client <-down- worker     a client that broke off is a RST for the worker; a worker that did,
 * the end of what it said
 *
 * An idle tunnel keeps its structs and gives everything else back.
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "proxy/heads.h"
#include "proxy/stats.h"
#include "proxy/web_log.h"
#include "proxy/web_proxy.h"

static bool write_head(struct exchange *x, const char *p)
{
	enum flow_framing framing;
	if (x->web == NULL)
		return write_response_head(x, p, FLOW_TO_CLOSE, &x->down.stash);
	return web_take_answer(x, p) && web_put_head(x, &framing) && web_log_keep(x);
}

enum step exchange_tunnel_begin(struct exchange *x, const char *p)
{
	struct buf *from_worker = &x->upstream->in;
	x->status = 101;
	x->is_tunnel = true;
	x->keeps_client = x->keeps_upstream = false;
	x->is_cut_visible = true;
	x->seat->backend->tunnels++;
	proxy_stats.tunnels++;
	if (!write_head(x, p) || !exchange_keep_entry(x))
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

/* How one direction goes. */
enum way { WAY_GOES, WAY_ENDED, WAY_CLIENT_BROKE, WAY_WORKER_BROKE };

static enum way pump(struct exchange *x, struct flow *flow, bool *is_passed_on)
{
	if (*is_passed_on)
		return WAY_ENDED;
	enum flow_result result = flow_pump(flow);
	switch (result) {
	case FLOW_END:
		*is_passed_on = true;
		sock_end(flow->to);
		return WAY_ENDED;
	case FLOW_AGAIN:
		sock_step_again(&x->client->sock);
		return WAY_GOES;
	case FLOW_WAIT:
		return WAY_GOES;
	default:
		break;
	}
	struct sock *broken = result == FLOW_TO_ERROR ? flow->to : flow->from;
	return broken == &x->client->sock ? WAY_CLIENT_BROKE : WAY_WORKER_BROKE;
}

/* Both directions, as far as they go now. */
static enum way pump_both(struct exchange *x)
{
	enum way down = pump(x, &x->down, &x->is_closing_down);
	enum way up = pump(x, &x->up, &x->is_closing_up);
	if (up == WAY_WORKER_BROKE) {
		/* It takes nothing more, but what it said last (a close frame, often) is still to
		 * be read. */
		x->is_closing_up = true;
		x->upstream->sock.can_read = true;
		up = WAY_ENDED;
		down = pump(x, &x->down, &x->is_closing_down);
	}
	if (up == WAY_CLIENT_BROKE || down == WAY_CLIENT_BROKE)
		return WAY_CLIENT_BROKE;
	if (down == WAY_WORKER_BROKE)
		return WAY_WORKER_BROKE;
	return up == WAY_ENDED && down == WAY_ENDED ? WAY_ENDED : WAY_GOES;
}

/* Under an nginx.conf a worker that takes nothing has proxy_send_timeout. */
static uint64_t tunnel_ms(const struct exchange *x)
{
	if (x->web != NULL && !flow_is_flushed(&x->up))
		return x->web->loc->proxy.send_timeout_ms;
	return x->location->timeouts.tunnel_ms;
}

/* A worker that cannot send stands still for all its clients (ComfyUI has one loop), so one that
 * takes nothing has timeouts.send and not timeouts.tunnel. */
static void wait_for_octets(struct exchange *x)
{
	const struct conf_timeouts *timeouts = &x->location->timeouts;
	if (!flow_is_flushed(&x->down))
		exchange_keep_waiting(x, WAIT_SEND, timeouts->send_ms, x->down.has_moved);
	else
		exchange_keep_waiting(
			x, WAIT_TUNNEL, tunnel_ms(x), x->up.has_moved || x->down.has_moved);
}

enum step exchange_tunnel(struct exchange *x)
{
	x->up.has_moved = x->down.has_moved = false;
	enum way way = pump_both(x);
	if (x->down.has_moved)
		lb_backend_heard(x->seat->backend, clock_now_us);
	switch (way) {
	case WAY_GOES:
		slim_down(x);
		wait_for_octets(x);
		return STEP_WAIT;
	case WAY_ENDED:
		exchange_pick_done(x, LB_DONE_OK, "");
		upstream_close(x->upstream);
		x->upstream = NULL;
		return exchange_end(x, CLOSE_TUNNEL_CLOSED);
	case WAY_CLIENT_BROKE:
	case WAY_WORKER_BROKE:
		break;
	}
	/* A RST for a RST, but not if it would take along octets that are still on their way. */
	x->is_cut_visible = sock_has_arrived(&x->client->sock);
	exchange_pick_done(x, LB_DONE_OK, "");
	return exchange_cut(x, CLOSE_TUNNEL_CLOSED);
}
