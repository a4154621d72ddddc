/*
 * app_era.c - a generation, and who watches its workers.
 *
 *   era_create ---> era_begin ---> in force ---> over: not watched, exchanges may still run
 *                                                  '---> its generation has no other holder: gone
 *
 * Watching begins pool by pool, one in each turn of the loop, because a pool may
 * have a thousand workers.
 */
#include "app.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"
#include "comfy/comfy.h"
#include "comfy/fleet.h"
#include "conf/process.h"
#include "health/health.h"
#include "proxy/proxy.h"
#include "proxy/roster.h"

#include <stdlib.h>
#include <unistd.h>

#define LOOK_MS 1000  /* is an old one empty? */
#define RETRY_MS 1000 /* when memory was out */

struct watch {
	struct health_watch *health; /* owned; NULL until it has begun */
	struct comfy_load *load;     /* owned; NULL where nobody asks for loads */
	bool has_load;
};

struct era {
	struct list node;              /* in `over` */
	struct generation *generation; /* ref */
	struct watch *watches;         /* owned, one per pool */
	uint32_t begun;                /* pools that are watched */
	struct next_turn turn;
	struct deadline retry;
	struct deadline shutdown; /* over: what still runs in it is ended then */
};

struct era *app_era;

static struct list over = {&over, &over};
static struct deadline look;
static struct deadline idle_end; /* connections that sent nothing since before reloaded_us end */
static uint64_t reloaded_us;

static bool begin_watch(struct watch *watch, struct lb_pool *pool)
{
	bool has_fleet;
	/* Begun already, unless memory was out. */
	if (pool->conf->mode == CONF_MODE_FLEET && fleet_find(pool->conf->name) == NULL) {
		(void)fleet_begin(pool, &has_fleet);
		if (!has_fleet)
			return false;
	}
	if (watch->health == NULL)
		watch->health = health_watch_start(pool);
	if (watch->health != NULL && !watch->has_load)
		watch->load = comfy_load_start(pool, &watch->has_load);
	return watch->has_load;
}

static void watch_next(struct era *era)
{
	const struct generation *generation = era->generation;
	struct lb_pool *pool;
	if (era->begun == generation->conf->pool_count)
		return;
	pool = generation->pools[era->begun];
	if (begin_watch(&era->watches[era->begun], pool)) {
		era->begun++;
		next_turn_add(&era->turn);
		return;
	}
	log_warn("watch_delayed", "pool=%s why=\"out of memory\"", LOG_QUOTE(pool->conf->name));
	deadline_set(&era->retry, RETRY_MS);
}

static void on_turn(struct next_turn *turn)
{
	watch_next(CONTAINER_OF(turn, struct era, turn));
}

static void on_retry(struct deadline *deadline)
{
	watch_next(CONTAINER_OF(deadline, struct era, retry));
}

static void on_shutdown(struct deadline *deadline)
{
	struct era *era = CONTAINER_OF(deadline, struct era, shutdown);
	log_warn(
		"shutdown_timeout", "generation=%llu", (unsigned long long)era->generation->number);
	proxy_close_generation(era->generation, CLOSE_DRAIN_TIMEOUT);
}

static void on_idle_end(struct deadline *deadline)
{
	(void)deadline;
	proxy_close_idle_before(reloaded_us, CLOSE_DRAIN_TIMEOUT);
}

/* worker_shutdown_timeout is that of the era that is over. */
static void set_shutdown(struct era *old)
{
	const struct conf_process *process = old->generation->conf->process;
	if (process == NULL || process->shutdown_timeout_ms == 0)
		return;
	deadline_set(&old->shutdown, process->shutdown_timeout_ms);
	reloaded_us = clock_now_us;
	deadline_set(&idle_end, process->shutdown_timeout_ms);
}

static void stop_watch(struct watch *watch)
{
	comfy_load_stop(watch->load);
	health_watch_stop(watch->health);
	*watch = (struct watch){0};
}

static void end_watches(struct era *era)
{
	next_turn_cancel(&era->turn);
	deadline_clear(&era->retry);
	roster_stop(era->generation);
	for (uint32_t i = 0; i < era->generation->conf->pool_count; i++)
		stop_watch(&era->watches[i]);
	era->begun = era->generation->conf->pool_count;
}

