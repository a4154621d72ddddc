/*
 * proxy/entry.c - what the access log says about an exchange.
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "base/hash.h"
#include "proxy/access_log.h"
#include "proxy/access_web.h"
#include "proxy/guard.h"
#include "proxy/stats.h"
#include "proxy/tls.h"
#include "proxy/vars.h"

/* The client went before there was a status; nginx's word for it. */
#define STATUS_CLIENT_LEFT 499

static void fill_request(const struct exchange *x, struct access_entry *entry)
{
	if (x->entry != NULL) {
		entry->method = x->entry->method;
		entry->target = x->entry->target;
		entry->host = x->entry->host;
		entry->referer = x->entry->referer;
		entry->user_agent = x->entry->user_agent;
		entry->version = x->entry->version;
		if (entry->pool == NULL)
			entry->pool = x->entry->pool;
		return;
	}
	const struct http_head *head = x->head;
	if (head == NULL || x->p == NULL)
		return;
	/* A head that was refused may still have had a good first line. */
	if (head->method.n != 0 && head->target.n != 0) {
		entry->method = http_span_in(x->p, head->method);
		entry->target = http_span_in(x->p, head->target);
		entry->version = head->minor_version == 1 ? SLICE("HTTP/1.1") : SLICE("HTTP/1.0");
	}
	if (!x->has_head)
		return;
	entry->host = http_span_in(x->p, head->host);
	entry->referer = http_head_value(head, x->p, HF_REFERER);
	entry->user_agent = http_head_value(head, x->p, HF_USER_AGENT);
}

static bool keep(struct exchange *x, struct slice *slice)
{
	if (slice->p == NULL)
		return true;
	const char *copy = arena_copy(&x->arena, slice->p, slice->n);
	slice->p = copy;
	return copy != NULL;
}

bool exchange_keep_entry(struct exchange *x)
{
	if (x->web != NULL)
		return access_web_keep(x);
	struct access_entry *entry = arena_zero(&x->arena, sizeof(*entry));
	if (entry == NULL)
		return false;
	fill_request(x, entry);
	x->entry = entry;
	return keep(x, &entry->method) && keep(x, &entry->target) && keep(x, &entry->host) &&
	       keep(x, &entry->referer) && keep(x, &entry->user_agent);
}

static void count(const struct exchange *x, uint64_t in_bytes)
{
	proxy_stats.bytes_from_clients += in_bytes;
	proxy_stats.bytes_to_clients += x->down.sent;
	if (x->status != 0)
		proxy_stats.responses[x->status / 100 % 6]++;
	if (x->last_backend != NULL && x->status != 0 && !x->is_own_answer)
		x->last_backend->stats.responses[x->status / 100 % 6]++;
}

/* -- the workers that are asked -- */

/* nginx's language has all of them in its variables, those before an internal redirect, too. NULL:
 * no memory, and then one is missing there. */
static struct access_try *add_try(struct exchange *x)
{
	struct web_more *more = web_more(x);
	if (more == NULL)
		return NULL;
	if (more->try_count == more->try_room) {
		uint32_t room = more->try_room == 0 ? 2 : more->try_room * 2;
		struct access_try *tries = arena_take(&x->arena, room * sizeof(*tries));
		if (tries == NULL)
			return NULL;
		if (more->try_count != 0)
			memcpy(tries, more->tries, more->try_count * sizeof(*tries));
		more->tries = tries;
		more->try_room = room;
	}
	struct access_try *try = &more->tries[more->try_count++];
	*try = (struct access_try){.round = x->web->redirects, .is_aside = guard_is_asking(x)};
	return try;
}

static struct access_try *this_try(struct exchange *x)
{
	if (x->seat == NULL || x->tries == 0)
		return NULL;
	if (x->web == NULL)
		return x->tries <= EXCHANGE_TRIES_LOGGED ? &x->log[x->tries - 1] : NULL;
	struct web_more *more = x->web->log;
	return more != NULL && more->try_count != 0 ? &more->tries[more->try_count - 1] : NULL;
}

void exchange_try_began(struct exchange *x)
{
	struct backend *backend = x->seat->backend;
	if (x->tries < EXCHANGE_TRIES_LOGGED)
		x->log[x->tries] = (struct access_try){.worker = backend->id};
	x->tries++;
	struct access_try *try = x->web != NULL ? add_try(x) : NULL;
	if (try != NULL)
		try->addr = backend->addr_text;
}

