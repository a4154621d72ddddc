/*
 * comfy/routes.c - which requests the fleet answers itself, and by which function.
 *
 * Everything else is carried to a worker as it was sent: pages, scripts, custom nodes' routes.
 * Paths are compared decoded, as ComfyUI compares them (route_path). It has each route with and
 * without /api, its job routes only with it (and once more with two).
 */
#include "comfy/routes.h"

#include "comfy/check.h"
#include "comfy/fleet_parts.h"
#include "comfy/origin.h"
#include "comfy/page.h"
#include "comfy/route.h"
#include "http/chars.h"

#include <stdlib.h>

#define SMALL (1u << 20) /* body of a request that only names jobs */
/* Models can be added without a restart: an older list is asked for anew. */
#define INFO_OLD_MS 60000
#define INFO_WAIT_MS 20000

enum { GET = BIT(0), POST = BIT(1), OTHER = BIT(2) };

struct route {
	const char *path; /* ends with "/": a prefix, and at least one octet must follow */
	unsigned methods;
	bool is_api_only;
	route_function *answer;
	const char *tail; /* what a prefix's rest must end with, "" or NULL for anything else */
	route_function *begin; /* HANDLER_PIECES: called for the head; NULL: the body is held */
	bool is_prompt;        /* the body may be as large as fleet->settings.prompt_bytes */
};

/* At the start, while workers are asked already: one question for all who want to know. */
struct info_wait {
	struct route_state state;
	struct list node; /* in fleet->info_waits */
	struct fleet *fleet;
	struct exchange *x; /* borrowed */
	struct deadline deadline;
};

static void end_info_wait(struct info_wait *wait)
{
	deadline_clear(&wait->deadline);
	list_remove(&wait->node);
	free(wait);
}

static void on_info_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)reason;
	end_info_wait(CONTAINER_OF(state, struct info_wait, state));
}

/* With what is known by now; a worker is asked by itself if that is nothing. */
static void answer_info(struct info_wait *wait)
{
	struct fleet *fleet = wait->fleet;
	struct exchange *x = wait->x;
	end_info_wait(wait);
	handler_set_state(x, NULL);
	route_object_info(fleet, x, (struct slice){"", 0});
}

static void on_info_due(struct deadline *deadline)
{
	answer_info(CONTAINER_OF(deadline, struct info_wait, deadline));
}

void routes_info_known(struct fleet *fleet)
{
	list_each_safe (node, &fleet->info_waits)
		answer_info(CONTAINER_OF(node, struct info_wait, node));
}

static bool wait_for_info(struct fleet *fleet, struct exchange *x)
{
	struct info_wait *wait = calloc(1, sizeof(*wait));
	if (wait == NULL)
		return false;
	wait->state.on_gone = on_info_gone;
	wait->fleet = fleet;
	wait->x = x;
	list_push_back(&fleet->info_waits, &wait->node);
	deadline_init(&wait->deadline, on_info_due);
	deadline_set(&wait->deadline, INFO_WAIT_MS);
	handler_set_state(x, &wait->state);
	return true;
}

static bool is_anybody_asked(const struct fleet *fleet)
{
	list_each (node, &fleet->workers)
		if (worker_is_asked(CONTAINER_OF(node, struct fleet_worker, node)))
			return true;
	return false;
}

void routes_info_failed(struct fleet *fleet)
{
	if (!is_anybody_asked(fleet))
		routes_info_known(fleet);
}

/* What is known is told at once; who asks again sees what came since. */
static void object_info(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	if (!defs_is_known(fleet->defs) && is_anybody_asked(fleet) && wait_for_info(fleet, x))
		return;
	list_each (node, &fleet->workers)
		worker_refresh(CONTAINER_OF(node, struct fleet_worker, node), INFO_OLD_MS);
	route_object_info(fleet, x, rest);
}

static void unload_all(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	list_each (node, &fleet->workers)
		sched_worker_restarted(CONTAINER_OF(node, struct fleet_worker, node)->sched);
	route_free(fleet, x, rest);
}

