/*
 * proxy/tls_io.c - TLS as a transport, on the socket itself.
 *
 *                    SSL_read                    recv
 *   owner  <------------------------  SSL  <------------  kernel
 *          ------------------------>       ---> out ---->
 *                    SSL_write                    send
 *
 * OpenSSL's octets pass a BIO of our own. On the way in it knows from a short
 * read that the kernel has no more, and saves the read that would say so. On
 * the way out it gathers: all the records that one call makes (a flight of the
 * handshake, 64 KiB of an answer) leave with one send. What the kernel does not
 * take waits in `unsent`, and until it is out no more is made. So SSL itself
 * never has to be called again with what it was called with before.
 *
 * A write whose records could not all leave keeps its last octet back: the
 * owner offers it again, as with any short write, and thereby asks for the rest
 * to be sent. That octet is under way already and is then skipped.
 */
#include "proxy/tls_parts.h"

#include "proxy/sock.h"
#include "proxy/stats.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

#define RECORD_MOST SSL3_RT_MAX_PLAIN_LENGTH
#define RECORD_ROOM (RECORD_MOST + SSL3_RT_MAX_ENCRYPTED_OVERHEAD)
/* Reads of the kernel for one piece of data: a record may begin in one and end in the next. Who
 * sends records without data (key updates) must let others have their turn. */
#define READS_MOST 2

static BIO_METHOD *bio_method;
/* What the running call produced; empty between calls. */
static char out[TLS_BATCH_MOST * RECORD_ROOM];
static size_t out_used;
/* Small pieces of one write become one record here. */
static char gathered[RECORD_MOST];

/* -- towards the kernel -- */

/* How many went, 0 too; -errno. */
static ssize_t put(struct sock *sock, const char *p, size_t n)
{
	size_t done = 0;
	while (done < n) {
		size_t want = sock_short_io ? 1 : n - done;
		ssize_t sent = send(sock->fd, p + done, want, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN)
			return -errno;
		if (sent > 0)
			done += (size_t)sent;
		if (sent < (ssize_t)want) {
			sock->can_write = false;
			break;
		}
	}
	return (ssize_t)done;
}

static int fail_writing(struct tls *tls, int rc)
{
	tls->write_error = rc;
	free(tls->unsent);
	tls->unsent = NULL;
	out_used = 0;
	return rc;
}

/* Not the kernel's word: the peer is still there and waits for what was lost, so that its answer,
 * or its end, would never come. */
static int give_up(struct sock *sock, int rc)
{
	struct tls *tls = sock->tls;
	if (tls->read_error == 0)
		tls->read_error = rc;
	sock->can_read = true;
	(void)shutdown(sock->fd, SHUT_RDWR);
	return fail_writing(tls, rc);
}

int tls_io_flush(struct sock *sock)
{
	struct tls *tls = sock->tls;
	if (tls->write_error != 0) {
		out_used = 0;
		return tls->write_error;
	}
	if (tls->unsent != NULL) {
		/* on_bio_write adds nothing meanwhile, so `out` is empty. */
		uint32_t n = tls->unsent_end - tls->unsent_start;
		ssize_t sent = put(sock, tls->unsent + tls->unsent_start, n);
		if (sent < 0)
			return fail_writing(tls, (int)sent);
		tls->unsent_start += (uint32_t)sent;
		if (tls->unsent_start != tls->unsent_end)
			return -EAGAIN;
		free(tls->unsent);
		tls->unsent = NULL;
		return 0;
	}
	if (out_used == 0)
		return 0;
	ssize_t sent = put(sock, out, out_used);
	if (sent < 0)
		return fail_writing(tls, (int)sent);
	size_t rest = out_used - (size_t)sent;
	out_used = 0;
	if (rest == 0)
		return 0;
	tls->unsent = malloc(rest);
	if (tls->unsent == NULL)
		return give_up(sock, -ENOMEM);
	memcpy(tls->unsent, out + sent, rest);
	tls->unsent_start = 0;
	tls->unsent_end = (uint32_t)rest;
	return -EAGAIN;
}

/* -- the BIO -- */

