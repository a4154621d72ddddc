#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void what_is_appended_comes_out_in_order(void **state)
{
	struct buf buf = {0};
	unsigned char in = 0;
	unsigned char out = 0;
	(void)state;
	for (int round = 0; round < 2000; round++) {
		unsigned char piece[200];
		size_t n = (size_t)(round * 7 % 200);
		for (size_t i = 0; i < n; i++)
			piece[i] = in++;
		assert_true(buf_append(&buf, piece, n));
		size_t take = buf_waiting(&buf) * 2 / 3;
		struct slice waiting = buf_slice(&buf);
		for (size_t i = 0; i < take; i++)
			assert_int_equal((unsigned char)waiting.p[i], out++);
		buf_consume(&buf, take);
	}
	buf_release(&buf);
}

static void an_empty_one_has_no_storage(void **state)
{
	struct buf buf = {0};
	(void)state;
	assert_null(buf_slice(&buf).p);
	assert_int_equal(buf_waiting(&buf), 0);
	assert_true(buf_append(&buf, NULL, 0));
	assert_null(buf.p);
	buf_consume(&buf, 0);
	buf_release(&buf);
	assert_null(buf.p);
}

static void storage_comes_in_steps(void **state)
{
	static const uint32_t steps[] = {4096, 16384, 65536, 262144};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct buf buf = {0};
		assert_true(buf_reserve(&buf, steps[i]));
		assert_int_equal(buf_room(&buf), steps[i]);
		buf_release(&buf);
		assert_true(buf_reserve(&buf, steps[i] - 1));
		assert_int_equal(buf_room(&buf), steps[i]);
		buf_release(&buf);
	}
	struct buf buf = {0};
	assert_true(buf_reserve(&buf, 262145));
	assert_true(buf_room(&buf) >= 262145);
	buf_release(&buf);
}

static void growing_keeps_what_waits(void **state)
{
	struct buf buf = {0};
	(void)state;
	assert_true(buf_append(&buf, "xxhello", 7));
	buf_consume(&buf, 2);
	for (size_t room = 1000; room < 1000000; room *= 3) {
		assert_true(buf_reserve(&buf, room));
		assert_true(buf_room(&buf) >= room);
		assert_int_equal(buf_waiting(&buf), 5);
		assert_memory_equal(buf_slice(&buf).p, "hello", 5);
	}
	buf_release(&buf);
}

static void room_in_front_is_used_again(void **state)
{
	struct buf buf = {0};
	static const char octets[4000];
	(void)state;
	/* A reader that keeps up never makes it grow. */
	for (int i = 0; i < 100; i++) {
		assert_true(buf_append(&buf, octets, 3000));
		buf_consume(&buf, buf_waiting(&buf) - 10);
		assert_true(buf.room <= 16384);
	}
	buf_consume(&buf, buf_waiting(&buf));
	assert_int_equal(buf.start, 0);
	assert_int_equal(buf.end, 0);
	buf_release(&buf);
}

static void there_is_a_bound(void **state)
{
	struct buf buf = {0};
	(void)state;
	assert_false(buf_reserve(&buf, ((size_t)1 << 30) + 1));
	assert_false(buf_reserve(&buf, SIZE_MAX));
	assert_null(buf.p);
	assert_true(buf_append(&buf, "a", 1));
	assert_false(buf_reserve(&buf, (size_t)1 << 30));
	assert_int_equal(buf_waiting(&buf), 1);
	buf_release(&buf);
}

static void every_octet_is_accounted_for(void **state)
{
	struct buf a = {0};
	struct buf b = {0};
	(void)state;
	buf_pool_trim();
	assert_int_equal(buf_bytes_in_use(), 0);
	assert_true(buf_reserve(&a, 1));
	assert_true(buf_reserve(&b, 300000));
	assert_int_equal(buf_bytes_in_use(), a.room + b.room);
	assert_true(buf_reserve(&a, 5000));
	buf_release(&a);
	buf_release(&b);
	buf_pool_trim();
	assert_int_equal(buf_bytes_in_use(), 0);
}

static int trim(void **state)
{
	(void)state;
	buf_pool_trim();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_comes_out_in_order),
		cmocka_unit_test(an_empty_one_has_no_storage),
		cmocka_unit_test(storage_comes_in_steps),
		cmocka_unit_test(growing_keeps_what_waits),
		cmocka_unit_test(room_in_front_is_used_again),
		cmocka_unit_test(there_is_a_bound),
		cmocka_unit_test(every_octet_is_accounted_for),
	};
	return cmocka_run_group_tests_name("base/buf", tests, NULL, trim);
}
