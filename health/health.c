/*
 * health/health.c - when to ask, and what the answer means.
 *
 *   timer of a member --> probe --> sign --> lb_backend_good / _bad --> timer
 *   tick, each second --> what changed without us: taken down by requests,
 *                         everybody out, silent too long
 *
 * When the next probe is due stands in the backend, so that a reload, which
 * makes a new watch, neither asks everybody again nor forgets anybody.
 */
#include "health/health.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "health/fetch.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>

#define SOON_MS 1000
#define TICK_MS 1000
#define TRIAL_AFTER_MS 10000
#define LAST_TRIAL_AFTER_MS 1000
#define BODY_MOST ((size_t)256 * 1024)
/* Of the probes that are due at one time so many start together, the others follow within
 * SPREAD_US. */
#define BURST 32
#define SPREAD_US 1000000

struct member {
	struct event timer;
	struct health_watch *watch; /* borrowed: has us inside */
	struct backend *backend;    /* borrowed: its seat in the pool holds it */
	struct fetch *probe;        /* owned, NULL between probes */
	uint64_t began_us;
	bool was_down; /* when last looked at */
};

struct health_watch {
	struct lb_pool *pool; /* borrowed: outlives us by contract */
	struct deadline tick;
	uint32_t count;
	struct member members[];
};

static bool (*read_report)(struct slice body, struct backend_report *report);

void health_set_reader(bool (*read)(struct slice body, struct backend_report *report))
{
	read_report = read;
}

static const struct conf_health *conf_of(const struct member *member)
{
	return &member->watch->pool->conf->health;
}

/* 90 % to 110 % of it. */
static uint64_t jittered_us(uint64_t ms)
{
	uint64_t us = ms * 1000;
	return us - us / 10 + random_word() % (us / 5 + 1);
}

static void schedule(struct member *member, uint64_t due_us)
{
	uint64_t wait_us = due_us > clock_now_us ? due_us - clock_now_us : 0;
	struct timeval tv = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
	member->backend->probe.next_us = due_us;
	/* Fails only without memory; then the tick, which finds no timer, tries again. */
	(void)event_add(&member->timer, &tv);
}

/* When the i-th of those that are due now may start. */
static uint64_t slot_us(const struct health_watch *watch, uint32_t i)
{
	if (i < BURST)
		return clock_now_us;
	return clock_now_us + (uint64_t)(i - BURST + 1) * SPREAD_US / (watch->count + 1000);
}

static bool is_changing(const struct backend *backend)
{
	return backend->state == BACKEND_BUSY ||
	       (backend->fitness > 0 &&
		       backend->fitness < (int32_t)(backend->rise + backend->fall - 1));
}

static void schedule_next(struct member *member)
{
	uint64_t ms = conf_of(member)->interval_ms;
	if (is_changing(member->backend) || !lb_pool_is_available(member->watch->pool))
		ms = min_u64(ms, SOON_MS);
	schedule(member, member->began_us + jittered_us(ms));
}

/* Nothing came on any connection for heartbeat_timeout. */
static bool is_silent(const struct member *member)
{
	uint64_t heard_us = member->backend->last_heard_us;
	return heard_us == 0 ||
	       clock_now_us - heard_us > conf_of(member)->heartbeat_timeout_ms * 1000;
}

static void take_timed_out(struct member *member)
{
	struct backend *backend = member->backend;
	if (is_silent(member))
		lb_backend_set_state(backend, BACKEND_DOWN, "probe: timed out, nothing heard");
	else
		lb_backend_bad(backend, true, "probe: timed out");
}

static bool is_good(const struct fetch_result *result)
{
	/* A body too large to be read says no less than a small one. */
	return (result->error == 0 || result->error == -EMSGSIZE) && result->status / 100 == 2;
}

static void take_sign(struct member *member, const struct fetch_result *result)
{
	struct backend *backend = member->backend;
	bool is_ok = is_good(result);
	char what[64];
	char why[80];
	if (result->error != 0 && !is_ok)
		(void)snprintf(what, sizeof(what), "%s", fetch_error_text(result->error));
	else
		(void)snprintf(what, sizeof(what), "%u", result->status);
	backend->probe.at_wall_us = clock_wall_us();
	backend->probe.took_us = result->took_us;
	backend->probe.was_ok = is_ok;
	(void)snprintf(backend->probe.text, sizeof(backend->probe.text), "%s", what);
	if (is_ok) {
		backend->stats.probes_ok++;
		if (read_report != NULL && result->error == 0)
			(void)read_report(result->body, &backend->report);
		lb_backend_good(backend, !lb_pool_is_available(member->watch->pool), "probe: ok");
		return;
	}
	backend->stats.probes_failed++;
	if (result->error == -ETIMEDOUT) {
		take_timed_out(member);
		return;
	}
	(void)snprintf(why, sizeof(why), "probe: %s%s", result->error == 0 ? "status " : "", what);
	lb_backend_bad(backend, false, why);
}

static void on_heard(void *arg)
{
	const struct member *member = arg;
	lb_backend_heard(member->backend, clock_now_us);
}

