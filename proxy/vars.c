/*
 * proxy/vars.c - who knows which variable.
 */
#include "proxy/vars.h"

#include "proxy/tls_var.h"

#include <stdarg.h>
#include <stdio.h>

static enum web_found (*const groups[CONF_VAR_COUNT])(
	struct exchange *x, const struct conf_part *part, struct slice *ret) = {
	[CONF_VAR_ARGS] = web_vars_request,
	[CONF_VAR_ARG_X] = web_vars_request,
	[CONF_VAR_CONTENT_LENGTH] = web_vars_request,
	[CONF_VAR_CONTENT_TYPE] = web_vars_request,
	[CONF_VAR_COOKIE_X] = web_vars_request,
	[CONF_VAR_DOCUMENT_ROOT] = web_vars_file,
	[CONF_VAR_DOCUMENT_URI] = web_vars_request,
	[CONF_VAR_HOST] = web_vars_request,
	[CONF_VAR_HTTP2] = web_vars_request,
	[CONF_VAR_HTTP_X] = web_vars_request,
	[CONF_VAR_INVALID_REFERER] = web_vars_request,
	[CONF_VAR_IS_ARGS] = web_vars_request,
	[CONF_VAR_QUERY_STRING] = web_vars_request,
	[CONF_VAR_REALPATH_ROOT] = web_vars_file,
	[CONF_VAR_REMOTE_USER] = web_vars_request,
	[CONF_VAR_REQUEST] = web_vars_request,
	[CONF_VAR_REQUEST_BODY] = web_vars_request,
	[CONF_VAR_REQUEST_BODY_FILE] = web_vars_request,
	[CONF_VAR_REQUEST_FILENAME] = web_vars_file,
	[CONF_VAR_REQUEST_ID] = web_vars_request,
	[CONF_VAR_REQUEST_LENGTH] = web_vars_request,
	[CONF_VAR_REQUEST_METHOD] = web_vars_request,
	[CONF_VAR_REQUEST_URI] = web_vars_request,
	[CONF_VAR_SERVER_NAME] = web_vars_request,
	[CONF_VAR_SERVER_PROTOCOL] = web_vars_request,
	[CONF_VAR_URI] = web_vars_request,

	[CONF_VAR_BINARY_REMOTE_ADDR] = web_vars_client,
	[CONF_VAR_CONNECTION] = web_vars_client,
	[CONF_VAR_CONNECTION_REQUESTS] = web_vars_client,
	[CONF_VAR_CONNECTION_TIME] = web_vars_client,
	[CONF_VAR_CONNECTIONS_ACTIVE] = web_vars_client,
	[CONF_VAR_CONNECTIONS_READING] = web_vars_client,
	[CONF_VAR_CONNECTIONS_WAITING] = web_vars_client,
	[CONF_VAR_CONNECTIONS_WRITING] = web_vars_client,
	[CONF_VAR_HOSTNAME] = web_vars_client,
	[CONF_VAR_HTTPS] = web_vars_client,
	[CONF_VAR_MSEC] = web_vars_client,
	[CONF_VAR_NGINX_VERSION] = web_vars_client,
	[CONF_VAR_PID] = web_vars_client,
	[CONF_VAR_PIPE] = web_vars_client,
	[CONF_VAR_PROXY_PROTOCOL_ADDR] = web_vars_client,
	[CONF_VAR_PROXY_PROTOCOL_PORT] = web_vars_client,
	[CONF_VAR_PROXY_PROTOCOL_SERVER_ADDR] = web_vars_client,
	[CONF_VAR_PROXY_PROTOCOL_SERVER_PORT] = web_vars_client,
	[CONF_VAR_PROXY_PROTOCOL_TLV_X] = web_vars_client,
	[CONF_VAR_REALIP_REMOTE_ADDR] = web_vars_client,
	[CONF_VAR_REALIP_REMOTE_PORT] = web_vars_client,
	[CONF_VAR_REMOTE_ADDR] = web_vars_client,
	[CONF_VAR_REMOTE_PORT] = web_vars_client,
	[CONF_VAR_SCHEME] = web_vars_client,
	[CONF_VAR_SERVER_ADDR] = web_vars_client,
	[CONF_VAR_SERVER_PORT] = web_vars_client,
	[CONF_VAR_TCPINFO_RCV_SPACE] = web_vars_client,
	[CONF_VAR_TCPINFO_RTT] = web_vars_client,
	[CONF_VAR_TCPINFO_RTTVAR] = web_vars_client,
	[CONF_VAR_TCPINFO_SND_CWND] = web_vars_client,
	[CONF_VAR_TIME_ISO8601] = web_vars_client,
	[CONF_VAR_TIME_LOCAL] = web_vars_client,

	[CONF_VAR_BODY_BYTES_SENT] = web_vars_answer,
	[CONF_VAR_BYTES_SENT] = web_vars_answer,
	[CONF_VAR_GZIP_RATIO] = web_vars_answer,
	[CONF_VAR_LIMIT_CONN_STATUS] = web_vars_answer,
	[CONF_VAR_LIMIT_RATE] = web_vars_answer,
	[CONF_VAR_LIMIT_REQ_STATUS] = web_vars_answer,
	[CONF_VAR_REQUEST_COMPLETION] = web_vars_answer,
	[CONF_VAR_REQUEST_TIME] = web_vars_answer,
	[CONF_VAR_SENT_HTTP_X] = web_vars_answer,
	[CONF_VAR_SENT_TRAILER_X] = web_vars_answer,
	[CONF_VAR_STATUS] = web_vars_answer,

	[CONF_VAR_PROXY_ADD_X_FORWARDED_FOR] = web_vars_upstream,
	[CONF_VAR_PROXY_HOST] = web_vars_upstream,
	[CONF_VAR_PROXY_PORT] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_ADDR] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_BYTES_RECEIVED] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_BYTES_SENT] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_CACHE_STATUS] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_CONNECT_TIME] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_COOKIE_X] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_HEADER_TIME] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_HTTP_X] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_RESPONSE_LENGTH] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_RESPONSE_TIME] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_STATUS] = web_vars_upstream,
	[CONF_VAR_UPSTREAM_TRAILER_X] = web_vars_upstream,
};

