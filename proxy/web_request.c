/*
 * proxy/web_request.c - a request's head for a worker.
 *
 *   METHOD target HTTP/1.0
 *   what proxy_set_header says, in its order; what it does not name of Host, Connection, and the
 *     body's framing
 *   the client's fields, in theirs, but those named above and those of one connection only
 */
#include "proxy/web_proxy.h"

#include "proxy/guard.h"
#include "proxy/head_writer.h"
#include "proxy/value.h"
#include "proxy/vars.h"

static bool is_set(const struct conf_proxy *proxy, struct slice name)
{
	for (uint32_t i = 0; i < proxy->set_header.count; i++)
		if (slice_is_nocase(proxy->set_header.items[i].name, name))
			return true;
	return false;
}

/* nginx's own list: of these the client's goes no further. */
static bool is_default(enum http_field_id id)
{
	switch (id) {
	case HF_HOST:
	case HF_CONNECTION:
	case HF_CONTENT_LENGTH:
	case HF_TRANSFER_ENCODING:
	case HF_TE:
	case HF_KEEP_ALIVE:
	case HF_EXPECT:
	case HF_UPGRADE:
		return true;
	default:
		return false;
	}
}

/* The upgrade goes on by itself where the location says nothing of it (comfymux_websocket). */
static bool passes_websocket(const struct exchange *x)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	return x->head->is_websocket && proxy->websocket && !proxy->sets_upgrade &&
	       !guard_is_asking(x);
}

static bool put_set_headers(struct exchange *x, struct head_writer *w)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	for (uint32_t i = 0; i < proxy->set_header.count; i++) {
		const struct conf_set_header *header = &proxy->set_header.items[i];
		struct slice value;
		if (!web_value(x, &header->value, &value))
			return false;
		if (value.n != 0)
			head_put_safe_field(w, header->name, value);
	}
	return true;
}

static void put_defaults(struct exchange *x, struct head_writer *w)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	if (!is_set(proxy, SLICE("Host")))
		head_put_safe_field(w, SLICE("Host"), x->web->proxied_host);
	if (passes_websocket(x))
		head_put_text(w, "Connection: upgrade\r\n");
	else if (!is_set(proxy, SLICE("Connection")))
		head_put_text(w, "Connection: close\r\n");
	if (x->up.out == FLOW_CHUNKED) {
		head_put_text(w, "Transfer-Encoding: chunked\r\n");
	} else if (!is_set(proxy, SLICE("Content-Length")) &&
		   (x->up.out == FLOW_LENGTH || x->head->has_length || x->head->is_chunked)) {
		head_put_text(w, "Content-Length: ");
		head_put_number(w, x->up.out == FLOW_LENGTH ? x->up.left : 0);
		head_put_text(w, "\r\n");
	}
	if (passes_websocket(x))
		head_put_text(w, "Upgrade: websocket\r\n");
}

static void put_client_fields(struct exchange *x, struct head_writer *w)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	for (uint16_t i = 0; i < x->head->count; i++) {
		const struct http_field *field = &x->head->field[i];
		struct slice name = http_span_in(x->p, field->name);
		if (is_default((enum http_field_id)field->id) || is_set(proxy, name))
			continue;
		if (field->is_odd && !web_is_field_seen(x, name))
			continue;
		head_put_safe_field(w, name, http_span_in(x->p, field->value));
	}
}

bool web_write_request(struct exchange *x, struct buf *out)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct head_writer w = {.buf = out};
	struct slice method = x->web->method;
	if (proxy->method.count != 0 && !web_value(x, &proxy->method, &method))
		return false;
	head_put_line(&w, method);
	head_put_text(&w, " ");
	head_put_line(&w, x->target);
	if (proxy->http_version == 11 || passes_websocket(x))
		head_put_text(&w, " HTTP/1.1\r\n");
	else
		head_put_text(&w, " HTTP/1.0\r\n");
	if (!put_set_headers(x, &w))
		return false;
	put_defaults(x, &w);
	if (proxy->pass_request_headers)
		put_client_fields(x, &w);
	head_put_text(&w, "\r\n");
	return !w.is_bad;
}
