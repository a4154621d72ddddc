/*
 * comfy/schedule_next.c - the next pair of job and worker.
 *
 * A best-first search. The first job of each line enters a heap with a bound that its score cannot
 * be below; only what reaches the top is scored against the free workers, and only a pair that is
 * at the top again is compared with the busy ones:
 *
 *   bound ---> scored ---> settled ---> the answer
 *     ^           '---> a busy worker is sooner: reserve it, and set the line aside
 *     |                                         |
 *     '--- the next job of the line <-----------'  (no first job of its priority can start)
 *
 * Why lines are set aside: with the first jobs alone, one person's batch would stay on the one
 * worker that has its model, beside idle ones (simulated: 408 s for 117 s). With whole lines at
 * once, second jobs take workers that others' first jobs need (p95 a few percent
 * higher on 4, 8 and 32 workers).
 */
#include <math.h>

#include "comfy/schedule_state.h"

#define AFFINITY 0.1    /* of the run time */
#define OVERDUE 0.1     /* of what it took so far: what a job that should have ended still takes */
#define LINE_MOST 32    /* jobs of one line that are looked at in a search */
#define BEHIND_MOST 256 /* jobs behind a first one, of all lines together */

struct search {
	struct schedule *schedule;
	uint32_t aside;  /* candidates set aside, at the end of the heap's room */
	uint32_t behind; /* jobs behind a first one that were looked at */
	int32_t level;   /* the priority being looked at */
	bool is_second;  /* those set aside were taken up again */
	double now_s;
	double fastest; /* of the free workers */
	sched_may_run *may_run;
	void *arg;
};

/* -- heap -- */

static bool goes_first(const struct candidate *a, const struct candidate *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->is_by_number || b->is_by_number || a->score == b->score)
		return sched_is_before(a->job, b->job);
	return a->score < b->score;
}

