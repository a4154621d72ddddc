/*
 * comfy/jobs_making.h - a page of jobs that is being made.
 */
#ifndef COMFY_JOBS_MAKING_H
#define COMFY_JOBS_MAKING_H

#include "base/text.h"
#include "comfy/jobs_parts.h"

enum page_kind { PAGE_QUEUE, PAGE_HISTORY, PAGE_KINDS };

struct page_key {
	enum page_kind kind;
	int64_t max_items, offset;
};

struct page_item {
	struct job *job; /* kept: job_keep */
	double number;
	uint64_t seq;
	bool is_running;
};

enum page_phase { PAGE_IDLE, PAGE_SORTING, PAGE_WRITING };

struct page_making {
	enum page_phase phase;
	struct page_key key;
	uint64_t epoch;
	struct page_item *items; /* owned */
	size_t count, room, at;
	size_t bytes; /* about what it will have */
	bool is_in_pending;
	struct text text;
	struct list waiters;
};

uint64_t page_epoch(const struct jobs *jobs, enum page_kind kind);

/* Gathers the jobs. False: no memory; page_clear it. */
bool page_begin(
	struct page_making *making, struct jobs *jobs, const struct page_key *key) MUST_CHECK;
void page_sort(struct page_making *making);
/* Writes some more; written when at == count. False: no memory; page_clear it. */
bool page_write(struct page_making *making) MUST_CHECK;
/* Lets the jobs and the text go; the waiters stay. */
void page_clear(struct page_making *making);

#endif
