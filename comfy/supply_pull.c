/*
 * comfy/supply_pull.c - results of one worker that are an input of a job on another.
 *
 *   maker --GET /view--> the spool, as (type, "@maker/sub", name) --> whoever needs it
 *
 * From the spool on it is a file like any other, and stays as long as there is room.
 */
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "comfy/fleet.h"
#include "comfy/supply_names.h"

#include <errno.h>
#include <stdlib.h>

#define PULL_MS 120000
#define PULL_MOST ((uint64_t)4 << 30)

struct pull {
	struct list node; /* in pulls */
	struct fleet *fleet;
	struct supply_result what;
	struct spool_write *write; /* owned */
	struct fetch *fetch;
	struct next_turn hashing;
	struct list waits;
};

static struct list pulls = {&pulls, &pulls};
static struct list ready = {&ready, &ready}; /* waits whose pull has ended */

static void destroy(struct pull *pull)
{
	list_remove(&pull->node);
	next_turn_cancel(&pull->hashing);
	fetch_cancel(pull->fetch);
	spool_write_cancel(pull->write);
	free(pull);
}

static void ended(struct pull *pull, int error)
{
	if (error != 0)
		log_warn("result_not_copied", "worker=%s file=%s why=%s",
			LOG_QUOTE(pull->what.node_id), LOG_QUOTE(pull->what.filename),
			LOG_QUOTE(strerrordesc_np(-error)));
	while (!list_is_empty(&pull->waits)) {
		struct list *node = pull->waits.next;
		list_remove(node);
		list_push_back(&ready, node);
	}
	destroy(pull);
	while (!list_is_empty(&ready)) {
		struct supply_wait *wait = list_first(&ready, struct supply_wait, node);
		list_remove(&wait->node);
		supply_go_on(wait, error);
	}
}

static void on_hashing(struct next_turn *hashing)
{
	struct pull *pull = CONTAINER_OF(hashing, struct pull, hashing);
	struct spool_want want = {
		pull->what.type, pull->what.subfolder, pull->what.filename, .overwrite = true};
	struct spool_file *file;
	struct spool_write *write = pull->write;
	if (spool_write_step(write) > 0) {
		next_turn_add(hashing);
		return;
	}
	pull->write = NULL;
	int error = spool_write_end(write, &want, &file);
	supply_uploads_changed(pull->fleet);
	ended(pull, error);
}

static void on_result(const struct fetch_result *result, void *arg)
{
	struct pull *pull = arg;
	pull->fetch = NULL;
	if (result->error != 0)
		ended(pull, result->error);
	else if (result->status != 200)
		ended(pull, -ENOENT);
	else
		next_turn_add(&pull->hashing);
}

static bool is_for(
	const struct pull *pull, const struct fleet *fleet, const struct supply_result *what)
{
	return pull->fleet == fleet && strcmp(pull->what.type, what->type) == 0 &&
	       strcmp(pull->what.subfolder, what->subfolder) == 0 &&
	       strcmp(pull->what.filename, what->filename) == 0;
}

/* Asks the maker. False: nobody to ask, or no memory or descriptor. */
static bool ask(struct pull *pull)
{
	struct slice rest;
	struct text path;
	struct fleet_worker *maker = files_tagged_worker(
		pull->fleet, slice_of(pull->what.subfolder), &rest);
	if (maker == NULL || !fleet_worker_is_up(maker))
		return false;
	pull->write = spool_write_begin(pull->fleet->spool);
	if (pull->write == NULL)
		return false;
	text_init(&path, 256);
	/* What follows the tag ends where the subfolder ends. */
	locate_view_target(&path, pull->what.type, rest.p, pull->what.filename);
	text_put(&path, "", 1);
	struct fetch_ask question = {
		.path = path.p,
		.fields = "Accept: */*\r\n",
		.sink = spool_write_fd(pull->write),
		.timeout_ms = PULL_MS,
		.body_most = PULL_MOST,
		.on_done = on_result,
		.arg = pull,
	};
	pull->fetch = path.is_short ? NULL : fleet_ask(maker, &question);
	text_finish(&path);
	return pull->fetch != NULL;
}

static struct pull *begin(struct fleet *fleet, const struct supply_result *what)
{
	struct pull *pull = calloc(1, sizeof(*pull));
	if (pull == NULL)
		return NULL;
	pull->fleet = fleet;
	pull->what = *what;
	list_init(&pull->waits);
	list_init(&pull->node);
	next_turn_init(&pull->hashing, on_hashing);
	list_push_back(&pulls, &pull->node);
	if (ask(pull))
		return pull;
	destroy(pull);
	return NULL;
}

bool supply_pull(struct supply_name *name, struct supply_wait *wait)
{
	struct fleet *fleet = wait->worker->fleet;
	struct pull *pull = NULL;
	list_each (node, &pulls) {
		struct pull *one = CONTAINER_OF(node, struct pull, node);
		if (is_for(one, fleet, name->result))
			pull = one;
	}
	if (pull == NULL)
		pull = begin(fleet, name->result);
	if (pull == NULL) {
		name->is_given_up = true;
		return false;
	}
	list_push_back(&pull->waits, &wait->node);
	return true;
}

static void drop_waits_of(struct list *waits, const struct fleet_worker *worker)
{
	list_each_safe (node, waits) {
		if (CONTAINER_OF(node, struct supply_wait, node)->worker == worker)
			list_remove(node);
	}
}

void supply_pulls_drop(struct fleet_worker *worker)
{
	drop_waits_of(&ready, worker);
	list_each_safe (node, &pulls) {
		struct pull *pull = CONTAINER_OF(node, struct pull, node);
		drop_waits_of(&pull->waits, worker);
		/* With its last worker the fleet may go. */
		if (pull->fleet == worker->fleet && list_is_empty(&pull->waits))
			destroy(pull);
	}
}
