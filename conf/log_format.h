/*
 * conf/log_format.h - log_format and access_log: which lines, into which files.
 */
#ifndef CONF_LOG_FORMAT_H
#define CONF_LOG_FORMAT_H

#include "conf/value.h"

enum conf_log_escape {
	CONF_ESCAPE_DEFAULT, /* \xHH; "-" for what is not found */
	CONF_ESCAPE_JSON,
	CONF_ESCAPE_NONE
};

struct conf_web_format {
	const char *name;
	enum conf_log_escape escape;
	struct conf_value line; /* without its newline */
};

/* One file, however many access_log name it. */
struct conf_log_file {
	const char *path; /* absolute; "" is standard error */
	uint32_t index;   /* among all of the configuration */
	bool has_buffer;
	uint64_t
		buffer_bytes; /* lines wait for so many octets; 0: for the end of the loop's turn */
	uint64_t flush_ms;    /* and no longer than this; 0: for ever */
	bool is_default;      /* nobody asked for it */
};

struct conf_web_log {
	const struct conf_log_file *file; /* NULL: `path` has variables */
	struct conf_value path;
	const struct conf_web_format *format;
	bool has_condition;
	struct conf_value condition; /* empty or "0": no line */
};

/* Of one level. */
struct conf_loc_logs {
	bool is_off;
	struct conf_web_log *items;
	uint32_t count, room;
};

struct conf_log_formats {
	struct conf_web_format **formats; /* [0] is "combined" */
	uint32_t format_count, format_room;
	struct conf_log_file **files; /* [file_count], by index */
	uint32_t file_count, file_room;
};

#endif
