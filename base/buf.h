/*
 * base/buf.h - octets that wait: read and not yet parsed, or not yet sent.
 *
 *        p         p+start          p+end         p+room
 *        |  used    |    waiting     |    free      |
 *
 * Storage comes in steps (4, 16, 64, 256 KiB) from a small pool, so that a
 * busy connection costs no malloc and an idle one no memory.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

struct buf {
	char *p; /* owned, NULL while nothing waits */
	uint32_t start, end, room;
};

/* Room for n more octets behind `end`. May move the octets: slices into the
 * buffer die, offsets from `start` live. False when memory is out or the whole would pass 1 GiB. */
bool buf_reserve(struct buf *buf, size_t n) MUST_CHECK;
bool buf_append(struct buf *buf, const void *p, size_t n) MUST_CHECK;

/* Takes n octets off the front. Storage stays. */
void buf_consume(struct buf *buf, size_t n);

/* Gives the storage back, with whatever waits in it. */
void buf_release(struct buf *buf);

static inline size_t buf_waiting(const struct buf *buf)
{
	return buf->end - buf->start;
}

static inline size_t buf_room(const struct buf *buf)
{
	return buf->room - buf->end;
}

/* The first octet that waits; NULL when nothing was ever put in. */
static inline char *buf_first(const struct buf *buf)
{
	return buf->p == NULL ? NULL : buf->p + buf->start;
}

/* p is NULL when nothing was ever put in. */
static inline struct slice buf_slice(const struct buf *buf)
{
	return (struct slice){buf_first(buf), buf_waiting(buf)};
}

/* Frees what the pool keeps: at exit, and when memory is out. */
void buf_pool_trim(void);
/* Octets in buffers now, the pool's included. */
uint64_t buf_bytes_in_use(void);

#endif
