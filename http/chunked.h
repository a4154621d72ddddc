/*
 * http/chunked.h - taking the chunked coding off (RFC 9112 section 7.1), in place.
 *
 *   in   5\r\nhello\r\n6;ext\r\n world\r\n0\r\nTrailer: x\r\n\r\n|next message
 *   out  hello world
 *
 * Extensions and trailers are read and dropped, both within bounds. Lines end
 * with CRLF; a trailer must be a field as http/head.h would take it. The result
 * does not depend on how the octets were split.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "base/base.h"

#define CHUNKED_EXT_MOST 256            /* octets between size and CRLF, of one chunk */
#define CHUNKED_EXT_TOTAL (16 * 1024)   /* and in one body */
#define CHUNKED_TRAILER_MOST (8 * 1024) /* the empty line included */

struct chunked {
	uint8_t state;
	uint8_t digits;     /* hex digits of this chunk's size so far, 1 to 15 */
	uint16_t ext_bytes; /* of this chunk */
	uint32_t ext_total;
	uint32_t trailer_bytes;
	uint64_t left; /* data octets of this chunk still to come */
};

enum chunked_verdict { CHUNKED_MORE, CHUNKED_DONE, CHUNKED_BAD };

void chunked_init(struct chunked *chunked);

/*
 * Reads p[0..n), moves the data octets among them to the front: p[0..*ret_data).
 * *ret_used octets were consumed: n, or fewer when CHUNKED_DONE, and then
 * p[*ret_used..n) are untouched and belong to the next message.
 * CHUNKED_BAD: *ret_used octets were fine, *ret_data of them data.
 * After CHUNKED_DONE and CHUNKED_BAD the same verdict is given again and nothing is read.
 */
enum chunked_verdict chunked_decode(
	struct chunked *chunked, char *p, size_t n, size_t *ret_used, size_t *ret_data) MUST_CHECK;

/* "1f40\r\n" into out, not terminated; returns its length. */
#define CHUNKED_SIZE_ROOM 20
size_t chunked_write_size(char out[CHUNKED_SIZE_ROOM], uint64_t bytes);

#endif
