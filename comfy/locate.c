#include "comfy/locate.h"

#include "base/text.h"
#include "comfy/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ASK_MS 15000
#define ASKS_AT_ONCE 64   /* of one search */
#define SEARCHES_MOST 128 /* at once; each can cost every worker a request */
#define LIMIT_MS 120000   /* for all of it: a worker that left tells nobody */

struct locate_ask {
	struct locate *locate; /* borrowed: owns us */
	struct fetch *fetch;
	char node_id[129];
};

static uint32_t searches;

static struct file_name name_of(const struct locate *locate)
{
	return (struct file_name){
		slice_of(locate->type), slice_of(locate->subfolder), slice_of(locate->filename)};
}

/* -- the end -- */

static void drop_asks(struct locate *locate)
{
	if (locate->asks == NULL)
		return;
	for (uint32_t i = 0; i < locate->ask_count; i++)
		fetch_cancel(locate->asks[i].fetch);
	free(locate->asks);
	locate->asks = NULL;
	searches--;
}

void locate_cancel(struct locate *locate)
{
	drop_asks(locate);
	supply_wait_cancel(&locate->wait);
	if (deadline_is_set(&locate->limit))
		deadline_clear(&locate->limit);
	if (locate->file != NULL)
		spool_release(locate->file);
	locate->file = NULL;
	locate->on_found = NULL;
}

static void found(struct locate *locate, struct fleet_worker *worker, int error)
{
	void (*on_found)(struct locate *, struct fleet_worker *, int) = locate->on_found;
	locate_cancel(locate);
	on_found(locate, worker, error);
}

static void on_limit(struct deadline *limit)
{
	found(CONTAINER_OF(limit, struct locate, limit), NULL, -ETIMEDOUT);
}

/* -- asking around -- */

static void ask_more(struct locate *locate);

static void on_answer(const struct fetch_result *result, void *arg)
{
	struct locate_ask *ask = arg;
	struct locate *locate = ask->locate;
	ask->fetch = NULL;
	locate->running--;
	if (result->error != 0 || result->status != 200) {
		ask_more(locate);
		return;
	}
	struct fleet_worker *worker = fleet_worker_named(locate->fleet, ask->node_id);
	struct file_name name = name_of(locate);
	if (worker == NULL) {
		ask_more(locate);
		return;
	}
	files_add(locate->fleet->files, &name, worker->node_id, NULL);
	found(locate, worker, 0);
}

static bool ask_one(struct locate *locate, struct locate_ask *ask)
{
	struct fleet_worker *worker = fleet_worker_named(locate->fleet, ask->node_id);
	struct text path;
	if (worker == NULL)
		return false;
	text_init(&path, 256);
	locate_view_target(&path, locate->type, locate->subfolder, locate->filename);
	text_put(&path, "", 1);
	struct fetch_ask question = {
		.path = path.p,
		.method = "HEAD",
		.fields = "Accept: */*\r\n",
		.timeout_ms = ASK_MS,
		.on_done = on_answer,
		.arg = ask,
	};
	if (!path.is_short)
		ask->fetch = fleet_ask(worker, &question);
	text_finish(&path);
	return ask->fetch != NULL;
}

/* The next workers of the list; ends the search when there is none left. */
static void ask_more(struct locate *locate)
{
	while (locate->next_ask < locate->ask_count && locate->running < ASKS_AT_ONCE) {
		struct locate_ask *ask = &locate->asks[locate->next_ask++];
		locate->running += ask_one(locate, ask);
	}
	if (locate->running == 0)
		found(locate, NULL, -ENOENT);
}

static void ask_all(struct locate *locate)
{
	struct fleet *fleet = locate->fleet;
	if (searches >= SEARCHES_MOST) {
		found(locate, NULL, -EBUSY);
		return;
	}
	locate->asks = calloc((size_t)fleet->worker_count + 1, sizeof(*locate->asks));
	if (locate->asks == NULL) {
		found(locate, NULL, -ENOMEM);
		return;
	}
	searches++;
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (!fleet_worker_is_up(worker) || locate->ask_count > fleet->worker_count)
			continue;
		struct locate_ask *ask = &locate->asks[locate->ask_count++];
		ask->locate = locate;
		(void)snprintf(ask->node_id, sizeof(ask->node_id), "%s", worker->node_id);
	}
	ask_more(locate);
}

/* -- uploaded files -- */

static void on_supplied(struct supply_wait *wait, int error)
{
	struct locate *locate = CONTAINER_OF(wait, struct locate, wait);
	struct fleet_worker *worker = fleet_worker_named(locate->fleet, locate->node_id);
	if (error == 0 && worker != NULL)
		found(locate, worker, 0);
	else
		found(locate, NULL, error != 0 ? error : -EHOSTDOWN);
}

/* Of the workers that have it, else of all, the one with the fewest jobs. */
static struct fleet_worker *best_for(struct fleet *fleet, const struct spool_file *file)
{
	struct fleet_worker *best = NULL;
	bool best_has = false;
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (!fleet_worker_is_up(worker))
			continue;
		bool has = supply_worker_has(worker->supply, file);
		bool is_better = best == NULL || has > best_has ||
				 (has == best_has && worker->job_count < best->job_count);
		if (is_better) {
			best = worker;
			best_has = has;
		}
	}
	return best;
}

/* False: it was not uploaded. */
static bool try_spool(struct locate *locate)
{
	struct fleet *fleet = locate->fleet;
	struct spool_file *file = NULL;
	if (fleet->spool != NULL)
		file = spool_find(fleet->spool, locate->type, locate->subfolder, locate->filename);
	if (file == NULL)
		return false;
	struct fleet_worker *worker = best_for(fleet, file);
	if (worker == NULL) {
		found(locate, NULL, -EHOSTDOWN);
		return true;
	}
	spool_hold(file);
	locate->file = file;
	locate->wait.on_done = on_supplied;
	(void)snprintf(locate->node_id, sizeof(locate->node_id), "%s", worker->node_id);
	if (supply_file(file, worker, &locate->wait))
		found(locate, worker, 0);
	return true;
}

/* False: nobody is known to have it. */
static bool try_known(struct locate *locate)
{
	struct fleet *fleet = locate->fleet;
	struct file_name name = name_of(locate);
	bool is_made;
	const char *node_id = files_find(fleet->files, &name, &locate->client, &is_made);
	if (node_id == NULL)
		return false;
	struct fleet_worker *worker = fleet_worker_named(fleet, node_id);
	if (worker != NULL && fleet_worker_is_up(worker)) {
		found(locate, worker, 0);
		return true;
	}
	/* Another worker's file of that name would be another picture. A worker that left may
	 * return. */
	if (is_made) {
		found(locate, NULL, -EHOSTDOWN);
		return true;
	}
	files_remove(fleet->files, &name, node_id);
	return false;
}

void locate_start(struct locate *locate)
{
	struct slice rest;
	deadline_init(&locate->limit, on_limit);
	deadline_set(&locate->limit, LIMIT_MS);
	struct fleet_worker *tagged = files_tagged_worker(
		locate->fleet, slice_of(locate->subfolder), &rest);
	if (tagged != NULL) {
		memmove(locate->subfolder, rest.p, rest.n);
		locate->subfolder[rest.n] = '\0';
		locate->was_tagged = true;
		found(locate, tagged, 0);
		return;
	}
	bool is_input = strcmp(locate->type, "input") == 0;
	if (is_input && try_spool(locate))
		return;
	if (try_known(locate) || (!is_input && try_spool(locate)))
		return;
	ask_all(locate);
}
