/*
 * proxy/web_next.c - another server, or none: proxy_next_upstream and what goes with it.
 *
 *   what went wrong          is called          a request that was sent
 *   cannot connect, closed   error              POST, LOCK, PATCH: only with non_idempotent
 *   no answer in time        timeout            likewise
 *   not HTTP                 invalid_header     likewise
 *   500, 502 ... 404         http_500 ...       likewise
 */
#include "proxy/web_next.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/web_bad_head.h"
#include "proxy/web_log.h"

#include <errno.h>

/* Whatever proxy_buffer_size says: nobody has a longer head. */
#define HEAD_MOST (UINT64_C(1024) * 1024)

static const struct {
	uint16_t status;
	uint32_t cause;
	bool is_failure; /* counts against the server */
} causes[] = {
	{500, CONF_NEXT_HTTP_500, true},
	{502, CONF_NEXT_HTTP_502, true},
	{503, CONF_NEXT_HTTP_503, true},
	{504, CONF_NEXT_HTTP_504, true},
	{403, CONF_NEXT_HTTP_403, false},
	{404, CONF_NEXT_HTTP_404, false},
	{429, CONF_NEXT_HTTP_429, true},
};

static uint32_t cause_of(enum close_reason reason)
{
	switch (reason) {
	case CLOSE_CONNECT_TIMEOUT:
	case CLOSE_READ_TIMEOUT:
		return CONF_NEXT_TIMEOUT;
	case CLOSE_BAD_RESPONSE:
		return CONF_NEXT_INVALID_HEADER;
	default:
		return CONF_NEXT_ERROR;
	}
}

static bool is_repeatable(const struct exchange *x)
{
	static const struct slice methods[] = {{"POST", 4}, {"LOCK", 4}, {"PATCH", 5}};
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (slice_is(x->web->method, methods[i]))
			return false;
	return true;
}

/* Whether it may be tried elsewhere at all; `tries` are used up. */
static bool may_try(const struct exchange *x, uint32_t cause, bool was_sent)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	uint32_t tries = lb_pool_tries(x->pool);
	if (was_sent && !is_repeatable(x))
		cause |= CONF_NEXT_NON_IDEMPOTENT;
	if ((proxy->next_upstream & cause) != cause)
		return false;
	if (was_sent && !x->is_body_held)
		return false;
	if (proxy->next_upstream_tries != 0 && proxy->next_upstream_tries < tries)
		tries = proxy->next_upstream_tries;
	if (x->tries - x->spared >= tries)
		return false;
	uint64_t ms = proxy->next_upstream_timeout_ms;
	return ms == 0 || clock_now_us - x->web->proxied_us < ms * 1000;
}

bool web_may_try_next(const struct exchange *x, enum close_reason reason, bool was_sent)
{
	return may_try(x, cause_of(reason), was_sent);
}

bool web_may_repeat(const struct exchange *x, bool was_sent)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	uint32_t cause = CONF_NEXT_ERROR;
	if (was_sent && !is_repeatable(x))
		cause |= CONF_NEXT_NON_IDEMPOTENT;
	return (proxy->next_upstream & cause) == cause && (x->is_body_held || !was_sent);
}

bool web_next_by_status(struct exchange *x, uint16_t status, enum step *ret_step)
{
	for (size_t i = 0; i < COUNT_OF(causes); i++) {
		if (causes[i].status != status || !may_try(x, causes[i].cause, true))
			continue;
		*ret_step = exchange_try_next(x, causes[i].is_failure);
		return true;
	}
	return false;
}

enum step web_nobody(struct exchange *x)
{
	int status = 502;
	bool is_timeout = x->reason == CLOSE_CONNECT_TIMEOUT || x->reason == CLOSE_READ_TIMEOUT;
	if (x->tries == 0 || x->is_none_left) {
		exchange_try_nobody(x);
		web_log(x, LOG_ERROR, 0, "while connecting to upstream", "no live upstreams");
	}
	if (is_timeout && !x->is_none_left)
		status = 504;
	if (x->tries == 0)
		x->reason = CLOSE_NO_WORKER;
	return web_answer(x, status, false);
}

