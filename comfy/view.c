/*
 * comfy/view.c - GET /view: carried to the worker that has the file.
 */
#include "base/text.h"
#include "comfy/locate.h"
#include "comfy/route.h"
#include "http/query.h"

#include <errno.h>
#include <stdlib.h>

struct view {
	struct route_state state;
	struct exchange *x; /* borrowed: on_gone comes before it goes */
	struct locate locate;
};

static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	struct view *view = CONTAINER_OF(state, struct view, state);
	(void)x;
	(void)reason;
	locate_cancel(&view->locate);
	free(view);
}

/* What the worker is asked for: without the tag it would not know. Empty: as the client asked. */
static bool target_for(
	const struct handler_request *r, const struct locate *locate, struct slice *ret_target)
{
	struct text text;
	*ret_target = SLICE("");
	if (!locate->was_tagged)
		return true;
	text_init(&text, r->target.n + 1);
	locate_retarget(&text, r->target, locate->subfolder);
	char *copy = text.is_short ? NULL : arena_copy(r->arena, text.p, text.n);
	*ret_target = (struct slice){copy, text.n};
	text_finish(&text);
	return copy != NULL;
}

static void on_found(struct locate *locate, struct fleet_worker *worker, int error)
{
	struct view *view = CONTAINER_OF(locate, struct view, locate);
	struct exchange *x = view->x;
	struct handler_request r;
	struct slice target;
	handler_request(x, &r);
	handler_set_state(x, NULL);
	if (worker != NULL && target_for(&r, locate, &target))
		handler_forward(x, worker->backend, target, false);
	else if (worker != NULL || error == -ENOMEM)
		handler_refuse(x, 503, "out of memory");
	else if (error == -ENOENT)
		handler_answer(x, 404, "", "", NULL);
	else if (error == -EBUSY)
		handler_refuse(x, 503, "too many files are being looked for");
	else
		handler_refuse(x, 503, "the worker that has the file is not there");
	free(view);
}

void route_view(struct fleet *fleet, struct exchange *x, struct slice rest)
{
	char type[16], subfolder[LOCATE_TEXT_MOST], filename[LOCATE_TEXT_MOST];
	struct handler_request r;
	(void)rest;
	handler_request(x, &r);
	struct view *view = calloc(1, sizeof(*view));
	if (view == NULL) {
		handler_refuse(x, 503, "out of memory");
		return;
	}
	(void)query_find(r.query, "filename", filename, sizeof(filename));
	(void)query_find(r.query, "subfolder", subfolder, sizeof(subfolder));
	if (query_find(r.query, "type", type, sizeof(type)) < 0)
		memcpy(type, "output", sizeof("output"));
	view->x = x;
	view->state.on_gone = on_gone;
	/* What is no file's name is any worker's to refuse. */
	if (!locate_init(&view->locate, fleet, type, subfolder, filename)) {
		free(view);
		handler_forward(x, NULL, SLICE(""), false);
		return;
	}
	view->locate.client = file_client_of(r.keys->value[CONF_KEY_COOKIE], slice_of(r.client_ip));
	view->locate.on_found = on_found;
	handler_set_state(x, &view->state);
	locate_start(&view->locate);
}
