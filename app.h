/*
 * app.h - what wires the folders together: the life of the program.
 *
 *   main.c          the command line
 *   app.c           the whole life: start, signals, end
 *   app_start.c     sockets, logs, pid file, and root given up
 *   app_check.c     -t, -T and -s: reading a configuration without serving it
 *   app_nginx.c     the same, and what else is said at a start, in nginx's words
 *   app_reload.c    HUP: a new configuration beside the running one, step by step
 *   app_upgrade.c   USR2: another program with the same sockets
 *   app_era.c       a generation and who watches its workers; old ones until they are empty
 *   app_drain.c     workers that are taken away: what runs there may finish, for a time
 *
 * These files alone include every folder.
 */
#ifndef APP_H
#define APP_H

#include "admin/admin.h"
#include "base/command_line.h"
#include "base/pidfile.h"
#include "proxy/generation.h"

/* The exit codes. */
enum { APP_OK = 0, APP_FAILED = 1 };

/* How reloads went, for the admin pages. Kept by app_reload.c and app_era.c. */
extern struct reload_status app_status;

/* Each reads what the command line says and returns the program's exit code. `argv` is the
 * process's own. */
int app_serve(const struct command_line *line, char *const *argv);
int app_check(const struct command_line *line, bool is_dumped);
int app_signal(const struct command_line *line);

/* -- app_check.c -- */

/* The files and the prefix as absolute paths: a daemon has another working folder. */
struct app_paths {
	char *file, *prefix; /* owned; prefix is NULL when there was none */
	char *error_log;     /* -e; owned; NULL when there was none */
	const char *globals; /* -g; borrowed from argv */
};
bool app_paths_init(struct app_paths *paths, const struct command_line *line) MUST_CHECK;
void app_paths_finish(struct app_paths *paths);

/* `path` behind `folder`, unless it is absolute. Caller frees; NULL: no memory. */
char *app_path_behind(const char *folder, const char *path) MUST_CHECK;
/* Borrows the paths. */
struct conf_rules app_rules(const struct app_paths *paths);
struct conf *app_read(const struct app_paths *paths, struct conf_problems *problems) MUST_CHECK;
/* One line of the error log for each; returns the first one's text, "" without problems. */
const char *app_log_problems(const struct conf_problems *problems);

/* -- app_nginx.c -- */

/* Whether nginx's words are to be used: its configuration is in use, or was not good enough. */
extern bool app_is_nginx;

/* After the reading: from now on nginx's words if the file was nginx's. -e is opened. */
void app_nginx_begin(const struct app_paths *paths, const struct conf_problems *problems);
/* To the log, and up to warnings to stderr as "nginx: [emerg] TEXT", until the start is over. */
void app_nginx_tell(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* The first problem, with its place. */
void app_nginx_tell_problem(const struct conf_problems *problems);
/* Warnings and notices about a good file. At a start there is no log for notices until the file's
 * own is open: they come apart then. */
void app_nginx_tell_warnings(const struct conf *conf);
void app_nginx_tell_notices(const struct conf *conf);
void app_nginx_tell_notes(const struct conf *conf);
/* The start is over: only the log is written to. */
void app_nginx_served(void);
/* Whether a file that nobody can read may be taken for nginx's: not by who serves another one. */
bool app_nginx_may_be(void);
/* Opens the logs that the configuration names. False: told. */
bool app_nginx_open_logs(const struct conf *conf, struct err *err);
/* -t and -T: the last words, and what is printed. The exit code. */
int app_nginx_judge(const struct conf *conf, const struct conf_problems *problems,
	const struct command_line *line, const char *file);
/* --to-native: the exit code. */
int app_nginx_native(const struct command_line *line);
/* -s */
int app_nginx_signal(const struct conf *conf, const struct command_line *line);

/* -- app_upgrade.c -- */

/* Before anything opens a descriptor or changes the folder: takes sockets that were handed over. */
void upgrade_init(char *const *argv);
void upgrade_finish(void);
/* USR2. Tells the log how it goes. */
void upgrade_request(struct pidfile *pidfile);
/* A child has ended: if it was the new program, all is as before. */
void upgrade_on_child(struct pidfile *pidfile);

/* -- app_era.c -- */

struct era;

/* The era that is in force; NULL before the first began. */
extern struct era *app_era;

/* Takes the generation over, on failure too. NULL: no memory. Nothing begins yet. */
struct era *era_create(struct generation *generation) MUST_CHECK;
/* Only for one that has not begun. Takes NULL. */
void era_destroy(struct era *era);
const struct generation *era_generation(const struct era *era);
/* Cannot fail: pools follow their workers, the proxy serves the generation, and its workers are
 * watched; the era before it is over, and its generation goes when nothing runs in it. */
void era_begin(struct era *era);
/* At exit, after the proxy has let go. */
void era_finish_all(void);

/* -- app_drain.c -- */

/* `now` is in force in the place of `old`, which may be NULL: workers that left, and those with
 * drain = true, have timeouts.drain to finish. */
void drain_update(const struct generation *old, const struct generation *now);
/* A pool of `now` has other members than `old`, whose place it took. */
void drain_members(const struct lb_pool *old, const struct generation *now);
void drain_finish(void);

/* -- app_start.c -- */

/* As many descriptors as we may have. */
void start_raise_descriptors(const struct conf *conf);
/* Opens all that the generation needs, the logs and the admin side (*ret_admin, NULL without one),
 * writes the pid file, and gives root up where `user` says so. Nobody is served yet. False: it is
 * in the log why. */
bool start_open(struct generation *generation, struct admin **ret_admin,
	struct pidfile *pidfile) MUST_CHECK;
/* One line of the log; always false. */
bool start_failed(const char *what, const char *why);
bool start_failed_problems(const struct conf_problems *problems);

/* -- app_reload.c -- */

/* Begins a reload, or has one more follow the one that runs. */
void reload_request(const struct app_paths *paths);
/* Gives up the one that runs, if any: nothing of it stays. */
void reload_cancel(void);
/* Tells when there are fewer descriptors than limits.max_connections needs. */
void reload_check_descriptors(const struct conf *conf);

#endif
