/*
 * comfy/supply.c - copies of uploaded files on their way to workers.
 *
 *   wait --> copy (worker, file) --> POST /upload/image --> the next file that the wait needs, or
 *   wait --'                                                on_done
 */
#include "comfy/supply.h"

#include "base/log.h"
#include "base/loop.h"
#include "comfy/fleet.h"
#include "comfy/supply_names.h"
#include "comfy/upload_body.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_MOST (64u << 10)
#define COPY_MS 30000     /* for a small file */
#define COPY_BYTES_MS 256 /* a worker that takes less than this many octets in a ms is stuck */
#define AGAIN_MOST 8      /* a file that is overwritten all the time */
#define VERSIONS_MOST ((uint64_t)1 << 23)

struct supply_stats supply_stats;

struct supply_worker {
	struct fleet_worker *worker; /* borrowed: owns us */
	struct list copies, ready;   /* ready: waits whose copy has ended */
	struct deferred gone;
	/* Versions it has: bit v - first. */
	uint64_t *bits; /* owned, [words] */
	uint64_t words, first;
};

struct supply_copy {
	struct list node;
	struct supply_worker *supply;
	struct spool_file *file; /* held */
	uint64_t version;
	int fd, error;
	bool is_stale; /* its worker was restarted meanwhile */
	struct fetch *fetch;
	struct next_turn failing; /* it failed before anything was sent */
	struct list waits;
};

/* -- what a worker has -- */

struct supply_worker *supply_worker_create(struct fleet_worker *worker)
{
	struct supply_worker *supply = calloc(1, sizeof(*supply));
	if (supply == NULL)
		return NULL;
	supply->worker = worker;
	list_init(&supply->copies);
	list_init(&supply->ready);
	return supply;
}

