/*
 * comfy/estimate.c - run times, load times, speeds.
 *
 * A job that found its models loaded tells a run time. One that did not tells run and load in one
 * sum: with the run time known the rest is the load; without it the sum is kept until the first job
 * that tells the run time alone.
 *
 * Nobody says how many models a worker keeps, and it depends on their sizes. So each worker has
 * chances, one for each number of other model sets used since: a job that names a set used earlier
 * shows by its time whether the set was still there.
 */
#include "comfy/estimate.h"

#include <math.h>
#include <stdlib.h>

#include "base/list.h"

#define BUCKETS 2048
#define RUN_SHARE 0.2
#define SPEED_SHARE 0.05
#define CHANCE_SHARE 0.3
#define SPEED_LOG_MOST 3.0 /* e^3: twenty times as fast or slow as the others */
/* Before anything was seen. */
#define FIRST_RUN_S 10.0
#define FIRST_LOAD_SHARE 1.5 /* of a run */
#define LEAST_S 1e-4
#define MOST_S 1e6

struct average {
	double log_s, seconds; /* the latter is what is asked for, often */
	uint32_t seen;
};

struct entry {
	struct list lru;
	struct entry *same_bucket;
	uint64_t models;
	uint32_t size_class; /* of runs */
	struct average run;  /* of models: at size class 0 */
	struct average load; /* of models */
	double sum_s; /* of runs: run and load of the first job, speed 1; 0 once it was split */
};

struct table {
	struct entry *buckets[BUCKETS];
	struct list lru; /* the one used last first */
	uint32_t count, most;
};

struct estimate {
	struct table runs, models;
	/* Over everything; runs at size class 0. sum: run and load of first jobs. */
	struct average run, load, sum;
};

static double half_steps(uint32_t size_class)
{
	return size_class * (M_LN2 / 2);
}

static double bounded(double seconds)
{
	return fmin(fmax(seconds, LEAST_S), MOST_S);
}

static void average_add(struct average *average, double log_s, double share)
{
	average->seen += average->seen < UINT32_MAX;
	average->log_s += fmax(share, 1.0 / average->seen) * (log_s - average->log_s);
	average->seconds = exp(average->log_s);
}

static struct entry **bucket_of(const struct table *table, uint64_t models, uint32_t size_class)
{
	uint64_t mixed = (models ^ (uint64_t)size_class << 59) * 0x9e3779b97f4a7c15u;
	return (struct entry **)&table->buckets[mixed >> 32 & (BUCKETS - 1)];
}

static struct entry *table_find(const struct table *table, uint64_t models, uint32_t size_class)
{
	struct entry *entry = *bucket_of(table, models, size_class);
	while (entry != NULL && (entry->models != models || entry->size_class != size_class))
		entry = entry->same_bucket;
	return entry;
}

static void table_drop(struct table *table, struct entry *entry)
{
	struct entry **at = bucket_of(table, entry->models, entry->size_class);
	while (*at != entry)
		at = &(*at)->same_bucket;
	*at = entry->same_bucket;
	list_remove(&entry->lru);
	table->count--;
	free(entry);
}

/* Found or made, and the newest. NULL: no memory. */
static struct entry *table_take(struct table *table, uint64_t models, uint32_t size_class)
{
	struct entry *entry = table_find(table, models, size_class);
	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return NULL;
		if (table->count == table->most)
			table_drop(table, list_last(&table->lru, struct entry, lru));
		struct entry **bucket = bucket_of(table, models, size_class);
		*entry = (struct entry){
			.models = models, .size_class = size_class, .same_bucket = *bucket};
		*bucket = entry;
		table->count++;
		list_init(&entry->lru);
	}
	list_remove(&entry->lru);
	list_push_front(&table->lru, &entry->lru);
	return entry;
}

static void table_clear(struct table *table)
{
	while (!list_is_empty(&table->lru))
		table_drop(table, list_last(&table->lru, struct entry, lru));
}

struct estimate *estimate_create(void)
{
	struct estimate *estimate = calloc(1, sizeof(*estimate));
	if (estimate == NULL)
		return NULL;
	list_init(&estimate->runs.lru);
	list_init(&estimate->models.lru);
	estimate->runs.most = ESTIMATE_RUNS_MOST;
	estimate->models.most = ESTIMATE_MODELS_MOST;
	return estimate;
}

void estimate_destroy(struct estimate *estimate)
{
	if (estimate == NULL)
		return;
	table_clear(&estimate->runs);
	table_clear(&estimate->models);
	free(estimate);
}

/* Of unknown models, size class 0. */
static double any_run(const struct estimate *estimate)
{
	if (estimate->run.seen != 0)
		return estimate->run.seconds;
	if (estimate->sum.seen != 0)
		return estimate->sum.seconds / (1 + FIRST_LOAD_SHARE);
	return FIRST_RUN_S;
}

double estimate_load(const struct estimate *estimate, uint64_t models)
{
	if (models == 0)
		return 0;
	const struct entry *entry = table_find(&estimate->models, models, 0);
	if (entry != NULL && entry->load.seen != 0)
		return entry->load.seconds;
	if (estimate->load.seen != 0)
		return estimate->load.seconds;
	return FIRST_LOAD_SHARE * any_run(estimate);
}

double estimate_run(const struct estimate *estimate, const struct graph_facts *facts)
{
	const struct entry *exact = table_find(&estimate->runs, facts->models, facts->size_class);
	if (exact != NULL && exact->run.seen != 0)
		return exact->run.seconds;
	const struct entry *models = table_find(&estimate->models, facts->models, 0);
	double work = half_steps(facts->size_class);
	if (models != NULL && models->run.seen != 0)
		return bounded(exp(models->run.log_s + work));
	if (exact != NULL && exact->sum_s > 0)
		return fmax(exact->sum_s - estimate_load(estimate, facts->models),
			exact->sum_s / (1 + FIRST_LOAD_SHARE));
	if (estimate->run.seen != 0 || estimate->sum.seen != 0)
		return bounded(any_run(estimate) * exp(work));
	return FIRST_RUN_S;
}

