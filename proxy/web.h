/*
 * proxy/web.h - an exchange whose configuration speaks nginx: what it has beside struct exchange.
 *
 *   ROUTE   web_route.c     server, decoded URI
 *              |  .----------------------------------------------.
 *              v  v                                              | internal redirects: rewrite ...
 *           the server's rewrite phase       web_rewrite.c       | last, try_files, error_page,
 *           location                         web_location.c      | index, X-Accel-Redirect, @named
 *           the location's rewrite phase     web_rewrite.c       |
 *              |                                                 |
 *   GUARD   limits, who gets in (may wait)   guard.c             |
 *           try_files, then the content      web_content.c ------'
 *              |        |
 *              |        '--> a file, a listing, figures          web_file.c, web_autoindex.c ...
 *              '-----------> HOLD, PICK ... a worker             web_proxy.c
 *
 *   RELAY   whatever answers fills web->out; web_head.c adds what the location adds, decides about
 *           conditions, gzip and ranges, and writes the head.
 *
 * `x->web` is NULL for any other exchange, and none of this is run for it. It lies in the
 * exchange's arena.
 */
#ifndef PROXY_WEB_H
#define PROXY_WEB_H

#include "base/regex.h"
#include "conf/web.h"
#include "proxy/exchange.h"

#define WEB_REDIRECTS_MOST 10 /* "rewrite or internal redirection cycle" beyond, and 500 */
#define WEB_CAPTURES 10
#define WEB_SLICE_NONE ((struct slice){NULL, 0})

/* Of the regular expression that matched last; $0 to $9. p NULL: that group took no part. */
struct web_captures {
	struct slice part[WEB_CAPTURES];
	uint32_t count;
};

/* A user variable (set, map, geo, named captures ...), once it has a value. */
struct web_var {
	struct slice value;
	bool is_known;   /* stored or computed */
	bool is_missing; /* known, and not found */
};

/* What of the head is not among the fields. */
struct web_field {
	struct slice name, value;
	bool is_gone; /* taken back */
};

struct web_out {
	uint16_t status;
	struct slice reason;        /* a worker's words; empty: nginx's for the status */
	struct slice type;          /* Content-Type; empty: none */
	struct slice charset;       /* of the type, where that does not say it; empty: none */
	struct slice accel_charset; /* X-Accel-Charset */
	int64_t length;             /* of the body; -1: not known */
	int64_t modified;           /* Last-Modified, seconds since 1970; -1: none */
	struct slice location;
	CONF_ARRAY(struct web_field) fields;
	bool may_range;            /* the body can be asked for in parts */
	bool is_proxied;           /* a worker's */
	bool has_server, has_date; /* they are among the fields (proxy_pass_header) */
	bool has_vary;             /* Vary: Accept-Encoding */
	bool has_no_body;          /* HEAD, 204, 304, and what has no octets */
};

enum web_stage { WEB_SERVER, WEB_LOCATE, WEB_REWRITE, WEB_PLACED };

struct web {
	const struct conf_loc *loc; /* of x->location; complete */
	const struct conf_srv *srv;
	enum web_stage stage;
	struct slice uri;     /* $uri: decoded, merged, without arguments */
	struct slice args;    /* $args: as sent, or as rewritten */
	struct slice method;  /* GET after an error_page, else the client's */
	struct slice raw_uri; /* $request_uri: path and query as they came */
	bool is_raw_valid;    /* `uri` still is raw_uri's: proxy_pass without a URI passes it raw */
	bool is_location_valid; /* `uri` still begins with the location's prefix (no rewrite ...
				   break) */
	bool adds_uri_to_alias; /* try_files found it behind a regex's alias */
	bool has_lost_proxy;    /* an `if` with proxy_pass was left for one without: 500 */
	bool is_internal;       /* an internal redirect has happened */
	uint8_t redirects;
	struct web_captures captures;
	bool escapes_captures;     /* in `set`: no `rewrite` of this level has changed the URI */
	bool has_match_failed;     /* a regular expression gave no answer: see web_match */
	struct web_var *vars;      /* [users.count] */
	uint16_t error_status;     /* the answer's status is this, whatever content gives; 0: the
				      content's */
	struct slice proxied_host; /* $proxy_host; "localhost" for a unix socket */
	struct slice proxied_port; /* $proxy_port; empty for a unix socket */
	bool is_proxied_https;
	uint64_t proxied_us;  /* when the first server was picked */
	bool is_error_page;   /* no other error_page any more (recursive_error_pages off) */
	bool is_status_final; /* the content of an error page asked for no further one */
	struct web_out out;
	const struct conf_location
		*prefix;            /* the location that was found, before an `if` inside it */
	struct slice kept_location; /* of a redirect that an error_page took */
	struct lb_walk walk;        /* x->lb.walk */
	struct slice sticky_cookie; /* Set-Cookie that names the server picked last; n 0: none */
	struct web_field *carried;  /* of the worker whose X-Accel-Redirect led here */
	uint32_t carried_count;
	struct slice carried_type;
	struct web_field *trailers; /* that were sent behind the body */
	uint32_t trailer_count;
	uint64_t part_at,
		part_bytes; /* of a worker's answer, from the first octet on; 0: all of it */
	struct slice content_range; /* what a 416 says; p NULL: nothing */
	struct slice real_ip; /* realip: the connection's own address; p NULL: it is the client's */
	uint16_t real_port;
	bool is_discarding; /* the body of the request is dropped beside the answer */
	uint64_t discards_since_us;
	bool is_buffering;   /* the worker is read on while the client is slow */
	bool has_accel_rate; /* X-Accel-Limit-Rate came */
	uint64_t accel_rate;
	void *guard;    /* guard.c's */
	void *upstream; /* web_proxy.c's */
	void *file;     /* web_file.c's */
	void *filter;   /* web_gzip.c's */
	void *log;      /* entry.c's */
};

