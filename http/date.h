/*
 * http/date.h - the dates of HTTP (RFC 9110 section 5.6.7).
 */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "base/base.h"

#define HTTP_DATE_ROOM 30

/* "Sun, 06 Nov 1994 08:49:37 GMT", terminated; seconds since 1970, not negative. */
void http_date_format(int64_t seconds, char out[HTTP_DATE_ROOM]);

/* All three forms. Seconds since 1970, -1 when it is none. */
int64_t http_date_parse(struct slice text);

#endif
