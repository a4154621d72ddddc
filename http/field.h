/*
 * http/field.h - the field names that the proxy acts on.
 *
 * A name is looked up once, while its head is parsed; everybody else compares numbers.
 */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include "base/base.h"

enum http_field_id {
	HF_OTHER, /* any name that is not below */
	HF_ACCEPT,
	HF_AUTHORIZATION,
	HF_CONNECTION,
	HF_CONTENT_LENGTH,
	HF_CONTENT_TYPE,
	HF_COOKIE,
	HF_DATE,
	HF_EXPECT,
	HF_FORWARDED,
	HF_HOST,
	HF_KEEP_ALIVE,
	HF_LOCATION,
	HF_ORIGIN,
	HF_PROXY_AUTHENTICATE,
	HF_PROXY_AUTHORIZATION,
	HF_PROXY_CONNECTION,
	HF_REFERER,
	HF_SEC_WEBSOCKET_ACCEPT,
	HF_SEC_WEBSOCKET_KEY,
	HF_SEC_WEBSOCKET_VERSION,
	HF_SERVER,
	HF_SET_COOKIE,
	HF_TE,
	HF_TRAILER,
	HF_TRANSFER_ENCODING,
	HF_UPGRADE,
	HF_USER_AGENT,
	HF_X_FORWARDED_FOR,
	HF_X_FORWARDED_HOST,
	HF_X_FORWARDED_PROTO,
	HF_X_REAL_IP,
	HF_COUNT
};

/* Case-insensitive. */
enum http_field_id http_field_find(const char *name, size_t n);
/* As it is usually written: "Content-Length". "" for HF_OTHER. */
struct slice http_field_name(enum http_field_id id);
/* RFC 9110 section 7.6.1: meant for the next hop only (Connection, Keep-Alive, Proxy-Connection,
 * TE, Trailer, Transfer-Encoding, Upgrade). The caller writes its own where it needs one. */
bool http_field_is_hop_by_hop(enum http_field_id id);
/* A Connection field cannot have this one dropped, because a client could so take away what the
 * proxy said, or what the worker decides by: Host, Content-Length, Content-Type, Transfer-Encoding,
 * X-Forwarded-*, X-Real-IP, Forwarded, Authorization, Cookie, Set-Cookie, Origin, Expect,
 * Sec-WebSocket-*. */
bool http_field_is_protected(enum http_field_id id);

#endif
