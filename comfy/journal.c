#include "comfy/journal.h"

#include "base/clock.h"
#include "base/log.h"
#include "comfy/journal_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MOST (256u << 20) /* octets that are not committed yet */
#define FORGET_EXTRA (16u << 20)  /* by which a forget may pass that: it frees more */

/* -- who waits -- */

static void on_settle(struct next_turn *self)
{
	struct journal *journal = CONTAINER_OF(self, struct journal, settle);
	uint64_t known = journal->done_mark > journal->lost_mark ? journal->done_mark
								 : journal->lost_mark;
	struct list settled;
	list_init(&settled);
	list_each_safe (node, &journal->waits) {
		if (CONTAINER_OF(node, struct journal_wait, node)->mark > known)
			break;
		list_remove(node);
		list_push_back(&settled, node);
	}
	/* Whoever is told may wait anew, or cancel another. */
	while (!list_is_empty(&settled)) {
		struct journal_wait *wait = list_first(&settled, struct journal_wait, node);
		list_remove(&wait->node);
		wait->on_done(wait, wait->mark <= journal->done_mark);
	}
}

void journal_wait(struct journal *journal, struct journal_wait *wait)
{
	wait->mark = journal->last_mark;
	list_push_back(&journal->waits, &wait->node);
	/* While nothing can be written nobody is kept waiting for that to pass. */
	if (journal->is_failing)
		journal->lost_mark = journal->last_mark;
	if (wait->mark <= journal->done_mark || wait->mark <= journal->lost_mark)
		next_turn_add(&journal->settle);
}

void journal_wait_cancel(struct journal_wait *wait)
{
	list_remove(&wait->node);
}

/* -- the state of things -- */

void journal_set_failing(struct journal *journal, const char *why)
{
	journal->stats.failures++;
	journal->lost_mark = journal->last_mark;
	next_turn_add(&journal->settle);
	if (!journal->is_failing)
		log_warn("journal_failed", "path=%s why=%s", LOG_QUOTE(journal->path),
			LOG_QUOTE(why));
	journal->is_failing = true;
}

static void batch_destroy(struct journal *journal, struct batch *batch)
{
	journal->stats.waiting_bytes -= batch->frames.n;
	list_remove(&batch->node);
	text_finish(&batch->frames);
	free(batch);
}

void journal_set_done(struct journal *journal, uint64_t mark)
{
	if (mark <= journal->done_mark || mark > journal->last_mark)
		return;
	journal->done_mark = mark;
	journal->deaths = 0;
	journal->stats.commits++;
	list_each_safe (node, &journal->batches) {
		struct batch *batch = CONTAINER_OF(node, struct batch, node);
		if (batch->mark > mark || batch == journal->next)
			break;
		journal->stats.last_commit_us = clock_now_us - batch->closed_us;
		batch_destroy(journal, batch);
	}
	if (journal->is_failing)
		log_warn("journal_works", "path=%s", LOG_QUOTE(journal->path));
	journal->is_failing = false;
	next_turn_add(&journal->settle);
}

/* -- handing over -- */

static void on_more(struct next_turn *self)
{
	journal_send(CONTAINER_OF(self, struct journal, more));
}

static void close_batch(struct journal *journal)
{
	if (!journal->is_open)
		return;
	struct batch *batch = list_last(&journal->batches, struct batch, node);
	size_t before = batch->frames.n;
	journal_write_mark(&batch->frames, batch->mark); /* its room was made by the first put */
	journal->stats.waiting_bytes += batch->frames.n - before;
	batch->closed_us = clock_now_us;
	journal->is_open = false;
	if (journal->next == NULL)
		journal->next = batch;
}

static void on_turn_end(struct deferred *self)
{
	struct journal *journal = CONTAINER_OF(self, struct journal, turn_end);
	close_batch(journal);
	journal_send(journal);
}

void journal_flush(struct journal *journal)
{
	if (journal == NULL)
		return;
	close_batch(journal);
	journal_send(journal);
}

