/*
 * proxy/web_ranges.c - Range (RFC 9110 section 14): one part of a file, or several in
 * multipart/byteranges; one part of a worker's answer (proxy_force_ranges).
 */
#include "base/hash.h"
#include "http/date.h"
#include "proxy/web_file.h"
#include "proxy/web_gzip.h"

#include <stdio.h>
#include <stdlib.h>

#define RANGES_ROOM 128 /* more of them are answered with the whole */

struct range {
	uint64_t start, end; /* end: behind the last octet */
};

struct ranges {
	struct range item[RANGES_ROOM];
	uint32_t count;
};

static struct slice skip_blanks(struct slice s)
{
	while (s.n != 0 && *s.p == ' ') {
		s.p++;
		s.n--;
	}
	return s;
}

/* Digits, if there are any; false: too large. */
static bool take_number(struct slice *s, uint64_t *ret, bool *ret_has)
{
	*ret = 0;
	*ret_has = false;
	while (s->n != 0 && *s->p >= '0' && *s->p <= '9') {
		if (*ret > (INT64_MAX - 9) / 10)
			return false;
		*ret = *ret * 10 + (uint64_t)(*s->p - '0');
		*ret_has = true;
		s->p++;
		s->n--;
	}
	return true;
}

/* "0-499", "500-", "-500". 0: it is in *ret or cannot be satisfied (then nothing is added), 416:
 * not a range. */
static int take_one(struct slice *s, uint64_t size, struct ranges *ret)
{
	uint64_t start, end;
	bool has_start, has_end;
	*s = skip_blanks(*s);
	if (!take_number(s, &start, &has_start))
		return 416;
	*s = skip_blanks(*s);
	if (s->n == 0 || *s->p != '-')
		return 416;
	s->p++;
	s->n--;
	*s = skip_blanks(*s);
	if (!take_number(s, &end, &has_end) || (!has_start && !has_end))
		return 416;
	*s = skip_blanks(*s);
	if (s->n != 0 && *s->p != ',')
		return 416;
	if (!has_start) {
		start = end < size ? size - end : 0;
		end = size;
	} else if (has_end) {
		if (start > end)
			return 416;
		end = min_u64(end + 1, size);
	} else {
		end = size;
	}
	if (start < end && ret->count < RANGES_ROOM)
		ret->item[ret->count++] = (struct range){start, end};
	return 0;
}

/* 0: the whole; 206: in *ret; 416. */
static int parse(struct slice text, uint64_t size, uint32_t most, struct ranges *ret)
{
	uint64_t total = 0;
	uint32_t asked = 0;
	ret->count = 0;
	for (;;) {
		if (take_one(&text, size, ret) != 0)
			return 416;
		if (++asked > most || asked > RANGES_ROOM)
			return 0;
		if (text.n == 0)
			break;
		text.p++;
		text.n--;
	}
	if (ret->count == 0)
		return 416;
	for (uint32_t i = 0; i < ret->count; i++)
		total += ret->item[i].end - ret->item[i].start;
	/* More than there is: no use. */
	return total > size ? 0 : 206;
}

/* If-Range: only if it is still that file. */
static bool is_still_that(const struct exchange *x)
{
	struct slice condition = http_head_find(x->head, x->p, "If-Range");
	if (condition.p == NULL)
		return true;
	if (condition.n >= 2 && condition.p[condition.n - 1] == '"')
		return slice_is(condition, web_out_find(x, SLICE("ETag")));
	return x->web->out.modified >= 0 && http_date_parse(condition) == x->web->out.modified;
}

