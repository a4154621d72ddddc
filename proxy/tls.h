/*
 * proxy/tls.h - TLS towards clients: contexts, names, tickets, and the transport.
 *
 *   tls_site          one listening address of one generation
 *     +- default context      the first server's certificate
 *     '- name -> context      the TLS name picks (exact, then *.suffix)
 *
 * 1.2 and 1.3, ECDHE only, no renegotiation, no compression, no early data,
 * ALPN http/1.1, tickets under keys that are drawn at start and rotated
 * (tls_tickets.c), kept over reloads.
 */
#ifndef PROXY_TLS_H
#define PROXY_TLS_H

#include "base/err.h"
#include "conf/tree.h"

struct tls_context;
struct tls_site;
struct sock;

/* Once, before the rest; and at exit. -errno. */
int tls_start(void) MUST_CHECK;
void tls_finish(void);

/* Reads certificate (chain) and key, checks that they belong together. -EINVAL with *err naming the
 * file. */
int tls_context_create(
	struct tls_context **ret_context, const struct conf_tls *conf, struct err *err) MUST_CHECK;
/* Takes NULL. Connections that use it keep what they need. */
void tls_context_destroy(struct tls_context *context);

int tls_site_create(struct tls_site **ret_site) MUST_CHECK;
void tls_site_destroy(struct tls_site *site); /* takes NULL */
/* The first one added is also the default. `name` lower case, may be "*.example.com"; NULL: only
 * the default. Contexts are borrowed: the generation owns both. */
int tls_site_add(struct tls_site *site, const char *name, struct tls_context *context) MUST_CHECK;

/* Makes `sock` a TLS server connection: its transport from now on. The SSL keeps the site only
 * during the handshake: the generation must be held until tls_handshake is done (proxy/client.c
 * holds it). -ENOMEM. */
int tls_accept(struct sock *sock, struct tls_site *site) MUST_CHECK;

enum tls_verdict {
	TLS_DONE,
	TLS_WAIT,       /* sock's can_read / can_write say for what */
	TLS_FAILED,     /* *why is filled; close */
	TLS_PLAIN_HTTP, /* the client speaks plain HTTP: the transport is plain again, nothing was
			   consumed beyond what *ret_first gives back */
};
enum tls_verdict tls_handshake(struct sock *sock, struct err *why) MUST_CHECK;

/* After the handshake; static or owned by the SSL. NULL when there is none. */
const char *tls_protocol(const struct sock *sock); /* "TLSv1.3" */
const char *tls_cipher(const struct sock *sock);
const char *tls_name(const struct sock *sock); /* SNI as sent, lower case */
struct tls_context *tls_chosen(
	const struct sock *sock); /* the context the name picked; compare only: it may be gone */
bool tls_was_resumed(const struct sock *sock);

#endif
