/* test/unit/test_proxy_flow.c - bodies between socket pairs, without a loop: the test says what is
 * possible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "proxy/flow.h"
#include "proxy/stats.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct sock from, to;
	int sender, receiver; /* the far ends */
	struct flow flow;
	char *got;
	size_t got_n;
};

static void no_step(struct sock *sock)
{
	(void)sock;
}

static int setup(void **state)
{
	static struct fixture f;
	int pair[2];
	f = (struct fixture){0};
	if (loop_start() != 0 || hash_start() != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 ||
		sock_init(&f.from, pair[0], no_step) != 0)
		return -1;
	f.sender = pair[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 ||
		sock_init(&f.to, pair[0], no_step) != 0)
		return -1;
	f.receiver = pair[1];
	f.got = malloc(64 << 20);
	*state = &f;
	return f.got == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	flow_finish(&f->flow);
	sock_close(&f->from);
	sock_close(&f->to);
	close(f->sender);
	close(f->receiver);
	free(f->got);
	pipe_pool_trim();
	buf_pool_trim();
	loop_finish();
	sock_short_io = sock_no_splice = false;
	return 0;
}

static void say(struct fixture *f, const char *p, size_t n)
{
	assert_int_equal(write(f->sender, p, n), (ssize_t)n);
	f->from.can_read = true;
}

#define SAY(f, literal) say((f), (literal), sizeof(literal) - 1)

static void hang_up(struct fixture *f)
{
	assert_int_equal(shutdown(f->sender, SHUT_WR), 0);
	f->from.can_read = f->from.peer_closed = true;
}

static void listen_in(struct fixture *f)
{
	ssize_t n;
	while ((n = read(f->receiver, f->got + f->got_n, 1 << 20)) > 0)
		f->got_n += (size_t)n;
}

/* Pumps, with a receiver that keeps reading, until the flow waits for its source or has ended. */
static enum flow_result pump(struct fixture *f)
{
	enum flow_result result;
	do {
		f->to.can_write = true;
		result = flow_pump(&f->flow);
		listen_in(f);
	} while (result == FLOW_AGAIN || (result == FLOW_WAIT && !flow_is_flushed(&f->flow)));
	return result;
}

#define GOT(f, literal)                                                                            \
	do {                                                                                       \
		assert_int_equal((f)->got_n, sizeof(literal) - 1);                                 \
		assert_memory_equal((f)->got, (literal), sizeof(literal) - 1);                     \
	} while (0)

static void aim(struct fixture *f, enum flow_framing in, enum flow_framing out)
{
	flow_init(&f->flow, &f->from, &f->to, in, out);
}

static void a_body_with_a_length_ends_after_it(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 10;
	SAY(f, "hello");
	assert_int_equal(pump(f), FLOW_WAIT);
	assert_false(flow_waits_for_peer(&f->flow));
	SAY(f, "world");
	assert_int_equal(pump(f), FLOW_END);
	GOT(f, "helloworld");
	assert_false(f->flow.has_surplus);
}

static void a_head_and_its_body_leave_in_one_piece(void **state)
{
	struct fixture *f = *state;
	char ahead[] = "body";
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = f->flow.ahead_n = 4;
	f->flow.ahead = ahead;
	assert_true(buf_append(&f->flow.stash, "head ", 5));
	f->to.can_write = true;
	assert_int_equal(flow_pump(&f->flow), FLOW_END);
	char got[32];
	assert_int_equal(read(f->receiver, got, sizeof(got)), 9);
}

static void a_head_does_not_wait_for_a_body_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 4;
	assert_true(buf_append(&f->flow.stash, "head ", 5));
	assert_int_equal(pump(f), FLOW_WAIT);
	GOT(f, "head ");
}

static void what_follows_a_body_is_surplus(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 3;
	SAY(f, "abcHTTP/1.1 200 smuggled");
	assert_int_equal(pump(f), FLOW_END);
	GOT(f, "abc");
	assert_true(f->flow.has_surplus);
}

