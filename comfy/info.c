/*
 * comfy/info.c - what all workers know together: lists of models and the like, devices, features.
 */
#include "comfy/ask_all.h"
#include "comfy/info_merge.h"
#include "comfy/route.h"

#include <errno.h>

/* A worker that makes a preview may be silent for seconds. Who looks at devices every second must
 * not wait for it, nor a page that begins with /extensions and /embeddings. */
#define STATS_GRACE_MS 1000
#define LISTS_GRACE_MS 2000

/* How the answers went: what to say when none was good. */
struct tally {
	uint32_t good, missing; /* 200 and of the right shape; 404 */
	uint16_t other;         /* the first other status; 0 none */
	bool is_late;           /* somebody did not answer in time */
};

static void count_answer(struct tally *tally, const struct ask_answer *answer, bool is_good)
{
	if (is_good)
		tally->good++;
	else if (answer->error == 0 && answer->status == 404)
		tally->missing++;
	else if (answer->error == 0 && answer->status >= 400 && tally->other == 0)
		tally->other = answer->status;
	else if (answer->error == -ETIMEDOUT)
		tally->is_late = true;
}

static int status_of(const struct tally *tally)
{
	if (tally->good != 0)
		return 200;
	if (tally->missing != 0)
		return 404;
	if (tally->other != 0)
		return tally->other;
	return tally->is_late ? 504 : 502;
}

/* -- lists -- */

struct lists {
	struct list_merge merge;
	struct tally tally;
};

static void lists_init(void *self)
{
	struct lists *lists = self;
	list_merge_init(&lists->merge);
}

static void lists_add(void *self, const struct ask_answer *answer)
{
	struct lists *lists = self;
	bool is_good = answer->error == 0 && answer->status == 200 &&
		       list_merge_add(&lists->merge, answer->body);
	count_answer(&lists->tally, answer, is_good);
}

static int lists_end(void *self, struct blob **ret_json)
{
	struct lists *lists = self;
	if (lists->tally.good == 0)
		return status_of(&lists->tally);
	*ret_json = list_merge_end(&lists->merge);
	return *ret_json == NULL ? 503 : 200;
}

static void lists_destroy(void *self)
{
	struct lists *lists = self;
	list_merge_finish(&lists->merge);
}

static const struct ask_kind kind_lists = {
	.is_shared = true,
	.grace_ms = LISTS_GRACE_MS,
	.self_bytes = sizeof(struct lists),
	.init = lists_init,
	.add = lists_add,
	.end = lists_end,
	.destroy = lists_destroy,
};

/* The target without /api: versions that have no twin of a route under it have the route. */
void route_union(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request request;
	(void)rest;
	handler_request(x, &request);
	struct slice path = request.path;
	struct slice prefix = SLICE("/api/");
	if (slice_starts(path, prefix)) {
		path.p += prefix.n - 1;
		path.n -= prefix.n - 1;
	}
	char *target = arena_take(request.arena, path.n + request.query.n + 2);
	if (target == NULL) {
		handler_refuse(x, 503, "out of memory");
		return;
	}
	memcpy(target, path.p, path.n);
	size_t n = path.n;
	if (request.query.n != 0) {
		target[n++] = '?';
		memcpy(target + n, request.query.p, request.query.n);
		n += request.query.n;
	}
	target[n] = '\0';
	ask_all(fleet, x, &kind_lists, target, NULL, NULL, (struct slice){NULL, 0});
}

/* -- devices -- */

struct stats {
	struct stats_merge merge;
	struct tally tally;
};

static void stats_init(void *self)
{
	struct stats *stats = self;
	stats_merge_init(&stats->merge);
}

static void stats_add(void *self, const struct ask_answer *answer)
{
	struct stats *stats = self;
	bool is_good = answer->error == 0 && answer->status == 200 &&
		       stats_merge_add(&stats->merge, answer->node_id, answer->body);
	count_answer(&stats->tally, answer, is_good);
}

static int stats_end(void *self, struct blob **ret_json)
{
	struct stats *stats = self;
	if (stats->tally.good == 0)
		return status_of(&stats->tally);
	*ret_json = stats_merge_end(&stats->merge);
	return *ret_json == NULL ? 503 : 200;
}

static void stats_destroy(void *self)
{
	struct stats *stats = self;
	stats_merge_finish(&stats->merge);
}

static const struct ask_kind kind_stats = {
	.is_shared = true,
	.grace_ms = STATS_GRACE_MS,
	.self_bytes = sizeof(struct stats),
	.init = stats_init,
	.add = stats_add,
	.end = stats_end,
	.destroy = stats_destroy,
};

void route_system_stats(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	(void)rest;
	ask_all(fleet, x, &kind_stats, "/system_stats", NULL, NULL, (struct slice){NULL, 0});
}

/* -- free -- */

static void free_init(void *self)
{
	(void)self;
}

static void free_add(void *self, const struct ask_answer *answer)
{
	bool is_good = answer->error == 0 && answer->status >= 200 && answer->status < 300;
	count_answer(self, answer, is_good);
}

static int free_end(void *self, struct blob **ret_json)
{
	*ret_json = NULL;
	return status_of(self);
}

static const struct ask_kind kind_free = {
	.self_bytes = sizeof(struct tally),
	.init = free_init,
	.add = free_add,
	.end = free_end,
	.destroy = free_init,
};

void route_free(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	struct handler_request request;
	(void)rest;
	handler_request(x, &request);
	ask_all(fleet, x, &kind_free, "/free", "POST", "Content-Type: application/json\r\n",
		request.body);
}

/* -- features -- */

/* Of those that were asked already: a page is answered once, so who comes first must not get
 * nothing because one worker is slow to tell. */
static struct blob *common_features(const struct fleet *fleet)
{
	struct features_merge merge;
	features_merge_init(&merge);
	list_each (node, &fleet->workers) {
		const struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (fleet_worker_is_up(worker) && !worker->is_leaving && worker->features != NULL)
			features_merge_add(&merge, blob_slice(worker->features));
	}
	return features_merge_end(&merge);
}

void route_features(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	(void)rest;
	route_answer(x, 200, common_features(fleet));
}

struct blob *fleet_feature_flags(struct fleet *fleet)
{
	struct text text;
	struct blob *features = common_features(fleet);
	if (features == NULL)
		return NULL;
	text_init(&text, features->n + 64);
	text_puts(&text, "{\"type\": \"feature_flags\", \"data\": ");
	text_put(&text, features->p, features->n);
	text_puts(&text, "}");
	blob_unref(features);
	return blob_of_text(&text);
}
