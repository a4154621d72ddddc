/*
 * comfy/multipart_head.h - the fields of multipart/form-data: the boundary, and what a part is.
 * Pure.
 */
#ifndef COMFY_MULTIPART_HEAD_H
#define COMFY_MULTIPART_HEAD_H

#include "comfy/multipart.h"

/* The boundary in a Content-Type; `room` is used when it has to be unquoted. False: it is not
 * multipart/form-data, or has no valid boundary (RFC 2046 section 5.1.1). */
bool multipart_boundary(struct slice content_type, char room[MULTIPART_BOUNDARY_MOST],
	struct slice *ret_boundary) MUST_CHECK;

/*
 * A part's fields, with the empty line that ends them. 0, -EINVAL: broken; no name; a transfer or
 * content coding, which RFC 7578 does not have. -E2BIG: a name too long.
 *
 * Names are taken as ComfyUI's server takes them: \c in quotes is c, filename* (RFC 8187) wins over
 * filename, and percent signs in the latter mean nothing.
 */
int multipart_part_read(struct multipart_part *ret_part, struct slice fields) MUST_CHECK;

#endif
