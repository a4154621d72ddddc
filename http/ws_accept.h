/*
 * http/ws_accept.h - Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
 */
#ifndef HTTP_WS_ACCEPT_H
#define HTTP_WS_ACCEPT_H

#include "base/base.h"

#define WS_ACCEPT_CHARS 28

/* base64(SHA-1(key GUID)), not terminated. False when OpenSSL fails. */
bool ws_accept_for(struct slice key, char out[WS_ACCEPT_CHARS]) MUST_CHECK;

#endif
