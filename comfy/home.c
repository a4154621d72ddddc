#include "comfy/home.h"

#include "comfy/route.h"

#include "base/hash.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define WAITING_MOST 1000         /* copies for one worker */
#define WAITING_BYTES (64u << 20) /* and their octets; beyond it the oldest is dropped */
#define TIMEOUT_MS 30000
#define ANSWER_MOST (64u << 20)

struct home_stats home_stats;

/* One write, for as many workers as still have to get it. */
struct write {
	uint32_t refs;
	char method[16];
	char *target;      /* owned */
	char *fields;      /* owned: Content-Type, Comfy-User */
	struct blob *body; /* owned; NULL none */
};

struct copy {
	struct list node;
	struct write *write; /* ref */
};

struct home_worker {
	struct fleet_worker *worker; /* borrowed: owns us */
	struct list copies;          /* struct copy, the oldest first */
	uint32_t count;
	size_t bytes;
	struct fetch *fetch; /* of the first */
};

/* A write that its home has not answered yet. */
struct pending {
	struct route_state state;
	struct list node; /* in fleet->home_writes */
	struct fleet *fleet;
	struct exchange *x; /* borrowed; NULL once it left */
	struct fleet_worker *home;
	struct write *write;        /* ref */
	uint64_t user_hash, weight; /* of home, which may be gone */
	struct fetch *fetch;
};

static bool take_prefix(struct slice *path, struct slice prefix)
{
	if (!slice_starts(*path, prefix))
		return false;
	path->p += prefix.n;
	path->n -= prefix.n;
	return true;
}

static bool is_home_path(struct slice path)
{
	static const char *const roots[] = {
		"/userdata", "/v2/userdata", "/settings", "/users", "/internal/logs"};
	if (slice_starts(path, SLICE("/api/")))
		(void)take_prefix(&path, SLICE("/api"));
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		struct slice rest = path;
		if (take_prefix(&rest, slice_of(roots[i])) && (rest.n == 0 || rest.p[0] == '/'))
			return true;
	}
	return false;
}

static bool is_read(const struct handler_request *r)
{
	return slice_is(r->method, SLICE("GET")) || slice_is(r->method, SLICE("HEAD")) ||
	       slice_is(r->method, SLICE("OPTIONS"));
}

enum handler_wish home_wish(struct fleet *fleet, struct exchange *x, uint64_t *ret_most)
{
	struct handler_request r;
	handler_request(x, &r);
	if (!is_home_path(route_path(&r)))
		return HANDLER_PASS;
	*ret_most = fleet->settings.prompt_bytes;
	return HANDLER_HOLD;
}

static uint64_t weight_of(const struct fleet_worker *worker, uint64_t user_hash)
{
	uint64_t parts[2] = {user_hash, worker->backend->id_hash};
	return hash_stable(parts, sizeof(parts));
}

/* The worker whose files they are: the one with the most weight, below that of one that failed.
 * NULL: none is up. */
static struct fleet_worker *home_of(struct fleet *fleet, uint64_t user_hash, uint64_t below)
{
	struct fleet_worker *best = NULL;
	uint64_t most = 0;
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		uint64_t weight = weight_of(worker, user_hash);
		if (!fleet_worker_is_up(worker) || worker->is_leaving ||
			worker->backend->is_draining || weight >= below)
			continue;
		if (best == NULL || weight > most) {
			best = worker;
			most = weight;
		}
	}
	return best;
}

/* -- copies -- */

static void write_unref(struct write *write)
{
	if (write == NULL || --write->refs != 0)
		return;
	blob_unref(write->body);
	free(write->target);
	free(write->fields);
	free(write);
}

static void next_copy(struct home_worker *home);

/* Out of the list; the caller frees it. */
static void take_out(struct home_worker *home, struct copy *copy)
{
	list_remove(&copy->node);
	home->count--;
	home->bytes -= copy->write->body == NULL ? 0 : copy->write->body->n;
}

static void free_copy(struct copy *copy)
{
	write_unref(copy->write);
	free(copy);
}

