/*
 * proxy/gzip.h - packing and unpacking payload on its way (RFC 1952). The only file of the proxy
 * that knows zlib.
 */
#ifndef PROXY_GZIP_H
#define PROXY_GZIP_H

#include "proxy/flow_filter.h"

struct gzip_settings {
	unsigned level;    /* 1 to 9 */
	unsigned window;   /* windowBits, 9 to 15 */
	unsigned hash;     /* memLevel, 1 to 9 */
	int64_t length;    /* of what will come, -1 when not known: a small body needs less */
	bool flushes_idle; /* what came goes out at once: for streams */
};

/* Owned by who asked, until flow_set_filter. NULL: no memory. */
struct flow_filter *gzip_filter_create(const struct gzip_settings *settings) MUST_CHECK;
/* The other way round, several members in a row included. What is not gzip, or ends too early, is
 * FILTER_BAD_INPUT. */
struct flow_filter *gunzip_filter_create(void) MUST_CHECK;

/* Octets that went into and came out of a filter of gzip_filter_create: $gzip_ratio. */
void gzip_figures(const struct flow_filter *filter, uint64_t *ret_in, uint64_t *ret_out);

#endif
