/*
 * proxy/web.h - an exchange whose configuration speaks nginx: what it has beside struct exchange.
 *
 *   ROUTE   web_route.c     server, decoded URI, server's rewrite phase
 *              |  .---------------------------------------------.
 *              v  v                                             | internal redirect: rewrite ...
 * last, location, its rewrite phase, try_files              | try_files, error_page, index, | |
 * X-Accel-Redirect, @named GUARD   guard.c         limits, who gets in (may wait)      | | |
 *           web_content     static file | stub_status | proxy --'--> HOLD, PICK ... RELAY
 *
 * `x->web` is NULL for any other exchange, and none of this is run for it. All of it lies in the
 * exchange's arena.
 */
#ifndef PROXY_WEB_H
#define PROXY_WEB_H

#include "conf/web.h"
#include "proxy/exchange.h"

#define WEB_REDIRECTS_MOST 10 /* nginx: "rewrite or internal redirection cycle" beyond */
#define WEB_CAPTURES 10

/* Of the last regex that matched; $0..$9. */
struct web_captures {
	struct slice part[WEB_CAPTURES]; /* p NULL: that group took no part */
	uint32_t count;
};

/* A user variable (set, map, geo, captures by name ...), once it has a value. */
struct web_var {
	struct slice value;
	bool is_known, is_missing; /* is_missing: evaluated, and not found */
};

struct web {
	const struct conf_loc *loc; /* of x->location; complete */
	const struct conf_srv *srv;
	struct slice uri;     /* $uri: decoded, merged, without arguments */
	struct slice args;    /* $args: as sent, or as rewritten */
	struct slice method;  /* GET after an error_page, else the client's */
	struct slice raw_uri; /* the client's own path and query ($request_uri), raw */
	bool is_raw_valid; /* `uri` still says what raw_uri says: proxy_pass without URI passes it
			      raw */
	bool is_internal;  /* an internal redirect has happened */
	bool was_routed_by_regex; /* or an `if`, a named location: proxy_pass may not replace a
				     prefix */
	uint8_t redirects;
	struct web_captures captures;
	struct web_var *vars; /* [conf_vars_count], made when first needed */
	/* error_page */
	bool is_error_page; /* what runs now is one */
	int32_t answer; /* the status to answer with in place of the page's own; -1: the page's */
	uint16_t error_status;          /* the status that led here, 0 for none */
	struct slice redirect_location; /* of an error that is a redirect (return 302 ...) */
	/* of an own answer or a proxied one, set before the head is written */
	int64_t last_modified;               /* seconds since 1970, -1: none */
	const struct conf_location *matched; /* before an `if` took its place */
	bool passes_upgrade;  /* this request's upgrade goes on (comfymux_websocket) */
	struct slice real_ip; /* realip changed the address: the connection's own */
	void *guard;          /* guard.c */
	void *upstream; /* web_upstream.c: a worker that is no pool's, names that are looked up */
	void *gzip;     /* the filter of its answer */
	void *log;      /* proxy/entry.c */
};

/* -- web_route.c -- */

/* ROUTE: everything up to GUARD or an answer. */
enum step web_route(struct exchange *x);
/* GUARD is passed: what the location does. */
enum step web_content(struct exchange *x);
/* On with another URI ("/path", "/path?args"; decoded unless `is_raw`), in the same server. 500
 * beyond WEB_REDIRECTS_MOST. */
enum step web_redirect(struct exchange *x, struct slice uri, struct slice args);
enum step web_redirect_named(struct exchange *x, struct slice name);
/* Location `location` is in force from now on; timeouts and limits follow. */
void web_set_location(struct exchange *x, const struct conf_location *location);

/* -- web_location.c -- */

/* exact, longest prefix (^~), first regex, nested ones likewise; the server's root when none fits.
 * Captures of a regex go to web->captures. NULL: no memory. */
const struct conf_location *web_find_location(struct exchange *x, const struct conf_server *server,
	struct slice uri, bool *ret_redirect_slash);

/* -- web_error.c -- */

/*
 * An answer of our own with that status: by error_page if the location has one for it (then on in
 * ROUTE), else nginx's page with our name. `why` for the log only.
 */
enum step web_answer(struct exchange *x, int status);
/* An answer with a text (return 200 "..."), or a redirect (301 302 303 307 308) when `location` is
 * not empty. */
enum step web_answer_text(struct exchange *x, int status, struct slice type, struct slice text);
enum step web_answer_redirect(struct exchange *x, int status, struct slice location);
/* Whether error_page takes it; then it has been redirected and *ret is what comes next. */
bool web_error_page(struct exchange *x, int status, enum step *ret);

/* -- web_headers.c: rules for the answer's head, ours or a worker's -- */

struct head_writer;
/* add_header, expires, and what else the location adds, for an answer with that status. */
bool web_put_headers(struct exchange *x, int status, struct head_writer *w);

/* -- web_file.c -- */

/* A file, an index, a listing, or what is wrong with it. */
enum step web_static(struct exchange *x);
/* -- web_upstream.c, guard.c -- */
enum step web_proxy(struct exchange *x);
enum step guard_step(struct exchange *x);

#endif
