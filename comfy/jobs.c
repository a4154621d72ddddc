/*
 * comfy/jobs.c - the table: by id, active ones by age, ended ones by their end.
 *
 * Ids are chosen by clients, so they are hashed under a key. Of two jobs with one id the one that
 * was added last stands first in its bucket; there is a second one only while an older one that has
 * ended waits for being replaced.
 */
#include "comfy/jobs_table.h"

#include "base/hash.h"

#include <stdlib.h>

#define BUCKETS_LEAST 1024 /* a power of two */

struct jobs {
	struct jobs_limits limits;
	struct job **buckets; /* owned */
	uint32_t bucket_count, count;
	struct list active, ended;
	uint32_t states[JOB_STATES];
	uint64_t ended_bytes;
	uint64_t queue_epoch, history_epoch;
	uint64_t next_seq;
	int64_t counter;
	void (*on_drop)(void *arg, struct job *job);
	void *on_drop_arg;
	struct jobs_pages *pages; /* owned */
	const struct jobs_pages_calls *pages_calls;
};

struct jobs *jobs_create(const struct jobs_limits *limits)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	if (jobs == NULL)
		return NULL;
	jobs->limits = *limits;
	jobs->bucket_count = BUCKETS_LEAST;
	jobs->buckets = calloc(jobs->bucket_count, sizeof(struct job *));
	list_init(&jobs->active);
	list_init(&jobs->ended);
	/* Nobody who has seen nothing yet has seen epoch 1. */
	jobs->queue_epoch = jobs->history_epoch = 1;
	if (jobs->buckets == NULL) {
		free(jobs);
		return NULL;
	}
	return jobs;
}

/* No part of anything any more; its memory goes with the last page that is made of it. */
static void unhook(struct job *job)
{
	list_remove(&job->in_table);
	list_remove(&job->in_owner);
	list_remove(&job->in_worker);
	job_release(job);
}

void jobs_destroy(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	if (jobs->pages != NULL)
		jobs->pages_calls->destroy(jobs->pages);
	list_each_safe (node, &jobs->active)
		unhook(CONTAINER_OF(node, struct job, in_table));
	list_each_safe (node, &jobs->ended)
		unhook(CONTAINER_OF(node, struct job, in_table));
	free(jobs->buckets);
	free(jobs);
}

/* -- by id -- */

static struct job **bucket_of(const struct jobs *jobs, const char *id)
{
	return &jobs->buckets[hash_keyed(id, JOB_ID_BYTES) & (jobs->bucket_count - 1)];
}

struct job *jobs_find(const struct jobs *jobs, struct slice id)
{
	if (id.n != JOB_ID_BYTES)
		return NULL;
	struct job *job = *bucket_of(jobs, id.p);
	while (job != NULL && memcmp(job->id, id.p, JOB_ID_BYTES) != 0)
		job = job->same_bucket;
	return job;
}

/* One that ended before another of its id did. */
static struct job *find_older(const struct jobs *jobs, const struct job *newer)
{
	struct job *job = *bucket_of(jobs, newer->id);
	while (job != NULL && (job == newer || job_is_active(job) ||
				      memcmp(job->id, newer->id, JOB_ID_BYTES) != 0))
		job = job->same_bucket;
	return job;
}

/* Twice as many buckets. Without memory the chains grow longer and that is all. */
static void grow(struct jobs *jobs)
{
	struct job **old = jobs->buckets;
	uint32_t old_count = jobs->bucket_count;
	struct job **buckets = calloc((size_t)old_count * 2, sizeof(struct job *));
	if (buckets == NULL)
		return;
	jobs->buckets = buckets;
	jobs->bucket_count = old_count * 2;
	for (uint32_t i = 0; i < old_count; i++) {
		/* A chain is turned round and turned round again, so that the newest of an id stays
		 * first. */
		struct job *turned = NULL;
		for (struct job *job = old[i], *next = NULL; job != NULL; job = next) {
			next = job->same_bucket;
			job->same_bucket = turned;
			turned = job;
		}
		for (struct job *job = turned, *next = NULL; job != NULL; job = next) {
			struct job **bucket = bucket_of(jobs, job->id);
			next = job->same_bucket;
			job->same_bucket = *bucket;
			*bucket = job;
		}
	}
	free(old);
}

static void unhash(struct jobs *jobs, struct job *job)
{
	struct job **at = bucket_of(jobs, job->id);
	while (*at != job)
		at = &(*at)->same_bucket;
	*at = job->same_bucket;
	jobs->count--;
}

/* -- coming, changing, going -- */

/* What of a state can be seen from outside: 0 nothing, 1 in the queue, 2 running, 3 in the history.
 */
static int shown_as(enum job_state state)
{
	if (state == JOB_CHECKED)
		return 0;
	if (state <= JOB_PLACED)
		return 1;
	return state < JOB_DONE ? 2 : 3;
}

static void changed(struct jobs *jobs, enum job_state from, enum job_state to)
{
	int before = shown_as(from);
	int after = shown_as(to);
	if (before == after && before != 3)
		return;
	if (before == 1 || before == 2 || after == 1 || after == 2)
		jobs->queue_epoch++;
	if (before == 3 || after == 3)
		jobs->history_epoch++;
	if (jobs->pages != NULL)
		jobs->pages_calls->on_change(jobs->pages);
}

struct job *jobs_new(struct jobs *jobs, const char *id)
{
	struct job *job = job_create(id);
	if (job != NULL)
		job->seq = jobs->next_seq++;
	return job;
}

