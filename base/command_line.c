#include "base/command_line.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>

const char command_line_usage[] =
	"usage: comfymux [-c FILE] [-p PREFIX] [-t] [-T] [-v] [-V] [-h]\n"
	"                [-s reload|stop|quit|reopen] [-d SWITCH]\n"
	"\n"
	"  -c FILE    configuration (" COMMAND_LINE_FILE ")\n"
	"  -p PREFIX  folder that relative paths in it start from (its own folder)\n"
	"  -t         check it, tell every problem, exit with 0 or 1\n"
	"  -T         check it and print the effective configuration as JSON\n"
	"  -v, -V     print the version; with the libraries' versions\n"
	"  -h         print this\n"
	"  -s WORD    tell the running one: reload, stop (now), quit (finish first),\n"
	"             reopen (log files)\n"
	"  -d SWITCH  for debugging: nosplice, shortio, failalloc=N; may be repeated\n";

static const struct {
	const char *word;
	int number;
} signals[] = {
	{"reload", SIGHUP},
	{"stop", SIGTERM},
	{"quit", SIGQUIT},
	{"reopen", SIGUSR1},
};

static int set_signal(struct command_line *line, const char *word, struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		if (strcmp(word, signals[i].word) == 0) {
			line->command = COMMAND_SIGNAL;
			line->signal = signals[i].number;
			line->word = signals[i].word;
			return 0;
		}
	}
	err_set(err, "-s takes reload, stop, quit or reopen, not \"%s\"", word);
	return -EINVAL;
}

static int set_switch(struct command_line *line, const char *word, struct err *err)
{
	static const char failalloc[] = "failalloc=";
	if (strcmp(word, "nosplice") == 0) {
		line->no_splice = true;
		return 0;
	}
	if (strcmp(word, "shortio") == 0) {
		line->short_io = true;
		return 0;
	}
	if (strncmp(word, failalloc, sizeof(failalloc) - 1) == 0) {
		const char *digits = word + sizeof(failalloc) - 1;
		char *end;
		errno = 0;
		unsigned long n = strtoul(digits, &end, 10);
		if (*digits >= '0' && *digits <= '9' && *end == '\0' && errno == 0 && n != 0 &&
			n <= UINT32_MAX) {
			line->fail_alloc = (uint32_t)n;
			return 0;
		}
	}
	err_set(err, "-d takes nosplice, shortio or failalloc=N, not \"%s\"", word);
	return -EINVAL;
}

/* -EINVAL for an option that is none. */
static int set_option(struct command_line *line, int option, struct err *err)
{
	switch (option) {
	case 'c':
		line->file = optarg;
		return 0;
	case 'p':
		line->prefix = optarg;
		return 0;
	case 't':
		line->command = COMMAND_CHECK;
		return 0;
	case 'T':
		line->command = COMMAND_DUMP;
		return 0;
	case 's':
		return set_signal(line, optarg, err);
	case 'd':
		return set_switch(line, optarg, err);
	case ':':
		err_set(err, "option -%c needs a value", optopt);
		return -EINVAL;
	default:
		err_set(err, "there is no option -%c", optopt);
		return -EINVAL;
	}
}

int command_line_parse(struct command_line *ret_line, int argc, char *const *argv, struct err *err)
{
	struct command_line line = {.command = COMMAND_SERVE, .file = COMMAND_LINE_FILE};
	enum command wins = COMMAND_SERVE;
	int option;

	opterr = 0;
	optind = 0; /* starts afresh, also after another call (getopt(3)) */
	while ((option = getopt(argc, argv, "+:c:p:tTvVhs:d:")) != -1) {
		if (option == 'h') {
			wins = COMMAND_HELP;
		} else if (option == 'v' || option == 'V') {
			wins = option == 'v' ? COMMAND_VERSION : COMMAND_VERSIONS;
		} else {
			int rc = set_option(&line, option, err);
			if (rc != 0)
				return rc;
		}
	}
	if (optind < argc) {
		err_set(err, "\"%s\" stands alone: nothing takes it", argv[optind]);
		return -EINVAL;
	}
	if (wins != COMMAND_SERVE)
		line.command = wins;
	*ret_line = line;
	return 0;
}
