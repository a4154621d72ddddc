/*
 * proxy/sock.h - one non-blocking stream socket, its event, and its transport.
 *
 * One event for the socket's whole life, edge-triggered for reading, writing and
 * the peer's close; its callback records what is possible and calls `step`.
 * can_read and can_write stay true until the kernel says EAGAIN. Nobody ever
 * switches the event on or off: who has no room does not read.
 */
#ifndef PROXY_SOCK_H
#define PROXY_SOCK_H

#include "base/base.h"
#include "base/loop.h"

#include <event2/event_struct.h>
#include <sys/types.h>
#include <sys/uio.h>

struct sock;

struct transport {
	/* > 0 octets; 0 the peer ended its side in order; -EAGAIN (and can_read is then false);
	 * other -errno. */
	ssize_t (*read)(struct sock *sock, void *p, size_t n);
	/* Octets taken, > 0; -EAGAIN (and can_write is then false); other -errno. n of them at most
	 * IOV_MAX pieces. */
	ssize_t (*write)(struct sock *sock, const struct iovec *iov, int count);
	/* Ends our side in order: FIN, after a close_notify with TLS. Does not wait. */
	void (*end)(struct sock *sock);
	/* sock_is_stale, where the socket alone cannot tell. NULL: it can. */
	bool (*is_stale)(struct sock *sock);
	/* Frees what the transport keeps; not the descriptor. */
	void (*finish)(struct sock *sock);
	bool may_splice;
};

struct sock {
	struct event event;
	const struct transport *transport; /* borrowed: static */
	void *tls;                         /* owned by a TLS transport, NULL when plain */
	void (*step)(struct sock *sock);   /* the owner's; may close the sock */
	struct next_turn again;            /* sock_step_again */
	struct list doubt;                 /* a read came up short: see sock_doubt */
	int fd;                            /* -1 once closed */
	bool can_read, can_write;
	bool peer_closed; /* the kernel reported FIN or an error; octets may still be unread */
	bool is_eof;      /* read gave 0 */
	bool has_ended;   /* `end` was called */
	bool has_news;    /* an event since the last read: it may be a RST that nobody would read */
	bool reads_when_writable; /* reading goes on once something can be written (TLS) */
	bool reads_next_turn;     /* reading stopped at a bound */
};

/* Where every socket begins; TLS replaces it. */
extern const struct transport plain_transport;

/* Debugging switches (-d), for the whole process. */
extern bool sock_short_io; /* one octet per read and write */
extern bool sock_no_splice;

/* Takes the descriptor (closed on failure, too). Plain transport. -errno. */
int sock_init(struct sock *sock, int fd, void (*step)(struct sock *sock)) MUST_CHECK;
static inline bool sock_is_open(const struct sock *sock)
{
	return sock->fd >= 0;
}
/* Stops the event and closes. Twice is legal. */
void sock_close(struct sock *sock);
/* The same, but the peer gets a RST and so sees that something was cut. With TLS: without
 * close_notify. */
void sock_reset(struct sock *sock);
/* Reading stops here (can_read is false) and goes on in the next turn, after others had theirs. */
void sock_read_next_turn(struct sock *sock);
/* step() once more in the next turn, for who stopped at its quota. */
void sock_step_again(struct sock *sock);

static inline ssize_t sock_read(struct sock *sock, void *p, size_t n)
{
	sock->has_news = false;
	return sock->transport->read(sock, p, n);
}
static inline ssize_t sock_write(struct sock *sock, const struct iovec *iov, int count)
{
	return sock->transport->write(sock, iov, count);
}
void sock_end(struct sock *sock);

/* What waits to be read, left where it is: as transport->read, of the plain transport. */
ssize_t sock_peek(struct sock *sock, void *p, size_t n);

/* Octets wait to be read. */
bool sock_has_unread(const struct sock *sock);

/* Octets written that the peer's kernel has not acknowledged. */
size_t sock_in_flight(const struct sock *sock);
/* Everything written was. */
bool sock_has_arrived(const struct sock *sock);

/* The connection was reset, whatever may still lie there to be read. Tells it once: close then. For
 * sockets that can be read or whose peer_closed is set. */
bool sock_is_broken(struct sock *sock);

/*
 * A read that got less than it asked for is taken for "empty", which saves a call. But a RST that
 * came with those octets has had its edge (libevent does not tell EPOLLERR from readable), so
 * nobody would ever look again. So each such socket is read once more within SOCK_DOUBT_MS, by one
 * timer for all.
 */
#define SOCK_DOUBT_MS 250
void sock_doubt(struct sock *sock);

/* True when an idle connection cannot be used again: something is readable, or it is closed. One
 * recv(MSG_PEEK). */
bool sock_is_stale(struct sock *sock);

#endif
