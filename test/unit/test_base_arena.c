#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void pieces_are_aligned_and_apart(void **state)
{
	struct arena arena;
	unsigned char *pieces[200];
	(void)state;
	arena_init(&arena, 256);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		size_t n = i % 40;
		pieces[i] = arena_take(&arena, n);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)i, n);
	}
	for (size_t i = 0; i < COUNT_OF(pieces); i++)
		for (size_t k = 0; k < i % 40; k++)
			assert_int_equal(pieces[i][k], i & 0xff);
	arena_finish(&arena);
}

static void a_piece_may_be_larger_than_a_block(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 64);
	char *small = arena_take(&arena, 16);
	char *large = arena_take(&arena, 100000);
	assert_non_null(small);
	assert_non_null(large);
	memset(small, 1, 16);
	memset(large, 2, 100000);
	assert_int_equal(small[15], 1);
	arena_finish(&arena);
}

static void what_cannot_be_had_is_null(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 64);
	assert_null(arena_take(&arena, SIZE_MAX));
	assert_null(arena_take(&arena, SIZE_MAX - 15));
	arena_finish(&arena);
}

static void zero_is_zero_and_copies_are_terminated(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 64);
	memset(arena_take(&arena, 64), 'x', 64);
	const char *zeros = arena_zero(&arena, 33);
	for (int i = 0; i < 33; i++)
		assert_int_equal(zeros[i], 0);
	assert_string_equal(arena_copy(&arena, "hello world", 5), "hello");
	assert_string_equal(arena_copy(&arena, NULL, 0), "");
	arena_finish(&arena);
}

static void it_may_be_used_again_after_its_end(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 64);
	arena_finish(&arena);
	assert_string_equal(arena_copy(&arena, "a", 1), "a");
	arena_finish(&arena);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(a_piece_may_be_larger_than_a_block),
		cmocka_unit_test(what_cannot_be_had_is_null),
		cmocka_unit_test(zero_is_zero_and_copies_are_terminated),
		cmocka_unit_test(it_may_be_used_again_after_its_end),
	};
	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
