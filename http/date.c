#include "http/date.h"

#include <stdio.h>
#include <time.h>

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void http_date_format(int64_t seconds, char out[HTTP_DATE_ROOM])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	struct tm tm;
	time_t when = (time_t)seconds;
	if (gmtime_r(&when, &tm) == NULL || tm.tm_year > 8099)
		memset(&tm, 0, sizeof(tm));
	(void)snprintf(out, HTTP_DATE_ROOM, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
		days + tm.tm_wday * 3L, (unsigned)tm.tm_mday % 100, months + tm.tm_mon * 3L,
		(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
		(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static int month_of(const char name[4])
{
	for (int i = 0; i < 12; i++)
		if (memcmp(months + i * 3L, name, 3) == 0)
			return i;
	return -1;
}

static int64_t seconds_of(int day, int month, int year, int hour, int minute, int second)
{
	struct tm tm = {.tm_mday = day,
		.tm_mon = month,
		.tm_year = year - 1900,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_sec = second};
	if (month < 0 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 ||
		year < 1970)
		return -1;
	return (int64_t)timegm(&tm);
}

int64_t http_date_parse(struct slice text)
{
	char copy[48], name[4] = "";
	int day, year, hour, minute, second;
	if (text.n >= sizeof(copy) || text.n == 0)
		return -1;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	const char *comma = strchr(copy, ',');
	if (comma == NULL) {
		/* asctime */
		if (sscanf(copy, "%*3s %3s %2d %2d:%2d:%2d %4d", name, &day, &hour, &minute,
			    &second, &year) != 6)
			return -1;
		return seconds_of(day, month_of(name), year, hour, minute, second);
	}
	if (sscanf(comma + 1, " %2d %3s %4d %2d:%2d:%2d", &day, name, &year, &hour, &minute,
		    &second) == 6)
		return seconds_of(day, month_of(name), year, hour, minute, second);
	/* RFC 850: two digits of the year. */
	if (sscanf(comma + 1, " %2d-%3s-%2d %2d:%2d:%2d", &day, name, &year, &hour, &minute,
		    &second) != 6)
		return -1;
	year += year < 70 ? 2000 : 1900;
	return seconds_of(day, month_of(name), year, hour, minute, second);
}
