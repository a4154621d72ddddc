/*
 * conf/units.h - sizes and times as people write them.
 *
 * Each reader gives NULL and fills *ret_..., or gives what is wrong with the value: static text
 * that follows the key's name in a message.
 */
#ifndef CONF_UNITS_H
#define CONF_UNITS_H

#include "base/base.h"

#define CONF_MOST_SECONDS 315360000 /* ten years: what is longer is a slip of the keyboard */
#define CONF_UNIT_TEXT 48

/* "64k", "1M", "2G" (either case, powers of 1024) or octets in digits. */
const char *conf_bytes_from_text(uint64_t *ret_bytes, const char *text) MUST_CHECK;
const char *conf_bytes_from_int(uint64_t *ret_bytes, int64_t value) MUST_CHECK;

/* Seconds; a time above 0 is never rounded down to 0, which would mean "never". */
const char *conf_ms_from_float(uint64_t *ret_ms, double seconds) MUST_CHECK;
const char *conf_ms_from_int(uint64_t *ret_ms, int64_t seconds) MUST_CHECK;

/* The shortest way to write it: "64k", "1000"; "0.25", "30". */
void conf_bytes_format(uint64_t bytes, char out[CONF_UNIT_TEXT]);
void conf_seconds_format(uint64_t ms, char out[CONF_UNIT_TEXT]);

#endif
