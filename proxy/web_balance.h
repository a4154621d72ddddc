/*
 * proxy/web_balance.h - between a request and the methods of an upstream (lb/method.h).
 */
#ifndef PROXY_WEB_BALANCE_H
#define PROXY_WEB_BALANCE_H

#include "proxy/web.h"

/* x->pool is known: what its method and its stickiness want to know goes to x->lb. False: no
 * memory. */
bool web_balance(struct exchange *x) MUST_CHECK;
/* The head of the answer is in web->out, and it is the client's: the sticky cookie, what is
 * learned, the time it took. False: no memory. */
bool web_headed(struct exchange *x) MUST_CHECK;

#endif
