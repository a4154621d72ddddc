#include "proxy/web_log.h"

#include "conf/process.h"
#include "lb/pool.h"
#include "proxy/generation.h"
#include "proxy/guard.h"
#include "proxy/vars.h"
#include "proxy/web.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE 2048
#define OCTET_ROOM 4 /* the longest that one octet becomes */

struct line {
	char text[LINE];
	size_t n;
};

PRINTF_LIKE(2, 3)
static void put(struct line *line, const char *format, ...)
{
	va_list args;
	if (line->n >= sizeof(line->text) - 1)
		return;
	va_start(args, format);
	int n = vsnprintf(line->text + line->n, sizeof(line->text) - line->n, format, args);
	va_end(args);
	if (n > 0)
		line->n = min_size(line->n + (size_t)n, sizeof(line->text) - 1);
}

/* What a client sent: nothing in it may look like a line of ours. */
static void put_octets(struct line *line, struct slice octets)
{
	for (size_t i = 0; i < octets.n && line->n + OCTET_ROOM < sizeof(line->text); i++) {
		unsigned char c = (unsigned char)octets.p[i];
		if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
			put(line, "\\x%02X", c);
		else
			line->text[line->n++] = (char)c;
	}
	line->text[line->n] = '\0';
}

static void put_quoted(struct line *line, const char *name, struct slice value)
{
	put(line, ", %s: \"", name);
	put_octets(line, value);
	put(line, "\"");
}

/* The request line, as far as it has come. */
static void put_request(struct line *line, const struct exchange *x)
{
	struct slice request = x->head == NULL ? WEB_SLICE_NONE : web_request_line(x);
	if (request.p == NULL)
		return;
	put_quoted(line, "request", request);
	if (x->web != NULL && guard_is_asking(x))
		put_quoted(line, "subrequest", x->web->uri);
}

static const char *worker_of(const struct exchange *x)
{
	if (x->upstream != NULL)
		return x->upstream->backend->addr_text;
	if (x->seat != NULL)
		return x->seat->backend->addr_text;
	if (x->last_backend != NULL && !x->is_none_left)
		return x->last_backend->addr_text;
	return x->pool == NULL ? NULL : x->pool->conf->name;
}

static void put_upstream(struct line *line, const struct exchange *x)
{
	const char *worker = worker_of(x);
	bool is_https = x->web != NULL && x->web->is_proxied_https;
	/* While the body comes in no worker has to do with it. */
	if (worker == NULL || x->state == EX_HOLD)
		return;
	put(line, ", upstream: \"%s://%s%s", is_https ? "https" : "http", worker,
		strncmp(worker, "unix:", 5) == 0 ? ":" : "");
	if (x->target.n != 0)
		put_octets(line, x->target);
	else if (x->has_head && x->head != NULL)
		put_octets(line, http_span_in(x->p, x->head->target));
	put(line, "\"");
}

static void put_details(struct line *line, const struct exchange *x)
{
	const struct web_more *more = x->web != NULL ? x->web->log : NULL;
	/* Of a tunnel nothing else is left: what the request was lay in its buffer. */
	if (x->is_tunnel && x->head == NULL) {
		if (more != NULL && more->kept_details.n != 0)
			put(line, "%.*s", (int)more->kept_details.n, more->kept_details.p);
		else
			put(line, ", client: %s", x->client->ip);
		return;
	}
	put(line, ", client: %s", x->client->ip);
	if (x->web != NULL && x->web->srv != NULL)
		put(line, ", server: %.*s", (int)x->web->srv->first_name.n,
			x->web->srv->first_name.n == 0 ? "" : x->web->srv->first_name.p);
	put_request(line, x);
	put_upstream(line, x);
	if (x->p == NULL || x->head == NULL)
		return;
	struct slice host = http_head_value(x->head, x->p, HF_HOST);
	struct slice referrer = http_head_value(x->head, x->p, HF_REFERER);
	if (host.p != NULL)
		put_quoted(line, "host", host);
	if (referrer.p != NULL)
		put_quoted(line, "referrer", referrer);
}

static const struct conf_error_logs *logs_of(const struct exchange *x)
{
	return x->web == NULL || x->web->loc == NULL ? NULL : x->web->loc->error_logs;
}

bool web_logs(const struct exchange *x, enum log_level level)
{
	const struct conf_error_logs *logs = logs_of(x);
	return log_is_nginx() && log_has_target(logs == NULL ? NULL : logs->items,
					 logs == NULL ? 0 : logs->count, level);
}

void web_log(struct exchange *x, enum log_level level, int error, const char *action,
	const char *format, ...)
{
	const struct conf_error_logs *logs = logs_of(x);
	struct line line;
	va_list args;
	if (!web_logs(x, level))
		return;
	line.n = 0;
	va_start(args, format);
	int n = vsnprintf(line.text, sizeof(line.text), format, args);
	va_end(args);
	line.n = n < 0 ? 0 : min_size((size_t)n, sizeof(line.text) - 1);
	line.text[line.n] = '\0';
	if (error != 0)
		put(&line, " (%d: %s)", error, strerrordesc_np(error));
	if (action != NULL)
		put(&line, " %s", action);
	put_details(&line, x);
	log_nginx_to(logs == NULL ? NULL : logs->items, logs == NULL ? 0 : logs->count, level,
		"*%llu %s", (unsigned long long)x->client->number, line.text);
}

bool web_log_keep(struct exchange *x)
{
	struct line line = {.n = 0};
	if (!web_logs(x, LOG_INFO))
		return true;
	put_details(&line, x);
	struct web_more *more = web_more(x);
	return more != NULL && web_copy(x, line.text, line.n, &more->kept_details) == WEB_FOUND;
}

void web_log_late(const struct client *client)
{
	const struct site *site = site_of_client(client);
	const struct conf_error_logs *logs = site->default_server->srv->root->loc->error_logs;
	const struct log_target *items = logs == NULL ? NULL : logs->items;
	uint32_t count = logs == NULL ? 0 : logs->count;
	char address[ADDR_TEXT];
	if (!log_is_nginx() || !log_has_target(items, count, LOG_INFO))
		return;
	addr_format(&client->listener->addr, address);
	log_nginx_to(items, count, LOG_INFO,
		"*%llu client timed out (%d: %s) while waiting for request, client: %s, server: %s",
		(unsigned long long)client->number, ETIMEDOUT, strerrordesc_np(ETIMEDOUT),
		client->ip, address);
}
