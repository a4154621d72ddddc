/*
 * base/log_files.h - the files behind nginx's form of the error log; for base/log.c alone.
 */
#ifndef BASE_LOG_FILES_H
#define BASE_LOG_FILES_H

#include "base/log.h"

#include <stdarg.h>

#define LOG_LINE 2049 /* a longer line is cut to 2048 octets, as nginx does */

/* "YYYY/MM/DD hh:mm:ss [level] pid#pid: " at the beginning of the line; its length. */
size_t log_files_head(char line[LOG_LINE], enum log_level level);
/* The text behind the first n octets, and the line's end; the whole length. */
size_t log_files_text(char line[LOG_LINE], size_t n, const char *format, va_list args)
	PRINTF_LIKE(3, 0);
/* A whole line. Likewise for log_nginx_to. */
void log_files_write(const struct log_target *targets, uint32_t count, enum log_level level,
	const char *line, size_t n);
int log_files_reopen(struct err *err) MUST_CHECK;
void log_files_close(void);
uint64_t log_files_lost(void);

#endif
