/*
 * comfy/schedule.c - lines of jobs, fairness, what a start costs and an end tells.
 *
 *   schedule --- active clients --- each with its line: by priority, front, number
 *       '------- workers ---------- room, what runs there, what was learned (estimate.h)
 *
 * The choice itself is in schedule_next.c.
 */
#include <math.h>
#include <stdlib.h>

#include "comfy/schedule_state.h"

struct schedule *schedule_create(const struct sched_settings *settings)
{
	struct schedule *schedule = calloc(1, sizeof(*schedule));
	if (schedule == NULL)
		return NULL;
	schedule->estimate = estimate_create();
	if (schedule->estimate == NULL) {
		free(schedule);
		return NULL;
	}
	schedule->settings = *settings;
	list_init(&schedule->active);
	list_init(&schedule->gone);
	list_init(&schedule->workers);
	return schedule;
}

void schedule_destroy(struct schedule *schedule)
{
	if (schedule == NULL)
		return;
	ensure(schedule->client_count == 0 && schedule->worker_count == 0);
	list_each_safe (node, &schedule->gone) {
		list_remove(node);
		free(CONTAINER_OF(node, struct sched_client, in_active));
	}
	estimate_destroy(schedule->estimate);
	free(schedule->heap);
	free(schedule->free_ones);
	free(schedule);
}

void schedule_set(struct schedule *schedule, const struct sched_settings *settings)
{
	schedule->settings = *settings;
}

/* Room for count elements; false without memory. */
static bool grow(void *array, uint32_t *room, uint32_t count, size_t size)
{
	if (count <= *room)
		return true;
	uint32_t wanted = *room == 0 ? 16 : *room * 2;
	void *old, *new;
	memcpy(&old, array, sizeof(old));
	new = reallocarray(old, wanted, size);
	if (new == NULL)
		return false;
	memcpy(array, &new, sizeof(new));
	*room = wanted;
	return true;
}

struct sched_client *sched_client_create(struct schedule *schedule)
{
	if (!grow(&schedule->heap, &schedule->heap_room, schedule->client_count + 1,
		    sizeof(*schedule->heap)))
		return NULL;
	struct sched_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return NULL;
	client->schedule = schedule;
	list_init(&client->in_active);
	list_init(&client->line);
	schedule->client_count++;
	return client;
}

void sched_client_destroy(struct sched_client *client)
{
	if (client == NULL)
		return;
	ensure(client->waiting == 0);
	client->schedule->client_count--;
	if (client->running == 0) {
		free(client);
		return;
	}
	client->is_gone = true;
	list_push_back(&client->schedule->gone, &client->in_active);
}

struct sched_worker *sched_worker_create(struct schedule *schedule, void *arg)
{
	/* Twice: the free ones, and those of them that may run a job. */
	if (!grow(&schedule->free_ones, &schedule->free_room, 2 * (schedule->worker_count + 1),
		    sizeof(struct sched_worker *)))
		return NULL;
	struct sched_worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return NULL;
	worker->schedule = schedule;
	worker->arg = arg;
	worker->serial = ++schedule->next_serial;
	estimate_place_init(&worker->place);
	list_push_back(&schedule->workers, &worker->node);
	schedule->worker_count++;
	return worker;
}

void sched_worker_destroy(struct sched_worker *worker)
{
	if (worker == NULL)
		return;
	sched_worker_set_room(worker, 0);
	list_remove(&worker->node);
	worker->schedule->worker_count--;
	free(worker);
}

void *sched_worker_arg(const struct sched_worker *worker)
{
	return worker->arg;
}

void sched_worker_set_room(struct sched_worker *worker, uint32_t room)
{
	worker->schedule->roomy += (room != 0) - (worker->room != 0);
	worker->room = room;
}

void sched_worker_restarted(struct sched_worker *worker)
{
	estimate_forget_models(&worker->place);
}

uint32_t schedule_waiting(const struct schedule *schedule)
{
	return schedule->waiting;
}

/* -- lines -- */

bool sched_is_before(const struct sched_job *a, const struct sched_job *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->order != b->order)
		return a->order < b->order;
	return a->seq < b->seq;
}

/* When it becomes active it starts where the others are: idling saves nothing up. */
static void wake(struct sched_client *client)
{
	if (client->waiting == 0)
		client->virtual_s = fmax(client->virtual_s, client->schedule->virtual_s);
}

