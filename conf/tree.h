/*
 * conf/tree.h - the configuration as the program uses it.
 *
 *   struct conf
 *     +- timeouts, limits            defaults for everything below
 *     +- pools[]                     nodes, strategy, stickiness, health
 *     '- servers[]                   addresses, names, certificate
 *          '- locations[]            a path prefix -> a pool or a fixed answer
 *
 * One read-only tree, whatever language it was written in. A reader builds it,
 * conf/check.c judges it, and from then on nobody changes it; it is destroyed as
 * a whole. Every string and array lives in its arena. Times are milliseconds,
 * sizes octets; 0 means "no limit" or "never", except where said.
 */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/log.h"
#include "conf/upstream.h"

struct cidr;
struct regex;
struct conf_loc;
struct conf_pool_tls;
struct conf_srv;
struct conf_ssl;
struct conf_web;
struct ngx_file;

/* In which file and line something was written, for messages. */
struct conf_place {
	const char *file;
	unsigned line; /* 0: it is a default */
};

struct conf_timeouts {
	uint64_t header_ms;    /* the whole request head, from its first octet */
	uint64_t body_ms;      /* between two reads of a request body */
	uint64_t send_ms;      /* the client takes nothing */
	uint64_t keepalive_ms; /* an idle client connection */
	uint64_t connect_ms;   /* to a worker */
	uint64_t read_ms;      /* between two reads from a worker */
	uint64_t tunnel_ms;    /* nothing in either direction */
	uint64_t
		drain_ms; /* a worker that was taken away, or QUIT: what runs may go on this long */
};

struct conf_limits {
	uint32_t max_connections; /* clients, all listeners together */
	uint32_t header_bytes;
	uint32_t header_fields;
	uint32_t target_bytes; /* request target */
	uint64_t body_bytes;   /* 0: any */
	uint64_t buffer_body;  /* a body up to this is held before a worker is chosen; 0: none is */
};

enum conf_log_format { CONF_LOG_COMBINED, CONF_LOG_JSON, CONF_LOG_OFF };

/* Who a request belongs to; tried in the order configured. */
enum conf_sticky_key {
	CONF_KEY_COOKIE,
	CONF_KEY_CLIENT_ID,
	CONF_KEY_PROMPT_ID,
	CONF_KEY_IP,
	CONF_KEY_COUNT
};

struct conf_sticky {
	enum conf_sticky_key keys[CONF_KEY_COUNT];
	uint32_t key_count; /* 0: no stickiness */
	const char *cookie; /* its name */
	uint64_t ttl_ms;
	uint32_t max_entries;
};

struct conf_metadata {
	const char *location, *gpu_model, *description; /* "" when not given */
	int32_t priority;                               /* lower goes first; 0 when not given */
};

struct conf_node {
	struct conf_place place;
	const char *node_id; /* unique in its pool */
	const char *host;    /* as written: a name, an address, or "unix:/path" */
	uint16_t port;
	struct addr addr; /* a name: len 0 until conf_resolve, then its first IPv4 address, or its
			  first */
	uint32_t max_concurrent;
	uint32_t weight;
	bool backup, drain;
	const char **capabilities;
	uint32_t capability_count;
	struct conf_metadata metadata;
	struct conf_peer peer; /* in a pool with `upstream` */
};

struct conf_balancing {
	const char *strategy; /* a name of lb/registry.h, checked by the caller's list */
	bool enable_failover;
	uint32_t max_retries; /* other workers to try after the first */
	uint64_t load_interval_ms;
	struct conf_sticky sticky;
};

struct conf_health {
	uint64_t interval_ms; /* 0: no active probes */
	uint64_t timeout_ms;
	uint64_t heartbeat_timeout_ms;
	const char *path;
	uint32_t rise, fall;
};

/* Who decides where a job runs: its client's stickiness, or the proxy, job by job. */
enum conf_mode { CONF_MODE_STICKY, CONF_MODE_FLEET };

enum conf_sync { CONF_SYNC_NORMAL, CONF_SYNC_FULL };

struct conf_journal {
	const char *path; /* "" for none */
	enum conf_sync sync;
};

/* What CONF_MODE_FLEET goes by. */
struct conf_fleet {
	uint32_t max_queue;     /* jobs that wait in the proxy */
	uint32_t max_history;   /* ended ones that are remembered */
	uint64_t history_bytes; /* what they may take together */
	uint64_t prompt_bytes;  /* body of POST /prompt */
	bool rerun_lost;
	uint32_t bulk_weight; /* thousandths */
	uint32_t bulk_jobs;
	const char *spool_dir; /* "": a temporary one */
	uint64_t spool_bytes;
	struct conf_journal journal;
	const char *priority_header; /* "" for none */
	int32_t max_priority;
	uint64_t page_ping_ms;
	uint64_t page_buffer;  /* octets that wait for a slow client */
	uint64_t page_message; /* octets of a message from a client */
};

struct conf_pool {
	struct conf_place place;
	const char *name; /* unique */
	enum conf_mode mode;
	struct conf_fleet fleet;
	uint32_t keepalive; /* idle connections kept per worker; 0: none */
	struct conf_node *nodes;
	uint32_t node_count;
	struct conf_balancing balancing;
	struct conf_health health;
	const struct conf_upstream *upstream; /* NULL: a native pool */
	const struct conf_pool_tls *tls;      /* conf/tls_tree.h; NULL: its workers are plain */
};