/* The batch of this turn with room for so many octets and its mark. NULL: no memory. */
static struct batch *open_batch(struct journal *journal, size_t bytes)
{
	struct batch *batch = NULL;
	size_t room = bytes + sizeof(struct journal_head);
	if (journal->is_open) {
		batch = list_last(&journal->batches, struct batch, node);
		size_t room_before = batch->frames.room;
		if (room_before - batch->frames.n >= room || text_grow(&batch->frames, room))
			return batch;
		/* What is in it goes on its way, with the mark that there is room for. */
		batch->frames.room = room_before;
		batch->frames.is_short = false;
		return NULL;
	}
	batch = calloc(1, sizeof(*batch));
	if (batch == NULL)
		return NULL;
	text_init(&batch->frames, room);
	if (batch->frames.is_short) {
		text_finish(&batch->frames);
		free(batch);
		return NULL;
	}
	batch->mark = ++journal->last_mark;
	list_push_back(&journal->batches, &batch->node);
	journal->is_open = true;
	defer(&journal->turn_end, on_turn_end);
	return batch;
}

bool journal_put(struct journal *journal, const struct journal_job *job)
{
	size_t bytes = journal_put_bytes(job);
	if (journal->stats.waiting_bytes + bytes > journal->waiting_most)
		return false;
	struct batch *batch = open_batch(journal, bytes);
	if (batch == NULL)
		return false;
	journal_write_put(&batch->frames, job, journal->is_full);
	journal->stats.waiting_bytes += bytes;
	journal->stats.puts++;
	return true;
}

bool journal_forget(struct journal *journal, struct slice id)
{
	size_t bytes = sizeof(struct journal_head) + id.n;
	if (journal->stats.waiting_bytes + bytes > journal->waiting_most + FORGET_EXTRA)
		return false;
	struct batch *batch = open_batch(journal, bytes);
	if (batch == NULL)
		return false;
	journal_write_forget(&batch->frames, id, journal->is_full);
	journal->stats.waiting_bytes += bytes;
	return true;
}

/* -- life -- */

struct journal *journal_start(const char *path, bool is_full, struct err *err)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (journal == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	journal->fd = -1;
	journal->is_full = is_full;
	journal->waiting_most = WAITING_MOST;
	list_init(&journal->batches);
	list_init(&journal->waits);
	next_turn_init(&journal->more, on_more);
	next_turn_init(&journal->settle, on_settle);
	deadline_init(&journal->restart, journal_on_restart);
	journal->path = strdup(path);
	int rc = journal->path != NULL ? journal_start_child(journal) : -ENOMEM;
	if (rc != 0) {
		err_set(err, "%s: %s", path, strerrordesc_np(-rc));
		free(journal->path);
		free(journal);
		return NULL;
	}
	return journal;
}

static void on_gone(struct deferred *self)
{
	free(CONTAINER_OF(self, struct journal, gone));
}

void journal_stop(struct journal *journal)
{
	if (journal == NULL)
		return;
	deadline_clear(&journal->restart);
	close_batch(journal);
	journal_drain(journal);
	if (!list_is_empty(&journal->batches))
		log_error("journal_incomplete", "path=%s bytes=%llu", LOG_QUOTE(journal->path),
			(unsigned long long)journal->stats.waiting_bytes);
	list_each_safe (node, &journal->batches)
		batch_destroy(journal, CONTAINER_OF(node, struct batch, node));
	/* Who still waits is about to end, too. */
	while (!list_is_empty(&journal->waits))
		list_remove(journal->waits.next);
	next_turn_cancel(&journal->more);
	next_turn_cancel(&journal->settle);
	free(journal->path);
	journal->path = NULL;
	/* This turn's end may still come. */
	if (journal->turn_end.run != NULL)
		defer(&journal->gone, on_gone);
	else
		free(journal);
}

void journal_set_full(struct journal *journal, bool is_full)
{
	journal->is_full = is_full;
}

const struct journal_stats *journal_stats(const struct journal *journal)
{
	return &journal->stats;
}