void schedule_add(struct schedule *schedule, struct sched_client *client, struct sched_job *job)
{
	wake(client);
	struct list *line = &client->line, *after = line->prev;
	if (!list_is_empty(line) && sched_is_before(job, sched_job_of(line->next)))
		after = line;
	while (after != line && sched_is_before(job, sched_job_of(after)))
		after = after->prev;
	list_insert_after(after, &job->node);
	job->client = client;
	if (client->waiting++ == 0)
		list_push_back(&schedule->active, &client->in_active);
	schedule->waiting++;
}

void schedule_remove(struct sched_job *job)
{
	struct sched_client *client = job->client;
	if (client == NULL)
		return;
	list_remove(&job->node);
	job->client = NULL;
	if (--client->waiting == 0)
		list_remove(&client->in_active);
	client->schedule->waiting--;
}

/* -- starts and ends -- */

double sched_weight(const struct sched_client *client)
{
	const struct sched_settings *settings = &client->schedule->settings;
	if (client->waiting < settings->bulk_jobs || !(settings->bulk_weight > 0))
		return 1;
	return settings->bulk_weight;
}

uint64_t sched_ran_at(const struct sched_client *client, uint64_t models)
{
	for (size_t i = 0; i < AFFINITIES; i++) {
		if (client->last[i].models == models)
			return client->last[i].worker;
	}
	return 0;
}

static void remember(struct sched_client *client, uint64_t models, uint64_t serial)
{
	size_t i = 0;
	while (i < AFFINITIES - 1 && client->last[i].worker != 0 &&
		client->last[i].models != models)
		i++;
	memmove(client->last + 1, client->last, i * sizeof(client->last[0]));
	client->last[0] = (struct affinity){.models = models, .worker = serial};
}

void schedule_started(struct schedule *schedule, double now_s, struct sched_client *client,
	struct sched_job *job, struct sched_worker *worker)
{
	wake(client);
	job->weight = sched_weight(client);
	schedule_remove(job);
	double run_s = estimate_run(schedule->estimate, &job->facts);
	job->load_s = estimate_load_there(schedule->estimate, &worker->place, job->facts.models);
	job->run_s = run_s / worker->place.speed;
	job->depth = estimate_depth(&worker->place, job->facts.models);
	job->started_s = now_s;
	job->charged = client;
	client->running++;
	schedule->virtual_s = fmax(schedule->virtual_s, client->virtual_s);
	client->virtual_s += (run_s + job->load_s) / job->weight;
	estimate_use(&worker->place, job->facts.models);
	remember(client, job->facts.models, worker->serial);
	if (worker->running++ == 0)
		worker->since_s = now_s;
	worker->expected_s += job->run_s + job->load_s;
	if (worker->room != 0)
		sched_worker_set_room(worker, worker->room - 1);
}

/* What was charged and not used is paid back: before anything was learned an estimate may be wrong
 * a hundredfold, and would keep the client away for as long. At most it brings the client to where
 * the others are, for a part of the wrong charge may be in the virtual time of all. Charging more
 * where the estimate was too low was tried and makes p95 worse (simulated: 4 % with 4 workers). */
static void settle(
	struct sched_client *client, const struct sched_job *job, double took_s, double speed)
{
	double unused_s = (job->run_s + job->load_s - took_s) * speed / job->weight;
	double least_s = fmin(client->virtual_s, client->schedule->virtual_s);
	if (unused_s > 0)
		client->virtual_s = fmax(client->virtual_s - unused_s, least_s);
	if (--client->running == 0 && client->is_gone) {
		list_remove(&client->in_active);
		free(client);
	}
}

void schedule_ended(struct schedule *schedule, double now_s, struct sched_job *job,
	struct sched_worker *worker, enum sched_end end, double run_s, bool was_cached)
{
	double expected_s = job->run_s + job->load_s;
	if (end == SCHED_SHORT)
		run_s = fmin(now_s - job->started_s, expected_s);
	if (job->charged != NULL)
		settle(job->charged, job, run_s, worker->place.speed);
	job->charged = NULL;
	if (worker->running != 0)
		worker->running--;
	worker->since_s = now_s;
	worker->expected_s -= expected_s;
	if (worker->running == 0 || worker->expected_s < 0)
		worker->expected_s = 0;
	if (end == SCHED_DONE && !was_cached)
		estimate_learn(schedule->estimate, &worker->place, &job->facts, job->depth, run_s);
}