/* -- web_route.c -- */

/* ROUTE: everything up to GUARD or an answer. */
enum step web_route(struct exchange *x);
/* GUARD: may the client in; then web_content. */
enum step web_guard(struct exchange *x);
/* On with another URI, in the same server, from its rewrite phase on. `args` p NULL: none. The
 * state becomes ROUTE. 500 beyond WEB_REDIRECTS_MOST. */
enum step web_redirect(struct exchange *x, struct slice uri, struct slice args);
/* On with @name; 500 when there is none. */
enum step web_redirect_named(struct exchange *x, struct slice name);
/* That location is in force from now on, its timeouts and limits, too. */
void web_set_location(struct exchange *x, const struct conf_location *location);
/* "/a%20b?x=1" -> the decoded path in the arena, and what follows the '?'. False: no memory, or not
 * a path (then the URI stays as it is). */
bool web_split_uri(
	struct exchange *x, struct slice text, struct slice *ret_uri, struct slice *ret_args);

/* -- web_location.c -- */

/* exact, longest prefix (^~ ends it), first regex, and the same inside. The server's root when none
 * fits. *ret_slash: "/x" came, and only "/x/" is there and proxies: 301. */
const struct conf_location *web_find_location(struct exchange *x, bool *ret_slash);

/* -- web_rewrite.c -- */

enum web_rewritten { WEB_GO_ON, WEB_STOPPED, WEB_ANSWERED };
/* Runs the operations. WEB_ANSWERED: *ret_step is what is next. *ret_changed: the URI is another.
 */
enum web_rewritten web_rewrite(
	struct exchange *x, const struct conf_ops *ops, bool *ret_changed, enum step *ret_step);
/* regex_match, with captures and named ones stored. */
bool web_match(struct exchange *x, const struct regex *regex, struct slice subject);
/* One could not say whether it matches (it costs too much, memory is out), so nothing that came of
 * it may count: true, and *ret_step is a 500. To be asked before an answer is chosen. */
bool web_match_failed(struct exchange *x, enum step *ret_step);

/* -- web_error.c -- */

/* An answer of our own: by error_page if the location has one for it (then back in ROUTE), else
 * nginx's page. `closes`: the connection ends behind it. */
enum step web_answer(struct exchange *x, int status, bool closes);
/* The same, a redirect if the status is one. */
enum step web_answer_redirect(struct exchange *x, int status, struct slice location);
/* A body of ours, in the arena or the tree; past error_page. Content-Type by the URI. */
enum step web_answer_text(struct exchange *x, int status, struct slice text);
/* The same with a type. */
enum step web_answer_typed(struct exchange *x, int status, struct slice type, struct slice text);
/* The same for what has no length that is known: in chunks. charset empty: none. */
enum step web_answer_streamed(
	struct exchange *x, int status, struct slice type, struct slice charset, struct slice text);
/* The location's error_page for this status; NULL: none. */
const struct conf_error_page *web_find_error_page(const struct exchange *x, int status);
/* True: an error_page took it, *ret_step is what is next. */
bool web_error_page(struct exchange *x, int status, enum step *ret_step);

/* -- discard.c -- */

