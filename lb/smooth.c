#include "lb/smooth.h"

#include <errno.h>
#include <stdlib.h>

#define LONGEST_RECORD 65536u

void smooth_finish(struct smooth *smooth)
{
	free(smooth->credit);
	free(smooth->record);
	*smooth = (struct smooth){0};
}

static uint32_t words_of(uint32_t count)
{
	return (count + 63) / 64;
}

int smooth_rebuild(struct smooth *smooth, const struct lb_view *view)
{
	uint64_t weights = 0;
	for (uint32_t i = 0; i < view->count; i++)
		weights += view->load[i].weight;
	uint32_t room = (uint32_t)min_u64(weights, LONGEST_RECORD) + 1;
	size_t n = view->count;
	int64_t *credit = calloc(2 * n + words_of(view->count) + 1, sizeof(*credit));
	uint32_t *record = malloc(room * sizeof(*record));
	if (credit == NULL || record == NULL) {
		free(credit);
		free(record);
		return -ENOMEM;
	}
	smooth_finish(smooth);
	smooth->credit = credit;
	smooth->start = credit + n;
	smooth->set = (uint64_t *)(credit + 2 * n);
	smooth->record = record;
	smooth->count = view->count;
	smooth->room = room;
	return 0;
}

static uint32_t pick_plainly(struct smooth *smooth, const struct lb_view *view)
{
	int64_t *credit = smooth->credit, handed_out = 0, richest = INT64_MIN;
	uint32_t best = LB_NONE;
	lb_each_allowed(i, view)
	{
		credit[i] += view->load[i].weight;
		handed_out += view->load[i].weight;
		if (credit[i] > richest) {
			richest = credit[i];
			best = i;
		}
	}
	if (best != LB_NONE)
		credit[best] -= handed_out;
	return best;
}

/* Ends the playing: brings the credits to where the plain loop would have them. */
static void settle(struct smooth *smooth, const struct lb_view *view)
{
	if (smooth->is_playing) {
		for (uint32_t i = 0; i < smooth->count; i++) {
			if (smooth->set[i / 64] >> (i % 64) & 1)
				smooth->credit[i] += (int64_t)smooth->at * view->load[i].weight;
		}
		for (uint32_t k = 0; k < smooth->at; k++)
			smooth->credit[smooth->record[k]] -= (int64_t)smooth->handed_out;
	}
	smooth->is_playing = false;
	smooth->epoch = 0;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static void begin_record(struct smooth *smooth, const struct lb_view *view)
{
	uint64_t sum = 0, divisor = 0;
	lb_each_allowed(i, view)
	{
		sum += view->load[i].weight;
		divisor = gcd(view->load[i].weight, divisor);
	}
	uint64_t period = divisor == 0 ? 0 : sum / divisor;
	smooth->epoch = view->epoch;
	smooth->handed_out = sum;
	smooth->period = period <= smooth->room ? (uint32_t)period : 0;
	smooth->at = 0;
	memcpy(smooth->set, view->allowed, words_of(smooth->count) * sizeof(*smooth->set));
	memcpy(smooth->start, smooth->credit, smooth->count * sizeof(*smooth->credit));
}

static void end_record(struct smooth *smooth)
{
	size_t bytes = smooth->count * sizeof(*smooth->credit);
	smooth->is_playing = memcmp(smooth->start, smooth->credit, bytes) == 0;
	if (!smooth->is_playing)
		memcpy(smooth->start, smooth->credit, bytes);
	smooth->at = 0;
}

uint32_t smooth_pick(struct smooth *smooth, const struct lb_view *view)
{
	ensure(smooth->count == view->count);
	if (view->epoch == 0 || view->epoch != smooth->epoch) {
		settle(smooth, view);
		if (view->epoch == 0)
			return pick_plainly(smooth, view);
		begin_record(smooth, view);
	}
	if (smooth->is_playing) {
		uint32_t i = smooth->record[smooth->at++];
		if (smooth->at == smooth->period)
			smooth->at = 0;
		return i;
	}
	uint32_t i = pick_plainly(smooth, view);
	if (smooth->period != 0 && i != LB_NONE) {
		smooth->record[smooth->at++] = i;
		if (smooth->at == smooth->period)
			end_record(smooth);
	}
	return i;
}
