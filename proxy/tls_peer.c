#include "proxy/tls_peer.h"

#include "base/addr.h"
#include "base/hash.h"
#include "proxy/sock.h"
#include "proxy/stats.h"
#include "proxy/tls_load.h"
#include "proxy/tls_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define SLOTS 1024 /* sessions kept; a newer one takes the place of another in its slot */

struct slot {
	uint64_t key;
	SSL_SESSION *session; /* owned */
};

struct tls_peer {
	uint32_t refs;
	SSL_CTX *ctx;       /* owned */
	struct slot *slots; /* owned; NULL until the first session */
	bool verifies, sends_name, keeps_sessions;
};

/* -- sessions -- */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	const struct sock *sock = BIO_get_data(SSL_get_rbio(ssl));
	const struct tls *tls = sock->tls;
	struct tls_peer *peer = tls->peer;
	if (tls->session_key == 0)
		return 0;
	if (peer->slots == NULL)
		peer->slots = calloc(SLOTS, sizeof(*peer->slots));
	if (peer->slots == NULL)
		return 0;
	struct slot *slot = &peer->slots[tls->session_key % SLOTS];
	SSL_SESSION_free(slot->session);
	*slot = (struct slot){tls->session_key, session};
	return 1; /* the reference is ours now */
}

static SSL_SESSION *find_session(const struct tls_peer *peer, uint64_t key)
{
	if (peer->slots == NULL || key == 0)
		return NULL;
	const struct slot *slot = &peer->slots[key % SLOTS];
	return slot->key == key && slot->session != NULL &&
			       SSL_SESSION_is_resumable(slot->session) == 1
		       ? slot->session
		       : NULL;
}

void tls_peer_forget(struct tls *tls)
{
	struct tls_peer *peer = tls->peer;
	if (peer->slots == NULL || tls->session_key == 0)
		return;
	struct slot *slot = &peer->slots[tls->session_key % SLOTS];
	if (slot->key != tls->session_key)
		return;
	SSL_SESSION_free(slot->session);
	*slot = (struct slot){0};
}

/* -- peers -- */

/* Judged when the handshake is over (tls_peer_check). */
static int on_verify(int is_good, X509_STORE_CTX *store)
{
	(void)is_good;
	(void)store;
	return 1;
}

static int set_certificate(SSL_CTX *ctx, const struct conf_upstream_tls *conf, struct err *err)
{
	struct tls_passwords passwords;
	if (conf->certificate.text == NULL)
		return 0;
	if (conf->certificate_key.text == NULL) {
		err_set(err, "no \"proxy_ssl_certificate_key\" is defined for certificate \"%s\"",
			conf->certificate.text);
		return -EINVAL;
	}
	int rc = tls_load_passwords(&passwords, &conf->password_file, err);
	if (rc == 0)
		rc = tls_load_pair(
			ctx, &conf->certificate, &conf->certificate_key, &passwords, err);
	tls_passwords_finish(&passwords);
	return rc;
}

