/*
 * proxy/ws_dial.c - the opening handshake, as a client.
 *
 *   connect ---> send ---> head ---> on_open
 *                           ^ '- 1xx: another head
 *
 * Level-triggered and with an event of its own: whoever takes the descriptor makes a sock of it,
 * whose first edge then tells all that is true of it.
 */
#include "proxy/ws_dial.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "http/chars.h"
#include "http/head.h"
#include "http/ws_accept.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES 4096
#define INTERIM_MOST 8

static const struct http_limits head_limits = {
	.head_bytes = 65536, .target_bytes = 65536, .fields = 100};

struct ws_dial {
	struct event io;
	struct deadline limit;
	struct next_turn early; /* reports what failed at once */
	struct deferred gone;
	int fd;                   /* -1 once it is over */
	struct secure_line *line; /* ref; NULL: it is spoken to plainly */
	int error;                /* -errno: of what failed at once */
	bool is_connected;
	unsigned interims; /* 1xx heads so far */
	char accept[WS_ACCEPT_CHARS];
	struct buf out, in;
	void (*on_open)(int fd, struct buf *early, void *arg);
	void (*on_failed)(int error, uint16_t status, void *arg);
	void *arg;
	struct http_head head;
};

static void stop(struct ws_dial *dial)
{
	deadline_clear(&dial->limit);
	next_turn_cancel(&dial->early);
	if (dial->fd >= 0)
		(void)event_del(&dial->io);
}

static void destroy(struct ws_dial *dial)
{
	if (dial->fd >= 0)
		(void)close(dial->fd);
	buf_release(&dial->out);
	buf_release(&dial->in);
	secure_line_unref(dial->line);
	free(dial);
}

static void run_destroy(struct deferred *gone)
{
	destroy(CONTAINER_OF(gone, struct ws_dial, gone));
}

static void fail(struct ws_dial *dial, int error, uint16_t status)
{
	stop(dial);
	defer(&dial->gone, run_destroy);
	dial->on_failed(secure_line_error(dial->line, error), status, dial->arg);
}

static void succeed(struct ws_dial *dial)
{
	struct buf early = dial->in;
	int fd = dial->fd;
	stop(dial);
	dial->in = (struct buf){0};
	dial->fd = -1;
	if (buf_waiting(&early) == 0)
		buf_release(&early);
	defer(&dial->gone, run_destroy);
	dial->on_open(fd, &early, dial->arg);
}

/* A 101 to what we asked (RFC 6455 section 4.1): our key was understood, and nothing that we did
 * not offer is in force. */
static bool is_answer(const struct ws_dial *dial, const char *p)
{
	const struct http_head *head = &dial->head;
	struct slice accept = http_head_value(head, p, HF_SEC_WEBSOCKET_ACCEPT);
	return head->is_websocket && accept.p != NULL && accept.n == WS_ACCEPT_CHARS &&
	       memcmp(accept.p, dial->accept, WS_ACCEPT_CHARS) == 0 &&
	       http_head_find(head, p, "Sec-WebSocket-Extensions").p == NULL &&
	       http_head_find(head, p, "Sec-WebSocket-Protocol").p == NULL;
}

/* Looks at what came. May end the dial. */
static void take_head(struct ws_dial *dial)
{
	struct http_head *head = &dial->head;
	for (;;) {
		struct slice got = buf_slice(&dial->in);
		switch (http_head_feed(head, got.p, got.n, &head_limits)) {
		case HTTP_MORE:
			return;
		case HTTP_BAD:
			fail(dial, -EPROTO, 0);
			return;
		case HTTP_DONE:
			break;
		}
		bool is_ours = head->code == 101 && is_answer(dial, got.p);
		buf_consume(&dial->in, head->bytes);
		if (is_ours) {
			succeed(dial);
			return;
		}
		if (head->code == 101 || head->code >= 200 || ++dial->interims > INTERIM_MOST) {
			fail(dial, -EPROTO, head->code);
			return;
		}
		http_head_init(head, HTTP_RESPONSE);
	}
}

static void on_readable(struct ws_dial *dial)
{
	struct buf *in = &dial->in;
	if (!buf_reserve(in, READ_BYTES)) {
		fail(dial, -ENOMEM, 0);
		return;
	}
	ssize_t n = recv(dial->fd, in->p + in->end, buf_room(in), 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(dial, -errno, 0);
		return;
	}
	if (n == 0) {
		fail(dial, -ENODATA, 0);
		return;
	}
	in->end += (uint32_t)n;
	take_head(dial);
}

static void on_io(evutil_socket_t fd, short what, void *arg);

static bool wait_for(struct ws_dial *dial, short what)
{
	return event_assign(&dial->io, loop_base(), dial->fd, (short)(what | EV_PERSIST), on_io,
		       dial) == 0 &&
	       event_add(&dial->io, NULL) == 0;
}

