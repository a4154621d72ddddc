/*
 * proxy/answer.c - answers of our own: refusals, failures, and locations that respond.
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "http/status.h"
#include "proxy/discard.h"
#include "proxy/head_writer.h"
#include "proxy/stats.h"
#include "proxy/sticky_cookie.h"
#include "proxy/web.h"

#include <stdio.h>

#define BODY_ROOM 1024
#define RETRY_AFTER "5" /* seconds; a worker is probed each second while all are out */

/* `why` is one of our own texts, so it needs no escaping. */
static size_t html_body(char out[BODY_ROOM], int status, const char *why)
{
	const char *reason = http_status_reason(status);
	int n = snprintf(out, BODY_ROOM,
		"<!doctype html>\n<html><head><title>%d %s</title></head>\n<body><h1>%d "
		"%s</h1>\n<p>%s</p>\n"
		"<hr><address>comfymux</address></body></html>\n",
		status, reason, status, reason, why);
	return n > 0 ? min_size((size_t)n, BODY_ROOM - 1) : 0;
}

/* The shape of ComfyUI's own refusals, which its frontend shows to the user. */
static size_t json_body(char out[BODY_ROOM], int status, const char *why)
{
	char type[48];
	const char *reason = http_status_reason(status);
	size_t n = 0;
	for (; reason[n] != '\0' && n + 1 < sizeof(type); n++) {
		char c = reason[n];
		type[n] = ascii_lower(c);
		if (c == ' ' || c == '-')
			type[n] = '_';
	}
	type[n] = '\0';
	int bytes = snprintf(out, BODY_ROOM,
		"{\"error\": {\"type\": \"%s\", \"message\": \"%s\", \"details\": \"\", "
		"\"extra_info\": {}}, "
		"\"node_errors\": {}}\n",
		type, why);
	return bytes > 0 ? min_size((size_t)bytes, BODY_ROOM - 1) : 0;
}

static bool is_head_method(const struct exchange *x)
{
	return x->p != NULL && slice_is(http_span_in(x->p, x->head->method), SLICE("HEAD"));
}

/* A body that has come already is no reason to close. */
void exchange_swallow_body(struct exchange *x)
{
	if (!x->has_unread_body || !x->has_head || x->is_holding)
		return;
	if (x->web != NULL) {
		discard_begin(x);
		return;
	}
	if (x->head->is_chunked)
		return;
	size_t here = buf_waiting(&x->in) - x->head->bytes;
	if (x->head->content_length > here)
		return;
	x->in_used = x->head->bytes + (size_t)x->head->content_length;
	x->has_unread_body = false;
}

struct own_answer {
	int status;
	const char *type, *fields;
	struct slice body;
	struct blob *blob; /* borrowed: what `body` lies in; NULL: it is copied */
};

static void put_head(struct exchange *x, struct head_writer *w, const struct own_answer *answer)
{
	int status = answer->status;
	head_put_text(w, "HTTP/1.1 ");
	head_put_number(w, (uint64_t)status);
	head_put_text(w, " ");
	head_put_slice(w, slice_of(http_status_reason(status)));
	head_put_text(w, "\r\nServer: comfymux\r\n");
	head_put_field(w, SLICE("Date"), slice_of(clock_http_date()));
	if (status != 204 && status != 304) {
		if (answer->type[0] != '\0')
			head_put_field(w, SLICE("Content-Type"), slice_of(answer->type));
		head_put_text(w, "Content-Length: ");
		head_put_number(w, answer->body.n);
		head_put_text(w, "\r\n");
	}
	head_put_slice(w, slice_of(answer->fields));
	if (status == 503)
		head_put_text(w, "Retry-After: " RETRY_AFTER "\r\n");
	if (status == 405)
		head_put_text(w, "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n");
	if (!x->keeps_client)
		head_put_text(w, "Connection: close\r\n");
	else if (x->head->minor_version == 0)
		head_put_text(w, "Connection: keep-alive\r\n");
	head_put_text(w, "\r\n");
}

/* Its octets go out from where they lie. */
static void aim_at_blob(struct exchange *x, struct blob *blob)
{
	struct buf stash = x->down.stash;
	uint64_t sent = x->down.sent;
	flow_init(&x->down, NULL, &x->client->sock, FLOW_LENGTH, FLOW_LENGTH);
	x->down.stash = stash;
	x->down.sent = sent;
	x->down.left = blob->n;
	x->down.ahead = blob->p;
	x->down.ahead_n = blob->n;
	x->blob = blob_ref(blob);
}

static enum step send_out(struct exchange *x, const struct own_answer *answer)
{
	struct head_writer w = {.buf = &x->down.stash};
	int status = answer->status;
	exchange_tell_gone(x, x->reason);
	exchange_drop_upstream(x);
	exchange_swallow_body(x);
	if (x->has_unread_body || x->client->listener->accept == NULL)
		x->keeps_client = false;
	x->is_own_answer = true;
	proxy_stats.own_answers[status / 100 % 6]++;
	x->status = (uint16_t)status;
	put_head(x, &w, answer);
	x->head_bytes = x->down.sent + buf_waiting(&x->down.stash);
	bool has_body = !is_head_method(x) && status != 204 && status != 304 && answer->body.n != 0;
	if (has_body && answer->blob == NULL)
		head_put_slice(&w, answer->body);
	if (w.is_bad)
		return exchange_out_of_memory(x);
	if (has_body && answer->blob != NULL)
		aim_at_blob(x, answer->blob);
	deadline_clear(&x->deadline);
	exchange_move(x, EX_RELAY);
	return STEP_AGAIN;
}

/* Those whose requests a handler answers are programs, but for a browser that says so. */
static bool is_json_wanted(const struct exchange *x)
{
	/* A head that was refused for what it means has its fields all the same. */
	if (x->p == NULL)
		return false;
	struct slice accept = http_head_value(x->head, x->p, HF_ACCEPT);
	return http_wants_json(x->head, x->p) ||
	       (x->wish != HANDLER_PASS &&
		       (accept.n == 0 || memmem(accept.p, accept.n, "text/html", 9) == NULL));
}

enum step exchange_answer(struct exchange *x, int status, const char *why, bool close)
{
	char body[BODY_ROOM];
	if (x->generation != NULL && x->generation->conf->web != NULL)
		return web_answer(x, status, close);
	bool is_json = is_json_wanted(x);
	size_t n = is_json ? json_body(body, status, why) : html_body(body, status, why);
	if (close)
		x->keeps_client = false;
	return send_out(x, &(struct own_answer){.status = status,
				   .type = is_json ? "application/json" : "text/html",
				   .fields = "",
				   .body = {body, n}});
}

enum step exchange_give(
	struct exchange *x, int status, const char *type, const char *fields, struct blob *body)
{
	char cookie[STICKY_COOKIE_ROOM];
	size_t n = sticky_cookie_line(x, cookie);
	if (n != 0) {
		size_t more = strlen(fields);
		char *all = arena_take(&x->arena, n + more + 1);
		if (all == NULL)
			return exchange_out_of_memory(x);
		memcpy(all, cookie, n);
		memcpy(all + n, fields, more + 1);
		fields = all;
	}
	return send_out(x, &(struct own_answer){.status = status,
				   .type = type,
				   .fields = fields,
				   .body = body == NULL ? (struct slice){"", 0} : blob_slice(body),
				   .blob = body});
}

enum step exchange_respond(struct exchange *x, const struct conf_respond *respond)
{
	return send_out(x, &(struct own_answer){.status = respond->status,
				   .type = respond->type,
				   .fields = "",
				   .body = {respond->body, respond->body_bytes}});
}