static void skip(struct member *member, int error)
{
	log_warn("probe_skipped", "pool=%s worker=%s why=%s", LOG_QUOTE(member->backend->pool),
		LOG_QUOTE(member->backend->id), LOG_QUOTE(strerrordesc_np(error)));
	schedule(member, clock_now_us + jittered_us(SOON_MS));
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct member *member = arg;
	member->probe = NULL;
	if (fetch_is_our_fault(result->error)) {
		skip(member, -result->error);
		return;
	}
	take_sign(member, result);
	member->was_down = member->backend->state == BACKEND_DOWN;
	schedule_next(member);
}

static const struct conf_node *node_of(const struct member *member)
{
	const struct health_watch *watch = member->watch;
	return &watch->pool->conf->nodes[member - watch->members];
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct member *member = arg;
	const struct conf_node *node = node_of(member);
	char host[FETCH_HOST_ROOM];
	member->began_us = clock_tick();
	member->backend->probe.next_us = member->began_us;
	fetch_host_text(host, node->host, node->port);
	member->probe = fetch_start(&(struct fetch_ask){
		.addr = &member->backend->addr,
		.secure = member->backend->secure,
		.host = host,
		.path = conf_of(member)->path,
		.timeout_ms = conf_of(member)->timeout_ms,
		.body_most = BODY_MOST,
		.on_heard = on_heard,
		.on_done = on_done,
		.arg = member,
	});
	if (member->probe == NULL)
		skip(member, errno);
}

/* A worker that only requests can judge: after a while they may try it again. */
static void try_again(struct member *member)
{
	struct backend *backend = member->backend;
	/* With nobody left there is nothing to lose by trying. */
	uint64_t wait_ms = lb_pool_is_available(member->watch->pool) ? TRIAL_AFTER_MS
								     : LAST_TRIAL_AFTER_MS;
	if (backend->state != BACKEND_UP &&
		clock_now_us - backend->last_failed_us >= wait_ms * 1000)
		lb_backend_good(backend, true, "another trial");
}

/* True when the next probe cannot wait for its time. */
static bool is_urgent(const struct member *member, bool is_available)
{
	const struct backend *backend = member->backend;
	if (member->probe != NULL)
		return false;
	if (!event_pending(&member->timer, EV_TIMEOUT, NULL))
		return true;
	if (backend->probe.next_us <= clock_now_us + SOON_MS * 1000ull)
		return false;
	return !is_available || (backend->state == BACKEND_DOWN && !member->was_down);
}

static void on_tick(struct deadline *tick)
{
	struct health_watch *watch = CONTAINER_OF(tick, struct health_watch, tick);
	bool is_available = lb_pool_is_available(watch->pool);
	bool has_probes = watch->pool->conf->health.interval_ms != 0;
	uint32_t urgent = 0;
	deadline_set(tick, TICK_MS);
	for (uint32_t i = 0; i < watch->count; i++) {
		struct member *member = &watch->members[i];
		if (!has_probes) {
			try_again(member);
			continue;
		}
		if (member->backend->state == BACKEND_BUSY && is_silent(member))
			lb_backend_set_state(
				member->backend, BACKEND_DOWN, "busy, and nothing heard");
		if (is_urgent(member, is_available))
			schedule(member, slot_us(watch, urgent++));
		member->was_down = member->backend->state == BACKEND_DOWN;
	}
}

/* The rhythm that the last watch left, bent to what the configuration says now. */
static void schedule_first(struct member *member, uint32_t *due_now)
{
	uint64_t due_us = member->backend->probe.next_us;
	uint64_t interval_us = conf_of(member)->interval_ms * 1000;
	if (due_us > clock_now_us + interval_us + interval_us / 10)
		due_us = clock_now_us + jittered_us(conf_of(member)->interval_ms);
	if (due_us <= clock_now_us)
		due_us = slot_us(member->watch, (*due_now)++);
	schedule(member, due_us);
}

struct health_watch *health_watch_start(struct lb_pool *pool)
{
	struct health_watch *watch = calloc(
		1, sizeof(*watch) + pool->count * sizeof(watch->members[0]));
	uint32_t due_now = 0;
	if (watch == NULL)
		return NULL;
	ensure(pool->count == pool->conf->node_count);
	watch->pool = pool;
	watch->count = pool->count;
	for (uint32_t i = 0; i < pool->count; i++) {
		struct member *member = &watch->members[i];
		member->watch = watch;
		member->backend = pool->seats[i].backend;
		member->was_down = member->backend->state == BACKEND_DOWN;
		event_assign(&member->timer, loop_base(), -1, 0, on_timer, member);
		if (pool->conf->health.interval_ms != 0)
			schedule_first(member, &due_now);
	}
	deadline_init(&watch->tick, on_tick);
	deadline_set(&watch->tick, TICK_MS);
	return watch;
}

void health_watch_stop(struct health_watch *watch)
{
	if (watch == NULL)
		return;
	deadline_clear(&watch->tick);
	for (uint32_t i = 0; i < watch->count; i++) {
		(void)event_del(&watch->members[i].timer);
		fetch_cancel(watch->members[i].probe);
	}
	free(watch);
}
