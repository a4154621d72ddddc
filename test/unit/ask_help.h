/*
 * test/unit/ask_help.h - a fleet of workers that are asked in memory: questions are noted, and the
 * test answers them. Stands in for fleet_ask and fetch_cancel.
 */
#ifndef TEST_ASK_HELP_H
#define TEST_ASK_HELP_H

#include "base/text.h"
#include "comfy/files.h"
#include "comfy/fleet.h"
#include "comfy/supply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ASKS_MOST 64

struct fetch {
	bool is_open;
	struct fleet_worker *worker;
	char method[8], path[512];
	char *body; /* owned, terminated: all of it, the file's octets too */
	int sink;
	void (*on_done)(const struct fetch_result *result, void *arg);
	void *arg;
};

static struct fetch asks[ASKS_MOST];
static size_t ask_count;
static int ask_error; /* what fleet_ask fails with */
static struct fleet fleet;
static struct fleet_worker workers[4];
static struct backend backends[4];
static bool worker_is_up[4];

static inline void ask_put(struct text *text, const struct fetch_ask *ask)
{
	char octets[4096];
	text_put(text, ask->head.p, ask->head.n);
	if (ask->file_bytes != 0) {
		ssize_t n = pread(ask->file, octets, sizeof(octets), 0);
		ensure(n == (ssize_t)ask->file_bytes);
		text_put(text, octets, (size_t)n);
	}
	text_put(text, ask->tail.p, ask->tail.n);
	text_put(text, "", 1);
}

struct fetch *fleet_ask(struct fleet_worker *worker, struct fetch_ask *ask)
{
	struct text body;
	errno = ask_error;
	if (ask_error != 0)
		return NULL;
	ensure(ask_count < ASKS_MOST);
	struct fetch *fetch = &asks[ask_count++];
	text_init(&body, 64);
	ask_put(&body, ask);
	*fetch = (struct fetch){true, worker, .body = body.p, .sink = ask->sink,
		.on_done = ask->on_done, .arg = ask->arg};
	(void)snprintf(fetch->method, sizeof(fetch->method), "%s",
		ask->method == NULL ? "GET" : ask->method);
	(void)snprintf(fetch->path, sizeof(fetch->path), "%s", ask->path);
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	ensure(fetch->is_open);
	fetch->is_open = false;
}

struct fleet_worker *fleet_worker_named(struct fleet *of, const char *node_id)
{
	(void)of;
	for (size_t i = 0; i < COUNT_OF(workers); i++)
		if (strcmp(workers[i].node_id, node_id) == 0)
			return &workers[i];
	return NULL;
}

bool fleet_worker_is_up(const struct fleet_worker *worker)
{
	return worker_is_up[worker - workers];
}

/* The worker's answer to a question. */
static inline void ask_answer(size_t i, uint16_t status, const char *body)
{
	struct fetch_result result = {.status = status, .body = slice_of(body)};
	ensure(i < ask_count && asks[i].is_open);
	asks[i].is_open = false;
	asks[i].on_done(&result, asks[i].arg);
}

/* The same with a body that goes to the sink. */
static inline void ask_fill(size_t i, const char *octets)
{
	size_t n = strlen(octets);
	ensure(i < ask_count && asks[i].sink > 0);
	ensure(pwrite(asks[i].sink, octets, n, 0) == (ssize_t)n);
	ask_answer(i, 200, "");
}

static inline void ask_fail(size_t i, int error)
{
	struct fetch_result result = {.error = error};
	ensure(i < ask_count && asks[i].is_open);
	asks[i].is_open = false;
	asks[i].on_done(&result, asks[i].arg);
}

static inline size_t asks_open(void)
{
	size_t n = 0;
	for (size_t i = 0; i < ask_count; i++)
		n += asks[i].is_open;
	return n;
}

static inline void fleet_help_begin(void)
{
	struct err err;
	memset(workers, 0, sizeof(workers));
	memset(backends, 0, sizeof(backends));
	fleet = (struct fleet){.worker_count = COUNT_OF(workers)};
	list_init(&fleet.workers);
	fleet.files = files_create();
	fleet.defs = defs_create();
	fleet.spool = spool_open("", 0, &err);
	ensure(fleet.files != NULL && fleet.defs != NULL && fleet.spool != NULL);
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		(void)snprintf(workers[i].node_id, sizeof(workers[i].node_id), "w%d", (int)i);
		workers[i].fleet = &fleet;
		workers[i].backend = &backends[i];
		workers[i].supply = supply_worker_create(&workers[i]);
		ensure(workers[i].supply != NULL);
		list_push_back(&fleet.workers, &workers[i].node);
		worker_is_up[i] = true;
	}
	ask_count = 0;
	ask_error = 0;
}

static inline void fleet_help_end(void)
{
	for (size_t i = 0; i < COUNT_OF(workers); i++)
		supply_worker_destroy(workers[i].supply);
	for (size_t i = 0; i < ask_count; i++)
		free(asks[i].body);
	files_destroy(fleet.files);
	defs_destroy(fleet.defs);
	spool_close(fleet.spool);
}

static inline struct spool_file *fleet_upload(const char *name, const char *octets)
{
	struct spool_want want = {"input", "", name, .overwrite = true};
	struct spool_write *write = spool_write_begin(fleet.spool);
	struct spool_file *file;
	ensure(write != NULL && spool_write_octets(write, slice_of(octets)) == 0);
	ensure(spool_write_end(write, &want, &file) == 0);
	return file;
}

#endif
