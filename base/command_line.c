#include "base/command_line.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

const char command_line_usage[] =
	"usage: comfymux [-c FILE] [-p PREFIX] [-e FILE] [-g DIRECTIVES]\n"
	"                [-t] [-T] [-q] [-v] [-V] [-h] [--to-native]\n"
	"                [-s reload|stop|quit|reopen] [-d SWITCH]\n"
	"\n"
	"  -c FILE    configuration, nginx's or comfymux's (" COMMAND_LINE_FILE ")\n"
	"  -p PREFIX  folder that relative paths start from; FILE, too (for comfymux's:\n"
	"             its own folder; for nginx's: /usr/share/nginx)\n"
	"  -e FILE    nginx's: the error log until one is configured (stderr)\n"
	"  -g DIRECTIVES\n"
	"             nginx's: directives in front of the file\n"
	"  -t         check it, tell what is wrong, exit with 0 or 1\n"
	"  -T         check it and print it: nginx's as it was read, comfymux's in full as\n"
	"             JSON\n"
	"  -q         with -t: say nothing but what is wrong\n"
	"  -v, -V     print the version; with the libraries and what there is of nginx's\n"
	"             modules\n"
	"  -?, -h     print this\n"
	"  -s WORD    tell the running one: reload, stop (now), quit (finish first),\n"
	"             reopen (log files)\n"
	"  -d SWITCH  for debugging: nosplice, shortio, failalloc=N; may be repeated\n"
	"  --to-native\n"
	"             print nginx's configuration as one of comfymux's\n";

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
	err_set(err, "invalid option: \"-s %s\"", word);
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

static int set_value(struct command_line *line, char option, const char *value, struct err *err)
{
	switch (option) {
	case 'c':
		line->file = value;
		return 0;
	case 'p':
		line->prefix = value;
		return 0;
	case 'e':
		line->error_log = value;
		return 0;
	case 'g':
		line->globals = value;
		return 0;
	case 's':
		return set_signal(line, value, err);
	default:
		return set_switch(line, value, err);
	}
}

/* False when the option takes a value, or is none. */
static bool set_flag(struct command_line *line, enum command *wins, char option)
{
	switch (option) {
	case 't':
		line->command = COMMAND_CHECK;
		return true;
	case 'T':
		line->command = COMMAND_DUMP;
		return true;
	case 'q':
		line->is_quiet = true;
		return true;
	case '?':
	case 'h':
		*wins = COMMAND_HELP;
		return true;
	case 'v':
		*wins = COMMAND_VERSION;
		return true;
	case 'V':
		*wins = COMMAND_VERSIONS;
		return true;
	default:
		return false;
	}
}

static const char *wants(char option)
{
	if (option == 'p')
		return "directory name";
	return option == 'c' || option == 'e' ? "file name" : "parameter";
}

/* The letters of one word, "-tc", and the value that the last of them may take: from the word's
 * rest, or *next, which is then NULL. */
static int take_word(struct command_line *line, enum command *wins, const char *word,
	const char **next, struct err *err)
{
	do {
		word++;
	} while (*word != '\0' && set_flag(line, wins, *word));
	if (*word == '\0')
		return 0;
	if (strchr("cpegsd", *word) == NULL) {
		err_set(err, "invalid option: \"%c\"", *word);
		return -EINVAL;
	}
	const char *value = word[1] != '\0' ? word + 1 : *next;
	if (value == NULL) {
		err_set(err, "option \"-%c\" requires %s", *word, wants(*word));
		return -EINVAL;
	}
	if (word[1] == '\0')
		*next = NULL;
	return set_value(line, *word, value, err);
}

int command_line_parse(struct command_line *ret_line, int argc, char *const *argv, struct err *err)
{
	struct command_line line = {.command = COMMAND_SERVE, .file = COMMAND_LINE_FILE};
	enum command wins = COMMAND_SERVE;

	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		const char *offered = next;
		if (strcmp(argv[i], "--to-native") == 0) {
			line.command = COMMAND_NATIVE;
			continue;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			err_set(err, "invalid option: \"%s\"", argv[i]);
			return -EINVAL;
		}
		int rc = take_word(&line, &wins, argv[i], &next, err);
		if (rc != 0)
			return rc;
		i += offered != next;
	}
	if (wins != COMMAND_SERVE)
		line.command = wins;
	*ret_line = line;
	return 0;
}
