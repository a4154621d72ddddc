/*
 * proxy/web_head.c - the head of an answer as nginx writes it, whoever answers.
 *
 *   web->out --not modified?--> --add_header, expires--> --gzip?--> --a range?--> octets
 *
 * The order of lines is nginx's: Server, Date, Content-Type, Content-Length, Last-Modified,
 * Location, Transfer-Encoding, Connection, Keep-Alive, Vary, then the fields in the order they were
 * added.
 */
#include "proxy/web.h"

#include "base/clock.h"
#include "http/date.h"
#include "http/host.h"
#include "proxy/guard.h"
#include "proxy/head_writer.h"
#include "proxy/stats.h"
#include "proxy/sticky_cookie.h"
#include "proxy/tls.h"
#include "proxy/vars.h"
#include "proxy/web_balance.h"

#include <stdio.h>

#define SMALL_BODY 16384 /* octets that are copied behind a head */

static const struct {
	int status;
	const char *words;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Moved Temporarily"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Time-out"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Large"},
	{415, "Unsupported Media Type"},
	{416, "Requested Range Not Satisfiable"},
	{421, "Misdirected Request"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Temporarily Unavailable"},
	{504, "Gateway Time-out"},
	{505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

const char *web_reason(int status)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return "";
}

/* -- web->out -- */

void web_out_begin(struct exchange *x, int status)
{
	x->web->out = (struct web_out){.status = (uint16_t)status, .length = -1, .modified = -1};
}

bool web_out_add(struct exchange *x, struct slice name, struct slice value)
{
	struct web_out *out = &x->web->out;
	if (out->fields.count == out->fields.room) {
		uint32_t room = out->fields.room == 0 ? 16 : out->fields.room * 2;
		struct web_field *grown = arena_take(&x->arena, room * sizeof(*grown));
		if (grown == NULL)
			return false;
		if (out->fields.count != 0)
			memcpy(grown, out->fields.items, out->fields.count * sizeof(*grown));
		out->fields.items = grown;
		out->fields.room = room;
	}
	out->fields.items[out->fields.count++] = (struct web_field){name, value, false};
	return true;
}

static struct web_field *find(const struct exchange *x, struct slice name)
{
	const struct web_out *out = &x->web->out;
	for (uint32_t i = 0; i < out->fields.count; i++)
		if (!out->fields.items[i].is_gone &&
			slice_is_nocase(out->fields.items[i].name, name))
			return &out->fields.items[i];
	return NULL;
}

struct slice web_out_find(const struct exchange *x, struct slice name)
{
	const struct web_field *field = find(x, name);
	return field == NULL ? WEB_SLICE_NONE : field->value;
}

bool web_out_set(struct exchange *x, struct slice name, struct slice value)
{
	struct web_field *field = find(x, name);
	if (field == NULL)
		return web_out_add(x, name, value);
	web_out_remove(x, name);
	field->is_gone = false;
	field->value = value;
	return true;
}

void web_out_remove(struct exchange *x, struct slice name)
{
	for (struct web_field *field = find(x, name); field != NULL; field = find(x, name))
		field->is_gone = true;
}

struct slice web_type_of(const struct exchange *x, struct slice uri)
{
	const struct conf_loc *loc = x->web->loc;
	char lower[32];
	if (x->web->carried_type.n != 0)
		return x->web->carried_type;
	size_t dot = uri.n;
	while (dot > 0 && uri.p[dot - 1] != '.' && uri.p[dot - 1] != '/')
		dot--;
	size_t n = uri.n - dot;
	if (dot < 2 || uri.p[dot - 1] != '.' || n == 0 || n > sizeof(lower))
		return loc->default_type;
	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(uri.p[dot + i]);
	for (uint32_t i = 0; i < loc->types.count; i++)
		if (slice_is(loc->types.items[i].suffix, (struct slice){lower, n}))
			return loc->types.items[i].type;
	return loc->default_type;
}

/* -- Location -- */

static struct slice host_for_redirect(const struct exchange *x, char local[ADDR_TEXT])
{
	struct slice host = http_span_in(x->p, x->head->host);
	if (x->web->loc->server_name_in_redirect)
		return x->web->srv->first_name;
	if (host.n == 0) {
		struct addr addr = {.len = sizeof(addr.u)};
		if (getsockname(x->client->sock.fd, &addr.u.any, &addr.len) != 0)
			return SLICE("");
		return (struct slice){local, addr_format_ip(&addr, local)};
	}
	/* Without its port and its root dot. */
	struct http_host parts;
	return http_host_parse(&parts, host) ? parts.name : host;
}

struct slice web_absolute(struct exchange *x, struct slice location)
{
	char local[ADDR_TEXT];
	if (location.n == 0 || location.p[0] != '/' || !x->web->loc->absolute_redirect)
		return location;
	struct slice host = host_for_redirect(x, local);
	uint16_t port = addr_port(&x->client->listener->addr);
	bool is_tls = x->client->is_tls;
	bool has_port = x->web->loc->port_in_redirect && port != 0 && port != (is_tls ? 443 : 80);
	size_t room = host.n + location.n + 32;
	char *out = arena_take(&x->arena, room);
	if (out == NULL)
		return WEB_SLICE_NONE;
	int n = snprintf(out, room, "%s://", is_tls ? "https" : "http");
	for (size_t i = 0; i < host.n; i++)
		out[n++] = ascii_lower(host.p[i]);
	if (has_port)
		n += snprintf(out + n, room - (size_t)n, ":%u", port);
	memcpy(out + n, location.p, location.n);
	return (struct slice){out, (size_t)n + location.n};
}

/* -- the octets -- */

static void put_server(const struct exchange *x, struct head_writer *w)
{
	const struct web_out *out = &x->web->out;
	head_put_text(w, "\r\n");
	if (!out->has_server) {
		head_put_text(w, "Server: comfymux");
		if (x->web->loc->server_tokens != CONF_OFF)
			head_put_text(w, "/" COMFYMUX_VERSION);
		head_put_text(w, "\r\n");
	}
	if (!out->has_date)
		head_put_field(w, SLICE("Date"), slice_of(clock_http_date()));
}

static void put_type(const struct exchange *x, struct head_writer *w)
{
	const struct web_out *out = &x->web->out;
	if (out->type.n == 0)
		return;
	head_put_text(w, "Content-Type: ");
	head_put_line(w, out->type);
	if (out->charset.n != 0) {
		head_put_text(w, "; charset=");
		head_put_line(w, out->charset);
	}
	head_put_text(w, "\r\n");
}

static void put_connection(struct exchange *x, struct head_writer *w)
{
	const struct conf_loc *loc = x->web->loc;
	if (x->is_tunnel) {
		head_put_text(w, "Connection: upgrade\r\n");
		return;
	}
	if (!x->keeps_client) {
		head_put_text(w, "Connection: close\r\n");
		return;
	}
	head_put_text(w, "Connection: keep-alive\r\n");
	if (loc->keepalive_header_s != 0) {
		head_put_text(w, "Keep-Alive: timeout=");
		head_put_number(w, loc->keepalive_header_s);
		head_put_text(w, "\r\n");
	}
}

static void put_fields(const struct exchange *x, struct head_writer *w)
{
	const struct web_out *out = &x->web->out;
	for (uint32_t i = 0; i < out->fields.count; i++)
		if (!out->fields.items[i].is_gone)
			head_put_safe_field(
				w, out->fields.items[i].name, out->fields.items[i].value);
}

static void put_all(struct exchange *x, struct head_writer *w, enum flow_framing framing)
{
	const struct web_out *out = &x->web->out;
	if (x->head->is_headless)
		return;
	head_put_text(w, "HTTP/1.1 ");
	if (out->reason.n != 0) {
		head_put_line(w, out->reason);
	} else {
		head_put_number(w, out->status);
		head_put_text(w, " ");
		head_put_slice(w, slice_of(web_reason(out->status)));
	}
	put_server(x, w);
	put_type(x, w);
	if (out->length >= 0 && framing != FLOW_CHUNKED && out->status != 204) {
		head_put_text(w, "Content-Length: ");
		head_put_number(w, (uint64_t)out->length);
		head_put_text(w, "\r\n");
	}
	/* Of a file that stands in for something else nobody asks whether it has changed. */
	if (out->modified >= 0 && web_out_find(x, SLICE("Last-Modified")).p == NULL &&
		(out->status == 200 || out->status == 206 || out->status == 304)) {
		char date[HTTP_DATE_ROOM];
		http_date_format(out->modified, date);
		head_put_field(w, SLICE("Last-Modified"), slice_of(date));
	}
	if (out->location.n != 0)
		head_put_safe_field(w, SLICE("Location"), out->location);
	if (framing == FLOW_CHUNKED)
		head_put_text(w, "Transfer-Encoding: chunked\r\n");
	put_connection(x, w);
	if (out->has_vary)
		head_put_text(w, "Vary: Accept-Encoding\r\n");
	put_fields(x, w);
	head_put_text(w, "\r\n");
}

/* What ends the connection whatever the client wants. */
static void judge_keepalive(struct exchange *x)
{
	if (!web_may_keep(x))
		x->keeps_client = false;
}

/* Where a redirect led to that a page stands in for. */
static bool take_kept_location(struct exchange *x)
{
	const struct web *web = x->web;
	struct slice kept = web->kept_location;
	if (kept.n == 0 || web->out.location.n != 0 || web_out_find(x, SLICE("Location")).p != NULL)
		return true;
	if (kept.p[0] != '/' || !web->loc->absolute_redirect)
		return web_out_add(x, SLICE("Location"), kept);
	x->web->out.location = kept;
	return true;
}

/* What was said before this answer began stands in front of its own fields. */
static bool take_carried(struct exchange *x)
{
	const struct web *web = x->web;
	struct web_out *out = &x->web->out;
	const struct web_field *own = out->fields.items;
	uint32_t own_count = out->fields.count;
	struct slice challenge = guard_challenge(x);
	if (web->carried_count == 0 && challenge.p == NULL)
		return take_kept_location(x);
	out->fields.items = NULL;
	out->fields.count = out->fields.room = 0;
	for (uint32_t i = 0; i < web->carried_count; i++)
		if (!web_out_add(x, web->carried[i].name, web->carried[i].value))
			return false;
	/* Also with another location's page, and whatever its status is. */
	if (challenge.p != NULL && !web_out_add(x, SLICE("WWW-Authenticate"), challenge))
		return false;
	for (uint32_t i = 0; i < own_count; i++)
		if (!own[i].is_gone && !web_out_add(x, own[i].name, own[i].value))
			return false;
	return take_kept_location(x);
}

/* In chunks what has no length, or what fields follow. */
static enum flow_framing choose_framing(struct exchange *x)
{
	struct web_out *out = &x->web->out;
	bool may_chunk = x->head->minor_version == 1 && x->web->loc->chunked_transfer_encoding;
	if (out->has_no_body || x->is_tunnel)
		return FLOW_LENGTH;
	if (may_chunk && (out->length < 0 || web_expects_trailers(x))) {
		out->length = -1;
		return FLOW_CHUNKED;
	}
	if (out->length >= 0)
		return FLOW_LENGTH;
	x->keeps_client = false;
	return FLOW_TO_CLOSE;
}

bool web_put_head(struct exchange *x, enum flow_framing *ret_framing)
{
	struct web_out *out = &x->web->out;
	struct head_writer w = {.buf = &x->down.stash};
	if (x->web->error_status != 0) {
		out->status = x->web->error_status;
		out->reason = WEB_SLICE_NONE;
	}
	if (!take_carried(x) || !web_put_cookie(x))
		return false;
	if (!x->is_tunnel && !web_not_modified(x))
		return false;
	if (!web_add_headers(x) ||
		(!x->is_tunnel && (!web_charset(x) || !web_gzip(x) || !web_ranges(x))))
		return false;
	/* A worker's words stand with all that it said of its body. */
	if ((out->status == 304 || out->status == 204) && out->reason.n == 0) {
		out->type = WEB_SLICE_NONE;
		out->length = -1;
	}
	out->has_no_body = slice_is(http_span_in(x->p, x->head->method), SLICE("HEAD")) ||
			   out->status == 204 || out->status == 304;
	if (out->location.n != 0) {
		out->location = web_absolute(x, out->location);
		if (out->location.p == NULL)
			return false;
	}
	judge_keepalive(x);
	*ret_framing = choose_framing(x);
	put_all(x, &w, *ret_framing);
	x->status = out->status;
	x->head_bytes = x->down.sent + buf_waiting(&x->down.stash);
	/* nginx does not count a 100 as part of the head. */
	if (x->sent_continue)
		x->head_bytes -= sizeof(EXCHANGE_CONTINUE) - 1;
	return !w.is_bad && web_keep_out(x);
}

/* Behind the head. What is no more than octets goes with it, the rest through the flow. */
static bool put_body(struct exchange *x, struct slice body, enum flow_framing framing)
{
	bool is_plain = framing == FLOW_LENGTH && x->web->filter == NULL;
	if (is_plain && body.n <= SMALL_BODY)
		return body.n == 0 || buf_append(&x->down.stash, body.p, body.n);
	struct buf stash = x->down.stash;
	uint64_t sent = x->down.sent;
	x->blob = blob_copy(body.p, body.n);
	if (x->blob == NULL)
		return false;
	flow_init(
		&x->down, NULL, &x->client->sock, body.n == 0 ? FLOW_EMPTY : FLOW_LENGTH, framing);
	x->down.stash = stash;
	x->down.sent = sent;
	x->down.left = body.n;
	x->down.ahead = x->blob->p;
	x->down.ahead_n = body.n;
	return web_dress(x);
}

enum step web_send(struct exchange *x, struct slice body)
{
	enum flow_framing framing;
	struct web_out *out = &x->web->out;
	if (guard_is_asking(x))
		return guard_take_status(
			x, x->web->error_status != 0 ? x->web->error_status : out->status);
	exchange_tell_gone(x, x->reason);
	exchange_drop_upstream(x);
	exchange_swallow_body(x);
	if (x->has_unread_body)
		x->keeps_client = false;
	x->is_own_answer = true;
	if (!web_put_head(x, &framing))
		return exchange_out_of_memory(x);
	proxy_stats.own_answers[out->status / 100 % 6]++;
	if (!out->has_no_body && !put_body(x, body, framing))
		return exchange_out_of_memory(x);
	deadline_clear(&x->deadline);
	exchange_move(x, EX_RELAY);
	return STEP_AGAIN;
}
