/*
 * comfy/job.c - one job: what its states are called, and who holds its memory.
 */
#include "comfy/jobs_table.h"

#include <stdlib.h>

static const char *const state_names[JOB_STATES] = {
	[JOB_CHECKED] = "checked",
	[JOB_WAITING] = "waiting",
	[JOB_PLACING] = "placing",
	[JOB_PLACED] = "placed",
	[JOB_RUNNING] = "running",
	[JOB_ENDING] = "ending",
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
	[JOB_CANCELLED] = "cancelled",
	[JOB_LOST] = "lost",
};

const char *job_state_name(enum job_state state)
{
	ensure(state < JOB_STATES);
	return state_names[state];
}

struct job *job_create(const char *id)
{
	struct job *job = calloc(1, sizeof(*job));
	if (job == NULL)
		return NULL;
	list_init(&job->in_table);
	list_init(&job->in_owner);
	list_init(&job->in_worker);
	list_init(&job->sched.node);
	memcpy(job->id, id, JOB_ID_BYTES);
	job->keeps = 1;
	return job;
}

void job_keep(struct job *job)
{
	job->keeps++;
}

void job_release(struct job *job)
{
	if (--job->keeps != 0)
		return;
	blob_unref(job->body);
	blob_unref(job->extra);
	blob_unref(job->outputs);
	blob_unref(job->node_errors);
	blob_unref(job->needs);
	free(job->allowed);
	blob_unref(job->result);
	blob_unref(job->archive);
	blob_unref(job->summary);
	free(job);
}
