/*
 * proxy/ws.c - one end of a WebSocket.
 *
 *   kernel --> `buffer` (one for all) --> reader --> on_message, in place
 *   kernel <-- tail | out | pong <------- what it did not take at once
 *
 * An end that keeps up has no memory but its struct: what is read lies in the one buffer until it
 * was told, and what is written goes from the sender's own memory.
 *
 * How it ends:
 *
 *   the peer's close -> ours after what waits -> (a client end: the peer's FIN) -> on_closed
 *   ws_close         -> the peer's close, all else unheard -> likewise
 *   a wrong frame    -> a close frame that says so, all else unheard -> on_closed
 *   FIN, RST, no answer to a ping, five seconds for any of the above -> on_closed
 */
#include "proxy/ws_parts.h"

#include <errno.h>

#define BUFFER_BYTES 262144
#define QUOTA_BYTES 1048576
#define END_MS 5000
/* Pongs that wait one by one; beyond it only the newest ping is answered (RFC 6455 section 5.5.3),
 * or one who asks and does not listen would fill the memory. */
#define PONGS_BYTES 1024
#define REASON_MOST (WS_CONTROL_MOST - 2)

static char buffer[BUFFER_BYTES];
static bool is_buffer_in_use;

static void on_due(struct deadline *deadline);

void ws_init(struct ws *ws, struct sock *sock, const struct ws_owner *owner, bool is_client,
	uint64_t ping_ms, uint64_t most, struct buf *early, struct buf *unsent)
{
	*ws = (struct ws){.sock = sock,
		.owner = owner,
		.is_client = is_client,
		.has_heard = true,
		.ping_ms = ping_ms,
		.in = *early,
		.out = *unsent};
	*early = *unsent = (struct buf){0};
	ws_reader_init(&ws->reader, !is_client, most);
	deadline_init(&ws->ping, on_due);
	deadline_set(&ws->ping, ping_ms);
	if (buf_waiting(&ws->out) == 0)
		buf_release(&ws->out);
	else
		ws->owes_clear = true;
}

void ws_finish(struct ws *ws)
{
	ws->is_over = true;
	deadline_clear(&ws->ping);
	buf_release(&ws->in);
	ws_forget_output(ws);
	ws_reader_finish(&ws->reader);
}

/* -- the end -- */

static void end(struct ws *ws, uint16_t code, const char *why)
{
	ws->is_over = true;
	deadline_clear(&ws->ping);
	ws->owner->on_closed(ws, code, why);
}

static void send_close(struct ws *ws, uint16_t code, struct slice why)
{
	char payload[WS_CONTROL_MOST];
	size_t n = 0;
	if (code != WS_CODE_NO_STATUS) {
		payload[n++] = (char)(code >> 8);
		payload[n++] = (char)code;
		/* Not amid a character (section 5.5.1). */
		size_t most = min_size(why.n, REASON_MOST);
		while (most != 0 && most < why.n && (why.p[most] & 0xc0) == 0x80)
			most--;
		if (most != 0)
			memcpy(payload + n, why.p, most);
		n += most;
	}
	bool is_first = !ws_has_waiting(ws);
	ws->sent_close = true;
	deadline_set(&ws->ping, END_MS);
	if (!ws_put_frame(ws, WS_CLOSE, (struct slice){payload, n}))
		ws_break_off(ws, "out of memory");
	else if (is_first)
		ws_write_waiting(ws);
}

void ws_close(struct ws *ws, uint16_t code, const char *why)
{
	if (!ws->is_over && !ws->sent_close && !ws->is_mute)
		send_close(ws, code, slice_of(why));
}

/* Nobody hears what the peer still says. */
static bool is_deaf(const struct ws *ws)
{
	return ws->got_close || ws->is_bad;
}

/* Ends it if it has come to that. */
static void look_for_end(struct ws *ws)
{
	if (ws->got_close && (ws->why != NULL || (!ws->is_client && !ws_has_waiting(ws))))
		end(ws, ws->code, "closed");
	else if (ws->is_bad && (ws->why != NULL || !ws_has_waiting(ws)))
		end(ws, WS_CODE_ABNORMAL, ws->reader.why);
	else if (ws->why != NULL)
		end(ws, WS_CODE_ABNORMAL, ws->why);
}

/* -- pings -- */

/* Something of what was written has reached the peer's kernel since the last time, and something
 * is still to: a ping behind it may not even have got there. */
static bool is_arriving(struct ws *ws)
{
	uint64_t in_flight = sock_in_flight(ws->sock);
	uint64_t arrived = ws->wired > in_flight ? ws->wired - in_flight : 0;
	bool has_moved = arrived > ws->arrived;
	ws->arrived = arrived;
	return has_moved && (in_flight != 0 || ws_has_waiting(ws));
}

