/*
 * base/log.h - the error log: one line per event, key=value (logfmt), or in nginx's form.
 *
 *   time=2026-11-21T20:07:14.123Z level=info event=listening address=127.0.0.1:8080
 *   2026/11/21 20:07:14 [info] 123#123: listening: address=127.0.0.1:8080
 *
 * emerg, alert, crit, error = someone must act; warn = how we carry on; notice; info = life cycle;
 * debug. The levels are nginx's.
 * A call site that repeats itself more than LOG_SITE_BURST times in a second is
 * muted until the second is over, then says how many lines it kept back.
 * Text that a peer or a file chose goes through LOG_QUOTE.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"
#include "base/err.h"

enum log_level {
	LOG_EMERG,
	LOG_ALERT,
	LOG_CRIT,
	LOG_ERROR,
	LOG_WARN,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG,
};

#define LOG_SITE_BURST 20
#define LOG_QUOTED 512

struct log_site {
	uint64_t second;
	uint32_t count;
	uint32_t dropped;
};

extern enum log_level log_level;

/* Opens the log; "stderr" or a path. Until then lines go to stderr. */
int log_open(const char *path, enum log_level level, struct err *err) MUST_CHECK;
int log_reopen(struct err *err) MUST_CHECK;
void log_close(void);
/* Lines that could not be written, and lines that a muted call site kept back. */
uint64_t log_lines_lost(void);
uint64_t log_lines_muted(void);

/* -- nginx's form: several files, each with a level; used where an nginx.conf is in use -- */

/* Lines up to `level` go to the file. */
struct log_target {
	const char *path; /* as for log_open, or "syslog:..." (base/syslog.h) */
	enum log_level level;
};

/* From now on nginx's form, to these targets; they are copied. Opens what is among `paths` and not
 * open yet, closes what is not among them any more; the targets' own must be there. -errno with
 * *err in nginx's words: everything is as it was. */
int log_open_nginx(const struct log_target *targets, uint32_t count, const char *const *paths,
	uint32_t path_count, struct err *err) MUST_CHECK;
bool log_is_nginx(void);
/* Whether a line of that level would be written to any of them. Without `targets`: the main ones,
 * none in the other form. */
bool log_has_target(const struct log_target *targets, uint32_t count, enum log_level level);
/* "YYYY/MM/DD hh:mm:ss [level] pid#pid: TEXT" to each target of that level whose path is open, and
 * to the main ones if none is. Nothing in the other form. */
void log_nginx_to(const struct log_target *targets, uint32_t count, enum log_level level,
	const char *format, ...) PRINTF_LIKE(4, 5);
/* To the main targets. */
void log_nginx(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* False with *ret untouched when `name` is no level. */
bool log_level_find(const char *name, enum log_level *ret) MUST_CHECK;
const char *log_level_name(enum log_level level);

void log_write(struct log_site *site, enum log_level level, const char *event, const char *format,
	...) PRINTF_LIKE(4, 5);

#define LOG_AT(level, event, ...)                                                                  \
	do {                                                                                       \
		static struct log_site log_here;                                                   \
		if ((level) <= log_level)                                                          \
			log_write(&log_here, (level), (event), __VA_ARGS__);                       \
	} while (0)

/* event: one word; then a printf format of " key=value" pairs, "" for none. */
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LOG_WARN, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, __VA_ARGS__)

/* Never muted: for what a person asked for and waits to hear of. */
#define log_always(level, event, ...)                                                              \
	do {                                                                                       \
		struct log_site log_here = {0};                                                    \
		if ((level) <= log_level)                                                          \
			log_write(&log_here, (level), (event), __VA_ARGS__);                       \
	} while (0)

/* `text` as a logfmt value: as it is when plain, else in quotes with escapes, cut to fit. */
const char *log_quote(char out[LOG_QUOTED], struct slice text);
#define LOG_QUOTE(text) log_quote((char[LOG_QUOTED]){0}, slice_of(text))
#define LOG_QUOTE_SLICE(slice) log_quote((char[LOG_QUOTED]){0}, (slice))

#endif