/* CONF_VAR_SSL_* as proxy/tls_var.h calls them. */
static const uint8_t tls_vars[CONF_VAR_COUNT] = {
	[CONF_VAR_SSL_ALPN_PROTOCOL] = TLS_VAR_ALPN_PROTOCOL,
	[CONF_VAR_SSL_CIPHER] = TLS_VAR_CIPHER,
	[CONF_VAR_SSL_CIPHERS] = TLS_VAR_CIPHERS,
	[CONF_VAR_SSL_CLIENT_CERT] = TLS_VAR_CLIENT_CERT,
	[CONF_VAR_SSL_CLIENT_ESCAPED_CERT] = TLS_VAR_CLIENT_ESCAPED_CERT,
	[CONF_VAR_SSL_CLIENT_FINGERPRINT] = TLS_VAR_CLIENT_FINGERPRINT,
	[CONF_VAR_SSL_CLIENT_I_DN] = TLS_VAR_CLIENT_I_DN,
	[CONF_VAR_SSL_CLIENT_I_DN_LEGACY] = TLS_VAR_CLIENT_I_DN_LEGACY,
	[CONF_VAR_SSL_CLIENT_RAW_CERT] = TLS_VAR_CLIENT_RAW_CERT,
	[CONF_VAR_SSL_CLIENT_S_DN] = TLS_VAR_CLIENT_S_DN,
	[CONF_VAR_SSL_CLIENT_S_DN_LEGACY] = TLS_VAR_CLIENT_S_DN_LEGACY,
	[CONF_VAR_SSL_CLIENT_SERIAL] = TLS_VAR_CLIENT_SERIAL,
	[CONF_VAR_SSL_CLIENT_V_END] = TLS_VAR_CLIENT_V_END,
	[CONF_VAR_SSL_CLIENT_V_REMAIN] = TLS_VAR_CLIENT_V_REMAIN,
	[CONF_VAR_SSL_CLIENT_V_START] = TLS_VAR_CLIENT_V_START,
	[CONF_VAR_SSL_CLIENT_VERIFY] = TLS_VAR_CLIENT_VERIFY,
	[CONF_VAR_SSL_CURVE] = TLS_VAR_CURVE,
	[CONF_VAR_SSL_CURVES] = TLS_VAR_CURVES,
	[CONF_VAR_SSL_EARLY_DATA] = TLS_VAR_EARLY_DATA,
	[CONF_VAR_SSL_PROTOCOL] = TLS_VAR_PROTOCOL,
	[CONF_VAR_SSL_SERVER_NAME] = TLS_VAR_SERVER_NAME,
	[CONF_VAR_SSL_SESSION_ID] = TLS_VAR_SESSION_ID,
	[CONF_VAR_SSL_SESSION_REUSED] = TLS_VAR_SESSION_REUSED,
};