void estimate_place_init(struct estimate_place *place)
{
	*place = (struct estimate_place){.speed = 1};
}

uint32_t estimate_depth(const struct estimate_place *place, uint64_t models)
{
	for (uint32_t i = 0; i < place->kept_count; i++) {
		if (place->kept[i] == models)
			return i;
	}
	return ESTIMATE_COLD;
}

/* Most cards hold two sets, few hold three: what is thought before it was seen. */
static double chance_at(const struct estimate_place *place, uint32_t depth)
{
	if (depth == 0)
		return 1;
	if (depth >= ESTIMATE_KEPT_MOST)
		return 0;
	return place->resident[depth].seen != 0 ? place->resident[depth].chance
						: ldexp(1, -(int)depth);
}

double estimate_load_there(
	const struct estimate *estimate, const struct estimate_place *place, uint64_t models)
{
	if (models == 0)
		return 0;
	double missing = 1 - chance_at(place, estimate_depth(place, models));
	return missing > 0 ? missing * estimate_load(estimate, models) : 0;
}

void estimate_use(struct estimate_place *place, uint64_t models)
{
	if (models == 0)
		return;
	uint32_t depth = estimate_depth(place, models);
	if (depth == ESTIMATE_COLD)
		depth = place->kept_count < ESTIMATE_KEPT_MOST ? place->kept_count++
							       : ESTIMATE_KEPT_MOST - 1;
	memmove(place->kept + 1, place->kept, depth * sizeof(place->kept[0]));
	place->kept[0] = models;
}

void estimate_forget_models(struct estimate_place *place)
{
	place->kept_count = 0;
}

/* The set at that depth was there, or had to be loaded. What lies nearer was there, too; what lies
 * deeper was not, either. */
static void learn_resident(struct estimate_place *place, uint32_t depth, bool was_there)
{
	uint32_t first = was_there ? 1 : depth, end = was_there ? depth + 1 : ESTIMATE_KEPT_MOST;
	for (uint32_t i = first; i < end; i++) {
		struct estimate_chance *one = &place->resident[i];
		double before = chance_at(place, i);
		one->seen += one->seen < UINT32_MAX;
		one->chance = before +
			      fmax(CHANCE_SHARE, 1.0 / (one->seen + 1)) * (was_there - before);
	}
}

static void learn_load(struct estimate *estimate, struct entry *models, double load_s)
{
	double log_s = log(bounded(load_s));
	average_add(&models->load, log_s, RUN_SHARE);
	average_add(&estimate->load, log_s, RUN_SHARE);
}

/* A time without loading in it. */
static void learn_run(struct estimate *estimate, struct estimate_place *place, struct entry *run,
	struct entry *models, double run_s)
{
	double log_here = log(bounded(run_s));
	if (run->run.seen != 0) {
		double wanted = run->run.log_s - log_here;
		place->speed_seen += place->speed_seen < UINT32_MAX;
		place->log_speed += SPEED_SHARE * (wanted - place->log_speed);
		place->log_speed = fmin(fmax(place->log_speed, -SPEED_LOG_MOST), SPEED_LOG_MOST);
		place->speed = exp(place->log_speed);
	}
	double log_s = log_here + place->log_speed;
	average_add(&run->run, log_s, RUN_SHARE);
	average_add(&models->run, log_s - half_steps(run->size_class), RUN_SHARE);
	average_add(&estimate->run, log_s - half_steps(run->size_class), RUN_SHARE);
	if (run->sum_s > 0) {
		double load_s = run->sum_s - run->run.seconds;
		if (load_s > 0 && run->models != 0)
			learn_load(estimate, models, load_s);
		run->sum_s = 0;
	}
}

/* A time that may have loading in it. */
static void learn_changed(struct estimate *estimate, struct estimate_place *place,
	struct entry *run, struct entry *models, uint32_t depth, double run_s)
{
	double speed = place->speed;
	if (run->run.seen == 0 && models->load.seen == 0) {
		run->sum_s = bounded(run_s * speed);
		average_add(
			&estimate->sum, log(run->sum_s) - half_steps(run->size_class), RUN_SHARE);
		return;
	}
	double load_s = estimate_load(estimate, models->models);
	if (run->run.seen == 0) {
		learn_run(estimate, place, run, models, fmax(run_s - load_s, run_s / 10));
		return;
	}
	double here_s = run->run.seconds / speed, beyond_s = run_s - here_s;
	bool was_there = depth != ESTIMATE_COLD && beyond_s < load_s / 2;
	if (depth != ESTIMATE_COLD)
		learn_resident(place, depth, was_there);
	if (was_there)
		learn_run(estimate, place, run, models, run_s);
	else
		learn_load(estimate, models, fmax(beyond_s, here_s / 20));
}

void estimate_learn(struct estimate *estimate, struct estimate_place *place,
	const struct graph_facts *facts, uint32_t depth, double run_s)
{
	if (!(run_s > 0))
		return;
	struct entry *run = table_take(&estimate->runs, facts->models, facts->size_class);
	struct entry *models = table_take(&estimate->models, facts->models, 0);
	if (run == NULL || models == NULL)
		return;
	if (facts->models == 0 || depth == 0)
		learn_run(estimate, place, run, models, run_s);
	else
		learn_changed(estimate, place, run, models, depth, run_s);
}
