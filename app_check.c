/*
 * app_check.c - a configuration is read and judged, and nobody is served.
 */
#include "app.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/pidfile.h"
#include "base/privileges.h"
#include "conf/nginx/read.h"
#include "lb/registry.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *app_path_behind(const char *folder, const char *path)
{
	char *joined;
	size_t n = strlen(folder);
	if (path[0] == '/')
		return strdup(path);
	const char *slash = n != 0 && folder[n - 1] == '/' ? "" : "/";
	return asprintf(&joined, "%s%s%s", folder, slash, path) < 0 ? NULL : joined;
}

/* "stderr" is no file; the folder is nginx's, because -e is. */
static bool init_error_log(struct app_paths *paths, const char *path)
{
	if (path == NULL)
		return true;
	if (strcmp(path, "stderr") == 0)
		paths->error_log = strdup(path);
	else
		paths->error_log = app_path_behind(
			paths->prefix != NULL ? paths->prefix : NGX_PREFIX, path);
	return paths->error_log != NULL;
}

bool app_paths_init(struct app_paths *paths, const struct command_line *line)
{
	char here[PATH_MAX];
	*paths = (struct app_paths){.globals = line->globals};
	if (getcwd(here, sizeof(here)) == NULL)
		strcpy(here, "/");
	if (line->prefix != NULL)
		paths->prefix = app_path_behind(here, line->prefix);
	if (line->prefix == NULL || paths->prefix != NULL)
		paths->file = app_path_behind(
			paths->prefix != NULL ? paths->prefix : here, line->file);
	if (paths->file != NULL && init_error_log(paths, line->error_log))
		return true;
	app_paths_finish(paths);
	return false;
}

void app_paths_finish(struct app_paths *paths)
{
	free(paths->file);
	free(paths->prefix);
	free(paths->error_log);
	*paths = (struct app_paths){NULL};
}

struct conf_rules app_rules(const struct app_paths *paths)
{
	return (struct conf_rules){
		.is_strategy = lb_is_strategy,
		.strategies = lb_strategy_names(),
		.prefix = paths->prefix,
		.globals = paths->globals,
		.error_log = paths->error_log,
		.is_nginx_if_unread = app_nginx_may_be(),
	};
}

struct conf *app_read(const struct app_paths *paths, struct conf_problems *problems)
{
	const struct conf_rules rules = app_rules(paths);
	return conf_read(paths->file, &rules, problems);
}

const char *app_log_problems(const struct conf_problems *problems)
{
	if (problems->is_nginx)
		app_nginx_tell_problem(problems);
	for (const struct conf_problem *p = problems->is_nginx ? NULL : problems->first; p != NULL;
		p = p->next)
		log_always(LOG_ERROR, "config_problem", "file=%s line=%u text=%s",
			LOG_QUOTE(p->file), p->line, LOG_QUOTE(p->text));
	if (problems->count != 0 && problems->first == NULL && !problems->is_nginx)
		log_error("config_problem", "file=- line=0 text=\"out of memory\"");
	if (problems->count == 0)
		return "";
	return problems->first == NULL ? "out of memory" : problems->first->text;
}

static void print_problems(const struct conf_problems *problems, const char *file)
{
	for (const struct conf_problem *p = problems->first; p != NULL; p = p->next) {
		if (p->line != 0)
			(void)fprintf(stderr, "%s:%u: %s\n", p->file, p->line, p->text);
		else
			(void)fprintf(stderr, "%s: %s\n", p->file, p->text);
	}
	(void)fprintf(stderr, "configuration %s has %u problem%s\n", file, problems->count,
		problems->count == 1 ? "" : "s");
}

