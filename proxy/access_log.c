/*
 * proxy/access_log.c - where lines wait, and when they are written.
 *
 * They are made in the file's buffer itself: no copy, no printf.
 */
#include "proxy/access_line.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/logfile.h"
#include "base/loop.h"
#include "proxy/access_files.h"
#include "proxy/access_web.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <stdlib.h>

#define FLUSH_MS 1000
#define COMPLAIN_US (60ull * 1000000)

static struct logfile file = {.fd = -1};
static enum conf_log_format format = CONF_LOG_OFF;
static uint64_t lost_before; /* in files that are closed now */
static struct deadline flush_deadline;
static uint64_t complained_us;

static void complain(void)
{
	if (file.last_errno == 0)
		return;
	if (complained_us != 0 && clock_now_us - complained_us < COMPLAIN_US)
		return;
	complained_us = clock_now_us;
	log_error("access_log_failed", "file=%s lost=%llu error=%s",
		LOG_QUOTE(file.path != NULL ? file.path : "stderr"),
		(unsigned long long)proxy_access_lines_lost(),
		LOG_QUOTE(strerrordesc_np(file.last_errno)));
}

static void flush(void)
{
	if (file.used == 0)
		return;
	logfile_flush(&file);
	complain();
}

static void on_flush_due(struct deadline *deadline)
{
	(void)deadline;
	flush();
}

/* One that may not fit the buffer: a long head, full of what has to be escaped. */
static void write_long_line(const struct access_entry *entry, size_t most)
{
	flush();
	char *line = malloc(most);
	if (line == NULL) {
		file.dropped_lines++;
		file.last_errno = ENOMEM;
	} else {
		logfile_write(&file, line, access_line_put(line, format, entry));
		logfile_flush(&file);
		free(line);
	}
	complain();
}

bool access_log_is_on(void)
{
	return format != CONF_LOG_OFF;
}

void access_log_write(const struct access_entry *entry)
{
	if (format == CONF_LOG_OFF)
		return;
	size_t most = access_line_most(format, entry);
	if (most > LOGFILE_WAIT - file.used) {
		if (most > LOGFILE_WAIT) {
			write_long_line(entry, most);
			return;
		}
		flush();
	}
	if (file.used == 0)
		deadline_set(&flush_deadline, FLUSH_MS);
	file.used += access_line_put(file.wait + file.used, format, entry);
}

static void close_file(void)
{
	if (flush_deadline.on_due != NULL)
		deadline_clear(&flush_deadline);
	flush();
	lost_before += file.dropped_lines;
	logfile_close(&file);
	format = CONF_LOG_OFF;
}

void access_log_finish(void)
{
	close_file();
	access_files_finish();
	access_web_finish();
}

int proxy_access_log(const char *path, enum conf_log_format wanted, struct err *err)
{
	struct logfile opened = {.fd = -1};
	if (wanted != CONF_LOG_OFF) {
		int rc = logfile_open(&opened, path, true, err);
		if (rc != 0) {
			logfile_close(&opened);
			return rc;
		}
	}
	close_file();
	if (flush_deadline.on_due == NULL)
		deadline_init(&flush_deadline, on_flush_due);
	file = opened;
	format = wanted;
	return 0;
}

int proxy_access_files(const struct conf *conf, struct err *err)
{
	return access_files_open(conf, err);
}

int proxy_access_log_reopen(struct err *err)
{
	int rc = access_files_reopen(err);
	if (format == CONF_LOG_OFF)
		return rc;
	flush();
	int own = logfile_reopen(&file, err);
	return own != 0 ? own : rc;
}

uint64_t proxy_access_lines_lost(void)
{
	return lost_before + file.dropped_lines + access_files_lost();
}
