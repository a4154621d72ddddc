#include "base/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_now_us;
uint64_t clock_turn_began_us;

uint64_t clock_tick(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	clock_now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (clock_turn_began_us == 0)
		clock_turn_began_us = clock_now_us;
	return clock_now_us;
}

uint64_t clock_wall_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void clock_iso(uint64_t wall_us, char out[25])
{
	time_t second = (time_t)(wall_us / 1000000);
	unsigned ms = (unsigned)(wall_us / 1000 % 1000);
	struct tm tm;
	char day[20];
	(void)gmtime_r(&second, &tm);
	if (strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		day[0] = '\0';
	(void)snprintf(out, 25, "%s.%03uZ", day, ms);
}

const char *clock_combined(uint64_t wall_us)
{
	static char text[32];
	static time_t cached = -1;
	time_t second = (time_t)(wall_us / 1000000);
	if (second != cached) {
		struct tm tm;
		(void)localtime_r(&second, &tm);
		if (strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S %z", &tm) == 0)
			text[0] = '\0';
		cached = second;
	}
	return text;
}

const char *clock_http_date(void)
{
	static char text[32];
	static time_t cached = -1;
	time_t second = (time_t)(clock_wall_us() / 1000000);
	if (second != cached) {
		struct tm tm;
		(void)gmtime_r(&second, &tm);
		if (strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
			text[0] = '\0';
		cached = second;
	}
	return text;
}
