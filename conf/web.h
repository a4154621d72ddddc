/*
 * conf/web.h - what nginx's directives say, when they are used.
 *
 *   struct conf
 *     '- web                      http level: user variables, zones, formats
 *          servers[].srv          what holds for a server: heads, its rewrite rules
 *            locations[].loc      what holds for a location; complete, nothing is inherited later
 *
 * Each field is named after its directive (without the module's prefix where a struct carries it)
 * and means what nginx 1.22's documentation says. Read-only like the rest of the tree, in its
 * arena. Times are milliseconds, sizes octets.
 *
 * conf/nginx/table.h fills it. A field of conf_loc or conf_srv that was not given at a level is
 * copied from the level above as a whole: lists are replaced, never joined, as in nginx.
 */
#ifndef CONF_WEB_H
#define CONF_WEB_H

#include "base/addr.h"
#include "base/base.h"
#include "base/log.h"
#include "conf/tls_tree.h"
#include "conf/value.h"
#include "conf/vars.h"

struct regex;
struct conf_location;

/* Grows while the tree is built (ngx_push), and is only read afterwards. */
#define CONF_ARRAY(type)                                                                           \
	struct {                                                                                   \
		type *items;                                                                       \
		uint32_t count, room;                                                              \
	}

/* on | off, and what is neither. */
enum conf_switch { CONF_OFF, CONF_ON, CONF_AUTO };

/* -- rewrite phase: set, if, return, rewrite, break (proxy/web_rewrite.c) -- */

enum conf_test {
	CONF_TEST_TRUE, /* neither empty nor "0" */
	CONF_TEST_EQUAL,
	CONF_TEST_REGEX,
	CONF_TEST_FILE,      /* -f */
	CONF_TEST_DIRECTORY, /* -d */
	CONF_TEST_EXISTS,    /* -e */
	CONF_TEST_EXECUTABLE /* -x */
};

struct conf_condition {
	enum conf_test test;
	bool is_negated;
	struct conf_value left;
	struct conf_value right;   /* CONF_TEST_EQUAL */
	const struct regex *regex; /* CONF_TEST_REGEX */
};

enum conf_op_kind { CONF_OP_SET, CONF_OP_IF, CONF_OP_RETURN, CONF_OP_REWRITE, CONF_OP_BREAK };

enum conf_rewrite_last { CONF_REWRITE_GO_ON, CONF_REWRITE_LAST, CONF_REWRITE_BREAK };

struct conf_op;
struct conf_ops {
	struct conf_op *items;
	uint32_t count, room;
};

struct conf_op {
	enum conf_op_kind kind;
	struct conf_part variable; /* SET: CONF_PART_USER or a built-in that may be set */
	struct conf_value value;   /* SET: the value; REWRITE: replacement; RETURN: text or URL */
	/* IF: the location that holds inside, NULL in a server; its operations run on. */
	struct conf_condition condition;
	const struct conf_location *inside;
	struct conf_ops ops;       /* IF in a server */
	const struct regex *regex; /* REWRITE */
	enum conf_rewrite_last last;
	bool drops_args; /* REWRITE: the replacement ended in '?' */
	uint16_t status; /* RETURN; REWRITE: 301 or 302 for a redirect, else 0 */
	bool has_text;   /* RETURN with a second argument */
};

/* -- answers -- */

struct conf_error_page {
	uint16_t *codes;
	uint32_t code_count;
	int32_t answer;         /* "=200"; 0: "=", the page's own; -1: none given */
	struct conf_value page; /* a URI, "@name" or a URL */
};

struct conf_add_header {
	struct slice name;
	struct conf_value value;
	bool is_always;
};

enum conf_expires_kind {
	CONF_EXPIRES_OFF,
	CONF_EXPIRES_EPOCH,
	CONF_EXPIRES_MAX,
	CONF_EXPIRES_AFTER,    /* seconds from now */
	CONF_EXPIRES_MODIFIED, /* seconds from the file's time */
	CONF_EXPIRES_DAILY     /* a time of day */
};

struct conf_expires {
	enum conf_expires_kind kind;
	int64_t seconds;
	struct conf_value value; /* with variables: read anew for each answer */
	bool is_variable;
};