static const struct route routes[] = {
	{.path = "/prompt", .methods = POST, .answer = route_prompt, .is_prompt = true},
	{.path = "/prompt", .methods = GET, .answer = route_prompt_info},
	{.path = "/queue", .methods = GET, .answer = route_queue},
	{.path = "/queue", .methods = POST, .answer = route_queue_post},
	{.path = "/interrupt", .methods = POST, .answer = route_interrupt},
	{.path = "/history", .methods = GET, .answer = route_history},
	{.path = "/history", .methods = POST, .answer = route_history_post},
	{.path = "/history/", .methods = GET, .answer = route_history_one},
	{.path = "/jobs", .methods = GET, .is_api_only = true, .answer = route_jobs},
	{.path = "/jobs/cancel", .methods = POST, .is_api_only = true, .answer = route_jobs_cancel},
	{.path = "/jobs/",
		.methods = POST,
		.is_api_only = true,
		.answer = route_job_cancel,
		.tail = "/cancel"},
	{.path = "/jobs/", .methods = GET, .is_api_only = true, .answer = route_job},
	{.path = "/object_info", .methods = GET, .answer = object_info},
	{.path = "/object_info/", .methods = GET, .answer = route_object_info_class},
	{.path = "/features", .methods = GET, .answer = route_features},
	{.path = "/system_stats", .methods = GET, .answer = route_system_stats},
	{.path = "/free", .methods = POST, .answer = unload_all},
	{.path = "/embeddings", .methods = GET, .answer = route_union},
	{.path = "/extensions", .methods = GET, .answer = route_union},
	{.path = "/models", .methods = GET, .answer = route_union},
	{.path = "/models/", .methods = GET, .answer = route_union},
	{.path = "/experiment/models", .methods = GET, .answer = route_union},
	{.path = "/experiment/models/", .methods = GET, .answer = route_union},
	{.path = "/view", .methods = GET, .answer = route_view},
	{.path = "/upload/image",
		.methods = POST,
		.answer = route_upload_end,
		.begin = route_upload_begin_image},
	{.path = "/upload/mask",
		.methods = POST,
		.answer = route_upload_end,
		.begin = route_upload_begin_mask},
};

static unsigned method_of(struct slice method)
{
	if (slice_is(method, SLICE("GET")) || slice_is(method, SLICE("HEAD")))
		return GET;
	return slice_is(method, SLICE("POST")) ? POST : OTHER;
}

static bool take_api(struct slice *path)
{
	if (!slice_starts(*path, SLICE("/api/")))
		return false;
	path->p += 4;
	path->n -= 4;
	return true;
}

static bool is_at(const struct route *route, struct slice path, struct slice *ret_rest)
{
	struct slice own = slice_of(route->path);
	struct slice tail = slice_of(route->tail == NULL ? "" : route->tail);
	*ret_rest = (struct slice){path.p + path.n, 0};
	if (own.p[own.n - 1] != '/')
		return slice_is(path, own);
	if (!slice_starts(path, own) || path.n <= own.n + tail.n ||
		memcmp(path.p + path.n - tail.n, tail.p, tail.n) != 0)
		return false;
	*ret_rest = (struct slice){path.p + own.n, path.n - own.n - tail.n};
	return memchr(ret_rest->p, '/', ret_rest->n) == NULL;
}

/* Some servers route by the decoded path, so "/%71ueue" must not lead past us. %2F stays: it is no
 * separator, here and there. */
struct slice route_path(const struct handler_request *r)
{
	struct slice path = r->path;
	if (memchr(path.p, '%', path.n) == NULL)
		return path;
	char *out = arena_take(r->arena, path.n);
	size_t n = 0;
	if (out == NULL)
		return path;
	for (size_t i = 0; i < path.n; i++) {
		int high = i + 2 < path.n && path.p[i] == '%' ? http_hex_value(path.p[i + 1]) : -1;
		int low = high < 0 ? -1 : http_hex_value(path.p[i + 2]);
		char c = (char)(high * 16 + low);
		if (low < 0 || c == '/' || c == '%' || c == '\0') {
			out[n++] = path.p[i];
			continue;
		}
		out[n++] = c;
		i += 2;
	}
	return (struct slice){out, n};
}

static const struct route *find(const struct handler_request *r, struct slice *ret_rest)
{
	struct slice path = route_path(r);
	bool has_api = take_api(&path);
	unsigned method = method_of(r->method);
	if (has_api && slice_starts(path, SLICE("/api/jobs")))
		(void)take_api(&path);
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		const struct route *route = &routes[i];
		if ((route->methods & method) != 0 && (has_api || !route->is_api_only) &&
			is_at(route, path, ret_rest))
			return route;
	}
	return NULL;
}

