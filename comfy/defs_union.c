/*
 * comfy/defs_union.c - GET /object_info of all workers together.
 *
 *   NOTHING --asked--> JSON --class by class--> GZIP --if somebody waits for it--> NOTHING
 *                       '------------------------------- if nobody does -------------^
 *
 * Made of the lists as they are when it begins; who asks after a change waits for the next one.
 * Kept until something changes.
 */
#include "comfy/defs_parts.h"

#include <errno.h>
#include <stdlib.h>

static void on_turn(struct next_turn *turn)
{
	struct defs *defs = CONTAINER_OF(turn, struct defs, made.turn);
	if (union_step(defs))
		next_turn_add(turn);
}

void union_init(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	*made = (struct defs_union){.units = DEFS_MERGE_UNITS, .octets = DEFS_DEFLATE_OCTETS};
	next_turn_init(&made->turn, on_turn);
	list_init(&made->waits);
}

/* What was being made is given up, or done. */
static void stop(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	if (made->is_in_class)
		merge_cancel(&made->merge);
	made->is_in_class = false;
	gzip_destroy(made->deflate);
	made->deflate = NULL;
	text_finish(&made->out);
	union_give_lists(defs, made->lists, made->list_count);
	made->lists = NULL;
	made->list_count = 0;
	made->making = MAKING_NOTHING;
}

static void drop_made(struct defs_union *made)
{
	blob_unref(made->json);
	blob_unref(made->gzip);
	made->json = made->gzip = NULL;
}

void union_finish(struct defs *defs)
{
	next_turn_cancel(&defs->made.turn);
	stop(defs);
	drop_made(&defs->made);
}

static bool is_seen(struct defs_list *const *lists, size_t count, const struct defs_list *list)
{
	for (size_t i = 0; i < count; i++) {
		if (lists[i] == list)
			return true;
	}
	return false;
}

/* Each list once, in the workers' order. `out` has room for one of each worker. */
static size_t collect_lists(const struct defs *defs, struct defs_list **out)
{
	size_t count = 0;
	list_each (node, &defs->workers) {
		const struct defs_worker *worker = CONTAINER_OF(node, struct defs_worker, node);
		if (worker->list != NULL && !is_seen(out, count, worker->list))
			out[count++] = worker->list;
	}
	return count;
}

bool union_take_lists(struct defs *defs, struct defs_list ***ret_lists, size_t *ret_count)
{
	struct defs_list **lists = malloc((defs->known + 1) * sizeof(void *));
	if (lists == NULL)
		return false;
	*ret_count = collect_lists(defs, lists);
	*ret_lists = lists;
	for (size_t i = 0; i < *ret_count; i++)
		lists[i]->refs++;
	return true;
}

void union_give_lists(struct defs *defs, struct defs_list **lists, size_t count)
{
	for (size_t i = 0; i < count; i++)
		store_unref_list(defs, lists[i]);
	free((void *)lists);
}

static uint64_t tag_of(const struct defs *defs, struct defs_list *const *lists, size_t count)
{
	uint64_t tag = defs->uploads_tag;
	for (size_t i = 0; i < count; i++)
		tag = (tag ^ lists[i]->hash) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	return tag;
}

uint64_t defs_union_tag(const struct defs *defs)
{
	if (defs->made.json != NULL && defs->made.epoch == defs->epoch)
		return defs->made.tag;
	struct defs_list **lists = malloc((defs->known + 1) * sizeof(void *));
	if (lists == NULL)
		return 0;
	uint64_t tag = tag_of(defs, lists, collect_lists(defs, lists));
	free((void *)lists);
	return tag;
}

static bool begin_json(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	size_t octets = 0;
	drop_made(made);
	made->epoch = defs->epoch;
	if (!union_take_lists(defs, &made->lists, &made->list_count))
		return false;
	made->tag = tag_of(defs, made->lists, made->list_count);
	if (made->list_count != 0) {
		const struct defs_list *list = made->lists[0];
		for (uint32_t i = 0; i < list->count; i++)
			octets += list->variants[i]->raw.raw.n +
				  list->variants[i]->class_->quoted.n + 4;
	}
	text_init(&made->out, octets + octets / 16);
	text_put(&made->out, "{", 1);
	made->list = 0;
	made->at = 0;
	made->number = ++defs->numbers;
	made->making = MAKING_JSON;
	return true;
}

/* The next class that is not in it yet; false when all are. */
static bool begin_class(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	const struct defs_list *list = made->lists[made->list];
	struct defs_class *class_ = list->variants[made->at++]->class_;
	if (class_->made == made->number)
		return false;
	class_->made = made->number;
	if (made->out.n > 1)
		text_put(&made->out, ", ", 2);
	text_put(&made->out, class_->quoted.p, class_->quoted.n);
	text_put(&made->out, ": ", 2);
	merge_begin(
		&made->merge, defs, made->lists, made->list_count, made->list, class_, &made->out);
	made->is_in_class = true;
	return true;
}

