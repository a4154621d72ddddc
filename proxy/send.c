/*
 * proxy/send.c - PICK, CONNECT and SEND: getting the request to a worker, and to another when that
 * fails.
 *
 *   failed while                 another worker is asked
 *   connecting                   for any method
 *   sent, nothing of an answer   for methods that may be repeated, while the body is held
 *   a kept connection was dead   the same worker once more, on a fresh connection; in an `upstream`
 *                                of nginx's the worker has failed, but the try does not count
 *   an answer has begun          never
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/body_file.h"
#include "proxy/heads.h"
#include "proxy/stats.h"
#include "proxy/tls_line.h"
#include "proxy/web_balance.h"
#include "proxy/web_log.h"
#include "proxy/web_next.h"
#include "proxy/web_proxy.h"

#include <errno.h>

/* A kept connection is dropped after this part of timeouts.keepalive, so that it is us and not
 * the worker (ComfyUI: 75 s) who ends it. */
#define IDLE_PART(ms) ((ms) / 5 * 4)

static const char *const failure_texts[CLOSE_REASONS] = {
	[CLOSE_CONNECT_FAILED] = "connect failed",
	[CLOSE_CONNECT_TIMEOUT] = "connect timed out",
	[CLOSE_UPSTREAM_TLS] = "TLS failed",
	[CLOSE_UPSTREAM_LEFT] = "closed without an answer",
	[CLOSE_UPSTREAM_ERROR] = "connection reset",
	[CLOSE_READ_TIMEOUT] = "no answer in time",
	[CLOSE_BAD_RESPONSE] = "broken answer",
};

void exchange_pick_done(struct exchange *x, enum lb_result result, const char *why)
{
	if (x->seat == NULL)
		return;
	uint64_t took_us = clock_now_us - x->picked_us;
	struct lb_outcome outcome = {
		.result = result,
		.was_job = x->lb.is_job,
		.job_accepted = x->lb.is_job && x->status >= 200 && x->status < 300 &&
				!x->is_own_answer,
		.first_byte_us = x->first_byte_us > x->sent_us
					 ? (uint32_t)(x->first_byte_us - x->sent_us)
					 : 0,
		.header_us = x->headed_us,
		.took_us = (uint32_t)min_u64(took_us, UINT32_MAX),
		.was_tunnel = x->is_tunnel,
		.was_headed = x->was_headed,
		.was_silent = x->reason == CLOSE_CONNECT_TIMEOUT || x->reason == CLOSE_READ_TIMEOUT,
		.why = why,
	};
	struct backend *backend = x->seat->backend;
	if (x->is_tunnel)
		backend->tunnels--;
	backend->stats.bytes_to += x->up.sent;
	backend->stats.bytes_from += x->is_own_answer ? 0 : x->down.payload;
	exchange_try_ended(x, result);
	if (x->web != NULL)
		web_served(x, result);
	if (lb_pool_done(x->pool, x->seat, &outcome) && x->web != NULL)
		web_tell_disabled(x);
	x->seat = NULL;
	if (outcome.job_accepted && proxy_inspector() != NULL)
		proxy_inspector()->on_job(x->pool, backend);
}

/* Also the key of the `hash` strategy: the first configured one that is there. */
static void hash_key(struct exchange *x)
{
	const struct conf_sticky *sticky = &x->pool->conf->balancing.sticky;
	for (uint32_t i = 0; i < sticky->key_count && !x->lb.has_key; i++) {
		struct slice value = x->keys.value[sticky->keys[i]];
		if (value.n == 0)
			continue;
		x->lb.key_hash = lb_sticky_hash(sticky->keys[i], value);
		x->lb.has_key = true;
	}
}

static bool mark_tried(struct exchange *x, uint32_t index)
{
	if (x->tried == NULL) {
		size_t words = (x->pool->count + 63) / 64;
		x->tried = arena_zero(&x->arena, words * sizeof(uint64_t));
		if (x->tried == NULL)
			return false;
	}
	x->tried[index / 64] |= UINT64_C(1) << (index % 64);
	return true;
}

/* A reload took all the workers this was meant for, before any was asked: as if it had come a
 * moment later. */
static bool may_route_again(const struct exchange *x)
{
	return x->tries == 0 && x->generation != x->client->listener->generation;
}

static enum step nobody(struct exchange *x)
{
	if (may_route_again(x)) {
		exchange_move(x, EX_ROUTE);
		return STEP_AGAIN;
	}
	if (x->web != NULL)
		return web_nobody(x);
	if (x->tries == 0) {
		x->reason = CLOSE_NO_WORKER;
		return exchange_answer(x, 503, "no worker is available", false);
	}
	bool is_timeout = x->reason == CLOSE_CONNECT_TIMEOUT || x->reason == CLOSE_READ_TIMEOUT;
	return exchange_answer(x, is_timeout ? 504 : 502,
		is_timeout ? "the worker did not answer in time" : "the worker could not be asked",
		false);
}

