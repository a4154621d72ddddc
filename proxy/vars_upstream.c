/*
 * proxy/vars_upstream.c - who was asked, and what came of it.
 *
 *   $upstream_status: "502, 200"        two workers, one after the other
 *                     "404 : 200"       an internal redirect between them
 */
#include "proxy/vars.h"

#include "proxy/guard.h"
#include "proxy/web_uri.h"

#include <stdio.h>

/* -- lists over the workers that were asked -- */

#define TRY_ROOM 160 /* an address, and what is between two */

static size_t time_text(char *out, bool is_known, uint64_t us)
{
	if (!is_known) {
		*out = '-';
		return 1;
	}
	return (size_t)snprintf(out, TRY_ROOM, "%llu.%03u", (unsigned long long)(us / 1000000),
		(unsigned)(us / 1000 % 1000));
}

static size_t number_text(char *out, uint64_t number)
{
	return (size_t)snprintf(out, TRY_ROOM, "%llu", (unsigned long long)number);
}

/* At most TRY_ROOM octets. */
static size_t try_text(char *out, const struct access_try *try, enum conf_var var)
{
	switch (var) {
	case CONF_VAR_UPSTREAM_ADDR: {
		size_t n = min_size(strlen(try->addr), TRY_ROOM);
		memcpy(out, try->addr, n);
		return n;
	}
	case CONF_VAR_UPSTREAM_BYTES_RECEIVED:
		return number_text(out, try->received);
	case CONF_VAR_UPSTREAM_BYTES_SENT:
		return number_text(out, try->sent);
	case CONF_VAR_UPSTREAM_CONNECT_TIME:
		return time_text(out, try->has_connected, try->connect_us);
	case CONF_VAR_UPSTREAM_HEADER_TIME:
		return time_text(out, try->has_head, try->head_us);
	case CONF_VAR_UPSTREAM_RESPONSE_LENGTH:
		return number_text(out, try->length);
	case CONF_VAR_UPSTREAM_RESPONSE_TIME:
		return time_text(out, try->is_ended, try->took_us);
	default:
		*out = '-';
		return try->status != 0 ? number_text(out, try->status) : 1;
	}
}

static enum web_found tries_list(struct exchange *x, enum conf_var var, struct slice *ret)
{
	const struct web_more *more = x->web->log;
	const struct access_try *before = NULL;
	bool is_aside = guard_is_asking(x);
	if (more == NULL || more->try_count == 0)
		return WEB_MISSING;
	char *out = arena_take(&x->arena, more->try_count * (size_t)(TRY_ROOM + 3));
	size_t n = 0;
	if (out == NULL)
		return WEB_NO_MEMORY;
	for (uint32_t i = 0; i < more->try_count; i++) {
		const struct access_try *try = &more->tries[i];
		/* What auth_request asked is none of the request's. */
		if (try->is_aside != is_aside)
			continue;
		if (before != NULL) {
			struct slice between = before->round != try->round ? SLICE(" : ")
									   : SLICE(", ");
			memcpy(out + n, between.p, between.n);
			n += between.n;
		}
		n += try_text(out + n, try, var);
		before = try;
	}
	*ret = (struct slice){out, n};
	return before != NULL ? WEB_FOUND : WEB_MISSING;
}

/* -- fields of the worker's head, which is kept as it came -- */

/* The next line of the head that is a field; false: there is none. */
static bool next_line(struct slice *head, struct slice *ret_name, struct slice *ret_value)
{
	const char *end = head->n != 0 ? memchr(head->p, '\n', head->n) : NULL;
	if (end == NULL)
		return false;
	struct slice line = {head->p, (size_t)(end - head->p)};
	head->n -= line.n + 1;
	head->p = end + 1;
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	const char *colon = memchr(line.p, ':', line.n);
	*ret_name = (struct slice){line.p, colon == NULL ? 0 : (size_t)(colon - line.p)};
	*ret_value = colon == NULL
			     ? (struct slice){line.p, 0}
			     : slice_trim((struct slice){colon + 1, line.n - ret_name->n - 1});
	return true;
}

