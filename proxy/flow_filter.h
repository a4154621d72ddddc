/*
 * proxy/flow_filter.h - something that changes the payload of a flow on its way: gzip.
 */
#ifndef PROXY_FLOW_FILTER_H
#define PROXY_FLOW_FILTER_H

#include "base/buf.h"

enum filter_flush {
	FILTER_GOES_ON, /* more will come: keep what is better kept */
	FILTER_FLUSH,   /* what was taken so far must come out */
	FILTER_FINISH,  /* the payload ends here; nothing is taken behind it */
};

enum filter_result { FILTER_OK, FILTER_BAD_INPUT, FILTER_NO_MEMORY };

struct flow_filter {
	/* Takes p[0..n), all of it, and appends what comes out to `out`. n may be 0. */
	enum filter_result (*take)(struct flow_filter *self, const char *p, size_t n,
		enum filter_flush flush, struct buf *out);
	void (*destroy)(struct flow_filter *self);
	size_t take_most;  /* octets at a time, so that what comes out stays small */
	bool flushes_idle; /* the receiver sees at once what came, for the price of a worse ratio */
};

#endif
