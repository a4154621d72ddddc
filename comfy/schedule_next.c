/*
 * comfy/schedule_next.c - the next pair of job and worker.
 *
 * A best-first search. The first job of each line enters a heap with a bound that its score cannot
 * be below; only what reaches the top is scored against the free workers, and only a pair that is
 * at the top again is compared with the busy ones:
 *
 *   bound ---> scored ---> settled ---> the answer
 *     ^           |  '-> (a busy one is sooner: another free one, or reserve it)
 *     '-----------'-> the next job of the line
 */
#include <math.h>

#include "comfy/schedule_state.h"

#define AFFINITY 0.1 /* of the run time */
#define OVERDUE 0.1  /* of what it took so far: what a job that should have ended still takes */
#define LOOKED_AT_MOST 32 /* jobs of one line */

struct search {
	struct schedule *schedule;
	double now_s;
	double fastest; /* of the free workers */
	sched_may_run *may_run;
	void *arg;
};

/* -- heap -- */

static bool is_front(const struct sched_job *job)
{
	return job->order < 0;
}

static bool goes_first(
	const struct search *search, const struct candidate *a, const struct candidate *b)
{
	bool by_number = search->schedule->settings.choose != NULL || is_front(a->job) ||
			 is_front(b->job);
	if (by_number || a->job->priority != b->job->priority || a->score == b->score)
		return sched_is_before(a->job, b->job);
	return a->score < b->score;
}

