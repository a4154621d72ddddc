/*
 * proxy/guard_ask.c - auth_request: another location says whether the client may in.
 *
 *   its status      what the client gets
 *   2xx             what it asked for
 *   401             401, with the other's WWW-Authenticate
 *   403             403
 *   anything else   500
 *
 * The question is a GET with the client's fields and without its body.
 */
#include "proxy/guard_parts.h"

#include "proxy/access_web.h"
#include "proxy/value.h"
#include "proxy/web_file.h"
#include "proxy/web_log.h"

/* What stands in the exchange and is of use again after the question. */
struct aside {
	struct web web;
	const struct conf_location *location;
	struct lb_pool *pool;
	struct tls_route route;
	struct lb_request lb;
	struct lb_keys keys;
	unsigned wishes;
	uint64_t hold_most;
	struct slice target;
	enum close_reason reason;
	bool keeps_client, has_unread_body;
	/* Of a body that is held already: an internal redirect led here. */
	struct buf body; /* owned */
	struct body_file *body_file;
	struct chunked chunked;
	bool is_holding, is_body_held, is_streaming, sends_continue;
};

struct guard_asked {
	struct aside aside;
	bool is_running;
	bool was_proxied; /* a worker was asked */
	int status;
	struct slice challenge; /* the other's WWW-Authenticate; p NULL: none */
	struct slice *values;   /* of auth_request_set, in its order */
};

bool guard_is_asking(const struct exchange *x)
{
	const struct guard *guard = x->web == NULL ? NULL : x->web->guard;
	return guard != NULL && guard->asked != NULL && guard->asked->is_running;
}

struct slice guard_own_method(const struct exchange *x)
{
	const struct guard *guard = x->web->guard;
	return guard_is_asking(x) ? guard->asked->aside.web.method : WEB_SLICE_NONE;
}

static void put_aside(struct exchange *x, struct aside *aside)
{
	*aside = (struct aside){
		.web = *x->web,
		.location = x->location,
		.pool = x->pool == NULL ? NULL : lb_pool_ref(x->pool),
		.route = x->route,
		.lb = x->lb,
		.keys = x->keys,
		.wishes = x->wishes,
		.hold_most = x->hold_most,
		.target = x->target,
		.reason = x->reason,
		.keeps_client = x->keeps_client,
		.has_unread_body = x->has_unread_body,
		.body = x->body,
		.body_file = x->body_file,
		.chunked = x->up.chunked,
		.is_holding = x->is_holding,
		.is_body_held = x->is_body_held,
		.is_streaming = x->is_streaming,
		.sends_continue = x->sends_continue,
	};
	x->body = (struct buf){0};
	x->body_file = NULL;
	x->is_body_held = x->is_streaming = x->sends_continue = false;
}

static void take_back(struct exchange *x, const struct aside *aside)
{
	exchange_drop_upstream(x);
	flow_finish(&x->up);
	http_head_give(x->answer);
	x->answer = NULL;
	deadline_clear(&x->deadline);
	/* What was found out about the request as a whole stays. */
	struct web now = *x->web;
	if (now.file != aside->web.file)
		web_file_close(x->web);
	*x->web = aside->web;
	x->web->log = now.log;
	x->web->real_ip = now.real_ip;
	x->web->real_port = now.real_port;
	x->location = aside->location;
	exchange_use_pool(x, aside->pool);
	lb_pool_unref(aside->pool);
	x->route = aside->route;
	x->lb = aside->lb;
	x->keys = aside->keys;
	x->wishes = aside->wishes;
	x->hold_most = aside->hold_most;
	x->target = aside->target;
	x->reason = aside->reason;
	x->keeps_client = aside->keeps_client;
	x->has_unread_body = aside->has_unread_body;
	buf_release(&x->body);
	x->body = aside->body;
	x->body_file = aside->body_file;
	x->up.chunked = aside->chunked;
	x->is_holding = aside->is_holding;
	x->is_body_held = aside->is_body_held;
	x->is_streaming = aside->is_streaming;
	x->sends_continue = aside->sends_continue;
	x->is_none_left = x->was_headed = false;
	x->is_up_begun = x->is_up_done = x->is_up_broken = false;
	x->is_own_answer = false;
	x->tried = NULL;
	x->tries = x->spared = 0;
	x->status = x->interims = 0;
	x->last_backend = NULL;
	x->picked_us = x->sent_us = x->first_byte_us = 0;
}

/* What its variables are worth now; they are set when all is as it was. False: no memory. */
static bool compute(struct exchange *x, struct guard_asked *asked)
{
	const struct conf_auth_request *auth = asked->aside.web.loc->auth_request;
	asked->values = arena_take(&x->arena, (auth->sets.count + 1) * sizeof(*asked->values));
	for (uint32_t i = 0; asked->values != NULL && i < auth->sets.count; i++)
		if (!web_value_kept(x, &auth->sets.items[i].value, &asked->values[i]))
			return false;
	return asked->values != NULL;
}

