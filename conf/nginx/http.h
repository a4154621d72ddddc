/*
 * conf/nginx/http.h - between the files that read http { }: servers, addresses, locations.
 */
#ifndef CONF_NGINX_HTTP_H
#define CONF_NGINX_HTTP_H

#include "conf/nginx/table.h"

#include <stdlib.h>

struct conf_types_list {
	struct conf_type *items;
	uint32_t count, room;
};

struct ngx_name {
	struct slice name; /* lower case; "*.x", "x.*" as written */
	const struct regex *regex;
};

/* A server while it is read; the scope's `own`. */
struct ngx_server {
	struct ngx_server *next;
	struct ngx_scope *scope;
	struct conf_place place;
	struct conf_location *root;
	CONF_ARRAY(struct conf_listen) listens;
	CONF_ARRAY(struct ngx_name) names;
	CONF_ARRAY(const struct conf_location *) named; /* @name */
	struct conf_tls *tls;                           /* set_tls.c: NULL without a certificate */
};

/* A location while it is read: its inner ones, in the order of the file; the scope's `own`. */
struct ngx_inner {
	CONF_ARRAY(const struct conf_location *) items;
};

/* http.c */
bool ngx_read_http(struct ngx_build *b, const struct ngx_node *node);
bool ngx_read_server(struct ngx_build *b, const struct ngx_node *node);
bool ngx_finish_core(struct ngx_build *b);
/* The server whose block is around this one. */
struct ngx_server *ngx_server_of(const struct ngx_scope *scope);

/* set_location.c */
ngx_setter ngx_set_location, ngx_set_limit_except;
bool ngx_finish_location(struct ngx_build *b, struct ngx_scope *scope);
/* Sorts what was pushed into `inner` as conf_location.inner wants it. False: told. */
bool ngx_seal_inner(struct ngx_build *b, struct conf_location *location, struct ngx_inner *inner);

/* set_listen.c */
ngx_setter ngx_set_listen, ngx_set_server_name;
/* listen *:80 (or *:8000 without root), for a server that says nothing. */
bool ngx_default_listen(struct ngx_build *b, struct ngx_server *server);

/* set_pages.c */
ngx_setter ngx_set_error_page, ngx_set_try_files;

#endif