void jobs_add(struct jobs *jobs, struct job *job)
{
	struct job **bucket;
	ensure(list_is_empty(&job->in_table) && job_is_active(job));
	if (jobs->count >= jobs->bucket_count)
		grow(jobs);
	bucket = bucket_of(jobs, job->id);
	job->same_bucket = *bucket;
	*bucket = job;
	jobs->count++;
	/* By age: it belongs to the end but for what a journal brings back. */
	struct list *where = jobs->active.prev;
	while (where != &jobs->active && CONTAINER_OF(where, struct job, in_table)->seq > job->seq)
		where = where->prev;
	list_insert_after(where, &job->in_table);
	jobs->states[job->state]++;
	changed(jobs, JOB_CHECKED, job->state);
}

static void uncount_bytes(struct jobs *jobs, struct job *job)
{
	jobs->ended_bytes -= job->counted_bytes;
	job->counted_bytes = 0;
}

void jobs_drop(struct jobs *jobs, struct job *job)
{
	if (!list_is_empty(&job->in_table)) {
		unhash(jobs, job);
		uncount_bytes(jobs, job);
		jobs->states[job->state]--;
		changed(jobs, job->state, JOB_CHECKED);
	}
	unhook(job);
}

static void drop_ended(struct jobs *jobs, struct job *job)
{
	if (jobs->on_drop != NULL)
		jobs->on_drop(jobs->on_drop_arg, job);
	jobs_drop(jobs, job);
}

static uint32_t count_ended(const struct jobs *jobs)
{
	return jobs->states[JOB_DONE] + jobs->states[JOB_FAILED] + jobs->states[JOB_CANCELLED] +
	       jobs->states[JOB_LOST];
}

/* The oldest ended ones go until the rest is within the limits; `kept` stays. */
static void make_room(struct jobs *jobs, const struct job *kept)
{
	list_each_safe (node, &jobs->ended) {
		struct job *oldest = CONTAINER_OF(node, struct job, in_table);
		if (count_ended(jobs) <= jobs->limits.ended_most &&
			jobs->ended_bytes <= jobs->limits.ended_bytes_most)
			return;
		if (oldest != kept)
			drop_ended(jobs, oldest);
	}
}

void jobs_move(struct jobs *jobs, struct job *job, enum job_state state)
{
	enum job_state from = job->state;
	ensure(state < JOB_STATES && job_is_active(job));
	if (from == state)
		return;
	job->state = state;
	if (list_is_empty(&job->in_table)) {
		ensure(job_is_active(job)); /* what was never found cannot be remembered */
		return;
	}
	jobs->states[from]--;
	jobs->states[state]++;
	changed(jobs, from, state);
	if (job_is_active(job))
		return;
	list_remove(&job->in_table);
	list_push_back(&jobs->ended, &job->in_table);
	struct job *older = find_older(jobs, job);
	if (older != NULL)
		drop_ended(jobs, older);
	make_room(jobs, job);
}

void jobs_on_drop(struct jobs *jobs, void (*on_drop)(void *arg, struct job *job), void *arg)
{
	jobs->on_drop = on_drop;
	jobs->on_drop_arg = arg;
}

void jobs_set_limits(struct jobs *jobs, const struct jobs_limits *limits)
{
	jobs->limits = *limits;
	make_room(jobs, NULL);
}

static size_t blob_bytes(const struct blob *blob)
{
	return blob != NULL ? blob->n : 0;
}

void jobs_count_archive(struct jobs *jobs, struct job *job)
{
	ensure(!job_is_active(job));
	uncount_bytes(jobs, job);
	job->counted_bytes = blob_bytes(job->archive) + blob_bytes(job->result) +
			     blob_bytes(job->summary);
	jobs->ended_bytes += job->counted_bytes;
	changed(jobs, job->state, job->state);
	make_room(jobs, job);
}

/* -- numbers -- */

void jobs_number(struct jobs *jobs, struct job *job, bool front)
{
	job_set_integer(job, front ? -jobs->counter : jobs->counter);
	jobs->counter++;
}

bool jobs_kept_number(struct jobs *jobs, struct job *job, struct slice text, uint64_t seq)
{
	int64_t whole = 0;
	if (!job_read_number(job, text, &whole))
		return false;
	job->seq = seq;
	/* 0 for a client's own, which never moved the counter. */
	if (whole < 0)
		whole = -whole;
	if (whole >= jobs->counter)
		jobs->counter = whole + 1;
	if (seq >= jobs->next_seq)
		jobs->next_seq = seq + 1;
	return true;
}

/* -- looking -- */

uint32_t jobs_count(const struct jobs *jobs, enum job_state state)
{
	ensure(state < JOB_STATES);
	return jobs->states[state];
}

uint32_t jobs_active(const struct jobs *jobs)
{
	uint32_t count = 0;
	for (int state = JOB_WAITING; state < JOB_DONE; state++)
		count += jobs->states[state];
	return count;
}

uint64_t jobs_queue_epoch(const struct jobs *jobs)
{
	return jobs->queue_epoch;
}

uint64_t jobs_history_epoch(const struct jobs *jobs)
{
	return jobs->history_epoch;
}

const struct list *jobs_all_active(const struct jobs *jobs)
{
	return &jobs->active;
}

const struct list *jobs_all_ended(const struct jobs *jobs)
{
	return &jobs->ended;
}

struct jobs_pages *jobs_pages(const struct jobs *jobs)
{
	return jobs->pages;
}

void jobs_set_pages(
	struct jobs *jobs, struct jobs_pages *pages, const struct jobs_pages_calls *calls)
{
	jobs->pages = pages;
	jobs->pages_calls = calls;
}
