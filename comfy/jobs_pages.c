/*
 * comfy/jobs_pages.c - the pages of thousands of jobs, a slice in each turn of the loop.
 *
 *   asked --> waiting --> gathering --> sorting --> writing ... writing --> told, kept
 *
 * One page is made at a time. Who asks while it is made shares it if nothing has changed since it
 * was begun, and otherwise waits for the next one, which all share who ask for the same: however
 * often clients ask, there are never more than two pages in memory. The jobs of a page stay as long
 * as it is made, even those that are dropped meanwhile, and stand in it as they stood when it was
 * begun.
 */
#include "base/loop.h"
#include "comfy/jobs_json.h"
#include "comfy/jobs_making.h"

#include <stdlib.h>

/* So much is made at once. */
#define SMALL_JOBS 32
#define SMALL_BYTES (64u << 10)

/* One who waits. */
struct jobs_page {
	struct list node;
	struct jobs_pages *pages; /* borrowed: it knows its waiters; NULL: gone before them */
	struct page_key key;
	jobs_page_ready *on_ready;
	void *arg;
};

struct jobs_pages {
	struct jobs *jobs; /* borrowed: it owns us */
	struct list waiting;
	struct page_making making;
	struct next_turn turn;
	struct {
		struct blob *json; /* owned; NULL none */
		struct page_key key;
		uint64_t epoch;
	} kept[PAGE_KINDS];
	struct jobs_lists *lists; /* owned */
};

static bool is_same_key(const struct page_key *a, const struct page_key *b)
{
	return a->kind == b->kind && a->max_items == b->max_items && a->offset == b->offset;
}

static void let_go_kept(struct jobs_pages *pages, enum page_kind kind)
{
	blob_unref(pages->kept[kind].json);
	pages->kept[kind].json = NULL;
}

static void on_change(struct jobs_pages *pages)
{
	for (int kind = 0; kind < PAGE_KINDS; kind++) {
		if (pages->kept[kind].json != NULL &&
			pages->kept[kind].epoch != page_epoch(pages->jobs, kind))
			let_go_kept(pages, kind);
	}
}

/* What it has become; empties it. NULL: no memory. */
static struct blob *end(struct jobs_pages *pages, struct page_making *making)
{
	enum page_kind kind = making->key.kind;
	struct blob *json = blob_of_text(&making->text);
	if (json != NULL && making->epoch == page_epoch(pages->jobs, kind)) {
		let_go_kept(pages, kind);
		pages->kept[kind].json = blob_ref(json);
		pages->kept[kind].key = making->key;
		pages->kept[kind].epoch = making->epoch;
	}
	page_clear(making);
	return json;
}

static void tell(struct list *waiters, struct blob *json)
{
	while (!list_is_empty(waiters)) {
		struct jobs_page *page = list_first(waiters, struct jobs_page, node);
		jobs_page_ready *on_ready = page->on_ready;
		void *arg = page->arg;
		list_remove(&page->node);
		free(page);
		on_ready(arg, json);
	}
}

static void finish(struct jobs_pages *pages, bool is_ok)
{
	struct page_making *making = &pages->making;
	struct blob *json = NULL;
	struct list waiters;
	/* Whoever is told may ask again, or cancel another that is not told yet. */
	list_init(&waiters);
	while (!list_is_empty(&making->waiters)) {
		struct list *node = making->waiters.next;
		list_remove(node);
		list_push_back(&waiters, node);
	}
	if (is_ok)
		json = end(pages, making);
	else
		page_clear(making);
	if (!list_is_empty(&pages->waiting))
		next_turn_add(&pages->turn);
	tell(&waiters, json);
	blob_unref(json);
}

static void on_turn(struct next_turn *self)
{
	struct jobs_pages *pages = CONTAINER_OF(self, struct jobs_pages, turn);
	struct page_making *making = &pages->making;
	bool is_ok = true;
	if (making->phase == PAGE_IDLE) {
		if (list_is_empty(&pages->waiting))
			return;
		struct page_key key = list_first(&pages->waiting, struct jobs_page, node)->key;
		list_each_safe (node, &pages->waiting) {
			if (is_same_key(&CONTAINER_OF(node, struct jobs_page, node)->key, &key)) {
				list_remove(node);
				list_push_back(&making->waiters, node);
			}
		}
		is_ok = page_begin(making, pages->jobs, &key);
	} else if (making->phase == PAGE_SORTING) {
		page_sort(making);
	} else {
		is_ok = page_write(making);
		if (making->at == making->count) {
			finish(pages, is_ok);
			return;
		}
	}
	if (is_ok)
		next_turn_add(&pages->turn);
	else
		finish(pages, false);
}

/* -- asking -- */

/* They are not told, and have only to cancel. */
static void leave(struct list *waiters)
{
	list_each_safe (node, waiters) {
		CONTAINER_OF(node, struct jobs_page, node)->pages = NULL;
		list_remove(node);
	}
}

