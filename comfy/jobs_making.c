/*
 * comfy/jobs_making.c - one page of jobs: gathered and sorted in a turn each, written in slices.
 */
#include "comfy/jobs_making.h"

#include <stdlib.h>

/* A slice ends with the first that is reached: about half a millisecond. */
#define SLICE_JOBS 256
#define SLICE_BYTES (256u << 10)
#define INFLATED_COST 4 /* an octet that is inflated costs as much as so many copied ones */

uint64_t page_epoch(const struct jobs *jobs, enum page_kind kind)
{
	return kind == PAGE_QUEUE ? jobs_queue_epoch(jobs) : jobs_history_epoch(jobs);
}

/* -- gathering -- */

void page_clear(struct page_making *making)
{
	for (size_t i = 0; i < making->count; i++)
		job_release(making->items[i].job);
	free(making->items);
	text_finish(&making->text);
	making->items = NULL;
	making->count = making->room = making->at = making->bytes = 0;
	making->is_in_pending = false;
	making->phase = PAGE_IDLE;
}

static void gather(struct page_making *making, struct job *job)
{
	making->items[making->count++] = (struct page_item){
		.job = job,
		.number = job->number,
		.seq = job->seq,
		.is_running = job_status(job) == JOBS_IN_PROGRESS,
	};
	making->bytes += job->graph.n + job->archive_bytes +
			 (job->extra != NULL ? job->extra->n : 0) +
			 (job->result != NULL ? job->result->n : 0) + 128;
	job_keep(job);
}

static void gather_queue(struct jobs *jobs, struct page_making *making)
{
	list_each (node, jobs_all_active(jobs)) {
		struct job *job = CONTAINER_OF(node, struct job, in_table);
		if (job->state != JOB_CHECKED)
			gather(making, job);
	}
}

/* As ComfyUI: without an offset the last ones. */
static void gather_history(struct jobs *jobs, struct page_making *making, size_t ended)
{
	int64_t most = making->key.max_items;
	int64_t first = making->key.offset;
	if (first < 0)
		first = most >= 0 && (uint64_t)most < ended ? (int64_t)ended - most : 0;
	int64_t index = 0;
	list_each (node, jobs_all_ended(jobs)) {
		if (most >= 0 && making->count >= (size_t)most)
			return;
		if (index++ >= first)
			gather(making, CONTAINER_OF(node, struct job, in_table));
	}
}

bool page_begin(struct page_making *making, struct jobs *jobs, const struct page_key *key)
{
	size_t ended = 0;
	for (int state = JOB_DONE; state < JOB_STATES; state++)
		ended += jobs_count(jobs, state);
	making->key = *key;
	making->epoch = page_epoch(jobs, key->kind);
	making->phase = PAGE_SORTING;
	making->room = key->kind == PAGE_QUEUE ? jobs_active(jobs) : ended;
	if (key->kind == PAGE_HISTORY && key->max_items >= 0 &&
		(uint64_t)key->max_items < making->room)
		making->room = (size_t)key->max_items;
	making->items = malloc((making->room + 1) * sizeof(*making->items));
	if (making->items == NULL)
		return false;
	if (key->kind == PAGE_QUEUE)
		gather_queue(jobs, making);
	else
		gather_history(jobs, making, ended);
	return true;
}

/* Running ones, then by number. */
static int order(const void *one, const void *other)
{
	const struct page_item *a = one;
	const struct page_item *b = other;
	if (a->is_running != b->is_running)
		return a->is_running ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void page_sort(struct page_making *making)
{
	bool is_sorted = true;
	for (size_t i = 1; i < making->count && is_sorted; i++)
		is_sorted = order(&making->items[i - 1], &making->items[i]) <= 0;
	if (making->key.kind == PAGE_QUEUE && !is_sorted)
		qsort(making->items, making->count, sizeof(*making->items), order);
	text_init(&making->text, making->bytes + 64);
	text_puts(&making->text, making->key.kind == PAGE_QUEUE ? "{\"queue_running\":[" : "{");
	making->phase = PAGE_WRITING;
}

/* -- writing -- */

static bool write_one(struct page_making *making, const struct page_item *item)
{
	struct text *text = &making->text;
	if (making->key.kind == PAGE_QUEUE) {
		if (!item->is_running && !making->is_in_pending) {
			text_puts(text, "],\"queue_pending\":[");
			making->is_in_pending = true;
		}
		text_item(text);
		return job_put_prompt(text, item->job);
	}
	text_item(text);
	text_put(text, "\"", 1);
	text_put(text, item->job->id, JOB_ID_BYTES);
	text_put(text, "\":", 2);
	return job_put_entry(text, item->job);
}

bool page_write(struct page_making *making)
{
	size_t cost = 0;
	for (size_t jobs = 0; making->at < making->count; jobs++) {
		const struct page_item *item = &making->items[making->at];
		size_t before = making->text.n;
		if (jobs == SLICE_JOBS || cost >= SLICE_BYTES)
			return true;
		if (!write_one(making, item))
			return false;
		cost += (making->text.n - before) * (item->job->is_deflated ? INFLATED_COST : 1);
		making->at++;
	}
	if (making->key.kind == PAGE_QUEUE)
		text_puts(&making->text, making->is_in_pending ? "]}" : "],\"queue_pending\":[]}");
	else
		text_put(&making->text, "}", 1);
	return !making->text.is_short;
}