static void the_next_request_stays_in_the_socket_or_goes_to_surplus(void **state)
{
	struct fixture *f = *state;
	struct buf rest = {0};
	aim(f, FLOW_CHUNKED, FLOW_CHUNKED);
	f->flow.surplus = &rest;
	SAY(f, "3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
	assert_int_equal(pump(f), FLOW_END);
	assert_int_equal(buf_waiting(&rest), 16);
	buf_release(&rest);

	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.surplus = &rest;
	f->flow.left = 3;
	SAY(f, "abcGET");
	assert_int_equal(pump(f), FLOW_END);
	char left[8];
	assert_int_equal(read(f->from.fd, left, sizeof(left)), 3);
}

static void chunks_are_decoded_and_framed_anew(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_CHUNKED, FLOW_CHUNKED);
	SAY(f, "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n");
	assert_int_equal(pump(f), FLOW_END);
	GOT(f, "5\r\nabcde\r\n0\r\n\r\n");
}

static void chunks_octet_by_octet_carry_the_same(void **state)
{
	struct fixture *f = *state;
	static const char wire[] = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
	aim(f, FLOW_CHUNKED, FLOW_TO_CLOSE);
	for (size_t i = 0; i < sizeof(wire) - 1; i++) {
		say(f, wire + i, 1);
		assert_int_equal(pump(f), i + 1 < sizeof(wire) - 1 ? FLOW_WAIT : FLOW_END);
	}
	GOT(f, "abcde");
}

static void a_cut_has_no_last_chunk(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_CHUNKED, FLOW_CHUNKED);
	SAY(f, "5\r\nabc");
	hang_up(f);
	assert_int_equal(pump(f), FLOW_CUT);
	GOT(f, "3\r\nabc\r\n");
}

static void a_length_that_is_not_reached_is_a_cut(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 10;
	SAY(f, "abc");
	hang_up(f);
	assert_int_equal(pump(f), FLOW_CUT);
	GOT(f, "abc");
}

static void until_close_becomes_chunked(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_TO_CLOSE, FLOW_CHUNKED);
	SAY(f, "abc");
	assert_int_equal(pump(f), FLOW_WAIT);
	hang_up(f);
	assert_int_equal(pump(f), FLOW_END);
	GOT(f, "3\r\nabc\r\n0\r\n\r\n");
}

static void a_broken_chunk_is_told_after_what_was_good(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_CHUNKED, FLOW_CHUNKED);
	SAY(f, "3\r\nabc\r\n");
	assert_int_equal(pump(f), FLOW_WAIT);
	SAY(f, "zz\r\n");
	assert_int_equal(pump(f), FLOW_BAD_CHUNK);
	GOT(f, "3\r\nabc\r\n");
}

static void too_much_payload_is_refused(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_CHUNKED, FLOW_CHUNKED);
	f->flow.most = 4;
	SAY(f, "5\r\nabcde\r\n");
	assert_int_equal(pump(f), FLOW_TOO_LARGE);
}

static void a_tap_gets_a_copy_up_to_its_size(void **state)
{
	struct fixture *f = *state;
	struct buf tap = {0};
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 10;
	f->flow.tap = &tap;
	f->flow.tap_most = 7;
	SAY(f, "0123456789");
	assert_int_equal(pump(f), FLOW_END);
	assert_int_equal(buf_waiting(&tap), 7);
	assert_memory_equal(tap.p, "0123456", 7);
	buf_release(&tap);
}

/* Pushes `total` octets through in pieces of odd sizes; returns how it ended. */
static void push(struct fixture *f, size_t total)
{
	char *all = malloc(total);
	assert_non_null(all);
	for (size_t i = 0; i < total; i++)
		all[i] = (char)(i * 2654435761u >> 13);
	size_t at = 0;
	enum flow_result result = FLOW_WAIT;
	while (result == FLOW_WAIT || result == FLOW_AGAIN) {
		if (at < total) {
			ssize_t n = write(f->sender, all + at, min_size(total - at, 77777));
			at += n > 0 ? (size_t)n : 0;
		}
		if (at == total && f->flow.in == FLOW_TO_CLOSE)
			shutdown(f->sender, SHUT_WR);
		f->from.can_read = f->to.can_write = true;
		result = flow_pump(&f->flow);
		assert_in_range(buf_waiting(&f->flow.stash), 0, FLOW_PIECE + 64);
		listen_in(f);
	}
	assert_int_equal(result, FLOW_END);
	assert_int_equal(f->got_n, total);
	assert_memory_equal(f->got, all, total);
	free(all);
}

static void much_is_spliced_and_arrives_whole(void **state)
{
	struct fixture *f = *state;
	uint64_t before = proxy_stats.spliced_bytes;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 9000001;
	push(f, 9000001);
	assert_true(proxy_stats.spliced_bytes > before);
	assert_null(f->flow.pipe);
}