static bool set_variables(struct exchange *x, const struct guard_asked *asked)
{
	const struct conf_auth_request *auth = x->web->loc->auth_request;
	for (uint32_t i = 0; i < auth->sets.count; i++)
		if (!web_set(x, &auth->sets.items[i].variable, asked->values[i]))
			return false;
	return true;
}

static struct guard_asked *asked_of(const struct exchange *x)
{
	const struct guard *guard = x->web->guard;
	return guard->asked;
}

void guard_stop_asking(struct exchange *x)
{
	if (!guard_is_asking(x))
		return;
	asked_of(x)->is_running = false;
	take_back(x, &asked_of(x)->aside);
}

/* The answer is known. Back to where the question was asked, by way of ROUTE: whoever gave the
 * answer in GUARD must see that the state is another now, and do no more. */
static enum step answered(struct exchange *x, int status)
{
	struct guard_asked *asked = asked_of(x);
	asked->status = status;
	asked->was_proxied = x->tries != 0;
	access_web_write_aside(x, status);
	guard_stop_asking(x);
	/* Whatever the status says. */
	if (!set_variables(x, asked))
		return exchange_out_of_memory(x);
	if (x->state != EX_ROUTE)
		exchange_move(x, EX_ROUTE);
	return STEP_AGAIN;
}

enum step guard_take_status(struct exchange *x, int status)
{
	return compute(x, asked_of(x)) ? answered(x, status) : exchange_out_of_memory(x);
}

/* True: the body came along with the head or there is none, so the connection may be kept. */
static bool has_whole_body(const struct exchange *x, uint64_t *ret_bytes)
{
	const struct http_head *answer = x->answer;
	bool is_empty = answer->code == 204 || answer->code == 304;
	*ret_bytes = is_empty || !answer->has_length ? 0 : answer->content_length;
	if (answer->is_chunked || (!is_empty && !answer->has_length))
		return false;
	return buf_waiting(&x->upstream->in) == answer->bytes + *ret_bytes;
}

enum step guard_take_head(struct exchange *x, const char *p)
{
	struct guard_asked *asked = asked_of(x);
	int status = x->answer->code;
	uint64_t body;
	struct slice challenge = http_head_find(x->answer, p, "WWW-Authenticate");
	if (challenge.p != NULL) {
		const char *copy = arena_copy(&x->arena, challenge.p, challenge.n);
		if (copy == NULL)
			return exchange_out_of_memory(x);
		asked->challenge = (struct slice){copy, challenge.n};
	}
	x->status = (uint16_t)status;
	if (!compute(x, asked))
		return exchange_out_of_memory(x);
	bool is_whole = has_whole_body(x, &body);
	x->keeps_upstream = is_whole && x->is_up_done && !x->answer->wants_close;
	if (is_whole)
		buf_consume(&x->upstream->in, x->answer->bytes + (size_t)body);
	exchange_pick_done(x, LB_DONE_OK, "");
	exchange_give_upstream(x);
	return answered(x, status);
}

static int begin(struct exchange *x, struct guard *guard, struct slice uri)
{
	struct guard_asked *asked = arena_zero(&x->arena, sizeof(*asked));
	if (asked == NULL)
		return GUARD_NO_MEMORY;
	guard->asked = asked;
	put_aside(x, &asked->aside);
	asked->is_running = true;
	x->web->method = SLICE("GET");
	x->web->error_status = 0;
	x->web->is_error_page = false;
	return web_redirect(x, uri, WEB_SLICE_NONE) == STEP_GONE ? GUARD_GONE : GUARD_MOVED;
}

static int judge(struct exchange *x, struct guard *guard, const struct guard_asked *asked)
{
	if (asked->status == 403)
		return 403;
	if (asked->status == 401) {
		if (asked->challenge.p != NULL)
			guard->challenge = asked->challenge;
		return 401;
	}
	if (asked->status >= 200 && asked->status < 300)
		return GUARD_OK;
	/* nginx's words for what it was at when it heard. */
	web_log(x, LOG_ERROR, 0, asked->was_proxied ? "while sending to client" : NULL,
		"auth request unexpected status: %d", asked->status);
	return 500;
}

int guard_ask(struct exchange *x, struct guard *guard)
{
	const struct conf_auth_request *auth = x->web->loc->auth_request;
	if (auth == NULL || auth->uri.n == 0)
		return GUARD_DECLINED;
	if (guard->asked == NULL)
		return begin(x, guard, auth->uri);
	return judge(x, guard, guard->asked);
}