void exchange_try_repeated(struct exchange *x)
{
	if (x->web == NULL)
		return;
	exchange_try_ended(x, LB_DONE_FAILED);
	x->picked_us = clock_now_us;
	struct access_try *try = add_try(x);
	if (try != NULL)
		try->addr = x->seat->backend->addr_text;
}

void exchange_try_nobody(struct exchange *x)
{
	struct access_try *try = x->web != NULL ? add_try(x) : NULL;
	if (try == NULL)
		return;
	try->addr = x->pool->conf->name;
	try->status = 502;
	try->is_ended = true;
}

void exchange_try_connected(struct exchange *x)
{
	struct access_try *try = this_try(x);
	if (try == NULL)
		return;
	try->has_connected = true;
	try->connect_us = clock_now_us - x->picked_us;
}

bool exchange_try_answered(struct exchange *x, const char *p)
{
	struct access_try *try = this_try(x);
	if (try != NULL) {
		try->has_head = true;
		try->head_us = clock_now_us - x->picked_us;
		try->status = x->answer->code;
		try->head_bytes = x->answer->bytes;
		try->received = buf_waiting(&x->upstream->in);
	}
	if (x->web == NULL || !x->generation->conf->web->users.uses_upstream_head)
		return true;
	struct web_more *more = web_more(x);
	return more != NULL && web_copy(x, p, x->answer->bytes, &more->upstream_head) == WEB_FOUND;
}

/* What nginx writes down for a worker that gave no answer. */
static uint16_t status_of_failure(const struct exchange *x, enum lb_result result)
{
	if (x->web == NULL || result == LB_DONE_CLIENT_LEFT)
		return 0;
	return x->reason == CLOSE_CONNECT_TIMEOUT || x->reason == CLOSE_READ_TIMEOUT ? 504 : 502;
}

void exchange_try_ended(struct exchange *x, enum lb_result result)
{
	struct access_try *try = this_try(x);
	if (try == NULL)
		return;
	try->is_ended = true;
	try->took_us = clock_now_us - x->picked_us;
	if (!try->has_head)
		try->status = status_of_failure(x, result);
	else if (!x->is_own_answer)
		try->length = x->down.payload;
	if (x->web == NULL && x->is_own_answer)
		try->status = 0;
	try->sent = x->up.sent;
	/* What was read along with the head counts even if nobody wants it. */
	if (try->received < try->head_bytes + try->length)
		try->received = try->head_bytes + try->length;
}

/* -- the line -- */

static struct slice new_request_id(char out[16])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t word = random_word();
	for (int i = 0; i < 16; i++, word >>= 4)
		out[i] = hex[word & 15];
	return (struct slice){out, 16};
}

void exchange_log(struct exchange *x, enum close_reason reason)
{
	char id[16];
	uint64_t in_bytes = (x->has_head && x->head != NULL ? x->head->bytes : 0) + x->up.payload;
	count(x, in_bytes);
	if (x->generation != NULL && x->generation->conf->web != NULL) {
		access_web_write(x, reason);
		return;
	}
	/* A connection that ended before it said anything is not a request. */
	if (!access_log_is_on() || (x->status == 0 && !x->has_head))
		return;
	struct access_entry entry = {
		.request_id = new_request_id(id),
		.wall_us = clock_wall_us(),
		.took_us = clock_now_us - x->began_us,
		.client = {x->client->ip, x->client->ip_n},
		.status = x->status != 0 ? x->status : STATUS_CLIENT_LEFT,
		.body_bytes = x->down.sent > x->head_bytes ? x->down.sent - x->head_bytes : 0,
		.bytes_in = in_bytes,
		.bytes_out = x->down.sent,
		.pool = x->pool != NULL ? x->pool->conf->name : NULL,
		.tries = x->log,
		.try_count = x->tries < EXCHANGE_TRIES_LOGGED ? x->tries : EXCHANGE_TRIES_LOGGED,
		.retries = x->tries > 1 ? x->tries - 1 : 0,
		.was_sticky = x->was_sticky,
		.reason = close_reason_name(reason),
	};
	if (x->client->is_tls && !x->client->is_plain_on_tls) {
		entry.tls_protocol = tls_protocol(&x->client->sock);
		entry.tls_cipher = tls_cipher(&x->client->sock);
	}
	fill_request(x, &entry);
	access_log_write(&entry);
}
