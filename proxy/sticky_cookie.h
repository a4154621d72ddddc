/*
 * proxy/sticky_cookie.h - the cookie that a browser is recognised by.
 *
 * 32 hex digits from the system's randomness: it names nobody and no worker.
 */
#ifndef PROXY_STICKY_COOKIE_H
#define PROXY_STICKY_COOKIE_H

#include "base/base.h"

struct exchange;

/* Fills the cookie's key from the request; makes a new one, for the answer to set, where the pool
 * wants one and there is none. */
void sticky_cookie_read(struct exchange *x);

#define STICKY_COOKIE_ROOM 256
/* "Set-Cookie: name=value; Path=/; ...\r\n" into out; 0 when none is to be set. */
size_t sticky_cookie_line(const struct exchange *x, char out[STICKY_COOKIE_ROOM]);

#endif
