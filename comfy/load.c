/*
 * comfy/load.c - how many jobs each worker has, by its own count.
 *
 *   timer of a member --> GET /prompt --> lb_backend_report_load --> timer
 *          ^ poke: a job was answered there
 *
 * One question per worker is in flight. A job that comes meanwhile may or may
 * not be in its answer; so one more question follows.
 */
#include "comfy/load.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "comfy/comfy.h"
#include "health/fetch.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <jansson.h>
#include <stdlib.h>

#define BODY_MOST ((size_t)64 * 1024)
#define TIMEOUT_MS 5000
/* Jobs that come faster are asked about together. */
#define POKE_GAP_US 50000
/* A count this many intervals old is worth nothing. */
#define STALE_INTERVALS 3
/* Of the first questions so many go out together, the others within SPREAD_US. */
#define BURST 32
#define SPREAD_US 1000000

struct member {
	struct event timer;
	struct comfy_load *load; /* borrowed: has us inside */
	struct backend *backend; /* borrowed: its seat in the pool holds it */
	struct fetch *question;  /* owned, NULL between questions */
	bool is_poked;           /* a job came while one was in flight */
	uint64_t began_us;
	uint64_t known_us; /* when the last good answer was asked for */
	uint64_t mark;     /* jobs_answered then */
};

struct comfy_load {
	struct list running;
	struct lb_pool *pool; /* borrowed: outlives us by contract */
	uint64_t interval_us;
	uint32_t count;
	struct member members[];
};

static struct list pollers = {&pollers, &pollers};

int32_t comfy_read_queue(struct slice body)
{
	json_t *root = json_loadb(body.p, body.n, 0, NULL);
	const json_t *info = json_object_get(root, "exec_info");
	const json_t *remaining = json_object_get(info, "queue_remaining");
	json_int_t n = json_is_integer(remaining) ? json_integer_value(remaining) : -1;
	json_decref(root);
	if (n < 0)
		return -1;
	return n > INT32_MAX ? INT32_MAX : (int32_t)n;
}

static void schedule(struct member *member, uint64_t due_us)
{
	uint64_t wait_us = due_us > clock_now_us ? due_us - clock_now_us : 0;
	struct timeval tv = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
	/* Fails only without memory; the next poke sets it again. */
	(void)event_add(&member->timer, &tv);
}

static void schedule_next(struct member *member)
{
	uint64_t us = member->load->interval_us;
	uint64_t wait_us = us - us / 10 + random_word() % (us / 5 + 1);
	if (member->is_poked)
		wait_us = min_u64(wait_us, POKE_GAP_US);
	member->is_poked = false;
	schedule(member, member->began_us + wait_us);
}

static void take_silence(struct member *member)
{
	uint64_t age_us = clock_now_us - member->known_us;
	if (age_us >= STALE_INTERVALS * member->load->interval_us)
		lb_backend_report_load(member->backend, -1, member->mark);
}

static void on_heard(void *arg)
{
	const struct member *member = arg;
	lb_backend_heard(member->backend, clock_now_us);
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct member *member = arg;
	int32_t queue_len = -1;
	member->question = NULL;
	if (result->error == 0 && result->status == 200)
		queue_len = comfy_read_queue(result->body);
	if (queue_len >= 0) {
		member->known_us = member->began_us;
		lb_backend_report_load(member->backend, queue_len, member->mark);
	} else {
		take_silence(member);
	}
	schedule_next(member);
}

static const struct conf_node *node_of(const struct member *member)
{
	const struct comfy_load *load = member->load;
	return &load->pool->conf->nodes[member - load->members];
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct member *member = arg;
	const struct conf_node *node = node_of(member);
	char host[FETCH_HOST_ROOM];
	member->began_us = clock_tick();
	member->mark = member->backend->jobs_answered;
	member->is_poked = false;
	if (member->backend->state != BACKEND_DOWN) {
		fetch_host_text(host, node->host, node->port);
		member->question = fetch_start(&(struct fetch_ask){
			.addr = &member->backend->addr,
			.secure = member->backend->secure,
			.host = host,
			.path = "/prompt",
			.timeout_ms = TIMEOUT_MS,
			.body_most = BODY_MOST,
			.on_heard = on_heard,
			.on_done = on_done,
			.arg = member,
		});
	}
	if (member->question == NULL) {
		take_silence(member);
		schedule_next(member);
	}
}

/* When the i-th member is asked first. One whose count is known from before a reload can wait. */
static uint64_t first_us(const struct comfy_load *load, uint32_t i)
{
	if (load->members[i].backend->queue_len >= 0)
		return clock_now_us + random_word() % (load->interval_us + 1);
	if (i < BURST)
		return clock_now_us;
	return clock_now_us + (uint64_t)(i - BURST + 1) * SPREAD_US / (load->count + 1000);
}

struct comfy_load *comfy_load_start(struct lb_pool *pool, bool *ret_ok)
{
	*ret_ok = true;
	if (!lb_pool_needs(pool, LB_NEED_LOAD) || pool->conf->balancing.load_interval_ms == 0)
		return NULL;
	struct comfy_load *load = calloc(1, sizeof(*load) + pool->count * sizeof(load->members[0]));
	*ret_ok = load != NULL;
	if (load == NULL)
		return NULL;
	ensure(pool->count == pool->conf->node_count);
	load->pool = pool;
	load->count = pool->count;
	load->interval_us = pool->conf->balancing.load_interval_ms * 1000;
	list_push_back(&pollers, &load->running);
	for (uint32_t i = 0; i < pool->count; i++) {
		struct member *member = &load->members[i];
		member->load = load;
		member->backend = pool->seats[i].backend;
		member->known_us = clock_now_us;
		event_assign(&member->timer, loop_base(), -1, 0, on_timer, member);
		schedule(member, first_us(load, i));
	}
	return load;
}

void comfy_load_stop(struct comfy_load *load)
{
	if (load == NULL)
		return;
	list_remove(&load->running);
	for (uint32_t i = 0; i < load->count; i++) {
		(void)event_del(&load->members[i].timer);
		fetch_cancel(load->members[i].question);
	}
	free(load);
}

static void poke(struct member *member)
{
	uint64_t due_us = member->began_us + POKE_GAP_US;
	if (member->question != NULL) {
		member->is_poked = true;
		return;
	}
	if (member->is_poked)
		return;
	member->is_poked = true;
	schedule(member, due_us);
}

void comfy_load_poke(struct lb_pool *pool, struct backend *backend)
{
	list_each (node, &pollers) {
		struct comfy_load *load = CONTAINER_OF(node, struct comfy_load, running);
		if (load->pool != pool)
			continue;
		list_each (seat_node, &backend->seats) {
			const struct lb_seat *seat = CONTAINER_OF(seat_node, struct lb_seat, node);
			if (seat->pool == pool)
				poke(&load->members[seat->index]);
		}
	}
}
