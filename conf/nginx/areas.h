/*
 * conf/nginx/areas.h - the files of directives, one object each (conf/nginx/set_*.c).
 */
#ifndef CONF_NGINX_AREAS_H
#define CONF_NGINX_AREAS_H

#include "conf/nginx/table.h"

extern const struct ngx_area
	ngx_area_core; /* set_core.c: http, server, location and what is theirs */
extern const struct ngx_area ngx_area_main;     /* set_main.c: the process, events */
extern const struct ngx_area ngx_area_upstream; /* set_upstream.c and what it names: upstream { } */
extern const struct ngx_area ngx_area_rewrite;  /* set_rewrite.c */
extern const struct ngx_area ngx_area_access;   /* set_access.c */
extern const struct ngx_area ngx_area_limit;    /* set_limit.c */
extern const struct ngx_area ngx_area_realip;   /* set_realip.c */
extern const struct ngx_area ngx_area_proxy;    /* set_proxy.c */
extern const struct ngx_area ngx_area_headers;  /* set_headers.c */
extern const struct ngx_area ngx_area_static;   /* set_static.c */
extern const struct ngx_area ngx_area_body;     /* set_body.c */
extern const struct ngx_area ngx_area_map;      /* set_map.c: map, geo, split_clients */
extern const struct ngx_area ngx_area_log;      /* set_log.c: access_log */
extern const struct ngx_area ngx_area_body;     /* set_body.c */
extern const struct ngx_area ngx_area_tls;      /* set_tls.c */

extern const struct ngx_area ngx_area_resolver; /* set_resolver.c */

ngx_setter ngx_set_types; /* set_body.c: struct conf_gzip_types */

#endif
