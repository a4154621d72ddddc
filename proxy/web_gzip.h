/*
 * proxy/web_gzip.h - gzip and gunzip of an answer; web_gzip and web_dress are in proxy/web.h.
 */
#ifndef PROXY_WEB_GZIP_H
#define PROXY_WEB_GZIP_H

#include "proxy/web.h"

/* web->filter, in the arena: what was decided with the head, until the flow is aimed. */
struct web_filter {
	bool packs;                 /* else unpacks */
	int64_t length;             /* before; -1: not known */
	struct flow_filter *filter; /* borrowed: x->down's; NULL before */
};

/* Whether an Accept-Encoding names gzip and does not refuse it (RFC 9110 section 12.5.3), read as
 * nginx reads it. */
bool web_accepts_gzip(struct slice accept);

/* The client can read gzip, and nothing that is configured speaks against it. */
bool web_gzip_ok(const struct exchange *x);
/* Without "; charset=...". */
struct slice web_bare_type(struct slice type);
/* A Content-Type, whatever its charset. */
bool web_is_type_listed(const struct conf_gzip_types *types, struct slice type);
/* web->out as it is now will be packed. */
bool web_packs(const struct exchange *x);

/* What X-Accel-Buffering and X-Accel-Limit-Rate of x->answer, whose head is at `p`, say. */
void web_take_accel(struct exchange *x, const char *p);

/* Octets into and out of gzip until now; false: this answer is not packed. */
bool web_gzip_ratio(const struct exchange *x, uint64_t *ret_in, uint64_t *ret_out);

#endif
