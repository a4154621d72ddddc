/*
 * proxy/web_tls.h - where TLS and nginx's servers meet.
 */
#ifndef PROXY_WEB_TLS_H
#define PROXY_WEB_TLS_H

#include "proxy/generation.h"
#include "proxy/web.h"

/* The TLS names of every address lead to certificates as Host leads to servers. After the sites are
 * made. */
void web_tls_name_sites(struct generation *generation);
/* proxy_ssl_* of all locations that use them. -ENOMEM; -EINVAL: problems says what is wrong. */
int web_tls_create_peers(struct generation *generation, struct conf_problems *problems) MUST_CHECK;

/* The server that the TLS name led to, for requests without Host. NULL: none. */
const struct conf_server *web_tls_server(const struct exchange *x);
/* x->server is known, `host` led to it (without port; empty: there was none): may this client ask
 * it, by its certificate and its TLS name, and does it speak TLS at all? False: *ret_step is what
 * comes next instead. */
bool web_tls_admit(struct exchange *x, struct slice host, enum step *ret_step) MUST_CHECK;

/* How the workers of this location are spoken to: x->route. `host` is the name of the pool or the
 * host that proxy_pass says, a port behind it does not matter. False: no memory. */
bool web_tls_route(struct exchange *x, bool is_https, struct slice host) MUST_CHECK;

#endif