static void on_copied(const struct fetch_result *result, void *arg)
{
	struct home_worker *home = arg;
	home->fetch = NULL;
	if (result->error != 0) {
		/* It waits until the worker is back. */
		home_stats.failures++;
		return;
	}
	if (result->status >= 400)
		home_stats.failures++;
	else
		home_stats.copies++;
	struct copy *done = list_first(&home->copies, struct copy, node);
	take_out(home, done);
	next_copy(home);
	free_copy(done);
}

static void ask_write(const struct write *write, struct fetch_ask *ask)
{
	*ask = (struct fetch_ask){
		.path = write->target,
		.method = write->method,
		.fields = write->fields,
		.body = write->body,
		.timeout_ms = TIMEOUT_MS,
		.body_most = ANSWER_MOST,
	};
}

static void next_copy(struct home_worker *home)
{
	struct fetch_ask ask;
	if (home->fetch != NULL || list_is_empty(&home->copies) ||
		!fleet_worker_is_up(home->worker))
		return;
	ask_write(list_first(&home->copies, struct copy, node)->write, &ask);
	ask.on_done = on_copied;
	ask.arg = home;
	home->fetch = fleet_ask(home->worker, &ask);
}

/* The oldest that is not on its way. */
static struct copy *oldest_of(struct home_worker *home)
{
	struct list *oldest = home->copies.next;
	if (home->fetch != NULL)
		oldest = oldest->next;
	return CONTAINER_OF(oldest, struct copy, node);
}

static void add_copy(struct fleet_worker *worker, struct write *write)
{
	struct list dropped;
	struct copy *copy = malloc(sizeof(*copy));
	struct home_worker *home = worker->home;
	if (home == NULL && copy != NULL) {
		home = worker->home = calloc(1, sizeof(*home));
		if (home != NULL) {
			home->worker = worker;
			list_init(&home->copies);
		}
	}
	if (copy == NULL || home == NULL) {
		free(copy);
		home_stats.dropped++;
		return;
	}
	list_init(&dropped);
	copy->write = write;
	write->refs++;
	list_push_back(&home->copies, &copy->node);
	home->count++;
	home->bytes += write->body == NULL ? 0 : write->body->n;
	while (home->count > 1 + (home->fetch != NULL) &&
		(home->count > WAITING_MOST || home->bytes > WAITING_BYTES)) {
		struct copy *oldest = oldest_of(home);
		take_out(home, oldest);
		list_push_back(&dropped, &oldest->node);
		home_stats.dropped++;
	}
	next_copy(home);
	list_each_safe (node, &dropped)
		free_copy(CONTAINER_OF(node, struct copy, node));
}

void home_worker_is_back(struct fleet_worker *worker)
{
	if (worker->home != NULL)
		next_copy(worker->home);
}

void home_worker_destroy(struct home_worker *home)
{
	if (home == NULL)
		return;
	fetch_cancel(home->fetch);
	list_each_safe (node, &home->copies)
		free_copy(CONTAINER_OF(node, struct copy, node));
	free(home);
}

/* -- requests -- */

static void free_pending(struct pending *pending)
{
	list_remove(&pending->node);
	fetch_cancel(pending->fetch);
	write_unref(pending->write);
	free(pending);
}

/* It is written all the same. */
static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)reason;
	CONTAINER_OF(state, struct pending, state)->x = NULL;
}

static void on_written(const struct fetch_result *result, void *arg);

static bool ask_home(struct pending *pending, struct fleet_worker *home)
{
	struct fetch_ask ask;
	ask_write(pending->write, &ask);
	ask.on_done = on_written;
	ask.arg = pending;
	pending->home = home;
	pending->weight = weight_of(home, pending->user_hash);
	pending->fetch = fleet_ask(home, &ask);
	return pending->fetch != NULL;
}

/* A home that died and nobody knows it yet: the next one takes the write. */
static bool ask_next(struct pending *pending)
{
	struct fleet_worker *next = home_of(pending->fleet, pending->user_hash, pending->weight);
	return next != NULL && ask_home(pending, next);
}