static void on_due(struct deadline *deadline)
{
	struct ws *ws = CONTAINER_OF(deadline, struct ws, ping);
	if (ws->sent_close) {
		ws->why = "no answer to a close";
		look_for_end(ws);
		return;
	}
	bool is_alive = is_arriving(ws) || ws->has_heard || ws->sock->can_read ||
			sock_has_unread(ws->sock);
	if (!is_alive && (ws->has_asked || ws_has_waiting(ws))) {
		ws->why = "no answer to a ping";
		look_for_end(ws);
		return;
	}
	deadline_set(&ws->ping, ws->ping_ms);
	ws->has_heard = false;
	ws->has_asked = !ws_has_waiting(ws) && ws_put_frame(ws, WS_PING, (struct slice){NULL, 0});
	ws_write_waiting(ws);
}

/* -- reading -- */

static void answer_ping(struct ws *ws, struct slice payload)
{
	if (ws->sent_close || ws->is_mute)
		return;
	if (ws->tail == NULL && buf_waiting(&ws->out) < PONGS_BYTES) {
		if (!ws_put_frame(ws, WS_PONG, payload))
			ws_break_off(ws, "out of memory");
		return;
	}
	blob_unref(ws->pong);
	ws->pong = blob_copy(payload.p, payload.n);
	if (ws->pong == NULL)
		ws_break_off(ws, "out of memory");
}

static void hear_control(struct ws *ws)
{
	switch (ws->reader.opcode) {
	case WS_PING:
		answer_ping(ws, ws->reader.payload);
		return;
	case WS_CLOSE:
		ws->got_close = true;
		ws->code = ws->reader.code;
		if (!ws->sent_close && !ws->is_mute)
			send_close(ws, ws->code, SLICE(""));
		return;
	default: /* a pong, asked for or not: has_heard is all there is to know */
		return;
	}
}

static void hear_message(struct ws *ws)
{
	if (ws->sent_close)
		return;
	ws->received += ws->reader.payload.n;
	ws->messages_in++;
	ws->owner->on_message(ws, ws->reader.opcode, ws->reader.payload);
}

/* Tells what is in p. */
static void hear(struct ws *ws, char *p, size_t n)
{
	while (!ws->is_over && !is_deaf(ws)) {
		size_t used;
		switch (ws_read(&ws->reader, p, n, &used)) {
		case WS_MORE:
			return;
		case WS_MESSAGE:
			hear_message(ws);
			break;
		case WS_CONTROL:
			hear_control(ws);
			break;
		case WS_BAD:
			ws->is_bad = true;
			if (!ws->sent_close && !ws->is_mute)
				send_close(ws, ws->reader.code, slice_of(ws->reader.why));
			return;
		}
		p += used;
		n -= used;
	}
}

static void hear_early(struct ws *ws)
{
	struct buf early = ws->in;
	ws->in = (struct buf){0};
	if (buf_waiting(&early) != 0)
		hear(ws, buf_first(&early), buf_waiting(&early));
	buf_release(&early);
}

static void read_all(struct ws *ws)
{
	size_t all = 0;
	struct sock *sock = ws->sock;
	hear_early(ws);
	while (!ws->is_over && ws->why == NULL && sock->can_read) {
		if (all >= QUOTA_BYTES) {
			sock_read_next_turn(sock);
			return;
		}
		ssize_t got = sock_read(sock, buffer, sizeof(buffer));
		if (got == -EAGAIN)
			break;
		if (got <= 0) {
			ws->why = got == 0 ? "ended without a close" : "reset";
			return;
		}
		ws->has_heard = true;
		all += (size_t)got;
		hear(ws, buffer, (size_t)got);
	}
	if (!ws->is_over && ws->is_mute && ws->why == NULL && !sock->can_read &&
		!sock->reads_next_turn)
		ws->why = "reset";
}

bool ws_step(struct ws *ws)
{
	if (ws->is_over)
		return false;
	if (is_buffer_in_use) {
		/* Inside another one's on_message: its message lies there. */
		sock_step_again(ws->sock);
		return true;
	}
	is_buffer_in_use = true;
	read_all(ws);
	is_buffer_in_use = false;
	if (!ws->is_over)
		ws_write_waiting(ws);
	if (!ws->is_over && ws->owes_clear && ws_is_clear(ws)) {
		ws->owes_clear = false;
		ws->owner->on_clear(ws);
	}
	if (!ws->is_over)
		look_for_end(ws);
	return !ws->is_over;
}
