/*
 * comfy/comfy.h - what requests mean to ComfyUI. Without this folder comfymux is a generic proxy.
 */
#ifndef COMFY_COMFY_H
#define COMFY_COMFY_H

#include "lb/pool.h"
#include "proxy/inspect.h"

/*
 * Keys (comfy/inspect.c), each route with and without its /api prefix:
 *   client_id   `clientId` in the query of /ws; "client_id" at the top of the body of POST /prompt
 *   prompt_id   "prompt_id" in a 200 answer to POST /prompt, and one that the client chose in its
 *               body; /history/{id}, /jobs/{id}, /jobs/{id}/cancel
 * POST /prompt is a job. An id of more than 200 octets is no key.
 */
extern const struct inspector comfy_inspector;

/* comfy/load.c: GET /prompt on every member that is not down, each load_interval and soon after a
 * job was sent there, into lb_backend_report_load. An answer that fails to come leaves the last
 * count for three intervals, then it is unknown. Only for active pools whose strategy needs
 * LB_NEED_LOAD; for others it returns NULL with *ret_ok true. The pool must outlive it. NULL with
 * *ret_ok false: no memory. */
struct comfy_load;
struct comfy_load *comfy_load_start(struct lb_pool *pool, bool *ret_ok) MUST_CHECK;
/* Ends questions in flight, silently. Takes NULL. */
void comfy_load_stop(struct comfy_load *load);

/* comfy/system_stats.c: what GET /system_stats says, into *report. False when it is not ComfyUI's
 * shape, and then *report is as it was. A field that is not there is 0 or "". */
bool comfy_read_system_stats(struct slice body, struct backend_report *report) MUST_CHECK;

#endif