static void sink(struct schedule *schedule, uint32_t at)
{
	struct candidate *heap = schedule->heap, moved = heap[at];
	uint32_t count = schedule->heap_count, child;
	while ((child = 2 * at + 1) < count) {
		child += child + 1 < count && goes_first(&heap[child + 1], &heap[child]);
		if (!goes_first(&heap[child], &moved))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static void build(struct schedule *schedule)
{
	for (uint32_t i = schedule->heap_count / 2; i-- > 0;)
		sink(schedule, i);
}

static void drop_top(struct schedule *schedule)
{
	schedule->heap[0] = schedule->heap[--schedule->heap_count];
	if (schedule->heap_count != 0)
		sink(schedule, 0);
}

/* -- scores -- */

static double remaining(const struct search *search, const struct sched_worker *worker)
{
	if (worker->running == 0)
		return 0;
	double taken = search->now_s - worker->since_s;
	/* The longer it is overdue the longer it may still be: it may hang. */
	return fmax(fabs(worker->expected_s - taken), OVERDUE * taken);
}

static double tag(const struct candidate *one, double run_s)
{
	return one->client->virtual_s + (one->reserved_s + run_s) / sched_weight(one->client);
}

/* The same for all that name these models: found once in a search, or again where two share a
 * place. */
static double least_load(struct schedule *schedule, uint64_t models)
{
	struct least_load *least = &schedule->least[models % LEAST_LOADS];
	if (least->search == schedule->search && least->models == models)
		return least->seconds;
	*least = (struct least_load){
		.search = schedule->search, .models = models, .seconds = INFINITY};
	for (uint32_t i = 0; i < schedule->free_count && least->seconds > 0; i++) {
		double load_s = estimate_load_there(
			schedule->estimate, &schedule->free_ones[i]->place, models);
		least->seconds = fmin(least->seconds, load_s);
	}
	return least->seconds;
}

static void set_bound(const struct search *search, struct candidate *one)
{
	struct schedule *schedule = search->schedule;
	const struct graph_facts *facts = &one->job->facts;
	double run_s = estimate_run(schedule->estimate, facts);
	one->worker = NULL;
	one->is_settled = false;
	one->priority = one->job->priority;
	one->is_by_number = schedule->settings.choose != NULL || one->job->order < 0;
	one->score = tag(one, run_s) + run_s / search->fastest - run_s +
		     schedule->settings.alpha * least_load(schedule, facts->models);
	if (sched_ran_at(one->client, facts->models) != 0)
		one->score -= AFFINITY * run_s;
}

/* The best of the free workers that finish it in time; false when there is none. */
static bool set_score(const struct search *search, struct candidate *one, double in_time_s)
{
	struct schedule *schedule = search->schedule;
	double run_s = estimate_run(schedule->estimate, &one->job->facts), base = tag(one, run_s);
	uint64_t models = one->job->facts.models, home = sched_ran_at(one->client, models);
	one->worker = NULL;
	for (uint32_t i = 0; i < schedule->free_count; i++) {
		struct sched_worker *worker = schedule->free_ones[i];
		double load_s = estimate_load_there(schedule->estimate, &worker->place, models);
		double there_s = run_s / worker->place.speed + worker->remaining_s;
		double score = base + schedule->settings.alpha * load_s + there_s - run_s;
		if (worker->serial == home)
			score -= AFFINITY * run_s;
		if ((one->worker == NULL || score < one->score) && load_s + there_s <= in_time_s &&
			search->may_run(search->arg, one->job, worker)) {
			one->worker = worker;
			one->score = score;
			one->there_s = load_s + there_s;
		}
	}
	return one->worker != NULL;
}

/* A full worker that finishes it sooner than *than_s, the soonest of them; NULL for none. */
static struct sched_worker *sooner(
	const struct search *search, const struct sched_job *job, double *than_s)
{
	struct schedule *schedule = search->schedule;
	struct sched_worker *best = NULL;
	double run_s = estimate_run(schedule->estimate, &job->facts);
	list_each (node, &schedule->workers) {
		struct sched_worker *worker = CONTAINER_OF(node, struct sched_worker, node);
		double there_s = worker->remaining_s + run_s / worker->place.speed;
		if (there_s >= *than_s || worker->room != 0 || worker->running == 0 ||
			worker->reserved == schedule->search)
			continue;
		there_s += estimate_load_there(
			schedule->estimate, &worker->place, job->facts.models);
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
		worker->remaining_s = remaining(search, worker);
		if (worker->room == 0)
			continue;
		schedule->free_ones[schedule->free_count++] = worker;
		search->fastest = fmax(search->fastest, worker->place.speed);
	}
	list_each (node, &schedule->active) {
		struct sched_client *client = CONTAINER_OF(node, struct sched_client, in_active);
		struct candidate *one = &schedule->heap[schedule->heap_count++];
		*one = (struct candidate){.client = client, .job = sched_job_of(client->line.next)};
		set_bound(search, one);
	}
	build(search->schedule);
}

/* Moves on to the next job of the line; false when there is none to look at. */
static bool move_on(struct search *search, struct candidate *one)
{
	struct list *next = one->job->node.next;
	if (next == &one->client->line || one->looked_at == LINE_MOST ||
		search->behind == BEHIND_MOST)
		return false;
	one->looked_at++;
	search->behind++;
	one->job = sched_job_of(next);
	set_bound(search, one);
	return true;
}

/* The job at the top cannot start now: the next one of its line takes its place. */
static void pass_on(struct search *search)
{
	if (move_on(search, &search->schedule->heap[0]))
		sink(search->schedule, 0);
	else
		drop_top(search->schedule);
}

/* The job at the top waits for a busy worker. Others' first jobs come before the rest of its line.
 */
static void wait_for(struct search *search, struct sched_worker *busy)
{
	struct schedule *schedule = search->schedule;
	struct candidate *top = &schedule->heap[0];
	busy->reserved = schedule->search;
	top->reserved_s += estimate_run(schedule->estimate, &top->job->facts);
	if (search->is_second) {
		pass_on(search);
		return;
	}
	struct candidate waits = *top;
	drop_top(search->schedule);
	/* Room that the heap has left: together they are never more than the clients. */
	schedule->heap[schedule->heap_room - ++search->aside] = waits;
}

static void take_up(struct search *search)
{
	struct schedule *schedule = search->schedule;
	search->is_second = true;
	for (uint32_t i = search->aside; i > 0; i--) {
		struct candidate *one = &schedule->heap[schedule->heap_room - i];
		if (move_on(search, one))
			schedule->heap[schedule->heap_count++] = *one;
	}
	search->aside = 0;
	build(schedule);
}

/* The next candidate is at the top; false when there is none. */
static bool go_on(struct search *search)
{
	const struct schedule *schedule = search->schedule;
	bool is_below = schedule->heap_count == 0 || schedule->heap[0].priority < search->level;
	if (is_below && search->aside != 0)
		take_up(search);
	if (schedule->heap_count == 0)
		return false;
	if (schedule->heap[0].priority < search->level) {
		search->level = schedule->heap[0].priority;
		search->is_second = false;
	}
	return true;
}

/* true: the top is the answer. */
static bool step(struct search *search)
{
	struct candidate *top = &search->schedule->heap[0];
	if (top->is_settled)
		return true;
	if (top->worker == NULL) {
		if (set_score(search, top, INFINITY))
			sink(search->schedule, 0);
		else
			pass_on(search);
		return false;
	}
	double in_time_s = top->there_s;
	struct sched_worker *busy = sooner(search, top->job, &in_time_s);
	if (busy == NULL)
		return true;
	if (set_score(search, top, in_time_s)) {
		top->is_settled = true;
		sink(search->schedule, 0);
		return false;
	}
	wait_for(search, busy);
	return false;
}

/* The same with somebody else's choice of the worker. */
static bool step_choose(struct search *search)
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
	struct search search = {.schedule = schedule,
		.level = INT32_MAX,
		.now_s = now_s,
		.may_run = may_run,
		.arg = arg};
	bool (*one_step)(struct search *) = schedule->settings.choose != NULL ? step_choose : step;
	begin(&search);
	while (go_on(&search)) {
		if (!one_step(&search))
			continue;
		*ret_job = schedule->heap[0].job;
		*ret_worker = schedule->heap[0].worker;
		return true;
	}
	return false;
}
