/*
 * comfy/may_run.h - which workers a job may run on, apart from whether there is room: classes and
 * models, the capability asked for, VRAM as far as is known, and where it failed just now.
 */
#ifndef COMFY_MAY_RUN_H
#define COMFY_MAY_RUN_H

#include "comfy/fleet.h"

/* A sched_may_run; `arg` is the fleet. */
bool may_run(void *arg, const struct sched_job *job, const struct sched_worker *worker);
/* Some worker other than `worker` that is up could. */
bool may_run_elsewhere(struct fleet *fleet, struct job *job, const struct fleet_worker *worker);
/* One that is up has more VRAM than `bytes`, and could. */
bool may_run_with_more_vram(struct fleet *fleet, struct job *job, uint64_t bytes);
/* This job's models did not fit into so much. */
void may_run_learn_tight(struct fleet *fleet, const struct job *job, uint64_t vram);
/* Any worker could if it were up and free. */
bool may_run_somewhere(struct fleet *fleet, struct job *job);
/* sched_settings.choose: the pool's strategy picks among them; `arg` is the fleet. */
struct sched_worker *may_run_choose(void *arg, struct sched_worker *const *free, size_t count);

#endif
