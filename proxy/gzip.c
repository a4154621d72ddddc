#include "proxy/gzip.h"

#include "proxy/flow.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW 16    /* added to windowBits: a gzip head and not zlib's */
#define OUT_PIECE 4096    /* octets of room made at a time */
#define UNPACK_PIECE 4096 /* taken at a time: it may come out a thousand times larger */

struct zip {
	struct flow_filter filter;
	z_stream stream;
	bool is_packing;
	bool has_ended;   /* unpacking: a member is whole, and no other has begun */
	bool has_octets;  /* unpacking: anything came at all */
	uint64_t in, out; /* octets */
};

static struct zip *zip_of(struct flow_filter *filter)
{
	return CONTAINER_OF(filter, struct zip, filter);
}

static enum filter_result make_room(struct zip *zip, struct buf *out)
{
	if (!buf_reserve(out, buf_room(out) == 0 ? OUT_PIECE : 1))
		return FILTER_NO_MEMORY;
	zip->stream.next_out = (Bytef *)(out->p + out->end);
	zip->stream.avail_out = (uInt)buf_room(out);
	return FILTER_OK;
}

static void count_out(struct zip *zip, struct buf *out)
{
	size_t came = buf_room(out) - zip->stream.avail_out;
	out->end += (uint32_t)came;
	zip->out += came;
}

static enum filter_result pack(
	struct flow_filter *self, const char *p, size_t n, enum filter_flush flush, struct buf *out)
{
	static const int flushes[] = {[FILTER_GOES_ON] = Z_NO_FLUSH,
		[FILTER_FLUSH] = Z_SYNC_FLUSH,
		[FILTER_FINISH] = Z_FINISH};
	struct zip *zip = zip_of(self);
	zip->stream.next_in = (Bytef *)p;
	zip->stream.avail_in = (uInt)n;
	zip->in += n;
	int rc;
	do {
		if (make_room(zip, out) != FILTER_OK)
			return FILTER_NO_MEMORY;
		rc = deflate(&zip->stream, flushes[flush]);
		count_out(zip, out);
		/* Z_BUF_ERROR: nothing was left to be done. */
	} while ((rc == Z_OK || rc == Z_BUF_ERROR) &&
		 (zip->stream.avail_out == 0 || zip->stream.avail_in != 0));
	return FILTER_OK;
}

static enum filter_result unpack(
	struct flow_filter *self, const char *p, size_t n, enum filter_flush flush, struct buf *out)
{
	struct zip *zip = zip_of(self);
	bool has_more = n != 0;
	zip->stream.next_in = (Bytef *)p;
	zip->stream.avail_in = (uInt)n;
	zip->has_octets = zip->has_octets || n != 0;
	zip->in += n;
	while (has_more) {
		if (zip->has_ended && inflateReset(&zip->stream) != Z_OK)
			return FILTER_BAD_INPUT;
		zip->has_ended = false;
		if (make_room(zip, out) != FILTER_OK)
			return FILTER_NO_MEMORY;
		int rc = inflate(&zip->stream, Z_NO_FLUSH);
		count_out(zip, out);
		if (rc == Z_MEM_ERROR)
			return FILTER_NO_MEMORY;
		if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END)
			return FILTER_BAD_INPUT;
		zip->has_ended = rc == Z_STREAM_END;
		has_more = zip->stream.avail_in != 0 || (zip->stream.avail_out == 0 && rc == Z_OK);
	}
	bool is_cut = flush == FILTER_FINISH && zip->has_octets && !zip->has_ended;
	return is_cut ? FILTER_BAD_INPUT : FILTER_OK;
}

static void zip_destroy(struct flow_filter *self)
{
	struct zip *zip = zip_of(self);
	if (zip->is_packing)
		(void)deflateEnd(&zip->stream);
	else
		(void)inflateEnd(&zip->stream);
	free(zip);
}

/* As nginx: no window larger than twice what will come, and no table larger than it needs. */
static void fit(const struct gzip_settings *settings, int *ret_window, int *ret_hash)
{
	*ret_window = (int)settings->window;
	*ret_hash = (int)settings->hash;
	if (settings->length <= 0)
		return;
	while (settings->length < (INT64_C(1) << (*ret_window - 1)) && *ret_window > 9) {
		(*ret_window)--;
		*ret_hash -= *ret_hash > 1;
	}
}

struct flow_filter *gzip_filter_create(const struct gzip_settings *settings)
{
	int window, hash;
	struct zip *zip = calloc(1, sizeof(*zip));
	if (zip == NULL)
		return NULL;
	zip->filter = (struct flow_filter){.take = pack,
		.destroy = zip_destroy,
		.take_most = FLOW_PIECE,
		.flushes_idle = settings->flushes_idle};
	zip->is_packing = true;
	fit(settings, &window, &hash);
	if (deflateInit2(&zip->stream, (int)settings->level, Z_DEFLATED, window + GZIP_WINDOW, hash,
		    Z_DEFAULT_STRATEGY) == Z_OK)
		return &zip->filter;
	free(zip);
	return NULL;
}

struct flow_filter *gunzip_filter_create(void)
{
	struct zip *zip = calloc(1, sizeof(*zip));
	if (zip == NULL)
		return NULL;
	zip->filter = (struct flow_filter){
		.take = unpack, .destroy = zip_destroy, .take_most = UNPACK_PIECE};
	if (inflateInit2(&zip->stream, MAX_WBITS + GZIP_WINDOW) == Z_OK)
		return &zip->filter;
	free(zip);
	return NULL;
}

void gzip_figures(const struct flow_filter *filter, uint64_t *ret_in, uint64_t *ret_out)
{
	const struct zip *zip = zip_of((struct flow_filter *)filter);
	*ret_in = zip->in;
	*ret_out = zip->out;
}
