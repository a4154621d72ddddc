/*
 * app_nginx.c - what is said to who starts us with an nginx.conf, and to its tools.
 *
 *   nginx: [emerg] unknown directive "foo" in FILE:LINE        stderr, until the start is over
 *   2026/11/22 03:00:00 [emerg] 7#7: unknown directive ...     the log, as soon as one is open
 */
#include "app.h"
#include "conf/load.h"
#include "conf/log_format.h"
#include "conf/nginx/native.h"
#include "conf/nginx/parse.h"
#include "conf/process.h"
#include "conf/web.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_ROOM 2048

bool app_is_nginx;

static bool is_served;
static bool has_stderr_log; /* the log is stderr: nothing is to be there twice */

void app_nginx_tell(enum log_level level, const char *format, ...)
{
	char text[TEXT_ROOM];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_nginx(level, "%s", text);
	if (!is_served && !has_stderr_log && level <= LOG_WARN)
		(void)fprintf(stderr, "nginx: [%s] %s\n", log_level_name(level), text);
}

void app_nginx_begin(const struct app_paths *paths, const struct conf_problems *problems)
{
	struct err err;
	app_is_nginx = app_is_nginx || problems->is_nginx;
	if (!app_is_nginx || paths->error_log == NULL || log_is_nginx())
		return;
	const struct log_target target = {paths->error_log, LOG_NOTICE};
	const char *const files[] = {paths->error_log};
	if (log_open_nginx(&target, 1, files, 1, &err) != 0)
		app_nginx_tell(LOG_ALERT, "could not open error log file: %s", err.text);
	else
		has_stderr_log = strcmp(paths->error_log, "stderr") == 0;
}

void app_nginx_served(void)
{
	is_served = true;
}

bool app_nginx_may_be(void)
{
	return app_is_nginx || !is_served;
}

static void tell_placed(enum log_level level, const char *text, const char *file, unsigned line)
{
	if (line == 0)
		app_nginx_tell(level, "%s", text);
	else if (strcmp(file, ngx_command_line) == 0)
		app_nginx_tell(level, "%s in %s", text, file);
	else
		app_nginx_tell(level, "%s in %s:%u", text, file, line);
}

/* What goes wrong with a file that is there is no more than critical to nginx. */
static enum log_level level_of(const struct conf_problem *problem)
{
	bool is_read = problem->line == 0 && strncmp(problem->text, "pread() ", 8) == 0;
	return is_read ? LOG_CRIT : LOG_EMERG;
}

void app_nginx_tell_problem(const struct conf_problems *problems)
{
	const struct conf_problem *first = problems->first;
	if (first == NULL)
		app_nginx_tell(LOG_EMERG, "out of memory");
	else
		tell_placed(level_of(first), first->text, first->file, first->line);
}

static void tell_notes(const struct conf *conf, enum conf_note_level level)
{
	for (const struct conf_note *note = conf->notes; note != NULL; note = note->next)
		if (note->level == level)
			tell_placed(level == CONF_NOTE_WARN ? LOG_WARN : LOG_NOTICE, note->text,
				note->place.file, note->place.line);
}

void app_nginx_tell_warnings(const struct conf *conf)
{
	tell_notes(conf, CONF_NOTE_WARN);
}

void app_nginx_tell_notices(const struct conf *conf)
{
	tell_notes(conf, CONF_NOTE_NOTICE);
}

void app_nginx_tell_notes(const struct conf *conf)
{
	app_nginx_tell_warnings(conf);
	app_nginx_tell_notices(conf);
}

bool app_nginx_open_logs(const struct conf *conf, struct err *err)
{
	const struct conf_process *process = conf->process;
	if (log_open_nginx(process->error_logs.items, process->error_logs.count,
		    process->error_log_paths, process->error_log_path_count, err) != 0)
		return false;
	has_stderr_log = false;
	for (uint32_t i = 0; i < process->error_logs.count; i++)
		has_stderr_log = has_stderr_log ||
				 strcmp(process->error_logs.items[i].path, "stderr") == 0;
	return true;
}

/* -- -t and -T -- */

