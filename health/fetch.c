/*
 * health/fetch.c - one GET on a connection of its own.
 *
 *   connect ---> send ---> head ---> body ---> on_done
 *                           ^ '- 1xx: another head
 *
 * One timer is the time limit, and also what reports a failure that is known
 * before the loop runs. A body's octets are kept in `in`, decoded ones first:
 *
 *   in.start          +body_bytes              in.end
 *   |  body, decoded  |  received, still coded  |
 */
#include "health/fetch.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "http/chars.h"
#include "http/chunked.h"
#include "http/head.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES 4096
#define INTERIM_MOST 8

static const struct http_limits head_limits = {
	.head_bytes = 65536, .target_bytes = 65536, .fields = 100};

struct fetch {
	struct event io, timer;
	struct deferred gone;
	int fd;
	int error; /* known at the start; the timer reports it */
	bool is_connected, is_body, is_until_close;
	unsigned interims; /* 1xx heads so far */
	struct buf out, in;
	struct chunked chunked;
	size_t body_bytes, body_most;
	uint64_t began_us;
	void (*on_heard)(void *arg);
	void (*on_done)(const struct fetch_result *result, void *arg);
	void *arg;
	struct http_head head;
};

static void stop(struct fetch *fetch)
{
	(void)event_del(&fetch->timer);
	if (fetch->fd < 0)
		return;
	(void)event_del(&fetch->io);
	(void)close(fetch->fd);
	fetch->fd = -1;
}

static void destroy(struct fetch *fetch)
{
	buf_release(&fetch->out);
	buf_release(&fetch->in);
	free(fetch);
}

static void run_destroy(struct deferred *gone)
{
	destroy(CONTAINER_OF(gone, struct fetch, gone));
}

static void finish(struct fetch *fetch, int error)
{
	struct fetch_result result = {
		.error = error,
		.status = fetch->is_body ? fetch->head.code : 0,
		.took_us = clock_now_us - fetch->began_us,
	};
	if (error == 0)
		result.body = (struct slice){fetch->in.p + fetch->in.start, fetch->body_bytes};
	stop(fetch);
	defer(&fetch->gone, run_destroy);
	fetch->on_done(&result, fetch->arg);
}

/* Looks at what came behind the head. May end the fetch. */
static void take_body(struct fetch *fetch)
{
	struct buf *in = &fetch->in;
	size_t fresh = buf_waiting(in) - fetch->body_bytes;
	enum chunked_verdict verdict = CHUNKED_MORE;
	if (fetch->head.is_chunked) {
		size_t used, data;
		verdict = chunked_decode(&fetch->chunked, in->p + in->start + fetch->body_bytes,
			fresh, &used, &data);
		fetch->body_bytes += data;
		in->end = in->start + (uint32_t)fetch->body_bytes;
	} else {
		fetch->body_bytes += fresh;
		if (!fetch->is_until_close && fetch->body_bytes >= fetch->head.content_length) {
			fetch->body_bytes = (size_t)fetch->head.content_length;
			verdict = CHUNKED_DONE;
		}
	}
	if (verdict == CHUNKED_BAD)
		finish(fetch, -EPROTO);
	else if (fetch->body_bytes > fetch->body_most)
		finish(fetch, -EMSGSIZE);
	else if (verdict == CHUNKED_DONE)
		finish(fetch, 0);
}

/* A whole head is there. False: the fetch has ended. */
static bool begin_body(struct fetch *fetch)
{
	const struct http_head *head = &fetch->head;
	bool has_none = head->code == 204 || head->code == 304;
	fetch->is_body = true;
	fetch->is_until_close = !has_none && !head->has_length && !head->is_chunked;
	if (has_none) {
		finish(fetch, 0);
		return false;
	}
	if (!head->is_chunked && head->has_length && head->content_length > fetch->body_most) {
		finish(fetch, -EMSGSIZE);
		return false;
	}
	return true;
}

/* Looks at what came of the head. False: the fetch has ended, or more octets are needed. */
static bool take_head(struct fetch *fetch)
{
	struct http_head *head = &fetch->head;
	for (;;) {
		struct slice got = buf_slice(&fetch->in);
		switch (http_head_feed(head, got.p, got.n, &head_limits)) {
		case HTTP_MORE:
			return false;
		case HTTP_BAD:
			finish(fetch, -EPROTO);
			return false;
		case HTTP_DONE:
			break;
		}
		buf_consume(&fetch->in, head->bytes);
		if (head->code >= 200)
			return begin_body(fetch);
		/* Nobody asked for another protocol. */
		if (head->code == 101 || ++fetch->interims > INTERIM_MOST) {
			finish(fetch, -EPROTO);
			return false;
		}
		http_head_init(head, HTTP_RESPONSE);
	}
}

static void on_readable(struct fetch *fetch)
{
	struct buf *in = &fetch->in;
	if (!buf_reserve(in, READ_BYTES)) {
		finish(fetch, -ENOMEM);
		return;
	}
	ssize_t n = recv(fetch->fd, in->p + in->end, buf_room(in), 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(fetch, -errno);
		return;
	}
	if (n == 0) {
		finish(fetch, fetch->is_until_close ? 0 : -ENODATA);
		return;
	}
	in->end += (uint32_t)n;
	if (fetch->on_heard != NULL)
		fetch->on_heard(fetch->arg);
	if (fetch->is_body || take_head(fetch))
		take_body(fetch);
}

static void on_io(evutil_socket_t fd, short what, void *arg);

