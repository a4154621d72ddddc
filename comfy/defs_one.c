/*
 * comfy/defs_one.c - GET /object_info/{class} of the union.
 *
 * Mostly made at once. A class that lists uploads may have thousands of values at each of hundreds
 * of workers: that goes on in the next turns.
 */
#include "comfy/defs_parts.h"

#include <stdlib.h>

struct defs_one {
	struct next_turn turn;
	struct defs *defs;        /* borrowed: cancelled before it goes */
	struct defs_list **lists; /* owned, with a reference each: they keep the class */
	size_t list_count;
	struct defs_merge merge;
	struct text out;
	void (*on_ready)(void *arg, struct blob *json);
	void *arg;
};

static void destroy(struct defs_one *one)
{
	next_turn_cancel(&one->turn);
	text_finish(&one->out);
	union_give_lists(one->defs, one->lists, one->list_count);
	free(one);
}

void defs_one_cancel(struct defs_one *one)
{
	if (one == NULL)
		return;
	merge_cancel(&one->merge);
	destroy(one);
}

/* False: it is not done. Otherwise it was told, and is gone. */
static bool step(struct defs_one *one)
{
	size_t units = one->defs->made.units;
	struct blob *json = NULL;
	int rc = merge_step(&one->merge, &units);
	if (rc == 0)
		return false;
	text_put(&one->out, "}", 1);
	if (rc > 0)
		json = blob_of_text(&one->out);
	void (*on_ready)(void *, struct blob *) = one->on_ready;
	void *arg = one->arg;
	destroy(one);
	on_ready(arg, json);
	blob_unref(json);
	return true;
}

static void on_turn(struct next_turn *turn)
{
	struct defs_one *one = CONTAINER_OF(turn, struct defs_one, turn);
	if (!step(one))
		next_turn_add(turn);
}

static struct defs_one *create(struct defs *defs, const struct defs_class *class_)
{
	struct defs_one *one = calloc(1, sizeof(*one));
	size_t first = 0;
	if (one == NULL)
		return NULL;
	if (!union_take_lists(defs, &one->lists, &one->list_count)) {
		free(one);
		return NULL;
	}
	one->defs = defs;
	next_turn_init(&one->turn, on_turn);
	while (list_variant(one->lists[first], class_) == NULL)
		first++;
	text_init(&one->out, 0);
	text_put(&one->out, "{", 1);
	text_put(&one->out, class_->quoted.p, class_->quoted.n);
	text_put(&one->out, ": ", 2);
	merge_begin(&one->merge, defs, one->lists, one->list_count, first, class_, &one->out);
	return one;
}

struct defs_one *defs_union_class(struct defs *defs, struct slice class_type,
	void (*on_ready)(void *arg, struct blob *json), void *arg)
{
	const struct defs_class *class_ = defs_find(defs, class_type);
	if (class_ == NULL) {
		struct blob *none = blob_copy("{}", 2);
		on_ready(arg, none);
		blob_unref(none);
		return NULL;
	}
	struct defs_one *one = create(defs, class_);
	if (one == NULL) {
		on_ready(arg, NULL);
		return NULL;
	}
	one->on_ready = on_ready;
	one->arg = arg;
	if (step(one))
		return NULL;
	next_turn_add(&one->turn);
	return one;
}
