#include "base/arena.h"

#include <stdlib.h>

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	_Alignas(16) char bytes[];
};

void arena_init(struct arena *arena, size_t block_bytes)
{
	*arena = (struct arena){.block_bytes = block_bytes};
}

void arena_finish(struct arena *arena)
{
	struct arena_block *block = arena->blocks;
	while (block != NULL) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
	arena->blocks = NULL;
}

void *arena_take(struct arena *arena, size_t bytes)
{
	if (bytes > SIZE_MAX / 2)
		return NULL;
	size_t want = (bytes + 15) & ~(size_t)15;
	struct arena_block *block = arena->blocks;
	if (block == NULL || block->room - block->used < want) {
		size_t room = want > arena->block_bytes ? want : arena->block_bytes;
		block = malloc(sizeof(*block) + room);
		if (block == NULL)
			return NULL;
		block->used = 0;
		block->room = room;
		block->older = arena->blocks;
		arena->blocks = block;
	}
	void *piece = block->bytes + block->used;
	block->used += want;
	return piece;
}

void *arena_zero(struct arena *arena, size_t bytes)
{
	void *piece = arena_take(arena, bytes);
	if (piece != NULL)
		memset(piece, 0, bytes);
	return piece;
}

char *arena_copy(struct arena *arena, const char *p, size_t n)
{
	char *copy = arena_take(arena, n + 1);
	if (copy == NULL)
		return NULL;
	if (n != 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}
