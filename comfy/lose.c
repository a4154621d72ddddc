/*
 * comfy/lose.c - workers that die or are taken away, and what becomes of the jobs there.
 *
 *   waited there                --> elsewhere, at once
 *   ran there                   --> once more elsewhere (rerun_lost), or it is LOST
 *   ran on two that died        --> LOST: it may be the job that kills them
 *   its outcome was told        --> ENDING (finish.c)
 *   its client cancelled it     --> gone, or CANCELLED if it ran
 */
#include "comfy/fleet_parts.h"

#include "base/log.h"

static void back_to_line(struct fleet *fleet, struct job *job)
{
	const struct fleet_worker *worker = job->worker;
	if (worker != NULL)
		place_exclude(job, worker);
	place_undo(fleet, job, SCHED_SHORT);
	if (job->tries >= PLACE_TRIES_MOST) {
		finish_failed(fleet, job, "comfymux.NotPlaced",
			"No worker kept this job, after many tries.");
		return;
	}
	job->started_us = job->started_wall_ms = 0;
	if (job->owner != NULL)
		owner_forget_run(job->owner, job);
	if (job->lacks_secrets) {
		recover_refuse(fleet, job);
		return;
	}
	place_wait(fleet, job);
	recover_note(fleet, job);
}

void cancel_moved(struct fleet *fleet, struct job *job)
{
	fleet->stats.moved++;
	back_to_line(fleet, job);
}

void lose_job(struct fleet *fleet, struct job *job, const char *why)
{
	struct job_run *run = job->run;
	/* It may have begun without a chance to say so. */
	bool was_alone = job->state == JOB_PLACED && run->worker->job_count == 1;
	bool has_run = job->state == JOB_RUNNING;
	log_warn("job_lost", "pool=%s job=%s worker=%s state=%s why=%s", LOG_QUOTE(fleet->name),
		job->id, LOG_QUOTE(job->worker_node), job_state_name(job->state), LOG_QUOTE(why));
	if (job->state == JOB_ENDING)
		return; /* finish.c sees to it */
	if (run->is_unwanted && has_run) {
		finish_interrupted(fleet, job);
		return;
	}
	if (run->is_unwanted) {
		finish_removed(fleet, job);
		return;
	}
	if (run->outcome != RUN_NONE && !job->runs_again) {
		/* Its end was told, and only the marker is missing. */
		finish_job(fleet, job);
		return;
	}
	job->runs_again = false;
	if (has_run || was_alone)
		job->crashes++;
	if (job->crashes >= 2) {
		finish_lost(fleet, job,
			"The worker that ran this job was lost, and so was the one that ran it "
			"before. It is not run a third time.");
		return;
	}
	if (has_run && !fleet->settings.rerun_lost) {
		finish_lost(fleet, job, "The worker that ran this job was lost.");
		return;
	}
	if (has_run)
		fleet->stats.rerun++;
	else
		fleet->stats.moved++;
	back_to_line(fleet, job);
}

void lose_worker(struct fleet_worker *worker, const char *why)
{
	struct fleet *fleet = worker->fleet;
	/* Links first: what they could still tell is of runs that are over. */
	list_each (node, &worker->jobs) {
		struct job_run *run = CONTAINER_OF(node, struct job, in_worker)->run;
		link_wait_cancel(&run->opened);
		link_release(run->link);
		run->link = NULL;
	}
	links_close_worker(worker);
	for (;;) {
		/* One at a time: each may end others' stay here. */
		struct job *found = NULL;
		list_each (node, &worker->jobs) {
			struct job *job = CONTAINER_OF(node, struct job, in_worker);
			if (job->state != JOB_ENDING)
				found = job;
		}
		if (found == NULL)
			break;
		lose_job(fleet, found, why);
	}
	sched_worker_restarted(worker->sched);
	worker->was_down = true;
	worker->foreign = 0;
	fleet_refresh_room(worker);
	/* If it lives after all, what it still has of ours is stopped. */
	worker_refresh(worker, 0);
}

void fleet_link_lost(struct link *link, const char *why)
{
	struct fleet_worker *worker = link->worker;
	struct fleet *fleet = worker->fleet;
	/* It may have been restarted, with other models. */
	worker_refresh(worker, 1000);
	list_each_safe (node, &worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		struct job_run *run = job->run;
		/* One that waits for it to open is told by the link itself. */
		if (run->link != link || (job->state == JOB_PLACING && !run->is_posted))
			continue;
		log_info("link_lost", "pool=%s worker=%s job=%s why=%s", LOG_QUOTE(fleet->name),
			LOG_QUOTE(worker->node_id), job->id, LOG_QUOTE(why));
		/* Its events went to a socket that is gone, and no other gets them: from now on the
		 * worker is asked. If it is gone, the first question tells. */
		link_release(run->link);
		run->link = NULL;
		fleet->stats.reconciled++;
		if (run->outcome != RUN_NONE && job->state != JOB_ENDING) {
			/* Only the marker is missing. */
			finish_job(fleet, job);
			continue;
		}
		if (job->state == JOB_PLACED || job->state == JOB_RUNNING)
			poll_begin(fleet, job);
	}
}

void lose_unwanted(struct fleet_worker *worker)
{
	list_each_safe (node, &worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		if (job->state == JOB_PLACED && job->run->is_unwanted)
			(void)cancel_remove(job);
	}
}

void lose_drained(struct fleet_worker *worker)
{
	list_each_safe (node, &worker->jobs) {
		struct job *job = CONTAINER_OF(node, struct job, in_worker);
		/* One that could not run anywhere else stays. */
		if (job->state == JOB_PLACED && !job->lacks_secrets)
			(void)cancel_remove(job);
	}
}