void web_tell_disabled(struct exchange *x)
{
	web_log(x, LOG_WARN, 0,
		x->is_up_begun ? "while reading response header from upstream"
			       : "while connecting to upstream",
		"upstream server temporarily disabled");
}

/* What happens to every server some day is no more than an error. */
static enum log_level level_of(int error)
{
	static const int usual[] = {
		ECONNREFUSED, EAGAIN, ECONNRESET, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH};
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		if (error == usual[i])
			return LOG_ERROR;
	return LOG_CRIT;
}

static void tell_connect(struct exchange *x, const char *action)
{
	int error = x->connect_error != 0 ? x->connect_error : ECONNREFUSED;
	if (x->upstream != NULL || x->seat == NULL)
		web_log(x, LOG_ERROR, error, action, "connect() failed");
	else
		web_log(x, level_of(error), error, action, "connect() to %s failed",
			x->seat->backend->addr_text);
}

uint32_t web_answer_head_most(const struct exchange *x)
{
	return (uint32_t)min_u64(x->web->loc->proxy.buffer_size, HEAD_MOST);
}

static void tell_bad_head(struct exchange *x, const char *action)
{
	char text[WEB_BAD_HEAD_ROOM] = "upstream sent invalid header";
	if (x->upstream != NULL && x->answer != NULL && x->answer->status != 0)
		web_bad_head_text(buf_slice(&x->upstream->in), web_answer_head_most(x),
			x->answer->line_start != 0, text);
	web_log(x, LOG_ERROR, 0, action, "%s", text);
}

void web_tell_failure(struct exchange *x, enum close_reason reason)
{
	bool is_connecting = x->state == EX_CONNECT;
	const char *action = is_connecting ? "while connecting to upstream"
					   : "while reading response header from upstream";
	if (is_connecting && x->upstream != NULL && !x->upstream->is_connecting)
		action = "while SSL handshaking to upstream";
	switch (reason) {
	case CLOSE_CONNECT_FAILED:
		tell_connect(x, action);
		break;
	case CLOSE_CONNECT_TIMEOUT:
	case CLOSE_READ_TIMEOUT:
		web_log(x, LOG_ERROR, 110, action, "upstream timed out");
		break;
	case CLOSE_UPSTREAM_LEFT:
		web_log(x, LOG_ERROR, 0, action, "upstream prematurely closed connection");
		break;
	case CLOSE_UPSTREAM_ERROR:
		web_log(x, LOG_ERROR, 104, action, "recv() failed");
		break;
	case CLOSE_BAD_RESPONSE:
		tell_bad_head(x, action);
		break;
	default:
		break;
	}
}

void web_tell_cut(struct exchange *x, enum close_reason reason)
{
	bool is_tunnel = x->state == EX_TUNNEL;
	const char *action = is_tunnel ? "while proxying upgraded connection"
				       : "while reading upstream";
	switch (reason) {
	case CLOSE_READ_TIMEOUT:
		web_log(x, LOG_ERROR, ETIMEDOUT, action, "upstream timed out");
		break;
	case CLOSE_TUNNEL_TIMEOUT:
		web_log(x, LOG_INFO, ETIMEDOUT, action, "upstream timed out");
		break;
	case CLOSE_SEND_TIMEOUT:
		web_log(x, LOG_INFO, ETIMEDOUT, is_tunnel ? action : "while sending to client",
			"client timed out");
		break;
	case CLOSE_UPSTREAM_LEFT:
		web_log(x, LOG_ERROR, 0, action, "upstream prematurely closed connection");
		break;
	case CLOSE_UPSTREAM_ERROR:
		web_log(x, LOG_ERROR, ECONNRESET, action, "recv() failed");
		break;
	case CLOSE_BAD_RESPONSE:
		web_log(x, LOG_ERROR, 0, action, "upstream sent invalid chunked response");
		break;
	default:
		break;
	}
}
