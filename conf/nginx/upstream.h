/*
 * conf/nginx/upstream.h - an `upstream` while it is read: set_upstream.c, set_balancing.c.
 */
#ifndef CONF_NGINX_UPSTREAM_H
#define CONF_NGINX_UPSTREAM_H

#include "conf/nginx/table.h"
#include "conf/nginx/url.h"

/* What `server` may have with the method named so far. */
enum { UPSTREAM_BACKUP = 1 << 0 };

struct ngx_upstream {
	struct slice name; /* of the block, or the host of a proxy_pass */
	uint16_t port;     /* of a proxy_pass; 0: none, any is meant */
	bool has_port;     /* it was written */
	bool is_block;
	const struct ngx_node *node;          /* for what is wrong with it as a whole */
	struct conf_place place;              /* where it was named first: nginx blames that */
	uint32_t allows;                      /* UPSTREAM_* */
	bool has_method;                      /* a further one is warned of */
	CONF_ARRAY(struct conf_node) servers; /* a name is one, until it is looked up */
	struct conf_upstream conf;
	struct conf_pool *pool; /* what the block changed of the defaults: health, strategy */
	CONF_ARRAY(const struct ngx_node *) own; /* comfymux { } in the block */
	bool has_health_check;                   /* somebody said whether there are probes */
	bool has_keepalive_requests, has_keepalive_time, has_keepalive_timeout;
	bool has_resolve, has_resolver_timeout;
	const struct conf_resolver *resolver; /* of its own; NULL: http's */
	const char *zone;                     /* NULL: none */
	bool has_zone_size;
};

struct ngx_upstream_place {
	struct ngx_upstream *one;
};

struct ngx_upstreams {
	CONF_ARRAY(struct ngx_upstream_place) list; /* the index is that of conf.pools */
};

/* The block that is read. */
static inline struct ngx_upstream *ngx_upstream_of(const struct ngx_build *b)
{
	return b->scope->own;
}

/* set_balancing.c */
extern ngx_setter ngx_set_method, ngx_set_hash, ngx_set_random, ngx_set_least_time,
	ngx_set_keepalive, ngx_set_keepalive_requests, ngx_set_keepalive_time,
	ngx_set_keepalive_timeout, ngx_set_zone;
/* pool_tls.c: conf_pool.tls of all, when the pools are made and proxy_ssl_* are complete. */
bool ngx_give_pools_tls(struct ngx_build *b) MUST_CHECK;
/* set_sticky.c */
extern ngx_setter ngx_set_sticky;
/* set_upstream_own.c: comfymux { } */
extern ngx_setter ngx_set_upstream_own;
/* Of an `upstream` or a proxy_pass: named, with the defaults, in no list. NULL: no memory (told).
 */
struct ngx_upstream *ngx_upstream_make(
	struct ngx_build *b, const struct ngx_node *node, struct slice name) MUST_CHECK;

#endif
