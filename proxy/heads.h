/*
 * proxy/heads.h - the two heads that leave this proxy, built from parsed fields.
 *
 * Nothing of a received head is copied as it is: the start line, exactly one
 * framing field and one Host are ours; hop-by-hop fields and those that
 * Connection named stay behind (RFC 9110 section 7.6.1).
 */
#ifndef PROXY_HEADS_H
#define PROXY_HEADS_H

#include "proxy/exchange.h"

/* The request to the worker that was picked, into `out`. False: no memory. */
bool write_request_head(struct exchange *x, struct buf *out) MUST_CHECK;

/* The worker's answer to the client: x->answer, whose first octet is at `p`. `out_framing` says how
 * the body will go. */
bool write_response_head(struct exchange *x, const char *p, enum flow_framing out_framing,
	struct buf *out) MUST_CHECK;
/* A 1xx that is passed on. */
bool write_interim_head(struct exchange *x, const char *p, struct buf *out) MUST_CHECK;

#endif
