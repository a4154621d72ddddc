/*
 * app_start.c - what a start opens, and who it is afterwards.
 *
 * Whatever needs root or can be refused is done here, before anybody is served.
 */
#include "app.h"
#include "base/log.h"
#include "base/privileges.h"
#include "proxy/proxy.h"

#include <sys/resource.h>
#include <unistd.h>

bool start_failed(const char *what, const char *why)
{
	log_error("start_failed", "what=%s why=%s", LOG_QUOTE(what), LOG_QUOTE(why));
	return false;
}

bool start_failed_problems(const struct conf_problems *problems)
{
	return start_failed("configuration", app_log_problems(problems));
}

void start_raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* ret_privileges->user is NULL when we stay who we are. */
static bool find_user(const struct conf *conf, struct privileges *ret_privileges)
{
	struct err err;
	*ret_privileges = (struct privileges){NULL, 0, 0};
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
	if (ret_privileges->uid == 0)
		ret_privileges->user = NULL;
	return true;
}

/* Logs are opened as the user, who will have to open them anew; root only makes them. */
static bool open_log(const struct conf *conf, const struct privileges *privileges, bool is_access)
{
	struct err err;
	const char *path = is_access ? conf->access_log : conf->error_log;
	bool is_lent = path[0] == '/' && privileges->user != NULL;
	int rc = 0;
	if (is_lent)
		rc = privileges_give_file(privileges, path, &err);
	if (is_lent && rc == 0)
		rc = privileges_lend(privileges, &err);
	if (rc == 0) {
		rc = is_access ? proxy_access_log(path, conf->access_format, &err)
			       : log_open(path, conf->error_level, &err);
		if (is_lent)
			privileges_return();
	}
	return rc == 0 || start_failed(is_access ? "access_log" : "error_log", err.text);
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
	return conf->pid_file[0] == '\0' || pidfile_write(pidfile, conf->pid_file, &err) == 0 ||
	       start_failed("pid_file", err.text);
}

/* Root's files that a reload will have to read as somebody else. */
static void warn_unreadable(const char *path)
{
	if (access(path, R_OK) != 0)
		log_warn("reload_will_fail", "file=%s why=\"the user may not read it\"",
			LOG_QUOTE(path));
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
	warn_unreadable(conf->file);
	for (uint32_t i = 0; i < conf->server_count; i++) {
		if (conf->servers[i].tls != NULL)
			warn_unreadable(conf->servers[i].tls->key);
	}
	return true;
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
	       give_up_root(conf, &privileges);
}
