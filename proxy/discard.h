/*
 * proxy/discard.h - a body that nobody wants: it is read and dropped beside the answer, so that the
 * connection can go on with the client's next request.
 *
 * For configurations of nginx's; others close the connection.
 */
#ifndef PROXY_DISCARD_H
#define PROXY_DISCARD_H

#include "proxy/exchange.h"

/* The body has not been read. Afterwards it is gone, or web->is_discarding, or x->has_unread_body
 * still says that the connection has to end. */
void discard_begin(struct exchange *x);
/* Drops what has come. Does not end the exchange. */
void discard_step(struct exchange *x);
/* The answer is with the client: ends the exchange, or waits for the rest of the body. */
enum step discard_end(struct exchange *x);

#endif
