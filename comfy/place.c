/*
 * comfy/place.c - a job on its way to a worker:
 *
 *   schedule_next -> link open -> uploads there -> POST /prompt -> 200: PLACED
 *        ^                                              |
 *        '---- another worker <---- refused, 5xx, silent, or a 400 that another might not give
 */
#include "comfy/fleet_parts.h"
#include "comfy/may_run.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SWEEP_MOST 1000 /* jobs looked at in a turn */

void place_settings(struct fleet *fleet, const struct conf_fleet *conf, struct sched_settings *ret)
{
	*ret = (struct sched_settings){
		.alpha = 2,
		.bulk_weight = conf->bulk_weight / 1000.0,
		.bulk_jobs = conf->bulk_jobs,
		.choose = fleet->has_strategy ? may_run_choose : NULL,
		.arg = fleet,
	};
}

void place_wait(struct fleet *fleet, struct job *job)
{
	if (job->state != JOB_WAITING && job->state != JOB_CHECKED)
		jobs_move(fleet->jobs, job, job->submit == NULL ? JOB_WAITING : JOB_CHECKED);
	job->sched.priority = job->priority;
	job->sched.order = job->number;
	job->sched.seq = job->seq;
	schedule_add(fleet->schedule, job->owner->sched, &job->sched);
	fleet_place_soon(fleet);
}

void place_exclude(struct job *job, const struct fleet_worker *worker)
{
	uint32_t at = job->tries % COUNT_OF(job->excluded);
	job->excluded[at] = worker->index + 1;
	job->excluded_us = clock_now_us;
}

void place_blame(struct fleet_worker *worker, int error)
{
	if (!fetch_is_our_fault(error))
		lb_backend_failed(worker->backend, error == -ETIMEDOUT, fetch_error_text(error));
}

void place_undo(struct fleet *fleet, struct job *job, enum sched_end end)
{
	struct job_run *run = job->run;
	schedule_remove(&job->sched);
	if (run == NULL)
		return;
	struct fleet_worker *worker = run->worker;
	poll_end(job);
	job->run = NULL;
	if (!run->is_released) {
		worker->job_count--;
		schedule_ended(fleet->schedule, (double)clock_now_us / 1e6, &job->sched,
			worker->sched, end, 0, false);
	}
	list_remove(&job->in_worker);
	job->worker = NULL;
	run_destroy(run);
	fleet_refresh_room(worker);
}

void place_sweep(struct fleet *fleet)
{
	uint64_t epoch = defs_allows_epoch(fleet->defs) + fleet->members_epoch + 1;
	uint32_t looked = 0;
	if (fleet->pool == NULL || epoch == fleet->swept_epoch || !fleet_knows_up(fleet))
		return;
	list_each_safe (node, jobs_all_active(fleet->jobs)) {
		struct job *job = CONTAINER_OF(node, struct job, in_table);
		if (job->seq < fleet->swept_seq || job->state != JOB_WAITING)
			continue;
		if (looked++ == SWEEP_MOST) {
			fleet->swept_seq = job->seq;
			return;
		}
		if (!may_run_somewhere(fleet, job))
			finish_failed(fleet, job, "comfymux.NoWorker",
				"No worker can run this job: none has all the nodes and models "
				"that it needs, the capability, and enough memory.");
	}
	fleet->swept_seq = 0;
	fleet->swept_epoch = epoch;
}

void place_again(struct fleet *fleet, struct job *job, const char *why)
{
	struct fleet_worker *worker = job->run->worker;
	bool is_unwanted = job->run->is_unwanted;
	place_exclude(job, worker);
	place_undo(fleet, job, SCHED_SHORT);
	log_warn("job_not_placed", "pool=%s worker=%s job=%s why=%s tries=%u",
		LOG_QUOTE(fleet->name), LOG_QUOTE(worker->node_id), job->id, LOG_QUOTE(why),
		job->tries);
	fleet->stats.retried++;
	if (is_unwanted) {
		finish_removed(fleet, job);
		return;
	}
	if (job->tries >= PLACE_TRIES_MOST) {
		finish_failed(fleet, job, "comfymux.NotPlaced",
			"No worker accepted this job, after many tries.");
		return;
	}
	place_wait(fleet, job);
	recover_note(fleet, job);
}

