/*
 * app_reload.c - a new configuration beside the running one, then in its place.
 *
 *   read -> look names up -> create -> listen -> open logs -> tell the changes -> commit
 *     '-------'-----------------'---------'---------'
 *         any failure: all of the new one goes, the running one never knew
 *
 * Each step has a turn of the loop for itself, so that a thousand workers hold nobody up.
 */
#include "app.h"
#include "base/clock.h"
#include "base/logfile.h"
#include "base/loop.h"
#include "base/privileges.h"
#include "conf/process.h"
#include "proxy/proxy.h"

#include <stdio.h>
#include <sys/resource.h>

#define CHANGES_MOST 50 /* lines about changes in the log */

static struct {
	bool is_running, is_wanted_again;
	struct next_turn turn;
	void (*step)(void); /* what the next turn does */
	const struct app_paths *paths;
	uint64_t began_us, number;

	/* Of the new one; what is not there yet is NULL. */
	struct conf_problems problems;
	struct conf_rules rules;
	struct conf_reading *reading;     /* owned */
	struct conf *conf;                /* owned until the generation has it */
	struct conf_resolving *resolving; /* owned */
	struct generation *generation;    /* ref, until the era has it */
	struct era *era;                  /* owned until it begins */
	uint32_t change_count;
} reload;

static void step_read(void);

static void on_turn(struct next_turn *turn)
{
	(void)turn;
	privileges_raise();
	reload.step();
	privileges_lower();
}

static void go_on(void (*step)(void))
{
	reload.step = step;
	next_turn_add(&reload.turn);
}

static void begin(void)
{
	reload.is_running = true;
	reload.is_wanted_again = false;
	reload.began_us = clock_now_us;
	reload.change_count = 0;
	conf_problems_init(&reload.problems);
	go_on(step_read);
}

/* Undoes whatever is there of the new one. */
static void give_up(void)
{
	next_turn_cancel(&reload.turn);
	conf_destroy(conf_reading_finish(reload.reading));
	reload.reading = NULL;
	conf_resolve_cancel(reload.resolving);
	reload.resolving = NULL;
	conf_destroy(reload.conf);
	reload.conf = NULL;
	proxy_unlisten_new();
	generation_unref(reload.generation);
	reload.generation = NULL;
	era_destroy(reload.era);
	reload.era = NULL;
	conf_problems_finish(&reload.problems);
	reload.is_running = false;
}

static void fail(void)
{
	uint32_t count = reload.problems.count;
	app_status.failed_count++;
	app_status.last_failed_wall_us = clock_wall_us();
	(void)snprintf(app_status.last_error, sizeof(app_status.last_error), "%s",
		app_log_problems(&reload.problems));
	give_up();
	if (!app_is_nginx)
		log_always(LOG_ERROR, "reload_failed",
			"problems=%u what=\"the running configuration goes on\"", count);
	if (reload.is_wanted_again)
		begin();
}

static void fail_without_memory(void)
{
	conf_problem_add(&reload.problems, reload.paths->file, 0, "out of memory");
	fail();
}

/* -- what changes -- */

static void tell(enum conf_change change, const char *what, void *arg)
{
	(void)arg;
	if (change == CONF_NEEDS_RESTART) {
		size_t n = strcspn(what, ":");
		log_always(LOG_WARN, "needs_restart",
			"key=%s what=\"changed, and the old value stays\"",
			LOG_QUOTE_SLICE(((struct slice){what, n})));
		return;
	}
	if (reload.change_count++ < CHANGES_MOST)
		log_always(LOG_INFO, "config_change", "what=%s", LOG_QUOTE(what));
}

static void tell_changes(const struct conf *old, const struct conf *now)
{
	conf_diff(old, now, tell, NULL);
	if (reload.change_count > CHANGES_MOST)
		log_info("config_changes", "count=%u told=%u", reload.change_count, CHANGES_MOST);
}

void reload_check_descriptors(const struct conf *conf)
{
	struct rlimit limit;
	uint64_t wanted = conf->limits.max_connections;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return;
	/* A client and its worker take one each; some are needed for everything else. */
	uint64_t possible = limit.rlim_cur > 64 ? (limit.rlim_cur - 64) / 2 : 0;
	if (possible >= wanted)
		return;
	/* A little less than was asked for is no reason for anybody to act. */
	enum log_level level = possible < wanted - wanted / 8 ? LOG_WARN : LOG_INFO;
	LOG_AT(level, "descriptors_low", "descriptors=%llu connections=%llu max_connections=%llu",
		(unsigned long long)limit.rlim_cur, (unsigned long long)possible,
		(unsigned long long)wanted);
}

/* -- the steps -- */

