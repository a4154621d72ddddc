/*
 * app.c - the whole life: start, signals, end.
 *
 *   read -> leave the terminal -> create -> open all, give root up -> serve -> end
 *
 * The end takes the same way back, from wherever the start got to.
 */
#include "app.h"
#include "base/clock.h"
#include "base/daemon.h"
#include "base/failalloc.h"
#include "base/hash.h"
#include "base/inherit.h"
#include "base/loop.h"
#include "base/pidfile.h"
#include "comfy/comfy.h"
#include "comfy/fleet.h"
#include "comfy/routes.h"
#include "conf/process.h"
#include "health/fetch.h"
#include "health/health.h"
#include "proxy/proxy.h"
#include "proxy/sock.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <unistd.h>

#define QUIT_LOOK_MS 200

static void on_hup(void);
static void on_quit(void);
static void on_term(void);
static void on_int(void);
static void on_usr1(void);
static void on_usr2(void);
static void on_winch(void);
static void on_chld(void);

static const struct {
	int number;
	void (*act)(void);
	const char *action; /* what nginx's form of the log adds */
} handlers[] = {
	{SIGHUP, on_hup, ", reconfiguring"},
	{SIGQUIT, on_quit, ", shutting down"},
	{SIGTERM, on_term, ", exiting"},
	{SIGINT, on_int, ", exiting"},
	{SIGUSR1, on_usr1, ", reopening logs"},
	{SIGUSR2, on_usr2, ", changing binary"},
	{SIGWINCH, on_winch, ""},
	{SIGCHLD, on_chld, ""},
};

struct reload_status app_status;

static struct {
	struct app_paths paths;
	struct admin *admin;    /* owned, NULL without admin.listen */
	struct pidfile pidfile; /* ours while we live */
	struct event signals[COUNT_OF(handlers)];
	bool has_signals, has_proxy;
	bool is_quitting, is_holding;
	struct deadline drain;      /* QUIT does not wait longer */
	struct deadline look;       /* after QUIT: jobs that are still to end */
	const char *stopped_reason; /* static; NULL while we serve */
} app;

/* -- signals -- */

static void stop(const char *reason)
{
	if (app.stopped_reason != NULL)
		return;
	app.stopped_reason = reason;
	loop_stop();
}

static void on_term(void)
{
	stop("term");
}

static void on_int(void)
{
	stop("int");
}

/* Who sent a job and went away will come back for it. */
static void on_empty(void)
{
	if (fleets_unsaved() == 0)
		stop("quit");
	else
		deadline_set(&app.look, QUIT_LOOK_MS);
}

static void on_look(struct deadline *deadline)
{
	(void)deadline;
	if (proxy_connections() == 0)
		on_empty();
}

static void on_drained(struct deadline *deadline)
{
	(void)deadline;
	log_warn("drain_timeout", "connections=%u what=\"those that are left are closed\"",
		proxy_connections());
	stop("drain_timeout");
}

static void on_quit(void)
{
	if (app.is_quitting)
		return;
	app.is_quitting = true;
	reload_cancel();
	log_info("quitting", "connections=%u", proxy_connections());
	deadline_set(&app.drain, era_generation(app_era)->conf->timeouts.drain_ms);
	proxy_on_empty(on_empty);
	proxy_stop_accepting();
	if (proxy_connections() == 0)
		on_empty();
}

static void on_hup(void)
{
	if (app.is_quitting)
		log_warn("reload_ignored", "why=quitting");
	else
		reload_request(&app.paths);
	if (!app.is_holding)
		return;
	app.is_holding = false;
	proxy_hold_accepting(false);
}

static void on_usr1(void)
{
	struct err err;
	bool is_done = true;
	if (log_reopen(&err) != 0) {
		log_error("reopen_failed", "log=error why=%s", LOG_QUOTE(err.text));
		is_done = false;
	}
	if (proxy_access_log_reopen(&err) != 0) {
		log_error("reopen_failed", "log=access why=%s", LOG_QUOTE(err.text));
		is_done = false;
	}
	if (is_done)
		log_info("logs_reopened", "pid=%ld", (long)getpid());
}