static int on_bio_read(BIO *bio, char *p, int n)
{
	struct sock *sock = BIO_get_data(bio);
	struct tls *tls = sock->tls;
	ssize_t got;

	BIO_clear_retry_flags(bio);
	if (tls->is_drained || tls->reads_left == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t want = sock_short_io ? 1 : (size_t)n;
	do
		got = recv(sock->fd, p, want, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN) {
		tls->is_drained = true;
		BIO_set_retry_read(bio);
		return -1;
	}
	if (got < 0) {
		tls->read_error = -errno;
		return -1;
	}
	/* With a FIN behind them the octets are not the last thing to be read. */
	tls->is_drained = (size_t)got < want && !sock->peer_closed && got != 0;
	if (tls->is_drained)
		sock_doubt(sock);
	tls->reads_left -= !sock_short_io;
	tls->has_seen_fin = got == 0;
	return (int)got;
}

static int on_bio_write(BIO *bio, const char *p, int n)
{
	struct sock *sock = BIO_get_data(bio);
	struct tls *tls = sock->tls;

	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	if (tls->unsent == NULL && (size_t)n > sizeof(out) - out_used)
		(void)tls_io_flush(sock);
	if (tls->write_error != 0)
		return -1;
	if (tls->unsent != NULL) {
		BIO_set_retry_write(bio);
		return -1;
	}
	memcpy(out + out_used, p, (size_t)n);
	out_used += (size_t)n;
	return n;
}

static long on_bio_ctrl(BIO *bio, int what, long number, void *p)
{
	(void)number;
	(void)p;
	const struct sock *sock = BIO_get_data(bio);
	const struct tls *tls = sock->tls;
	switch (what) {
	case BIO_CTRL_EOF:
		return tls->has_seen_fin;
	case BIO_CTRL_FLUSH: /* done at the end of each call */
	case BIO_CTRL_DUP:
		return 1;
	default:
		return 0;
	}
}

static int on_bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

int tls_io_start(void)
{
	if (bio_method != NULL)
		return 0;
	bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sock");
	if (bio_method == NULL || BIO_meth_set_read(bio_method, on_bio_read) != 1 ||
		BIO_meth_set_write(bio_method, on_bio_write) != 1 ||
		BIO_meth_set_ctrl(bio_method, on_bio_ctrl) != 1 ||
		BIO_meth_set_create(bio_method, on_bio_create) != 1) {
		tls_io_finish();
		return -ENOMEM;
	}
	return 0;
}

void tls_io_finish(void)
{
	BIO_meth_free(bio_method);
	bio_method = NULL;
}

BIO *tls_io_bio(struct sock *sock)
{
	BIO *bio = BIO_new(bio_method);
	if (bio != NULL)
		BIO_set_data(bio, sock);
	return bio;
}

/* -- the transport -- */

void tls_io_begin(struct tls *tls)
{
	/* A stale error of another user of OpenSSL would be taken for ours. */
	if (ERR_peek_error() != 0)
		ERR_clear_error();
	tls->is_drained = false;
	tls->reads_left = READS_MOST;
}

/* What SSL_read said when it gave nothing: 0 for the end, -errno. */
static ssize_t why_no_octets(struct sock *sock, struct tls *tls, int ret)
{
	switch (SSL_get_error(tls->ssl, ret)) {
	case SSL_ERROR_ZERO_RETURN:
		sock->is_eof = true;
		sock->can_read = false;
		return 0;
	case SSL_ERROR_WANT_READ:
		if (tls->is_drained)
			sock->can_read = false;
		else
			sock_read_next_turn(sock);
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE: /* an answer of its own that finds no room */
		sock->can_read = false;
		sock->reads_when_writable = true;
		return -EAGAIN;
	default:
		ERR_clear_error();
		if (tls->read_error == 0)
			tls->read_error = tls->write_error != 0 ? tls->write_error : -EPROTO;
		sock->can_read = false;
		return tls->read_error;
	}
}

static ssize_t tls_read(struct sock *sock, void *p, size_t n)
{
	struct tls *tls = sock->tls;
	size_t got = 0;
	ssize_t rc = -EAGAIN;

	if (tls->read_error != 0)
		return tls->read_error;
	tls_io_begin(tls);
	n = sock_short_io ? 1 : min_size(n, INT32_MAX);
	/* SSL may have an answer of its own to send before it can read on. */
	if (tls->unsent != NULL && sock->can_write)
		(void)tls_io_flush(sock);
	for (;;) {
		int ret = SSL_read(tls->ssl, (char *)p + got, (int)(n - got));
		if (ret <= 0) {
			rc = why_no_octets(sock, tls, ret);
			break;
		}
		got += (size_t)ret;
		tls->reads_left = READS_MOST;
		bool has_more = SSL_has_pending(tls->ssl) != 0;
		if (tls->is_drained && !has_more) {
			sock->can_read = false;
			break;
		}
		if (got == n)
			break;
	}
	/* An alert, or the answer to a key update. */
	(void)tls_io_flush(sock);
	if (rc == -EAGAIN && tls->read_error != 0)
		rc = tls->read_error;
	if (got == 0)
		return rc;
	/* An end or an error behind the octets is told by the next call. */
	if (rc != -EAGAIN) {
		sock->is_eof = false;
		sock->can_read = true;
	}
	return (ssize_t)got;
}

struct cursor {
	const struct iovec *iov;
	int count;
	size_t at; /* in iov[0] */
};

/* At most `most` octets in one piece: in place where one buffer has that many or is the last, else
 * copied together. n is 0 at the end. Moves on. */
static struct slice next_piece(struct cursor *cursor, size_t most)
{
	size_t n = 0;
	while (cursor->count > 0) {
		const char *base = cursor->iov->iov_base;
		size_t here = min_size(cursor->iov->iov_len - cursor->at, most - n);
		/* A buffer without octets need not be one. */
		const char *p = here == 0 ? NULL : base + cursor->at;
		bool is_last = cursor->count == 1;
		cursor->at += here;
		if (cursor->at == cursor->iov->iov_len) {
			cursor->iov++;
			cursor->count--;
			cursor->at = 0;
		}
		if (n == 0 && here != 0 && (here == most || is_last))
			return (struct slice){p, here};
		if (here != 0)
			memcpy(gathered + n, p, here);
		n += here;
		if (n == most)
			break;
	}
	return (struct slice){gathered, n};
}

static ssize_t tls_write(struct sock *sock, const struct iovec *iov, int count)
{
	struct tls *tls = sock->tls;
	struct cursor cursor = {iov, count, 0};
	size_t taken = 0;

	tls_io_begin(tls);
	int rc = tls_io_flush(sock);
	if (rc != 0)
		return rc;
	if (tls->owes_octet) {
		taken = next_piece(&cursor, 1).n;
		tls->owes_octet = false;
	}
	size_t most = sock_short_io ? 1 : tls->record_most;
	unsigned batch = tls->batch *
			 (unsigned)(RECORD_ROOM /
				    (tls->record_most + SSL3_RT_MAX_ENCRYPTED_OVERHEAD));
	for (unsigned records = 0; records < batch; records++) {
		struct slice piece = next_piece(&cursor, most);
		if (piece.n == 0)
			break;
		if (SSL_write(tls->ssl, piece.p, (int)piece.n) != (int)piece.n) {
			ERR_clear_error();
			(void)tls_io_flush(sock);
			return tls->write_error != 0 ? tls->write_error : give_up(sock, -EPROTO);
		}
		taken += piece.n;
		if (sock_short_io)
			break;
	}
	rc = tls_io_flush(sock);
	if (rc == 0) {
		tls->batch = tls->batch < TLS_BATCH_MOST ? tls->batch + 1 : TLS_BATCH_MOST;
		return (ssize_t)taken;
	}
	if (rc != -EAGAIN)
		return rc;
	tls->batch = 1;
	tls->owes_octet = true;
	return taken > 1 ? (ssize_t)taken - 1 : -EAGAIN;
}

static bool is_silent(const struct sock *sock)
{
	char octet;
	return recv(sock->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EINTR);
}

/* In TLS 1.3 a server sends tickets when it likes: only data, or an end, is news. */
static bool tls_is_stale(struct sock *sock)
{
	struct tls *tls = sock->tls;
	char octet;
	if (!tls->is_done || tls->read_error != 0 || tls->write_error != 0)
		return true;
	if (SSL_has_pending(tls->ssl) == 0 && is_silent(sock))
		return false;
	tls_io_begin(tls);
	int ret = SSL_peek(tls->ssl, &octet, 1);
	bool is_quiet = ret <= 0 && SSL_get_error(tls->ssl, ret) == SSL_ERROR_WANT_READ;
	ERR_clear_error();
	(void)tls_io_flush(sock);
	/* More of them than one call takes is no server's way. */
	return !is_quiet || SSL_has_pending(tls->ssl) != 0 || !is_silent(sock);
}

static void tls_end(struct sock *sock)
{
	struct tls *tls = sock->tls;
	if (tls->has_sent_fin)
		return;
	tls_io_begin(tls);
	if (tls_io_flush(sock) == -EAGAIN)
		return;
	if (tls->is_done && tls->read_error == 0 &&
		(SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN) == 0)
		(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
	if (tls_io_flush(sock) == -EAGAIN)
		return;
	tls->has_sent_fin = true;
	(void)shutdown(sock->fd, SHUT_WR);
}

void tls_io_free(struct sock *sock)
{
	struct tls *tls = sock->tls;
	if (tls == NULL)
		return;
	if (tls->ssl != NULL && !tls->is_done && tls->peer == NULL)
		proxy_stats.tls_failed++;
	/* OpenSSL takes a connection that is freed without a goodbye for broken, and its session
	 * with it. A connection that is just over is not. */
	if (tls->is_done && tls->read_error == 0 && tls->write_error == 0)
		SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	sock->transport = tls->plain;
	sock->tls = NULL;
	SSL_free(tls->ssl);
	tls_peer_unref(tls->peer);
	free(tls->name);
	free(tls->unsent);
	free(tls);
}

const struct transport tls_transport = {
	.read = tls_read,
	.write = tls_write,
	.end = tls_end,
	.is_stale = tls_is_stale,
	.finish = tls_io_free,
};