static void on_written(const struct fetch_result *result, void *arg)
{
	struct pending *pending = arg;
	struct fleet *fleet = pending->fleet;
	struct exchange *x = pending->x;
	pending->fetch = NULL;
	if (result->error != 0 && !result->was_sent && ask_next(pending))
		return;
	if (result->error == 0 && result->status < 400) {
		home_stats.writes++;
		list_each (node, &fleet->workers) {
			struct fleet_worker *other = CONTAINER_OF(node, struct fleet_worker, node);
			if (other != pending->home && !other->is_leaving)
				add_copy(other, pending->write);
		}
	}
	free_pending(pending);
	if (x == NULL)
		return;
	handler_set_state(x, NULL);
	if (result->error != 0) {
		handler_refuse(x, 502, "the worker could not be asked");
		return;
	}
	char type[FETCH_TYPE_MOST + 1];
	(void)snprintf(type, sizeof(type), "%.*s", (int)result->type.n, result->type.p);
	struct blob *body = blob_copy(result->body.p, result->body.n);
	handler_answer(x, result->status, type, "", body);
	blob_unref(body);
}

static struct write *make_write(const struct handler_request *r)
{
	struct write *write = calloc(1, sizeof(*write));
	if (write == NULL)
		return NULL;
	struct slice type = http_head_find(r->head, r->p, "Content-Type");
	struct slice user = http_head_find(r->head, r->p, "Comfy-User");
	write->refs = 1;
	(void)snprintf(write->method, sizeof(write->method), "%.*s", (int)r->method.n, r->method.p);
	const char *target = route_target(r);
	write->target = target == NULL ? NULL : strdup(target);
	bool has_fields = asprintf(&write->fields, "%s%.*s%s%s%.*s%s",
				  type.n == 0 ? "" : "Content-Type: ", (int)type.n, type.p,
				  type.n == 0 ? "" : "\r\n",
				  user.n == 0 ? "" : "Comfy-User: ", (int)user.n, user.p,
				  user.n == 0 ? "" : "\r\n") >= 0;
	if (!has_fields)
		write->fields = NULL;
	if (r->body.n != 0)
		write->body = blob_copy(r->body.p, r->body.n);
	if (write->target == NULL || !has_fields || (r->body.n != 0 && write->body == NULL)) {
		write_unref(write);
		return NULL;
	}
	return write;
}

static void write_home(
	struct fleet *fleet, struct exchange *x, struct fleet_worker *home, uint64_t user_hash)
{
	struct handler_request r;
	handler_request(x, &r);
	struct pending *pending = calloc(1, sizeof(*pending));
	if (pending != NULL)
		pending->write = make_write(&r);
	if (pending == NULL || pending->write == NULL) {
		free(pending);
		handler_refuse(x, 503, "out of memory");
		return;
	}
	list_push_back(&fleet->home_writes, &pending->node);
	pending->state.on_gone = on_gone;
	pending->fleet = fleet;
	pending->x = x;
	pending->user_hash = user_hash;
	if (!ask_home(pending, home)) {
		free_pending(pending);
		handler_refuse(x, 503, "no connection to a worker can be made now");
		return;
	}
	handler_set_state(x, &pending->state);
}

void home_request(struct fleet *fleet, struct exchange *x)
{
	struct handler_request r;
	handler_request(x, &r);
	struct slice user = http_head_find(r.head, r.p, "Comfy-User");
	uint64_t user_hash = hash_stable(user.p, user.n);
	struct fleet_worker *home = home_of(fleet, user_hash, UINT64_MAX);
	if (home == NULL)
		handler_refuse(x, 503, "no worker is available");
	else if (slice_is(route_path(&r), SLICE("/internal/logs/subscribe")))
		logs_subscribe(fleet, x, home);
	else if (is_read(&r))
		handler_forward_first(x, home->backend);
	else
		write_home(fleet, x, home, user_hash);
}

void home_finish(struct fleet *fleet)
{
	list_each_safe (node, &fleet->home_writes)
		free_pending(CONTAINER_OF(node, struct pending, node));
}
