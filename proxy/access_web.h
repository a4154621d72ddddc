/*
 * proxy/access_web.h - the access log where the configuration is nginx's: lines by log_format.
 *
 * A line is made when its exchange has ended. A tunnel lives long and gives its request's head back
 * when it begins, so what such a line tells of the request (and `if=`) is found out then, and the
 * octets and times at its end.
 */
#ifndef PROXY_ACCESS_WEB_H
#define PROXY_ACCESS_WEB_H

#include "proxy/exchange.h"

/* The exchange ends. */
void access_web_write(struct exchange *x, enum close_reason reason);
/* What auth_request asked is answered (log_subrequest). */
void access_web_write_aside(struct exchange *x, int status);
/* x->web is a tunnel now. False: no memory. */
bool access_web_keep(struct exchange *x) MUST_CHECK;
/* At exit. */
void access_web_finish(void);

#endif
