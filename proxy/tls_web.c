/*
 * proxy/tls_web.c - a server's context as nginx's ssl_* directives describe it.
 *
 * What OpenSSL's callbacks need of it goes along with the SSL_CTX (struct tls_extras): a connection
 * may outlive the generation that made the context.
 */
#include "proxy/tls_load.h"
#include "proxy/tls_parts.h"

#include "proxy/sock.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

static int extras_index = -1;

static void free_extras(void *parent, void *p, CRYPTO_EX_DATA *data, int i, long n, void *arg)
{
	struct tls_extras *extras = p;
	(void)parent;
	(void)data;
	(void)i;
	(void)n;
	(void)arg;
	if (extras == NULL)
		return;
	tls_cache_unref(extras->cache);
	OPENSSL_clear_free(extras->keys, extras->key_count * sizeof(*extras->keys));
	free(extras);
}

int tls_web_start(void)
{
	if (extras_index < 0)
		extras_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_extras);
	return extras_index < 0 ? -ENOMEM : 0;
}

struct tls_extras *tls_extras(const SSL_CTX *ctx)
{
	return SSL_CTX_get_ex_data(ctx, extras_index);
}

/* -- sessions -- */

/* Of the context that the connection began with, whatever the name picked since: that is the one
 * OpenSSL asks. NULL: none. */
static struct tls_cache *cache_of(SSL *ssl)
{
	const struct sock *sock = BIO_get_data(SSL_get_rbio(ssl));
	const struct tls *tls = sock->tls;
	const struct tls_extras *extras = tls_extras(tls->first);
	return extras == NULL ? NULL : extras->cache;
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_cache *cache = cache_of(ssl);
	if (cache != NULL)
		(void)tls_cache_put(cache, session);
	ERR_clear_error();
	return 0; /* not kept as it is */
}

static SSL_SESSION *on_get_session(SSL *ssl, const unsigned char *id, int n, int *ret_is_kept)
{
	struct tls_cache *cache = cache_of(ssl);
	*ret_is_kept = 0;
	return cache == NULL || n <= 0 ? NULL : tls_cache_get(cache, id, (size_t)n);
}

static void on_remove_session(SSL_CTX *ctx, SSL_SESSION *session)
{
	unsigned n;
	const unsigned char *id = SSL_SESSION_get_id(session, &n);
	struct tls_extras *extras = tls_extras(ctx);
	if (extras != NULL && extras->cache != NULL)
		tls_cache_remove(extras->cache, id, n);
}

static int set_cache(SSL_CTX *ctx, struct tls_extras *extras, const struct conf_ssl *ssl)
{
	const struct conf_tls_cache *cache = &ssl->session_cache;
	(void)SSL_CTX_set_timeout(ctx, (long)min_u64(ssl->session_timeout_s, INT32_MAX));
	if (cache->kind == CONF_TLS_CACHE_OFF) {
		(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		return 0;
	}
	long mode = SSL_SESS_CACHE_SERVER;
	if (cache->kind == CONF_TLS_CACHE_NONE)
		mode |= SSL_SESS_CACHE_NO_INTERNAL_STORE;
	else if (!cache->has_builtin)
		mode |= SSL_SESS_CACHE_NO_INTERNAL;
	if (cache->has_builtin)
		(void)SSL_CTX_sess_set_cache_size(ctx, (long)cache->builtin);
	(void)SSL_CTX_set_session_cache_mode(ctx, mode);
	if (cache->shared == NULL)
		return 0;
	extras->cache = tls_cache_ref(cache->shared, cache->shared_bytes);
	if (extras->cache == NULL)
		return -ENOMEM;
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	SSL_CTX_sess_set_get_cb(ctx, on_get_session);
	SSL_CTX_sess_set_remove_cb(ctx, on_remove_session);
	return 0;
}

static bool hash_in(EVP_MD_CTX *hash, const X509 *cert)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;
	return X509_digest(cert, EVP_sha256(), digest, &n) == 1 &&
	       EVP_DigestUpdate(hash, digest, n) == 1;
}

static bool hash_store(EVP_MD_CTX *hash, X509_STORE *store)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509_OBJECT *each = sk_X509_OBJECT_value(all, i);
		unsigned char digest[EVP_MAX_MD_SIZE];
		unsigned n;
		if (X509_OBJECT_get_type(each) == X509_LU_X509) {
			if (!hash_in(hash, X509_OBJECT_get0_X509(each)))
				return false;
			continue;
		}
		X509_CRL *crl = X509_OBJECT_get0_X509_CRL((X509_OBJECT *)(uintptr_t)each);
		if (crl == NULL)
			continue;
		if (X509_CRL_digest(crl, EVP_sha256(), digest, &n) != 1 ||
			EVP_DigestUpdate(hash, digest, n) != 1)
			return false;
	}
	return true;
}

static bool hash_judges(SSL_CTX *ctx, const struct conf_ssl *ssl, unsigned char *ret)
{
	uint32_t how[2] = {ssl->verify_client, ssl->verify_depth};
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool is_good = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
	if (is_good && ssl->verify_client != CONF_VERIFY_OFF)
		is_good = hash_store(hash, SSL_CTX_get_cert_store(ctx)) &&
			  EVP_DigestUpdate(hash, how, sizeof(how)) == 1;
	is_good = is_good && EVP_DigestFinal_ex(hash, ret, NULL) == 1;
	EVP_MD_CTX_free(hash);
	return is_good;
}

