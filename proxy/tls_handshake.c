/*
 * proxy/tls_handshake.c - from a fresh connection to a transport that is ready.
 *
 *   first octet peeked at --letter--> TLS_PLAIN_HTTP, nothing was consumed
 *        | else
 *   SSL is made -> hello: the name picks the certificate -> TLS_DONE | TLS_FAILED
 */
#include "proxy/tls_load.h"
#include "proxy/tls_parts.h"

#include "proxy/sock.h"
#include "proxy/stats.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

int tls_accept(struct sock *sock, struct tls_site *site)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		return -ENOMEM;
	tls->plain = sock->transport;
	tls->site = site;
	tls->batch = TLS_BATCH_MOST;
	sock->tls = tls;
	sock->transport = &tls_transport;
	return 0;
}

/* RFC 6066 section 3: a list of names, of which only one can be a host name. */
static struct slice name_in_hello(SSL *ssl)
{
	const unsigned char *p;
	size_t n;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) != 1 || n < 5)
		return (struct slice){0};
	size_t length = (size_t)p[3] << 8 | p[4];
	if (p[2] != TLSEXT_NAMETYPE_host_name || length != n - 5 || length > 255)
		return (struct slice){0};
	struct slice name = {(const char *)p + 5, length};
	if (name.n != 0 && name.p[name.n - 1] == '.')
		name.n--;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return (struct slice){0};
	return name;
}

/* SSL_set_SSL_CTX takes over certificates, ciphers and authorities; the rest was copied when the
 * SSL was made. */
static bool choose(SSL *ssl, struct tls *tls, struct tls_context *found)
{
	SSL_CTX *ctx = found->ctx;
	const char *curves = found->curves;
	/* OpenSSL's own list cannot be had back. */
	if (curves == NULL && tls->chosen->curves != NULL)
		curves = "X25519:P-256:X448:P-521:P-384";
	if (SSL_set_SSL_CTX(ssl, ctx) == NULL ||
		SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(ctx)) != 1 ||
		SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(ctx)) != 1 ||
		SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(ctx)) != 1)
		return false;
	if (curves != NULL && SSL_set1_groups_list(ssl, curves) != 1)
		return false;
	(void)SSL_clear_options(ssl, SSL_get_options(ssl) & ~SSL_CTX_get_options(ctx));
	(void)SSL_set_options(ssl, SSL_CTX_get_options(ctx));
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx), SSL_CTX_get_verify_callback(ctx));
	SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(ctx));
	tls->chosen = found;
	tls->record_most = found->record_most;
	return true;
}

