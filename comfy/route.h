/*
 * comfy/route.h - what a function of the merged API looks like.
 *
 * routes.c has the table: method and path (with /api taken off) lead to one function, called when
 * the body is held (HANDLER_HOLD). It ends the request, now or later, with one of handler_answer,
 * handler_refuse, handler_forward. What it keeps until then it hangs into the exchange as a struct
 * that begins with struct route_state; routes.c turns the handler's events into calls of it.
 */
#ifndef COMFY_ROUTE_H
#define COMFY_ROUTE_H

#include "comfy/fleet.h"
#include "proxy/handler.h"

struct route_state {
	/* The client left, or the proxy ends: forget x and free the state. */
	void (*on_gone)(struct exchange *x, struct route_state *state, enum close_reason reason);
	/* HANDLER_PIECES only; NULL else. False: answered, the state is freed. */
	bool (*on_piece)(struct exchange *x, struct route_state *state, struct slice piece);
	/* WebSockets only; NULL else. */
	void (*on_socket)(struct exchange *x, struct route_state *state);
};

/* `rest`: what follows the route's path, for routes that end with "/": "checkpoints" of
 * "/models/checkpoints". As sent, percent-encoded. */
typedef void route_function(struct fleet *fleet, struct exchange *x, struct slice rest);

/* Forgets the state pointer (before freeing it) and answers. */
void route_answer(struct exchange *x, int status, struct blob *json); /* takes the reference */
/* Path and query as sent, without what an absolute-form target (RFC 9112 section 3.2.2) has before
 * them; in the arena. NULL: no memory. */
char *route_target(const struct handler_request *r);
/* The path as routes are compared: decoded, but for %2F and %25. In the arena. */
struct slice route_path(const struct handler_request *r);
/* {"error": ...} of ComfyUI's shape (comfy/check.h). */
void route_refuse(struct exchange *x, int status, const char *type, const char *message);

/* The cookie that the client came with. One that it is only now given says nothing of who it is: a
 * script that keeps none gets another one with every answer. */
static inline struct slice route_cookie(const struct handler_request *request)
{
	return request->is_cookie_new ? (struct slice){NULL, 0}
				      : request->keys->value[CONF_KEY_COOKIE];
}

/* comfy/info.c: what all workers know together */
route_function route_object_info, route_object_info_class, route_system_stats, route_free,
	route_features;
/* Lists: the union over workers. x's own target is asked of each. */
route_function route_union;

/* comfy/upload.c: called in on_head already; the state takes pieces, then on_request. */
route_function route_upload_begin_image, route_upload_begin_mask; /* sets the state */
route_function route_upload_end;                                  /* on_request */

/* comfy/view.c */
route_function route_view;

/* comfy/queue_api.c */
route_function route_queue, route_queue_post, route_history, route_history_post, route_history_one,
	route_prompt_info, route_jobs, route_job, route_jobs_cancel, route_job_cancel,
	route_interrupt;

/* comfy/submit.c */
route_function route_prompt;

/* comfy/logs.c. `home`: whose log it is. */
void logs_subscribe(struct fleet *fleet, struct exchange *x, struct fleet_worker *home);

#endif
