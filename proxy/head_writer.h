/*
 * proxy/head_writer.h - building a head, piece by piece, into a buffer.
 *
 * Room is reserved in pieces and checked once, at the end: after a failed
 * reservation everything is ignored.
 */
#ifndef PROXY_HEAD_WRITER_H
#define PROXY_HEAD_WRITER_H

#include "base/buf.h"

struct head_writer {
	struct buf *buf; /* borrowed */
	bool is_bad;     /* no memory */
};

static inline void head_put(struct head_writer *writer, const char *p, size_t n)
{
	struct buf *buf = writer->buf;
	if (buf->p == NULL || buf_room(buf) < n) {
		if (writer->is_bad || !buf_reserve(buf, n)) {
			writer->is_bad = true;
			return;
		}
	}
	memcpy(buf->p + buf->end, p, n);
	buf->end += (uint32_t)n;
}

static inline void head_put_slice(struct head_writer *writer, struct slice slice)
{
	if (slice.n != 0)
		head_put(writer, slice.p, slice.n);
}

#define head_put_text(writer, literal) head_put((writer), (literal), sizeof(literal) - 1)

/* Decimal. */
void head_put_number(struct head_writer *writer, uint64_t number);
/* "Name: value\r\n". */
void head_put_field(struct head_writer *writer, struct slice name, struct slice value);
/* For values that variables had a part in: a decoded URI may hold any octet. CR, LF and NUL become
 * blanks (RFC 9110 section 5.5), so that nobody ends a line but us; nginx sends them. */
void head_put_line(struct head_writer *writer, struct slice text);
/* head_put_field with such a value. */
void head_put_safe_field(struct head_writer *writer, struct slice name, struct slice value);

#endif
