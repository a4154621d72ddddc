/* test/unit/test_proxy_ws_tls.c - an end of a WebSocket over TLS, where the socket takes and gives
 * other pieces than the kernel does. */
#include "test/unit/tls_peer.h"

#include "proxy/ws.h"

#define FRAMES 400
#define PAYLOAD_MOST 20000

static struct tls_context *context;
static struct tls_site *site;
static SSL_CTX *ctx;
static struct peer peer;
static struct ws ws;
static unsigned messages, clears, closes;
static uint16_t code;
static char last[64];

static void on_message(struct ws *self, enum ws_opcode opcode, struct slice message)
{
	assert_ptr_equal(self, &ws);
	assert_int_equal(opcode, WS_TEXT);
	assert_true(message.n < sizeof(last));
	memcpy(last, message.p, message.n);
	last[message.n] = '\0';
	messages++;
}

static void on_clear(struct ws *self)
{
	assert_ptr_equal(self, &ws);
	clears++;
}

static void on_closed(struct ws *self, uint16_t with, const char *why)
{
	(void)why;
	assert_ptr_equal(self, &ws);
	code = with;
	closes++;
}

static const struct ws_owner owner = {
	.on_message = on_message, .on_clear = on_clear, .on_closed = on_closed};

static int setup(void **state)
{
	(void)state;
	struct buf early = {0}, unsent = {0};
	messages = clears = closes = 0;
	if (loop_start() != 0)
		return -1;
	context = make_context("one", 0);
	ctx = client_context(0);
	if (tls_site_create(&site) != 0 || tls_site_add(site, NULL, context) != 0)
		return -1;
	peer_connect(&peer, site, ctx, NULL);
	ws_init(&ws, &peer.sock, &owner, false, 0, 1000000, &early, &unsent);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sock_short_io = false;
	ws_finish(&ws);
	peer_close(&peer);
	SSL_CTX_free(ctx);
	tls_site_destroy(site);
	tls_context_destroy(context);
	loop_finish();
	return 0;
}

static bool step(void)
{
	/* What stopped at a bound goes on in the next turn; here each step is one. */
	if (peer.sock.reads_next_turn)
		peer.sock.can_read = true;
	peer.sock.reads_next_turn = false;
	report(&peer.sock);
	return ws_step(&ws);
}

/* Frames of all lengths, each with octets of its own; all of them, one after the other, in ret_all.
 */
static void make_frames(struct blob *frames[FRAMES], struct buf *ret_all)
{
	static char payload[PAYLOAD_MOST];
	uint32_t seed = 1;
	for (size_t i = 0; i < FRAMES; i++) {
		seed = seed * 1664525u + 1013904223u;
		/* Around the length of a record, too. */
		size_t n = i % 3 == 0 ? 16370 + seed % 30 : (seed >> 8) % (i % 3 == 1 ? 200 : 9000);
		memset(payload, (int)('a' + i % 26), n);
		frames[i] = ws_frame_blob(WS_BINARY, (struct slice){payload, n});
		assert_non_null(frames[i]);
		assert_true(buf_append(ret_all, frames[i]->p, frames[i]->n));
	}
}

/* The client reads what there is. */
static void drain(struct buf *got)
{
	size_t n;
	assert_true(buf_reserve(got, 100000));
	(void)client_read(&peer, got->p + got->end, 100000, &n);
	got->end += (uint32_t)n;
}