struct era *era_create(struct generation *generation)
{
	struct era *era = calloc(1, sizeof(*era));
	struct watch *watches = calloc(generation->conf->pool_count + 1, sizeof(*watches));
	if (era == NULL || watches == NULL) {
		free(era);
		free(watches);
		generation_unref(generation);
		return NULL;
	}
	list_init(&era->node);
	era->generation = generation;
	era->watches = watches;
	app_status.generations_alive++;
	next_turn_init(&era->turn, on_turn);
	deadline_init(&era->retry, on_retry);
	deadline_init(&era->shutdown, on_shutdown);
	return era;
}

void era_destroy(struct era *era)
{
	if (era == NULL)
		return;
	end_watches(era);
	deadline_clear(&era->shutdown);
	list_remove(&era->node);
	app_status.generations_alive--;
	generation_unref(era->generation);
	free(era->watches);
	free(era);
}

const struct generation *era_generation(const struct era *era)
{
	return era->generation;
}

/* Ends those in which nothing runs any more. */
static void look_at_all(void)
{
	list_each_safe (node, &over) {
		struct era *era = CONTAINER_OF(node, struct era, node);
		if (era->generation->refs != 1)
			continue;
		log_debug("generation_ended", "generation=%llu",
			(unsigned long long)era->generation->number);
		/* A tool that waits for nginx's old workers looks for these words. */
		log_nginx(LOG_NOTICE, "worker process %ld exited with code 0", (long)getpid());
		era_destroy(era);
	}
	if (!list_is_empty(&over))
		deadline_set(&look, LOOK_MS);
}

static void on_look(struct deadline *deadline)
{
	(void)deadline;
	look_at_all();
}

/* A pool of the era in force got other members: they are watched, and those that left drain. */
static void on_members(struct generation *generation, uint32_t index, struct lb_pool *old)
{
	struct lb_pool *pool = generation->pools[index];
	bool is_ok;
	if (app_era == NULL || app_era->generation != generation)
		return;
	stop_watch(&app_era->watches[index]);
	if (pool->conf->mode == CONF_MODE_FLEET) {
		fleet_pause(fleet_find(pool->conf->name));
		(void)fleet_begin(pool, &is_ok);
	}
	drain_members(old, generation);
	if (index >= app_era->begun)
		return;
	app_era->begun = index;
	next_turn_add(&app_era->turn);
}

/* At once, for requests may come in this turn. A fleet whose pool is gone, or of another mode now,
 * keeps its jobs until the pool is back. */
static void begin_fleets(const struct generation *generation)
{
	list_each (node, fleets_all())
		fleet_pause(CONTAINER_OF(node, struct fleet, node));
	for (uint32_t i = 0; i < generation->conf->pool_count; i++) {
		bool is_ok;
		(void)fleet_begin(generation->pools[i], &is_ok);
		if (!is_ok)
			log_warn("fleet_delayed", "pool=%s why=\"out of memory\"",
				LOG_QUOTE(generation->conf->pools[i].name));
	}
}

void era_begin(struct era *era)
{
	struct era *old = app_era;
	struct generation *generation = era->generation;
	roster_on_change(on_members);
	roster_start(generation, old == NULL ? NULL : old->generation);
	/* Two watches of one worker would count its signs twice. */
	if (old != NULL)
		end_watches(old);
	for (uint32_t i = 0; i < generation->conf->pool_count; i++)
		lb_pool_activate(generation->pools[i]);
	proxy_commit(era->generation);
	begin_fleets(generation);
	drain_update(old == NULL ? NULL : old->generation, generation);
	app_era = era;
	next_turn_add(&era->turn);
	if (old == NULL) {
		deadline_init(&look, on_look);
		deadline_init(&idle_end, on_idle_end);
		return;
	}
	list_push_back(&over, &old->node);
	set_shutdown(old);
	look_at_all();
}

void era_finish_all(void)
{
	if (app_era == NULL)
		return;
	deadline_clear(&look);
	deadline_clear(&idle_end);
	while (!list_is_empty(&over))
		era_destroy(list_first(&over, struct era, node));
	era_destroy(app_era);
	app_era = NULL;
}
