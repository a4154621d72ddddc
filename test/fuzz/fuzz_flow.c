/*
 * test/fuzz/fuzz_flow.c - a body through a flow, between sockets that behave as badly as they may.
 *
 *   plan, 10 octets | what happens, an octet each | then everything in order, to the end
 *
 *   sender --socketpair--> flow --socketpair--> receiver
 *                           | spill, file parts, filter, rates
 *
 * What arrives is what was sent, or its beginning with a cut that can be seen; the stash stays
 * small; whoever waits waits for something that can still come; nothing is left open.
 */
#include "test/fuzz/fuzz_flow.h"
#include "test/fuzz/fuzz.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/chunked.h"
#include "proxy/flow.h"
#include "proxy/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PLAN 10
#define WIRE_MOST (1u << 20)
#define STASH_MOST (FLOW_PIECE + 64)
#define BROKEN "\1" /* stands nowhere but in data */
#define PARTS_MOST 8
#define SURPLUS "GET /next HTTP/1.1\r\n\r\n"

enum end { END_WHOLE, END_FIN, END_RESET, END_BROKEN, END_COUNT };

struct plan {
	enum flow_framing in, out;
	enum end end;
	size_t payload;   /* octets */
	size_t stop;      /* of the wire, for the ends that are early */
	size_t ahead;     /* of the wire, read before the flow began */
	size_t head;      /* octets in the stash at the beginning */
	bool has_surplus; /* something follows the body ... */
	bool keeps_it;    /* ... and is wanted */
	bool has_tap, has_most, is_odd_from, is_odd_to, is_short, may_leave;
	bool has_spill, has_filter, has_rate, has_file;
};

static struct {
	struct plan plan;
	struct flow flow;
	struct sock from, to;
	int sender, receiver; /* -1: closed */
	struct buf tap, rest;
	char *ahead;           /* owned */
	size_t wire_n, body_n; /* all; without what follows the body */
	size_t sent, got_n;
	size_t good_n;                           /* payload octets in what is sent at all */
	bool has_ended;                          /* the sender */
	bool has_edge_in, has_edge_out, has_fin; /* not yet told */
	int owed;                                /* by the odd transport; -1 for none */
	struct spill_limits limits;
	struct file_part parts[PARTS_MOST];
	uint32_t part_count;
	int file; /* -1: none */
	struct fuzz_dice dice;
	enum flow_result result;
} c;

static char payload[WIRE_MOST], wire[WIRE_MOST], got[3 * WIRE_MOST];

/* -- a transport that does what TLS may do -- */

static ssize_t odd_read(struct sock *sock, void *p, size_t n)
{
	return plain_transport.read(sock, p, min_size(n, fuzz_throw(&c.dice, 20000)));
}

/* Takes what it likes and stays ready, or takes an octet that it does not tell of. */
static ssize_t odd_write(struct sock *sock, const struct iovec *iov, int count)
{
	struct iovec one = iov[0];
	(void)count;
	if (c.owed >= 0) {
		ensure(*(const unsigned char *)one.iov_base == c.owed);
		c.owed = -1;
		return 1;
	}
	one.iov_len = min_size(one.iov_len, fuzz_throw(&c.dice, 20000));
	ssize_t put = plain_transport.write(sock, &one, 1);
	if (put <= 0 || fuzz_throw(&c.dice, 4) != 1)
		return put;
	c.owed = ((const unsigned char *)one.iov_base)[put - 1];
	sock->can_write = false;
	c.has_edge_out = true;
	return put > 1 ? put - 1 : -EAGAIN;
}

static struct transport odd_transport;

/* -- the case -- */

static void no_step(struct sock *sock)
{
	(void)sock;
}

static void open_pair(struct sock *sock, int *ret_far, bool is_odd)
{
	int fds[2];
	ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	*sock = (struct sock){.fd = fds[0],
		.step = no_step,
		.transport = is_odd ? &odd_transport : &plain_transport};
	*ret_far = fds[1];
}

