/*
 * comfy/defs.c - the life of a fleet's definitions and of what each worker has of them.
 */
#include "comfy/defs_parts.h"

#include <errno.h>
#include <stdlib.h>

struct defs *defs_create(void)
{
	struct defs *defs = calloc(1, sizeof(*defs));
	if (defs == NULL)
		return NULL;
	list_init(&defs->workers);
	list_init(&defs->lists);
	defs->epoch = defs->allows_epoch = 1;
	reading_init(defs);
	union_init(defs);
	return defs;
}

void defs_destroy(struct defs *defs)
{
	if (defs == NULL)
		return;
	ensure(list_is_empty(&defs->workers));
	reading_finish(defs);
	union_finish(defs);
	ensure(list_is_empty(&defs->lists));
	free(defs->buckets);
	free(defs->free_indices);
	free(defs);
}

struct defs_worker *defs_worker_create(struct defs *defs)
{
	struct defs_worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return NULL;
	worker->defs = defs;
	list_init(&worker->queued);
	list_push_back(&defs->workers, &worker->node);
	return worker;
}

void defs_worker_destroy(struct defs_worker *worker)
{
	if (worker == NULL)
		return;
	defs_worker_forget(worker);
	list_remove(&worker->node);
	free(worker);
}

void defs_worker_on_read(
	struct defs_worker *worker, void (*on_read)(void *arg, int error), void *arg)
{
	worker->on_read = on_read;
	worker->arg = arg;
}

/* Whether it can be an object at all: what is no JSON is seen at once, and mostly so. */
static bool looks_like_object(struct slice text)
{
	while (text.n != 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	while (text.n != 0 && strchr(" \t\r\n", text.p[0]) != NULL) {
		text.p++;
		text.n--;
	}
	return text.n >= 2 && text.p[0] == '{' && text.p[text.n - 1] == '}';
}

int defs_worker_set(struct defs_worker *worker, struct blob *body)
{
	if (!looks_like_object(blob_slice(body)))
		return -EINVAL;
	reading_add(worker, body);
	return 0;
}

static uint64_t kind_of(const struct defs_list *list)
{
	return list == NULL ? 0 : list->kind;
}

void defs_worker_take(struct defs_worker *worker, struct defs_list *list)
{
	struct defs *defs = worker->defs;
	struct defs_list *old = worker->list;
	worker->list = list;
	if (list == old) {
		store_unref_list(defs, old); /* two references, one holder */
		return;
	}
	defs->epoch++;
	/* The new one first: what both have lives on. */
	if (list != NULL)
		store_list_live(list, true);
	if (old != NULL)
		store_list_live(old, false);
	if (kind_of(list) != kind_of(old))
		defs->allows_epoch++;
	defs->known += (list != NULL ? 1u : 0u) - (old != NULL ? 1u : 0u);
	store_unref_list(defs, old);
}

void defs_worker_forget(struct defs_worker *worker)
{
	reading_cancel(worker);
	defs_worker_take(worker, NULL);
}

bool defs_worker_is_known(const struct defs_worker *worker)
{
	return worker->list != NULL;
}

uint64_t defs_worker_kind(const struct defs_worker *worker)
{
	return kind_of(worker->list);
}

bool defs_is_known(const struct defs *defs)
{
	return defs->known != 0;
}

uint64_t defs_epoch(const struct defs *defs)
{
	return defs->epoch;
}

uint64_t defs_allows_epoch(const struct defs *defs)
{
	return defs->allows_epoch;
}

void defs_set_uploads(
	struct defs *defs, bool (*is_uploaded)(void *arg, struct slice file), void *arg)
{
	defs->is_uploaded = is_uploaded;
	defs->is_uploaded_arg = arg;
	defs->epoch++;
	defs->allows_epoch++;
}

void defs_set_listing(
	struct defs *defs, struct blob *(*listing)(void *arg, struct slice setting), void *arg)
{
	defs->listing = listing;
	defs->listing_arg = arg;
	defs->epoch++;
}

void defs_uploads_changed(struct defs *defs, uint64_t tag)
{
	if (defs->uploads_tag == tag)
		return;
	defs->uploads_tag = tag;
	defs->epoch++;
	defs->allows_epoch++;
}