static void on_writable(struct ws_dial *dial)
{
	if (!dial->is_connected) {
		int error = 0;
		socklen_t n = sizeof(error);
		if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
			error = errno;
		if (error != 0) {
			fail(dial, -error, 0);
			return;
		}
		dial->is_connected = true;
	}
	struct slice rest = buf_slice(&dial->out);
	ssize_t n = send(dial->fd, rest.p, rest.n, MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(dial, -errno, 0);
		return;
	}
	buf_consume(&dial->out, (size_t)n);
	if (buf_waiting(&dial->out) != 0)
		return;
	buf_release(&dial->out);
	(void)event_del(&dial->io);
	if (!wait_for(dial, EV_READ))
		fail(dial, -ENOMEM, 0);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct ws_dial *dial = arg;
	(void)clock_tick();
	if ((what & EV_WRITE) != 0)
		on_writable(dial);
	else
		on_readable(dial);
}

static void on_limit(struct deadline *limit)
{
	fail(CONTAINER_OF(limit, struct ws_dial, limit), -ETIMEDOUT, 0);
}

static void on_early(struct next_turn *early)
{
	struct ws_dial *dial = CONTAINER_OF(early, struct ws_dial, early);
	fail(dial, dial->error, 0);
}

static bool is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if (!http_char_is(*text, CHAR_TARGET))
			return false;
	return true;
}

/* Fills dial->out and dial->accept. -errno. */
static int write_request(struct ws_dial *dial, const struct ws_dial_ask *ask)
{
	static const char format[] = "GET %s HTTP/1.1\r\n"
				     "Host: %s\r\n"
				     "User-Agent: comfymux/" COMFYMUX_VERSION "\r\n"
				     "Connection: Upgrade\r\n"
				     "Upgrade: websocket\r\n"
				     "Sec-WebSocket-Version: 13\r\n"
				     "Sec-WebSocket-Key: %s\r\n\r\n";
	uint8_t nonce[WS_NONCE_BYTES];
	char key[WS_KEY_CHARS + 1] = {0};
	if (ask->target[0] != '/' || !is_clean(ask->target) || !is_clean(ask->host))
		return -EINVAL;
	if (!random_secret(nonce, sizeof(nonce)))
		return -EIO;
	ws_key_for(nonce, key);
	if (!ws_accept_for(slice_of(key), dial->accept))
		return -ENOMEM;
	int n = snprintf(NULL, 0, format, ask->target, ask->host, key);
	if (n < 0 || !buf_reserve(&dial->out, (size_t)n + 1))
		return -ENOMEM;
	(void)snprintf(dial->out.p, (size_t)n + 1, format, ask->target, ask->host, key);
	dial->out.end = (uint32_t)n;
	return 0;
}

/* Begins to connect. -errno: failed already. */
static int begin(struct ws_dial *dial, const struct ws_dial_ask *ask)
{
	int error = write_request(dial, ask);
	if (error != 0)
		return error;
	if (dial->line != NULL)
		return wait_for(dial, EV_WRITE) ? 0 : -ENOMEM;
	if (ask->addr->u.any.sa_family != AF_UNIX) {
		/* Small frames must not wait for each other's acknowledgement. */
		int yes = 1;
		(void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	}
	if (connect(dial->fd, &ask->addr->u.any, ask->addr->len) != 0 && errno != EINPROGRESS)
		return -errno;
	return wait_for(dial, EV_WRITE) ? 0 : -ENOMEM;
}

/* -1 with errno. */
static int open_socket(struct ws_dial *dial, const struct ws_dial_ask *ask)
{
	if (ask->secure == NULL)
		return socket(
			ask->addr->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int fd = ask->secure->open(ask->secure, ask->addr, &dial->line);
	if (fd < 0)
		errno = -fd;
	return fd < 0 ? -1 : fd;
}

struct ws_dial *ws_dial_start(const struct ws_dial_ask *ask)
{
	struct ws_dial *dial = calloc(1, sizeof(*dial));
	if (dial == NULL)
		return NULL;
	dial->fd = open_socket(dial, ask);
	if (dial->fd < 0) {
		free(dial);
		return NULL;
	}
	dial->on_open = ask->on_open;
	dial->on_failed = ask->on_failed;
	dial->arg = ask->arg;
	http_head_init(&dial->head, HTTP_RESPONSE);
	deadline_init(&dial->limit, on_limit);
	next_turn_init(&dial->early, on_early);
	/* So that it can be taken back whatever happens. */
	event_assign(&dial->io, loop_base(), dial->fd, EV_WRITE | EV_PERSIST, on_io, dial);
	dial->error = begin(dial, ask);
	if (dial->error != 0)
		next_turn_add(&dial->early);
	else
		deadline_set(&dial->limit, ask->timeout_ms);
	return dial;
}

void ws_dial_cancel(struct ws_dial *dial)
{
	if (dial == NULL)
		return;
	stop(dial);
	destroy(dial);
}
