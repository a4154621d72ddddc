/*
 * comfy/estimate.h - how long jobs are expected to take, learned from those that ended. Pure.
 *
 *   run    per model set and size class, in seconds of a worker of speed 1
 *   load   per model set: what the first job after a change of model took beyond its run
 *   place  per worker: its speed, which models it used last, how many of them it keeps
 *
 * All are averages in log space, so that one job of ten times the length does not count ten times.
 * The tables are bounded; what was not asked for longest is forgotten.
 */
#ifndef COMFY_ESTIMATE_H
#define COMFY_ESTIMATE_H

#include "comfy/graph.h"

#define ESTIMATE_RUNS_MOST 4096   /* pairs of model set and size class */
#define ESTIMATE_MODELS_MOST 1024 /* model sets */
#define ESTIMATE_KEPT_MOST 8      /* model sets remembered per worker */
#define ESTIMATE_COLD ESTIMATE_KEPT_MOST

struct estimate;

/* A worker. estimate_place_init: nothing is known of it. */
struct estimate_place {
	double log_speed, speed;
	uint64_t kept[ESTIMATE_KEPT_MOST]; /* model sets, the one used last first */
	uint32_t kept_count;
	struct estimate_chance {
		double chance; /* that the set this far back is still loaded */
		uint32_t seen;
	} resident[ESTIMATE_KEPT_MOST];
	uint32_t speed_seen;
};

struct estimate *estimate_create(void) MUST_CHECK;
void estimate_destroy(struct estimate *estimate); /* takes NULL */

void estimate_place_init(struct estimate_place *place);

/* Seconds on a worker of speed 1, loading apart. Above 0 always. */
double estimate_run(const struct estimate *estimate, const struct graph_facts *facts);
/* Seconds to load that model set where it is not, on any worker. 0 for no models. */
double estimate_load(const struct estimate *estimate, uint64_t models);
/* The same there: times the chance that it has to be loaded. */
double estimate_load_there(
	const struct estimate *estimate, const struct estimate_place *place, uint64_t models);

/* How many other model sets were used there since that one; ESTIMATE_COLD: too many, or never. */
uint32_t estimate_depth(const struct estimate_place *place, uint64_t models);
/* A job with that model set begins there. */
void estimate_use(struct estimate_place *place, uint64_t models);
/* Nothing is loaded there any more. Its speed stays. */
void estimate_forget_models(struct estimate_place *place);

/* A job ran to its end there in run_s, loading included. depth: estimate_depth before it began.
 * Without memory for a new entry nothing is learned. */
void estimate_learn(struct estimate *estimate, struct estimate_place *place,
	const struct graph_facts *facts, uint32_t depth, double run_s);

#endif
