/*
 * proxy/web_balance.h - between a request and the methods of an upstream (lb/method.h).
 */
#ifndef PROXY_WEB_BALANCE_H
#define PROXY_WEB_BALANCE_H

#include "proxy/web.h"

/* x->pool is known: what its method and its stickiness want to know goes to x->lb. False: no
 * memory. */
bool web_balance(struct exchange *x) MUST_CHECK;
/* x->seat is picked: the sticky cookie that names it, for whatever answer the client gets now.
 * False: no memory. */
bool web_picked(struct exchange *x) MUST_CHECK;
/* The head of an answer, whosever, is in web->out: that cookie, in front. False: no memory. */
bool web_put_cookie(struct exchange *x) MUST_CHECK;
/* The head of the answer is in web->out, and it is the client's: what is learned of it, the time it
 * took. False: no memory. */
bool web_headed(struct exchange *x) MUST_CHECK;
/* The pick ends that way: what is learned of a whole answer. */
void web_served(struct exchange *x, enum lb_result result);

#endif
