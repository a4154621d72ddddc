/*
 * proxy/relay.c - the worker's answer: its head (still SEND), then RELAY until its body has gone to
 * the client.
 *
 *   head:  1xx -> passed on or swallowed, at most INTERIMS_MOST
 *          101 -> only for our own upgrade, or under an nginx.conf one that was passed on: TUNNEL
 *          else -> RELAY
 *   body:  what the worker's framing is    what the client gets
 *          none (HEAD, 204, 304)           none
 *          Content-Length                  the same
 *          chunked, or until close         chunked; until close for 1.0
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/ws_accept.h"
#include "proxy/discard.h"
#include "proxy/guard.h"
#include "proxy/heads.h"
#include "proxy/stats.h"
#include "proxy/web_gzip.h"
#include "proxy/web_log.h"
#include "proxy/web_next.h"
#include "proxy/web_proxy.h"

#include <errno.h>

#define INTERIMS_MOST 16

static const struct http_limits answer_limits = {
	.head_bytes = 65536, .target_bytes = 0, .fields = 200};

/* Under an nginx.conf a head may be as long as its buffer. */
static struct http_limits limits_of(const struct exchange *x)
{
	if (x->web == NULL)
		return answer_limits;
	return (struct http_limits){.head_bytes = web_answer_head_most(x),
		.fields = HTTP_FIELDS_MOST,
		.is_lenient = true};
}

/* The worker does not speak HTTP as it should. */
static enum step bad_answer(struct exchange *x, const char *why)
{
	log_warn("bad_response", "pool=%s worker=%s why=%s", LOG_QUOTE(x->pool->conf->name),
		LOG_QUOTE(x->seat->backend->id), LOG_QUOTE(why));
	if (x->web != NULL)
		return exchange_try_failed(x, CLOSE_BAD_RESPONSE);
	exchange_pick_done(x, LB_DONE_FAILED, why);
	x->reason = CLOSE_BAD_RESPONSE;
	return exchange_answer(x, 502, "the worker's answer is not valid HTTP", false);
}

static enum step no_answer(struct exchange *x, ssize_t got)
{
	if (x->web != NULL || (buf_waiting(&x->upstream->in) == 0 && x->interims == 0))
		return exchange_try_failed(
			x, got == 0 ? CLOSE_UPSTREAM_LEFT : CLOSE_UPSTREAM_ERROR);
	return bad_answer(x, "closed in the middle of its head");
}

static bool is_confirmed(const struct exchange *x, const char *p)
{
	char want[WS_ACCEPT_CHARS];
	if (!x->head->is_websocket || !x->answer->is_websocket || !x->is_up_done)
		return false;
	struct slice key = http_head_value(x->head, x->p, HF_SEC_WEBSOCKET_KEY);
	struct slice got = http_head_value(x->answer, p, HF_SEC_WEBSOCKET_ACCEPT);
	return key.p != NULL && got.p != NULL && ws_accept_for(key, want) &&
	       slice_is(got, (struct slice){want, sizeof(want)});
}

static enum step interim(struct exchange *x, const char *p)
{
	if (++x->interims > INTERIMS_MOST)
		return bad_answer(x, "too many 1xx answers");
	bool is_wanted = !guard_is_asking(x) && (x->answer->code != 100 || x->sends_continue);
	if (is_wanted && x->head->minor_version == 1 && !write_interim_head(x, p, &x->down.stash))
		return exchange_out_of_memory(x);
	buf_consume(&x->upstream->in, x->answer->bytes);
	http_head_init(x->answer, HTTP_RESPONSE);
	return STEP_AGAIN;
}

static enum flow_framing framing_of(const struct exchange *x)
{
	const struct http_head *answer = x->answer;
	if (slice_is(http_span_in(x->p, x->head->method), SLICE("HEAD")) || answer->code == 204 ||
		answer->code == 304)
		return FLOW_EMPTY;
	if (answer->is_chunked)
		return FLOW_CHUNKED;
	if (answer->has_length)
		return answer->content_length == 0 ? FLOW_EMPTY : FLOW_LENGTH;
	return FLOW_TO_CLOSE;
}

static enum flow_framing framing_for_client(const struct exchange *x, enum flow_framing in)
{
	if (in != FLOW_CHUNKED && in != FLOW_TO_CLOSE)
		return in;
	return x->head->minor_version == 1 ? FLOW_CHUNKED : FLOW_TO_CLOSE;
}

/* Keeps what waits in the stash (1xx heads), sets the rest for the body. */
static void aim_down(struct exchange *x, enum flow_framing in, enum flow_framing out)
{
	struct buf *ahead = &x->upstream->in;
	struct buf stash = x->down.stash;
	uint64_t sent = x->down.sent;
	flow_init(&x->down, &x->upstream->sock, &x->client->sock, in, out);
	x->down.stash = stash;
	x->down.sent = sent;
	x->down.left = x->answer->content_length;
	x->down.ahead = ahead->p + ahead->start;
	x->down.ahead_n = buf_waiting(ahead);
	if ((x->wishes & INSPECT_ANSWER) && x->answer->code == 200 && proxy_inspector() != NULL) {
		x->down.tap = &x->tap;
		x->down.tap_most = INSPECT_ANSWER_MOST;
	}
}

