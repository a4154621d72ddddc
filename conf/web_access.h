/*
 * conf/web_access.h - who gets in, as a location says it: addresses, passwords, another server's
 * word, limits, and whose address counts. Part of conf/web.h's tree; conf/nginx/set_access.c,
 * set_limit.c and set_realip.c fill it.
 */
#ifndef CONF_WEB_ACCESS_H
#define CONF_WEB_ACCESS_H

#include "base/cidr.h"
#include "base/log.h"
#include "conf/web.h"

/* allow, deny: the first rule that has the address decides; none does: it may pass. */
struct conf_access_rule {
	struct cidr net;
	bool is_denied;
};

struct conf_access {
	CONF_ARRAY(struct conf_access_rule) rules;
	/* One of them is about IPv4: then an IPv4 address that came mapped into IPv6 is judged as
	 * IPv4, else as it is. */
	bool has_v4;
};

struct conf_auth {
	bool has_realm, has_file;
	struct conf_value realm; /* "off": no password is asked for */
	struct conf_value file;  /* behind conf_prefix when it is relative */
};

struct conf_auth_set {
	struct conf_part variable; /* CONF_PART_USER, or a built-in that may be set */
	struct conf_value value;
};

struct conf_auth_request {
	bool has_uri, has_sets;
	struct slice uri; /* decoded; empty: off */
	CONF_ARRAY(struct conf_auth_set) sets;
};

enum conf_zone_kind { CONF_ZONE_REQ, CONF_ZONE_CONN };

/* limit_req_zone, limit_conn_zone */
struct conf_zone {
	const char *name;
	enum conf_zone_kind kind;
	bool is_defined; /* while it is read: named so far, or said what it is */
	uint64_t bytes;
	struct slice key_text; /* as written */
	struct conf_value key;
	uint64_t rate; /* CONF_ZONE_REQ: thousandths of a request per second */
};

struct conf_zones {
	CONF_ARRAY(struct conf_zone *) zones;
};

#define CONF_LIMIT_NODELAY (UINT64_MAX / 2)

struct conf_limit_req {
	uint32_t zone;  /* index into conf_zones */
	uint64_t burst; /* thousandths of a request */
	uint64_t delay; /* likewise; CONF_LIMIT_NODELAY */
};

struct conf_limit_conn {
	uint32_t zone;
	uint32_t most;
};

struct conf_limits_used {
	CONF_ARRAY(struct conf_limit_req) reqs;
	CONF_ARRAY(struct conf_limit_conn) conns;
	uint16_t req_status, conn_status; /* 0 while not given */
	enum log_level req_level, conn_level;
	enum log_level delay_level; /* one below req_level */
	bool is_req_dry, is_conn_dry;
	unsigned given; /* while it is read: which of these were */
};

enum conf_realip_from {
	CONF_REALIP_X_REAL_IP,
	CONF_REALIP_X_FORWARDED_FOR,
	CONF_REALIP_FIELD,
	CONF_REALIP_PROXY_PROTOCOL
};

/* set_real_ip_from, real_ip_header, real_ip_recursive */
struct conf_realip {
	CONF_ARRAY(struct cidr) from; /* none: nobody's word counts */
	enum conf_realip_from kind;
	struct slice field; /* its name: "X-Real-IP" ... */
	bool is_recursive;
	unsigned given;
};

#endif
