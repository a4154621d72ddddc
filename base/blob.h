/*
 * base/blob.h - octets that several hold, and nobody changes.
 *
 * One allocation; the last holder frees it. A WebSocket frame for many clients, an answer
 * that is kept ready, a request's body while its job waits.
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include "base/base.h"

struct text;

struct blob {
	uint32_t refs;
	size_t n;
	char *p; /* n octets, then a NUL that does not count */
};

/* One reference, octets not set: fill them before anybody else holds it. NULL: no memory. */
struct blob *blob_create(size_t n) MUST_CHECK;
struct blob *blob_copy(const void *p, size_t n) MUST_CHECK;
/* What the text has become; the text is empty then. NULL when it is short (base/text.h) or memory
 * is out, and then the text is finished all the same. */
struct blob *blob_of_text(struct text *text) MUST_CHECK;

static inline struct blob *blob_ref(struct blob *blob)
{
	blob->refs++;
	return blob;
}

/* Takes NULL. */
void blob_unref(struct blob *blob);

static inline struct slice blob_slice(const struct blob *blob)
{
	return (struct slice){blob->p, blob->n};
}

#endif
