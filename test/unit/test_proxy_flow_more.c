/* test/unit/test_proxy_flow_more.c - files, filters and rates in a flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/unit/flow_help.h"

#include <sys/mman.h>

#define SECOND UINT64_C(1000000)
#define FILE_N ((size_t)3 << 20)

static char all[FILE_N];

static int file_of(size_t n)
{
	int fd = memfd_create("body", MFD_CLOEXEC);
	fill(all, n);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, all, n), (ssize_t)n);
	return fd;
}

static void aim_file(
	struct fixture *f, enum flow_framing out, const struct file_part *parts, uint32_t count)
{
	struct file_body body = {parts, count};
	flow_init(&f->flow, NULL, &f->to, FLOW_LENGTH, out);
	assert_true(buf_append(&f->flow.stash, "head ", 5));
	assert_true(flow_set_file(&f->flow, &body));
	f->got_n = 0;
}

static void a_file_follows_its_head(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(FILE_N);
	struct file_part part = {.fd = fd, .at = 0, .n = FILE_N};
	for (int i = 0; i < 3; i++) {
		sock_no_splice = i == 1;
		part.at = i == 2 ? FILE_N - 100 : 0;
		part.n = FILE_N - part.at;
		aim_file(f, FLOW_LENGTH, &part, 1);
		assert_int_equal(pump(f), FLOW_END);
		assert_int_equal(f->got_n, 5 + part.n);
		assert_memory_equal(f->got, "head ", 5);
		assert_memory_equal(f->got + 5, all + part.at, part.n);
		assert_int_equal(f->flow.sent, f->got_n);
		flow_finish(&f->flow);
	}
	close(fd);
}

static void a_small_file_leaves_with_its_head(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(1000);
	char got[2000];
	struct file_part part = {.fd = fd, .at = 0, .n = 1000};
	aim_file(f, FLOW_LENGTH, &part, 1);
	f->to.can_write = true;
	assert_int_equal(flow_pump(&f->flow), FLOW_END);
	assert_int_equal(read(f->receiver, got, sizeof(got)), 1005);
	close(fd);
}

static void ranges_have_text_between_them(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(200000);
	struct file_part parts[] = {
		{.fd = -1, .p = "--x\r\n", .n = 5},
		{.fd = fd, .at = 10, .n = 3},
		{.fd = -1, .p = "", .n = 0},
		{.fd = -1, .p = "\r\n--x\r\n", .n = 7},
		{.fd = fd, .at = 50, .n = 150000},
		{.fd = fd, .at = 0, .n = 0},
		{.fd = -1, .p = "\r\n--x--\r\n", .n = 9},
	};
	aim_file(f, FLOW_LENGTH, parts, COUNT_OF(parts));
	assert_int_equal(f->flow.left, 5 + 3 + 7 + 150000 + 9);
	assert_int_equal(pump(f), FLOW_END);
	assert_int_equal(f->got_n, 5 + 5 + 3 + 7 + 150000 + 9);
	assert_memory_equal(f->got, "head --x\r\n", 10);
	assert_memory_equal(f->got + 10, all + 10, 3);
	assert_memory_equal(f->got + 13, "\r\n--x\r\n", 7);
	assert_memory_equal(f->got + 20, all + 50, 150000);
	assert_memory_equal(f->got + 150020, "\r\n--x--\r\n", 9);
	close(fd);
}

static void an_empty_file_is_an_end(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(0);
	struct file_part part = {.fd = fd};
	aim_file(f, FLOW_LENGTH, &part, 1);
	assert_int_equal(pump(f), FLOW_END);
	assert_int_equal(f->got_n, 5);
	flow_finish(&f->flow);
	aim_file(f, FLOW_CHUNKED, &part, 1);
	assert_int_equal(pump(f), FLOW_END);
	assert_int_equal(f->got_n, 10);
	assert_memory_equal(f->got, "head 0\r\n\r\n", 10);
	close(fd);
}

static void a_file_that_got_shorter_is_a_cut(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(400000);
	struct file_part part = {.fd = fd, .at = 0, .n = 500000};
	aim_file(f, FLOW_LENGTH, &part, 1);
	assert_int_equal(pump(f), FLOW_CUT);
	assert_int_equal(f->got_n, 400005);
	close(fd);
}

static void what_waits_for_no_source_waits_for_the_receiver(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(FILE_N);
	struct file_part part = {.fd = fd, .at = 0, .n = FILE_N};
	aim_file(f, FLOW_LENGTH, &part, 1);
	f->to.can_write = true;
	assert_int_equal(flow_pump(&f->flow), FLOW_WAIT);
	assert_true(flow_waits_for_peer(&f->flow) && !flow_is_flushed(&f->flow));
	close(fd);
}

/* -- a filter that writes each octet twice, the last one only at the end -- */

