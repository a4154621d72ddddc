#include "conf/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char not_a_size[] = "must be a size such as 65536, \"64k\", \"1M\" or \"2G\"";
static const char size_too_large[] = "is too large for a size";
static const char time_too_long[] = "is longer than ten years";

static int shift_of(char suffix)
{
	switch (suffix) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return -1;
	}
}

const char *conf_bytes_from_text(uint64_t *ret_bytes, const char *text)
{
	uint64_t value = 0;
	const char *p = text;
	if (*p == '-')
		return "must not be negative";
	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > (INT64_MAX - 9) / 10)
			return size_too_large;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return not_a_size;
	if (*p != '\0') {
		int shift = shift_of(*p);
		if (shift < 0 || p[1] != '\0')
			return not_a_size;
		if (value > (uint64_t)INT64_MAX >> shift)
			return size_too_large;
		value <<= shift;
	}
	*ret_bytes = value;
	return NULL;
}

const char *conf_bytes_from_int(uint64_t *ret_bytes, int64_t value)
{
	if (value < 0)
		return "must not be negative";
	*ret_bytes = (uint64_t)value;
	return NULL;
}

const char *conf_ms_from_float(uint64_t *ret_ms, double seconds)
{
	if (isnan(seconds))
		return "must be a number of seconds";
	if (seconds < 0)
		return "must not be negative";
	if (seconds > CONF_MOST_SECONDS)
		return time_too_long;
	uint64_t ms = (uint64_t)(seconds * 1000 + 0.5);
	*ret_ms = ms == 0 && seconds > 0 ? 1 : ms;
	return NULL;
}

const char *conf_ms_from_int(uint64_t *ret_ms, int64_t seconds)
{
	if (seconds < 0)
		return "must not be negative";
	if (seconds > CONF_MOST_SECONDS)
		return time_too_long;
	*ret_ms = (uint64_t)seconds * 1000;
	return NULL;
}

void conf_bytes_format(uint64_t bytes, char out[CONF_UNIT_TEXT])
{
	static const char suffix[] = {'G', 'M', 'k'};
	for (unsigned i = 0; i < COUNT_OF(suffix) && bytes != 0; i++) {
		unsigned shift = 30 - 10 * i;
		if (bytes % ((uint64_t)1 << shift) == 0) {
			(void)snprintf(out, CONF_UNIT_TEXT, "\"%" PRIu64 "%c\"", bytes >> shift,
				suffix[i]);
			return;
		}
	}
	(void)snprintf(out, CONF_UNIT_TEXT, "%" PRIu64, bytes);
}

void conf_seconds_format(uint64_t ms, char out[CONF_UNIT_TEXT])
{
	int n = snprintf(out, CONF_UNIT_TEXT, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
	while (n > 0 && out[n - 1] == '0')
		out[--n] = '\0';
	if (n > 0 && out[n - 1] == '.')
		out[n - 1] = '\0';
}
