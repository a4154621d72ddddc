#include "app.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

static void print_versions(void)
{
	(void)printf("comfymux/%s\n", COMFYMUX_VERSION);
	(void)printf("running with libevent %s\n", event_get_version());
	(void)printf("built with %s\n", COMFYMUX_LIBRARIES);
	(void)printf("build options: %s\n", COMFYMUX_OPTIONS);
}

int main(int argc, char **argv)
{
	struct command_line line;
	struct err err;

	/* Who reads us may be gone, a file may be as large as it is allowed to be: both are errors
	 * of one write, and no reason to end. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (command_line_parse(&line, argc, argv, &err) != 0) {
		(void)fprintf(stderr, "comfymux: %s\n%s", err.text, command_line_usage);
		return APP_USAGE;
	}
	switch (line.command) {
	case COMMAND_SERVE:
		return app_serve(&line);
	case COMMAND_CHECK:
		return app_check(&line, false);
	case COMMAND_DUMP:
		return app_check(&line, true);
	case COMMAND_VERSION:
		(void)printf("comfymux/%s\n", COMFYMUX_VERSION);
		break;
	case COMMAND_VERSIONS:
		print_versions();
		break;
	case COMMAND_HELP:
		(void)fputs(command_line_usage, stdout);
		break;
	case COMMAND_SIGNAL:
		return app_signal(&line);
	}
	return APP_OK;
}
