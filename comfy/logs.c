/*
 * comfy/logs.c - PATCH /internal/logs/subscribe: the home worker's log lines, as events.
 *
 *   {"clientId": "page's", "enabled": true} --> {"clientId": "our link's", "enabled": true}
 *
 * The worker tells them to the id it is given, so that is our link's there; it is kept open for as
 * long as the client listens.
 */
#include "comfy/route.h"

#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 10000
#define ANSWER_MOST 65536

struct subscribing {
	struct route_state state;
	struct exchange *x; /* borrowed */
	struct link *link;  /* held */
	struct link_wait opened;
	struct fetch *fetch;
	bool is_enabled;
};

static void free_subscribing(struct subscribing *s)
{
	fetch_cancel(s->fetch);
	link_wait_cancel(&s->opened);
	link_release(s->link);
	free(s);
}

static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	(void)x;
	(void)reason;
	free_subscribing(CONTAINER_OF(state, struct subscribing, state));
}

static void answer(struct subscribing *s, int status)
{
	struct exchange *x = s->x;
	free_subscribing(s);
	handler_set_state(x, NULL);
	if (status == 200)
		handler_answer(x, 200, "", "", NULL);
	else
		handler_refuse(x, status, "the worker could not be asked for its log");
}

/* The subscription is the owner's from now on, or not any more. */
static void keep(struct subscribing *s)
{
	struct owner *owner = s->link->owner;
	if (owner == NULL)
		return;
	link_release(owner->logs);
	owner->logs = NULL;
	if (s->is_enabled && !list_is_empty(&owner->pages)) {
		owner->logs = s->link;
		link_hold(s->link);
	}
}

static void on_told(const struct fetch_result *result, void *arg)
{
	struct subscribing *s = arg;
	s->fetch = NULL;
	if (result->error == 0 && result->status == 200)
		keep(s);
	answer(s, result->error == 0 ? result->status : 502);
}

static void on_opened(struct link_wait *wait, int error)
{
	struct subscribing *s = CONTAINER_OF(wait, struct subscribing, opened);
	char body[128];
	int n = snprintf(body, sizeof(body), "{\"clientId\": \"%s\", \"enabled\": %s}",
		s->link->sid, s->is_enabled ? "true" : "false");
	struct fetch_ask ask = {
		.path = "/internal/logs/subscribe",
		.method = "PATCH",
		.fields = "Content-Type: application/json\r\n",
		.head = {body, (size_t)n},
		.timeout_ms = TIMEOUT_MS,
		.body_most = ANSWER_MOST,
		.on_done = on_told,
		.arg = s,
	};
	if (error == 0)
		s->fetch = fleet_ask(s->link->worker, &ask);
	if (s->fetch == NULL)
		answer(s, 502);
}

static struct owner *find_owner(struct fleet *fleet, struct json_value root)
{
	char id[OWNER_ID_MOST + 1];
	struct json_value value;
	if (!json_find(root, "clientId", &value) || value.kind != JSON_KIND_STRING)
		return NULL;
	ptrdiff_t n = json_decode(value.raw, id, sizeof(id));
	return n <= 0 ? NULL : owners_find(fleet->owners, (struct slice){id, (size_t)n});
}

void logs_subscribe(struct fleet *fleet, struct exchange *x, struct fleet_worker *home)
{
	struct handler_request r;
	struct json_value root, enabled;
	handler_request(x, &r);
	if (!json_read(r.body, &root) || !json_find(root, "enabled", &enabled)) {
		route_refuse(x, 400, "invalid_request", "clientId and enabled are needed");
		return;
	}
	struct owner *owner = find_owner(fleet, root);
	struct subscribing *s = owner == NULL ? NULL : calloc(1, sizeof(*s));
	if (s != NULL)
		s->link = link_get(owner, home);
	if (s == NULL || s->link == NULL) {
		free(s);
		/* Nobody listens under that id: there is nothing to subscribe. */
		handler_answer(x, 200, "", "", NULL);
		return;
	}
	s->state.on_gone = on_gone;
	s->x = x;
	s->is_enabled = enabled.kind == JSON_KIND_TRUE;
	handler_set_state(x, &s->state);
	link_wait_init(&s->opened, on_opened);
	link_wait(s->link, &s->opened);
}
