/*
 * conf/nginx/read.h - from an nginx.conf that was parsed to the tree.
 */
#ifndef CONF_NGINX_READ_H
#define CONF_NGINX_READ_H

#include "conf/conf.h"
#include "conf/nginx/ast.h"

/* Without -p most relative paths start here, as with Debian's nginx. */
#define NGX_PREFIX "/usr/share/nginx/"

/* The whole tree, in `arena`, which also holds `parsed`. NULL: no memory at all. With a problem
 * added it is not fit for use, but conf_disown has to be called for it. */
struct conf *ngx_read(struct arena *arena, const struct ngx_tree *parsed, const char *file,
	const struct conf_rules *rules, struct conf_problems *problems) MUST_CHECK;

#endif