struct conf_type {
	struct slice suffix, type; /* suffix in lower case */
};

struct conf_types {
	const struct conf_type *items; /* sorted by suffix */
	uint32_t count;
};

struct conf_try_file {
	struct conf_value path; /* without the trailing '/' of a directory */
	bool is_directory;
};

struct conf_try_files {
	struct conf_try_file *items; /* the last one is the fallback */
	uint32_t count;
	uint16_t fallback_status; /* "=404"; 0: the last item is a URI */
};

enum conf_content { CONF_CONTENT_STATIC, CONF_CONTENT_PROXY, CONF_CONTENT_STUB_STATUS };

enum conf_autoindex_format { CONF_AUTOINDEX_HTML, CONF_AUTOINDEX_XML, CONF_AUTOINDEX_JSON };

/* Browsers that a kept connection is not for. */
enum {
	CONF_KEEPALIVE_NONE = 1 << 0,
	CONF_KEEPALIVE_MSIE6 = 1 << 1,
	CONF_KEEPALIVE_SAFARI = 1 << 2,
};

enum conf_if_modified { CONF_IMS_OFF, CONF_IMS_EXACT, CONF_IMS_BEFORE };

/* For temporary files without a name, where no folder was given. */
#define CONF_TEMP_FOLDER "/tmp"

/* Where temporary files are made. */
struct conf_temp_path {
	const char *path;
	uint8_t levels[3]; /* digits of the folders below it; 0: no more */
};

/* -- gzip -- */

/* What gzip_proxied may name: answers to requests with a Via field are packed if ... */
enum {
	CONF_GZIP_PROXIED_OFF = 1 << 0,
	CONF_GZIP_EXPIRED = 1 << 1,
	CONF_GZIP_NO_CACHE = 1 << 2,
	CONF_GZIP_NO_STORE = 1 << 3,
	CONF_GZIP_PRIVATE = 1 << 4,
	CONF_GZIP_NO_LAST_MODIFIED = 1 << 5,
	CONF_GZIP_NO_ETAG = 1 << 6,
	CONF_GZIP_AUTH = 1 << 7,
	CONF_GZIP_ANY = 1 << 8,
};

/* Beside text/html, in lower case; "*": any. */
struct conf_gzip_types {
	struct slice *items;
	uint32_t count, room;
};

/* User-Agents that get nothing packed. */
struct conf_gzip_agent {
	const struct regex *regex;
};

struct conf_gzip_disable {
	struct conf_gzip_agent *items;
	uint32_t count, room;
};

struct conf_gzip {
	bool is_on, vary, gunzip;
	struct conf_gzip_types types;
	struct conf_gzip_disable disable;
	uint32_t proxied; /* CONF_GZIP_* */
	uint64_t min_length;
	uint32_t level;        /* 1 to 9 */
	uint32_t http_version; /* 10 or 11 */
	uint32_t window, hash; /* zlib's windowBits and memLevel */
	uint32_t buffers_count;
	uint64_t buffers_size;
};

/* -- proxy_* -- */

struct conf_set_header {
	struct slice name;
	struct conf_value value; /* an empty result: the field is left out */
};

enum conf_redirect_kind {
	CONF_REDIRECT_OFF,
	CONF_REDIRECT_DEFAULT,
	CONF_REDIRECT_TEXT,
	CONF_REDIRECT_REGEX
};

/* proxy_redirect, proxy_cookie_domain, proxy_cookie_path. */
struct conf_replace {
	enum conf_redirect_kind kind;
	struct conf_value from;
	const struct regex *regex;
	struct conf_value to;
};

struct conf_cookie_flags {
	struct conf_value name;
	const struct regex *regex; /* in place of the name */
	struct conf_value *flags;
	uint32_t flag_count;
};