static void on_usr2(void)
{
	if (app.is_quitting)
		log_warn("upgrade_ignored", "why=quitting");
	else
		upgrade_request(&app.pidfile);
}

/* Who has a terminal gets one each time its window changes. */
static void on_winch(void)
{
	if (!era_generation(app_era)->conf->daemon || app.is_quitting)
		return;
	app.is_holding = true;
	proxy_hold_accepting(true);
	log_always(LOG_NOTICE, "accepting_stopped", "connections=%u", proxy_connections());
}

static void on_chld(void)
{
	upgrade_on_child(&app.pidfile);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	(void)arg;
	(void)clock_tick();
	for (size_t i = 0; i < COUNT_OF(handlers); i++) {
		if (handlers[i].number != number)
			continue;
		log_nginx(LOG_NOTICE, "signal %d (SIG%s) received%s", number,
			sigabbrev_np((int)number), handlers[i].action);
		handlers[i].act();
	}
}

static bool catch_signals(void)
{
	for (size_t i = 0; i < COUNT_OF(handlers); i++)
		(void)evsignal_assign(
			&app.signals[i], loop_base(), handlers[i].number, on_signal, NULL);
	app.has_signals = true;
	for (size_t i = 0; i < COUNT_OF(handlers); i++) {
		if (evsignal_add(&app.signals[i], NULL) != 0)
			return false;
	}
	return true;
}

/* -- what others tell us -- */

static void on_worker_change(struct backend *backend, enum backend_state from)
{
	static const char *const names[BACKEND_STATES] = {"up", "busy", "down"};
	if (backend->state == from) {
		log_info("worker_draining", "pool=%s worker=%s draining=%s",
			LOG_QUOTE(backend->pool), LOG_QUOTE(backend->id),
			backend->is_draining ? "yes" : "no");
		fleet_backend_changed(backend, from);
		return;
	}
	enum log_level level = backend->state == BACKEND_UP ? LOG_INFO : LOG_WARN;
	LOG_AT(level, "worker_state", "pool=%s worker=%s from=%s to=%s why=%s",
		LOG_QUOTE(backend->pool), LOG_QUOTE(backend->id), names[from],
		names[backend->state], LOG_QUOTE(backend->why));
	if (backend->state == BACKEND_DOWN)
		proxy_close_tunnels(backend);
	fleet_backend_changed(backend, from);
}

static void on_libevent_log(int severity, const char *text)
{
	if (severity >= EVENT_LOG_ERR)
		log_error("libevent", "text=%s", LOG_QUOTE(text));
	else if (severity == EVENT_LOG_WARN)
		log_warn("libevent", "text=%s", LOG_QUOTE(text));
	else
		log_debug("libevent", "text=%s", LOG_QUOTE(text));
}

/* -- start -- */

static struct conf *read_first(const struct app_paths *paths)
{
	struct conf_problems problems;
	conf_problems_init(&problems);
	struct conf *conf = app_read(paths, &problems);
	app_nginx_begin(paths, &problems);
	if (conf != NULL)
		app_nginx_tell_warnings(conf);
	if (conf != NULL && !conf_resolve(conf, &problems)) {
		conf_destroy(conf);
		conf = NULL;
	}
	if (conf == NULL)
		(void)start_failed_problems(&problems);
	conf_problems_finish(&problems);
	return conf;
}

static bool start_parts(const struct command_line *line)
{
	sock_no_splice = line->no_splice;
	sock_short_io = line->short_io;
	failalloc_set(line->fail_alloc);
	event_set_log_callback(on_libevent_log);
	if (loop_start() != 0)
		return start_failed("loop", "out of memory or descriptors");
	deadline_init(&app.drain, on_drained);
	deadline_init(&app.look, on_look);
	if (hash_start() != 0)
		return start_failed("hash", "the system has no randomness");
	int rc = proxy_start();
	if (rc != 0)
		return start_failed("proxy", strerrordesc_np(-rc));
	app.has_proxy = true;
	health_set_reader(comfy_read_system_stats);
	proxy_set_inspector(&comfy_inspector);
	proxy_set_handler(&comfy_handler);
	lb_backend_on_change(on_worker_change);
	return catch_signals() || start_failed("signals", "out of memory");
}

