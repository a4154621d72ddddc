#include "lb/backend.h"

#include "base/clock.h"
#include "base/hash.h"
#include "lb/pool.h"

#include <stdio.h>
#include <stdlib.h>

#define BUCKETS 1024

static struct list living = {&living, &living};
static struct backend *buckets[BUCKETS];
static void (*change_listener)(struct backend *backend, enum backend_state from);

static uint64_t hash_id(const char *id)
{
	uint64_t hash = hash_stable(id, strlen(id));
	/* Stickiness takes 0 for "nothing remembered". */
	return hash == 0 ? 1 : hash;
}

static struct backend **bucket_of(const char *pool, uint64_t id_hash)
{
	return &buckets[(id_hash ^ hash_stable(pool, strlen(pool))) % BUCKETS];
}

static struct backend *backend_new(const char *pool, const struct conf_node *node)
{
	struct backend *backend = calloc(1, sizeof(*backend));
	if (backend == NULL)
		return NULL;
	backend->pool = strdup(pool);
	backend->id = strdup(node->node_id);
	if (backend->pool == NULL || backend->id == NULL) {
		free(backend->pool);
		free(backend->id);
		free(backend);
		return NULL;
	}
	backend->refs = 1;
	backend->addr = node->addr;
	addr_format(&backend->addr, backend->addr_text);
	backend->id_hash = hash_id(backend->id);
	list_init(&backend->seats);
	list_init(&backend->idle);
	list_init(&backend->busy);
	backend->queue_len = -1;
	backend->state = BACKEND_UP;
	backend->rise = backend->fall = 1;
	backend->fitness = 1;
	backend->state_since_wall_us = clock_wall_us();
	(void)snprintf(backend->why, sizeof(backend->why), "new");
	list_push_back(&living, &backend->registered);
	struct backend **bucket = bucket_of(pool, backend->id_hash);
	backend->same_bucket = *bucket;
	*bucket = backend;
	return backend;
}

struct backend *lb_backend_get(const char *pool, const struct conf_node *node)
{
	uint64_t id_hash = hash_id(node->node_id);
	for (struct backend *b = *bucket_of(pool, id_hash); b != NULL; b = b->same_bucket) {
		if (b->id_hash == id_hash && strcmp(b->id, node->node_id) == 0 &&
			strcmp(b->pool, pool) == 0 && addr_is_same(&b->addr, &node->addr))
			return lb_backend_ref(b);
	}
	return backend_new(pool, node);
}

struct backend *lb_backend_ref(struct backend *backend)
{
	backend->refs++;
	return backend;
}

void lb_backend_unref(struct backend *backend)
{
	if (backend == NULL)
		return;
	ensure(backend->refs != 0);
	if (--backend->refs != 0)
		return;
	ensure(list_is_empty(&backend->seats));
	struct backend **at = bucket_of(backend->pool, backend->id_hash);
	while (*at != backend)
		at = &(*at)->same_bucket;
	*at = backend->same_bucket;
	list_remove(&backend->registered);
	secure_unref(backend->secure);
	free(backend->pool);
	free(backend->id);
	free(backend);
}

void lb_backend_set_secure(struct backend *backend, struct secure *secure)
{
	struct secure *before = backend->secure;
	backend->secure = secure_ref(secure);
	secure_unref(before);
}

const struct list *lb_backends(void)
{
	return &living;
}

void lb_backend_on_change(void (*listener)(struct backend *backend, enum backend_state from))
{
	change_listener = listener;
}

static void tell(struct backend *backend, enum backend_state from)
{
	lb_backend_touch(backend);
	if (change_listener != NULL)
		change_listener(backend, from);
}

