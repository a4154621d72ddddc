/*
 * base/clock.h - the time, read once per wakeup.
 *
 * Everything that measures or expires uses the monotonic clock, so a jump of
 * the wall clock cannot expire or revive anything. Wall time is for people:
 * logs, cookies, the admin pages.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

/* Monotonic microseconds as of the last clock_tick(). Never 0 after the first. */
extern uint64_t clock_now_us;

/* When this turn of the loop began to work: its first tick. base/loop.c clears it between turns. */
extern uint64_t clock_turn_began_us;

/* Reads the clock. Called at the head of every loop callback. */
uint64_t clock_tick(void);

static inline uint64_t clock_now_ms(void)
{
	return clock_now_us / 1000;
}

/* Microseconds since 1970. */
uint64_t clock_wall_us(void);

/* "2026-11-21T20:07:14.123Z" into 25 octets, terminated. */
void clock_iso(uint64_t wall_us, char out[25]);

/* "21/Nov/2026:20:07:14 +0000" in local time into 27 octets; cached per second. */
const char *clock_combined(uint64_t wall_us);

/* "Sat, 21 Nov 2026 20:07:14 GMT" (RFC 9110 section 5.6.7), now; cached per second. */
const char *clock_http_date(void);

#endif
