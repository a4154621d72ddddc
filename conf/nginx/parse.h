/*
 * conf/nginx/parse.h - files -> one tree of directives, what they include in its place.
 */
#ifndef CONF_NGINX_PARSE_H
#define CONF_NGINX_PARSE_H

#include "conf/nginx/ast.h"

/* Whether the text looks like nginx's language and not like libconfig's: by how its first setting
 * goes on behind its name. A text without any is libconfig's. */
bool ngx_is_nginx_file(const char *text, size_t n) MUST_CHECK;

#define NGX_BESIDE "comfymux.conf"

/* What stands at `path` with all it includes, behind the directives of -g (`globals`; NULL: none),
 * and behind those of the file NGX_BESIDE in path's folder, if that is there, is in this language,
 * and is not included by any of them. Relative includes start at path's folder. What is wrong, a
 * file that is not there included, is an error node in the tree. NULL: no memory. All of it is in
 * `arena`. */
struct ngx_tree *ngx_read_file(
	struct arena *arena, const char *path, const char *globals) MUST_CHECK;
/* The same for a main file's text that was read already. */
struct ngx_tree *ngx_read_text(struct arena *arena, const char *text, size_t n, const char *name,
	const char *globals) MUST_CHECK;

#endif