static int destroyed;

struct doubler {
	struct flow_filter filter;
	char last;
	bool has_last;
};

static enum filter_result doubler_take(
	struct flow_filter *self, const char *p, size_t n, enum filter_flush flush, struct buf *out)
{
	struct doubler *doubler = (struct doubler *)self;
	for (size_t i = 0; i <= n; i++) {
		bool comes_out = doubler->has_last && (i < n || flush != FILTER_GOES_ON);
		char two[2] = {doubler->last, doubler->last};
		if (comes_out && !buf_append(out, two, 2))
			return FILTER_NO_MEMORY;
		doubler->has_last = doubler->has_last && !comes_out;
		if (i < n && p[i] == '!')
			return FILTER_BAD_INPUT;
		if (i < n) {
			doubler->last = p[i];
			doubler->has_last = true;
		}
	}
	return FILTER_OK;
}

static void doubler_destroy(struct flow_filter *self)
{
	destroyed++;
	free(self);
}

static void aim_doubler(struct fixture *f, enum flow_framing in, bool flushes)
{
	struct doubler *doubler = calloc(1, sizeof(*doubler));
	assert_non_null(doubler);
	doubler->filter = (struct flow_filter){.take = doubler_take,
		.destroy = doubler_destroy,
		.take_most = 5,
		.flushes_idle = flushes};
	flow_init(&f->flow, &f->from, &f->to, in, FLOW_CHUNKED);
	f->to.can_write = true;
	destroyed = 0;
	assert_true(flow_set_filter(&f->flow, &doubler->filter));
}

static void say(struct fixture *f, const char *text)
{
	assert_int_equal(write(f->sender, text, strlen(text)), (ssize_t)strlen(text));
	f->from.can_read = true;
}

static void expect(struct fixture *f, enum flow_result result, const char *text)
{
	assert_int_equal(pump(f), result);
	f->got[f->got_n] = '\0';
	assert_string_equal(f->got, text);
}

static void a_filter_is_told_the_end(void **state)
{
	struct fixture *f = *state;
	aim_doubler(f, FLOW_LENGTH, false);
	f->flow.left = 4;
	say(f, "abcd");
	expect(f, FLOW_END, "8\r\naabbccdd\r\n0\r\n\r\n");
	flow_finish(&f->flow);
	assert_int_equal(destroyed, 1);
}

static void a_filter_may_keep_something_while_more_may_come(void **state)
{
	struct fixture *f = *state;
	aim_doubler(f, FLOW_TO_CLOSE, false);
	say(f, "ab");
	expect(f, FLOW_WAIT, "2\r\naa\r\n");
	say(f, "c");
	shutdown(f->sender, SHUT_WR);
	f->from.peer_closed = true;
	expect(f, FLOW_END, "2\r\naa\r\n2\r\nbb\r\n2\r\ncc\r\n0\r\n\r\n");
}

static void a_filter_that_flushes_keeps_nothing(void **state)
{
	struct fixture *f = *state;
	aim_doubler(f, FLOW_CHUNKED, true);
	say(f, "2\r\nab\r\n");
	expect(f, FLOW_WAIT, "2\r\naa\r\n2\r\nbb\r\n");
	say(f, "0\r\n\r\n");
	expect(f, FLOW_END, "2\r\naa\r\n2\r\nbb\r\n0\r\n\r\n");
}

static void a_cut_behind_a_filter_has_no_end(void **state)
{
	struct fixture *f = *state;
	aim_doubler(f, FLOW_LENGTH, false);
	f->flow.left = 9;
	say(f, "ab");
	shutdown(f->sender, SHUT_WR);
	f->from.peer_closed = true;
	expect(f, FLOW_CUT, "2\r\naa\r\n2\r\nbb\r\n");
}

static void what_a_filter_cannot_read_is_a_cut(void **state)
{
	struct fixture *f = *state;
	aim_doubler(f, FLOW_LENGTH, false);
	f->flow.left = 9;
	say(f, "abc");
	expect(f, FLOW_WAIT, "4\r\naabb\r\n");
	say(f, "!!");
	expect(f, FLOW_CUT, "4\r\naabb\r\n");
}

/* -- rates -- */

