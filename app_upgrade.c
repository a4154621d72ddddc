/*
 * app_upgrade.c - USR2: another program, usually a newer one of ours, beside this one.
 *
 *   pid file -> .oldbin       the new one starts with our listening sockets and writes the pid file
 *   both accept               QUIT to us: what runs here finishes, and the new one is alone
 *   the new one ends          .oldbin -> pid file: it is as before
 *
 * nginx does it the same way and with the same words in the environment, so either may follow the
 * other.
 */
#include "app.h"
#include "base/inherit.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKETS_MOST 1024

static struct {
	char *const *argv; /* borrowed: the process's own */
	char *program;     /* owned; absolute. NULL: it was not found */
	char folder[PATH_MAX];
	char *pid_path; /* owned; the pid file's name before .oldbin */
	pid_t child;    /* 0: there is none */
} upgrade;

/* As a shell finds `name`. Caller frees; NULL when it is nowhere. */
static char *find_program(const char *name)
{
	if (strchr(name, '/') != NULL)
		return app_path_behind(upgrade.folder, name);
	/* There is one thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *folders = getenv("PATH");
	while (folders != NULL && *folders != '\0') {
		size_t n = strcspn(folders, ":");
		char *path;
		if (asprintf(&path, "%.*s/%s", (int)n, folders, name) < 0)
			return NULL;
		if (path[0] == '/' && access(path, X_OK) == 0)
			return path;
		free(path);
		folders += folders[n] == ':' ? n + 1 : n;
	}
	return NULL;
}

void upgrade_init(char *const *argv)
{
	upgrade.argv = argv;
	if (getcwd(upgrade.folder, sizeof(upgrade.folder)) == NULL)
		strcpy(upgrade.folder, "/");
	upgrade.program = find_program(argv[0]);
	inherit_start();
}

void upgrade_finish(void)
{
	free(upgrade.program);
	free(upgrade.pid_path);
	upgrade.program = upgrade.pid_path = NULL;
	(void)inherit_finish();
}

static void tell_failure(const char *why)
{
	log_always(LOG_ERROR, "upgrade_failed", "why=%s", LOG_QUOTE(why));
}

/* The pid file's own name is free for the new one. */
static bool set_aside(struct pidfile *pidfile, struct err *err)
{
	char *aside;
	upgrade.pid_path = strdup(pidfile->path);
	if (upgrade.pid_path == NULL || asprintf(&aside, "%s.oldbin", pidfile->path) < 0) {
		err_set(err, "out of memory");
		return false;
	}
	bool is_done = pidfile_move(pidfile, aside, err) == 0;
	free(aside);
	return is_done;
}

static void put_back(struct pidfile *pidfile)
{
	struct err err;
	proxy_share_listeners(false);
	if (pidfile_move(pidfile, upgrade.pid_path, &err) != 0)
		tell_failure(err.text);
	free(upgrade.pid_path);
	upgrade.pid_path = NULL;
}

static bool spawn(struct err *err)
{
	static int fds[SOCKETS_MOST];
	uint32_t count = proxy_listening(fds, SOCKETS_MOST);
	if (count > SOCKETS_MOST) {
		err_set(err, "more than %d listening sockets", SOCKETS_MOST);
		return false;
	}
	(void)fflush(NULL);
	return inherit_spawn(&upgrade.child, upgrade.program, upgrade.argv, upgrade.folder, fds,
		       count, err) == 0;
}

void upgrade_request(struct pidfile *pidfile)
{
	struct err err;
	const char *why = NULL;
	if (upgrade.child != 0)
		why = "the one before is still there";
	else if (pidfile->path == NULL)
		why = "there is no pid file that could tell the two apart";
	else if (upgrade.program == NULL)
		why = "the program's own file was not found";
	if (why != NULL) {
		log_always(LOG_WARN, "upgrade_ignored", "why=%s", LOG_QUOTE(why));
		return;
	}
	if (!set_aside(pidfile, &err)) {
		free(upgrade.pid_path);
		upgrade.pid_path = NULL;
		tell_failure(err.text);
		return;
	}
	proxy_share_listeners(true);
	if (!spawn(&err)) {
		tell_failure(err.text);
		put_back(pidfile);
		return;
	}
	log_always(LOG_NOTICE, "upgrade_started", "pid=%ld program=%s", (long)upgrade.child,
		LOG_QUOTE(upgrade.program));
}

void upgrade_on_child(struct pidfile *pidfile)
{
	int status;
	if (upgrade.child == 0 || waitpid(upgrade.child, &status, WNOHANG) != upgrade.child)
		return;
	bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	log_always(is_good ? LOG_NOTICE : LOG_ERROR, "upgrade_ended",
		"pid=%ld %s=%d what=\"this one goes on\"", (long)upgrade.child,
		WIFEXITED(status) ? "code" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	upgrade.child = 0;
	put_back(pidfile);
}