static void destroy(struct jobs_pages *pages)
{
	next_turn_cancel(&pages->turn);
	leave(&pages->waiting);
	leave(&pages->making.waiters);
	page_clear(&pages->making);
	for (int kind = 0; kind < PAGE_KINDS; kind++)
		let_go_kept(pages, kind);
	jobs_lists_destroy(pages->lists);
	free(pages);
}

static struct jobs_pages *pages_of(struct jobs *jobs)
{
	static const struct jobs_pages_calls calls = {.destroy = destroy, .on_change = on_change};
	struct jobs_pages *pages = jobs_pages(jobs);
	if (pages != NULL)
		return pages;
	pages = calloc(1, sizeof(*pages));
	if (pages == NULL)
		return NULL;
	pages->jobs = jobs;
	list_init(&pages->waiting);
	list_init(&pages->making.waiters);
	next_turn_init(&pages->turn, on_turn);
	jobs_set_pages(jobs, pages, &calls);
	return pages;
}

struct jobs_lists **jobs_lists_of(struct jobs *jobs)
{
	struct jobs_pages *pages = pages_of(jobs);
	return pages != NULL ? &pages->lists : NULL;
}

static bool is_small(struct jobs *jobs, const struct page_key *key)
{
	size_t count = jobs_active(jobs);
	size_t bytes = 0;
	const struct list *all = jobs_all_active(jobs);
	if (key->kind == PAGE_HISTORY) {
		all = jobs_all_ended(jobs);
		count = 0;
		for (int state = JOB_DONE; state < JOB_STATES; state++)
			count += jobs_count(jobs, state);
	}
	if (count > SMALL_JOBS)
		return false;
	list_each (node, all) {
		const struct job *job = CONTAINER_OF(node, struct job, in_table);
		bytes += job->graph.n + job->archive_bytes +
			 (job->extra != NULL ? job->extra->n : 0) +
			 (job->result != NULL ? job->result->n : 0);
	}
	return bytes <= SMALL_BYTES;
}

static void make_at_once(
	struct jobs_pages *pages, const struct page_key *key, jobs_page_ready *on_ready, void *arg)
{
	struct page_making making = {0};
	struct blob *json = NULL;
	bool is_ok = page_begin(&making, pages->jobs, key);
	if (is_ok) {
		page_sort(&making);
		do
			is_ok = page_write(&making);
		while (is_ok && making.at != making.count);
	}
	if (is_ok)
		json = end(pages, &making);
	else
		page_clear(&making);
	on_ready(arg, json);
	blob_unref(json);
}

static struct jobs_page *ask(
	struct jobs *jobs, struct page_key key, jobs_page_ready *on_ready, void *arg)
{
	struct jobs_pages *pages = pages_of(jobs);
	if (pages == NULL) {
		on_ready(arg, NULL);
		return NULL;
	}
	if (pages->kept[key.kind].json != NULL && is_same_key(&pages->kept[key.kind].key, &key)) {
		struct blob *json = blob_ref(pages->kept[key.kind].json);
		on_ready(arg, json);
		blob_unref(json);
		return NULL;
	}
	if (is_small(jobs, &key)) {
		make_at_once(pages, &key, on_ready, arg);
		return NULL;
	}
	struct jobs_page *page = malloc(sizeof(*page));
	if (page == NULL) {
		on_ready(arg, NULL);
		return NULL;
	}
	*page = (struct jobs_page){.pages = pages, .key = key, .on_ready = on_ready, .arg = arg};
	bool is_under_way = pages->making.phase != PAGE_IDLE &&
			    is_same_key(&pages->making.key, &key) &&
			    pages->making.epoch == page_epoch(pages->jobs, key.kind);
	list_push_back(is_under_way ? &pages->making.waiters : &pages->waiting, &page->node);
	next_turn_add(&pages->turn);
	return page;
}

struct jobs_page *jobs_queue_json(struct jobs *jobs, jobs_page_ready *on_ready, void *arg)
{
	return ask(jobs, (struct page_key){PAGE_QUEUE, -1, -1}, on_ready, arg);
}

struct jobs_page *jobs_history_json(
	struct jobs *jobs, int64_t max_items, int64_t offset, jobs_page_ready *on_ready, void *arg)
{
	return ask(jobs,
		(struct page_key){
			PAGE_HISTORY, max_items < 0 ? -1 : max_items, offset < 0 ? -1 : offset},
		on_ready, arg);
}

void jobs_page_cancel(struct jobs_page *page)
{
	if (page == NULL)
		return;
	struct jobs_pages *pages = page->pages;
	list_remove(&page->node);
	free(page);
	/* Nobody wants it any more. */
	if (pages != NULL && pages->making.phase != PAGE_IDLE &&
		list_is_empty(&pages->making.waiters))
		page_clear(&pages->making);
}