static void on_supplied(struct supply_wait *wait, int error)
{
	struct job_run *run = CONTAINER_OF(wait, struct job_run, supply);
	if (run->is_unwanted || error != 0) {
		place_again(run->fleet, run->job, "an uploaded file could not be copied there");
		return;
	}
	post_prompt(run);
}

void place_supply(struct job_run *run)
{
	run->supply.on_done = on_supplied;
	if (supply_job(run->job->names, run->worker, &run->supply))
		post_prompt(run);
}

static void on_opened(struct link_wait *wait, int error)
{
	struct job_run *run = CONTAINER_OF(wait, struct job_run, opened);
	struct fleet_worker *worker = run->worker;
	if (error == -EPROTO) {
		/* It has no such WebSocket: what becomes of the job is found out by asking. */
		link_release(run->link);
		run->link = NULL;
		worker->is_polled = true;
	} else if (error != 0) {
		place_again(run->fleet, run->job, fetch_error_text(error));
		place_blame(worker, error);
		return;
	} else {
		worker->is_polled = false;
	}
	place_supply(run);
}

/* To its worker's lists. */
static void attach(struct job *job, struct job_run *run)
{
	struct fleet_worker *worker = run->worker;
	job->run = run;
	job->worker = worker;
	list_push_back(&worker->jobs, &job->in_worker);
	worker->job_count++;
}

bool place_reattach(struct fleet *fleet, struct job *job, bool was_running)
{
	struct fleet_worker *worker = fleet_worker_named(fleet, job->worker_node);
	struct job_run *run = worker == NULL ? NULL : run_create(fleet, job, worker);
	if (run == NULL)
		return false;
	if (job->worker_id[0] == '\0')
		memcpy(job->worker_id, job->id, sizeof(job->id));
	schedule_started(fleet->schedule, (double)clock_now_us / 1e6, job->owner->sched,
		&job->sched, worker->sched);
	attach(job, run);
	run->is_posted = true;
	jobs_move(fleet->jobs, job, was_running ? JOB_RUNNING : JOB_PLACED);
	fleet_refresh_room(worker);
	poll_begin(fleet, job);
	return true;
}

static void start(struct fleet *fleet, struct job *job, struct fleet_worker *worker)
{
	struct job_run *run = run_create(fleet, job, worker);
	if (run == NULL) {
		/* Looked at again within a second. */
		sched_worker_set_room(worker->sched, 0);
		return;
	}
	schedule_started(fleet->schedule, (double)clock_now_us / 1e6, job->owner->sched,
		&job->sched, worker->sched);
	attach(job, run);
	job->tries++;
	(void)snprintf(job->worker_node, sizeof(job->worker_node), "%s", worker->node_id);
	(void)snprintf(job->worker_id, sizeof(job->worker_id), "%s", job->id);
	jobs_move(fleet->jobs, job, JOB_PLACING);
	fleet_refresh_room(worker);
	/* Before it is sent: who starts after a crash has to know whom to ask. */
	recover_note(fleet, job);
	run->link = link_get(job->owner, worker);
	if (run->link == NULL) {
		place_again(fleet, job, "no connection can be made now");
		return;
	}
	run->opened.on_known = on_opened;
	link_wait(run->link, &run->opened);
}

void place_all(struct fleet *fleet)
{
	struct sched_job *next;
	struct sched_worker *there;
	double now_s = (double)clock_now_us / 1e6;
	if (fleet->pool == NULL)
		return;
	while (schedule_next(fleet->schedule, now_s, may_run, fleet, &next, &there)) {
		struct job *job = CONTAINER_OF(next, struct job, sched);
		start(fleet, job, sched_worker_arg(there));
	}
	/* Whoever found no free worker need not wait for one. */
	submit_let_wait(fleet);
}
