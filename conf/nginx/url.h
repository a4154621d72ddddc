/*
 * conf/nginx/url.h - "host:port", "[::1]:80", "unix:/path": where a server is, as nginx reads it.
 */
#ifndef CONF_NGINX_URL_H
#define CONF_NGINX_URL_H

#include "base/addr.h"
#include "base/base.h"

struct ngx_url {
	struct slice host; /* in the text: a name, an address, IPv6 with brackets, a unix path */
	uint16_t port;     /* 0 for unix */
	bool has_port;     /* given, not the default */
	struct addr addr;  /* len 0: a name */
};

/* NULL, or what is wrong, in nginx's words ("invalid port"). `text` need not be terminated. */
const char *ngx_url_parse(struct ngx_url *ret, struct slice text, uint16_t default_port);

#endif
