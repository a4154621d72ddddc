/*
 * proxy/vars_request.c - what the client asked, and where that leads.
 */
#include "proxy/vars.h"

#include "base/hash.h"
#include "http/basic.h"
#include "http/host.h"
#include "proxy/body_file.h"
#include "proxy/generation.h"
#include "proxy/guard.h"

/* -- fields -- */

/* nginx leaves out what is not of letters, digits and '-' (ignore_invalid_headers), and '_' where
 * it is not wanted. */
bool web_is_field_seen(const struct exchange *x, struct slice name)
{
	const struct conf_srv *srv = x->web->srv;
	if (srv == NULL || !srv->ignore_invalid_headers)
		return true;
	for (size_t i = 0; i < name.n; i++) {
		char c = ascii_lower(name.p[i]);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
			continue;
		if (c != '_' || !srv->underscores_in_headers)
			return false;
	}
	return true;
}

bool web_is_field_named(struct slice field, struct slice variable)
{
	if (field.n != variable.n)
		return false;
	for (size_t i = 0; i < field.n; i++) {
		char c = ascii_lower(field.p[i]);
		if ((c == '-' ? '_' : c) != variable.p[i])
			return false;
	}
	return true;
}

/* The index of the next field of that name from `from` on; head->count: none. */
static uint16_t next_field(const struct exchange *x, struct slice name, uint16_t from)
{
	const struct http_head *head = x->head;
	uint16_t i = from;
	for (; i < head->count; i++) {
		struct slice field = http_span_in(x->p, head->field[i].name);
		if (web_is_field_named(field, name) &&
			(!head->field[i].is_odd || web_is_field_seen(x, field)))
			break;
	}
	return i;
}

struct slice web_request_field(const struct exchange *x, struct slice name)
{
	if (x->head == NULL || x->p == NULL)
		return WEB_SLICE_NONE;
	uint16_t i = next_field(x, name, 0);
	return i < x->head->count ? http_span_in(x->p, x->head->field[i].value) : WEB_SLICE_NONE;
}

enum web_found web_request_fields(
	struct exchange *x, struct slice name, struct slice between, struct slice *ret)
{
	struct slice first = web_request_field(x, name);
	if (first.p == NULL)
		return WEB_MISSING;
	uint16_t i = next_field(x, name, 0), more = next_field(x, name, (uint16_t)(i + 1));
	*ret = first;
	if (more == x->head->count)
		return WEB_FOUND;
	size_t n = 0;
	for (uint16_t k = i; k < x->head->count; k = next_field(x, name, (uint16_t)(k + 1)))
		n += x->head->field[k].value.n + between.n;
	char *out = arena_take(&x->arena, n);
	if (out == NULL)
		return WEB_NO_MEMORY;
	*ret = (struct slice){out, n - between.n};
	for (uint16_t k = i; k < x->head->count; k = next_field(x, name, (uint16_t)(k + 1))) {
		struct slice value = http_span_in(x->p, x->head->field[k].value);
		if (k != i) {
			memcpy(out, between.p, between.n);
			out += between.n;
		}
		memcpy(out, value.p, value.n);
		out += value.n;
	}
	return WEB_FOUND;
}

static enum web_found field_value(struct exchange *x, struct slice name, struct slice *ret)
{
	/* 1.22 joins these two, and takes the first of any other. */
	if (slice_is(name, SLICE("x_forwarded_for")))
		return web_request_fields(x, name, SLICE(", "), ret);
	if (slice_is(name, SLICE("cookie")))
		return web_request_fields(x, name, SLICE("; "), ret);
	return web_found_if(ret, web_request_field(x, name));
}

/* -- cookies and arguments -- */

/* Pairs end at ';' or ','; a value goes on to the next ';'. */
static bool find_cookie(struct slice text, struct slice name, struct slice *ret)
{
	const char *p = text.p, *end = text.p + text.n;
	while (p < end) {
		if ((size_t)(end - p) >= name.n && strncasecmp(p, name.p, name.n) == 0) {
			const char *value = p + name.n;
			while (value < end && *value == ' ')
				value++;
			if (value < end && *value++ == '=') {
				while (value < end && *value == ' ')
					value++;
				const char *stop = memchr(value, ';', (size_t)(end - value));
				*ret = (struct slice){
					value, (size_t)((stop == NULL ? end : stop) - value)};
				return true;
			}
		}
		while (p < end && *p != ';' && *p != ',')
			p++;
		p += p < end;
		while (p < end && *p == ' ')
			p++;
	}
	return false;
}

