#include "base/buf.h"

#include <stdlib.h>

#define BUF_MOST (1u << 30)

/* Blocks of one step that are kept for the next user. */
#define KEEP (HAS_ASAN ? 0 : 64)

static const uint32_t step_bytes[] = {4096, 16384, 65536, 262144};
static const unsigned step_keep[] = {KEEP * 4, KEEP, KEEP / 2, KEEP / 16};

static struct pool {
	void *blocks[COUNT_OF(step_bytes)][KEEP * 4 + 1];
	unsigned count[COUNT_OF(step_bytes)];
} pool;

static uint64_t bytes_in_use;

static int step_for(size_t bytes)
{
	for (size_t i = 0; i < COUNT_OF(step_bytes); i++)
		if (bytes <= step_bytes[i])
			return (int)i;
	return -1;
}

static char *block_take(size_t bytes, uint32_t *ret_room)
{
	int step = step_for(bytes);
	if (step >= 0) {
		*ret_room = step_bytes[step];
		if (pool.count[step] != 0)
			return pool.blocks[step][--pool.count[step]];
	} else {
		*ret_room = (uint32_t)(bytes + bytes / 4);
	}
	char *block = malloc(*ret_room);
	if (block != NULL)
		bytes_in_use += *ret_room;
	return block;
}

static void block_give(char *block, uint32_t room)
{
	int step = step_for(room);
	if (step >= 0 && pool.count[step] < step_keep[step]) {
		pool.blocks[step][pool.count[step]++] = block;
		return;
	}
	bytes_in_use -= room;
	free(block);
}

bool buf_reserve(struct buf *buf, size_t n)
{
	if (buf->p != NULL && buf_room(buf) >= n)
		return true;
	size_t waiting = buf_waiting(buf);
	if (n > BUF_MOST || waiting + n > BUF_MOST)
		return false;
	if (buf->p != NULL && waiting + n <= buf->room && buf->start >= buf->room / 2) {
		memmove(buf->p, buf->p + buf->start, waiting);
		buf->start = 0;
		buf->end = (uint32_t)waiting;
		return true;
	}
	uint32_t room;
	char *p = block_take(waiting + n, &room);
	if (p == NULL)
		return false;
	if (buf->p != NULL && waiting != 0)
		memcpy(p, buf->p + buf->start, waiting);
	if (buf->p != NULL)
		block_give(buf->p, buf->room);
	*buf = (struct buf){.p = p, .start = 0, .end = (uint32_t)waiting, .room = room};
	return true;
}

bool buf_append(struct buf *buf, const void *p, size_t n)
{
	if (n == 0)
		return true;
	if (!buf_reserve(buf, n))
		return false;
	memcpy(buf->p + buf->end, p, n);
	buf->end += (uint32_t)n;
	return true;
}

void buf_consume(struct buf *buf, size_t n)
{
	ensure(n <= buf_waiting(buf));
	buf->start += (uint32_t)n;
	if (buf->start == buf->end)
		buf->start = buf->end = 0;
}

void buf_release(struct buf *buf)
{
	if (buf->p != NULL)
		block_give(buf->p, buf->room);
	*buf = (struct buf){0};
}

void buf_pool_trim(void)
{
	for (size_t i = 0; i < COUNT_OF(step_bytes); i++) {
		while (pool.count[i] != 0) {
			bytes_in_use -= step_bytes[i];
			free(pool.blocks[i][--pool.count[i]]);
		}
	}
}

uint64_t buf_bytes_in_use(void)
{
	return bytes_in_use;
}
