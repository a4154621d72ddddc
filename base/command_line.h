/*
 * base/command_line.h - what a person asked for on the command line.
 */
#ifndef BASE_COMMAND_LINE_H
#define BASE_COMMAND_LINE_H

#include "base/base.h"
#include "base/err.h"

#define COMMAND_LINE_FILE "/etc/comfymux/comfymux.conf"

enum command {
	COMMAND_SERVE,
	COMMAND_CHECK,    /* -t */
	COMMAND_DUMP,     /* -T */
	COMMAND_VERSION,  /* -v */
	COMMAND_VERSIONS, /* -V */
	COMMAND_HELP,     /* -h */
	COMMAND_SIGNAL,   /* -s */
	COMMAND_NATIVE,   /* --to-native */
};

struct command_line {
	enum command command;
	const char *file;      /* borrowed from argv, or COMMAND_LINE_FILE */
	const char *prefix;    /* borrowed from argv; NULL: none given */
	const char *error_log; /* -e: likewise */
	const char *globals;   /* -g: likewise */
	bool is_quiet;         /* -q: -t says nothing but what is wrong */
	int signal;            /* COMMAND_SIGNAL: what reload, stop, quit or reopen stands for */
	const char *word;      /* the word itself; borrowed from argv */
	bool no_splice, short_io;
	uint32_t fail_alloc; /* every Nth allocation fails; 0: none */
};

extern const char command_line_usage[];

/* -EINVAL with *err filled, in nginx's words: what follows "comfymux: ". The last one of
 * contradicting options wins, except that -h, -v and -V win over everything. */
int command_line_parse(
	struct command_line *ret_line, int argc, char *const *argv, struct err *err) MUST_CHECK;

#endif
