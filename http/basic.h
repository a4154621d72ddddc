/*
 * http/basic.h - the name and the password in an Authorization field (RFC 7617), read as nginx
 * reads them: padding may be missing, and both alphabets of base64 (RFC 4648) will do.
 */
#ifndef HTTP_BASIC_H
#define HTTP_BASIC_H

#include "base/base.h"

/* Room that http_basic_parse needs for a field of `n` octets. */
#define HTTP_BASIC_ROOM(n) ((n) / 4 * 3 + 3)

struct http_basic {
	struct slice user, password; /* in the caller's `out`; may have any octet but ':' in the
					name */
};

/* `field` is the value of Authorization. False: it is not Basic, is no base64, has no colon, or an
 * empty name. */
bool http_basic_parse(struct slice field, char *out, struct http_basic *ret) MUST_CHECK;

#endif