/* All that a start would do short of opening anything. NULL: there are problems. */
static struct generation *build(const struct app_paths *paths, struct conf_problems *problems)
{
	struct generation *generation = NULL;
	struct conf *conf = app_read(paths, problems);
	if (conf == NULL)
		return NULL;
	/* What comes now nginx finds while it reads. */
	problems->is_read_to_end = false;
	if (!conf_resolve(conf, problems)) {
		conf_destroy(conf);
		return NULL;
	}
	int rc = generation_create(&generation, conf, 1, problems);
	if (rc != 0 && problems->count == 0)
		conf_problem_add(problems, paths->file, 0, "%s", strerrordesc_np(-rc));
	return rc == 0 ? generation : NULL;
}

/* Once the problems are out of the way. */
static int tell_good(const struct generation *generation, const struct command_line *line,
	const char *file, bool is_dumped)
{
	struct privileges privileges;
	struct err err;
	const char *user = generation->conf->user;
	/* It may be there where the file will be used. */
	if (user[0] != '\0' && privileges_find(&privileges, user, &err) != 0)
		(void)fprintf(stderr, "note: %s here, so root could not start with it\n", err.text);
	if (!line->is_quiet)
		(void)fprintf(stderr, "configuration %s is ok\n", file);
	if (!is_dumped)
		return APP_OK;
	char *dump = conf_dump(generation->conf);
	bool is_told = dump != NULL && fputs(dump, stdout) >= 0 && fflush(stdout) == 0;
	free(dump);
	return is_told ? APP_OK : APP_FAILED;
}

static int fail_without_memory(void)
{
	(void)fprintf(stderr, "comfymux: out of memory\n");
	return APP_FAILED;
}

int app_check(const struct command_line *line, bool is_dumped)
{
	struct app_paths paths;
	struct conf_problems problems;
	int result = APP_FAILED;
	if (!app_paths_init(&paths, line))
		return fail_without_memory();
	if (loop_start() != 0 || hash_start() != 0 || proxy_start() != 0) {
		app_paths_finish(&paths);
		return fail_without_memory();
	}
	log_level = LOG_ERROR; /* what would be logged is printed */
	conf_problems_init(&problems);
	struct generation *generation = build(&paths, &problems);
	app_nginx_begin(&paths, &problems);
	if (app_is_nginx)
		result = app_nginx_judge(
			generation == NULL ? NULL : generation->conf, &problems, line, paths.file);
	else if (generation != NULL)
		result = tell_good(generation, line, paths.file, is_dumped);
	else
		print_problems(&problems, paths.file);
	generation_unref(generation);
	conf_problems_finish(&problems);
	app_paths_finish(&paths);
	proxy_finish();
	loop_finish();
	return result;
}

static int send_signal(const struct conf *conf, const struct command_line *line)
{
	struct err err;
	pid_t pid;
	if (conf->pid_file[0] == '\0') {
		(void)fprintf(stderr, "comfymux: -s needs pid_file in %s\n", conf->file);
		return APP_FAILED;
	}
	if (pidfile_find(&pid, conf->pid_file, &err) != 0) {
		(void)fprintf(stderr, "comfymux: %s\n", err.text);
		return APP_FAILED;
	}
	if (kill(pid, line->signal) != 0) {
		int error = errno;
		(void)fprintf(stderr, "comfymux: cannot tell process %ld to %s: %s\n", (long)pid,
			line->word, strerrordesc_np(error));
		return APP_FAILED;
	}
	return APP_OK;
}

int app_signal(const struct command_line *line)
{
	struct app_paths paths;
	struct conf_problems problems;
	int result = APP_FAILED;
	if (!app_paths_init(&paths, line))
		return fail_without_memory();
	conf_problems_init(&problems);
	struct conf *conf = app_read(&paths, &problems);
	app_nginx_begin(&paths, &problems);
	if (conf == NULL && app_is_nginx)
		app_nginx_tell_problem(&problems);
	else if (conf == NULL)
		print_problems(&problems, paths.file);
	else if (app_is_nginx)
		result = app_nginx_signal(conf, line);
	else
		result = send_signal(conf, line);
	conf_destroy(conf);
	conf_problems_finish(&problems);
	app_paths_finish(&paths);
	return result;
}
