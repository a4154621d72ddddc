/* test/unit/test_base_failalloc.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failalloc.h"

#include <errno.h>
#include <stdlib.h>

/* What the linker makes of it in the program. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__real_malloc(size_t n)
{
	return malloc(n);
}

void *__real_calloc(size_t count, size_t n)
{
	return calloc(count, n);
}

void *__real_realloc(void *p, size_t n)
{
	return realloc(p, n);
}

static bool fails(void)
{
	errno = 0;
	void *p = __wrap_malloc(8);
	bool is_null = p == NULL;
	assert_true(!is_null || errno == ENOMEM);
	free(p);
	return is_null;
}

static void nothing_fails_before_the_start(void **state)
{
	(void)state;
	failalloc_set(1);
	assert_false(fails());
}

static void each_third_one_fails(void **state)
{
	(void)state;
	failalloc_set(3);
	failalloc_start();
	for (int i = 1; i <= 30; i++)
		assert_int_equal(fails(), i % 3 == 0);
	failalloc_stop();
	for (int i = 1; i <= 30; i++)
		assert_false(fails());
}

static void all_three_functions_count(void **state)
{
	(void)state;
	failalloc_set(3);
	failalloc_start();
	void *a = __wrap_malloc(1);
	void *b = __wrap_calloc(1, 1);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(__wrap_realloc(a, 100)); /* and a is still there */
	a = __wrap_realloc(a, 100);
	assert_non_null(a);
	failalloc_stop();
	free(a);
	free(b);
}

static void zero_is_never(void **state)
{
	(void)state;
	failalloc_set(0);
	failalloc_start();
	for (int i = 0; i < 30; i++)
		assert_false(fails());
	failalloc_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fails_before_the_start),
		cmocka_unit_test(each_third_one_fails),
		cmocka_unit_test(all_three_functions_count),
		cmocka_unit_test(zero_is_never),
	};
	return cmocka_run_group_tests_name("base/failalloc", tests, NULL, NULL);
}
