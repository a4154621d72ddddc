/*
 * proxy/ws_out.c - what an end of a WebSocket writes.
 *
 *   ws_flush: shared frames --.--> kernel
 *   ws_send, control ---------'
 *                              what it does not take:  tail | out | pong
 *
 * The tail is the one shared frame that went in part; the copy in `out` begins behind it.
 */
#include "proxy/ws_parts.h"

#include "base/hash.h"

#include <errno.h>

#define BATCH_FRAMES 64

void ws_forget_output(struct ws *ws)
{
	buf_release(&ws->out);
	blob_unref(ws->tail);
	blob_unref(ws->pong);
	ws->tail = ws->pong = NULL;
}

bool ws_has_waiting(const struct ws *ws)
{
	return ws->tail != NULL || buf_waiting(&ws->out) != 0 || ws->pong != NULL;
}

bool ws_is_clear(const struct ws *ws)
{
	return !ws_has_waiting(ws) && !ws->is_over && !ws->is_mute && !ws->sent_close &&
	       ws->why == NULL;
}

void ws_break_off(struct ws *ws, const char *why)
{
	if (ws->why == NULL)
		ws->why = why;
	sock_step_again(ws->sock);
}

void ws_go_mute(struct ws *ws)
{
	ws->is_mute = true;
	ws_forget_output(ws);
	ws->sock->can_read = true;
	sock_step_again(ws->sock);
}

bool ws_put_frame(struct ws *ws, enum ws_opcode opcode, struct slice payload)
{
	char head[WS_HEAD_ROOM];
	uint8_t mask[4];
	/* A script behind us must not be able to guess them (section 10.3). */
	if (ws->is_client && !random_secret(mask, sizeof(mask)))
		return false;
	size_t head_n = ws_write_head(head, opcode, payload.n, ws->is_client ? mask : NULL);
	if (!buf_reserve(&ws->out, head_n + payload.n) || !buf_append(&ws->out, head, head_n) ||
		!buf_append(&ws->out, payload.p, payload.n))
		return false;
	if (ws->is_client)
		ws_mask(ws->out.p + ws->out.end - payload.n, payload.n, mask, 0);
	return true;
}

/* The kernel took n octets of tail and out. */
static void took(struct ws *ws, size_t n)
{
	ws->wired += n;
	if (ws->tail != NULL) {
		size_t here = min_size(n, ws->tail->n - ws->tail_sent);
		ws->tail_sent += here;
		n -= here;
		if (ws->tail_sent == ws->tail->n) {
			blob_unref(ws->tail);
			ws->tail = NULL;
		}
	}
	buf_consume(&ws->out, n);
	if (buf_waiting(&ws->out) != 0)
		return;
	buf_release(&ws->out);
	if (ws->tail != NULL || ws->pong == NULL)
		return;
	if (!ws_put_frame(ws, WS_PONG, blob_slice(ws->pong)))
		ws_break_off(ws, "out of memory");
	blob_unref(ws->pong);
	ws->pong = NULL;
}

static void write_some(struct ws *ws)
{
	struct iovec iov[2];
	int count = 0;
	if (ws->tail != NULL)
		iov[count++] = (struct iovec){
			ws->tail->p + ws->tail_sent, ws->tail->n - ws->tail_sent};
	if (buf_waiting(&ws->out) != 0)
		iov[count++] = (struct iovec){buf_first(&ws->out), buf_waiting(&ws->out)};
	ssize_t put = sock_write(ws->sock, iov, count);
	if (put >= 0)
		took(ws, (size_t)put);
	else if (put != -EAGAIN)
		ws_go_mute(ws);
}

void ws_write_waiting(struct ws *ws)
{
	while (ws_has_waiting(ws) && ws->sock->can_write && !ws->is_mute)
		write_some(ws);
	if (ws_has_waiting(ws))
		ws->owes_clear = true;
}

bool ws_send(struct ws *ws, enum ws_opcode opcode, struct slice message)
{
	if (ws->sent_close || ws->is_over || ws->is_mute)
		return true;
	bool is_first = !ws_has_waiting(ws);
	if (!ws_put_frame(ws, opcode, message))
		return false;
	ws->sent += message.n;
	ws->messages_out++;
	if (is_first)
		ws_write_waiting(ws);
	return true;
}

struct blob *ws_frame_blob(enum ws_opcode opcode, struct slice message)
{
	char head[WS_HEAD_ROOM];
	size_t head_n = ws_write_head(head, opcode, message.n, NULL);
	struct blob *frame = blob_create(head_n + message.n);
	if (frame == NULL)
		return NULL;
	memcpy(frame->p, head, head_n);
	if (message.n != 0)
		memcpy(frame->p + head_n, message.p, message.n);
	return frame;
}

static size_t payload_of(const struct blob *frame)
{
	unsigned length = (unsigned char)frame->p[1];
	return frame->n - (length == 127 ? 10 : length == 126 ? 4 : 2);
}

/* One is ours now. */
static void take_over(struct ws *ws, const struct blob *frame)
{
	ws->sent += payload_of(frame);
	ws->messages_out++;
}

/* The first of them waits, of which `sent` octets have gone. */
static void keep_tail(struct ws *ws, struct blob *frame, size_t sent)
{
	ws->tail = blob_ref(frame);
	ws->tail_sent = sent;
	take_over(ws, frame);
}

/* One call's worth of them. Returns how many were taken over. */
static size_t flush_batch(struct ws *ws, struct blob *const *frames, size_t count)
{
	struct iovec iov[BATCH_FRAMES];
	size_t taken = 0;
	count = min_size(count, BATCH_FRAMES);
	for (size_t i = 0; i < count; i++)
		iov[i] = (struct iovec){frames[i]->p, frames[i]->n};
	ssize_t put = ws->sock->can_write ? sock_write(ws->sock, iov, (int)count) : -EAGAIN;
	if (put == -EAGAIN) {
		/* Kept all the same: with TLS an octet of it may be under way. */
		keep_tail(ws, frames[0], 0);
		return 1;
	}
	if (put < 0) {
		ws_go_mute(ws);
		return 0;
	}
	size_t left = (size_t)put;
	ws->wired += left;
	for (; taken < count && left >= frames[taken]->n; taken++) {
		left -= frames[taken]->n;
		take_over(ws, frames[taken]);
	}
	if (left != 0)
		keep_tail(ws, frames[taken++], left);
	return taken;
}

size_t ws_flush(struct ws *ws, struct blob *const *frames, size_t count)
{
	size_t taken = 0;
	while (taken < count && ws_is_clear(ws)) {
		taken += flush_batch(ws, frames + taken, count - taken);
		ws_write_waiting(ws);
	}
	if (taken < count)
		ws->owes_clear = true;
	return taken;
}
