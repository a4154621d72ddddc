/*
 * proxy/vars.h - nginx's own variables: one function per group, one table (proxy/vars.c).
 *
 *   vars_request.c   the request: line, URI, arguments, fields, cookies
 *   vars_file.c      where that leads on the disk
 *   vars_client.c    the connection, its addresses, the time
 *   vars_answer.c    the answer, and what was sent of it
 *   vars_upstream.c  the workers that were asked
 *
 * Each does what nginx 1.22's does, or says that it is not found.
 */
#ifndef PROXY_VARS_H
#define PROXY_VARS_H

#include "base/cidr.h"
#include "proxy/value.h"

/* `part` is CONF_PART_VAR. */
enum web_found web_variable(
	struct exchange *x, const struct conf_part *part, struct slice *ret) MUST_CHECK;
/* One that may be set: args, limit_rate; the others keep what they are. False: no memory. */
bool web_set_variable(struct exchange *x, enum conf_var var, struct slice value) MUST_CHECK;

/* What only variables need; made when first needed (web->log). */
struct web_more {
	struct slice request_id;
	struct slice upstream_head; /* the last one that came; kept if conf_users says so */
	uint64_t limit_rate;        /* what `set $limit_rate` said, octets in a second */
	bool has_limit_rate;
	struct access_try *tries; /* all of them */
	uint32_t try_count, try_room;
	struct web_kept_log *kept_log; /* entry.c: of a tunnel, whose head is gone */
	struct slice kept_details;     /* web_log.c: likewise; empty: nobody would write it */
};

/* NULL: no memory. */
struct web_more *web_more(struct exchange *x) MUST_CHECK;

/* "10k", "1m", "512"; false: it is none. */
bool web_parse_size(struct slice text, uint64_t *ret) MUST_CHECK;

/* The head went out; what it was made of may lie in the worker's buffer, and a log line may ask for
 * it. False: no memory. */
bool web_keep_out(struct exchange *x) MUST_CHECK;

/* -- the groups; `part` is one of theirs -- */

enum web_found web_vars_request(
	struct exchange *x, const struct conf_part *part, struct slice *ret);
enum web_found web_vars_file(struct exchange *x, const struct conf_part *part, struct slice *ret);
enum web_found web_vars_client(struct exchange *x, const struct conf_part *part, struct slice *ret);
enum web_found web_vars_answer(struct exchange *x, const struct conf_part *part, struct slice *ret);
enum web_found web_vars_upstream(
	struct exchange *x, const struct conf_part *part, struct slice *ret);
enum web_found web_vars_tls(struct exchange *x, const struct conf_part *part, struct slice *ret);

/* -- between them -- */

/* WEB_MISSING when p is NULL. */
static inline enum web_found web_found_if(struct slice *ret, struct slice value)
{
	*ret = value;
	return value.p != NULL ? WEB_FOUND : WEB_MISSING;
}

/* Into the arena. */
enum web_found web_number(struct exchange *x, uint64_t number, struct slice *ret);
/* Three digits or more: "000", "200". */
enum web_found web_three_digits(struct exchange *x, uint16_t status, struct slice *ret);
/* "12.345" from milliseconds. */
enum web_found web_seconds(struct exchange *x, uint64_t ms, struct slice *ret);
enum web_found web_format(struct exchange *x, struct slice *ret, const char *format, ...)
	PRINTF_LIKE(3, 4);
enum web_found web_copy(struct exchange *x, const char *p, size_t n, struct slice *ret);

/* A field of the request, "x_foo" for X-Foo; those that nginx ignores are not there. The first one;
 * p NULL: none. */
struct slice web_request_field(const struct exchange *x, struct slice name);
/* All of that name, with `between` between them. */
enum web_found web_request_fields(
	struct exchange *x, struct slice name, struct slice between, struct slice *ret);
/* Whether the field is the variable's: '-' and '_' are the same there, and so are capitals. */
bool web_is_field_named(struct slice field, struct slice variable);
/* Whether ignore_invalid_headers and underscores_in_headers leave a field with that name. For names
 * of letters, digits and '-' alone they do (http/head.h: is_odd). */
bool web_is_field_seen(const struct exchange *x, struct slice name);
/* The request line as it came, or as far as it came; p NULL: nothing. */
struct slice web_request_line(const struct exchange *x);

/* The time: time_local, time_iso8601, msec. */
enum web_found web_time(struct exchange *x, enum conf_var var, struct slice *ret);

/* "1.2.3.4" or "::1", with or without a port; false: `addr` is untouched. */
bool web_parse_ip(struct addr *addr, struct slice text);
/* While `addr` is one of `proxies`: it becomes what X-Forwarded-For says stood before it, once or
 * (recursive) as far as that is one of them, too. */
void web_forwarded_addr(struct exchange *x, struct addr *addr, const struct cidr *proxies,
	uint32_t proxy_count, bool is_recursive);

#endif
