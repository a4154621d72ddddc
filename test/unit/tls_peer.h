/*
 * test/unit/tls_peer.h - certificates made on the spot, and a TLS client at the other end of a
 * socketpair.
 *
 * There is no loop: pump() says "the kernel reported something" by setting can_read and can_write,
 * as the event's callback does.
 */
#ifndef TEST_TLS_PEER_H
#define TEST_TLS_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "proxy/sock.h"
#include "proxy/stats.h"
#include "proxy/tls_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char folder[] = "/tmp/comfymux-tls-XXXXXX";

/* Valid until the next four calls. */
static inline const char *in_folder(const char *name)
{
	static char paths[4][320];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static inline void write_text(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* NAME.pem and NAME.key, self-signed for that name. */
static inline void make_pair(const char *name, EVP_PKEY *key)
{
	char file[64];
	assert_non_null(key);
	X509 *cert = X509_new();
	assert_non_null(cert);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -3600));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 86400));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	X509_NAME *subject = X509_get_subject_name(cert);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				 (const unsigned char *)name, -1, -1, 0),
		1);
	assert_int_equal(X509_set_issuer_name(cert, subject), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);

	(void)snprintf(file, sizeof(file), "%s.pem", name);
	FILE *f = fopen(in_folder(file), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	f = fopen(in_folder(file), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static inline struct tls_context *make_context(const char *name, uint16_t min_version)
{
	char cert[64], key[64];
	struct tls_context *context;
	struct err err = {{0}};
	(void)snprintf(cert, sizeof(cert), "%s.pem", name);
	(void)snprintf(key, sizeof(key), "%s.key", name);
	struct conf_tls conf = {.certificate = in_folder(cert),
		.key = in_folder(key),
		.min_version = min_version,
		.ciphers = ""};
	if (tls_context_create(&context, &conf, &err) != 0)
		fail_msg("%s", err.text);
	return context;
}

/* -- a connection -- */

struct peer {
	struct sock sock; /* the server's side: what is tested */
	SSL *ssl;         /* the client */
	int fd;           /* its descriptor */
};

static void on_step(struct sock *sock)
{
	(void)sock;
}

static inline SSL_CTX *client_context(int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(ctx);
	if (version != 0) {
		assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
		assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	return ctx;
}

static inline void peer_sockets(struct peer *peer, int kind)
{
	int fds[2];
	*peer = (struct peer){.fd = -1};
	assert_int_equal(socketpair(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	peer->fd = fds[0];
	peer->sock.fd = fds[1];
	peer->sock.transport = &plain_transport;
	peer->sock.step = on_step;
	next_turn_init(&peer->sock.again, NULL); /* nobody turns the loop */
}

/* ctx NULL: no TLS client. name NULL: no SNI. */
static inline void peer_open(
	struct peer *peer, struct tls_site *site, SSL_CTX *ctx, const char *name)
{
	peer_sockets(peer, SOCK_STREAM);
	assert_int_equal(tls_accept(&peer->sock, site), 0);
	if (ctx == NULL)
		return;
	peer->ssl = SSL_new(ctx);
	assert_non_null(peer->ssl);
	assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
	SSL_set_connect_state(peer->ssl);
	if (name != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(peer->ssl, name), 1);
}

static inline void peer_close(struct peer *peer)
{
	next_turn_cancel(&peer->sock.again);
	if (peer->sock.tls != NULL)
		peer->sock.transport->finish(&peer->sock);
	SSL_free(peer->ssl);
	(void)close(peer->sock.fd);
	if (peer->fd >= 0)
		(void)close(peer->fd);
}

static inline bool is_ready(int fd, short what)
{
	struct pollfd p = {.fd = fd, .events = what};
	return poll(&p, 1, 0) == 1 && (p.revents & what) != 0;
}

/* What an edge would have told. */
static inline void report(struct sock *sock)
{
	sock->can_read = sock->can_read || is_ready(sock->fd, POLLIN);
	sock->can_write = sock->can_write || is_ready(sock->fd, POLLOUT);
	sock->peer_closed = sock->peer_closed || is_ready(sock->fd, POLLRDHUP);
}

/* can_read must not be cleared while the kernel has something: its edge has been and gone. */
static inline void check_no_lost_edge(const struct sock *sock)
{
	if (!sock->can_read && !sock->is_eof && !sock->reads_next_turn &&
		!sock->reads_when_writable)
		assert_false(is_ready(sock->fd, POLLIN));
}

/* Both sides in turn until the server's is decided. */
static inline enum tls_verdict peer_handshake(struct peer *peer, struct err *why)
{
	bool is_client_done = peer->ssl == NULL;
	enum tls_verdict verdict = TLS_WAIT;
	for (int i = 0; i < 50; i++) {
		if (!is_client_done)
			is_client_done = SSL_do_handshake(peer->ssl) == 1;
		report(&peer->sock);
		if (verdict == TLS_WAIT) {
			verdict = tls_handshake(&peer->sock, why);
			check_no_lost_edge(&peer->sock);
		}
		if (verdict == TLS_FAILED || verdict == TLS_PLAIN_HTTP ||
			(verdict == TLS_DONE && is_client_done))
			break;
	}
	/* The client's own errors are not what is looked for. */
	ERR_clear_error();
	return verdict;
}

static inline void peer_connect(
	struct peer *peer, struct tls_site *site, SSL_CTX *ctx, const char *name)
{
	struct err why = {{0}};
	peer_open(peer, site, ctx, name);
	enum tls_verdict verdict = peer_handshake(peer, &why);
	if (verdict != TLS_DONE)
		fail_msg("handshake: %s", why.text);
}

static inline ssize_t server_read(struct peer *peer, void *p, size_t n)
{
	report(&peer->sock);
	ssize_t got = sock_read(&peer->sock, p, n);
	check_no_lost_edge(&peer->sock);
	assert_int_equal(ERR_peek_error(), 0);
	return got;
}

static inline ssize_t server_write(struct peer *peer, const void *p, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)p, n};
	report(&peer->sock);
	ssize_t put = sock_write(&peer->sock, &iov, 1);
	assert_int_equal(ERR_peek_error(), 0);
	return put;
}

static inline void client_write(struct peer *peer, const char *text)
{
	assert_int_equal(SSL_write(peer->ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* Reads until the client has nothing more; the last SSL_read's error. */
static inline int client_read(struct peer *peer, char *p, size_t room, size_t *ret_n)
{
	size_t n = 0;
	int got;
	do {
		got = SSL_read(peer->ssl, p + n, (int)(room - n));
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n < room);
	int error = got > 0 ? SSL_ERROR_NONE : SSL_get_error(peer->ssl, got);
	ERR_clear_error();
	*ret_n = n;
	return error;
}

static inline int folder_setup(void **state)
{
	(void)state;
	/* The client is OpenSSL with its own ways. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)clock_tick();
	if (mkdtemp(folder) == NULL || tls_start() != 0)
		return -1;
	make_pair("one", EVP_EC_gen("P-256"));
	make_pair("two", EVP_EC_gen("P-256"));
	return 0;
}

static inline int folder_teardown(void **state)
{
	(void)state;
	struct dirent *file;
	tls_finish();
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	while ((file = readdir(dir)) != NULL)
		if (file->d_name[0] != '.')
			assert_int_equal(unlink(in_folder(file->d_name)), 0);
	(void)closedir(dir);
	return rmdir(folder);
}

#endif