static struct slice text_of(struct exchange *x, const char *format, unsigned long long a,
	unsigned long long b, unsigned long long c)
{
	char *out = arena_take(&x->arena, 80);
	if (out == NULL)
		return WEB_SLICE_NONE;
/* The callers' formats are below. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int n = snprintf(out, 80, format, a, b, c);
#pragma GCC diagnostic pop
	return (struct slice){out, (size_t)n};
}

/* Octets of the whole. */
static uint64_t size_of(const struct exchange *x)
{
	const struct web_file *file = x->web->file;
	return file != NULL ? file->size : (uint64_t)x->web->out.length;
}

static bool cut_one(struct exchange *x, const struct range *range)
{
	struct web *web = x->web;
	struct web_file *file = web->file;
	struct slice value = text_of(
		x, "bytes %llu-%llu/%llu", range->start, range->end - 1, size_of(x));
	if (file != NULL) {
		file->parts[0].at = range->start;
		file->parts[0].n = range->end - range->start;
	} else {
		web->part_at = range->start;
		web->part_bytes = range->end - range->start;
	}
	web->out.length = (int64_t)(range->end - range->start);
	return value.p != NULL && web_out_add(x, SLICE("Content-Range"), value);
}

static bool cut_many(struct exchange *x, const struct ranges *ranges)
{
	struct web_file *file = x->web->file;
	struct web_out *out = &x->web->out;
	uint32_t count = ranges->count * 2 + 1, at = 0;
	unsigned long long boundary = random_word();
	struct file_part *parts = arena_zero(&x->arena, count * sizeof(*parts));
	bool has_charset = out->charset.n != 0;
	size_t room = 200 + out->type.n + out->charset.n;
	if (parts == NULL)
		return false;
	uint64_t total = 0;
	for (uint32_t i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->item[i];
		char *head = arena_take(&x->arena, room);
		if (head == NULL)
			return false;
		int n = snprintf(head, room, "\r\n--%020llu\r\n", boundary);
		if (out->type.n != 0)
			n += snprintf(head + n, room - (size_t)n, "Content-Type: %.*s%s%.*s\r\n",
				(int)out->type.n, out->type.p, has_charset ? "; charset=" : "",
				(int)out->charset.n, has_charset ? out->charset.p : "");
		n += snprintf(head + n, room - (size_t)n,
			"Content-Range: bytes %llu-%llu/%llu\r\n\r\n",
			(unsigned long long)range->start, (unsigned long long)range->end - 1,
			(unsigned long long)file->size);
		parts[at++] = (struct file_part){.fd = -1, .p = head, .n = (uint64_t)n};
		parts[at++] = (struct file_part){
			.fd = file->fd, .at = range->start, .n = range->end - range->start};
		total += (uint64_t)n + range->end - range->start;
	}
	struct slice tail = text_of(x, "\r\n--%020llu--\r\n", boundary, 0, 0);
	out->charset = WEB_SLICE_NONE;
	out->type = text_of(x, "multipart/byteranges; boundary=%020llu", boundary, 0, 0);
	if (tail.p == NULL || out->type.p == NULL)
		return false;
	parts[at++] = (struct file_part){.fd = -1, .p = tail.p, .n = tail.n};
	file->parts = parts;
	file->part_count = at;
	out->length = (int64_t)(total + tail.n);
	return true;
}

static struct slice asked_for(const struct exchange *x)
{
	struct slice range = http_head_find(x->head, x->p, "Range");
	if (range.n <= 6 || strncasecmp(range.p, "bytes=", 6) != 0)
		return WEB_SLICE_NONE;
	return (struct slice){range.p + 6, range.n - 6};
}

static bool may_cut(const struct exchange *x)
{
	const struct web_out *out = &x->web->out;
	return out->may_range && out->status == 200 && out->length >= 0 &&
	       x->web->loc->max_ranges != 0;
}

/* 0: the whole; 206: in *ret; 416. */
static int judge(const struct exchange *x, struct ranges *ret)
{
	struct slice text = asked_for(x);
	uint32_t most = x->web->file != NULL ? x->web->loc->max_ranges : 1;
	if (text.p == NULL || !is_still_that(x))
		return 0;
	return parse(text, size_of(x), most, ret);
}

bool web_refuses_range(struct exchange *x, enum step *ret_step)
{
	struct ranges ranges;
	if (x->web->error_status != 0 || !may_cut(x) || web_condition(x) != 0 || web_packs(x) ||
		judge(x, &ranges) != 416)
		return false;
	x->web->content_range = text_of(x, "bytes */%llu", size_of(x), 0, 0);
	*ret_step = x->web->content_range.p != NULL ? web_answer(x, 416, false)
						    : exchange_out_of_memory(x);
	return true;
}

bool web_ranges(struct exchange *x)
{
	struct ranges ranges;
	struct web_out *out = &x->web->out;
	if (!may_cut(x))
		return true;
	if (judge(x, &ranges) != 206)
		return web_out_add(x, SLICE("Accept-Ranges"), SLICE("bytes"));
	out->status = 206;
	out->reason = WEB_SLICE_NONE;
	return ranges.count == 1 ? cut_one(x, &ranges.item[0]) : cut_many(x, &ranges);
}

/* -- a part of what a worker sends -- */

struct part_filter {
	struct flow_filter filter;
	uint64_t skip, left; /* octets */
};

static enum filter_result take_part(
	struct flow_filter *self, const char *p, size_t n, enum filter_flush flush, struct buf *out)
{
	struct part_filter *part = CONTAINER_OF(self, struct part_filter, filter);
	size_t skipped = (size_t)min_u64(n, part->skip);
	size_t taken = (size_t)min_u64(n - skipped, part->left);
	(void)flush;
	part->skip -= skipped;
	part->left -= taken;
	return taken == 0 || buf_append(out, p + skipped, taken) ? FILTER_OK : FILTER_NO_MEMORY;
}

static void destroy_part(struct flow_filter *self)
{
	free(CONTAINER_OF(self, struct part_filter, filter));
}

bool web_set_part(struct exchange *x)
{
	struct part_filter *part;
	if (x->web->part_bytes == 0)
		return true;
	part = calloc(1, sizeof(*part));
	if (part == NULL)
		return false;
	*part = (struct part_filter){
		.filter = {.take = take_part, .destroy = destroy_part, .take_most = FLOW_PIECE},
		.skip = x->web->part_at,
		.left = x->web->part_bytes};
	return flow_set_filter(&x->down, &part->filter);
}
