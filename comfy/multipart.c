/*
 * comfy/multipart.c
 *
 *   preamble CRLF --boundary CRLF field CRLF field CRLF CRLF octets CRLF --boundary-- epilogue
 *   |PREAMBLE    |          |LINE|HEAD                  |BODY       |           |LINE|DONE
 *
 * A delimiter is CRLF, two dashes and the boundary. CR stands in it once, at its beginning; so when
 * an octet does not go on with a delimiter, all that matched was data and only that octet itself
 * can begin another.
 */
#include "comfy/multipart.h"

#include "comfy/multipart_head.h"
#include "http/chars.h"

#include <errno.h>
#include <stdlib.h>

#define PADDING_MOST 64 /* blanks behind a boundary */

enum state {
	PREAMBLE,
	LINE,      /* behind a boundary */
	PADDING,   /* a blank was there: no closing boundary any more */
	LINE_DASH, /* the first dash of a closing one was there */
	LINE_LF,   /* the CR behind a boundary was there */
	HEAD,      /* a part's fields */
	BODY,
	DONE
};

struct multipart {
	const struct multipart_events *events; /* borrowed: static tables */
	void *arg;
	enum state state;
	int error;
	uint32_t parts, padding;
	char delimiter[4 + MULTIPART_BOUNDARY_MOST];
	size_t delimiter_n, matched;
	size_t unreal; /* of those matched: stood for, but no data */
	size_t head_n;
	char head[MULTIPART_HEAD_MOST];
	struct multipart_part part;
};

struct multipart *multipart_create(
	struct slice content_type, const struct multipart_events *events, void *arg)
{
	struct slice boundary;
	char room[MULTIPART_BOUNDARY_MOST];
	if (!multipart_boundary(content_type, room, &boundary)) {
		errno = EINVAL;
		return NULL;
	}
	struct multipart *multipart = calloc(1, sizeof(*multipart));
	if (multipart == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	multipart->events = events;
	multipart->arg = arg;
	static const char before[4] = {'\r', '\n', '-', '-'};
	memcpy(multipart->delimiter, before, sizeof(before));
	memcpy(multipart->delimiter + 4, boundary.p, boundary.n);
	multipart->delimiter_n = boundary.n + 4;
	/* The first delimiter may stand at the very beginning, without its CRLF. */
	multipart->matched = multipart->unreal = 2;
	return multipart;
}

void multipart_destroy(struct multipart *multipart)
{
	free(multipart);
}

bool multipart_is_done(const struct multipart *multipart)
{
	return multipart->state == DONE && multipart->error == 0;
}

static int give(struct multipart *multipart, const char *p, size_t n)
{
	if (multipart->state == PREAMBLE || n == 0)
		return 0;
	return multipart->events->on_octets(multipart->arg, (struct slice){p, n}) ? 0 : -ECANCELED;
}

/* What was held back as the beginning of a delimiter and came with earlier pieces is data after
 * all.
 */
static int give_held(struct multipart *multipart, size_t in_piece)
{
	size_t earlier = multipart->matched - min_size(multipart->matched, in_piece);
	size_t skip = min_size(multipart->unreal, earlier);
	multipart->matched = 0;
	multipart->unreal = 0;
	return give(multipart, multipart->delimiter + skip, earlier - skip);
}

/* A whole delimiter ends at `at` in the piece. */
static int end_data(struct multipart *multipart, const char *p, size_t at)
{
	int error = give(multipart, p, at - min_size(multipart->delimiter_n, at));
	if (error == 0 && multipart->state == BODY &&
		!multipart->events->on_part_end(multipart->arg))
		error = -ECANCELED;
	multipart->matched = 0;
	multipart->unreal = 0;
	multipart->padding = 0;
	multipart->state = LINE;
	return error;
}

/* Looks for a delimiter. Returns how many octets it took, or -errno. */
static ptrdiff_t take_data(struct multipart *multipart, struct slice piece)
{
	size_t i = 0;
	int error = 0;
	while (i < piece.n && error == 0) {
		if (multipart->matched == 0) {
			const char *cr = memchr(piece.p + i, '\r', piece.n - i);
			if (cr == NULL)
				break;
			i = (size_t)(cr - piece.p) + 1;
			multipart->matched = 1;
		} else if (piece.p[i] != multipart->delimiter[multipart->matched]) {
			error = give_held(multipart, i);
		} else {
			i++;
			if (++multipart->matched == multipart->delimiter_n) {
				error = end_data(multipart, piece.p, i);
				return error != 0 ? error : (ptrdiff_t)i;
			}
		}
	}
	if (error == 0)
		error = give(multipart, piece.p, piece.n - min_size(multipart->matched, piece.n));
	return error != 0 ? error : (ptrdiff_t)piece.n;
}

/* One octet behind a boundary. */
static int take_line(struct multipart *multipart, char c)
{
	switch (multipart->state) {
	case LINE_LF:
		if (c != '\n')
			return -EINVAL;
		if (++multipart->parts > MULTIPART_PARTS_MOST)
			return -E2BIG;
		multipart->state = HEAD;
		multipart->head_n = 0;
		return 0;
	case LINE_DASH:
		if (c != '-')
			return -EINVAL;
		multipart->state = DONE;
		return 0;
	default:
		break;
	}
	if (c == '\r') {
		multipart->state = LINE_LF;
	} else if (c == '-' && multipart->state == LINE) {
		multipart->state = LINE_DASH;
	} else if (c == ' ' || c == '\t') {
		multipart->state = PADDING;
		return ++multipart->padding > PADDING_MOST ? -E2BIG : 0;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* One octet of a part's fields. */
static int take_head(struct multipart *multipart, char c)
{
	if (multipart->head_n == sizeof(multipart->head))
		return -E2BIG;
	multipart->head[multipart->head_n++] = c;
	if (c != '\n')
		return 0;
	size_t n = multipart->head_n;
	bool is_empty = n == 2 && multipart->head[0] == '\r';
	bool is_end = n >= 4 && memcmp(multipart->head + n - 4, "\r\n\r\n", 4) == 0;
	if (!is_empty && !is_end)
		return 0;
	int error = multipart_part_read(&multipart->part, (struct slice){multipart->head, n});
	if (error != 0)
		return error;
	multipart->state = BODY;
	/* The CRLF that ends the fields may begin the delimiter of a part without octets. */
	multipart->matched = multipart->unreal = 2;
	return multipart->events->on_part(multipart->arg, &multipart->part) ? 0 : -ECANCELED;
}

int multipart_feed(struct multipart *multipart, struct slice piece)
{
	while (piece.n != 0 && multipart->error == 0 && multipart->state != DONE) {
		ptrdiff_t taken = 1;
		if (multipart->state == PREAMBLE || multipart->state == BODY)
			taken = take_data(multipart, piece);
		else if (multipart->state == HEAD)
			multipart->error = take_head(multipart, *piece.p);
		else
			multipart->error = take_line(multipart, *piece.p);
		if (taken < 0) {
			multipart->error = (int)taken;
			break;
		}
		piece.p += taken;
		piece.n -= (size_t)taken;
	}
	return multipart->error;
}