int tls_on_hello(SSL *ssl, int *ret_alert, void *arg)
{
	(void)arg;
	struct sock *sock = BIO_get_data(SSL_get_rbio(ssl));
	struct tls *tls = sock->tls;
	struct slice name = name_in_hello(ssl);
	struct tls_context *found = NULL;

	if (name.n != 0 && tls->name == NULL) {
		tls->name = strndup(name.p, name.n);
		if (tls->name == NULL) {
			*ret_alert = SSL_AD_INTERNAL_ERROR;
			return SSL_CLIENT_HELLO_ERROR;
		}
		for (char *p = tls->name; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p |= 0x20;
	}
	if (tls->name != NULL)
		found = tls_site_find(tls->site, slice_of(tls->name));
	if (found != NULL && found != tls->chosen && !choose(ssl, tls, found)) {
		*ret_alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (tls->chosen->rejects) {
		*ret_alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

static bool create_ssl(struct sock *sock, struct tls *tls)
{
	struct tls_context *context = tls_site_default(tls->site);
	BIO *bio = NULL;
	if (context == NULL)
		return false;
	tls->ssl = SSL_new(context->ctx);
	if (tls->ssl == NULL)
		return false;
	bio = tls_io_bio(sock);
	if (bio == NULL) {
		SSL_free(tls->ssl);
		tls->ssl = NULL;
		return false;
	}
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_accept_state(tls->ssl);
	tls->chosen = context;
	tls->first = context->ctx;
	tls->record_most = context->record_most;
	return true;
}

/* Looks at the first octet without taking it. A TLS record of a hello begins with 22, a request
 * with a letter. */
static enum tls_verdict look(struct sock *sock, struct tls *tls, struct err *why)
{
	unsigned char first;
	ssize_t n;
	do
		n = recv(sock->fd, &first, 1, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		sock->can_read = false;
		return TLS_WAIT;
	}
	if (n <= 0) {
		err_set(why, "%s",
			n == 0 ? "the client closed before the handshake" : strerrordesc_np(errno));
		return TLS_FAILED;
	}
	if ((first | 0x20) >= 'a' && (first | 0x20) <= 'z') {
		proxy_stats.tls_failed++;
		tls_io_free(sock);
		return TLS_PLAIN_HTTP;
	}
	if (!create_ssl(sock, tls)) {
		ERR_clear_error();
		err_set(why, "out of memory");
		return TLS_FAILED;
	}
	return TLS_DONE;
}

/* The connection ended, one way or the other. Of workers in nginx's words. */
static void tell_left(const struct tls *tls, struct err *why)
{
	int error = -(tls->read_error != 0 ? tls->read_error : tls->write_error);
	if (tls->peer != NULL && error != 0)
		err_set(why, "peer closed connection in SSL handshake (%d: %s)", error,
			strerrordesc_np(error));
	else if (tls->peer != NULL)
		err_set(why, "peer closed connection in SSL handshake");
	else if (error != 0)
		err_set(why, "%s", strerrordesc_np(error));
	else
		err_set(why, "the client closed during the handshake");
}

static enum tls_verdict judge(struct sock *sock, struct tls *tls, int ret, struct err *why)
{
	int error = SSL_get_error(tls->ssl, ret);
	switch (error) {
	case SSL_ERROR_WANT_READ:
		if (tls->is_drained)
			sock->can_read = false;
		else
			sock_step_again(sock);
		return TLS_WAIT;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WAIT;
	case SSL_ERROR_SSL:
		if (tls->peer != NULL)
			(void)tls_refuse(why, "SSL_do_handshake() failed");
		else
			err_set(why, "%s", tls_error_text());
		return TLS_FAILED;
	default:
		ERR_clear_error();
		tell_left(tls, why);
		return TLS_FAILED;
	}
}

enum tls_verdict tls_handshake(struct sock *sock, struct err *why)
{
	struct tls *tls = sock->tls;
	if (tls->is_done)
		return TLS_DONE;
	if (tls->ssl == NULL) { /* only of a client */
		enum tls_verdict verdict = look(sock, tls, why);
		if (verdict != TLS_DONE)
			return verdict;
	}
	tls_io_begin(tls);
	if (tls_io_flush(sock) == -EAGAIN)
		return TLS_WAIT;
	int ret = SSL_do_handshake(tls->ssl);
	enum tls_verdict verdict = TLS_DONE;
	if (ret != 1)
		verdict = judge(sock, tls, ret, why);
	/* What does not leave at once (the ticket, say) leaves with the first answer. */
	int rc = tls_io_flush(sock);
	if (verdict != TLS_FAILED && rc != 0 && rc != -EAGAIN) {
		err_set(why, "%s", strerrordesc_np(-rc));
		verdict = TLS_FAILED;
	}
	if (verdict == TLS_FAILED && tls->peer != NULL)
		tls_peer_forget(tls);
	if (verdict == TLS_FAILED)
		return verdict;
	if (verdict == TLS_DONE) {
		tls->is_done = true;
		tls->site = NULL;
		/* What came behind the handshake may already be in the SSL. */
		sock->can_read = true;
		if (tls->peer != NULL)
			return tls_peer_check(sock, why) ? TLS_DONE : TLS_FAILED;
		proxy_stats.tls_handshakes++;
		if (SSL_session_reused(tls->ssl))
			proxy_stats.tls_resumed++;
	}
	return verdict;
}

/* -- what others may know -- */

const char *tls_protocol(const struct sock *sock)
{
	const struct tls *tls = sock->tls;
	return tls == NULL || !tls->is_done ? NULL : SSL_get_version(tls->ssl);
}

const char *tls_cipher(const struct sock *sock)
{
	const struct tls *tls = sock->tls;
	return tls == NULL || !tls->is_done ? NULL : SSL_get_cipher_name(tls->ssl);
}

const char *tls_name(const struct sock *sock)
{
	const struct tls *tls = sock->tls;
	return tls == NULL ? NULL : tls->name;
}

struct tls_context *tls_chosen(const struct sock *sock)
{
	const struct tls *tls = sock->tls;
	return tls == NULL ? NULL : tls->chosen;
}

bool tls_was_resumed(const struct sock *sock)
{
	const struct tls *tls = sock->tls;
	return tls != NULL && tls->is_done && SSL_session_reused(tls->ssl) != 0;
}
