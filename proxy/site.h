/*
 * proxy/site.h - what one listening address serves, and whose a Host is there.
 *
 *   exact name > longest "*.suffix" > longest "prefix.*" > first regular expression > the default
 */
#ifndef PROXY_SITE_H
#define PROXY_SITE_H

#include "proxy/generation.h"

struct exchange;

/* x->site's server for that name, without port; captures of a regular expression are stored in
 * x->web, which must be there. */
const struct conf_server *site_find(struct exchange *x, struct slice name);

#endif
