/*
 * http/ws_accept.h - the key of a WebSocket handshake, and the answer to it (RFC 6455 section 4).
 */
#ifndef HTTP_WS_ACCEPT_H
#define HTTP_WS_ACCEPT_H

#include "base/base.h"

#define WS_NONCE_BYTES 16
#define WS_KEY_CHARS 24
#define WS_ACCEPT_CHARS 28

/* Sec-WebSocket-Key: base64 of what was drawn, not terminated. */
void ws_key_for(const uint8_t nonce[WS_NONCE_BYTES], char out[WS_KEY_CHARS]);

/* Sec-WebSocket-Accept: base64(SHA-1(key GUID)), not terminated. False when OpenSSL fails. */
bool ws_accept_for(struct slice key, char out[WS_ACCEPT_CHARS]) MUST_CHECK;

#endif