static void change_state(struct backend *backend, enum backend_state state, const char *why)
{
	enum backend_state from = backend->state;
	if (from == state)
		return;
	backend->state = state;
	backend->state_since_wall_us = clock_wall_us();
	(void)snprintf(backend->why, sizeof(backend->why), "%s", why);
	if (state == BACKEND_DOWN)
		backend->stats.went_down++;
	/* One that comes back has the whole row of failures before it again. */
	if (state == BACKEND_UP)
		backend->passive_failures = 0;
	tell(backend, from);
}

static int32_t best_fitness(const struct backend *backend)
{
	return (int32_t)(backend->rise + backend->fall - 1);
}

void lb_backend_good(struct backend *backend, bool is_enough, const char *why)
{
	backend->fitness++;
	if (!is_enough && backend->fitness < (int32_t)backend->rise)
		return;
	backend->fitness = best_fitness(backend);
	change_state(backend, BACKEND_UP, why);
}

void lb_backend_bad(struct backend *backend, bool may_be_busy, const char *why)
{
	int32_t lowest_usable = (int32_t)backend->rise;
	if (backend->fitness > lowest_usable) {
		backend->fitness--;
	} else if (may_be_busy && backend->state != BACKEND_DOWN) {
		change_state(backend, BACKEND_BUSY, why);
	} else {
		backend->fitness = 0;
		change_state(backend, BACKEND_DOWN, why);
	}
}

void lb_backend_failed(struct backend *backend, bool may_be_busy, const char *why)
{
	char text[sizeof(backend->why)];
	backend->passive_failures++;
	backend->last_failed_us = clock_now_us;
	if (backend->passive_failures < backend->fall)
		return;
	(void)snprintf(text, sizeof(text), "passive: %s", why == NULL ? "failed" : why);
	lb_backend_set_state(backend, may_be_busy ? BACKEND_BUSY : BACKEND_DOWN, text);
}

void lb_backend_set_state(struct backend *backend, enum backend_state state, const char *why)
{
	switch (state) {
	case BACKEND_UP:
		backend->fitness = best_fitness(backend);
		break;
	case BACKEND_BUSY:
		backend->fitness = (int32_t)backend->rise;
		break;
	default:
		backend->fitness = 0;
	}
	change_state(backend, state, why);
}

void lb_backend_set_draining(struct backend *backend, bool is_draining)
{
	if (backend->is_draining == is_draining)
		return;
	backend->is_draining = is_draining;
	tell(backend, backend->state);
}

void lb_backend_set_limits(struct backend *backend, uint32_t rise, uint32_t fall)
{
	int32_t old_rise = (int32_t)backend->rise;
	backend->rise = rise == 0 ? 1 : rise;
	backend->fall = fall == 0 ? 1 : fall;
	/* It stays on its side of the bar, and as far from it as the new limits let it be. */
	if (backend->state != BACKEND_DOWN)
		backend->fitness += (int32_t)backend->rise - old_rise;
	else if (backend->fitness >= (int32_t)backend->rise)
		backend->fitness = (int32_t)backend->rise - 1;
	if (backend->fitness > best_fitness(backend))
		backend->fitness = best_fitness(backend);
}

void lb_backend_report_load(struct backend *backend, int32_t queue_len, uint64_t mark)
{
	uint64_t unseen = mark < backend->jobs_answered ? backend->jobs_answered - mark : 0;
	backend->queue_len = queue_len < 0 ? -1 : queue_len;
	backend->jobs_unseen = (uint32_t)min_u64(unseen, UINT32_MAX);
	lb_backend_touch(backend);
}

void lb_backend_touch(struct backend *backend)
{
	list_each (node, &backend->seats) {
		lb_seat_refresh(CONTAINER_OF(node, struct lb_seat, node));
	}
}

const char *lb_backend_state_name(const struct backend *backend)
{
	static const char *const names[BACKEND_STATES] = {"up", "busy", "down"};
	/* One that is down is not worth draining: people want to see the fault. */
	if (backend->is_draining && backend->state != BACKEND_DOWN)
		return "drain";
	return names[backend->state];
}
