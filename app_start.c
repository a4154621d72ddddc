/*
 * app_start.c - what a start opens, and who it is afterwards.
 *
 * Whatever needs root or can be refused is done here, before anybody is served.
 */
#include "app.h"
#include "base/log.h"
#include "base/privileges.h"
#include "conf/log_format.h"
#include "conf/process.h"
#include "conf/web.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

bool start_failed(const char *what, const char *why)
{
	if (app_is_nginx)
		app_nginx_tell(LOG_EMERG, "%s", why);
	else
		log_error("start_failed", "what=%s why=%s", LOG_QUOTE(what), LOG_QUOTE(why));
	return false;
}

bool start_failed_problems(const struct conf_problems *problems)
{
	if (!app_is_nginx)
		return start_failed("configuration", app_log_problems(problems));
	app_nginx_tell_problem(problems);
	return false;
}

void start_raise_descriptors(const struct conf *conf)
{
	struct rlimit limit;
	uint64_t wanted = conf->process == NULL ? 0 : conf->process->descriptors;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = wanted != 0 ? wanted : limit.rlim_max;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	int error = errno;
	app_nginx_tell(LOG_ALERT, "setrlimit(RLIMIT_NOFILE, %llu) failed (%d: %s)",
		(unsigned long long)wanted, error, strerrordesc_np(error));
}

/* ret_privileges->user is NULL when we stay who we are. */
static bool find_user(const struct conf *conf, struct privileges *ret_privileges)
{
	struct err err;
	*ret_privileges = (struct privileges){.user = NULL};
	if (conf->user[0] == '\0')
		return true;
	int rc = privileges_find(ret_privileges, conf->user, &err);
	if (!privileges_is_root()) {
		if (rc != 0 || ret_privileges->uid != geteuid())
			log_warn("user_ignored",
				"user=%s why=\"only root can become somebody else\"",
				LOG_QUOTE(conf->user));
		ret_privileges->user = NULL;
		return true;
	}
	if (rc != 0)
		return start_failed("user", err.text);
	/* nginx's master reads as root again at every reload. */
	ret_privileges->keeps_reading = conf->process != NULL;
	if (conf->process != NULL && conf->process->group != NULL) {
		if (privileges_find_group(&ret_privileges->gid, conf->process->group) != 0)
			return start_failed("user", "there is no such group");
	}
	if (ret_privileges->uid == 0)
		ret_privileges->user = NULL;
	return true;
}

static int give_log(const struct privileges *privileges, const char *path, struct err *err)
{
	return path[0] == '/' ? privileges_give_file(privileges, path, err) : 0;
}

static int give_access_files(const struct conf_log_formats *formats,
	const struct privileges *privileges, struct err *err)
{
	int rc = 0;
	/* The one that nobody asked for may be missing. */
	for (uint32_t i = 0; rc == 0 && i < formats->file_count; i++)
		if (!formats->files[i]->is_default)
			rc = give_log(privileges, formats->files[i]->path, err);
	return rc;
}

static int give_logs(const struct conf *conf, const struct privileges *privileges, bool is_access,
	struct err *err)
{
	if (is_access && conf->web != NULL)
		return give_access_files(conf->web->formats, privileges, err);
	if (is_access)
		return give_log(privileges, conf->access_log, err);
	if (conf->process == NULL)
		return give_log(privileges, conf->error_log, err);
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < conf->process->error_log_path_count; i++)
		rc = give_log(privileges, conf->process->error_log_paths[i], err);
	return rc;
}

static bool open_now(const struct conf *conf, bool is_access, struct err *err)
{
	if (is_access)
		return proxy_access_log(conf->access_log, conf->access_format, err) == 0 &&
		       proxy_access_files(conf, err) == 0;
	if (conf->process != NULL)
		return app_nginx_open_logs(conf, err);
	return log_open(conf->error_log, conf->error_level, err) == 0;
}

/* Logs are opened as the user, who will have to open them anew; root only makes them. */
static bool open_log(const struct conf *conf, const struct privileges *privileges, bool is_access)
{
	struct err err;
	bool is_lent = privileges->user != NULL;
	bool is_done = !is_lent || (give_logs(conf, privileges, is_access, &err) == 0 &&
					   privileges_lend(privileges, &err) == 0);
	if (is_done) {
		is_done = open_now(conf, is_access, &err);
		if (is_lent)
			privileges_return();
	}
	return is_done || start_failed(is_access ? "access_log" : "error_log", err.text);
}