static enum web_found cookie_value(struct exchange *x, struct slice name, struct slice *ret)
{
	if (x->head == NULL || x->p == NULL)
		return WEB_MISSING;
	for (uint16_t i = next_field(x, SLICE("cookie"), 0); i < x->head->count;
		i = next_field(x, SLICE("cookie"), (uint16_t)(i + 1)))
		if (find_cookie(http_span_in(x->p, x->head->field[i].value), name, ret))
			return WEB_FOUND;
	return WEB_MISSING;
}

static enum web_found argument(const struct exchange *x, struct slice name, struct slice *ret)
{
	struct slice args = x->web->args;
	const char *p = args.p, *end = args.p + args.n;
	if (name.n == 0 || args.n == 0)
		return WEB_MISSING;
	while (p < end) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		if ((size_t)(stop - p) > name.n && p[name.n] == '=' &&
			strncasecmp(p, name.p, name.n) == 0) {
			*ret = (struct slice){p + name.n + 1, (size_t)(stop - p) - name.n - 1};
			return WEB_FOUND;
		}
		p = stop + 1;
	}
	return WEB_MISSING;
}

/* -- the line and the head -- */

/* As it came; of a request that could not be read, too. */
struct slice web_request_line(const struct exchange *x)
{
	struct slice in = buf_slice(&x->in);
	size_t start = 0, n = 0;
	if (x->head != NULL && x->p != NULL && x->head->method.n != 0) {
		in = (struct slice){x->p, in.n - (size_t)(x->p - in.p)};
		start = x->head->method.at;
		/* Of one that was too long no more than what nginx had read. */
		if (x->head->status == 414)
			in.n = min_size(in.n, x->head->scanned);
	}
	if (in.p == NULL || start >= in.n)
		return WEB_SLICE_NONE;
	while (start + n < in.n && in.p[start + n] != '\r' && in.p[start + n] != '\n')
		n++;
	return n != 0 ? (struct slice){in.p + start, n} : WEB_SLICE_NONE;
}

/* In lower case, without port; the server's name where the client named none. */
static enum web_found host(struct exchange *x, struct slice *ret)
{
	struct http_host host;
	if (x->head != NULL && x->p != NULL &&
		http_host_parse(&host, http_span_in(x->p, x->head->host))) {
		bool is_lower = true;
		for (size_t i = 0; i < host.name.n && is_lower; i++)
			is_lower = ascii_lower(host.name.p[i]) == host.name.p[i];
		*ret = host.name;
		if (is_lower)
			return WEB_FOUND;
		char *copy = arena_copy(&x->arena, host.name.p, host.name.n);
		if (copy == NULL)
			return WEB_NO_MEMORY;
		for (size_t i = 0; i < host.name.n; i++)
			copy[i] = ascii_lower(copy[i]);
		ret->p = copy;
		return WEB_FOUND;
	}
	if (x->web->srv != NULL && x->web->srv->first_name.p != NULL)
		*ret = x->web->srv->first_name;
	return WEB_FOUND;
}

static enum web_found content_length(struct exchange *x, struct slice *ret)
{
	if (x->head == NULL || !x->has_head)
		return WEB_MISSING;
	struct slice field = web_request_field(x, SLICE("content_length"));
	if (field.p != NULL)
		return web_found_if(ret, field);
	if (x->head->is_chunked && x->is_body_held)
		return web_number(x, body_file_held(x), ret);
	return WEB_MISSING;
}

/* The name in Basic credentials; whether they are right is no matter here. */
static enum web_found remote_user(struct exchange *x, struct slice *ret)
{
	struct http_basic basic;
	struct slice field = web_request_field(x, SLICE("authorization"));
	if (field.p == NULL)
		return WEB_MISSING;
	char *out = arena_take(&x->arena, HTTP_BASIC_ROOM(field.n));
	if (out == NULL)
		return WEB_NO_MEMORY;
	if (!http_basic_parse(field, out, &basic))
		return WEB_MISSING;
	return web_found_if(ret, basic.user);
}

