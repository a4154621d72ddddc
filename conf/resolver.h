/*
 * conf/resolver.h - `resolver`: who is asked for the addresses of names that only a request knows.
 */
#ifndef CONF_RESOLVER_H
#define CONF_RESOLVER_H

#include "base/addr.h"

struct conf_resolver {
	struct addr *servers; /* [count]; asked in turn */
	uint32_t count;       /* 0: `resolver off` */
	uint64_t valid_s;     /* an answer is good for so long; 0: for as long as it says */
	bool ipv4, ipv6;      /* which addresses are asked for */
};

#endif
