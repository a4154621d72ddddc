/*
 * proxy/web_bad_request.c - requests whose head is refused, or does not come: there is no location
 * yet, and hardly a request to speak of.
 */
#include "proxy/web.h"

#include "http/host.h"
#include "proxy/site.h"
#include "proxy/web_log.h"
#include "proxy/web_tls.h"

#include <errno.h>

#define HEAD_MOST (UINT64_C(1) << 20) /* octets of a head, whatever the file says */
#define LINE_TOLD 1748                /* octets of a field that was too long (nginx) */

static const struct conf_server *first_server(struct exchange *x)
{
	const struct conf_server *server = x->client->is_tls ? web_tls_server(x) : NULL;
	return server != NULL ? server : x->site->default_server;
}

void web_begin_head(struct exchange *x)
{
	x->site = site_of_client(x->client);
	x->server = first_server(x);
	const struct conf_srv *srv = x->server->srv;
	uint64_t lines = (uint64_t)srv->large_buffers_count * srv->large_buffers_size;
	x->head_limits.first_bytes = (uint32_t)min_u64(srv->client_header_buffer_size, HEAD_MOST);
	x->head_limits.line_bytes = (uint32_t)min_u64(srv->large_buffers_size, HEAD_MOST);
	x->head_limits.lines = srv->large_buffers_count;
	x->head_limits.head_bytes = (uint32_t)min_u64(
		lines + srv->client_header_buffer_size, HEAD_MOST);
	x->head_limits.target_bytes = x->head_limits.head_bytes;
}

bool web_make_early(struct exchange *x)
{
	struct http_host host;
	const struct conf_web *conf = x->generation->conf->web;
	if (x->web != NULL)
		return true;
	x->web = arena_zero(&x->arena, sizeof(*x->web));
	if (x->web == NULL)
		return false;
	x->web->method = SLICE("GET");
	x->web->uri = SLICE("/");
	x->web->vars = arena_zero(&x->arena, (conf->users.count + 1) * sizeof(*x->web->vars));
	if (x->web->vars == NULL)
		return false;
	if (x->server == NULL)
		web_begin_head(x);
	x->web->srv = x->server->srv;
	web_set_location(x, x->server->srv->root);
	/* A field that has come already names its server. */
	if (x->head == NULL || x->p == NULL ||
		!http_host_parse(&host, http_span_in(x->p, x->head->host)))
		return true;
	x->server = site_find(x, host.name);
	x->web->srv = x->server->srv;
	web_set_location(x, x->server->srv->root);
	return true;
}

/* How much of a field may be told: of what is nobody's business its name. */
static size_t without_secret(struct slice line)
{
	const char *colon = memchr(line.p, ':', line.n);
	if (colon == NULL)
		return line.n;
	switch (http_field_find(line.p, (size_t)(colon - line.p))) {
	case HF_AUTHORIZATION:
	case HF_COOKIE:
	case HF_PROXY_AUTHORIZATION:
		return (size_t)(colon - line.p) + 1;
	default:
		return line.n;
	}
}

bool web_tell_bad_request(struct exchange *x)
{
	const struct http_head *head = x->head;
	if (!web_make_early(x))
		return false;
	if (head->status == 414)
		web_log(x, LOG_INFO, 0, "while reading client request line",
			"client sent too long URI");
	if (head->status != 431 || head->scanned < head->line_start)
		return true;
	size_t n = min_size(head->scanned - head->line_start, LINE_TOLD);
	char told[LINE_TOLD];
	memcpy(told, x->p + head->line_start, n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)told[i] < ' ' || told[i] == 0x7f)
			told[i] = '?';
	web_log(x, LOG_INFO, 0, "while reading client request headers",
		"client sent too long header line: \"%.*s...\"",
		(int)without_secret((struct slice){told, n}), told);
	return true;
}

bool web_may_show_page(struct exchange *x)
{
	struct http_head *head = x->head;
	if (head == NULL || x->p == NULL || head->status == 0 ||
		x->generation != x->client->listener->generation)
		return false;
	head->has_length = head->is_chunked = head->expects_continue = head->is_websocket = false;
	head->content_length = 0;
	head->wants_close = true;
	return true;
}

enum step web_head_late(struct exchange *x)
{
	if (!web_make_early(x))
		return exchange_out_of_memory(x);
	x->status = 408;
	web_log(x, LOG_INFO, ETIMEDOUT,
		x->head->version.n != 0 ? "while reading client request headers"
					: "while reading client request line",
		"client timed out");
	return exchange_cut(x, CLOSE_HEADER_TIMEOUT);
}