/* 1: all of it is there. */
static int step_json(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	size_t units = made->units;
	while (made->list < made->list_count) {
		if (made->is_in_class) {
			int rc = merge_step(&made->merge, &units);
			made->is_in_class = rc == 0;
			if (rc <= 0)
				return rc;
		} else if (units == 0) {
			return 0;
		} else if (made->at == made->lists[made->list]->count) {
			made->list++;
			made->at = 0;
		} else if (!begin_class(defs)) {
			units--;
		}
	}
	text_put(&made->out, "}", 1);
	made->json = blob_of_text(&made->out);
	return made->json == NULL ? -ENOMEM : 1;
}

static bool begin_gzip(struct defs_union *made)
{
	text_init(&made->out, made->json->n / 6);
	made->deflate = gzip_create(&made->out);
	made->at = 0;
	made->making = MAKING_GZIP;
	return made->deflate != NULL;
}

static int step_gzip(struct defs_union *made)
{
	size_t n = min_size(made->octets, made->json->n - made->at);
	bool is_last = made->at + n == made->json->n;
	if (!gzip_add(made->deflate, (struct slice){made->json->p + made->at, n}, is_last))
		return -ENOMEM;
	made->at += (uint32_t)n;
	if (!is_last)
		return 0;
	made->gzip = blob_of_text(&made->out);
	return made->gzip == NULL ? -ENOMEM : 1;
}

/* Everybody for whom it is new enough, and of that kind. What they do may come back here. */
static void tell(struct defs *defs, uint64_t epoch, uint64_t tag, struct blob *json, bool is_gzip)
{
	struct list now;
	list_init(&now);
	list_each_safe (node, &defs->made.waits) {
		const struct defs_wait *wait = CONTAINER_OF(node, struct defs_wait, node);
		if (wait->epoch <= epoch && wait->is_gzip == is_gzip) {
			list_remove(node);
			list_push_back(&now, node);
		}
	}
	if (json != NULL)
		(void)blob_ref(json);
	while (!list_is_empty(&now)) {
		struct defs_wait *wait = list_first(&now, struct defs_wait, node);
		list_remove(&wait->node);
		wait->tag = tag;
		wait->on_ready(wait, json);
	}
	blob_unref(json);
}

static bool has_gzip_wait(const struct defs_union *made)
{
	list_each (node, &made->waits) {
		const struct defs_wait *wait = CONTAINER_OF(node, struct defs_wait, node);
		if (wait->is_gzip && wait->epoch <= made->epoch)
			return true;
	}
	return false;
}

/* What to do next, for those who wait. False: without memory. */
static bool begin_next(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	if (made->making != MAKING_NOTHING || list_is_empty(&made->waits))
		return true;
	if (made->json != NULL && has_gzip_wait(made))
		return begin_gzip(made);
	return begin_json(defs);
}

static void fail(struct defs *defs)
{
	uint64_t epoch = defs->made.epoch;
	stop(defs);
	tell(defs, epoch, 0, NULL, true);
	tell(defs, epoch, 0, NULL, false);
}

bool union_step(struct defs *defs)
{
	struct defs_union *made = &defs->made;
	int rc = -ENOMEM;
	if (begin_next(defs)) {
		if (made->making == MAKING_NOTHING)
			return false;
		rc = made->making == MAKING_JSON ? step_json(defs) : step_gzip(made);
	}
	if (rc < 0) {
		fail(defs);
	} else if (rc > 0) {
		bool is_gzip = made->making == MAKING_GZIP;
		stop(defs);
		tell(defs, made->epoch, made->tag, is_gzip ? made->gzip : made->json, is_gzip);
	}
	return made->making != MAKING_NOTHING || !list_is_empty(&made->waits);
}

void defs_union(struct defs *defs, struct defs_wait *wait)
{
	struct defs_union *made = &defs->made;
	struct blob *ready = wait->is_gzip ? made->gzip : made->json;
	list_init(&wait->node);
	if (ready != NULL && made->epoch == defs->epoch) {
		wait->tag = made->tag;
		(void)blob_ref(ready);
		wait->on_ready(wait, ready);
		blob_unref(ready);
		return;
	}
	wait->epoch = defs->epoch;
	list_push_back(&made->waits, &wait->node);
	next_turn_add(&made->turn);
}

void defs_union_cancel(struct defs_wait *wait)
{
	list_remove(&wait->node);
}
