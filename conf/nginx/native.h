/*
 * conf/nginx/native.h - the directives of nginx's language in libconfig's clothes, and back.
 *
 *   worker_processes 2;                    worker_processes = "2";
 *   events { }                             events = { };
 *   http {                                 http = {
 *       log_format a '$uri';                   log_format = [ "a", "$uri" ];
 *       map $uri $a { default b; }             map = { args = [ "$uri", "$a" ];
 *                                                      pairs = ( [ "default", "b" ] ); };
 *       server {                               server = {
 *           listen 80;                             listen = ( [ "80" ], [ "81", "ssl" ] );
 *           listen 81 ssl;
 *           internal;                              internal = [ ];
 *           deny 1.2.3.4; allow all;               ordered = ( { deny = "1.2.3.4"; },
 *           deny all;                                  { allow = "all"; }, { deny = "all"; } );
 *       }                                      };
 *   }                                      };
 *
 * A list of values is one directive's arguments; with a list or a group among its items it is
 * several directives of that name. `args` are a block's own, `pairs` the lines of a block whose
 * names are no directives, `ordered` is for directives whose order counts. Numbers and true and
 * false stand for themselves, "on" and "off".
 */
#ifndef CONF_NGINX_NATIVE_H
#define CONF_NGINX_NATIVE_H

#include "base/text.h"
#include "conf/nginx/ast.h"
#include "conf/raw.h"

/* A libconfig file with an `http` group is one of these. */
bool ngx_is_native(const struct conf_raw *root) MUST_CHECK;
/* Its tree; a value that cannot be one is an error node. Copied into `arena`. NULL: no memory. */
struct ngx_tree *ngx_of_native(struct arena *arena, const struct conf_raw *root) MUST_CHECK;

/* The reverse; `notes` become comments in front of what they are about. Error nodes are left out.
 */
void ngx_to_native(struct text *text, const struct ngx_tree *tree, const struct conf_note *notes);

#endif
