/*
 * base/freelist.h - objects of one size that come and go with every request.
 *
 * Under AddressSanitizer nothing is kept, so that a use after give is seen.
 */
#ifndef BASE_FREELIST_H
#define BASE_FREELIST_H

#include "base/base.h"

struct freelist {
	void *first; /* owned; each object's first word leads to the next */
	size_t bytes;
	uint32_t count, most;
};

#define FREELIST(type, keep)                                                                       \
	{                                                                                          \
		.bytes = sizeof(type), .most = HAS_ASAN ? 0 : (keep)                               \
	}

/* Not cleared. NULL: no memory. */
void *freelist_take(struct freelist *list) MUST_CHECK;
void freelist_give(struct freelist *list, void *object);
/* Frees what is kept. */
void freelist_trim(struct freelist *list);

#endif