enum web_found web_vars_tls(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	if (!x->client->is_tls || x->client->is_plain_on_tls)
		return WEB_MISSING;
	if (!tls_var(&x->client->sock, (enum tls_var)tls_vars[part->n], &x->arena, ret))
		return WEB_NO_MEMORY;
	return ret->p != NULL ? WEB_FOUND : WEB_MISSING;
}

enum web_found web_variable(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	*ret = SLICE("");
	return groups[part->n] != NULL ? groups[part->n](x, part, ret) : web_vars_tls(x, part, ret);
}

struct web_more *web_more(struct exchange *x)
{
	if (x->web->log == NULL)
		x->web->log = arena_zero(&x->arena, sizeof(struct web_more));
	return x->web->log;
}

/* "10k"; false: it is no size, and nginx then leaves the rate as it was. */
bool web_parse_size(struct slice text, uint64_t *ret)
{
	uint64_t scale = 1, n = 0;
	char last = '\0';
	if (text.n != 0)
		last = ascii_lower(text.p[text.n - 1]);
	if (last == 'k' || last == 'm') {
		scale = last == 'k' ? 1024 : 1024 * 1024;
		text.n--;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || n > INT64_MAX / 10 / scale - 10)
			return false;
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	*ret = n * scale;
	return text.n != 0;
}

bool web_set_variable(struct exchange *x, enum conf_var var, struct slice value)
{
	uint64_t rate;
	if (var == CONF_VAR_ARGS) {
		x->web->args = value;
		x->web->is_raw_valid = false;
	}
	if (var == CONF_VAR_LIMIT_RATE && web_parse_size(value, &rate)) {
		struct web_more *more = web_more(x);
		if (more == NULL)
			return false;
		more->limit_rate = rate;
		more->has_limit_rate = true;
	}
	return true;
}

/* -- for the groups -- */

enum web_found web_copy(struct exchange *x, const char *p, size_t n, struct slice *ret)
{
	char *copy = arena_copy(&x->arena, p, n);
	*ret = (struct slice){copy, copy == NULL ? 0 : n};
	return copy != NULL ? WEB_FOUND : WEB_NO_MEMORY;
}

/* Decimal, from `at` backwards, with zeros in front to `least` digits. The index of the first. */
static size_t put_digits(char *text, size_t at, uint64_t number, size_t least)
{
	size_t stop = at - least;
	while (number != 0 || at > stop) {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	}
	return at;
}

enum web_found web_number(struct exchange *x, uint64_t number, struct slice *ret)
{
	char text[20];
	size_t at = put_digits(text, sizeof(text), number, 1);
	return web_copy(x, text + at, sizeof(text) - at, ret);
}

enum web_found web_three_digits(struct exchange *x, uint16_t status, struct slice *ret)
{
	char text[5];
	size_t at = put_digits(text, sizeof(text), status, 3);
	return web_copy(x, text + at, sizeof(text) - at, ret);
}

enum web_found web_format(struct exchange *x, struct slice *ret, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return web_copy(x, text, n > 0 ? min_size((size_t)n, sizeof(text) - 1) : 0, ret);
}

enum web_found web_seconds(struct exchange *x, uint64_t ms, struct slice *ret)
{
	char text[24];
	size_t at = put_digits(text, sizeof(text), ms % 1000, 3);
	text[--at] = '.';
	at = put_digits(text, at, ms / 1000, 1);
	return web_copy(x, text + at, sizeof(text) - at, ret);
}
