/*
 * test/unit/journal_help.h - a journal in a folder of its own. One test program each: it has the
 * allocations that fail.
 */
#ifndef TEST_JOURNAL_HELP_H
#define TEST_JOURNAL_HELP_H

#include "base/log.h"
#include "comfy/journal_db.h"
#include "comfy/journal_parts.h"
#include "test/unit/file_help.h"
#include "test/unit/loop_help.h"
#include "test/unit/memory_help.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char db_path[160];
static char log_path[160];

static inline int setup(void **state)
{
	if (folder_setup(state) != 0 || loop_start() != 0)
		return -1;
	(void)snprintf(db_path, sizeof(db_path), "%s/journal", folder);
	(void)snprintf(log_path, sizeof(log_path), "%s/errors", folder);
	return log_open(log_path, LOG_INFO, NULL);
}

static inline void empty_folder(const char *name)
{
	char inside[600];
	DIR *dir = opendir(name);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		(void)snprintf(inside, sizeof(inside), "%s/%s", name, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(inside) != 0) {
			empty_folder(inside);
			(void)rmdir(inside);
		}
	}
	if (dir != NULL)
		(void)closedir(dir);
}

static inline int teardown(void **state)
{
	(void)state;
	loop_finish();
	log_close();
	empty_folder(folder);
	return rmdir(folder);
}

static inline struct journal *start(void)
{
	struct err err;
	struct journal *journal = journal_start(db_path, false, &err);
	if (journal == NULL)
		fail_msg("%s", err.text);
	return journal;
}

static char id_text[40];

static inline struct journal_job job_of(uint32_t n)
{
	static char number[20];
	(void)snprintf(id_text, sizeof(id_text), "0f1e2d3c-4b5a-4678-9abc-def012%06u", n);
	(void)snprintf(number, sizeof(number), "%u", n);
	return (struct journal_job){
		.id = slice_of(id_text),
		.client_id = SLICE("client"),
		.number = slice_of(number),
		.body = SLICE("{\"prompt\": {}}"),
		.seq = n,
	};
}

struct waiting {
	struct journal_wait wait;
	bool is_told, is_safe;
};

static inline void on_done(struct journal_wait *wait, bool is_safe)
{
	struct waiting *waiting = CONTAINER_OF(wait, struct waiting, wait);
	waiting->is_told = true;
	waiting->is_safe = is_safe;
}

/* Whether what was put until now got safe. */
static inline bool is_written(struct journal *journal)
{
	struct waiting waiting = {.wait = {.on_done = on_done}};
	journal_wait(journal, &waiting.wait);
	assert_false(waiting.is_told);
	turn_once(); /* the end of the turn that put something */
	TURN_UNTIL(waiting.is_told);
	return waiting.is_safe;
}

/* Tries anew until it is. */
static inline void write_at_last(struct journal *journal)
{
	while (!is_written(journal)) {
		uint64_t before = journal->stats.commits + journal->stats.restarts;
		TURN_UNTIL(journal->stats.commits + journal->stats.restarts != before);
	}
}

struct found {
	char ids[200]; /* the last two digits of each */
	uint32_t count;
	uint64_t bytes, last_seq;
	uint32_t most;
};

static inline bool note(void *arg, const struct journal_job *job)
{
	struct found *found = arg;
	assert_int_equal(job->id.n, 36);
	assert_true(found->count == 0 || job->seq >= found->last_seq);
	if (found->count < 30)
		(void)snprintf(found->ids + strlen(found->ids), 10, "%.2s ", job->id.p + 34);
	found->last_seq = job->seq;
	found->bytes += job->body.n;
	return ++found->count != found->most;
}

static inline struct found load(int want)
{
	struct found found = {.count = 0};
	struct err err = {.text = ""};
	int rc = journal_load(db_path, note, &found, &err);
	if (rc != want)
		fail_msg("%d: %s", rc, err.text);
	return found;
}

#endif
