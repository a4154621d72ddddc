/*
 * proxy/tls_peer.h - TLS towards workers, where we are the client.
 *
 *   generation -- tls_peers: one tls_peer per location's settings (conf/tls_tree.h)
 *                                |
 *   upstream.c   connect() --> tls_connect --> tls_handshake ... --> the transport of proxy/tls.h
 *                                                   '-- who is it? (proxy_ssl_verify)
 *
 * Sessions are kept per peer, address and name, so that the next connection to the same worker
 * resumes.
 */
#ifndef PROXY_TLS_PEER_H
#define PROXY_TLS_PEER_H

#include "base/err.h"
#include "conf/tls_tree.h"

struct sock;
struct tls_peer;
struct tls_peers;

/* -EINVAL with nginx's words; -ENOMEM. Does not keep `conf`. */
int tls_peer_create(struct tls_peer **ret_peer, const struct conf_upstream_tls *conf,
	struct err *err) MUST_CHECK;
struct tls_peer *tls_peer_ref(struct tls_peer *peer);
void tls_peer_unref(struct tls_peer *peer); /* takes NULL */

/* How a worker is spoken to. */
struct tls_route {
	struct tls_peer *peer; /* NULL: plain */
	struct slice name;     /* what its certificate has to say, and SNI; may end in a port */
};

/*
 * Makes `sock`, which connects or is connected, a TLS client. From then on tls_handshake steps it,
 * once the connection stands: TLS_FAILED also says that the worker is not who it should be.
 * `where` tells addresses apart. -ENOMEM: the sock is as it was.
 */
int tls_connect(struct sock *sock, const struct tls_route *route, struct slice where) MUST_CHECK;
/* Whether a kept connection is what tls_connect would make of it; a plain one for peer NULL. */
bool tls_is_route(const struct sock *sock, const struct tls_route *route);

/* The peers of a generation. -ENOMEM, -EINVAL likewise. */
int tls_peers_create(struct tls_peers **ret) MUST_CHECK;
void tls_peers_destroy(struct tls_peers *peers); /* takes NULL */
/* `conf` is borrowed: it is what tls_peers_find goes by. Equal settings share one. */
int tls_peers_add(
	struct tls_peers *peers, const struct conf_upstream_tls *conf, struct err *err) MUST_CHECK;
/* Borrowed; NULL when it was not added. */
struct tls_peer *tls_peers_find(
	const struct tls_peers *peers, const struct conf_upstream_tls *conf);

#endif
