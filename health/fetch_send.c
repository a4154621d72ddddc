/*
 * health/fetch_send.c - the request of a fetch: made, and sent in pieces.
 *
 *   | our head | head |  blob  |   file   | tail |
 *    '---- out -----'          ^ read when its turn comes
 */
#include "health/fetch_parts.h"

#include "http/chars.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_BYTES 65536
#define QUOTA_BYTES ((size_t)256 * 1024) /* sent before others get their turn */

static bool is_clean(const char *text, unsigned kinds)
{
	for (; *text != '\0'; text++)
		if (!http_char_is(*text, kinds))
			return false;
	return true;
}

/* Lines that each end with CRLF, none of them empty. */
static bool are_lines(const char *p)
{
	while (*p != '\0') {
		const char *end = strstr(p, "\r\n");
		if (end == NULL || end == p || !http_is_value(p, (size_t)(end - p)))
			return false;
		p = end + 2;
	}
	return true;
}

static bool put_text(struct buf *out, const char *text)
{
	return buf_append(out, text, strlen(text));
}

static uint64_t body_bytes_of(const struct fetch_ask *ask)
{
	return ask->head.n + (ask->body != NULL ? ask->body->n : 0) + ask->file_bytes + ask->tail.n;
}

static bool put_head(struct buf *out, const struct fetch_ask *ask, const char *method)
{
	char line[48];
	uint64_t bytes = body_bytes_of(ask);
	bool is_plain = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
			strcmp(method, "DELETE") == 0;
	bool is_put = put_text(out, method) && put_text(out, " ") && put_text(out, ask->path) &&
		      put_text(out, " HTTP/1.1\r\nHost: ") && put_text(out, ask->host) &&
		      put_text(out, "\r\nUser-Agent: comfymux/" COMFYMUX_VERSION "\r\n") &&
		      put_text(out,
			      ask->fields != NULL ? ask->fields : "Accept: application/json\r\n");
	if (is_put && (bytes != 0 || !is_plain)) {
		(void)snprintf(
			line, sizeof(line), "Content-Length: %llu\r\n", (unsigned long long)bytes);
		is_put = put_text(out, line);
	}
	return is_put && put_text(out, "Connection: close\r\n\r\n");
}

int fetch_write_request(struct fetch *fetch, const struct fetch_ask *ask)
{
	const char *method = ask->method != NULL ? ask->method : "GET";
	if (ask->path[0] != '/' || !is_clean(ask->path, CHAR_TARGET) ||
		!is_clean(ask->host, CHAR_TARGET) || method[0] == '\0' ||
		!is_clean(method, CHAR_METHOD) || (ask->fields != NULL && !are_lines(ask->fields)))
		return -EINVAL;
	fetch->is_head_method = strcmp(method, "HEAD") == 0;
	fetch->file = ask->file;
	fetch->file_bytes = ask->file_bytes;
	if (ask->body != NULL)
		fetch->blob = blob_ref(ask->body);
	if (!put_head(&fetch->out, ask, method) ||
		!buf_append(&fetch->out, ask->head.p, ask->head.n) ||
		!buf_append(&fetch->tail, ask->tail.p, ask->tail.n))
		return -ENOMEM;
	return 0;
}

static void take_buf(struct buf *buf, size_t *n)
{
	size_t taken = min_size(*n, buf_waiting(buf));
	if (taken != 0)
		buf_consume(buf, taken);
	*n -= taken;
}

/* n octets went: of what lies in memory, in order. */
static void take_sent(struct fetch *fetch, size_t n)
{
	take_buf(&fetch->out, &n);
	if (fetch->blob != NULL) {
		size_t taken = min_size(n, fetch->blob->n - fetch->blob_sent);
		fetch->blob_sent += taken;
		n -= taken;
	}
	take_buf(&fetch->tail, &n);
}

static bool is_file_left(const struct fetch *fetch)
{
	return fetch->file_sent < fetch->file_bytes;
}

/* What is in memory and may go now; the tail only once the file went. */
static int gather(const struct fetch *fetch, struct iovec iov[3])
{
	int count = 0;
	size_t blob = fetch->blob == NULL ? 0 : fetch->blob->n - fetch->blob_sent;
	if (buf_waiting(&fetch->out) != 0)
		iov[count++] = (struct iovec){buf_first(&fetch->out), buf_waiting(&fetch->out)};
	if (blob != 0)
		iov[count++] = (struct iovec){
			fetch->blob->p + fetch->blob_sent, min_size(blob, QUOTA_BYTES)};
	/* Behind a blob that does not fit whole, nothing else. */
	if (blob <= QUOTA_BYTES && !is_file_left(fetch) && buf_waiting(&fetch->tail) != 0)
		iov[count++] = (struct iovec){buf_first(&fetch->tail), buf_waiting(&fetch->tail)};
	return count;
}

/* Octets sent, or -errno. */
static ssize_t send_file_piece(struct fetch *fetch)
{
	static char piece[PIECE_BYTES];
	uint64_t left = fetch->file_bytes - fetch->file_sent;
	ssize_t got = pread(
		fetch->file, piece, (size_t)min_u64(left, sizeof(piece)), (off_t)fetch->file_sent);
	if (got <= 0)
		return got < 0 ? -errno : -EIO;
	int more = (uint64_t)got < left || buf_waiting(&fetch->tail) != 0 ? MSG_MORE : 0;
	ssize_t n = send(fetch->fd, piece, (size_t)got, MSG_NOSIGNAL | more);
	if (n < 0)
		return -errno;
	fetch->file_sent += (uint64_t)n;
	return n;
}

static ssize_t send_memory(struct fetch *fetch, struct iovec *iov, int count)
{
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
	ssize_t n = sendmsg(
		fetch->fd, &message, MSG_NOSIGNAL | (is_file_left(fetch) ? MSG_MORE : 0));
	if (n < 0)
		return -errno;
	take_sent(fetch, (size_t)n);
	return n;
}

int fetch_send_some(struct fetch *fetch)
{
	size_t sent = 0;
	while (sent < QUOTA_BYTES) {
		struct iovec iov[3];
		int count = gather(fetch, iov);
		if (count == 0 && !is_file_left(fetch)) {
			fetch->is_all_sent = true;
			buf_release(&fetch->out);
			buf_release(&fetch->tail);
			blob_unref(fetch->blob);
			fetch->blob = NULL;
			return 0;
		}
		ssize_t n = count != 0 ? send_memory(fetch, iov, count) : send_file_piece(fetch);
		if (n < 0)
			return n == -EAGAIN || n == -EINTR ? 0 : (int)n;
		sent += (size_t)n;
		fetch->was_sent = true;
	}
	return 0;
}