/*
 * A session is good where it would come about in the same way: the same certificates, and for
 * clients who show theirs the same judges. Our tickets outlive a reload, and what was believed of
 * a client must not outlive its revocation.
 */
static bool bind_sessions(SSL_CTX *ctx, const struct conf_ssl *ssl)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool is_good = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
	int more = is_good ? SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST) : 0;
	while (is_good && more == 1) {
		is_good = hash_in(hash, SSL_CTX_get0_certificate(ctx));
		more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_NEXT);
	}
	unsigned char *judges = tls_extras(ctx)->judges;
	is_good = is_good && hash_judges(ctx, ssl, judges) &&
		  EVP_DigestUpdate(hash, judges, TLS_JUDGES) == 1;
	is_good = is_good && EVP_DigestFinal_ex(hash, digest, &n) == 1 &&
		  SSL_CTX_set_session_id_context(ctx, digest, n) == 1;
	EVP_MD_CTX_free(hash);
	return is_good;
}

static int set_tickets(
	SSL_CTX *ctx, struct tls_extras *extras, const struct conf_ssl *ssl, struct err *err)
{
	if (!ssl->session_tickets)
		(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	int rc = tls_tickets_load(&extras->keys, &extras->key_count, &ssl->session_ticket_key, err);
	if (rc != 0)
		return rc;
	return tls_tickets_attach(ctx)
		       ? 0
		       : tls_refuse(err, "SSL_CTX_set_tlsext_ticket_key_evp_cb() failed");
}

/* -- clients' certificates -- */

/* The handshake goes on whatever is wrong: each request is judged, with a page (tls_admit). */
static int on_verify(int is_good, X509_STORE_CTX *store)
{
	(void)is_good;
	(void)store;
	return 1;
}

static int set_clients(SSL_CTX *ctx, const struct conf_ssl *ssl, struct err *err)
{
	int rc = 0;
	if (ssl->verify_client != CONF_VERIFY_OFF) {
		if (ssl->client_certificate.path == NULL &&
			ssl->verify_client != CONF_VERIFY_OPTIONAL_NO_CA) {
			err_set(err, "no ssl_client_certificate for ssl_verify_client");
			return -EINVAL;
		}
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
		SSL_CTX_set_verify_depth(ctx, (int)min_u64(ssl->verify_depth, INT16_MAX));
		rc = tls_load_client_ca(ctx, &ssl->client_certificate, err);
	}
	rc = rc != 0 ? rc : tls_load_trusted(ctx, &ssl->trusted_certificate, err);
	return rc != 0 ? rc : tls_load_crl(ctx, &ssl->crl, err);
}

static int set_certificates(SSL_CTX *ctx, const struct conf_ssl *ssl, struct err *err)
{
	struct tls_passwords passwords;
	int rc = tls_load_passwords(&passwords, &ssl->password_file, err);
	for (uint32_t i = 0; rc == 0 && i < ssl->certificate.count; i++) {
		const struct conf_tls_file *certificate = &ssl->certificate.items[i];
		if (i >= ssl->certificate_key.count) {
			err_set(err, "no \"ssl_certificate_key\" is defined for certificate \"%s\"",
				certificate->text);
			rc = -EINVAL;
			break;
		}
		rc = tls_load_pair(
			ctx, certificate, &ssl->certificate_key.items[i], &passwords, err);
	}
	tls_passwords_finish(&passwords);
	return rc;
}

int tls_web_set_up(struct tls_context *context, const struct conf_ssl *ssl, struct err *err)
{
	SSL_CTX *ctx = context->ctx;
	struct tls_extras *extras = calloc(1, sizeof(*extras));
	if (extras == NULL || SSL_CTX_set_ex_data(ctx, extras_index, extras) != 1) {
		free(extras);
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	context->rejects = ssl->reject_handshake;
	if (ssl->buffer_size != 0)
		context->record_most = (uint16_t)min_u64(
			ssl->buffer_size, SSL3_RT_MAX_PLAIN_LENGTH);
	if (ssl->ecdh_curve != NULL && strcmp(ssl->ecdh_curve, "auto") != 0) {
		context->curves = strdup(ssl->ecdh_curve);
		if (context->curves == NULL) {
			err_set(err, "out of memory");
			return -ENOMEM;
		}
	}
	if (ssl->prefer_server_ciphers)
		(void)SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	tls_set_protocols(ctx, ssl->protocols);
	int rc = set_certificates(ctx, ssl, err);
	rc = rc != 0 ? rc : tls_set_ciphers(ctx, ssl->ciphers, err);
	rc = rc != 0 ? rc : set_clients(ctx, ssl, err);
	rc = rc != 0 ? rc : tls_load_dhparam(ctx, &ssl->dhparam, err);
	rc = rc != 0 ? rc : tls_set_curves(ctx, ssl->ecdh_curve, err);
	rc = rc != 0 ? rc : set_cache(ctx, extras, ssl);
	rc = rc != 0 ? rc : set_tickets(ctx, extras, ssl, err);
	rc = rc != 0 ? rc : tls_run_commands(ctx, &ssl->conf_command, err);
	if (rc == 0 && !bind_sessions(ctx, ssl))
		rc = tls_refuse(err, "SSL_CTX_set_session_id_context() failed");
	if (rc == -ENOMEM)
		err_set(err, "out of memory");
	return rc;
}
