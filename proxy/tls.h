/*
 * proxy/tls.h - TLS towards clients: contexts, names, tickets, and the transport.
 *
 *   tls_site          one listening address of one generation
 *     +- default context      the first server's certificate
 *     '- name -> context      the TLS name picks (exact, then *.suffix)
 *
 * No renegotiation, no compression, no early data, ALPN http/1.1, tickets under keys that are
 * drawn at start and rotated (tls_tickets.c), kept over reloads.
 *
 *   tls.c           contexts and sites            tls_handshake.c   from hello to the transport
 *   tls_web.c       a context by ssl_*            tls_io.c          the transport
 *   tls_load.c      files, in nginx's words       tls_tickets.c     keys of tickets
 *   tls_admit.c     who may ask a server          tls_cache.c       sessions under a name
 *   tls_var.c       $ssl_*                        tls_peer.c        towards workers
 *
 * A native context speaks 1.2 and 1.3 with ECDHE only; one of nginx's (conf_tls.web) what ssl_*
 * say.
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
 * file, in nginx's words with conf->web (then without a certificate, too: reject_handshake);
 * -ENOMEM. Does not keep `conf`. */
int tls_context_create(
	struct tls_context **ret_context, const struct conf_tls *conf, struct err *err) MUST_CHECK;
/* Takes NULL. Connections that use it keep what they need. */
void tls_context_destroy(struct tls_context *context);

int tls_site_create(struct tls_site **ret_site) MUST_CHECK;
void tls_site_destroy(struct tls_site *site); /* takes NULL */
/* The first one added is also the default. `name` lower case, may be "*.example.com"; NULL: only
 * the default. Contexts are borrowed: the generation owns both. */
int tls_site_add(struct tls_site *site, const char *name, struct tls_context *context) MUST_CHECK;

/* Not the first one that was added, but this one (NULL: no change). */
void tls_site_set_default(struct tls_site *site, struct tls_context *context);
/* Who knows names of other kinds gives the context for one (lower case), or NULL for the default,
 * in place of the names added. `arg` is borrowed. */
void tls_site_set_finder(struct tls_site *site,
	struct tls_context *(*find)(const void *arg, struct slice name), const void *arg);

/*
 * Makes `sock` a TLS server connection: its transport from now on. The site is kept only during the
 * handshake: the generation must be held until tls_handshake is done (proxy/client.c holds it).
 * -ENOMEM: the sock is as it was.
 *
 * The transport keeps to proxy/sock.h, and:
 * - read gives what several records hold, up to n; a FIN without close_notify ends the client's
 *   side in order. It may clear can_read together with octets: the kernel has no more.
 * - write may hold back the last octet of what it took until the kernel takes the rest: offer what
 *   was not taken again, as ever. What is offered again must be the same octets.
 * - end: close_notify, then FIN. When the kernel has no room for the former, the latter must wait:
 *   end does nothing then and is to be called again (any number of times) when can_write is true.
 * - -EPROTO: the peer broke TLS. Every error is for good.
 */
int tls_accept(struct sock *sock, struct tls_site *site) MUST_CHECK;

enum tls_verdict {
	TLS_DONE,
	TLS_WAIT,       /* sock's can_read / can_write say for what */
	TLS_FAILED,     /* *why is filled; close */
	TLS_PLAIN_HTTP, /* the client speaks plain HTTP: the transport is plain again and nothing
			   was consumed */
};
/* Call it when step() is called, until it is done. TLS_FAILED has sent an alert, if there was one
 * to send. */
enum tls_verdict tls_handshake(struct sock *sock, struct err *why) MUST_CHECK;

/* After the handshake; static or owned by the SSL. NULL when there is none. */
const char *tls_protocol(const struct sock *sock); /* "TLSv1.3" */
const char *tls_cipher(const struct sock *sock);
const char *tls_name(const struct sock *sock); /* SNI in lower case, without a dot at its end */
struct tls_context *tls_chosen(
	const struct sock *sock); /* the context the name picked; compare only: it may be gone */
bool tls_was_resumed(const struct sock *sock);

#endif
