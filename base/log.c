#include "base/log.h"

#include "base/clock.h"
#include "base/logfile.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum log_level log_level = LOG_INFO;

static struct logfile file = {.fd = STDERR_FILENO};
static uint64_t muted;
static const char *const level_names[] = {
	"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};

int log_open(const char *path, enum log_level level, struct err *err)
{
	struct logfile opened;
	int rc = logfile_open(&opened, path, false, err);
	if (rc != 0) {
		logfile_close(&opened);
		return rc;
	}
	logfile_close(&file);
	file = opened;
	log_level = level;
	return 0;
}

int log_reopen(struct err *err)
{
	return logfile_reopen(&file, err);
}

void log_close(void)
{
	logfile_close(&file);
	file.fd = STDERR_FILENO;
}

uint64_t log_lines_lost(void)
{
	return file.dropped_lines;
}

uint64_t log_lines_muted(void)
{
	return muted;
}

bool log_level_find(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < COUNT_OF(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

/* False while the site is muted. *ret_dropped: lines it kept back since the last one. */
static bool site_may_speak(struct log_site *site, uint64_t second, uint32_t *ret_dropped)
{
	*ret_dropped = 0;
	if (site->second != second) {
		site->second = second;
		site->count = 0;
		*ret_dropped = site->dropped;
		site->dropped = 0;
	}
	if (site->count++ < LOG_SITE_BURST)
		return true;
	site->dropped++;
	muted++;
	return false;
}

void log_write(
	struct log_site *site, enum log_level level, const char *event, const char *format, ...)
{
	char line[2048];
	char when[25];
	uint32_t dropped;
	uint64_t wall_us = clock_wall_us();

	if (!site_may_speak(site, wall_us / 1000000, &dropped))
		return;
	clock_iso(wall_us, when);
	int n = snprintf(
		line, sizeof(line), "time=%s level=%s event=%s", when, level_names[level], event);
	if (dropped != 0)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " kept_back=%u", dropped);
	if (format[0] != '\0') {
		va_list args;
		va_start(args, format);
		line[n++] = ' ';
		int more = vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
		va_end(args);
		n += more > 0 ? more : 0;
	}
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	logfile_write(&file, line, (size_t)n);
}

static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return text.n != 0;
}

const char *log_quote(char out[LOG_QUOTED], struct slice text)
{
	static const char hex[] = "0123456789abcdef";
	if (text.n < LOG_QUOTED && is_plain(text)) {
		memcpy(out, text.p, text.n);
		out[text.n] = '\0';
		return out;
	}
	size_t n = 0;
	out[n++] = '"';
	/* 4 for the longest escape, 5 for an ellipsis, the quote and the terminator. */
	size_t i = 0;
	for (; i < text.n && n + 9 < LOG_QUOTED; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c == '\n') {
			out[n++] = '\\';
			out[n++] = 'n';
		} else if (c < ' ' || c == 0x7f) {
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		} else {
			out[n++] = (char)c;
		}
	}
	if (i < text.n) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
