/*
 * test/unit/info_help.h - a fleet of workers that answer when the test says so, and clients that
 * write down what they are told.
 */
#ifndef TEST_UNIT_INFO_HELP_H
#define TEST_UNIT_INFO_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "comfy/ask_all.h"
#include "comfy/route.h"
#include "test/unit/loop_help.h"

#define WORKERS 3

struct fetch {
	struct fetch_ask ask;
	char path[128], method[8];
	struct fleet_worker *worker;
};

static struct fleet fleet;
static struct fleet_worker workers[WORKERS];
static struct backend backends[WORKERS];
static struct fetch *fetches[WORKERS]; /* the question that each is asked now */
static int asked, cancelled;
static bool no_connections;

struct fetch *fleet_ask(struct fleet_worker *worker, struct fetch_ask *ask)
{
	if (no_connections)
		return NULL;
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	fetch->ask = *ask;
	fetch->worker = worker;
	(void)snprintf(fetch->path, sizeof(fetch->path), "%s", ask->path);
	(void)snprintf(fetch->method, sizeof(fetch->method), "%s",
		ask->method == NULL ? "GET" : ask->method);
	assert_null(fetches[worker - workers]);
	fetches[worker - workers] = fetch;
	asked++;
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	fetches[fetch->worker - workers] = NULL;
	cancelled++;
	free(fetch);
}

bool fleet_worker_is_up(const struct fleet_worker *worker)
{
	return worker->backend->state != BACKEND_DOWN;
}

/* What the worker says to what it is asked now. */
static inline void say(size_t i, int error, uint16_t status, const char *body)
{
	struct fetch *fetch = fetches[i];
	assert_non_null(fetch);
	fetches[i] = NULL;
	fetch->ask.on_done(
		&(struct fetch_result){
			.error = error, .status = status, .body = slice_of(error == 0 ? body : "")},
		fetch->ask.arg);
	free(fetch);
}

/* -- clients -- */

struct exchange {
	char text[1024];
	struct http_head head;
	struct arena arena;
	struct slice body;
	void *state;
	int answers, status;
	bool is_forwarded;
	char type[64], fields[256];
	struct blob *json;  /* what it was given */
	void (*then)(void); /* something that happens because it was answered */
};

static inline void client_init(struct exchange *x, const char *path, const char *fields)
{
	static const struct http_limits limits = {
		.head_bytes = 65536, .target_bytes = 8192, .fields = 100};
	*x = (struct exchange){0};
	arena_init(&x->arena, 1024);
	int n = snprintf(
		x->text, sizeof(x->text), "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, fields);
	http_head_init(&x->head, HTTP_REQUEST);
	assert_int_equal(http_head_feed(&x->head, x->text, (size_t)n, &limits), HTTP_DONE);
}

static inline void client_finish(struct exchange *x)
{
	arena_finish(&x->arena);
	blob_unref(x->json);
	x->json = NULL;
}

/* It leaves: the handler is told if it has anything of it. */
static inline void client_leave(struct exchange *x)
{
	struct route_state *state = x->state;
	assert_non_null(state);
	state->on_gone(x, state, CLOSE_CLIENT_LEFT);
	x->state = NULL;
}

void handler_request(const struct exchange *x, struct handler_request *ret_request)
{
	*ret_request = (struct handler_request){
		.head = &x->head,
		.p = x->text,
		.path = http_span_in(x->text, x->head.path),
		.query = http_span_in(x->text, x->head.query),
		.body = x->body,
		.arena = (struct arena *)(uintptr_t)&x->arena,
	};
}

void handler_set_state(struct exchange *x, void *state)
{
	x->state = state;
}

static inline void note_answer(struct exchange *x, int status)
{
	assert_null(x->state);
	x->answers++;
	x->status = status;
	if (x->then != NULL)
		x->then();
}

void handler_answer(
	struct exchange *x, int status, const char *type, const char *fields, struct blob *body)
{
	(void)snprintf(x->type, sizeof(x->type), "%s", type);
	(void)snprintf(x->fields, sizeof(x->fields), "%s", fields);
	x->json = body == NULL ? NULL : blob_ref(body);
	note_answer(x, status);
}

void handler_refuse(struct exchange *x, int status, const char *why)
{
	(void)why;
	note_answer(x, status);
}

void handler_forward(
	struct exchange *x, struct backend *backend, struct slice target, bool is_learned)
{
	(void)is_learned;
	assert_true(backend == NULL && target.n == 0);
	x->is_forwarded = true;
	note_answer(x, 0);
}

void route_answer(struct exchange *x, int status, struct blob *json)
{
	handler_set_state(x, NULL);
	handler_answer(x, status, "", "", json);
	blob_unref(json);
}

static inline void assert_answer(const struct exchange *x, int status, const char *json)
{
	assert_int_equal(x->answers, 1);
	assert_int_equal(x->status, status);
	if (json == NULL)
		assert_null(x->json);
	else
		assert_string_equal(x->json->p, json);
}

/* -- all of it -- */

static inline int info_setup(void **state)
{
	(void)state;
	if (loop_start() != 0 || hash_start() != 0)
		return -1;
	fleet = (struct fleet){.worker_count = WORKERS};
	list_init(&fleet.workers);
	asked = cancelled = 0;
	no_connections = false;
	for (size_t i = 0; i < WORKERS; i++) {
		backends[i] = (struct backend){.state = BACKEND_UP};
		workers[i] = (struct fleet_worker){.fleet = &fleet, .backend = &backends[i]};
		(void)snprintf(workers[i].node_id, sizeof(workers[i].node_id), "w%zu", i);
		list_push_back(&fleet.workers, &workers[i].node);
	}
	fleet.defs = defs_create();
	return fleet.defs == NULL ? -1 : 0;
}

static inline int info_teardown(void **state)
{
	(void)state;
	bool is_clean = ask_all_count() == 0;
	for (size_t i = 0; i < WORKERS; i++) {
		is_clean = is_clean && fetches[i] == NULL;
		blob_unref(workers[i].features);
		defs_worker_destroy(workers[i].defs);
	}
	defs_destroy(fleet.defs);
	loop_finish();
	return is_clean ? 0 : -1;
}

#endif