static void frames_arrive_whole_and_in_order(void **state)
{
	(void)state;
	struct blob *frames[FRAMES];
	struct buf all = {0}, got = {0};
	make_frames(frames, &all);
	size_t taken = 0;
	while (buf_waiting(&got) < buf_waiting(&all)) {
		if (taken < FRAMES) {
			bool was_clear = ws_is_clear(&ws);
			size_t now = ws_flush(&ws, frames + taken, FRAMES - taken);
			assert_true(was_clear ? now != 0 : now == 0);
			taken += now;
		}
		drain(&got);
		assert_true(step());
	}
	assert_true(slice_is(buf_slice(&got), buf_slice(&all)));
	assert_true(ws_is_clear(&ws));
	assert_int_equal(taken, FRAMES);
	assert_int_equal(ws.messages_out, FRAMES);
	for (size_t i = 0; i < FRAMES; i++) {
		assert_int_equal(frames[i]->refs, 1);
		blob_unref(frames[i]);
	}
	buf_release(&all);
	buf_release(&got);
	assert_true(clears > 0);
}

/* What is said while there is no room goes behind the frame that is under way. */
static void a_message_amid_frames_arrives_between_two(void **state)
{
	(void)state;
	static char payload[PAYLOAD_MOST];
	struct buf got = {0};
	struct blob *frame = ws_frame_blob(WS_BINARY, (struct slice){payload, sizeof(payload)});
	assert_non_null(frame);
	report(&peer.sock);
	size_t frames = 0;
	while (ws_is_clear(&ws))
		frames += ws_flush(&ws, &frame, 1);
	assert_true(ws_send(&ws, WS_TEXT, SLICE("hello")));
	size_t n = frames * frame->n + 7;
	while (buf_waiting(&got) < n) {
		drain(&got);
		assert_true(step());
	}
	assert_int_equal(buf_waiting(&got), n);
	assert_memory_equal(buf_first(&got) + n - 7, "\x81\x05hello", 7);
	blob_unref(frame);
	buf_release(&got);
}

static void octet_by_octet_is_the_same(void **state)
{
	(void)state;
	static const char hello[] = "\x81\x85\0\0\0\0hello";
	sock_short_io = true;
	struct buf got = {0};
	struct blob *frames[2] = {
		ws_frame_blob(WS_TEXT, SLICE("abc")), ws_frame_blob(WS_BINARY, SLICE("de"))};
	assert_true(frames[0] != NULL && frames[1] != NULL);
	assert_int_equal(SSL_write(peer.ssl, hello, sizeof(hello) - 1), sizeof(hello) - 1);
	size_t taken = 0;
	while (buf_waiting(&got) < 9) {
		taken += ws_flush(&ws, frames + taken, 2 - taken);
		assert_true(step());
		drain(&got);
	}
	assert_true(slice_is(buf_slice(&got), SLICE("\x81\x03"
						    "abc\x82\x02"
						    "de")));
	while (messages == 0)
		assert_true(step());
	assert_string_equal(last, "hello");
	blob_unref(frames[0]);
	blob_unref(frames[1]);
	buf_release(&got);
}

static void a_close_is_answered(void **state)
{
	(void)state;
	char text[16];
	size_t n;
	static const char bye[] = "\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8";
	assert_int_equal(SSL_write(peer.ssl, bye, sizeof(bye) - 1), sizeof(bye) - 1);
	assert_false(step());
	assert_string_equal(last, "hi");
	assert_int_equal(closes, 1);
	assert_int_equal(code, WS_CODE_NORMAL);
	(void)client_read(&peer, text, sizeof(text), &n);
	assert_int_equal(n, 4);
	assert_memory_equal(text, "\x88\x02\x03\xe8", 4);
}

static void a_goodbye_without_a_close_is_abnormal(void **state)
{
	(void)state;
	(void)SSL_shutdown(peer.ssl);
	assert_false(step());
	assert_int_equal(closes, 1);
	assert_int_equal(code, WS_CODE_ABNORMAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_arrive_whole_and_in_order),
		TEST(a_message_amid_frames_arrives_between_two),
		TEST(octet_by_octet_is_the_same),
		TEST(a_close_is_answered),
		TEST(a_goodbye_without_a_close_is_abnormal),
	};
	return cmocka_run_group_tests_name(
		"proxy/ws over TLS", tests, folder_setup, folder_teardown);
}
