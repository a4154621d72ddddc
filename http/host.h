/*
 * http/host.h - "host[:port]" as it stands in Host and in an absolute-form target (RFC 9110
 * section 7.2, RFC 3986 section 3.2).
 */
#ifndef HTTP_HOST_H
#define HTTP_HOST_H

#include "base/base.h"

struct http_host {
	struct slice
		name; /* without port; an IPv6 literal with its brackets; one trailing dot cut */
	int port;     /* -1: none given */
};

/* A reg-name of letters, digits, '-', '.', '_', '~', sub-delims and valid %XX; an IPv4 address; an
 * IPv6 literal in brackets (checked with inet_pton), or one of RFC 3986's IPvFuture. No userinfo. A
 * port is empty or 1-5 digits up to 65535. False otherwise, or when the name is empty; *ret_host is
 * then untouched. Its slices point into `text`. */
bool http_host_parse(struct http_host *ret_host, struct slice text) MUST_CHECK;

#endif
