/*
 * proxy/tls_admit.h - whether a client may ask a server of nginx's, by its certificate and by the
 * name it gave when TLS began.
 */
#ifndef PROXY_TLS_ADMIT_H
#define PROXY_TLS_ADMIT_H

#include "base/err.h"
#include "conf/tls_tree.h"

struct sock;
struct tls_context;

/* The status to answer with, for error_page too; the page for all but 421 says 400 (nginx). */
enum tls_admission {
	TLS_ADMITTED = 0,
	TLS_MISDIRECTED = 421, /* Misdirected Request */
	TLS_CERT_ERROR = 495,  /* The SSL certificate error */
	TLS_NO_CERT = 496,     /* No required SSL certificate was sent */
	TLS_NOT_SPOKEN = 497,  /* The plain HTTP request was sent to HTTPS port: client.h tells */
};

/*
 * One request for `server` (the one that Host led to; NULL: it says nothing about TLS) over `sock`,
 * whose handshake is done. *why gets nginx's words for the log.
 *
 * Which certificates are asked for, and by whom they have to be signed, was settled by the TLS
 * name. `is_other_name`: that name led to a server, and Host says another one. Then no server that
 * judges certificates may be asked, the same one by another of its names neither (nginx).
 */
enum tls_admission tls_admit(struct sock *sock, const struct conf_ssl *server, bool is_other_name,
	struct err *why) MUST_CHECK;

/* Whether the certificate of that client would be judged in the same way by `now` (NULL: nobody
 * judges): its verdict is from the handshake, and there may have been a reload since. */
bool tls_is_judged_by(const struct sock *sock, const struct tls_context *now);

#endif