static bool is_page(const struct handler_request *r)
{
	struct slice path = route_path(r);
	(void)take_api(&path);
	return r->is_websocket && slice_is(path, SLICE("/ws"));
}

static struct fleet *fleet_of(const struct handler_request *r)
{
	return fleet_find(r->pool->conf->name);
}

/* -- foreign pages -- */

static bool is_welcome(const struct handler_request *r)
{
	return origin_is_welcome(http_span_in(r->p, r->head->host),
		http_head_value(r->head, r->p, HF_ORIGIN),
		http_head_find(r->head, r->p, "Sec-Fetch-Site"));
}

static bool on_foreign_piece(struct exchange *x, struct route_state *state, struct slice piece)
{
	(void)state;
	(void)piece;
	route_answer(x, 403, NULL);
	return false;
}

static void on_foreign_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)state;
	(void)reason;
}

/* Of a request that is refused with the first octets of its body. */
static struct route_state foreign = {.on_gone = on_foreign_gone, .on_piece = on_foreign_piece};

/* -- the handler -- */

static enum handler_wish on_head(struct exchange *x, uint64_t *ret_most)
{
	struct handler_request r;
	struct slice rest;
	handler_request(x, &r);
	struct fleet *fleet = fleet_of(&r);
	if (fleet == NULL)
		return HANDLER_PASS;
	const struct route *route = find(&r, &rest);
	bool is_ours = route != NULL || is_page(&r);
	if (!is_ours && home_wish(fleet, x, ret_most) == HANDLER_PASS)
		return HANDLER_PASS;
	if (!is_welcome(&r)) {
		handler_set_state(x, &foreign);
		return HANDLER_PIECES;
	}
	if (route == NULL)
		return HANDLER_HOLD;
	if (route->begin != NULL) {
		route->begin(fleet, x, rest);
		return HANDLER_PIECES;
	}
	*ret_most = route->is_prompt ? fleet->settings.prompt_bytes : SMALL;
	return HANDLER_HOLD;
}

static void on_request(struct exchange *x)
{
	struct handler_request r;
	struct slice rest;
	handler_request(x, &r);
	struct fleet *fleet = fleet_of(&r);
	ensure(fleet != NULL);
	if (!is_welcome(&r)) {
		route_answer(x, 403, NULL);
		return;
	}
	if (is_page(&r)) {
		page_open(fleet, x);
		return;
	}
	const struct route *route = find(&r, &rest);
	if (route != NULL)
		route->answer(fleet, x, rest);
	else
		home_request(fleet, x);
}

static bool on_piece(struct exchange *x, struct slice piece)
{
	struct route_state *state = handler_state(x);
	return state->on_piece(x, state, piece);
}

static void on_gone(struct exchange *x, enum close_reason reason)
{
	struct route_state *state = handler_state(x);
	state->on_gone(x, state, reason);
}

static void on_socket(struct exchange *x)
{
	struct route_state *state = handler_state(x);
	state->on_socket(x, state);
}

const struct handler comfy_handler = {
	.on_head = on_head,
	.on_piece = on_piece,
	.on_request = on_request,
	.on_gone = on_gone,
	.on_socket = on_socket,
};

void route_answer(struct exchange *x, int status, struct blob *json)
{
	handler_set_state(x, NULL);
	if (json == NULL && status < 400) {
		handler_refuse(x, 503, "out of memory");
		return;
	}
	handler_answer(x, status, json == NULL ? "" : "application/json; charset=utf-8", "", json);
	blob_unref(json);
}

char *route_target(const struct handler_request *r)
{
	size_t n = r->path.n + (r->query.n == 0 ? 0 : r->query.n + 1);
	char *target = arena_take(r->arena, n + 1);
	if (target == NULL)
		return NULL;
	memcpy(target, r->path.p, r->path.n);
	if (r->query.n != 0) {
		target[r->path.n] = '?';
		memcpy(target + r->path.n + 1, r->query.p, r->query.n);
	}
	target[n] = '\0';
	return target;
}

void route_refuse(struct exchange *x, int status, const char *type, const char *message)
{
	route_answer(x, status, check_refusal(type, message, ""));
}
