/*
 * proxy/tls_line.h - TLS to workers for those who have but a descriptor (lb/secure.h).
 */
#ifndef PROXY_TLS_LINE_H
#define PROXY_TLS_LINE_H

#include "lb/secure.h"
#include "proxy/generation.h"
#include "proxy/tls_peer.h"

/* Speaks TLS by `peer` (a reference is taken) to workers that are called `name` (copied; a port
 * behind it does not matter). NULL: no memory. */
struct secure *tls_line_create(struct tls_peer *peer, struct slice name) MUST_CHECK;
/* What an exchange with that worker goes by; plain for NULL. Borrowed from `secure`. */
struct tls_route tls_line_route(const struct secure *secure);

/* Every seat of a pool with conf.tls gets its own. After web_tls_create_peers. -ENOMEM; -EINVAL:
 * problems says what is wrong. */
int tls_lines_create(struct generation *generation, struct conf_problems *problems) MUST_CHECK;
/* At exit: those that are still there. */
void tls_lines_finish(void);

#endif