static void sink(const struct search *search, uint32_t at)
{
	struct candidate *heap = search->schedule->heap, moved = heap[at];
	uint32_t count = search->schedule->heap_count, child;
	while ((child = 2 * at + 1) < count) {
		child += child + 1 < count && goes_first(search, &heap[child + 1], &heap[child]);
		if (!goes_first(search, &heap[child], &moved))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static void drop_top(const struct search *search)
{
	struct schedule *schedule = search->schedule;
	schedule->heap[0] = schedule->heap[--schedule->heap_count];
	if (schedule->heap_count != 0)
		sink(search, 0);
}

/* -- scores -- */

static double remaining(const struct search *search, const struct sched_worker *worker)
{
	if (worker->running == 0)
		return 0;
	double taken = search->now_s - worker->since_s;
	return fmax(worker->expected_s - taken, OVERDUE * taken);
}

static double finish(
	const struct search *search, const struct sched_job *job, const struct sched_worker *worker)
{
	const struct estimate *estimate = search->schedule->estimate;
	return remaining(search, worker) +
	       estimate_load_there(estimate, &worker->place, job->facts.models) +
	       estimate_run(estimate, &job->facts) / estimate_speed(&worker->place);
}

static double tag(const struct candidate *one, double run_s)
{
	return one->client->virtual_s + (one->reserved_s + run_s) / sched_weight(one->client);
}

/* For each job all of this is the same on all workers but what is said of them. */
static void set_bound(const struct search *search, struct candidate *one)
{
	double run_s = estimate_run(search->schedule->estimate, &one->job->facts);
	one->worker = NULL;
	one->is_settled = false;
	one->score = tag(one, run_s) + run_s / search->fastest - run_s - AFFINITY * run_s;
}

/* The best of the free workers that finish it in time; false when there is none. */
static bool set_score(const struct search *search, struct candidate *one, double in_time_s)
{
	struct schedule *schedule = search->schedule;
	double run_s = estimate_run(schedule->estimate, &one->job->facts), base = tag(one, run_s);
	uint64_t models = one->job->facts.models;
	one->worker = NULL;
	for (uint32_t i = 0; i < schedule->free_count; i++) {
		struct sched_worker *worker = schedule->free_ones[i];
		double load_s = estimate_load_there(schedule->estimate, &worker->place, models);
		double there_s = run_s / estimate_speed(&worker->place) + remaining(search, worker);
		double score = base + schedule->settings.alpha * load_s + there_s - run_s;
		if (sched_ran_there(one->client, models, worker->serial))
			score -= AFFINITY * run_s;
		if ((one->worker == NULL || score < one->score) && load_s + there_s <= in_time_s &&
			search->may_run(search->arg, one->job, worker)) {
			one->worker = worker;
			one->score = score;
		}
	}
	return one->worker != NULL;
}

/* A full worker that finishes it sooner than than_s, the soonest of them; NULL for none. */
static struct sched_worker *sooner(
	const struct search *search, const struct sched_job *job, double *than_s)
{
	struct schedule *schedule = search->schedule;
	struct sched_worker *best = NULL;
	list_each (node, &schedule->workers) {
		struct sched_worker *worker = CONTAINER_OF(node, struct sched_worker, node);
		if (worker->room != 0 || worker->running == 0 ||
			worker->reserved == schedule->search)
			continue;
		double there_s = finish(search, job, worker);
		if (there_s < *than_s && search->may_run(search->arg, job, worker)) {
			best = worker;
			*than_s = there_s;
		}
	}
	return best;
}

/* -- the search -- */

static void begin(struct search *search)
{
	struct schedule *schedule = search->schedule;
	schedule->search++;
	schedule->free_count = schedule->heap_count = 0;
	list_each (node, &schedule->workers) {
		struct sched_worker *worker = CONTAINER_OF(node, struct sched_worker, node);
		if (worker->room == 0)
			continue;
		schedule->free_ones[schedule->free_count++] = worker;
		search->fastest = fmax(search->fastest, estimate_speed(&worker->place));
	}
	list_each (node, &schedule->active) {
		struct sched_client *client = CONTAINER_OF(node, struct sched_client, in_active);
		struct candidate *one = &schedule->heap[schedule->heap_count++];
		*one = (struct candidate){.client = client, .job = sched_job_of(client->line.next)};
		set_bound(search, one);
	}
	for (uint32_t i = schedule->heap_count / 2; i-- > 0;)
		sink(search, i);
}

/* The job at the top will not start now: the next one of its line takes its place. */
static void pass_on(const struct search *search)
{
	struct candidate *top = &search->schedule->heap[0];
	struct list *next = top->job->node.next;
	if (next == &top->client->line || ++top->looked_at == LOOKED_AT_MOST) {
		drop_top(search);
		return;
	}
	top->job = sched_job_of(next);
	set_bound(search, top);
	sink(search, 0);
}

/* true: the top is the answer. */
static bool step(const struct search *search)
{
	struct candidate *top = &search->schedule->heap[0];
	if (top->is_settled)
		return true;
	if (top->worker == NULL) {
		if (set_score(search, top, INFINITY))
			sink(search, 0);
		else
			pass_on(search);
		return false;
	}
	double in_time_s = finish(search, top->job, top->worker);
	struct sched_worker *busy = sooner(search, top->job, &in_time_s);
	if (busy == NULL)
		return true;
	if (set_score(search, top, in_time_s)) {
		top->is_settled = true;
		sink(search, 0);
		return false;
	}
	busy->reserved = search->schedule->search;
	top->reserved_s += estimate_run(search->schedule->estimate, &top->job->facts);
	pass_on(search);
	return false;
}

/* The same with somebody else's choice of the worker. */
static bool step_choose(const struct search *search)
{
	struct schedule *schedule = search->schedule;
	struct candidate *top = &schedule->heap[0];
	struct sched_worker **fit = schedule->free_ones + schedule->free_count;
	size_t count = 0;
	for (uint32_t i = 0; i < schedule->free_count; i++) {
		if (search->may_run(search->arg, top->job, schedule->free_ones[i]))
			fit[count++] = schedule->free_ones[i];
	}
	if (count != 0)
		top->worker = schedule->settings.choose(schedule->settings.arg, fit, count);
	if (top->worker != NULL)
		return true;
	pass_on(search);
	return false;
}

bool schedule_next(struct schedule *schedule, double now_s, sched_may_run *may_run, void *arg,
	struct sched_job **ret_job, struct sched_worker **ret_worker)
{
	if (schedule->waiting == 0 || schedule->roomy == 0)
		return false;
	struct search search = {
		.schedule = schedule, .now_s = now_s, .may_run = may_run, .arg = arg};
	bool (*one_step)(const struct search *) = schedule->settings.choose != NULL ? step_choose
										    : step;
	begin(&search);
	while (schedule->heap_count != 0) {
		if (!one_step(&search))
			continue;
		*ret_job = schedule->heap[0].job;
		*ret_worker = schedule->heap[0].worker;
		return true;
	}
	return false;
}