static void tell_move(const struct exchange *x, const struct lb_pick *pick)
{
	if (!pick->was_moved)
		return;
	log_info("sticky_moved", "pool=%s from=%s to=%s", LOG_QUOTE(x->pool->conf->name),
		pick->moved_from == NULL ? "-" : LOG_QUOTE(pick->moved_from->id),
		LOG_QUOTE(pick->seat->backend->id));
}

static bool may_repeat(const struct exchange *x, bool was_sent)
{
	if (x->web != NULL)
		return web_may_repeat(x, was_sent);
	bool is_body_there = x->is_body_held || !x->is_up_begun;
	return is_body_there && (!was_sent || exchange_is_idempotent(x));
}

/* Descriptors, or ports to connect from, are out: our trouble and not the worker's. */
static enum step exhausted(struct exchange *x, int error)
{
	log_warn("descriptors_exhausted", "error=%s what=\"a request was refused\"",
		LOG_QUOTE(strerrordesc_np(-error)));
	exchange_pick_done(x, LB_DONE_CLIENT_LEFT, "");
	x->reason = CLOSE_CONNECT_FAILED;
	return exchange_answer(x, 503, "no connection to a worker can be made now", false);
}

/* An idle connection if there is a good one, else a new one. */
static enum step get_connection(struct exchange *x, bool fresh)
{
	struct backend *backend = x->seat->backend;
	/* A location of nginx's says it itself (web_tls_route). */
	if (x->web == NULL)
		x->route = tls_line_route(x->seat->secure);
	if (!fresh)
		x->upstream = upstream_take(backend, x, &x->route);
	if (x->upstream != NULL) {
		exchange_move(x, EX_SEND);
		return STEP_AGAIN;
	}
	int rc = upstream_connect(&x->upstream, backend, x, &x->route);
	if (rc == -EMFILE && upstreams_close_idle())
		rc = upstream_connect(&x->upstream, backend, x, &x->route);
	exchange_move(x, EX_CONNECT);
	if (rc == -ENOMEM)
		return exchange_out_of_memory(x);
	if (rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -EADDRNOTAVAIL)
		return exhausted(x, rc);
	x->connect_error = -rc;
	if (rc != 0)
		return exchange_try_failed(x, CLOSE_CONNECT_FAILED);
	exchange_wait(x, WAIT_CONNECT, x->location->timeouts.connect_ms);
	return STEP_AGAIN;
}

static void unpin(struct exchange *x)
{
	lb_backend_unref(x->pinned);
	x->pinned = NULL;
}

static struct lb_pick pick_one(struct exchange *x)
{
	if (x->pinned == NULL)
		return lb_pool_pick(x->pool, &x->lb, &x->keys, x->tried);
	struct lb_pick pick = {
		.seat = lb_pool_take(x->pool, x->pinned, &x->lb, x->is_learned ? &x->keys : NULL)};
	if (pick.seat != NULL || !x->is_preferred)
		return pick;
	unpin(x);
	return pick_one(x);
}

enum step exchange_pick(struct exchange *x)
{
	/* Its members may have changed since the request was routed. */
	if (x->tries == 0 && lb_pool_now(x->pool) != x->pool)
		exchange_use_pool(x, lb_pool_now(x->pool));
	if (x->tries == 0 && x->web == NULL)
		hash_key(x);
	if (x->tries == 0 && x->web != NULL && !web_begin_asking(x))
		return exchange_out_of_memory(x);
	struct lb_pick pick = pick_one(x);
	if (pick.seat == NULL && x->pinned != NULL) {
		x->reason = CLOSE_NO_WORKER;
		return exchange_answer(x, 502, "the worker is not there any more", false);
	}
	if (pick.seat == NULL) {
		x->is_none_left = true;
		return nobody(x);
	}
	tell_move(x, &pick);
	x->seat = pick.seat;
	x->last_backend = pick.seat->backend;
	x->was_sticky = pick.was_sticky;
	x->picked_us = clock_now_us;
	x->sent_us = x->first_byte_us = 0;
	x->was_headed = false;
	x->headed_us = 0;
	x->may_try_stale = true;
	exchange_try_began(x);
	if (x->web != NULL && !web_picked(x))
		return exchange_out_of_memory(x);
	return get_connection(x, false);
}

static enum step tls_failed(struct exchange *x, const char *why)
{
	if (x->web != NULL)
		web_log(x, LOG_ERROR, 0, "while SSL handshaking to upstream", "%s", why);
	else
		log_warn("upstream_tls_failed", "worker=%s why=%s", LOG_QUOTE(x->seat->backend->id),
			LOG_QUOTE(why));
	return exchange_try_failed(x, CLOSE_UPSTREAM_TLS);
}