static void a_rate_is_kept(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(FILE_N);
	struct file_part part = {.fd = fd, .at = 0, .n = FILE_N};
	clock_now_us = 100 * SECOND;
	struct rate rate = {.octets_s = 1 << 20, .start_us = clock_now_us};
	aim_file(f, FLOW_LENGTH, &part, 1);
	assert_true(flow_set_rate(&f->flow, &rate));
	for (size_t second = 1; second <= 3; second++) {
		assert_int_equal(pump(f), FLOW_WAIT);
		assert_true(f->flow.is_delayed);
		assert_int_equal(f->got_n, second << 20);
		clock_now_us += SECOND - 1000;
		assert_int_equal(pump(f), FLOW_WAIT);
		assert_int_equal(f->got_n, second << 20);
		clock_now_us += 100000;
	}
	assert_int_equal(pump(f), FLOW_END);
	assert_false(f->flow.is_delayed);
	assert_int_equal(f->got_n, FILE_N + 5);
	close(fd);
}

static void a_rate_begins_after_the_first_octets(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(FILE_N);
	struct file_part part = {.fd = fd, .at = 0, .n = FILE_N};
	clock_now_us = 100 * SECOND + 999000;
	struct rate rate = {.octets_s = 1000, .after = 500000, .start_us = clock_now_us};
	aim_file(f, FLOW_LENGTH, &part, 1);
	assert_true(flow_set_rate(&f->flow, &rate));
	assert_int_equal(pump(f), FLOW_WAIT);
	assert_int_equal(f->got_n, 501000);
	/* The burst was worth a second, even if the clock's begins at once. */
	clock_now_us += 2000;
	assert_int_equal(pump(f), FLOW_WAIT);
	assert_int_equal(f->got_n, 501000);
	clock_now_us += SECOND + 100000;
	assert_int_equal(pump(f), FLOW_WAIT);
	assert_int_equal(f->got_n, 503000);
	close(fd);
}

static void a_read_rate_leaves_octets_with_the_worker(void **state)
{
	struct fixture *f = *state;
	clock_now_us = 100 * SECOND;
	struct rate rate = {.octets_s = 10000, .start_us = clock_now_us};
	fill(all, 50000);
	assert_int_equal(write(f->sender, all, 50000), 50000);
	flow_init(&f->flow, &f->from, &f->to, FLOW_LENGTH, FLOW_LENGTH);
	f->flow.left = 50000;
	f->from.can_read = true;
	assert_true(flow_set_read_rate(&f->flow, &rate));
	for (size_t second = 1; second < 5; second++) {
		assert_int_equal(pump(f), FLOW_WAIT);
		assert_true(f->flow.is_delayed);
		assert_int_equal(f->got_n, second * 10000);
		clock_now_us += SECOND + 100000;
	}
	assert_int_equal(pump(f), FLOW_END);
	assert_memory_equal(f->got, all, 50000);
}

static void no_rate_costs_nothing(void **state)
{
	struct fixture *f = *state;
	struct rate rate = {.octets_s = 0, .after = 7};
	flow_init(&f->flow, &f->from, &f->to, FLOW_LENGTH, FLOW_LENGTH);
	assert_true(flow_set_rate(&f->flow, &rate) && flow_set_read_rate(&f->flow, &rate));
	assert_null(f->flow.more);
}

static bool has_stepped;

static void note_step(struct sock *sock)
{
	(void)sock;
	has_stepped = true;
}

static void the_receiver_steps_when_the_pause_is_over(void **state)
{
	struct fixture *f = *state;
	int fd = file_of(1000);
	struct file_part part = {.fd = fd, .at = 0, .n = 1000};
	(void)clock_tick();
	struct rate rate = {.octets_s = 100, .start_us = clock_now_us};
	aim_file(f, FLOW_LENGTH, &part, 1);
	assert_true(flow_set_rate(&f->flow, &rate));
	assert_int_equal(pump(f), FLOW_WAIT);
	f->to.step = note_step;
	has_stepped = false;
	size_t before = f->got_n;
	for (int i = 0; i < 1000 && pump(f) == FLOW_WAIT && f->got_n == before; i++)
		assert_true(loop_turn());
	assert_true(has_stepped);
	assert_true(f->got_n > before);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_follows_its_head),
		TEST(a_small_file_leaves_with_its_head),
		TEST(ranges_have_text_between_them),
		TEST(an_empty_file_is_an_end),
		TEST(a_file_that_got_shorter_is_a_cut),
		TEST(what_waits_for_no_source_waits_for_the_receiver),
		TEST(a_filter_is_told_the_end),
		TEST(a_filter_may_keep_something_while_more_may_come),
		TEST(a_filter_that_flushes_keeps_nothing),
		TEST(a_cut_behind_a_filter_has_no_end),
		TEST(what_a_filter_cannot_read_is_a_cut),
		TEST(a_rate_is_kept),
		TEST(a_rate_begins_after_the_first_octets),
		TEST(a_read_rate_leaves_octets_with_the_worker),
		TEST(no_rate_costs_nothing),
		TEST(the_receiver_steps_when_the_pause_is_over),
	};
	return cmocka_run_group_tests_name("proxy/flow_more", tests, NULL, NULL);
}
