/*
 * comfy/jobs_json.h - the job table as ComfyUI's API shows it: GET /queue, /history, /api/jobs.
 *
 * Pages of thousands of jobs are made in slices over several turns of the loop, and the last one of
 * each kind is kept as long as nothing changed.
 */
#ifndef COMFY_JOBS_JSON_H
#define COMFY_JOBS_JSON_H

#include "comfy/job.h"

struct jobs_page; /* one that is being made */

typedef void jobs_page_ready(void *arg, struct blob *json); /* NULL: no memory; borrowed */

/* {"queue_running": [item], "queue_pending": [item]}, item = [number, id, graph, extra_data,
 * outputs], pending by number. on_ready may be called before this returns (then it returns NULL).
 */
struct jobs_page *jobs_queue_json(struct jobs *jobs, jobs_page_ready *on_ready, void *arg);
/* As ComfyUI: max_items -1 none; offset -1 none (then the last max_items). */
struct jobs_page *jobs_history_json(
	struct jobs *jobs, int64_t max_items, int64_t offset, jobs_page_ready *on_ready, void *arg);
/* on_ready will not be called. Also for pages that jobs_destroy left unfinished. Takes NULL. */
void jobs_page_cancel(struct jobs_page *page);

/* {id: entry}, or {} when it has not ended or has none. NULL: no memory. */
struct blob *jobs_history_one(const struct job *job) MUST_CHECK;

/* GET /api/jobs. `query` as sent. *ret_status: 200, or 400 with {"error": ...}. NULL: no memory. */
struct blob *jobs_list_json(struct jobs *jobs, struct slice query, int *ret_status) MUST_CHECK;
/* GET /api/jobs/{id}, with outputs, execution_status and workflow. NULL: no memory. */
struct blob *jobs_one_json(const struct job *job) MUST_CHECK;

#endif
