/*
 * The input is decoded, in one piece and in many; then it is taken for data, coded in chunks and
 * decoded again.
 */
#include "base/buf.h"
#include "http/chunked.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

struct result {
	enum chunked_verdict verdict;
	size_t used;
	struct buf data;
};

/* In pieces of 1 to `most` octets, or in one when `most` is 0. */
static struct result decode(struct slice in, struct fuzz_dice *dice, size_t most)
{
	struct chunked chunked;
	struct result r = {.verdict = CHUNKED_MORE};
	chunked_init(&chunked);
	while (r.used < in.n && r.verdict == CHUNKED_MORE) {
		size_t n = in.n - r.used;
		if (most != 0)
			n = min_size(n, fuzz_throw(dice, most));
		size_t used, data;
		char *piece = malloc(n);
		ensure(piece != NULL);
		memcpy(piece, in.p + r.used, n);
		r.verdict = chunked_decode(&chunked, piece, n, &used, &data);
		ensure(data <= used && used <= n);
		ensure(used == n || r.verdict != CHUNKED_MORE);
		ensure(r.verdict == CHUNKED_BAD ||
			memcmp(piece + used, in.p + r.used + used, n - used) == 0);
		ensure(buf_append(&r.data, piece, data));
		free(piece);
		r.used += used;
	}
	return r;
}

static void assert_same_in_pieces(struct slice in, struct fuzz_dice *dice)
{
	struct result whole = decode(in, dice, 0);
	for (size_t most = 1; most <= 64; most *= 8) {
		struct result pieces = decode(in, dice, most);
		ensure(pieces.verdict == whole.verdict && pieces.used == whole.used);
		ensure(slice_is(buf_slice(&pieces.data), buf_slice(&whole.data)));
		buf_release(&pieces.data);
	}
	buf_release(&whole.data);
}

static void assert_round_trip(struct slice data, struct fuzz_dice *dice)
{
	struct buf coded = {0};
	for (size_t at = 0; at < data.n;) {
		char size[CHUNKED_SIZE_ROOM];
		size_t n = min_size(data.n - at, fuzz_throw(dice, 4096));
		ensure(buf_append(&coded, size, chunked_write_size(size, n)));
		ensure(buf_append(&coded, data.p + at, n));
		ensure(buf_append(&coded, "\r\n", 2));
		at += n;
	}
	ensure(buf_append(&coded, "0\r\n\r\nnext", 9));
	struct result r = decode(buf_slice(&coded), dice, 100);
	ensure(r.verdict == CHUNKED_DONE && r.used == buf_waiting(&coded) - 4);
	ensure(slice_is(buf_slice(&r.data), data));
	buf_release(&r.data);
	buf_release(&coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = {(const char *)data, size};
	struct fuzz_dice dice = fuzz_dice_from(data, size);
	assert_same_in_pieces(in, &dice);
	assert_round_trip(in, &dice);
	return 0;
}
