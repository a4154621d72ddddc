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
};

/* What answers a request. The nginx reader adds static files and returns here. */
enum conf_handler { CONF_HANDLE_PROXY, CONF_HANDLE_RESPOND };

struct conf_respond {
	uint16_t status; /* 200-599 */
	const char *type, *body;
	uint32_t body_bytes;
};

struct conf_location {
	struct conf_place place;
	const char *path; /* a prefix, begins with '/' */
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
};

struct conf_listen {
	struct conf_place place;
	const char *text; /* as written: a listener is kept over a reload when this is the same */
	struct addr addr;
};

struct conf_server {
	struct conf_place place;
	struct conf_listen *listens;
	uint32_t listen_count;
	const char **names; /* lower case; none: only as a default server */
	uint32_t name_count;
	struct conf_tls *tls;            /* NULL: plain */
	struct conf_location *locations; /* longest path first */
	uint32_t location_count;
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
};

/* Takes NULL. */
void conf_destroy(struct conf *conf);

#endif
