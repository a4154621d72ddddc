/*
 * proxy/web_expires.c - expires: until when an answer is fresh.
 */
#include "proxy/web.h"

#include "base/clock.h"
#include "http/date.h"
#include "proxy/value.h"

#include <stdio.h>
#include <time.h>

static bool put(struct exchange *x, struct slice expires, struct slice control)
{
	return web_out_set(x, SLICE("Expires"), expires) &&
	       web_out_set(x, SLICE("Cache-Control"), control);
}

/* Seconds until that time of day comes next. */
static int64_t until_daily(int64_t now, int64_t seconds)
{
	struct tm tm;
	time_t when = (time_t)now;
	if (localtime_r(&when, &tm) == NULL)
		return seconds;
	tm.tm_hour = (int)(seconds / 3600);
	tm.tm_min = (int)(seconds % 3600 / 60);
	tm.tm_sec = (int)(seconds % 60);
	tm.tm_isdst = -1;
	int64_t then = (int64_t)mktime(&tm);
	return then > now ? then - now : then + 86400 - now;
}

static bool put_after(struct exchange *x, int64_t now, int64_t then, int64_t age)
{
	char *date = arena_take(&x->arena, HTTP_DATE_ROOM);
	char *control = arena_take(&x->arena, 40);
	if (date == NULL || control == NULL)
		return false;
	http_date_format(then < 0 ? 0 : then, date);
	if (age < 0 || then < now)
		(void)snprintf(control, 40, "no-cache");
	else
		(void)snprintf(control, 40, "max-age=%lld", (long long)age);
	return put(x, slice_of(date), slice_of(control));
}

static bool add(struct exchange *x, const struct conf_expires *expires)
{
	int64_t now = (int64_t)(clock_wall_us() / 1000000);
	int64_t after = expires->seconds;
	switch (expires->kind) {
	case CONF_EXPIRES_OFF:
		return true;
	case CONF_EXPIRES_EPOCH:
		return put(x, SLICE("Thu, 01 Jan 1970 00:00:01 GMT"), SLICE("no-cache"));
	case CONF_EXPIRES_MAX:
		return put(x, SLICE("Thu, 31 Dec 2037 23:55:55 GMT"), SLICE("max-age=315360000"));
	case CONF_EXPIRES_DAILY:
		after = until_daily(now, expires->seconds);
		return put_after(x, now, now + after, after);
	case CONF_EXPIRES_MODIFIED:
		if (web_modified_at(x) < 0)
			break;
		return put_after(
			x, now, web_modified_at(x) + after, web_modified_at(x) + after - now);
	case CONF_EXPIRES_AFTER:
		break;
	}
	return put_after(x, now, now + after, after);
}

bool web_expires(struct exchange *x, const struct conf_expires *expires)
{
	struct conf_expires read = *expires;
	struct slice text;
	char copy[64];
	if (!expires->is_variable)
		return add(x, expires);
	if (!web_value(x, &expires->value, &text))
		return false;
	if (text.n == 0 || text.n >= sizeof(copy))
		return true;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	/* What it cannot read counts as "off", as in nginx. */
	return !conf_expires_parse(&read, copy, expires->kind == CONF_EXPIRES_MODIFIED) ||
	       add(x, &read);
}