/* As a start would open it; a file that was not there stays, as nginx's does. */
static bool try_file(const char *path)
{
	if (strcmp(path, "stderr") == 0 || strncmp(path, "syslog:", 7) == 0)
		return true;
	int fd = open(
		path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	if (fd >= 0) {
		(void)close(fd);
		return true;
	}
	int error = errno;
	app_nginx_tell(
		LOG_EMERG, "open() \"%s\" failed (%d: %s)", path, error, strerrordesc_np(error));
	return false;
}

static bool try_files(const struct conf *conf)
{
	const struct conf_process *process = conf->process;
	for (uint32_t i = 0; i < process->error_log_path_count; i++) {
		if (!try_file(process->error_log_paths[i]))
			return false;
	}
	const struct conf_log_formats *formats = conf->web != NULL ? conf->web->formats : NULL;
	for (uint32_t i = 0; formats != NULL && i < formats->file_count; i++) {
		const struct conf_log_file *file = formats->files[i];
		if (!file->is_default && file->path[0] != '\0' && !try_file(file->path))
			return false;
	}
	return try_file(conf->pid_file);
}

/* A libconfig file: what it includes is not shown. */
static void dump_native(const char *path)
{
	struct err err;
	char *text;
	size_t n;
	if (conf_load_file(&text, &n, path, &err) != 0)
		return;
	(void)printf("# configuration file %s:\n", path);
	(void)fwrite(text, 1, n, stdout);
	(void)printf("\n");
	free(text);
}

static int dump(const struct conf *conf)
{
	if (conf->nginx_files == NULL)
		dump_native(conf->file);
	for (const struct ngx_file *file = conf->nginx_files; file != NULL; file = file->next) {
		(void)printf("# configuration file %s:\n", file->name);
		(void)fwrite(file->text, 1, file->n, stdout);
		(void)printf("\n");
	}
	return fflush(stdout) == 0 && ferror(stdout) == 0 ? APP_OK : APP_FAILED;
}

int app_nginx_judge(const struct conf *conf, const struct conf_problems *problems,
	const struct command_line *line, const char *file)
{
	bool is_good = conf != NULL;
	if (is_good)
		app_nginx_tell_notes(conf);
	if ((is_good || problems->is_read_to_end) && !line->is_quiet)
		(void)fprintf(stderr, "nginx: the configuration file %s syntax is ok\n", file);
	if (!is_good)
		app_nginx_tell_problem(problems);
	else
		is_good = try_files(conf);
	if (!is_good)
		(void)fprintf(stderr, "nginx: configuration file %s test failed\n", file);
	else if (!line->is_quiet)
		(void)fprintf(stderr, "nginx: configuration file %s test is successful\n", file);
	if (!is_good)
		return APP_FAILED;
	return line->command == COMMAND_DUMP ? dump(conf) : APP_OK;
}

/* -- --to-native -- */

static bool print_native(const char *file, const char *globals, const struct conf *conf)
{
	struct arena arena;
	struct text text;
	arena_init(&arena, 65536);
	text_init(&text, 65536);
	const struct ngx_tree *tree = ngx_read_file(&arena, file, globals);
	text_puts(&text, "# comfymux: the configuration of ");
	text_puts(&text, file);
	text_puts(&text, "\n\n");
	if (tree != NULL)
		ngx_to_native(&text, tree, conf->notes);
	bool is_told = tree != NULL && !tree->has_error && !text.is_short &&
		       fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0;
	text_finish(&text);
	arena_finish(&arena);
	return is_told;
}

int app_nginx_native(const struct command_line *line)
{
	struct app_paths paths;
	struct conf_problems problems;
	bool is_done = false;
	if (!app_paths_init(&paths, line))
		return APP_FAILED;
	conf_problems_init(&problems);
	struct conf *conf = app_read(&paths, &problems);
	app_nginx_begin(&paths, &problems);
	if (conf == NULL && app_is_nginx)
		app_nginx_tell_problem(&problems);
	else if (conf == NULL || conf->nginx_files == NULL)
		(void)fprintf(stderr, "comfymux: %s is no nginx.conf\n", paths.file);
	else
		is_done = print_native(paths.file, paths.globals, conf);
	conf_destroy(conf);
	conf_problems_finish(&problems);
	app_paths_finish(&paths);
	return is_done ? APP_OK : APP_FAILED;
}

/* -- -s -- */

int app_nginx_signal(const struct conf *conf, const struct command_line *line)
{
	struct err err;
	pid_t pid;
	app_nginx_tell_notes(conf);
	int rc = pidfile_find(&pid, conf->pid_file, &err);
	if (rc != 0 && access(conf->pid_file, R_OK) != 0)
		app_nginx_tell(LOG_ERROR, "open() \"%s\" failed (%d: %s)", conf->pid_file, errno,
			strerrordesc_np(errno));
	else if (rc != 0)
		app_nginx_tell(LOG_ERROR, "%s", err.text);
	if (rc != 0)
		return APP_FAILED;
	if (kill(pid, line->signal) == 0)
		return APP_OK;
	int error = errno;
	app_nginx_tell(LOG_ALERT, "kill(%ld, %d) failed (%d: %s)", (long)pid, line->signal, error,
		strerrordesc_np(error));
	return APP_FAILED;
}