static int set_verify(SSL_CTX *ctx, const struct conf_upstream_tls *conf, struct err *err)
{
	if (!conf->verify)
		return 0;
	if (conf->trusted_certificate.path == NULL) {
		err_set(err, "no proxy_ssl_trusted_certificate for proxy_ssl_verify");
		return -EINVAL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_verify_depth(ctx, (int)min_u64(conf->verify_depth, INT16_MAX));
	int rc = tls_load_trusted(ctx, &conf->trusted_certificate, err);
	return rc != 0 ? rc : tls_load_crl(ctx, &conf->crl, err);
}

static int set_up(SSL_CTX *ctx, const struct conf_upstream_tls *conf, struct err *err)
{
	/* A body that ends by close may be cut; so it may without TLS, and many servers just close
	 * (nginx). */
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	tls_set_protocols(ctx, conf->protocols);
	int rc = tls_set_ciphers(ctx, conf->ciphers, err);
	rc = rc != 0 ? rc : set_certificate(ctx, conf, err);
	rc = rc != 0 ? rc : set_verify(ctx, conf, err);
	if (rc == 0 && conf->session_reuse) {
		SSL_CTX_set_session_cache_mode(
			ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, on_session);
	}
	return rc != 0 ? rc : tls_run_commands(ctx, &conf->conf_command, err);
}

int tls_peer_create(
	struct tls_peer **ret_peer, const struct conf_upstream_tls *conf, struct err *err)
{
	ERR_clear_error();
	struct tls_peer *peer = calloc(1, sizeof(*peer));
	SSL_CTX *ctx = peer == NULL ? NULL : SSL_CTX_new(TLS_client_method());
	if (ctx == NULL) {
		ERR_clear_error();
		free(peer);
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	*peer = (struct tls_peer){.refs = 1,
		.ctx = ctx,
		.verifies = conf->verify,
		.sends_name = conf->server_name,
		.keeps_sessions = conf->session_reuse};
	int rc = set_up(ctx, conf, err);
	if (rc != 0) {
		ERR_clear_error();
		tls_peer_unref(peer);
		return rc;
	}
	*ret_peer = peer;
	return 0;
}

struct tls_peer *tls_peer_ref(struct tls_peer *peer)
{
	ensure(peer != NULL);
	peer->refs++;
	return peer;
}

void tls_peer_unref(struct tls_peer *peer)
{
	if (peer == NULL || --peer->refs != 0)
		return;
	for (size_t i = 0; peer->slots != NULL && i < SLOTS; i++)
		SSL_SESSION_free(peer->slots[i].session);
	free(peer->slots);
	SSL_CTX_free(peer->ctx);
	free(peer);
}

/* -- connections -- */

/* $proxy_host may end in a port. */
static struct slice without_port(struct slice name)
{
	const char *p = name.p, *end = name.p + name.n;
	const char *bracket = name.n != 0 && *p == '[' ? memchr(p, ']', name.n) : NULL;
	if (bracket != NULL)
		p = bracket;
	const char *colon = name.n == 0 ? NULL : memchr(p, ':', (size_t)(end - p));
	return colon == NULL ? name : (struct slice){name.p, (size_t)(colon - name.p)};
}

/* RFC 6066 section 3: no addresses. */
static bool may_be_sent(const char *name)
{
	struct in_addr v4;
	return name[0] != '\0' && name[0] != '[' && inet_pton(AF_INET, name, &v4) != 1;
}

static uint64_t session_key(struct slice name, struct slice where)
{
	uint64_t both[2] = {hash_keyed(name.p, name.n), hash_keyed(where.p, where.n)};
	uint64_t key = hash_keyed(both, sizeof(both));
	return key != 0 ? key : 1;
}

static bool create_ssl(struct sock *sock, struct tls *tls)
{
	struct tls_peer *peer = tls->peer;
	tls->ssl = SSL_new(peer->ctx);
	BIO *bio = tls->ssl == NULL ? NULL : tls_io_bio(sock);
	if (bio == NULL)
		return false;
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_connect_state(tls->ssl);
	if (peer->sends_name && may_be_sent(tls->name) &&
		SSL_set_tlsext_host_name(tls->ssl, tls->name) != 1)
		return false;
	SSL_SESSION *session = find_session(peer, tls->session_key);
	return session == NULL || SSL_set_session(tls->ssl, session) == 1;
}

int tls_connect(struct sock *sock, const struct tls_route *route, struct slice where)
{
	struct slice name = without_port(route->name);
	struct tls *tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		return -ENOMEM;
	tls->plain = sock->transport;
	tls->record_most = SSL3_RT_MAX_PLAIN_LENGTH;
	tls->batch = TLS_BATCH_MOST;
	tls->peer = tls_peer_ref(route->peer);
	tls->session_key = route->peer->keeps_sessions ? session_key(name, where) : 0;
	tls->name = strndup(name.n == 0 ? "" : name.p, name.n);
	sock->tls = tls;
	sock->transport = &tls_transport;
	if (tls->name == NULL || !create_ssl(sock, tls)) {
		ERR_clear_error();
		tls_io_free(sock);
		return -ENOMEM;
	}
	return 0;
}

bool tls_is_route(const struct sock *sock, const struct tls_route *route)
{
	const struct tls *tls = sock->tls;
	if (tls == NULL || route->peer == NULL)
		return tls == NULL && route->peer == NULL;
	return tls->peer == route->peer && slice_is(slice_of(tls->name), without_port(route->name));
}

bool tls_peer_check(struct sock *sock, struct err *why)
{
	struct tls *tls = sock->tls;
	proxy_stats.upstream_tls++;
	if (SSL_session_reused(tls->ssl) != 0)
		proxy_stats.upstream_tls_resumed++;
	if (!tls->peer->verifies)
		return true;
	long verdict = SSL_get_verify_result(tls->ssl);
	X509 *cert = SSL_get0_peer_certificate(tls->ssl);
	if (verdict != X509_V_OK)
		err_set(why, "upstream SSL certificate verify error: (%ld:%s)", verdict,
			X509_verify_cert_error_string(verdict));
	else if (cert == NULL || X509_check_host(cert, tls->name, strlen(tls->name), 0, NULL) != 1)
		err_set(why, "upstream SSL certificate does not match \"%s\"", tls->name);
	else
		return true;
	ERR_clear_error();
	tls_peer_forget(tls);
	proxy_stats.upstream_tls_refused++;
	return false;
}

/* -- the peers of a generation -- */

struct tls_peers {
	struct peer_entry {
		const struct conf_upstream_tls *conf; /* borrowed */
		struct tls_peer *peer;                /* ref */
	} * entries;                                  /* owned, by address of conf */
	size_t count, room;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_file(const struct conf_tls_file *a, const struct conf_tls_file *b)
{
	return same_text(a->text, b->text) && same_text(a->path, b->path);
}

static bool same_commands(const struct conf_tls_commands *a, const struct conf_tls_commands *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!same_text(a->items[i].name, b->items[i].name) ||
			!same_file(&a->items[i].value, &b->items[i].value))
			return false;
	return true;
}

/* All but the name, which is the connection's. */
static bool is_same(const struct conf_upstream_tls *a, const struct conf_upstream_tls *b)
{
	return same_file(&a->certificate, &b->certificate) &&
	       same_file(&a->certificate_key, &b->certificate_key) &&
	       same_file(&a->password_file, &b->password_file) && a->protocols == b->protocols &&
	       same_text(a->ciphers, b->ciphers) && a->server_name == b->server_name &&
	       a->verify == b->verify && a->verify_depth == b->verify_depth &&
	       same_file(&a->trusted_certificate, &b->trusted_certificate) &&
	       same_file(&a->crl, &b->crl) && a->session_reuse == b->session_reuse &&
	       same_commands(&a->conf_command, &b->conf_command);
}

int tls_peers_create(struct tls_peers **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? -ENOMEM : 0;
}

void tls_peers_destroy(struct tls_peers *peers)
{
	if (peers == NULL)
		return;
	for (size_t i = 0; i < peers->count; i++)
		tls_peer_unref(peers->entries[i].peer);
	free(peers->entries);
	free(peers);
}

static size_t position(const struct tls_peers *peers, const struct conf_upstream_tls *conf)
{
	size_t low = 0, high = peers->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)peers->entries[middle].conf < (uintptr_t)conf)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct tls_peer *tls_peers_find(const struct tls_peers *peers, const struct conf_upstream_tls *conf)
{
	size_t at = position(peers, conf);
	return at < peers->count && peers->entries[at].conf == conf ? peers->entries[at].peer
								    : NULL;
}

static int share_or_create(struct tls_peer **ret, const struct tls_peers *peers,
	const struct conf_upstream_tls *conf, struct err *err)
{
	for (size_t i = 0; i < peers->count; i++) {
		if (!is_same(peers->entries[i].conf, conf))
			continue;
		*ret = tls_peer_ref(peers->entries[i].peer);
		return 0;
	}
	return tls_peer_create(ret, conf, err);
}

int tls_peers_add(struct tls_peers *peers, const struct conf_upstream_tls *conf, struct err *err)
{
	if (tls_peers_find(peers, conf) != NULL)
		return 0;
	if (peers->count == peers->room) {
		size_t room = peers->room != 0 ? 2 * peers->room : 8;
		struct peer_entry *more = reallocarray(peers->entries, room, sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		peers->entries = more;
		peers->room = room;
	}
	struct tls_peer *peer;
	int rc = share_or_create(&peer, peers, conf, err);
	if (rc != 0)
		return rc;
	size_t at = position(peers, conf);
	memmove(peers->entries + at + 1, peers->entries + at,
		(peers->count - at) * sizeof(*peers->entries));
	peers->entries[at] = (struct peer_entry){conf, peer};
	peers->count++;
	return 0;
}