static enum web_found head_field(const struct web_more *more, struct slice name, struct slice *ret)
{
	struct slice field, value, head = more != NULL ? more->upstream_head : WEB_SLICE_NONE;
	while (next_line(&head, &field, &value))
		if (field.n != 0 && web_is_field_named(field, name))
			return web_found_if(ret, value);
	return WEB_MISSING;
}

static struct slice skip_blanks(struct slice text)
{
	while (text.n != 0 && *text.p == ' ') {
		text.p++;
		text.n--;
	}
	return text;
}

static bool is_cookie(struct slice line, struct slice name, struct slice *ret)
{
	if (line.n < name.n || strncasecmp(line.p, name.p, name.n) != 0)
		return false;
	struct slice rest = skip_blanks((struct slice){line.p + name.n, line.n - name.n});
	if (rest.n == 0 || rest.p[0] != '=')
		return false;
	rest = skip_blanks((struct slice){rest.p + 1, rest.n - 1});
	const char *stop = rest.n != 0 ? memchr(rest.p, ';', rest.n) : NULL;
	*ret = (struct slice){rest.p, stop != NULL ? (size_t)(stop - rest.p) : rest.n};
	return true;
}

static enum web_found head_cookie(const struct web_more *more, struct slice name, struct slice *ret)
{
	struct slice field, value, head = more != NULL ? more->upstream_head : WEB_SLICE_NONE;
	while (next_line(&head, &field, &value))
		if (slice_is_nocase(field, SLICE("set-cookie")) && is_cookie(value, name, ret))
			return WEB_FOUND;
	return WEB_MISSING;
}

/* -- what goes to the worker -- */

static enum web_found add_forwarded_for(struct exchange *x, struct slice *ret)
{
	struct slice before, ip = {x->client->ip, x->client->ip_n};
	enum web_found found = web_request_fields(
		x, SLICE("x_forwarded_for"), SLICE(", "), &before);
	if (found == WEB_MISSING)
		return web_found_if(ret, ip);
	if (found == WEB_NO_MEMORY)
		return found;
	const struct slice pieces[] = {before, SLICE(", "), ip};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), ret) ? WEB_FOUND : WEB_NO_MEMORY;
}

enum web_found web_vars_upstream(
	struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	const struct conf_loc *loc = x->web->loc;
	bool is_proxied = loc != NULL && loc->content == CONF_CONTENT_PROXY && x->pool != NULL;
	switch ((enum conf_var)part->n) {
	case CONF_VAR_PROXY_ADD_X_FORWARDED_FOR:
		return add_forwarded_for(x, ret);
	case CONF_VAR_PROXY_HOST:
		return is_proxied ? web_found_if(ret, x->web->proxied_host) : WEB_MISSING;
	case CONF_VAR_PROXY_PORT:
		return is_proxied ? web_found_if(ret, x->web->proxied_port) : WEB_MISSING;
	case CONF_VAR_UPSTREAM_ADDR:
	case CONF_VAR_UPSTREAM_BYTES_RECEIVED:
	case CONF_VAR_UPSTREAM_BYTES_SENT:
	case CONF_VAR_UPSTREAM_CONNECT_TIME:
	case CONF_VAR_UPSTREAM_HEADER_TIME:
	case CONF_VAR_UPSTREAM_RESPONSE_LENGTH:
	case CONF_VAR_UPSTREAM_RESPONSE_TIME:
	case CONF_VAR_UPSTREAM_STATUS:
		return tries_list(x, (enum conf_var)part->n, ret);
	case CONF_VAR_UPSTREAM_COOKIE_X:
		return head_cookie(x->web->log, part->text, ret);
	case CONF_VAR_UPSTREAM_HTTP_X:
		return head_field(x->web->log, part->text, ret);
	default: /* upstream_trailer_, upstream_cache_status: nothing is cached */
		return WEB_MISSING;
	}
}
