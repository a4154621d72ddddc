/*
 * test/fuzz/fuzz_head.h - the properties of a parsed head, for requests and responses.
 *
 *   1. The verdict does not depend on how the octets are split.
 *   2. Every span lies inside the head.
 *   3. A good head, written anew from its slices, is good and means the same.
 */
#ifndef TEST_FUZZ_HEAD_H
#define TEST_FUZZ_HEAD_H

#include "base/buf.h"
#include "http/head.h"
#include "test/fuzz/fuzz.h"

#include <stdlib.h>

/* Small, so that a fuzzer gets there. */
static const struct http_limits fuzz_limits = {
	.head_bytes = 2048, .target_bytes = 256, .fields = 20};

static inline enum http_verdict fuzz_feed(
	struct http_head *head, const uint8_t *data, size_t n, const struct http_limits *limits)
{
	char *copy = malloc(n != 0 ? n : 1);
	ensure(copy != NULL);
	memcpy(copy, data, n);
	enum http_verdict verdict = http_head_feed(head, copy, n, limits);
	free(copy);
	return verdict;
}

static inline void fuzz_assert_same(
	const struct http_head *a, const struct http_head *b, enum http_verdict verdict)
{
	ensure(a->status == b->status && a->why == b->why);
	ensure((a->status != 0) == (verdict == HTTP_BAD));
	if (verdict != HTTP_DONE)
		return;
	ensure(memcmp(a, b, offsetof(struct http_head, field)) == 0);
	for (unsigned i = 0; i < a->count; i++) {
		const struct http_field *x = &a->field[i];
		const struct http_field *y = &b->field[i];
		ensure(memcmp(&x->name, &y->name, sizeof(x->name)) == 0);
		ensure(memcmp(&x->value, &y->value, sizeof(x->value)) == 0);
		ensure(x->id == y->id && x->is_dropped == y->is_dropped);
	}
}

static inline void fuzz_assert_inside(const struct http_head *head, struct http_span span)
{
	ensure(span.at <= head->bytes && span.n <= head->bytes - span.at);
}

static inline void fuzz_assert_spans(const struct http_head *head, size_t size)
{
	ensure(head->bytes > 0 && head->bytes <= size && head->bytes <= fuzz_limits.head_bytes);
	ensure(head->count <= fuzz_limits.fields);
	fuzz_assert_inside(head, head->method);
	fuzz_assert_inside(head, head->target);
	fuzz_assert_inside(head, head->reason);
	fuzz_assert_inside(head, head->path);
	fuzz_assert_inside(head, head->query);
	fuzz_assert_inside(head, head->authority);
	fuzz_assert_inside(head, head->host);
	for (unsigned i = 0; i < head->count; i++) {
		fuzz_assert_inside(head, head->field[i].name);
		fuzz_assert_inside(head, head->field[i].value);
		ensure(head->field[i].name.n != 0);
	}
	for (int id = 0; id < HF_COUNT; id++) {
		ensure(head->first[id] <= head->count);
		ensure(head->first[id] == 0 || head->field[head->first[id] - 1].id == id);
	}
}

static inline void fuzz_put(struct buf *out, struct slice s)
{
	ensure(buf_append(out, s.p, s.n));
}

/* The fields that go on, and what the next hop must know about framing and the connection. */
static inline void fuzz_put_fields(struct buf *out, const struct http_head *head, const char *p)
{
	for (unsigned i = 0; i < head->count; i++) {
		if (head->field[i].is_dropped)
			continue;
		fuzz_put(out, http_span_in(p, head->field[i].name));
		fuzz_put(out, SLICE(": "));
		fuzz_put(out, http_span_in(p, head->field[i].value));
		fuzz_put(out, SLICE("\r\n"));
	}
	if (head->is_chunked)
		fuzz_put(out, SLICE("Transfer-Encoding: chunked\r\n"));
	if (head->is_websocket)
		fuzz_put(out, SLICE("Upgrade: websocket\r\n"));
	if (head->has_upgrade_token)
		fuzz_put(out, SLICE("Connection: upgrade\r\n"));
	if (head->wants_close || head->minor_version == 0)
		fuzz_put(out, head->wants_close ? SLICE("Connection: close\r\n")
						: SLICE("Connection: keep-alive\r\n"));
	fuzz_put(out, SLICE("\r\n"));
}

/* `line`: the first line of the new head, with its CRLF. */
static inline void fuzz_assert_round_trip(
	const struct http_head *head, const char *p, struct slice line)
{
	static struct http_head again;
	static const struct http_limits wide = {
		.head_bytes = 1 << 16, .target_bytes = 1 << 16, .fields = HTTP_FIELDS_MOST};
	struct buf out = {0};
	fuzz_put(&out, line);
	fuzz_put_fields(&out, head, p);
	const char *q = buf_slice(&out).p;
	http_head_init(&again, head->kind);
	ensure(http_head_feed(&again, q, buf_waiting(&out), &wide) == HTTP_DONE);
	ensure(again.bytes == buf_waiting(&out));
	ensure(again.minor_version == head->minor_version && again.code == head->code);
	ensure(again.content_length == head->content_length &&
		again.has_length == head->has_length);
	ensure(again.is_chunked == head->is_chunked && again.wants_close == head->wants_close);
	ensure(again.has_upgrade_token == head->has_upgrade_token);
	ensure(again.is_websocket == head->is_websocket);
	ensure(again.expects_continue == head->expects_continue);
	ensure(again.is_asterisk == head->is_asterisk);
	ensure(again.is_https_target == head->is_https_target);
	ensure(slice_is(http_span_in(p, head->method), http_span_in(q, again.method)));
	ensure(slice_is(http_span_in(p, head->path), http_span_in(q, again.path)));
	ensure(slice_is(http_span_in(p, head->query), http_span_in(q, again.query)));
	ensure(slice_is(http_span_in(p, head->host), http_span_in(q, again.host)));
	ensure(slice_is(http_span_in(p, head->reason), http_span_in(q, again.reason)));
	/* Nothing that was to stay behind has gone on. */
	unsigned kept = 0;
	for (unsigned i = 0; i < head->count; i++)
		kept += !head->field[i].is_dropped;
	for (unsigned i = 0; i < kept; i++)
		ensure(!again.field[i].is_dropped);
	buf_release(&out);
}

/* The head, when it is good; NULL otherwise. */
static inline const struct http_head *fuzz_parse(
	enum http_kind kind, const uint8_t *data, size_t size)
{
	static struct http_head head, again;
	struct fuzz_dice dice = fuzz_dice_from(data, size);
	http_head_init(&head, kind);
	enum http_verdict verdict = fuzz_feed(&head, data, size, &fuzz_limits);
	for (size_t most = 1; most <= 64; most *= 8) {
		enum http_verdict other = HTTP_MORE;
		http_head_init(&again, kind);
		for (size_t n = 0; n < size && other == HTTP_MORE;) {
			n = min_size(size, n + fuzz_throw(&dice, most));
			other = fuzz_feed(&again, data, n, &fuzz_limits);
		}
		ensure(other == verdict);
		fuzz_assert_same(&head, &again, verdict);
	}
	if (verdict != HTTP_DONE)
		return NULL;
	fuzz_assert_spans(&head, size);
	return &head;
}

#endif