/* What proxy_next_upstream may name. */
enum {
	CONF_NEXT_ERROR = 1 << 0,
	CONF_NEXT_TIMEOUT = 1 << 1,
	CONF_NEXT_INVALID_HEADER = 1 << 2,
	CONF_NEXT_HTTP_500 = 1 << 3,
	CONF_NEXT_HTTP_502 = 1 << 4,
	CONF_NEXT_HTTP_503 = 1 << 5,
	CONF_NEXT_HTTP_504 = 1 << 6,
	CONF_NEXT_HTTP_403 = 1 << 7,
	CONF_NEXT_HTTP_404 = 1 << 8,
	CONF_NEXT_HTTP_429 = 1 << 9,
	CONF_NEXT_NON_IDEMPOTENT = 1 << 10,
	CONF_NEXT_OFF = 1 << 11,
};

/* What proxy_ignore_headers may name. */
enum {
	CONF_IGNORE_ACCEL_REDIRECT = 1 << 0,
	CONF_IGNORE_ACCEL_EXPIRES = 1 << 1,
	CONF_IGNORE_ACCEL_LIMIT_RATE = 1 << 2,
	CONF_IGNORE_ACCEL_BUFFERING = 1 << 3,
	CONF_IGNORE_ACCEL_CHARSET = 1 << 4,
	CONF_IGNORE_EXPIRES = 1 << 5,
	CONF_IGNORE_CACHE_CONTROL = 1 << 6,
	CONF_IGNORE_SET_COOKIE = 1 << 7,
	CONF_IGNORE_VARY = 1 << 8,
};

struct conf_proxy {
	/* proxy_pass; not inherited but by `if` blocks. */
	bool is_https;
	bool has_uri;             /* a URI part was given */
	bool has_variables;       /* then `url` is all there is */
	struct slice host;        /* as written: "webhost", "127.0.0.1:8188" */
	struct slice header_host; /* $proxy_host: without a port that is the usual one */
	struct slice port_text;   /* $proxy_port; empty for a unix socket */
	struct slice uri;         /* of a proxy_pass without variables */
	struct conf_value url;
	uint32_t pool; /* index into conf.pools; without variables */

	CONF_ARRAY(struct conf_set_header) set_header;
	CONF_ARRAY(struct slice) hide_header;
	CONF_ARRAY(struct slice) pass_header;
	CONF_ARRAY(struct conf_replace) redirect;
	CONF_ARRAY(struct conf_replace) cookie_domain;
	CONF_ARRAY(struct conf_replace) cookie_path;
	CONF_ARRAY(struct conf_cookie_flags) cookie_flags;
	uint8_t http_version; /* 10 or 11 */
	struct conf_value method;
	struct conf_value set_body;
	bool pass_request_headers, pass_request_body;
	bool buffering, request_buffering, force_ranges;
	bool intercept_errors, ignore_client_abort, socket_keepalive;
	uint64_t buffer_size;
	uint32_t buffers_count;
	uint64_t buffers_size;
	uint64_t busy_buffers_size;
	uint64_t temp_file_write_size; /* octets in one write; 0: as many as there are */
	uint64_t max_temp_file_size, limit_rate;
	struct conf_temp_path temp_path;
	uint64_t connect_timeout_ms, send_timeout_ms, read_timeout_ms;
	uint32_t next_upstream; /* CONF_NEXT_* */
	uint32_t next_upstream_tries;
	uint64_t next_upstream_timeout_ms;
	uint32_t ignore_headers; /* CONF_IGNORE_* */
	struct conf_value bind;
	bool is_bind_off, is_bind_transparent;
	const struct conf_upstream_tls *tls; /* proxy_ssl_*, complete; used with https */
	/* comfymux_websocket: a valid upgrade to WebSocket goes on by itself where neither Upgrade
	 * nor Connection is set. */
	bool websocket;
	bool sets_upgrade; /* set_header names Upgrade or Connection; known after the merge */
};