enum step exchange_connect(struct exchange *x)
{
	struct err why;
	bool was_connecting = x->upstream->is_connecting;
	why.text[0] = '\0';
	int rc = upstream_connected(x->upstream, &why);
	if (rc == -EINPROGRESS) {
		/* TLS gets as long as connecting did (nginx). */
		if (was_connecting && !x->upstream->is_connecting)
			exchange_wait(x, WAIT_CONNECT, x->location->timeouts.connect_ms);
		return STEP_WAIT;
	}
	if (rc == -EPROTO)
		return tls_failed(x, why.text);
	x->connect_error = -rc;
	if (rc != 0)
		return exchange_try_failed(x, CLOSE_CONNECT_FAILED);
	exchange_move(x, EX_SEND);
	return STEP_AGAIN;
}

static void drop_connection(struct exchange *x)
{
	upstream_reset(x->upstream);
	x->upstream = NULL;
	flow_finish(&x->up);
	x->up.sent = 0;
	http_head_give(x->answer);
	x->answer = NULL;
	x->is_up_begun = x->is_up_done = x->is_up_broken = false;
}

void exchange_drop_upstream(struct exchange *x)
{
	if (x->upstream == NULL)
		return;
	exchange_pick_done(x, LB_DONE_CLIENT_LEFT, "");
	drop_connection(x);
}

/* Whether the pool lets it be tried elsewhere. */
static bool may_fail_over(const struct exchange *x)
{
	const struct conf_balancing *balancing = &x->pool->conf->balancing;
	return (x->pinned == NULL || x->is_preferred) && balancing->enable_failover &&
	       x->tries <= balancing->max_retries;
}

static enum step on_to_next(struct exchange *x, struct lb_seat *failed)
{
	if (!mark_tried(x, failed->index))
		return exchange_out_of_memory(x);
	unpin(x);
	failed->backend->stats.retries_away++;
	proxy_stats.retries++;
	return STEP_AGAIN;
}

enum step exchange_try_failed(struct exchange *x, enum close_reason reason)
{
	if (x->web != NULL)
		web_tell_failure(x, reason);
	bool was_sent = x->state == EX_SEND && x->up.sent != 0;
	bool was_stale = x->upstream != NULL && x->upstream->was_reused &&
			 (reason == CLOSE_UPSTREAM_LEFT || reason == CLOSE_UPSTREAM_ERROR);
	bool repeats = may_repeat(x, was_sent);
	struct lb_seat *seat = x->seat;
	x->reason = reason;
	exchange_move(x, EX_PICK);
	/* nginx asks somebody else, and that try does not count. */
	bool is_spared = was_stale && x->pool->peers != NULL;
	x->spared += is_spared;
	if (was_stale && !is_spared && repeats && x->may_try_stale) {
		x->may_try_stale = false;
		proxy_stats.stale_retries++;
		exchange_try_repeated(x);
		drop_connection(x);
		return get_connection(x, true);
	}
	bool may_go_on = x->web != NULL ? web_may_try_next(x, reason, was_sent)
					: repeats && may_fail_over(x);
	exchange_pick_done(x, LB_DONE_FAILED, failure_texts[reason]);
	drop_connection(x);
	proxy_stats.stale_retries += is_spared && may_go_on;
	log_warn("worker_failed", "pool=%s worker=%s why=%s tries=%u",
		LOG_QUOTE(x->pool->conf->name), LOG_QUOTE(seat->backend->id),
		close_reason_name(reason), x->tries);
	return may_go_on ? on_to_next(x, seat) : nobody(x);
}

enum step exchange_try_next(struct exchange *x, bool is_failure)
{
	struct lb_seat *seat = x->seat;
	exchange_move(x, EX_PICK);
	exchange_pick_done(x, is_failure ? LB_DONE_FAILED : LB_DONE_REFUSED, "refused");
	drop_connection(x);
	return on_to_next(x, seat);
}

static enum flow_framing request_framing(const struct exchange *x)
{
	if (x->is_body_held)
		return body_file_held(x) != 0 ? FLOW_LENGTH : FLOW_EMPTY;
	return x->head->is_chunked ? FLOW_CHUNKED : FLOW_LENGTH;
}

/* A chunked body whose beginning was decoded while it was held: that part becomes one chunk behind
 * the head. */
static bool put_decoded_part(struct exchange *x)
{
	char line[CHUNKED_SIZE_ROOM];
	size_t n = buf_waiting(&x->body);
	if (n == 0)
		return true;
	x->up.payload = n;
	return buf_append(&x->up.stash, line, chunked_write_size(line, n)) &&
	       buf_append(&x->up.stash, x->body.p + x->body.start, n) &&
	       buf_append(&x->up.stash, "\r\n", 2);
}

