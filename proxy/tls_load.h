/*
 * proxy/tls_load.h - what both sides of TLS take from conf/tls_tree.h into an SSL_CTX.
 *
 * Each gives 0, -EINVAL or -ENOMEM, with *err in nginx's words: what OpenSSL calls its reasons
 * stands behind them, as in `SSL_CTX_set_cipher_list("x") failed (SSL: error:...)`. OpenSSL's
 * queue is empty afterwards.
 */
#ifndef PROXY_TLS_LOAD_H
#define PROXY_TLS_LOAD_H

#include "base/err.h"
#include "conf/tls_tree.h"

#include <openssl/ssl.h>

#define TLS_PASSWORDS_MOST 64

/* The lines of a password file. Secret: finish wipes them. */
struct tls_passwords {
	char *text;                           /* owned */
	const char *line[TLS_PASSWORDS_MOST]; /* in `text`, terminated */
	uint32_t count;                       /* an empty file has one that is empty */
};

/* -EINVAL with the words and OpenSSL's reasons behind them. */
int tls_refuse(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

int tls_load_passwords(
	struct tls_passwords *ret, const struct conf_tls_file *file, struct err *err) MUST_CHECK;
void tls_passwords_finish(struct tls_passwords *passwords);

/* A certificate with its chain, and its key. May be called once for each kind of key. That they
 * belong together is only seen where they are of one kind (nginx). */
int tls_load_pair(SSL_CTX *ctx, const struct conf_tls_file *certificate,
	const struct conf_tls_file *key, const struct tls_passwords *passwords,
	struct err *err) MUST_CHECK;
/* The rest takes a file or a text that was not given for "nothing to do". */
int tls_load_trusted(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err) MUST_CHECK;
/* The same, and the names in it are told to clients. */
int tls_load_client_ca(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err) MUST_CHECK;
int tls_load_crl(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err) MUST_CHECK;
int tls_load_dhparam(SSL_CTX *ctx, const struct conf_tls_file *file, struct err *err) MUST_CHECK;
int tls_set_ciphers(SSL_CTX *ctx, const char *ciphers, struct err *err) MUST_CHECK;
int tls_set_curves(SSL_CTX *ctx, const char *curves, struct err *err) MUST_CHECK;
int tls_run_commands(
	SSL_CTX *ctx, const struct conf_tls_commands *commands, struct err *err) MUST_CHECK;
void tls_set_protocols(SSL_CTX *ctx, uint32_t protocols);

#endif