bool supply_worker_has(const struct supply_worker *supply, const struct spool_file *file)
{
	uint64_t bit = file->version - supply->first;
	return bit < supply->words * 64 && (supply->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

static void learn(struct supply_worker *supply, uint64_t version)
{
	if (version - supply->first >= VERSIONS_MOST) {
		supply_worker_forget(supply);
		supply->first = version;
	}
	uint64_t bit = version - supply->first;
	if (bit >= supply->words * 64) {
		uint64_t words = (bit / 64 + 1) * 2;
		uint64_t *bits = realloc(supply->bits, words * sizeof(*bits));
		/* Without memory it is copied again. */
		if (bits == NULL)
			return;
		memset(bits + supply->words, 0, (words - supply->words) * sizeof(*bits));
		supply->bits = bits;
		supply->words = words;
	}
	supply->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

void supply_worker_learn(struct supply_worker *supply, const struct spool_file *file)
{
	learn(supply, file->version);
}

void supply_worker_forget(struct supply_worker *supply)
{
	free(supply->bits);
	supply->bits = NULL;
	supply->words = 0;
	list_each (node, &supply->copies)
		CONTAINER_OF(node, struct supply_copy, node)->is_stale = true;
}

bool supply_forget_names(struct supply_worker *supply, const struct supply_names *names)
{
	for (uint32_t i = 0; names != NULL && i < names->count; i++) {
		const struct spool_file *file = names->names[i].file;
		if (file == NULL || !supply_worker_has(supply, file))
			continue;
		uint64_t bit = file->version - supply->first;
		supply->bits[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
	}
	return names != NULL && names->count != 0;
}

/* -- copies -- */

static void copy_destroy(struct supply_copy *copy)
{
	list_remove(&copy->node);
	next_turn_cancel(&copy->failing);
	fetch_cancel(copy->fetch);
	if (copy->fd >= 0)
		(void)close(copy->fd);
	spool_release(copy->file);
	free(copy);
}

static void run_free(struct deferred *gone)
{
	struct supply_worker *supply = CONTAINER_OF(gone, struct supply_worker, gone);
	free(supply->bits);
	free(supply);
}

static void drop_waits(struct list *waits)
{
	while (!list_is_empty(waits))
		list_remove(waits->next);
}

void supply_worker_destroy(struct supply_worker *supply)
{
	if (supply == NULL)
		return;
	list_each_safe (node, &supply->copies) {
		struct supply_copy *copy = CONTAINER_OF(node, struct supply_copy, node);
		drop_waits(&copy->waits);
		copy_destroy(copy);
	}
	drop_waits(&supply->ready);
	supply_pulls_drop(supply->worker);
	/* Perhaps from inside an on_done. */
	defer(&supply->gone, run_free);
}

static bool go_on(struct supply_wait *wait);

/* Tells everybody who waits. The copy is gone then. */
static void copy_ended(struct supply_copy *copy, int error)
{
	struct supply_worker *supply = copy->supply;
	const struct spool_file *file = copy->file;
	if (error == 0) {
		supply_stats.copies++;
		supply_stats.bytes += file->bytes;
		if (!copy->is_stale)
			learn(supply, copy->version);
	} else {
		supply_stats.failures++;
		log_warn("supply_failed", "worker=%s file=%s why=%s",
			LOG_QUOTE(supply->worker->node_id), LOG_QUOTE(file->name),
			LOG_QUOTE(strerrordesc_np(-error)));
	}
	while (!list_is_empty(&copy->waits)) {
		struct list *node = copy->waits.next;
		list_remove(node);
		list_push_back(&supply->ready, node);
	}
	copy_destroy(copy);
	while (!list_is_empty(&supply->ready)) {
		struct supply_wait *wait = list_first(&supply->ready, struct supply_wait, node);
		list_remove(&wait->node);
		if (error != 0 || go_on(wait))
			wait->on_done(wait, error);
	}
}

static void on_failing(struct next_turn *failing)
{
	struct supply_copy *copy = CONTAINER_OF(failing, struct supply_copy, failing);
	copy_ended(copy, copy->error);
}

/* The worker's answer names the file as we do. */
static bool is_taken_as_sent(struct slice answer, const struct spool_file *file)
{
	struct json_value json, name;
	return json_read(answer, &json) && json_find(json, "name", &name) &&
	       name.kind == JSON_KIND_STRING && json_is_text(name.raw, slice_of(file->name));
}

static void on_answer(const struct fetch_result *result, void *arg)
{
	struct supply_copy *copy = arg;
	int error = result->error;
	copy->fetch = NULL;
	if (error == 0 && (result->status != 200 || !is_taken_as_sent(result->body, copy->file)))
		error = -EREMOTEIO;
	copy_ended(copy, error);
}

/* -errno. */
static int send_copy(struct supply_copy *copy)
{
	struct spool_file *file = copy->file;
	struct fleet_worker *worker = copy->supply->worker;
	struct upload_body body;
	copy->fd = spool_file_open(worker->fleet->spool, file);
	if (copy->fd < 0)
		return copy->fd;
	if (!upload_body_init(&body, file->type, file->subfolder, file->name, NULL))
		return -ENOMEM;
	struct fetch_ask ask = {
		.path = "/upload/image",
		.method = "POST",
		.fields = body.fields,
		.head = {body.head.p, body.head.n},
		.file = copy->fd,
		.file_bytes = file->bytes,
		.tail = {body.tail.p, body.tail.n},
		.timeout_ms = COPY_MS + file->bytes / COPY_BYTES_MS,
		.body_most = ANSWER_MOST,
		.on_done = on_answer,
		.arg = copy,
	};
	copy->fetch = fleet_ask(worker, &ask);
	int error = copy->fetch == NULL ? -errno : 0;
	upload_body_finish(&body);
	return error;
}

/* The copy that is under way, or a new one. NULL: no memory. */
static struct supply_copy *copy_get(struct supply_worker *supply, struct spool_file *file)
{
	list_each (node, &supply->copies) {
		struct supply_copy *copy = CONTAINER_OF(node, struct supply_copy, node);
		if (copy->file == file)
			return copy;
	}
	struct supply_copy *copy = calloc(1, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	copy->supply = supply;
	copy->file = file;
	copy->version = file->version;
	list_init(&copy->waits);
	list_init(&copy->node);
	next_turn_init(&copy->failing, on_failing);
	spool_hold(file);
	list_push_back(&supply->copies, &copy->node);
	copy->error = send_copy(copy);
	if (copy->error != 0)
		next_turn_add(&copy->failing);
	return copy;
}

/* -- who waits -- */

/* The next file that is missing there; NULL when none is, or *ret_name is to be pulled first. */
static struct spool_file *next_missing(struct supply_wait *wait, struct supply_name **ret_name)
{
	const struct supply_worker *supply = wait->worker->supply;
	*ret_name = NULL;
	if (wait->file != NULL)
		return supply_worker_has(supply, wait->file) ? NULL : wait->file;
	for (; wait->names != NULL && wait->at < wait->names->count; wait->at++) {
		struct supply_name *name = &wait->names->names[wait->at];
		wait->again = wait->was_at == wait->at ? wait->again : 0;
		wait->was_at = wait->at;
		if (name->file == NULL && !name->is_given_up) {
			*ret_name = name;
			return NULL;
		}
		if (name->file != NULL && !supply_worker_has(supply, name->file))
			return name->file;
	}
	return NULL;
}

/* A result that is in the spool by now is a file like any other. */
static bool take_pulled(struct supply_wait *wait, struct supply_name *name)
{
	const struct supply_result *result = name->result;
	name->file = spool_find(
		wait->worker->fleet->spool, result->type, result->subfolder, result->filename);
	if (name->file != NULL)
		spool_hold(name->file);
	return name->file != NULL;
}

/* True: it has all. */
static bool go_on(struct supply_wait *wait)
{
	for (;;) {
		struct supply_name *name;
		struct spool_file *file = next_missing(wait, &name);
		list_init(&wait->node);
		if (name != NULL) {
			if (!take_pulled(wait, name) && supply_pull(name, wait))
				return false;
			continue;
		}
		if (file == NULL)
			return true;
		if (++wait->again > AGAIN_MOST) {
			/* What was copied last is as good as any. */
			if (wait->file != NULL)
				return true;
			wait->at++;
			continue;
		}
		struct supply_copy *copy = copy_get(wait->worker->supply, file);
		/* Without memory: the worker will say what it misses. */
		if (copy == NULL)
			return true;
		list_push_back(&copy->waits, &wait->node);
		return false;
	}
}

void supply_go_on(struct supply_wait *wait, int error)
{
	struct supply_name *name = &wait->names->names[wait->at];
	/* Its maker does not have it any more: the worker will say so. */
	if (error == -ENOENT) {
		name->is_given_up = true;
		error = 0;
	}
	if (error != 0 || go_on(wait))
		wait->on_done(wait, error);
}

static bool begin(struct supply_wait *wait, struct fleet_worker *worker)
{
	wait->worker = worker;
	wait->at = wait->was_at = 0;
	wait->again = 0;
	return go_on(wait);
}

bool supply_job(struct supply_names *names, struct fleet_worker *worker, struct supply_wait *wait)
{
	wait->names = names;
	wait->file = NULL;
	return names == NULL || begin(wait, worker);
}

bool supply_file(struct spool_file *file, struct fleet_worker *worker, struct supply_wait *wait)
{
	wait->names = NULL;
	wait->file = file;
	return begin(wait, worker);
}

void supply_wait_cancel(struct supply_wait *wait)
{
	if (wait->node.next != NULL)
		list_remove(&wait->node);
}
