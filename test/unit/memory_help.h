/*
 * test/unit/memory_help.h - allocations that fail when a test wants it. The program is linked with
 * --wrap=malloc,--wrap=calloc,--wrap=realloc.
 */
#ifndef TEST_MEMORY_HELP_H
#define TEST_MEMORY_HELP_H

#include "base/base.h"

static long left = -1; /* allocations until one fails; -1: none does */
static bool has_failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static inline bool fails_now(void)
{
	if (left < 0 || left-- != 0)
		return false;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails_now() ? NULL : __real_realloc(p, n);
}

/* The nth from now on, counted from 0, once; -1: none. */
static inline void fail_at(long nth)
{
	left = nth;
	has_failed = false;
}

#endif
