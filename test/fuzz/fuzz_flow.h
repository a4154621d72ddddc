/*
 * test/fuzz/lazy_filter.h - a filter that keeps the last octets for as long as it may. There is
 * one.
 */
#ifndef TEST_FUZZ_FLOW_H
#define TEST_FUZZ_FLOW_H

#include "http/chunked.h"
#include "proxy/flow.h"

#include <unistd.h>

#define FILTER_KEEPS 100

static struct {
	struct flow_filter filter;
	char kept[FILTER_KEEPS];
	size_t n;
	bool has_ended;
	unsigned alive;
} lazy;

static enum filter_result lazy_take(
	struct flow_filter *self, const char *p, size_t n, enum filter_flush flush, struct buf *out)
{
	(void)self;
	ensure(!lazy.has_ended && n <= lazy.filter.take_most);
	size_t keeps = flush == FILTER_GOES_ON ? min_size(n, FILTER_KEEPS) : 0;
	if (keeps != 0 || flush != FILTER_GOES_ON) {
		ensure(buf_append(out, lazy.kept, lazy.n) && buf_append(out, p, n - keeps));
		if (keeps != 0)
			memcpy(lazy.kept, p + (n - keeps), keeps);
		lazy.n = keeps;
	}
	lazy.has_ended = flush == FILTER_FINISH;
	return FILTER_OK;
}

static void lazy_destroy(struct flow_filter *self)
{
	ensure(self == &lazy.filter && lazy.alive == 1);
	lazy.alive--;
}

static struct flow_filter *lazy_begin(size_t take_most, bool flushes_idle)
{
	memset(&lazy, 0, sizeof(lazy));
	lazy.alive = 1;
	lazy.filter = (struct flow_filter){.take = lazy_take,
		.destroy = lazy_destroy,
		.take_most = take_most,
		.flushes_idle = flushes_idle};
	return &lazy.filter;
}

/* What arrived, without frame. *ret_is_whole: its end can be seen, `most` octets if its length
 * says. */
static size_t unframe(enum flow_framing framing, size_t most, char *p, size_t n, bool *ret_is_whole)
{
	struct chunked chunked;
	size_t used, data;
	*ret_is_whole = framing == FLOW_LENGTH && n == most;
	if (framing != FLOW_CHUNKED)
		return n;
	chunked_init(&chunked);
	enum chunked_verdict verdict = chunked_decode(&chunked, p, n, &used, &data);
	ensure(verdict != CHUNKED_BAD && used == n);
	*ret_is_whole = verdict == CHUNKED_DONE;
	return data;
}

static int lowest_free(void)
{
	int fd = dup(0);
	ensure(fd >= 0);
	(void)close(fd);
	return fd;
}

#endif
