#include "proxy/rate.h"

#define US_PER_S UINT64_C(1000000)

uint64_t rate_allows(const struct rate *rate, uint64_t done, uint64_t now_us, uint64_t *ret_wait_ms)
{
	uint64_t seconds = now_us / US_PER_S - rate->start_us / US_PER_S + 1;
	uint64_t most;
	if (__builtin_mul_overflow(rate->octets_s, seconds, &most) ||
		__builtin_add_overflow(most, rate->after, &most))
		return UINT64_MAX;
	if (done < most)
		return most - done;
	/* Nothing changes before the next whole second. */
	uint64_t next_ms = (US_PER_S - now_us % US_PER_S) / 1000 + 1;
	uint64_t excess_s = (done - most) / rate->octets_s;
	*ret_wait_ms = next_ms + excess_s * 1000;
	return 0;
}

uint64_t rate_pause_ms(const struct rate *rate, uint64_t before, uint64_t done)
{
	uint64_t from = before > rate->after ? before - rate->after : 0;
	uint64_t to = done > rate->after ? done - rate->after : 0;
	uint64_t ms;
	if (__builtin_mul_overflow(to - from, 1000, &ms))
		return 0;
	return ms / rate->octets_s;
}

uint64_t rate_round_ms(uint64_t ms)
{
	uint64_t step = 1;
	while (step * 16 <= ms)
		step *= 2;
	return (ms + step - 1) / step * step;
}
