/*
 * The first line of the input is the Content-Type, the rest the body: read in one piece and in
 * many, with the same events. Then the input is taken for the octets of a part, written as
 * multipart and read again.
 */
#include "base/text.h"
#include "comfy/multipart.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

struct told {
	struct text text;
	bool is_open, is_done;
	int error;
};

static bool on_part(void *arg, const struct multipart_part *part)
{
	struct told *told = arg;
	ensure(!told->is_open && strlen(part->name) <= MULTIPART_NAME_MOST);
	ensure(strlen(part->filename) <= MULTIPART_NAME_MOST);
	told->is_open = true;
	text_json(&told->text, part->name);
	text_json(&told->text, part->has_filename ? part->filename : "");
	text_json(&told->text, part->type);
	return true;
}

static bool on_octets(void *arg, struct slice octets)
{
	struct told *told = arg;
	ensure(told->is_open && octets.n != 0);
	text_put(&told->text, octets.p, octets.n);
	return true;
}

static bool on_part_end(void *arg)
{
	struct told *told = arg;
	ensure(told->is_open);
	told->is_open = false;
	text_puts(&told->text, "]");
	return true;
}

static const struct multipart_events events = {on_part, on_octets, on_part_end};

/* In pieces of 1 to `most` octets, or in one when `most` is 0. False: no such type. */
static bool read_body(struct slice type, struct slice body, struct fuzz_dice *dice, size_t most,
	struct told *ret_told)
{
	*ret_told = (struct told){0};
	struct multipart *multipart = multipart_create(type, &events, ret_told);
	if (multipart == NULL)
		return false;
	text_init(&ret_told->text, body.n + 64);
	for (size_t at = 0; at < body.n && ret_told->error == 0;) {
		size_t n = most == 0 ? body.n : min_size(body.n - at, fuzz_throw(dice, most));
		char *piece = malloc(n);
		ensure(piece != NULL);
		memcpy(piece, body.p + at, n);
		ret_told->error = multipart_feed(multipart, (struct slice){piece, n});
		free(piece);
		at += n;
	}
	ret_told->is_done = multipart_is_done(multipart);
	ensure(!ret_told->is_done || (ret_told->error == 0 && !ret_told->is_open));
	multipart_destroy(multipart);
	return true;
}

static void assert_same_in_pieces(struct slice type, struct slice body, struct fuzz_dice *dice)
{
	struct told whole;
	if (!read_body(type, body, dice, 0, &whole))
		return;
	for (size_t most = 1; most <= 64; most *= 8) {
		struct told pieces;
		ensure(read_body(type, body, dice, most, &pieces));
		ensure(pieces.error == whole.error && pieces.is_done == whole.is_done);
		/* What an error keeps from being told hangs on the pieces: the octets before it. */
		if (whole.error == 0)
			ensure(pieces.text.n == whole.text.n &&
				memcmp(pieces.text.p, whole.text.p, whole.text.n) == 0);
		text_finish(&pieces.text);
	}
	text_finish(&whole.text);
}

static void assert_round_trip(struct slice octets, struct fuzz_dice *dice)
{
	static const char boundary[] = "\r\n--fuzz";
	static const char head[] = "--fuzz\r\nContent-Disposition: form-data; name=a\r\n\r\n";
	static const char told_head[] = "\"a\"\"\"\"\"";
	if (memmem(octets.p, octets.n, boundary, sizeof(boundary) - 1) != NULL ||
		slice_starts(octets, SLICE("--fuzz")))
		return;
	struct text body;
	struct told told;
	text_init(&body, octets.n + 128);
	text_puts(&body, head);
	text_put(&body, octets.p, octets.n);
	text_puts(&body, "\r\n--fuzz--\r\n");
	ensure(!body.is_short);
	ensure(read_body(SLICE("multipart/form-data; boundary=fuzz"),
		(struct slice){body.p, body.n}, dice, 100, &told));
	size_t n = sizeof(told_head) - 1;
	ensure(told.error == 0 && told.is_done && told.text.n == n + octets.n + 1);
	ensure(memcmp(told.text.p, told_head, n) == 0);
	ensure(octets.n == 0 || memcmp(told.text.p + n, octets.p, octets.n) == 0);
	text_finish(&told.text);
	text_finish(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = {(const char *)data, size};
	struct fuzz_dice dice = fuzz_dice_from(data, size);
	const char *lf = size == 0 ? NULL : memchr(data, '\n', size);
	if (lf != NULL) {
		struct slice type = {in.p, (size_t)(lf - in.p)};
		assert_same_in_pieces(type, (struct slice){lf + 1, in.n - type.n - 1}, &dice);
	}
	assert_round_trip(in, &dice);
	return 0;
}
