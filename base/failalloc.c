#include "base/failalloc.h"

#include <errno.h>
#include <stdlib.h>

/* The linker's names for what was asked for and what is really there (ld(1), --wrap). */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static uint32_t wanted;
static uint32_t every; /* 0: off */
static uint32_t since;

void failalloc_set(uint32_t n)
{
	wanted = n;
}

void failalloc_start(void)
{
	every = wanted;
	since = 0;
}

void failalloc_stop(void)
{
	every = 0;
}

static bool is_refused(void)
{
	if (__builtin_expect(every == 0, 1))
		return false;
	if (++since < every)
		return false;
	since = 0;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return is_refused() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return is_refused() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return is_refused() ? NULL : __real_realloc(p, n);
}