/* What answers a request, where `loc` does not say. */
enum conf_handler { CONF_HANDLE_PROXY, CONF_HANDLE_RESPOND };

struct conf_respond {
	uint16_t status; /* 200-599 */
	const char *type, *body;
	uint32_t body_bytes;
};

/* How a location is found. A libconfig file's are prefixes. */
enum conf_match {
	CONF_MATCH_PREFIX,
	CONF_MATCH_EXACT, /* = */
	CONF_MATCH_REGEX, /* ~ and ~* */
	CONF_MATCH_NAMED, /* @name: by internal redirects only */
	CONF_MATCH_NONE,  /* a server's own, an `if`, a limit_except: never by a path */
};

struct conf_location {
	struct conf_place place;
	enum conf_match match;
	bool stops_regex;    /* ^~ */
	bool has_auto_slash; /* a proxied prefix that ends in '/': 301 for the path without it */
	const struct regex *regex;  /* CONF_MATCH_REGEX */
	const struct conf_loc *loc; /* conf/web.h; NULL in a libconfig file without directives */
	const struct conf_location *const
		*inner; /* nested ones, sorted like a server's; [inner_count] */
	uint32_t inner_count;
	const char *path; /* a prefix, begins with '/'; a regex or a name as written */
	uint32_t path_bytes;
	enum conf_handler handler;
	uint32_t pool; /* CONF_HANDLE_PROXY: index into conf.pools */
	struct conf_respond respond;
	struct conf_timeouts timeouts; /* complete: what the location did not say is inherited */
	struct conf_limits limits; /* likewise; only header_*, target_*: those of the default server
				      apply before routing */
};

struct conf_tls {
	struct conf_place place;
	const char *certificate, *key; /* paths, made absolute against the prefix */
	uint16_t min_version;          /* 0x0303 TLS 1.2, 0x0304 TLS 1.3 (RFC 8446 section 4.2.1) */
	const char *ciphers;           /* TLS 1.2 list in OpenSSL's language, "" for the default */
	const struct conf_ssl *web;    /* conf/tls_tree.h: then only that counts; NULL without */
};

struct conf_listen {
	struct conf_place place;
	const char *text; /* as written: a listener is kept over a reload when this is the same */
	struct addr addr;
	bool is_tls;
	bool is_default; /* default_server */
	bool is_v6_only, has_v6_only;
	int32_t backlog;        /* 0: the system's most */
	int32_t rcvbuf, sndbuf; /* octets; 0: the system's */
	bool is_reuseport, is_deferred;
	bool has_options;       /* something was said of the socket here */
	bool is_proxy_protocol; /* connections begin with its header */
	/* Whose header says who the client is, as soon as it was read; none in nginx's language,
	 * where set_real_ip_from says it of a location. */
	const struct cidr *proxies; /* [proxy_count] */
	uint32_t proxy_count;
};

struct conf_name_regex {
	const struct regex *regex;
};

struct conf_server {
	struct conf_place place;
	struct conf_listen *listens;
	uint32_t listen_count;
	const char **names; /* lower case; none: only as a default server */
	uint32_t name_count;
	struct conf_tls *tls; /* NULL: plain */
	const char **proxies; /* proxy_protocol, as written; [proxy_count] */
	uint32_t proxy_count;
	struct conf_location *locations; /* longest path first */
	uint32_t location_count;
	const struct conf_srv *srv; /* conf/web.h; then `locations` is not used, srv->root is */
	struct conf_name_regex *name_regexes; /* server_name ~..., in order */
	uint32_t name_regex_count;
};

enum conf_note_level { CONF_NOTE_WARN, CONF_NOTE_NOTICE };

struct conf_note {
	struct conf_note *next;
	enum conf_note_level level;
	struct conf_place place;
	const char *text;
};

struct conf_owned {
	struct conf_owned *next;
	void (*destroy)(void *thing);
	void *thing;
};

struct conf {
	struct arena arena; /* owns everything below, and this struct */
	const char *file;

	bool daemon;
	const char *pid_file; /* "" for none */
	const char *user;     /* "" to stay who we are */
	const char *error_log;
	enum log_level error_level;
	const char *access_log; /* "" with CONF_LOG_OFF */
	enum conf_log_format access_format;
	const char *admin_listen; /* "" for none */
	struct addr admin_addr;
	struct conf_place admin_place;

	struct conf_timeouts timeouts;
	struct conf_limits limits;
	struct conf_pool *pools;
	uint32_t pool_count;
	struct conf_server *servers;
	uint32_t server_count;
	const struct conf_web *web;         /* conf/web.h; NULL: not nginx's language */
	struct conf_note *notes;            /* in order; what its administrator should hear once */
	const struct conf_process *process; /* conf/process.h; NULL: not nginx's language */
	const struct ngx_file *nginx_files; /* conf/nginx/ast.h: what was read, for -T */
	struct conf_owned *owned;           /* what is not in the arena (conf_own) */
};

/* `destroy(thing)` is called when the tree goes, last added first. `arena` is the tree's. False: no
 * memory; then nothing is taken over. */
bool conf_own(struct conf *conf, struct arena *arena, void (*destroy)(void *thing),
	void *thing) MUST_CHECK;
/* What conf_own took over is destroyed: for a tree that is given up before it is whole. */
void conf_disown(struct conf *conf);
/* Takes NULL. */
void conf_destroy(struct conf *conf);

#endif
