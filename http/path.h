/*
 * http/path.h - one spelling for every path that means the same, for matching locations.
 *
 * What is sent on is always the raw target; this is only for deciding where it goes, so that
 * "/%76iew", "/a/../view" and "//view" find the location "/view" as they do in nginx.
 */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include "base/base.h"

/* True when there is nothing to do: no '%', no empty and no dotted segment. */
bool path_is_normal(struct slice path);

/*
 * %XX decoded once (a broken escape stays as it is), "." and ".." segments resolved (".." at the
 * root is dropped), repeated slashes merged. `path` begins with '/'. `out` has room for path.n
 * octets; returns the length, at most path.n. No terminator.
 */
size_t path_normalize(struct slice path, char *out);

#endif