static void step_commit(void)
{
	uint64_t number = reload.number;
	uint64_t began_us = reload.began_us;

	era_begin(reload.era);
	reload.era = NULL;
	app_status.ok_count++;
	app_status.last_ok_wall_us = clock_wall_us();
	conf_problems_finish(&reload.problems);
	reload.is_running = false;
	log_always(LOG_INFO, "reload_done", "generation=%llu took_ms=%llu changes=%u",
		(unsigned long long)number, (unsigned long long)(clock_tick() - began_us) / 1000,
		reload.change_count);
	if (reload.is_wanted_again)
		begin();
}

static void step_tell(void)
{
	const struct conf *old = era_generation(app_era)->conf;
	const struct conf *now = era_generation(reload.era)->conf;
	app_nginx_tell_notes(now);
	tell_changes(old, now);
	if (old->limits.max_connections != now->limits.max_connections)
		reload_check_descriptors(now);
	go_on(step_commit);
}

/* True when the new error log could be opened; the running one is not touched. */
static bool try_error_log(const struct conf *conf, struct err *err)
{
	const char *const *paths = &conf->error_log;
	uint32_t count = 1;
	int rc = 0;
	if (conf->process != NULL) {
		paths = (const char *const *)conf->process->error_log_paths;
		count = conf->process->error_log_path_count;
	}
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		struct logfile tried;
		rc = logfile_open(&tried, paths[i], false, err);
		logfile_close(&tried);
	}
	return rc == 0;
}

static bool open_error_log(const struct conf *conf, struct err *err)
{
	if (conf->process != NULL)
		return app_nginx_open_logs(conf, err);
	return log_open(conf->error_log, conf->error_level, err) == 0;
}

static bool is_same_access_log(const struct conf *a, const struct conf *b)
{
	return strcmp(a->access_log, b->access_log) == 0 && a->access_format == b->access_format;
}

/* What can fail and touches the running one stands last, and so needs no way back. */
static void step_logs(void)
{
	const struct conf *old = era_generation(app_era)->conf;
	const struct conf *now = era_generation(reload.era)->conf;
	bool is_new_error_log = now->process != NULL || old->process != NULL ||
				strcmp(old->error_log, now->error_log) != 0;
	struct err err = {"out of memory"};

	if ((is_new_error_log && !try_error_log(now, &err)) || proxy_access_files(now, &err) != 0 ||
		(!is_same_access_log(old, now) &&
			proxy_access_log(now->access_log, now->access_format, &err) != 0)) {
		conf_problem_add(&reload.problems, reload.paths->file, 0, "%s", err.text);
		fail();
		return;
	}
	if (is_new_error_log && !open_error_log(now, &err))
		log_error("error_log_failed", "why=%s what=\"the old one stays\"",
			LOG_QUOTE(err.text));
	if (!log_is_nginx())
		log_level = now->error_level;
	go_on(step_tell);
}

static void step_listen(void)
{
	if (proxy_listen(reload.generation, &reload.problems) != 0) {
		fail();
		return;
	}
	reload.era = era_create(reload.generation);
	reload.generation = NULL;
	if (reload.era == NULL)
		fail_without_memory();
	else
		go_on(step_logs);
}

static void step_create(void)
{
	struct conf *conf = reload.conf;
	reload.conf = NULL;
	reload.number++;
	if (generation_create(&reload.generation, conf, reload.number, &reload.problems) == 0)
		go_on(step_listen);
	else if (reload.problems.count == 0)
		fail_without_memory();
	else
		fail();
}

static void on_resolved(bool is_ok, void *arg)
{
	(void)arg;
	reload.resolving = NULL;
	if (is_ok)
		go_on(step_create);
	else
		fail();
}

static void step_read_on(void)
{
	if (conf_reading_step(reload.reading)) {
		go_on(step_read_on);
		return;
	}
	reload.conf = conf_reading_finish(reload.reading);
	reload.reading = NULL;
	if (reload.conf == NULL) {
		fail();
		return;
	}
	reload.resolving = conf_resolve_start(
		reload.conf, &reload.problems, loop_base(), on_resolved, NULL);
	if (reload.resolving == NULL)
		fail_without_memory();
}

static void step_read(void)
{
	reload.rules = app_rules(reload.paths);
	reload.reading = conf_reading_start(reload.paths->file, &reload.rules, &reload.problems);
	if (reload.reading == NULL)
		fail_without_memory();
	else
		go_on(step_read_on);
}

void reload_request(const struct app_paths *paths)
{
	if (reload.is_running) {
		reload.is_wanted_again = true;
		return;
	}
	if (reload.paths == NULL) {
		next_turn_init(&reload.turn, on_turn);
		reload.number = app_era == NULL ? 0 : era_generation(app_era)->number;
	}
	reload.paths = paths;
	log_always(LOG_INFO, "reload_started", "file=%s", LOG_QUOTE(paths->file));
	begin();
}

void reload_cancel(void)
{
	if (reload.is_running)
		give_up();
	reload.is_wanted_again = false;
}