static void much_is_copied_where_splicing_is_off(void **state)
{
	struct fixture *f = *state;
	uint64_t before = proxy_stats.spliced_bytes;
	sock_no_splice = true;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 3000001;
	push(f, 3000001);
	assert_int_equal(proxy_stats.spliced_bytes, before);
}

static void a_tunnel_in_bulk_is_spliced_to_its_end(void **state)
{
	struct fixture *f = *state;
	uint64_t before = proxy_stats.spliced_bytes;
	aim(f, FLOW_TO_CLOSE, FLOW_TO_CLOSE);
	push(f, 9000001);
	assert_true(proxy_stats.spliced_bytes > before);
}

static void who_does_not_read_stops_the_source(void **state)
{
	struct fixture *f = *state;
	static char block[65536];
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 100 << 20;
	f->to.can_write = true;
	size_t written = 0;
	for (int i = 0; i < 1000; i++) {
		ssize_t n = write(f->sender, block, sizeof(block));
		written += n > 0 ? (size_t)n : 0;
		f->from.can_read = true;
		assert_int_not_equal(flow_pump(&f->flow), FLOW_END);
	}
	/* Socket buffers, one pipe, one piece: far from 64 MiB. */
	assert_in_range(written, 1, 8 << 20);
	assert_true(flow_waits_for_peer(&f->flow));
	pipe_pool_give(f->flow.pipe, false);
	f->flow.pipe = NULL;
}

/* As after many answers that a client asked for and does not read. */
static void a_head_that_finds_no_room_does_not_collect_pieces(void **state)
{
	struct fixture *f = *state;
	static char block[FLOW_PIECE];
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 10 * FLOW_PIECE;
	while (write(f->to.fd, block, sizeof(block)) > 0)
		continue;
	assert_true(buf_append(&f->flow.stash, "head ", 5));
	for (int i = 0; i < 5; i++) {
		(void)!write(f->sender, block, sizeof(block));
		f->from.can_read = f->to.can_write = true;
		assert_int_equal(flow_pump(&f->flow), FLOW_WAIT);
		assert_int_equal(f->flow.sent, 0);
		assert_in_range(buf_waiting(&f->flow.stash), 5, 5 + FLOW_PIECE);
	}
}

static void a_receiver_that_left_is_an_error(void **state)
{
	struct fixture *f = *state;
	aim(f, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 10;
	close(f->receiver);
	f->receiver = -1;
	SAY(f, "hello");
	f->to.can_write = true;
	assert_int_equal(flow_pump(&f->flow), FLOW_TO_ERROR);
}

static void one_octet_at_a_time_carries_the_same(void **state)
{
	struct fixture *f = *state;
	sock_short_io = true;
	aim(f, FLOW_CHUNKED, FLOW_CHUNKED);
	SAY(f, "3\r\nabc\r\n0\r\n\r\n");
	assert_int_equal(pump(f), FLOW_END);
	GOT(f, "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_body_with_a_length_ends_after_it),
		TEST(a_head_and_its_body_leave_in_one_piece),
		TEST(a_head_does_not_wait_for_a_body_that_is_not_there),
		TEST(what_follows_a_body_is_surplus),
		TEST(the_next_request_stays_in_the_socket_or_goes_to_surplus),
		TEST(chunks_are_decoded_and_framed_anew),
		TEST(chunks_octet_by_octet_carry_the_same),
		TEST(a_cut_has_no_last_chunk),
		TEST(a_length_that_is_not_reached_is_a_cut),
		TEST(until_close_becomes_chunked),
		TEST(a_broken_chunk_is_told_after_what_was_good),
		TEST(too_much_payload_is_refused),
		TEST(a_tap_gets_a_copy_up_to_its_size),
		TEST(much_is_spliced_and_arrives_whole),
		TEST(much_is_copied_where_splicing_is_off),
		TEST(a_tunnel_in_bulk_is_spliced_to_its_end),
		TEST(who_does_not_read_stops_the_source),
		TEST(a_head_that_finds_no_room_does_not_collect_pieces),
		TEST(a_receiver_that_left_is_an_error),
		TEST(one_octet_at_a_time_carries_the_same),
	};
	return cmocka_run_group_tests_name("proxy/flow", tests, NULL, NULL);
}
