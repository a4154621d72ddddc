/*
 * comfy/defs_read.c - bodies of GET /object_info, one after the other, each class by class.
 *
 * They come at the same time when a fleet starts, and each has megabytes. One is read at a time, a
 * stretch of it in each turn of the loop; the others wait. A class that another worker has with the
 * same text costs a hash and a comparison.
 */
#include "comfy/defs_parts.h"

#include <errno.h>

static void on_turn(struct next_turn *turn)
{
	struct defs *defs = CONTAINER_OF(turn, struct defs, reading.turn);
	if (reading_step(defs))
		next_turn_add(turn);
}

void reading_init(struct defs *defs)
{
	defs->reading = (struct defs_reading){.slice = DEFS_READ_OCTETS};
	next_turn_init(&defs->reading.turn, on_turn);
	list_init(&defs->reading.waiting);
}

void reading_finish(struct defs *defs)
{
	next_turn_cancel(&defs->reading.turn);
}

/* No worker is being read any more. */
static void put_down(struct defs *defs)
{
	struct defs_reading *reading = &defs->reading;
	store_drop_draft(defs, &reading->draft);
	blob_unref(reading->body);
	reading->body = NULL;
	reading->worker = NULL;
}

void reading_cancel(struct defs_worker *worker)
{
	struct defs *defs = worker->defs;
	if (defs->reading.worker == worker)
		put_down(defs);
	list_remove(&worker->queued);
	blob_unref(worker->body);
	worker->body = NULL;
}

void reading_add(struct defs_worker *worker, struct blob *body)
{
	struct defs_reading *reading = &worker->defs->reading;
	reading_cancel(worker);
	worker->body = blob_ref(body);
	list_push_back(&reading->waiting, &worker->queued);
	next_turn_add(&reading->turn);
}

static bool begin(struct defs *defs)
{
	struct defs_reading *reading = &defs->reading;
	if (list_is_empty(&reading->waiting))
		return false;
	struct defs_worker *worker = list_first(&reading->waiting, struct defs_worker, queued);
	list_remove(&worker->queued);
	reading->worker = worker;
	reading->body = worker->body;
	worker->body = NULL;
	reading->draft.number = ++defs->numbers;
	json_scan_start(&reading->scan, blob_slice(reading->body));
	if (!json_enter(&reading->scan, JSON_KIND_OBJECT))
		reading->scan.is_bad = true;
	return true;
}

/* The body was read to its end, or gave nothing more. */
static void end(struct defs *defs, int error)
{
	struct defs_reading *reading = &defs->reading;
	struct defs_worker *worker = reading->worker;
	struct defs_list *list = NULL;
	if (error == 0 && !json_is_whole(&reading->scan))
		error = -EINVAL;
	if (error == 0) {
		list = store_list(defs, &reading->draft);
		if (list == NULL)
			error = -ENOMEM;
	}
	put_down(defs);
	if (list != NULL)
		defs_worker_take(worker, list);
	if (worker->on_read != NULL)
		worker->on_read(worker->arg, error);
}

bool reading_step(struct defs *defs)
{
	struct defs_reading *reading = &defs->reading;
	struct slice name;
	struct json_value class_;
	if (reading->worker == NULL && !begin(defs))
		return false;
	const char *began = reading->scan.p;
	while ((size_t)(reading->scan.p - began) < reading->slice) {
		if (!json_name(&reading->scan, &name) || !json_take(&reading->scan, &class_)) {
			end(defs, 0);
			break;
		}
		int error = class_.kind == JSON_KIND_OBJECT
				    ? store_add(defs, &reading->draft, name, class_)
				    : -EINVAL;
		if (error != 0) {
			end(defs, error);
			break;
		}
	}
	return reading->worker != NULL || !list_is_empty(&reading->waiting);
}
