/*
 * proxy/sock.c - the socket, its event, and the plain transport.
 *
 * Edge-triggered: an edge is told once. So what it said is kept until the
 * kernel contradicts it: EAGAIN, or a read that got less than it asked for.
 * The latter is only taken for "empty" while no FIN is known, because the FIN
 * behind the last octets has no edge of its own left; and it stays in doubt for
 * a moment (sock_doubt).
 */
#include "proxy/sock.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

bool sock_short_io;
bool sock_no_splice;

static struct list doubted = {&doubted, &doubted};
static struct deadline doubt_timer;

static void on_doubt(struct deadline *deadline)
{
	(void)deadline;
	struct list now;
	list_insert_after(&doubted, &now);
	list_remove(&doubted);
	while (!list_is_empty(&now)) {
		struct sock *sock = list_first(&now, struct sock, doubt);
		list_remove(&sock->doubt);
		if (sock->can_read)
			continue;
		sock->can_read = sock->has_news = true;
		sock->step(sock);
	}
}

void sock_doubt(struct sock *sock)
{
	if (!list_is_empty(&sock->doubt))
		return;
	if (doubt_timer.on_due == NULL)
		deadline_init(&doubt_timer, on_doubt);
	if (!deadline_is_set(&doubt_timer))
		deadline_set(&doubt_timer, SOCK_DOUBT_MS);
	list_push_back(&doubted, &sock->doubt);
}

static ssize_t plain_read(struct sock *sock, void *p, size_t n)
{
	size_t want = sock_short_io ? min_size(n, 1) : n;
	ssize_t got;
	do {
		got = recv(sock->fd, p, want, 0);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		if ((size_t)got < want && !sock->peer_closed) {
			sock->can_read = false;
			sock_doubt(sock);
		}
		return got;
	}
	if (got == 0) {
		sock->is_eof = true;
		sock->can_read = false;
		return 0;
	}
	sock->can_read = false;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static size_t iov_bytes(const struct iovec *iov, int count)
{
	size_t n = 0;
	for (int i = 0; i < count; i++)
		n += iov[i].iov_len;
	return n;
}

static ssize_t plain_write(struct sock *sock, const struct iovec *iov, int count)
{
	struct iovec one = iov[0];
	if (sock_short_io) {
		one.iov_len = min_size(one.iov_len, 1);
		iov = &one;
		count = 1;
	}
	struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
	size_t all = iov_bytes(iov, count);
	ssize_t put;
	do {
		put = count == 1 ? send(sock->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL)
				 : sendmsg(sock->fd, &message, MSG_NOSIGNAL);
	} while (put < 0 && errno == EINTR);
	if (put < 0 && errno == EWOULDBLOCK)
		put = -EAGAIN;
	else if (put < 0)
		return -errno;
	if (put < (ssize_t)all)
		sock->can_write = false;
	return put;
}

static void plain_end(struct sock *sock)
{
	(void)shutdown(sock->fd, SHUT_WR);
}

static void plain_finish(struct sock *sock)
{
	(void)sock;
}

const struct transport plain_transport = {
	.read = plain_read,
	.write = plain_write,
	.end = plain_end,
	.finish = plain_finish,
	.may_splice = true,
};

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct sock *sock = arg;
	(void)clock_tick();
	if (what & EV_READ)
		sock->can_read = true;
	if (what & EV_WRITE)
		sock->can_write = true;
	if (sock->reads_when_writable && (what & EV_WRITE)) {
		sock->reads_when_writable = false;
		sock->can_read = true;
	}
	sock->has_news = true;
	if (what & EV_CLOSED)
		sock->peer_closed = sock->can_read = true;
	/* A TLS goodbye that found no room is said now. (A FIN needs none, and each shutdown() is
	 * an edge.) */
	if (sock->has_ended && sock->tls != NULL && (what & EV_WRITE))
		sock->transport->end(sock);
	sock->step(sock);
}

static void on_next_turn(struct next_turn *item)
{
	struct sock *sock = CONTAINER_OF(item, struct sock, again);
	if (sock->reads_next_turn)
		sock->can_read = true;
	sock->reads_next_turn = false;
	sock->step(sock);
}

int sock_init(struct sock *sock, int fd, void (*step)(struct sock *sock))
{
	*sock = (struct sock){.fd = fd, .step = step, .transport = &plain_transport};
	next_turn_init(&sock->again, on_next_turn);
	list_init(&sock->doubt);
	short what = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;
	if (event_assign(&sock->event, loop_base(), fd, what, on_event, sock) == 0 &&
		event_add(&sock->event, NULL) == 0)
		return 0;
	(void)close(fd);
	sock->fd = -1;
	return -ENOMEM;
}

void sock_close(struct sock *sock)
{
	if (sock->fd < 0)
		return;
	next_turn_cancel(&sock->again);
	list_remove(&sock->doubt);
	if (list_is_empty(&doubted) && deadline_is_set(&doubt_timer))
		deadline_clear(&doubt_timer);
	(void)event_del(&sock->event);
	sock->transport->finish(sock);
	(void)close(sock->fd);
	sock->fd = -1;
	sock->can_read = sock->can_write = false;
}

void sock_reset(struct sock *sock)
{
	if (sock->fd < 0)
		return;
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	(void)setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	sock_close(sock);
}

void sock_read_next_turn(struct sock *sock)
{
	sock->can_read = false;
	sock->reads_next_turn = true;
	sock_step_again(sock);
}

void sock_step_again(struct sock *sock)
{
	if (sock->fd >= 0)
		next_turn_add(&sock->again);
}

void sock_end(struct sock *sock)
{
	if (sock->fd < 0 || sock->has_ended)
		return;
	sock->has_ended = true;
	sock->transport->end(sock);
}

bool sock_is_stale(struct sock *sock)
{
	char octet;
	if (sock->fd < 0 || sock->peer_closed || sock->is_eof)
		return true;
	if (sock->transport->is_stale != NULL)
		return sock->transport->is_stale(sock);
	ssize_t got = recv(sock->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
	return !(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

bool sock_is_broken(struct sock *sock)
{
	int error = 0;
	socklen_t n = sizeof(error);
	/* A read would tell nothing before the last octet, and behind a FIN nothing at all. */
	return getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error != 0;
}

size_t sock_in_flight(const struct sock *sock)
{
	int waiting = 0;
	return ioctl(sock->fd, SIOCOUTQ, &waiting) != 0 || waiting < 0 ? 0 : (size_t)waiting;
}

bool sock_has_arrived(const struct sock *sock)
{
	return sock_in_flight(sock) == 0;
}

ssize_t sock_peek(struct sock *sock, void *p, size_t n)
{
	ssize_t got;
	do {
		got = recv(sock->fd, p, sock_short_io ? min_size(n, 1) : n, MSG_PEEK);
	} while (got < 0 && errno == EINTR);
	if (got >= 0)
		return got;
	sock->can_read = false;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

bool sock_has_unread(const struct sock *sock)
{
	char octet;
	return recv(sock->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}