static void wait_for(struct fetch *fetch, short what)
{
	event_assign(&fetch->io, loop_base(), fetch->fd, (short)(what | EV_PERSIST), on_io, fetch);
	if (event_add(&fetch->io, NULL) != 0)
		finish(fetch, -ENOMEM);
}

static void on_writable(struct fetch *fetch)
{
	if (!fetch->is_connected) {
		int error = 0;
		socklen_t n = sizeof(error);
		if (getsockopt(fetch->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
			error = errno;
		if (error != 0) {
			finish(fetch, -error);
			return;
		}
		fetch->is_connected = true;
	}
	struct slice rest = buf_slice(&fetch->out);
	ssize_t n = send(fetch->fd, rest.p, rest.n, MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(fetch, -errno);
		return;
	}
	buf_consume(&fetch->out, (size_t)n);
	if (buf_waiting(&fetch->out) != 0)
		return;
	buf_release(&fetch->out);
	(void)event_del(&fetch->io);
	wait_for(fetch, EV_READ);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct fetch *fetch = arg;
	(void)clock_tick();
	if ((what & EV_WRITE) != 0)
		on_writable(fetch);
	else
		on_readable(fetch);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct fetch *fetch = arg;
	(void)clock_tick();
	finish(fetch, fetch->error != 0 ? fetch->error : -ETIMEDOUT);
}

static bool is_clean(const char *text, unsigned kinds)
{
	for (; *text != '\0'; text++)
		if (!http_char_is(*text, kinds))
			return false;
	return true;
}

/* Fills fetch->out. -errno. */
static int write_request(struct fetch *fetch, const struct fetch_ask *ask)
{
	static const char format[] = "GET %s HTTP/1.1\r\n"
				     "Host: %s\r\n"
				     "User-Agent: comfymux/" COMFYMUX_VERSION "\r\n"
				     "Accept: application/json\r\n"
				     "Connection: close\r\n\r\n";
	if (ask->path[0] != '/' || !is_clean(ask->path, CHAR_TARGET) ||
		!is_clean(ask->host, CHAR_TARGET))
		return -EINVAL;
	int n = snprintf(NULL, 0, format, ask->path, ask->host);
	if (n < 0 || !buf_reserve(&fetch->out, (size_t)n + 1))
		return -ENOMEM;
	(void)snprintf(fetch->out.p, (size_t)n + 1, format, ask->path, ask->host);
	fetch->out.end = (uint32_t)n;
	return 0;
}

static struct timeval timeval_of_ms(uint64_t ms)
{
	return (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
}

/* Begins to connect. -errno: failed already. */
static int begin(struct fetch *fetch, const struct fetch_ask *ask)
{
	int error = write_request(fetch, ask);
	if (error != 0)
		return error;
	if (connect(fetch->fd, &ask->addr->u.any, ask->addr->len) != 0 && errno != EINPROGRESS)
		return -errno;
	return event_add(&fetch->io, NULL) != 0 ? -ENOMEM : 0;
}

struct fetch *fetch_start(const struct fetch_ask *ask)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	if (fetch == NULL)
		return NULL;
	fetch->fd = socket(
		ask->addr->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fetch->fd < 0) {
		free(fetch);
		return NULL;
	}
	fetch->began_us = clock_now_us;
	fetch->body_most = ask->body_most;
	fetch->on_heard = ask->on_heard;
	fetch->on_done = ask->on_done;
	fetch->arg = ask->arg;
	http_head_init(&fetch->head, HTTP_RESPONSE);
	chunked_init(&fetch->chunked);
	event_assign(&fetch->io, loop_base(), fetch->fd, EV_WRITE | EV_PERSIST, on_io, fetch);
	event_assign(&fetch->timer, loop_base(), -1, 0, on_timer, fetch);

	fetch->error = begin(fetch, ask);
	struct timeval wait = timeval_of_ms(fetch->error != 0 ? 0 : ask->timeout_ms);
	if (event_add(&fetch->timer, &wait) != 0) {
		fetch_cancel(fetch);
		errno = ENOMEM;
		return NULL;
	}
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	stop(fetch);
	destroy(fetch);
}

bool fetch_is_our_fault(int error)
{
	switch (-error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EADDRNOTAVAIL:
		return true;
	default:
		return false;
	}
}

const char *fetch_error_text(int error)
{
	switch (-error) {
	case ETIMEDOUT:
		return "timed out";
	case ECONNREFUSED:
		return "connection refused";
	case ECONNRESET:
	case EPIPE:
		return "connection reset";
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return "host unreachable";
	case ENETUNREACH:
	case ENETDOWN:
		return "network unreachable";
	case ENODATA:
		return "closed early";
	case EPROTO:
		return "bad answer";
	case EMSGSIZE:
		return "answer too large";
	case ENOENT:
		return "no such socket";
	case EACCES:
	case EPERM:
		return "not permitted";
	case EINVAL:
		return "bad address or path";
	case ENOMEM:
		return "out of memory";
	default:
		return "connection failed";
	}
}

void fetch_host_text(char out[FETCH_HOST_ROOM], const char *host, uint16_t port)
{
	if (strncmp(host, "unix:", 5) == 0)
		(void)snprintf(out, FETCH_HOST_ROOM, "localhost");
	else if (host[0] != '[' && strchr(host, ':') != NULL)
		(void)snprintf(out, FETCH_HOST_ROOM, "[%.253s]:%u", host, port);
	else
		(void)snprintf(out, FETCH_HOST_ROOM, "%.253s:%u", host, port);
}
