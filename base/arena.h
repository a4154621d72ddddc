/*
 * base/arena.h - memory that is given back all at once.
 *
 * A chain of blocks, each filled from the front. There is no free of one piece.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* owned, newest first */
	size_t block_bytes;         /* payload of a usual block */
};

void arena_init(struct arena *arena, size_t block_bytes);
/* Gives every block back; the arena may be used again. */
void arena_finish(struct arena *arena);

/* Aligned to 16. NULL when memory is out. Not cleared. */
void *arena_take(struct arena *arena, size_t bytes) MUST_CHECK;
void *arena_zero(struct arena *arena, size_t bytes) MUST_CHECK;
/* A terminated copy, NULL when memory is out. */
char *arena_copy(struct arena *arena, const char *p, size_t n) MUST_CHECK;

#endif
