/*
 * proxy/tls_var.h - nginx's $ssl_* variables of a connection.
 */
#ifndef PROXY_TLS_VAR_H
#define PROXY_TLS_VAR_H

#include "base/arena.h"

struct sock;

enum tls_var {
	TLS_VAR_PROTOCOL,
	TLS_VAR_CIPHER,
	TLS_VAR_CIPHERS, /* that the client offered */
	TLS_VAR_CURVE,
	TLS_VAR_CURVES, /* likewise */
	TLS_VAR_SERVER_NAME,
	TLS_VAR_SESSION_ID,
	TLS_VAR_SESSION_REUSED,
	TLS_VAR_EARLY_DATA,
	TLS_VAR_ALPN_PROTOCOL,
	TLS_VAR_CLIENT_VERIFY,
	TLS_VAR_CLIENT_S_DN, /* RFC 2253 */
	TLS_VAR_CLIENT_I_DN,
	TLS_VAR_CLIENT_S_DN_LEGACY, /* "/C=..." */
	TLS_VAR_CLIENT_I_DN_LEGACY,
	TLS_VAR_CLIENT_SERIAL,
	TLS_VAR_CLIENT_FINGERPRINT, /* SHA-1 */
	TLS_VAR_CLIENT_V_START,
	TLS_VAR_CLIENT_V_END,
	TLS_VAR_CLIENT_V_REMAIN, /* days */
	TLS_VAR_CLIENT_CERT,     /* PEM, each line but the first behind a tab */
	TLS_VAR_CLIENT_RAW_CERT,
	TLS_VAR_CLIENT_ESCAPED_CERT,
	TLS_VARS
};

/* What follows "ssl_" in its name. */
extern const char *const tls_var_names[TLS_VARS];

/* *ret lives in the arena or as long as the connection; p NULL: not found (a plain connection, no
 * certificate ...). False: no memory. */
bool tls_var(const struct sock *sock, enum tls_var which, struct arena *arena,
	struct slice *ret) MUST_CHECK;

#endif
