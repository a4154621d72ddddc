/*
 * proxy/answer.c - answers of our own: refusals, failures, and locations that respond.
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "http/status.h"
#include "proxy/head_writer.h"
#include "proxy/stats.h"

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
	return n > 0 ? (size_t)n : 0;
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
	return bytes > 0 ? (size_t)bytes : 0;
}

static bool is_head_method(const struct exchange *x)
{
	return x->p != NULL && slice_is(http_span_in(x->p, x->head->method), SLICE("HEAD"));
}

/* A body that has come already is no reason to close. */
static void swallow_small_body(struct exchange *x)
{
	if (!x->has_unread_body || !x->has_head || x->head->is_chunked || x->is_holding)
		return;
	size_t here = buf_waiting(&x->in) - x->head->bytes;
	if (x->head->content_length > here)
		return;
	x->in_used = x->head->bytes + (size_t)x->head->content_length;
	x->has_unread_body = false;
}

static void put_head(
	struct exchange *x, struct head_writer *w, int status, const char *type, size_t body_bytes)
{
	head_put_text(w, "HTTP/1.1 ");
	head_put_number(w, (uint64_t)status);
	head_put_text(w, " ");
	head_put_slice(w, slice_of(http_status_reason(status)));
	head_put_text(w, "\r\nServer: comfymux\r\n");
	head_put_field(w, SLICE("Date"), slice_of(clock_http_date()));
	if (status != 204 && status != 304) {
		head_put_field(w, SLICE("Content-Type"), slice_of(type));
		head_put_text(w, "Content-Length: ");
		head_put_number(w, body_bytes);
		head_put_text(w, "\r\n");
	}
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

static enum step send_out(
	struct exchange *x, int status, const char *type, const char *body, size_t n)
{
	struct head_writer w = {.buf = &x->down.stash};
	exchange_drop_upstream(x);
	swallow_small_body(x);
	if (x->has_unread_body || x->client->listener->accept == NULL)
		x->keeps_client = false;
	x->is_own_answer = true;
	proxy_stats.own_answers[status / 100 % 6]++;
	x->status = (uint16_t)status;
	put_head(x, &w, status, type, n);
	x->head_bytes = x->down.sent + buf_waiting(&x->down.stash);
	if (!is_head_method(x) && status != 204 && status != 304)
		head_put(&w, body, n);
	if (w.is_bad)
		return exchange_out_of_memory(x);
	deadline_clear(&x->deadline);
	exchange_move(x, EX_RELAY);
	return STEP_AGAIN;
}

enum step exchange_answer(struct exchange *x, int status, const char *why, bool close)
{
	char body[BODY_ROOM];
	/* A head that was refused for what it means has its fields all the same. */
	bool is_json = x->p != NULL && http_wants_json(x->head, x->p);
	size_t n = is_json ? json_body(body, status, why) : html_body(body, status, why);
	if (close)
		x->keeps_client = false;
	return send_out(x, status, is_json ? "application/json" : "text/html", body, n);
}

enum step exchange_respond(struct exchange *x, const struct conf_respond *respond)
{
	return send_out(x, respond->status, respond->type, respond->body, respond->body_bytes);
}
