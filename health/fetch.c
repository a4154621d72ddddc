/*
 * health/fetch.c - one request on a connection of its own.
 *
 *   connect ---> send ---> head ---> body ---> on_done
 *                           ^ '- 1xx: another head
 *
 * The answer may come while the request still goes out (413), so both are looked after from the
 * first octet on. One timer is the time limit, and also what reports a failure that is known
 * before the loop runs. A body's octets are kept in `in`, decoded ones first, or go to the sink:
 *
 *   in.start          +kept                    in.end
 *   |  body, decoded  |  received, still coded  |
 */
#include "health/fetch_parts.h"

#include "base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES 4096
#define READ_MORE_BYTES 65536
#define OTHERS_MOST 65536 /* with a sink: of an answer that does not go there */
#define INTERIM_MOST 8

static const struct http_limits head_limits = {
	.head_bytes = 65536, .target_bytes = 65536, .fields = 100};

static struct list living = {&living, &living};

static void stop(struct fetch *fetch)
{
	list_remove(&fetch->living);
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
	buf_release(&fetch->tail);
	blob_unref(fetch->blob);
	buf_release(&fetch->in);
	secure_line_unref(fetch->line);
	free(fetch);
}

static void run_destroy(struct deferred *gone)
{
	destroy(CONTAINER_OF(gone, struct fetch, gone));
}

static void finish(struct fetch *fetch, int error)
{
	if (error == -ENODATA || error == -ECONNRESET || error == -EPIPE)
		error = secure_line_error(fetch->line, error);
	struct fetch_result result = {
		.error = error,
		.status = fetch->is_body ? fetch->head.code : 0,
		.type = {fetch->type, fetch->type_n},
		.bytes = fetch->got,
		.was_sent = fetch->was_sent && (fetch->line == NULL || fetch->line->is_open),
		.took_us = clock_now_us - fetch->began_us,
	};
	if (error == 0)
		result.body = (struct slice){fetch->in.p + fetch->in.start, fetch->kept};
	stop(fetch);
	defer(&fetch->gone, run_destroy);
	fetch->on_done(&result, fetch->arg);
}

/* What is kept goes to the file. -errno. */
static int spill(struct fetch *fetch)
{
	while (fetch->kept != 0) {
		ssize_t n = write(fetch->sink, buf_first(&fetch->in), fetch->kept);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		buf_consume(&fetch->in, (size_t)n);
		fetch->kept -= (size_t)n;
	}
	return 0;
}

/* Looks at what came behind the head. May end the fetch. */
static void take_body(struct fetch *fetch)
{
	struct buf *in = &fetch->in;
	size_t data = buf_waiting(in) - fetch->kept;
	enum chunked_verdict verdict = CHUNKED_MORE;
	if (data == 0 && fetch->head.is_chunked)
		return;
	if (fetch->head.is_chunked) {
		size_t used;
		verdict = chunked_decode(
			&fetch->chunked, in->p + in->start + fetch->kept, data, &used, &data);
	} else if (!fetch->is_until_close) {
		uint64_t left = fetch->head.content_length - fetch->got;
		verdict = data >= left ? CHUNKED_DONE : CHUNKED_MORE;
		data = (size_t)min_u64(data, left);
	}
	fetch->kept += data;
	fetch->got += data;
	in->end = in->start + (uint32_t)fetch->kept;
	if (verdict == CHUNKED_BAD) {
		finish(fetch, -EPROTO);
		return;
	}
	if (fetch->got > fetch->body_most) {
		finish(fetch, -EMSGSIZE);
		return;
	}
	int error = fetch->to_sink ? spill(fetch) : 0;
	if (error != 0 || verdict == CHUNKED_DONE)
		finish(fetch, error);
}

