/*
 * conf/nginx/source.h - the octets of configuration files, each file kept once for -T.
 */
#ifndef CONF_NGINX_SOURCE_H
#define CONF_NGINX_SOURCE_H

#include "base/err.h"
#include "conf/nginx/ast.h"

/* Reads a file anew each time, as nginx does; keeps the first reading of each name in *files, at
 * its end. NULL with *err in nginx's words, and *ret_is_open_error saying whether opening it was
 * what failed; err->text "": no memory. */
const struct ngx_file *ngx_load_file(struct arena *arena, struct ngx_file **files, const char *path,
	bool *ret_is_open_error, struct err *err) MUST_CHECK;

/* A text that came from elsewhere, kept likewise. NULL: no memory. */
const struct ngx_file *ngx_keep_text(struct arena *arena, struct ngx_file **files, const char *name,
	const char *text, size_t n) MUST_CHECK;

#endif
