/*
 * comfy/multipart.h - multipart/form-data (RFC 7578, RFC 2046 section 5.1), piece by piece. Pure.
 *
 * The same events for a body in one piece and octet by octet (fuzzed).
 */
#ifndef COMFY_MULTIPART_H
#define COMFY_MULTIPART_H

#include "base/buf.h"

#define MULTIPART_BOUNDARY_MOST 70
#define MULTIPART_NAME_MOST 512  /* octets of a name or filename; longer: refused */
#define MULTIPART_HEAD_MOST 8192 /* octets of one part's fields */
#define MULTIPART_PARTS_MOST 64

struct multipart_part {
	char name[MULTIPART_NAME_MOST + 1];
	char filename[MULTIPART_NAME_MOST + 1];
	bool has_filename;
	char type[128]; /* Content-Type, "" without one */
};

struct multipart;

struct multipart_events {
	/* False from any of them ends the reading (multipart_feed gives -ECANCELED). */
	bool (*on_part)(void *arg, const struct multipart_part *part);
	bool (*on_octets)(void *arg, struct slice octets);
	bool (*on_part_end)(void *arg);
};

/* content_type: the field's value. NULL with errno EINVAL (no multipart/form-data with a valid
 * boundary) or ENOMEM. */
struct multipart *multipart_create(
	struct slice content_type, const struct multipart_events *events, void *arg) MUST_CHECK;
void multipart_destroy(struct multipart *multipart); /* takes NULL */
/* 0, -EINVAL (broken), -E2BIG (a bound above), -ECANCELED. After an error nothing more is taken. */
int multipart_feed(struct multipart *multipart, struct slice piece) MUST_CHECK;
/* The closing boundary was seen. */
bool multipart_is_done(const struct multipart *multipart);

#endif
