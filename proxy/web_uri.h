/*
 * proxy/web_uri.h - URIs: taken apart as nginx does, and put together again.
 */
#ifndef PROXY_WEB_URI_H
#define PROXY_WEB_URI_H

#include "base/arena.h"
#include "proxy/web.h"

/* web->uri, args and raw_uri from the request line; `merges` as below. False: answered, *ret_step
 * is what is next. */
bool web_take_uri(struct exchange *x, bool merges, enum step *ret_step) MUST_CHECK;

/*
 * %XX decoded once, "." and ".." resolved, and with `merges` repeated slashes merged. *ret p NULL
 * when it leads above the root, holds %00 or a broken escape. False: no memory.
 */
bool web_unescape_path(
	struct arena *arena, struct slice path, bool merges, struct slice *ret) MUST_CHECK;

/* What may not stand in a URI's path goes as %XX (nginx: ngx_escape_uri, URI); '?' and `args`
 * behind it if there are any. False: no memory. */
bool web_escape_uri(
	struct arena *arena, struct slice path, struct slice args, struct slice *ret) MUST_CHECK;
/* The same alone, for what becomes part of the arguments (ARGS: '&', '+', ';' ... too). */
bool web_escape_args(struct arena *arena, struct slice text, struct slice *ret) MUST_CHECK;

/* A redirect's target: %XX of visible octets beyond '%' are decoded, up to the first '?' (nginx).
 * False: no memory. */
bool web_unescape_redirect(struct arena *arena, struct slice text, struct slice *ret) MUST_CHECK;

/* Pieces put together; a NULL p is an empty one. False: no memory. */
bool web_join(struct arena *arena, const struct slice *pieces, uint32_t count,
	struct slice *ret) MUST_CHECK;

#endif