/* A whole head is there. False: the fetch has ended. */
static bool begin_body(struct fetch *fetch)
{
	const struct http_head *head = &fetch->head;
	bool has_none = fetch->is_head_method || head->code == 204 || head->code == 304;
	bool has_length = !head->is_chunked && head->has_length;
	fetch->is_body = true;
	fetch->is_until_close = !has_none && !head->has_length && !head->is_chunked;
	fetch->to_sink = fetch->sink > 0 && head->code == 200;
	if (fetch->sink > 0 && !fetch->to_sink)
		fetch->body_most = min_u64(fetch->body_most, OTHERS_MOST);
	int error = 0;
	if (!has_none && has_length && head->content_length > fetch->body_most)
		error = -EMSGSIZE;
	/* All at once, so that a page of megabytes is not moved again and again. */
	else if (!has_none && has_length && !fetch->to_sink &&
		 head->content_length > buf_waiting(&fetch->in) &&
		 !buf_reserve(&fetch->in,
			 (size_t)head->content_length - buf_waiting(&fetch->in) + READ_BYTES))
		error = -ENOMEM;
	if (has_none || error != 0) {
		finish(fetch, error);
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
		struct slice type = http_head_value(head, got.p, HF_CONTENT_TYPE);
		fetch->type_n = (uint8_t)min_size(type.n, sizeof(fetch->type));
		if (type.p != NULL)
			memcpy(fetch->type, type.p, fetch->type_n);
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

/* It says nothing more. `error`: 0, its side ended in order. */
static void on_silence(struct fetch *fetch, int error)
{
	if (error == 0 && fetch->is_until_close)
		finish(fetch, 0);
	else if (fetch->send_error != 0)
		finish(fetch, fetch->send_error);
	else
		finish(fetch, error != 0 ? error : -ENODATA);
}

static size_t wanted_bytes(const struct fetch *fetch)
{
	if (!fetch->is_body || (!fetch->head.is_chunked && fetch->head.has_length &&
				       fetch->head.content_length - fetch->got < READ_BYTES))
		return READ_BYTES;
	return READ_MORE_BYTES;
}

static void on_readable(struct fetch *fetch)
{
	struct buf *in = &fetch->in;
	/* What a known length needs was reserved whole (begin_body). */
	if (buf_room(in) < READ_BYTES && !buf_reserve(in, wanted_bytes(fetch))) {
		finish(fetch, -ENOMEM);
		return;
	}
	ssize_t n = recv(fetch->fd, in->p + in->end, min_size(buf_room(in), READ_MORE_BYTES), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		on_silence(fetch, n < 0 ? -errno : 0);
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
	(void)event_del(&fetch->io);
	event_assign(&fetch->io, loop_base(), fetch->fd, (short)(what | EV_PERSIST), on_io, fetch);
	if (event_add(&fetch->io, NULL) != 0)
		finish(fetch, -ENOMEM);
}

/* False: it has ended. */
static bool is_connected(struct fetch *fetch)
{
	int error = 0;
	socklen_t n = sizeof(error);
	if (fetch->is_connected)
		return true;
	if (getsockopt(fetch->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error != 0) {
		finish(fetch, -error);
		return false;
	}
	fetch->is_connected = true;
	return true;
}

static void on_writable(struct fetch *fetch)
{
	bool was_connected = fetch->is_connected;
	if (!is_connected(fetch))
		return;
	int error = fetch_send_some(fetch);
	if (error == -EPIPE || error == -ECONNRESET)
		/* It may have said why before it closed. */
		fetch->send_error = error;
	else if (error != 0) {
		finish(fetch, error);
		return;
	}
	if (fetch->is_all_sent || error != 0)
		wait_for(fetch, EV_READ);
	else if (!was_connected)
		wait_for(fetch, EV_READ | EV_WRITE);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct fetch *fetch = arg;
	(void)clock_tick();
	if ((what & EV_WRITE) != 0)
		on_writable(fetch);
	if ((what & EV_READ) != 0 && fetch->fd >= 0)
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

static struct timeval timeval_of_ms(uint64_t ms)
{
	return (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
}

/* Begins to connect. -errno: failed already. */
static int begin(struct fetch *fetch, const struct fetch_ask *ask)
{
	int error = fetch_write_request(fetch, ask);
	if (error != 0)
		return error;
	if (fetch->line != NULL)
		return event_add(&fetch->io, NULL) != 0 ? -ENOMEM : 0;
	if (connect(fetch->fd, &ask->addr->u.any, ask->addr->len) != 0 && errno != EINPROGRESS)
		return -errno;
	return event_add(&fetch->io, NULL) != 0 ? -ENOMEM : 0;
}

/* -1 with errno. */
static int open_socket(struct fetch *fetch, const struct fetch_ask *ask)
{
	if (ask->secure == NULL)
		return socket(
			ask->addr->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int fd = ask->secure->open(ask->secure, ask->addr, &fetch->line);
	if (fd < 0)
		errno = -fd;
	return fd < 0 ? -1 : fd;
}

struct fetch *fetch_start(const struct fetch_ask *ask)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	if (fetch == NULL)
		return NULL;
	list_init(&fetch->living);
	fetch->fd = open_socket(fetch, ask);
	if (fetch->fd < 0) {
		free(fetch);
		return NULL;
	}
	/* A body's last piece must not wait for an acknowledgement. */
	int on = 1;
	if (ask->addr->u.any.sa_family != AF_UNIX && fetch->line == NULL)
		(void)setsockopt(fetch->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	list_push_back(&living, &fetch->living);
	fetch->began_us = clock_now_us;
	fetch->body_most = ask->body_most;
	fetch->sink = ask->sink;
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

void fetches_finish(void)
{
	list_each_safe (node, &living)
		fetch_cancel(CONTAINER_OF(node, struct fetch, living));
}