static void close_far(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void read_plan(const uint8_t *p)
{
	static const enum flow_framing ins[] = {FLOW_LENGTH, FLOW_CHUNKED, FLOW_TO_CLOSE};
	struct plan *plan = &c.plan;
	plan->in = ins[p[0] % 3];
	plan->out = plan->in == FLOW_LENGTH ? FLOW_LENGTH
		    : (p[0] & 0x80) != 0    ? FLOW_CHUNKED
					    : FLOW_TO_CLOSE;
	plan->end = (enum end)(p[1] % END_COUNT);
	plan->is_short = (p[2] & 1) != 0;
	plan->payload = p[3] | (size_t)p[4] << 8;
	if ((p[2] & 2) != 0 && !plan->is_short)
		plan->payload *= 12;
	if (plan->is_short)
		plan->payload %= 2000;
	plan->payload += plan->in == FLOW_LENGTH && plan->payload == 0;
	plan->stop = p[5] | (size_t)p[6] << 8;
	plan->ahead = p[7] * (size_t)((p[2] & 4) != 0 ? 300 : 1);
	plan->head = p[8];
	plan->has_surplus = (p[9] & 1) != 0 && plan->in != FLOW_TO_CLOSE;
	plan->keeps_it = (p[9] & 2) != 0;
	plan->has_tap = (p[9] & 4) != 0;
	plan->has_most = (p[9] & 8) != 0 && plan->in == FLOW_CHUNKED;
	plan->is_odd_from = (p[9] & 16) != 0;
	plan->is_odd_to = (p[9] & 32) != 0;
	plan->may_leave = (p[9] & 64) != 0;
	plan->has_spill = (p[2] & 8) != 0;
	plan->has_filter = (p[2] & 16) != 0;
	plan->has_rate = (p[2] & 32) != 0;
	plan->has_file = (p[2] & 64) != 0 && plan->in == FLOW_LENGTH;
	if (plan->in == FLOW_LENGTH && (plan->has_filter || plan->has_file) && (p[0] & 0x80) != 0)
		plan->out = FLOW_CHUNKED;
	if (plan->out == FLOW_LENGTH && plan->has_filter)
		plan->out = FLOW_TO_CLOSE;
	sock_no_splice = (p[9] & 128) != 0;
	sock_short_io = plan->is_short;
}

static void put_wire(const void *p, size_t n)
{
	ensure(c.wire_n + n <= WIRE_MOST);
	memcpy(wire + c.wire_n, p, n);
	c.wire_n += n;
}

static void put_chunks(void)
{
	char line[CHUNKED_SIZE_ROOM];
	for (size_t at = 0; at < c.plan.payload;) {
		size_t most = fuzz_throw(&c.dice, 2) == 1 ? 40000 : 3000;
		size_t n = min_size(c.plan.payload - at, fuzz_throw(&c.dice, most));
		put_wire(line, chunked_write_size(line, n));
		put_wire(payload + at, n);
		put_wire("\r\n", 2);
		at += n;
	}
	if (fuzz_throw(&c.dice, 2) == 1)
		put_wire("0;x=y\r\nTrailer: z\r\n\r\n", 21);
	else
		put_wire("0\r\n\r\n", 5);
}

/* How much of the payload is in the wire up to `stop`. *ret_in_data: more of it would follow. */
static size_t payload_before(size_t stop, bool *ret_in_data)
{
	static char copy[WIRE_MOST];
	struct chunked chunked;
	size_t used, data, more;
	*ret_in_data = c.plan.in != FLOW_CHUNKED;
	if (c.plan.in != FLOW_CHUNKED)
		return min_size(stop, c.plan.payload);
	memcpy(copy, wire, stop);
	chunked_init(&chunked);
	ensure(chunked_decode(&chunked, copy, stop, &used, &data) != CHUNKED_BAD);
	copy[0] = BROKEN[0];
	enum chunked_verdict verdict = chunked_decode(&chunked, copy, 1, &used, &more);
	*ret_in_data = verdict == CHUNKED_MORE && more == 1;
	return data;
}

/* Somewhere before the end of the body. */
static void cut_wire(void)
{
	bool in_data;
	c.wire_n = c.body_n = min_size(c.plan.stop * 16, c.body_n - (c.body_n != 0));
	(void)payload_before(c.wire_n, &in_data);
	/* In data anything may stand. */
	if (c.plan.end == END_BROKEN && in_data)
		c.plan.end = END_RESET;
	if (c.plan.end == END_BROKEN)
		put_wire(BROKEN, sizeof(BROKEN) - 1);
}

static void make_wire(void)
{
	bool in_data;
	if (c.plan.in == FLOW_CHUNKED)
		put_chunks();
	else
		put_wire(payload, c.plan.payload);
	c.body_n = c.wire_n;
	if (c.plan.end == END_FIN && c.plan.in == FLOW_TO_CLOSE)
		c.plan.end = END_WHOLE;
	if (c.plan.end != END_WHOLE)
		cut_wire();
	else if (c.plan.has_surplus)
		put_wire(SURPLUS, sizeof(SURPLUS) - 1);
	c.good_n = payload_before(min_size(c.wire_n, c.body_n), &in_data);
	c.plan.ahead = min_size(c.plan.ahead, c.wire_n);
}

static void aim_spill(void)
{
	static const uint64_t most[] = {0, 5000, 100000, UINT64_C(1) << 40};
	c.limits = (struct spill_limits){
		.memory = most[fuzz_throw(&c.dice, 3) - 1] + fuzz_throw(&c.dice, 3000) - 1,
		.file_most = most[fuzz_throw(&c.dice, 4) - 1],
		.patience_ms = fuzz_throw(&c.dice, 2) == 1 ? 0 : 100,
		/* A disk that fails at once, too. */
		.folder = {fuzz_throw(&c.dice, 4) == 1 ? "/dev/null" : "/tmp", {0}},
	};
	flow_set_spill(&c.flow, &c.limits);
}

static void aim_filter(void)
{
	size_t take_most = fuzz_throw(&c.dice, 2) == 1 ? FLOW_PIECE : 700;
	bool flushes_idle = fuzz_throw(&c.dice, 2) == 1;
	ensure(flow_set_filter(&c.flow, lazy_begin(take_most, flushes_idle)));
}

static void aim_rate(void)
{
	struct rate out = {.octets_s = c.plan.payload / 5 + 50,
		.after = fuzz_throw(&c.dice, 3) == 1 ? c.plan.payload / 2 : 0,
		.start_us = clock_now_us};
	struct rate in = out;
	unsigned which = fuzz_throw(&c.dice, 3);
	ensure(which == 1 || flow_set_rate(&c.flow, &out));
	ensure(which == 2 || flow_set_read_rate(&c.flow, &in));
}

static void add_part(struct file_part part)
{
	c.parts[c.part_count++] = part;
}

/* Some of the payload in a file, some in memory; or all in a file that is shorter than it was. */
static void aim_file(void)
{
	size_t n = c.plan.payload;
	bool is_cut = c.plan.end == END_FIN;
	c.plan.end = is_cut ? END_FIN : END_WHOLE;
	c.file = memfd_create("body", MFD_CLOEXEC);
	ensure(c.file >= 0 && write(c.file, payload, n) == (ssize_t)n);
	for (size_t at = 0; at < n;) {
		bool is_last = is_cut || c.part_count == PARTS_MOST - 1;
		size_t take = is_last ? n - at : fuzz_throw(&c.dice, (uint32_t)(n - at)) - 1;
		bool in_memory = !is_cut && fuzz_throw(&c.dice, 3) == 1;
		add_part((struct file_part){in_memory ? -1 : c.file, payload + at, at, take});
		at += take;
	}
	c.good_n = is_cut ? min_size(c.plan.stop, n - 1) : n;
	ensure(!is_cut || ftruncate(c.file, (off_t)c.good_n) == 0);
	c.plan.has_tap = c.plan.has_surplus = false;
	struct file_body body = {c.parts, c.part_count};
	c.flow.from = NULL;
	c.flow.ahead_n = 0;
	ensure(flow_set_file(&c.flow, &body));
}

static void begin(void)
{
	static char zeros[256];
	struct plan *plan = &c.plan;
	open_pair(&c.from, &c.sender, plan->is_odd_from);
	open_pair(&c.to, &c.receiver, plan->is_odd_to);
	flow_init(&c.flow, &c.from, &c.to, plan->in, plan->out);
	c.flow.left = plan->in == FLOW_LENGTH ? plan->payload : 0;
	c.flow.tap = plan->has_tap ? &c.tap : NULL;
	c.flow.tap_most = 1000;
	c.flow.surplus = plan->keeps_it ? &c.rest : NULL;
	c.flow.most = plan->has_most ? plan->payload / 2 + 1 : 0;
	/* A client's next request is never in `ahead` of a body that says its length (send.c). */
	if (plan->in == FLOW_LENGTH && plan->keeps_it)
		plan->ahead = min_size(plan->ahead, plan->payload);
	/* Of its own size, so that a read behind it is seen. */
	c.ahead = malloc(plan->ahead + 1);
	ensure(c.ahead != NULL);
	memcpy(c.ahead, wire, plan->ahead);
	c.flow.ahead = c.ahead;
	c.flow.ahead_n = c.sent = plan->ahead;
	ensure(buf_append(&c.flow.stash, zeros, plan->head));
	if (plan->has_spill)
		aim_spill();
	if (plan->has_file)
		aim_file();
	if (plan->has_filter)
		aim_filter();
	if (plan->has_rate)
		aim_rate();
	c.result = FLOW_WAIT;
	c.has_edge_out = true;
	c.owed = -1;
}

/* -- what may happen -- */

static void send_some(size_t most)
{
	if (c.sender < 0 || c.has_ended || c.plan.has_file)
		return;
	ssize_t n = send(c.sender, wire + c.sent, min_size(most, c.wire_n - c.sent),
		MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		c.sent += (size_t)n;
		c.has_edge_in = true;
	}
	if (c.sent != c.wire_n)
		return;
	/* A whole body that tells its end needs no more. */
	if (c.plan.end == END_WHOLE && c.plan.in != FLOW_TO_CLOSE)
		return;
	if (c.plan.end == END_BROKEN)
		return;
	c.has_ended = true;
	c.has_edge_in = true;
	if (c.plan.end == END_RESET) {
		/* A close with something unread is a reset. The event tells nothing of it. */
		ensure(write(c.from.fd, "x", 1) == 1);
		close_far(&c.sender);
		return;
	}
	c.has_fin = true;
	ensure(shutdown(c.sender, SHUT_WR) == 0);
}

static void receive_some(size_t most)
{
	if (c.receiver < 0)
		return;
	ensure(c.got_n + most <= 3 * WIRE_MOST);
	ssize_t n = recv(c.receiver, got + c.got_n, most, MSG_DONTWAIT);
	if (n > 0) {
		c.got_n += (size_t)n;
		c.has_edge_out = true;
	}
}

static void tell_in(void)
{
	if (c.has_fin)
		c.from.peer_closed = true;
	if (c.has_edge_in)
		c.from.can_read = true;
	c.has_edge_in = c.has_fin = false;
}

static void tell_out(void)
{
	if (c.has_edge_out)
		c.to.can_write = true;
	c.has_edge_out = false;
}

static bool is_over(void)
{
	return c.result != FLOW_WAIT && c.result != FLOW_AGAIN;
}

static void pump(void)
{
	if (is_over())
		return;
	uint64_t before = c.flow.payload;
	c.result = flow_pump(&c.flow);
	/* A quota, and a pipe at most; with a spill as much again behind what was sent. */
	ensure(c.flow.payload - before <=
		(c.plan.has_spill ? 2 : 1) * FLOW_QUOTA + PIPE_BYTES + FLOW_PIECE);
	ensure(buf_waiting(&c.flow.stash) <= STASH_MOST + c.plan.head + FILTER_KEEPS);
	ensure(c.result != FLOW_NO_MEMORY);
}

static void happen(uint8_t octet)
{
	size_t amount = ((size_t)1 << (octet >> 3) % 18) + (octet >> 3);
	switch (octet & 7) {
	case 0:
		send_some(amount);
		break;
	case 1:
		receive_some(amount);
		break;
	case 2:
		tell_in();
		break;
	case 3:
		tell_out();
		break;
	case 4:
		/* An edge that was none. */
		c.from.can_read = c.from.can_read || (octet & 8) != 0;
		c.to.can_write = c.to.can_write || (octet & 16) != 0;
		pump();
		break;
	case 5:
		pump();
		break;
	case 6:
		if (c.plan.may_leave && (octet >> 3) == 31)
			close_far(&c.receiver);
		c.has_edge_out = true;
		clock_now_us += UINT64_C(30000) * (octet >> 3);
		break;
	default:
		send_some(amount);
		tell_in();
		pump();
		break;
	}
}

/* Everybody does what they should, and every edge is told. */
static void finish(void)
{
	unsigned quiet = 0;
	c.has_edge_out = true;
	while (!is_over() && quiet < 4) {
		size_t sent = c.sent, received = c.got_n;
		uint64_t moved = c.flow.payload + c.flow.sent;
		send_some(WIRE_MOST);
		tell_in();
		tell_out();
		clock_now_us += UINT64_C(11000000);
		/* As sock_doubt does it. */
		if (quiet != 0)
			c.from.can_read = true;
		pump();
		receive_some(WIRE_MOST);
		bool has_moved = c.sent != sent || c.got_n != received ||
				 c.flow.payload + c.flow.sent != moved || c.has_edge_out;
		quiet = has_moved ? 0 : quiet + 1;
	}
	while (c.receiver >= 0) {
		size_t received = c.got_n;
		receive_some(WIRE_MOST);
		if (c.got_n == received)
			break;
	}
}

/* -- what must hold -- */

static bool is_too_large(void)
{
	return c.flow.most != 0 && c.good_n > c.flow.most;
}

static enum flow_result expected(void)
{
	switch (c.plan.end) {
	case END_FIN:
		return FLOW_CUT;
	case END_RESET:
		return FLOW_FROM_ERROR;
	case END_BROKEN:
		return FLOW_BAD_CHUNK;
	case END_WHOLE:
	case END_COUNT:
		break;
	}
	return FLOW_END;
}

static void check_rest(void)
{
	char left[64];
	size_t n = buf_waiting(&c.rest);
	if (c.plan.end != END_WHOLE || !c.plan.has_surplus || !c.plan.keeps_it)
		return;
	ensure(n <= sizeof(SURPLUS) - 1);
	ensure(n == 0 || memcmp(c.rest.p + c.rest.start, SURPLUS, n) == 0);
	ensure(c.flow.has_surplus == (n != 0));
	send_some(WIRE_MOST);
	ssize_t more = recv(c.from.fd, left, sizeof(left), MSG_DONTWAIT);
	more = more < 0 ? 0 : more;
	ensure(n + (size_t)more == sizeof(SURPLUS) - 1);
	ensure(memcmp(left, &SURPLUS[n], (size_t)more) == 0);
}

static void check(void)
{
	bool is_whole = false;
	ensure(is_over());
	ensure(c.got_n >= c.plan.head || c.receiver < 0);
	size_t n = c.got_n < c.plan.head ? 0 : c.got_n - c.plan.head;
	char *p = got + c.plan.head;
	size_t arrived = unframe(c.plan.out, c.plan.payload, p, n, &is_whole);
	ensure(arrived <= c.good_n && memcmp(p, payload, arrived) == 0);
	ensure(buf_waiting(&c.tap) == 0 ||
		memcmp(c.tap.p + c.tap.start, payload, buf_waiting(&c.tap)) == 0);
	if (c.result == FLOW_TO_ERROR) {
		ensure(c.receiver < 0);
		return;
	}
	/* What is too large and broken in one piece is broken. */
	ensure(c.result == expected() || (c.result == FLOW_TOO_LARGE && is_too_large()));
	ensure(!is_too_large() || c.result == FLOW_TOO_LARGE || c.result == FLOW_BAD_CHUNK);
	ensure(is_whole == (c.result == FLOW_END && c.plan.out != FLOW_TO_CLOSE) || c.receiver < 0);
	if (c.receiver < 0 || c.result == FLOW_TOO_LARGE)
		return;
	/* What came was sent, whatever came then. */
	ensure(arrived == c.good_n && c.flow.sent == c.got_n);
	ensure(!c.flow.is_behind && !c.flow.is_delayed);
	if (c.result != FLOW_END)
		return;
	ensure(c.flow.payload == c.plan.payload);
	ensure(!c.plan.has_tap || buf_waiting(&c.tap) == min_size(1000, c.plan.payload));
	check_rest();
}

static void clean_up(void)
{
	flow_finish(&c.flow);
	flow_finish(&c.flow);
	ensure(c.flow.more == NULL && lazy.alive == 0 && proxy_stats.temp_files_now == 0);
	close_far(&c.sender);
	close_far(&c.receiver);
	close_far(&c.file);
	(void)close(c.from.fd);
	(void)close(c.to.fd);
	buf_release(&c.tap);
	buf_release(&c.rest);
	pipe_pool_trim();
	buf_pool_trim();
	ensure(proxy_stats.pipes_open == 0 && buf_bytes_in_use() == 0);
	free(c.ahead);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < PLAN || size > 4096)
		return 0;
	if (loop_base() == NULL) {
		ensure(loop_start() == 0);
		log_level = LOG_ERROR;
	}
	int lowest = lowest_free();
	memset(&c, 0, sizeof(c));
	c.file = -1;
	c.dice = fuzz_dice_from(data, size);
	odd_transport = plain_transport;
	odd_transport.read = odd_read;
	odd_transport.write = odd_write;
	odd_transport.may_splice = false;
	read_plan(data);
	(void)signal(SIGPIPE, SIG_IGN);
	if (payload[1] == 0)
		for (size_t i = 0; i < WIRE_MOST; i++)
			payload[i] = (char)(i * 2654435761u >> 13);
	make_wire();
	begin();
	for (size_t i = PLAN; i < size; i++)
		happen(data[i]);
	finish();
	check();
	clean_up();
	ensure(lowest_free() == lowest);
	return 0;
}