static bool write_head(struct exchange *x, const char *p, enum flow_framing *out)
{
	if (x->web == NULL)
		return write_response_head(x, p, *out, &x->down.stash);
	return web_put_head(x, out);
}

static enum step begin_relay(struct exchange *x, const char *p)
{
	enum flow_framing in = framing_of(x);
	enum flow_framing out = framing_for_client(x, in);
	enum step step;
	if (x->web != NULL) {
		if (!web_take_answer(x, p))
			return exchange_out_of_memory(x);
		if (web_refuses_range(x, &step))
			return step;
	}
	x->status = x->answer->code;
	x->keeps_upstream = !x->answer->wants_close && in != FLOW_TO_CLOSE;
	/* An answer that came before the whole request: what is left of the body may never come. */
	x->keeps_client = x->keeps_client && x->is_up_done && out != FLOW_TO_CLOSE &&
			  x->client->listener->accept != NULL;
	if (!write_head(x, p, &out))
		return exchange_out_of_memory(x);
	x->is_cut_visible = out == FLOW_TO_CLOSE;
	if (x->web == NULL)
		x->head_bytes = x->down.sent + buf_waiting(&x->down.stash);
	buf_consume(&x->upstream->in, x->answer->bytes);
	aim_down(x, in, in == FLOW_EMPTY && out != FLOW_CHUNKED ? in : out);
	if (x->web != NULL && !web_dress(x))
		return exchange_out_of_memory(x);
	/* Nothing may follow an answer without a body. */
	if (in == FLOW_EMPTY && x->down.ahead_n != 0) {
		x->down.has_surplus = true;
		x->down.ahead_n = 0;
	}
	http_head_give(x->answer);
	x->answer = NULL;
	exchange_move(x, EX_RELAY);
	return STEP_AGAIN;
}

static enum step take_head(struct exchange *x, const char *p)
{
	bool is_asking = guard_is_asking(x);
	if (x->answer->code == 101 && !is_asking) {
		if (!is_confirmed(x, p) && (x->web == NULL || !web_may_switch(x)))
			return bad_answer(x, "a 101 that nobody asked for");
		if (!exchange_try_answered(x, p))
			return exchange_out_of_memory(x);
		exchange_move(x, EX_RELAY);
		return exchange_tunnel_begin(x, p);
	}
	if (x->answer->code < 200 && x->answer->code != 101)
		return interim(x, p);
	if (!exchange_try_answered(x, p))
		return exchange_out_of_memory(x);
	enum step step;
	if (x->web != NULL)
		web_take_accel(x, p);
	if (x->web != NULL && x->answer->code >= 200 && web_divert(x, p, &step))
		return step;
	return is_asking ? guard_take_head(x, p) : begin_relay(x, p);
}

static void wait_for_answer(struct exchange *x)
{
	const struct conf_timeouts *timeouts = &x->location->timeouts;
	if (!x->is_up_done && !x->is_up_broken && !flow_waits_for_peer(&x->up))
		exchange_keep_waiting(x, WAIT_BODY, timeouts->body_ms, x->up.has_moved);
	else
		exchange_keep_waiting(x, WAIT_READ, timeouts->read_ms, x->up.has_moved);
	x->up.has_moved = false;
}

enum step exchange_read_answer(struct exchange *x)
{
	struct buf *in = &x->upstream->in;
	struct sock *sock = &x->upstream->sock;
	const struct http_limits limits = limits_of(x);
	if (x->answer == NULL) {
		x->answer = http_head_take();
		if (x->answer == NULL)
			return exchange_out_of_memory(x);
		http_head_init(x->answer, HTTP_RESPONSE);
	}
	while (x->state == EX_SEND) {
		const char *p = buf_first(in);
		enum http_verdict verdict = buf_waiting(in) == 0
						    ? HTTP_MORE
						    : http_head_feed(x->answer, p, buf_waiting(in),
							      &limits);
		if (verdict == HTTP_BAD)
			return bad_answer(x, x->answer->why);
		if (verdict == HTTP_DONE) {
			enum step step = take_head(x, p);
			if (step != STEP_AGAIN)
				return step;
			continue;
		}
		if (!flow_is_flushed(&x->down) && flow_pump(&x->down) == FLOW_TO_ERROR)
			return exchange_cut(x, CLOSE_CLIENT_LEFT);
		if (!sock->can_read) {
			wait_for_answer(x);
			return STEP_WAIT;
		}
		if (!buf_reserve(in, buf_waiting(in) == 0 ? 4096 : 1))
			return exchange_out_of_memory(x);
		ssize_t got = sock_read(sock, in->p + in->end, buf_room(in));
		if (got == -EAGAIN)
			continue;
		if (got <= 0)
			return no_answer(x, got);
		in->end += (uint32_t)got;
		x->first_byte_us = x->first_byte_us == 0 ? clock_now_us : x->first_byte_us;
		lb_backend_heard(x->seat->backend, clock_now_us);
	}
	return STEP_AGAIN;
}