struct conf_loc {
	/* core */
	enum conf_content content; /* not inherited */
	struct conf_value root;
	bool is_alias;        /* `root` is what `alias` gave */
	uint32_t alias_bytes; /* of the URI it stands for; UINT32_MAX: all of it (a regex's) */
	CONF_ARRAY(struct conf_value) index;
	struct slice default_type;
	struct conf_types types;
	CONF_ARRAY(struct conf_error_page) error_page;
	struct conf_try_files try_files; /* not inherited */
	uint64_t client_max_body_size, client_body_buffer_size;
	enum conf_switch client_body_in_file_only; /* CONF_AUTO: clean */
	struct conf_temp_path client_body_temp_path;
	uint64_t client_body_timeout_ms, send_timeout_ms;
	uint64_t keepalive_timeout_ms,
		keepalive_header_s; /* the second: 0 for no Keep-Alive field */
	uint32_t keepalive_requests;
	uint64_t keepalive_time_ms;
	uint32_t keepalive_disable;       /* CONF_KEEPALIVE_* */
	enum conf_switch lingering_close; /* CONF_AUTO: always */
	uint64_t lingering_time_ms, lingering_timeout_ms;
	bool reset_timedout_connection;
	bool is_internal;               /* not inherited */
	enum conf_switch server_tokens; /* CONF_AUTO: build */
	bool absolute_redirect, port_in_redirect, server_name_in_redirect;
	bool recursive_error_pages, chunked_transfer_encoding, etag, log_not_found;
	bool log_subrequest;
	enum conf_if_modified if_modified_since;
	uint32_t max_ranges; /* UINT32_MAX: any number */
	struct conf_value limit_rate, limit_rate_after;
	bool has_limit_rate, has_limit_rate_after;
	CONF_ARRAY(struct conf_add_header) add_header, add_trailer;
	struct conf_expires expires;
	struct conf_value charset; /* count 0: off */
	struct slice source_charset;
	struct conf_gzip_types charset_types; /* none: nginx's own list */
	bool override_charset;
	bool autoindex, autoindex_exact_size, autoindex_localtime;
	enum conf_autoindex_format autoindex_format;
	enum conf_switch gzip_static; /* CONF_AUTO: always */
	const struct conf_resolver *resolver;
	uint64_t resolver_timeout_ms;
	const struct conf_loc_logs *logs; /* access_log: conf/nginx/set_log.c */
	const struct conf_error_logs
		*error_logs; /* error_log: conf/nginx/set_main.c; NULL: the main ones */

	struct conf_ops ops; /* rewrite phase; not inherited */
	bool uninitialized_variable_warn;

	struct conf_proxy proxy;
	struct conf_upstream_tls upstream_tls; /* what proxy.tls points at */
	struct conf_gzip gzip;
	const struct conf_access *access; /* allow, deny */
	const struct conf_auth *auth;     /* auth_basic */
	const struct conf_auth_request *auth_request;
	bool satisfy_any;
	uint64_t auth_delay_ms;
	const struct conf_limits_used *limits; /* limit_req, limit_conn */
	const struct conf_realip *realip;      /* set_real_ip_from */
	/* limit_except: for other methods than these the location below holds. */
	uint32_t limit_except_methods;
	const struct conf_location *limit_except; /* not inherited */
};

struct conf_srv {
	const struct conf_location
		*root; /* what holds where no location does; all others are in it */
	const struct conf_location *const *named;
	uint32_t named_count;
	struct conf_ops ops; /* the server's own rewrite phase */
	uint64_t client_header_timeout_ms;
	uint64_t client_header_buffer_size;
	uint32_t large_buffers_count;
	uint64_t large_buffers_size;
	bool ignore_invalid_headers, merge_slashes, underscores_in_headers;
	struct slice first_name; /* $server_name; "" without */
	struct conf_ssl ssl;
};

/* Of the methods that limit_except knows; 0 for any other. */
uint32_t conf_method_bit(struct slice method);

/* "30d", "epoch" ...; false when it cannot be read. */
bool conf_expires_parse(struct conf_expires *ret, const char *text, bool is_modified);

struct conf_web {
	CONF_ARRAY(const struct conf_upstream_tls *) upstream_tls; /* all that are in use */
	const char *prefix;      /* relative paths start here, with its '/' */
	const char *conf_prefix; /* of the main file: include, certificates, auth_basic_user_file */
	struct conf_users users; /* map, geo, set, named captures ... */
	CONF_ARRAY(struct slice) charsets; /* that charset and source_charset name */
	const struct conf_loc *loc;        /* http's own: what holds before a server is known */
	const struct conf_srv *srv;
	const struct conf_log_formats *formats;
	const struct conf_zones *zones; /* limit_req_zone, limit_conn_zone */
};

#endif
