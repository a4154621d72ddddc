/*
 * comfy/jobs_table.h - what the files of the job table say to each other.
 */
#ifndef COMFY_JOBS_TABLE_H
#define COMFY_JOBS_TABLE_H

#include "comfy/job.h"

struct jobs_pages;
struct text;

/* -- job.c -- */

/* In no list, in CHECKED, kept once. NULL: no memory. */
struct job *job_create(const char *id) MUST_CHECK;
/* A job that is dropped while it is kept has left every list, and is freed with the last release.
 */
void job_keep(struct job *job);
void job_release(struct job *job);

/* -- jobs.c -- */

/* Its archive and result count from now on; may drop others. */
void jobs_count_archive(struct jobs *jobs, struct job *job);
/* Each grows with every change of what GET /queue, and GET /history, show. */
uint64_t jobs_queue_epoch(const struct jobs *jobs);
uint64_t jobs_history_epoch(const struct jobs *jobs);
/* The pages that are being made or kept: jobs_pages.c's. */
struct jobs_pages_calls {
	void (*destroy)(struct jobs_pages *pages);
	void (*on_change)(struct jobs_pages *pages); /* an epoch has changed */
};
struct jobs_pages *jobs_pages(const struct jobs *jobs);
void jobs_set_pages(
	struct jobs *jobs, struct jobs_pages *pages, const struct jobs_pages_calls *calls);

/* -- jobs_number.c: number and number_text -- */

void job_set_integer(struct job *job, int64_t number);
/* As it is written in number_text. *ret_whole: the number if it came from a counter, 0 if a client
 * chose it. False: no number, nothing was set. */
bool job_read_number(struct job *job, struct slice text, int64_t *ret_whole) MUST_CHECK;

/* -- jobs_archive.c -- */

/* Appends [number, id, graph, extra_data, outputs], of any job. False: no memory, and then the text
 * may have a piece of it. */
bool job_put_prompt(struct text *text, const struct job *job) MUST_CHECK;

/* -- jobs_summary.c: what the job list tells of a job's outcome -- */

struct job_times {
	uint64_t started_ms, ended_ms; /* by the worker's clock; 0 unknown */
};
/* Appends members: "outputs_count":1,... without a comma in front or behind. `ret_times` may be
 * NULL. */
void job_summarize(struct text *text, const struct job *job, struct job_times *ret_times);
/* Appends ,"outputs":{...},"execution_status":{...} of one that has ended. */
void job_put_outcome(struct text *text, const struct job *job);

#endif
