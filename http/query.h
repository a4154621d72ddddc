/*
 * http/query.h - finding a parameter in a query string, as aiohttp and browsers write it.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "base/base.h"

/*
 * The first parameter called `name`, decoded (%XX, '+' is a blank) into out[0..room), terminated.
 * The names in the query are decoded, too, before they are compared.
 * Returns its length, or -1: not there, empty, longer than room - 1, a bad escape, or a decoded
 * NUL; `out` is then empty. No later parameter of the same name is looked at.
 */
int query_find(struct slice query, const char *name, char *out, size_t room);

/* %XX-decodes a path segment (here '+' stays). Returns as above. */
int percent_decode(struct slice text, char *out, size_t room);

#endif