static bool listen_all(struct generation *generation)
{
	struct conf_problems problems;
	conf_problems_init(&problems);
	bool is_done = proxy_listen(generation, &problems) == 0 || start_failed_problems(&problems);
	conf_problems_finish(&problems);
	return is_done;
}

static bool open_admin(const struct conf *conf, struct admin **ret_admin)
{
	struct err err;
	struct addr bound;
	char text[ADDR_TEXT];
	if (conf->admin_listen[0] == '\0')
		return true;
	if (admin_start(ret_admin, &conf->admin_addr, &app_status, &bound, &err) != 0)
		return start_failed("admin", err.text);
	addr_format(&bound, text);
	log_info("admin_listening", "address=%s configured=%s", LOG_QUOTE(text),
		LOG_QUOTE(conf->admin_listen));
	return true;
}

static bool write_pidfile(const struct conf *conf, struct pidfile *pidfile)
{
	struct err err;
	int rc = conf->pid_file[0] == '\0' ? 0 : pidfile_write(pidfile, conf->pid_file, &err);
	if (rc == 0)
		return true;
	if (app_is_nginx && rc != -EEXIST)
		err_set(&err, "open() \"%s\" failed (%d: %s)", conf->pid_file, -rc,
			strerrordesc_np(-rc));
	return start_failed("pid_file", err.text);
}

/* As nginx does: what root makes is the user's. */
static bool make_temp_folders(const struct conf *conf, const struct privileges *privileges)
{
	struct err err;
	uint32_t count = conf->process == NULL ? 0 : conf->process->temp_folder_count;
	for (uint32_t i = 0; i < count; i++) {
		const char *path = conf->process->temp_folders[i];
		int error = mkdir(path, 0700) != 0 ? errno : 0;
		if (error == 0 && privileges->user != NULL &&
			chown(path, privileges->uid, privileges->gid) != 0)
			error = errno;
		if (error != 0 && error != EEXIST) {
			err_set(&err, "mkdir() \"%s\" failed (%d: %s)", path, error,
				strerrordesc_np(error));
			return start_failed("temp_path", err.text);
		}
	}
	return true;
}

/* Root's files that a reload will have to read as somebody else. */
static void warn_unreadable(const char *path)
{
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		log_warn("reload_will_fail", "file=%s why=\"the user may not read it\"",
			LOG_QUOTE(path));
}

static void warn_unreadable_keys(const struct conf_tls *tls)
{
	if (tls->web == NULL) {
		warn_unreadable(tls->key);
		return;
	}
	for (uint32_t i = 0; i < tls->web->certificate_key.count; i++) {
		const char *path = tls->web->certificate_key.items[i].path;
		if (path != NULL)
			warn_unreadable(path);
	}
}

static bool give_up_root(const struct conf *conf, const struct privileges *privileges)
{
	struct err err;
	const struct addr *admin = &conf->admin_addr;
	if (privileges->user == NULL)
		return true;
	if (conf->admin_listen[0] != '\0' && admin->u.any.sa_family == AF_UNIX &&
		privileges_give_socket(privileges, admin->u.un.sun_path, &err) != 0)
		return start_failed("user", err.text);
	if (privileges_drop(privileges, &err) != 0)
		return start_failed("user", err.text);
	/* As a reload will: a container may have withheld the power that was to be kept. */
	privileges_raise();
	warn_unreadable(conf->file);
	for (uint32_t i = 0; i < conf->server_count; i++) {
		if (conf->servers[i].tls != NULL)
			warn_unreadable_keys(conf->servers[i].tls);
	}
	privileges_lower();
	return true;
}

static bool enter_folder(const struct conf *conf)
{
	struct err err;
	const char *folder = conf->process == NULL ? NULL : conf->process->working_folder;
	if (folder == NULL || chdir(folder) == 0)
		return true;
	int error = errno;
	err_set(&err, "chdir(\"%s\") failed (%d: %s)", folder, error, strerrordesc_np(error));
	return start_failed("working_directory", err.text);
}

bool start_open(struct generation *generation, struct admin **ret_admin, struct pidfile *pidfile)
{
	const struct conf *conf = generation->conf;
	struct privileges privileges;
	if (!find_user(conf, &privileges) || !open_log(conf, &privileges, false))
		return false;
	reload_check_descriptors(conf);
	return listen_all(generation) && open_admin(conf, ret_admin) &&
	       open_log(conf, &privileges, true) && write_pidfile(conf, pidfile) &&
	       make_temp_folders(conf, &privileges) && give_up_root(conf, &privileges) &&
	       enter_folder(conf);
}
