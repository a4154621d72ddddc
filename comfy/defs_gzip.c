/*
 * comfy/defs_gzip.c - text that is deflated piece by piece (RFC 1952).
 */
#include "comfy/defs_parts.h"

#include <stdlib.h>
#include <zlib.h>

#define LEVEL 6
#define WITH_GZIP_HEAD (MAX_WBITS + 16)
#define MEMORY_LEVEL 8
#define OUT_STEP ((size_t)16 * 1024)

struct gzip {
	z_stream stream;
	struct text *out; /* borrowed */
};

struct gzip *gzip_create(struct text *out)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));
	if (gzip == NULL)
		return NULL;
	gzip->out = out;
	if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WITH_GZIP_HEAD, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

void gzip_destroy(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	(void)deflateEnd(&gzip->stream); /* says that some output was pending: it was given up */
	free(gzip);
}

bool gzip_add(struct gzip *gzip, struct slice piece, bool is_last)
{
	z_stream *stream = &gzip->stream;
	struct text *out = gzip->out;
	int rc = Z_OK;
	stream->next_in = (Bytef *)(uintptr_t)piece.p; /* zlib does not write there */
	stream->avail_in = (uInt)piece.n;
	do {
		if (out->room - out->n < OUT_STEP && !text_grow(out, OUT_STEP))
			return false;
		stream->next_out = (Bytef *)out->p + out->n;
		stream->avail_out = (uInt)OUT_STEP;
		rc = deflate(stream, is_last ? Z_FINISH : Z_NO_FLUSH);
		out->n += OUT_STEP - stream->avail_out;
	} while (stream->avail_out == 0 && rc == Z_OK);
	ensure(rc == (is_last ? Z_STREAM_END : Z_OK) || rc == Z_BUF_ERROR);
	return true;
}