/* The same each time it is asked for. */
static enum web_found request_id(struct exchange *x, struct slice *ret)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t words[2] = {random_word(), random_word()};
	char *out;
	struct web_more *more = web_more(x);
	if (more == NULL)
		return WEB_NO_MEMORY;
	if (more->request_id.p == NULL) {
		out = arena_take(&x->arena, 32);
		if (out == NULL)
			return WEB_NO_MEMORY;
		for (int i = 0; i < 32; i++)
			out[i] = hex[words[i / 16] >> (i % 16 * 4) & 15];
		more->request_id = (struct slice){out, 32};
	}
	return web_found_if(ret, more->request_id);
}

static enum web_found request_method(const struct exchange *x, struct slice *ret)
{
	/* Who asks about a client (auth_request) is told the client's own method. */
	struct slice own = guard_own_method(x);
	if (own.p != NULL)
		return web_found_if(ret, own);
	if (x->web->method.p != NULL)
		return web_found_if(ret, x->web->method);
	if (x->head == NULL || x->p == NULL || x->head->method.n == 0)
		return WEB_MISSING;
	return web_found_if(ret, http_span_in(x->p, x->head->method));
}

enum web_found web_vars_request(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	const struct web *web = x->web;
	switch ((enum conf_var)part->n) {
	case CONF_VAR_ARGS:
	case CONF_VAR_QUERY_STRING:
		*ret = web->args;
		return web->args.n != 0 ? WEB_FOUND : WEB_MISSING;
	case CONF_VAR_ARG_X:
		return argument(x, part->text, ret);
	case CONF_VAR_CONTENT_LENGTH:
		return content_length(x, ret);
	case CONF_VAR_CONTENT_TYPE:
		return web_found_if(ret, web_request_field(x, SLICE("content_type")));
	case CONF_VAR_COOKIE_X:
		return cookie_value(x, part->text, ret);
	case CONF_VAR_DOCUMENT_URI:
	case CONF_VAR_URI:
		*ret = x->has_head || web->is_internal ? web->uri : SLICE("");
		return WEB_FOUND;
	case CONF_VAR_HOST:
		return host(x, ret);
	case CONF_VAR_HTTP_X:
		return field_value(x, part->text, ret);
	case CONF_VAR_HTTP2: /* never */
	case CONF_VAR_INVALID_REFERER:
		return WEB_FOUND;
	case CONF_VAR_IS_ARGS:
		*ret = web->args.n != 0 ? SLICE("?") : SLICE("");
		return WEB_FOUND;
	case CONF_VAR_REMOTE_USER:
		return remote_user(x, ret);
	case CONF_VAR_REQUEST:
		return web_found_if(ret, web_request_line(x));
	case CONF_VAR_REQUEST_BODY:
		return x->is_body_held && buf_waiting(&x->body) != 0
			       ? web_found_if(ret, buf_slice(&x->body))
			       : WEB_MISSING;
	case CONF_VAR_REQUEST_ID:
		return request_id(x, ret);
	case CONF_VAR_REQUEST_LENGTH:
		return web_number(x,
			(x->has_head && x->head != NULL ? x->head->bytes : buf_waiting(&x->in)) +
				(x->is_up_begun ? x->up.payload : body_file_held(x)),
			ret);
	case CONF_VAR_REQUEST_METHOD:
		return request_method(x, ret);
	case CONF_VAR_REQUEST_URI:
		return web_found_if(ret, web->raw_uri);
	case CONF_VAR_SERVER_NAME:
		if (web->srv != NULL && web->srv->first_name.p != NULL)
			*ret = web->srv->first_name;
		return WEB_FOUND;
	case CONF_VAR_SERVER_PROTOCOL:
		if (x->head == NULL || x->head->method.n == 0)
			return WEB_FOUND;
		if (x->head->is_headless)
			return WEB_MISSING;
		if (x->head->version.n != 0)
			return web_found_if(ret, http_span_in(x->p, x->head->version));
		*ret = x->head->minor_version == 0 ? SLICE("HTTP/1.0") : SLICE("HTTP/1.1");
		return WEB_FOUND;
	default: { /* request_body_file */
		const char *path = x->body_file == NULL ? NULL : x->body_file->path;
		return web_found_if(ret, path == NULL ? WEB_SLICE_NONE : slice_of(path));
	}
	}
}