/* Takes `conf` over. */
static struct generation *create_first(struct conf *conf)
{
	struct generation *generation = NULL;
	struct conf_problems problems;
	conf_problems_init(&problems);
	int rc = generation_create(&generation, conf, 1, &problems);
	if (rc != 0 && problems.count == 0)
		conf_problem_add(&problems, app.paths.file, 0, "%s", strerrordesc_np(-rc));
	if (rc != 0)
		(void)start_failed_problems(&problems);
	conf_problems_finish(&problems);
	return rc == 0 ? generation : NULL;
}

static bool logs_to_stderr(const struct conf *conf)
{
	bool does = strcmp(conf->error_log, "stderr") == 0;
	for (uint32_t i = 0; conf->process != NULL && i < conf->process->error_log_path_count; i++)
		does = does || strcmp(conf->process->error_log_paths[i], "stderr") == 0;
	return does;
}

/* Takes `conf` over. */
static bool start_serving(struct conf *conf)
{
	struct generation *generation = create_first(conf);
	if (generation == NULL)
		return false;
	if (!start_open(generation, &app.admin, &app.pidfile)) {
		generation_unref(generation);
		return false;
	}
	app_nginx_tell_notices(generation->conf);
	struct era *era = era_create(generation);
	if (era == NULL)
		return start_failed("memory", "there is none");
	era_begin(era);
	app_status.ok_count = 1;
	app_status.last_ok_wall_us = app_status.started_wall_us;
	if (inherit_finish() != 0)
		log_warn("inherited_sockets_closed", "what=\"nothing is configured for them\"");
	log_info("started", "pid=%ld version=%s", (long)getpid(), COMFYMUX_VERSION);
	app_nginx_served();
	if (!logs_to_stderr(generation->conf))
		daemon_drop_stderr();
	daemon_ready();
	return true;
}

/* -- end -- */

static void finish(void)
{
	reload_cancel();
	drain_finish();
	admin_stop(app.admin);
	if (app.has_proxy)
		proxy_finish();
	fleets_finish();
	era_finish_all();
	if (app.has_signals) {
		/* One that comes now must not end us before the rest is put away. */
		for (size_t i = 0; i < COUNT_OF(handlers); i++) {
			(void)event_del(&app.signals[i]);
			/* Children are still to be waited for. */
			(void)signal(handlers[i].number,
				handlers[i].number == SIGCHLD ? SIG_DFL : SIG_IGN);
		}
	}
	fetches_finish();
	loop_finish();
	pidfile_remove(&app.pidfile);
	if (app.stopped_reason != NULL)
		log_info("stopped", "reason=%s", app.stopped_reason);
	log_nginx(LOG_NOTICE, "exit");
	log_close();
	app_paths_finish(&app.paths);
	upgrade_finish();
	libevent_global_shutdown();
}

static bool serve(const struct command_line *line)
{
	struct err err;
	if (!app_paths_init(&app.paths, line))
		return start_failed("memory", "there is none");
	app_status.started_wall_us = clock_wall_us();
	struct conf *conf = read_first(&app.paths);
	if (conf == NULL)
		return false;
	/* Before there is a loop, which a fork would split. */
	bool is_alone = !conf->daemon || inherit_has_parent() || daemon_start(&err) == 0 ||
			start_failed("daemon", err.text);
	start_raise_descriptors(conf);
	if (!is_alone || !start_parts(line)) {
		conf_destroy(conf);
		return false;
	}
	if (!start_serving(conf))
		return false;
	failalloc_start();
	loop_run();
	failalloc_stop();
	return true;
}

int app_serve(const struct command_line *line, char *const *argv)
{
	upgrade_init(argv);
	bool has_served = serve(line);
	finish();
	return has_served ? APP_OK : APP_FAILED;
}
