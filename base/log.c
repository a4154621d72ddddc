#include "base/log.h"

#include "base/clock.h"
#include "base/log_files.h"
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
	log_files_close();
	file = opened;
	log_level = level;
	return 0;
}

int log_reopen(struct err *err)
{
	if (log_is_nginx())
		return log_files_reopen(err);
	return logfile_reopen(&file, err);
}

void log_close(void)
{
	logfile_close(&file);
	log_files_close();
	file.fd = STDERR_FILENO;
}

uint64_t log_lines_lost(void)
{
	return file.dropped_lines + log_files_lost();
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
	char line[LOG_LINE];
	char when[25];
	char kept_back[32] = "";
	uint32_t dropped;
	size_t n;
	va_list args;
	uint64_t wall_us = clock_wall_us();

	if (!site_may_speak(site, wall_us / 1000000, &dropped))
		return;
	if (dropped != 0)
		(void)snprintf(kept_back, sizeof(kept_back), " kept_back=%u", dropped);
	if (log_is_nginx()) {
		n = log_files_head(line, level);
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s:%s%s", event, kept_back,
			format[0] != '\0' ? " " : "");
	} else {
		clock_iso(wall_us, when);
		n = (size_t)snprintf(line, sizeof(line), "time=%s level=%s event=%s%s%s", when,
			level_names[level], event, kept_back, format[0] != '\0' ? " " : "");
	}
	va_start(args, format);
	n = log_files_text(line, n, format, args);
	va_end(args);
	if (log_is_nginx())
		log_files_write(NULL, 0, level, line, n);
	else
		logfile_write(&file, line, n);
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