static void tell_surplus(struct exchange *x)
{
	const char *text = "upstream sent more data than specified in \"Content-Length\" header";
	if (x->down.in == FLOW_CHUNKED)
		text = "upstream sent data after final chunk";
	web_log(x, LOG_WARN, 0, "while reading upstream", "%s", text);
}

/* All of the answer was taken from the worker, which may serve others from now on. */
static void take_leave(struct exchange *x)
{
	if (buf_waiting(&x->tap) != 0 && x->down.failed == FLOW_WAIT) {
		struct lb_keys learned = {0};
		proxy_inspector()->on_answer(buf_slice(&x->tap), &x->arena, &learned);
		for (int kind = 0; kind < CONF_KEY_COUNT; kind++)
			if (learned.value[kind].n != 0)
				lb_pool_learn(x->pool, x->seat, (enum conf_sticky_key)kind,
					learned.value[kind]);
	}
	if (x->down.has_surplus)
		tell_surplus(x);
	exchange_pick_done(x, LB_DONE_OK, "");
	if (!x->is_up_done || x->down.has_surplus)
		x->keeps_upstream = false;
	if (!x->is_up_done)
		x->keeps_client = false;
	exchange_give_upstream(x);
	x->down.from = NULL;
}

/* Everything is with the client. */
static enum step complete(struct exchange *x)
{
	if (x->upstream != NULL)
		take_leave(x);
	return exchange_end(x, CLOSE_DONE);
}

/* `reason`: what the worker did. */
static enum step cut_short(struct exchange *x, enum close_reason reason, const char *why)
{
	/* Out of a file: it is the file that broke. */
	if (x->seat == NULL)
		return exchange_cut(x, CLOSE_RESPONSE_CUT);
	web_tell_cut(x, reason);
	log_warn("response_cut", "pool=%s worker=%s why=%s octets=%llu",
		LOG_QUOTE(x->pool->conf->name), LOG_QUOTE(x->seat->backend->id), LOG_QUOTE(why),
		(unsigned long long)x->down.payload);
	exchange_pick_done(x, LB_DONE_FAILED, why);
	return exchange_cut(x, CLOSE_RESPONSE_CUT);
}

static void wait_for_more(struct exchange *x, const struct conf_timeouts *timeouts, bool was_taken)
{
	/* The client is not late while we hold it back. */
	if (x->down.is_delayed)
		deadline_clear(&x->deadline);
	else if (flow_waits_for_peer(&x->down))
		exchange_keep_waiting(x, WAIT_SEND, timeouts->send_ms, was_taken);
	else
		exchange_keep_waiting(
			x, WAIT_READ, timeouts->read_ms, x->down.has_moved || x->up.has_moved);
	/* With a slow client the worker is given back as soon as it has said everything. */
	if (x->down.spill != NULL && x->down.is_taken && x->upstream != NULL && x->is_up_done)
		take_leave(x);
}

static enum step down_step(struct exchange *x)
{
	const struct conf_timeouts *timeouts = x->location != NULL ? &x->location->timeouts
								   : &x->generation->conf->timeouts;
	uint64_t sent = x->down.sent;
	x->down.has_moved = false;
	enum flow_result result = flow_pump(&x->down);
	if (x->down.has_moved && x->seat != NULL)
		lb_backend_heard(x->seat->backend, clock_now_us);
	switch (result) {
	case FLOW_END:
		if (x->web != NULL && x->web->is_discarding)
			return discard_end(x);
		return x->is_own_answer ? exchange_end(x, x->reason) : complete(x);
	case FLOW_AGAIN:
		sock_step_again(&x->client->sock);
		exchange_wait(x, WAIT_SEND, timeouts->send_ms);
		return STEP_WAIT;
	case FLOW_WAIT:
		wait_for_more(x, timeouts,
			x->down.spill != NULL ? x->down.sent != sent : x->down.has_moved);
		return STEP_WAIT;
	case FLOW_CUT:
		return cut_short(x, CLOSE_UPSTREAM_LEFT, "closed in the middle of its answer");
	case FLOW_FROM_ERROR:
		return cut_short(x, CLOSE_UPSTREAM_ERROR, "reset in the middle of its answer");
	case FLOW_BAD_CHUNK:
		return cut_short(x, CLOSE_BAD_RESPONSE, "its chunked coding is broken");
	case FLOW_TO_ERROR:
		return exchange_cut(x, CLOSE_CLIENT_LEFT);
	case FLOW_TOO_LARGE:
	case FLOW_NO_MEMORY:
		break;
	}
	return exchange_out_of_memory(x);
}

enum step exchange_relay(struct exchange *x)
{
	if (x->upstream != NULL && !x->is_up_done && !x->is_up_broken) {
		enum step step = exchange_pump_up(x);
		if (step != STEP_AGAIN)
			return step;
	}
	if (x->web != NULL && x->web->is_discarding)
		discard_step(x);
	return down_step(x);
}
