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

/* The whole of `text`, but for what may follow: a zone, which is GMT. */
static int64_t parse(const char *text, const char *format)
{
	struct tm tm = {0};
	if (strptime(text, format, &tm) == NULL || tm.tm_year < 70)
		return -1;
	return (int64_t)timegm(&tm);
}

int64_t http_date_parse(struct slice text)
{
	static const char *const formats[] = {
		"%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S", "%a %b %d %H:%M:%S %Y"};
	char copy[48];
	int64_t seconds = -1;
	if (text.n >= sizeof(copy) || text.n == 0)
		return -1;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	for (size_t i = 0; i < COUNT_OF(formats) && seconds < 0; i++)
		seconds = parse(copy, formats[i]);
	return seconds;
}