/* Before an answer for which the body is dropped: a 100, where nginx says it then, and a look at
 * what is here of it. False: *ret_step is what comes instead. */
bool web_drop_body(struct exchange *x, enum step *ret_step) MUST_CHECK;

/* -- web_keepalive.c -- */

/* keepalive_timeout, _requests, _time and _disable have nothing against a further request. */
bool web_may_keep(const struct exchange *x);

/* -- web_bad_request.c -- */

/* What is told of a head that was refused, before it is answered. False: no memory. */
bool web_tell_bad_request(struct exchange *x) MUST_CHECK;
/* The head did not come in time: it is told, and the connection closed without an answer. */
enum step web_head_late(struct exchange *x);
/* x->web of a request whose head is not whole. False: no memory. */
bool web_make_early(struct exchange *x) MUST_CHECK;
/* Whether an error_page may be shown for it. From then on nothing in the head says how long the
 * request is: it has no body, and the connection ends. */
bool web_may_show_page(struct exchange *x);
/* x->server, where there is none by name yet, and how large heads may be there. */
void web_begin_head(struct exchange *x);

/* -- web_head.c -- */

/* A new, empty answer in web->out. */
void web_out_begin(struct exchange *x, int status);
/* One more field; name and value live as long as the exchange. False: no memory. */
bool web_out_add(struct exchange *x, struct slice name, struct slice value) MUST_CHECK;
/* The value of the first field of that name that is not gone; p NULL: none. */
struct slice web_out_find(const struct exchange *x, struct slice name);
/* The first field of that name gets this value and any other goes; or it is added. False: no
 * memory. */
bool web_out_set(struct exchange *x, struct slice name, struct slice value) MUST_CHECK;
void web_out_remove(struct exchange *x, struct slice name);
/* Content-Type for the URI: `types`, else default_type. */
struct slice web_type_of(const struct exchange *x, struct slice uri);
/* All rules for heads, then the head into x->down.stash. `framing`: how the body goes out, which is
 * settled here (chunked for what has no length). False: no memory. */
bool web_put_head(struct exchange *x, enum flow_framing *ret_framing) MUST_CHECK;
/* web_put_head, and `body` behind it; the exchange is in RELAY then. */
enum step web_send(struct exchange *x, struct slice body);
/* nginx's words: "Not Found"; "" for a status it has none for. */
const char *web_reason(int status);
/* scheme://host[:port]/... if the location wants redirects to be absolute. p NULL: no memory. */
struct slice web_absolute(struct exchange *x, struct slice location);

/* Each does its part of web_put_head, in this order, on web->out. False: no memory. */
bool web_not_modified(struct exchange *x); /* web_conditions.c: 304, 412 */
bool web_add_headers(struct exchange *x);  /* web_headers.c: expires, add_header */
/* A status that add_header and add_trailer add to without being told `always`. */
bool web_is_success(int status);
/* When what is answered was changed, for conditions and expires; -1: not known. */
int64_t web_modified_at(const struct exchange *x);
bool web_expires(struct exchange *x, const struct conf_expires *expires);
bool web_charset(struct exchange *x); /* web_charset.c */
bool web_gzip(struct exchange *x);    /* web_gzip.c */
bool web_ranges(struct exchange *x);  /* web_ranges.c: 206 */

/* web_ranges.c, once web->out is there: what Range asks for is not. True: *ret_step is the 416. */
bool web_refuses_range(struct exchange *x, enum step *ret_step);
/* After flow_init: of a worker's answer only the part that was asked for. False: no memory. */
bool web_set_part(struct exchange *x) MUST_CHECK;

/* web_trailers.c: add_trailer has something to say behind this answer; and says it there. */
bool web_expects_trailers(const struct exchange *x);
void web_set_trailers(struct exchange *x);

/* After flow_init of x->down, behind web_put_head: trailers, filter and rate. False: no memory. */
bool web_dress(struct exchange *x) MUST_CHECK;

/* -- web_content.c: what is behind the guard -- */

enum step web_content(struct exchange *x);
enum step web_file(struct exchange *x);   /* web_file.c: root, alias, index, autoindex */
void web_file_close(struct web *web);     /* what it has open */
enum step web_status(struct exchange *x); /* web_status.c: stub_status */
enum step web_proxy(struct exchange *x);  /* web_proxy.c: to HOLD, with the pool chosen */

/* -- guard.c -- */

/* The client may have what the location has. False: *ret_step is what comes next instead. */
bool guard_passes(struct exchange *x, enum step *ret_step) MUST_CHECK;

#endif