static bool begin_send(struct exchange *x)
{
	struct chunked chunked = x->up.chunked; /* hold.c may have begun to decode */
	enum flow_framing framing = request_framing(x);
	flow_init(&x->up, &x->client->sock, &x->upstream->sock, framing, framing);
	x->is_up_begun = true;
	x->up.surplus = &x->rest;
	if (x->is_body_held) {
		x->up.from = NULL;
		x->up.left = buf_waiting(&x->body);
		x->up.ahead = buf_first(&x->body);
		x->up.ahead_n = buf_waiting(&x->body);
		if (x->body_file != NULL &&
			!flow_set_file(&x->up, &(struct file_body){&x->body_file->part, 1}))
			return false;
	} else {
		size_t ahead = buf_waiting(&x->in) - x->in_used;
		if (framing == FLOW_LENGTH && buf_waiting(&x->body) != 0) {
			x->up.left = x->head->content_length;
			x->up.ahead = buf_first(&x->body);
			ahead = buf_waiting(&x->body);
		} else if (framing == FLOW_LENGTH) {
			x->up.left = x->head->content_length;
			ahead = (size_t)min_u64(buf_waiting(&x->in) - x->head->bytes, x->up.left);
			x->in_used = x->head->bytes + ahead;
			x->up.ahead = x->in.p + x->in.start + x->head->bytes;
		} else {
			x->up.chunked = chunked;
			x->up.most = x->location->limits.body_bytes;
			x->up.ahead = x->in.p + x->in.start + x->in_used;
			x->in_used += ahead;
		}
		x->up.ahead_n = ahead;
	}
	if (!write_request_head(x, &x->up.stash))
		return false;
	return framing != FLOW_CHUNKED || put_decoded_part(x);
}

static enum step refuse_body(
	struct exchange *x, int status, const char *why, enum close_reason reason)
{
	if (x->state == EX_RELAY)
		return exchange_cut(x, reason);
	x->reason = reason;
	return exchange_answer(x, status, why, true);
}

enum step exchange_pump_up(struct exchange *x)
{
	if (x->is_up_done)
		return STEP_AGAIN;
	x->up.has_moved = false;
	switch (flow_pump(&x->up)) {
	case FLOW_END:
		x->is_up_done = true;
		x->has_unread_body = false;
		x->sent_us = clock_now_us;
		return STEP_AGAIN;
	case FLOW_WAIT:
		return STEP_AGAIN;
	case FLOW_AGAIN:
		sock_step_again(&x->client->sock);
		return STEP_AGAIN;
	case FLOW_CUT:
		return exchange_cut(x, CLOSE_CLIENT_LEFT);
	case FLOW_FROM_ERROR:
		return exchange_cut(x, CLOSE_CLIENT_ERROR);
	case FLOW_TO_ERROR:
		/* It may have answered before it closed: reading will tell. */
		x->up.failed = FLOW_TO_ERROR;
		x->is_up_broken = true;
		x->upstream->sock.can_read = true;
		return STEP_AGAIN;
	case FLOW_BAD_CHUNK:
		return refuse_body(
			x, 400, "the chunked coding of the body is broken", CLOSE_BAD_REQUEST);
	case FLOW_TOO_LARGE:
		proxy_stats.limit_hits_body++;
		return refuse_body(
			x, 413, "the body is larger than limits.body_bytes", CLOSE_REFUSED);
	case FLOW_NO_MEMORY:
		break;
	}
	return exchange_out_of_memory(x);
}

enum step exchange_send(struct exchange *x)
{
	if (!x->is_up_begun) {
		/* A server that speaks before it is asked is not to be believed. */
		if (x->upstream->sock.can_read && sock_is_stale(&x->upstream->sock))
			return exchange_try_failed(x, CLOSE_UPSTREAM_ERROR);
		if (!begin_send(x))
			return exchange_out_of_memory(x);
	}
	if (!x->is_up_broken) {
		enum step step = exchange_pump_up(x);
		if (step != STEP_AGAIN || x->state != EX_SEND)
			return step;
	}
	return exchange_read_answer(x);
}

void exchange_give_upstream(struct exchange *x)
{
	struct upstream *upstream = x->upstream;
	x->upstream = NULL;
	if (upstream == NULL)
		return;
	if (!x->keeps_upstream || x->pool->conf->keepalive == 0) {
		upstream_close(upstream);
		return;
	}
	/* Octets may have come in the very read that ended the answer. */
	if (upstream->sock.peer_closed ||
		(upstream->sock.can_read && sock_is_stale(&upstream->sock))) {
		upstream_close(upstream);
		return;
	}
	upstream_give(
		upstream, x->pool->conf->keepalive, IDLE_PART(x->location->timeouts.keepalive_ms));
}
