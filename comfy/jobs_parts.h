/*
 * comfy/jobs_parts.h - what the files that show jobs say to each other.
 */
#ifndef COMFY_JOBS_PARTS_H
#define COMFY_JOBS_PARTS_H

#include "comfy/jobs_table.h"
#include "comfy/json_scan.h"

/* What ComfyUI calls a job's state. */
enum jobs_status {
	JOBS_PENDING,
	JOBS_IN_PROGRESS,
	JOBS_COMPLETED,
	JOBS_FAILED,
	JOBS_CANCELLED,
	JOBS_STATUSES
};

/* -- jobs_json.c -- */

enum jobs_status job_status(const struct job *job);
const char *jobs_status_name(enum jobs_status status);
/* Appends the history's entry. False: no memory, and then the text may have a piece of it. */
bool job_put_entry(struct text *text, const struct job *job) MUST_CHECK;
/* Appends an item of the job list. */
void job_put_listed(struct text *text, const struct job *job);

/* -- jobs_list.c -- */

/* The answers to GET /api/jobs that are kept. */
struct jobs_lists;
void jobs_lists_destroy(struct jobs_lists *lists); /* takes NULL */

/* -- jobs_pages.c -- */

/* NULL: no memory. */
struct jobs_lists **jobs_lists_of(struct jobs *jobs) MUST_CHECK;

#endif
