/*
 * conf/upstream.h - what an `upstream` block says that a native pool does not know.
 *
 * A pool with a conf_upstream is balanced exactly as nginx 1.22 does (lb/method.h), its members
 * keep nginx's accounts of failures (lb/peer.h). With CONF_METHOD_STRATEGY the block named one of
 * our own strategies: then max_fails, fail_timeout and max_conns mean nothing, and all else is as
 * in a native pool.
 */
#ifndef CONF_UPSTREAM_H
#define CONF_UPSTREAM_H

#include "base/base.h"

struct conf_node;
struct conf_resolver;
struct conf_value;

enum conf_method {
	CONF_METHOD_ROUND_ROBIN, /* smooth, weighted: the default */
	CONF_METHOD_IP_HASH,
	CONF_METHOD_LEAST_CONN,
	CONF_METHOD_HASH,
	CONF_METHOD_HASH_CONSISTENT,
	CONF_METHOD_RANDOM,
	CONF_METHOD_RANDOM_TWO,  /* of two, the one with fewer connections */
	CONF_METHOD_RANDOM_TIME, /* of two, the faster one */
	CONF_METHOD_LEAST_TIME,
	CONF_METHOD_STRATEGY, /* balancing.strategy */
	CONF_METHOD_COUNT = CONF_METHOD_STRATEGY
};

/* Which time counts for LEAST_TIME and RANDOM_TIME. */
enum conf_least_time { CONF_TIME_HEADER, CONF_TIME_LAST_BYTE };

/* `sticky`. */
enum conf_affinity_kind {
	CONF_AFFINITY_NONE,
	CONF_AFFINITY_COOKIE, /* we give the client the server's id in a cookie */
	CONF_AFFINITY_ROUTE,  /* the server's id is in one of the variables */
	CONF_AFFINITY_LEARN,  /* the server gives the client a key, which we remember */
};

#define CONF_EXPIRES_MAX_S 2145916555 /* cookie_expires_s of expires=max: 2037-12-31 23:55:55 */

struct conf_affinity {
	enum conf_affinity_kind kind;
	/* The first of them that is not empty counts. COOKIE: one, $cookie_NAME. */
	const struct conf_value *lookup; /* [lookup_count] */
	uint32_t lookup_count;
	const struct conf_value
		*create; /* LEARN: [create_count]; known when the answer's head is */
	uint32_t create_count;
	/* COOKIE: Set-Cookie: NAME=ID[; expires=DATE; max-age=N][; domain=D][; httponly][; secure]
	 * [; samesite=S][; path=P], in this order. */
	struct slice cookie;
	int64_t expires_s;               /* -1: not given; CONF_EXPIRES_MAX_S: the fixed date */
	const struct conf_value *domain; /* NULL: not given; an empty result: left out */
	/* NULL: not given. With variables what is none of strict, lax and none (in any case)
	 * becomes "strict"; an empty result is left out. */
	const struct conf_value *samesite;
	struct slice path; /* n 0: not given */
	bool is_httponly, is_secure;
	/* LEARN. The table is the pool's, whatever the zone is called. */
	const char *zone;
	uint64_t zone_bytes, timeout_ms;
	bool learns_at_header; /* when the answer's head is there, else when all of it is */
};

struct conf_upstream {
	enum conf_method method;
	const struct conf_value *key; /* HASH, HASH_CONSISTENT */
	enum conf_least_time time;    /* LEAST_TIME, RANDOM_TIME */
	bool counts_inflight;         /* LEAST_TIME: also by what has not been answered yet */
	bool is_implicit;             /* no block: made of the host and port of a proxy_pass */
	bool has_zone;
	/* Servers whose addresses are looked up while the program runs (`resolve`): none of them is
	 * among the pool's nodes; each stands for as many peers as it has addresses. */
	const struct conf_node *names; /* [name_count] */
	uint32_t name_count;
	const struct conf_resolver *resolver; /* who is asked; NULL without names */
	uint64_t resolver_timeout_ms;
	struct conf_affinity sticky;
	/* Idle connections: how many are kept in all (conf_pool.keepalive: to each server), 0 for
	 * none. */
	uint32_t keepalive;
	uint32_t keepalive_requests; /* requests on one connection */
	uint64_t keepalive_time_ms;  /* age of a connection, after which it is not kept */
	uint64_t keepalive_timeout_ms;
};

/* One address of a `server`: part of a conf_node. */
struct conf_peer {
	const char *
		server; /* as written, with its port if it has one: what `hash consistent` hashes */
	uint32_t max_fails; /* 0: failures do not count */
	uint64_t fail_timeout_s;
	uint32_t max_conns; /* 0: any number */
	bool is_down;
	const char *route;   /* NULL: not given, the address's MD5 is its id */
	bool is_resolved;    /* `resolve`: it is in conf_upstream.names */
	const char *service; /* what SRV records are asked for: "_http._tcp.NAME"; NULL: none */
};

#endif
