/*
 * The first octet says whose frames they are and how large a message may be; the rest is read in
 * one piece and in many, with the same result. Then the rest is taken for a payload, framed and
 * masked, and read back.
 */
#include "proxy/ws_frame.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

/* What a reader said, one record after the other. */
struct result {
	enum ws_verdict verdict;
	size_t used;
	struct buf told;
};

static void tell(struct result *r, const struct ws_reader *reader)
{
	struct {
		uint32_t verdict, opcode, code;
		uint64_t n;
	} record;
	bool is_bad = r->verdict == WS_BAD;
	memset(&record, 0, sizeof(record));
	record.verdict = r->verdict;
	record.opcode = is_bad ? 0 : reader->opcode;
	record.code = is_bad || reader->opcode == WS_CLOSE ? reader->code : 0;
	record.n = is_bad ? 0 : reader->payload.n;
	ensure(!is_bad || reader->why != NULL);
	ensure(buf_append(&r->told, &record, sizeof(record)));
	ensure(buf_append(&r->told, reader->payload.p, record.n));
}

/* In pieces of 1 to `most` octets, or in one when `most` is 0. */
static struct result read_all(
	struct slice in, uint8_t way, uint64_t limit, struct fuzz_dice *dice, size_t most)
{
	struct ws_reader reader;
	struct result r = {.verdict = WS_MORE};
	ws_reader_init(&reader, (way & 1) != 0, limit);
	for (size_t at = 0; at < in.n && r.verdict != WS_BAD;) {
		size_t n = most == 0 ? in.n - at : min_size(in.n - at, fuzz_throw(dice, most));
		char *piece = malloc(n);
		ensure(piece != NULL);
		memcpy(piece, in.p + at, n);
		size_t taken = 0;
		do {
			size_t used;
			r.verdict = ws_read(&reader, piece + taken, n - taken, &used);
			taken += used;
			ensure(taken <= n);
			if (r.verdict == WS_MESSAGE)
				ensure(reader.payload.n <= limit && reader.opcode <= WS_BINARY);
			if (r.verdict == WS_CONTROL)
				ensure(reader.payload.n <= WS_CONTROL_MOST);
			if (r.verdict != WS_MORE)
				tell(&r, &reader);
		} while (r.verdict == WS_MESSAGE || r.verdict == WS_CONTROL);
		ensure(r.verdict == WS_BAD || taken == n);
		/* What was not taken was not touched. */
		ensure(memcmp(piece + taken, in.p + at + taken, n - taken) == 0);
		free(piece);
		at += taken;
		r.used = at;
	}
	ws_reader_finish(&reader);
	return r;
}

static void assert_same_in_pieces(struct slice in, uint8_t way, struct fuzz_dice *dice)
{
	uint64_t limit = (uint64_t)1 << (way >> 1 & 31);
	struct result whole = read_all(in, way, limit, dice, 0);
	for (size_t most = 1; most <= 64; most *= 8) {
		struct result pieces = read_all(in, way, limit, dice, most);
		ensure(pieces.verdict == whole.verdict);
		ensure(slice_is(buf_slice(&pieces.told), buf_slice(&whole.told)));
		buf_release(&pieces.told);
	}
	buf_release(&whole.told);
}

static void assert_round_trip(struct slice in, struct fuzz_dice *dice)
{
	struct buf frame = {0};
	char head[WS_HEAD_ROOM];
	uint8_t mask[4];
	for (size_t i = 0; i < sizeof(mask); i++)
		mask[i] = (uint8_t)fuzz_throw(dice, 256);
	ensure(buf_append(&frame, head, ws_write_head(head, WS_BINARY, in.n, mask)));
	size_t start = buf_waiting(&frame);
	ensure(buf_append(&frame, in.p, in.n));
	if (in.n != 0)
		ws_mask(frame.p + start, in.n, mask, 0);
	struct result r = read_all(buf_slice(&frame), 1, in.n, dice, 100);
	size_t told = buf_waiting(&r.told);
	ensure(r.verdict == WS_MORE && r.used == start + in.n && told > in.n);
	ensure(in.n == 0 || memcmp(r.told.p + told - in.n, in.p, in.n) == 0);
	buf_release(&r.told);
	buf_release(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct slice in = {(const char *)data + 1, size - 1};
	struct fuzz_dice dice = fuzz_dice_from(data, size);
	assert_same_in_pieces(in, data[0], &dice);
	assert_round_trip(in, &dice);
	return 0;
}
