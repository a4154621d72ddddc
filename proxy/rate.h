/*
 * proxy/rate.h - octets per second, counted as nginx counts for limit_rate.
 *
 *   may have gone = octets_s * (whole seconds since the start + 1) + after
 *
 * After a burst the sender pauses for as long as the burst was worth, so a
 * transfer that begins at the end of a second does not go twice as fast.
 */
#ifndef PROXY_RATE_H
#define PROXY_RATE_H

#include "base/base.h"

struct rate {
	uint64_t octets_s; /* 0: no limit */
	uint64_t after;    /* octets that go before the limit begins */
	uint64_t start_us; /* clock_now_us when the request began */
};

/* How many octets may go now, when `done` have; 0: none, and what to wait is in *ret_wait_ms. */
uint64_t rate_allows(
	const struct rate *rate, uint64_t done, uint64_t now_us, uint64_t *ret_wait_ms) MUST_CHECK;

/* The pause after octets before+1 to done went in one go; 0: none. */
uint64_t rate_pause_ms(const struct rate *rate, uint64_t before, uint64_t done);

/* Deadlines of few durations: at most an eighth more. */
uint64_t rate_round_ms(uint64_t ms);

#endif
