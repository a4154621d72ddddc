#include "proxy/tls_admit.h"

#include "proxy/sock.h"
#include "proxy/tls_parts.h"

/* What optional_no_ca overlooks: that nobody known has signed. */
static bool is_about_issuer(long verdict)
{
	switch (verdict) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return true;
	default:
		return false;
	}
}

/* Who was turned away begins anew. A ticket cannot be taken back, but what it says is judged each
 * time. */
static void drop_session(const struct tls *tls)
{
	SSL_SESSION *session = SSL_get0_session(tls->ssl);
	if (session != NULL)
		(void)SSL_CTX_remove_session(tls->first, session);
}

static enum tls_admission judge(
	const struct tls *tls, const struct conf_ssl *server, struct err *why)
{
	SSL *ssl = tls->ssl;
	long verdict = SSL_get_verify_result(ssl);
	if (verdict != X509_V_OK && (server->verify_client != CONF_VERIFY_OPTIONAL_NO_CA ||
					    !is_about_issuer(verdict))) {
		err_set(why, "client SSL certificate verify error: (%ld:%s)", verdict,
			X509_verify_cert_error_string(verdict));
		drop_session(tls);
		return TLS_CERT_ERROR;
	}
	if (server->verify_client == CONF_VERIFY_ON && SSL_get0_peer_certificate(ssl) == NULL) {
		err_set(why, "client sent no required SSL certificate");
		drop_session(tls);
		return TLS_NO_CERT;
	}
	return TLS_ADMITTED;
}

enum tls_admission tls_admit(
	struct sock *sock, const struct conf_ssl *server, bool is_other_name, struct err *why)
{
	const struct tls *tls = sock->tls;
	if (tls == NULL || !tls->is_done || server == NULL ||
		server->verify_client == CONF_VERIFY_OFF)
		return TLS_ADMITTED;
	if (is_other_name) {
		err_set(why, "client attempted to request the server name different from the one "
			     "that was negotiated");
		return TLS_MISDIRECTED;
	}
	return judge(tls, server, why);
}

bool tls_is_judged_by(const struct sock *sock, const struct tls_context *now)
{
	const struct tls *tls = sock->tls;
	if (tls == NULL || tls->ssl == NULL || now == NULL)
		return now == NULL;
	/* The SSL holds its context: an address that is the same is the same context. */
	SSL_CTX *then = SSL_get_SSL_CTX(tls->ssl);
	const struct tls_extras *a = tls_extras(then), *b = tls_extras(now->ctx);
	return then == now->ctx ||
	       (a != NULL && b != NULL && memcmp(a->judges, b->judges, TLS_JUDGES) == 0);
}
