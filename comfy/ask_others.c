#include "comfy/ask_others.h"

#include "comfy/files.h"
#include "comfy/fleet_parts.h"
#include "comfy/route.h"

#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 3000
#define ANSWER_MOST (64u << 20)
#define OPEN_MOST 4000 /* questions to workers at a time */

struct asked {
	struct route_state state;
	struct exchange *x; /* borrowed */
	struct fleet *fleet;
	uint32_t open, count;
	struct fetch *fetches[];
};

struct one {
	struct asked *asked;
	uint32_t index;
	char node_id[129];
};

static uint32_t open_questions;

static void free_asked(struct asked *asked)
{
	open_questions -= asked->count;
	for (uint32_t i = 0; i < asked->count; i++)
		fetch_cancel(asked->fetches[i]);
	free(asked);
}

static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)reason;
	free_asked(CONTAINER_OF(state, struct asked, state));
}

static bool is_something(struct slice body)
{
	struct json_value root, value;
	struct slice name;
	struct json_scan scan;
	if (!json_read(body, &root))
		return false;
	json_walk(&scan, root);
	return json_member(&scan, &name, &value);
}

/* Files in it are that worker's, under the names that the fleet gives them. */
static struct blob *with_names(struct asked *asked, const char *node_id, struct slice json)
{
	struct handler_request r;
	handler_request(asked->x, &r);
	struct file_client client = file_client_of(route_cookie(&r), slice_of(r.client_ip));
	files_learn_from(asked->fleet->files, node_id, &client, json);
	struct blob *renamed = files_rename(asked->fleet->files, node_id, json);
	return renamed != NULL ? renamed : blob_copy(json.p, json.n);
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct one *one = arg;
	struct asked *asked = one->asked;
	struct exchange *x = asked->x;
	struct blob *json = NULL;
	asked->fetches[one->index] = NULL;
	asked->open--;
	if (result->error == 0 && result->status == 200 && is_something(result->body))
		json = with_names(asked, one->node_id, result->body);
	else if (asked->open != 0)
		return;
	else
		json = blob_copy("{}", 2);
	free_asked(asked);
	route_answer(x, 200, json);
}

void ask_first_member(struct fleet *fleet, struct exchange *x)
{
	struct handler_request r;
	handler_request(x, &r);
	size_t most = fleet->worker_count;
	struct asked *asked = calloc(1, sizeof(*asked) + most * sizeof(void *));
	struct one *ones = arena_take(r.arena, (most + 1) * sizeof(*ones));
	char *path = route_target(&r);
	if (asked == NULL || ones == NULL || path == NULL || open_questions + most > OPEN_MOST) {
		free(asked);
		handler_refuse(x, 503, "too many ask for jobs that nobody knows");
		return;
	}
	asked->x = x;
	asked->fleet = fleet;
	asked->state.on_gone = on_gone;
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		struct one *one = &ones[asked->count];
		*one = (struct one){.asked = asked, .index = asked->count};
		(void)snprintf(one->node_id, sizeof(one->node_id), "%s", worker->node_id);
		struct fetch_ask ask = {
			.path = path,
			.timeout_ms = TIMEOUT_MS,
			.body_most = ANSWER_MOST,
			.on_done = on_done,
			.arg = one,
		};
		struct fetch *fetch = fleet_worker_is_up(worker) ? fleet_ask(worker, &ask) : NULL;
		if (fetch == NULL)
			continue;
		asked->fetches[asked->count++] = fetch;
		asked->open++;
	}
	if (asked->open == 0) {
		free(asked);
		route_answer(x, 200, blob_copy("{}", 2));
		return;
	}
	open_questions += asked->count;
	handler_set_state(x, &asked->state);
}

void ask_tell_all(struct fleet *fleet, const char *path, struct slice json)
{
	list_each (node, &fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		/* One that is polled tells the end of a job by its history alone. */
		bool is_needed = false;
		list_each (at, &worker->jobs)
			is_needed = is_needed ||
				    CONTAINER_OF(at, struct job, in_worker)->run->is_polled;
		if (is_needed)
			continue;
		/* One that is down forgot it anyway, or will have when it is back. */
		if (fleet_worker_is_up(worker) && !fleet_tell(worker, path, json))
			return;
	}
}
