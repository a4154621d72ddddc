#include "proxy/access_files.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/logfile.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "conf/web.h"

#include <errno.h>
#include <stdlib.h>

#define COMPLAIN_US (60ull * 1000000)

struct access_file {
	struct list node; /* in `files` */
	uint32_t refs;
	struct logfile file;
	struct deferred turn_end;
	struct deferred garbage;
	struct deadline flush_deadline;
	uint64_t complained_us;
};

/* What one configuration holds. */
struct access_set {
	struct list node;        /* in `sets` */
	const struct conf *conf; /* borrowed: access_files_close comes before it goes */
	struct access_file *
		*files; /* owned array of refs, by conf_log_file.index; NULL: not open */
	uint32_t count;
};

static struct list files = {&files, &files};
static struct list sets = {&sets, &sets};
static uint64_t lost_before; /* in files that are closed now */

/* -- one file -- */

static void complain(struct access_file *file)
{
	if (file->file.last_errno == 0)
		return;
	if (file->complained_us != 0 && clock_now_us - file->complained_us < COMPLAIN_US)
		return;
	file->complained_us = clock_now_us;
	log_error("access_log_failed", "file=%s lost=%llu error=%s",
		LOG_QUOTE(file->file.path != NULL ? file->file.path : "stderr"),
		(unsigned long long)file->file.dropped_lines,
		LOG_QUOTE(strerrordesc_np(file->file.last_errno)));
}

static void flush(struct access_file *file)
{
	logfile_flush(&file->file);
	complain(file);
}

static void on_turn_end(struct deferred *item)
{
	flush(CONTAINER_OF(item, struct access_file, turn_end));
}

static void on_flush_due(struct deadline *deadline)
{
	flush(CONTAINER_OF(deadline, struct access_file, flush_deadline));
}

static void free_file(struct deferred *item)
{
	free(CONTAINER_OF(item, struct access_file, garbage));
}

/* NULL with *err filled, or when memory is out. */
static struct access_file *open_file(const char *path, struct err *err)
{
	struct access_file *file = calloc(1, sizeof(*file));
	if (file == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	int rc = logfile_open(&file->file, path[0] == '\0' ? "stderr" : path, true, err);
	if (rc != 0) {
		if (rc != -ENOMEM)
			err_set(err, "open() \"%s\" failed (%d: %s)", path, -rc,
				strerrordesc_np(-rc));
		logfile_close(&file->file);
		free(file);
		return NULL;
	}
	file->refs = 1;
	deadline_init(&file->flush_deadline, on_flush_due);
	list_push_back(&files, &file->node);
	return file;
}

static void unref_file(struct access_file *file)
{
	if (file == NULL || --file->refs != 0)
		return;
	deadline_clear(&file->flush_deadline);
	flush(file);
	lost_before += file->file.dropped_lines;
	logfile_close(&file->file);
	list_remove(&file->node);
	/* Its turn_end may still be called. */
	defer(&file->garbage, free_file);
}

static struct access_file *find_file(const char *path)
{
	list_each (node, &files) {
		struct access_file *file = CONTAINER_OF(node, struct access_file, node);
		const char *there = file->file.path != NULL ? file->file.path : "";
		if (strcmp(there, path) == 0)
			return file;
	}
	return NULL;
}

/* A line waits as its own configuration says. */
static void put(struct access_file *file, const struct conf_log_file *conf, struct slice line)
{
	bool was_empty = file->file.used == 0;
	logfile_write(&file->file, line.p, line.n);
	if (!conf->has_buffer || conf->buffer_bytes == 0)
		defer(&file->turn_end, on_turn_end);
	else if (file->file.used >= min_size(conf->buffer_bytes, LOGFILE_WAIT))
		flush(file);
	else if (was_empty && conf->flush_ms != 0)
		deadline_set(&file->flush_deadline, conf->flush_ms);
}

/* -- sets -- */

static struct access_set *find_set(const struct conf *conf)
{
	list_each (node, &sets) {
		struct access_set *set = CONTAINER_OF(node, struct access_set, node);
		if (set->conf == conf)
			return set;
	}
	return NULL;
}

static void destroy_set(struct access_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		unref_file(set->files[i]);
	list_remove(&set->node);
	free(set->files);
	free(set);
}

static struct access_set *create_set(const struct conf *conf)
{
	const struct conf_log_formats *formats = conf->web->formats;
	struct access_set *set = calloc(1, sizeof(*set));
	if (set == NULL)
		return NULL;
	*set = (struct access_set){.conf = conf, .count = formats->file_count};
	set->files = calloc(formats->file_count + 1, sizeof(struct access_file *));
	if (set->files == NULL) {
		free(set);
		return NULL;
	}
	list_push_back(&sets, &set->node);
	return set;
}

static int open_one(struct access_set *set, const struct conf_log_file *conf, struct err *err)
{
	struct access_file *file = find_file(conf->path);
	if (file != NULL) {
		file->refs++;
	} else {
		file = open_file(conf->path, err);
		if (file == NULL && conf->is_default) {
			log_warn("access_log_failed", "file=%s why=%s", LOG_QUOTE(conf->path),
				LOG_QUOTE(err->text));
			return 0;
		}
		if (file == NULL)
			return -EIO;
	}
	set->files[conf->index] = file;
	return 0;
}

int access_files_open(const struct conf *conf, struct err *err)
{
	if (conf->web == NULL || conf->web->formats == NULL || find_set(conf) != NULL)
		return 0;
	struct access_set *set = create_set(conf);
	if (set == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < set->count; i++) {
		int rc = open_one(set, conf->web->formats->files[i], err);
		if (rc != 0) {
			destroy_set(set);
			return rc;
		}
	}
	return 0;
}

void access_files_close(const struct conf *conf)
{
	struct access_set *set = find_set(conf);
	if (set != NULL)
		destroy_set(set);
}

int access_files_reopen(struct err *err)
{
	int rc = 0;
	list_each (node, &files) {
		struct access_file *file = CONTAINER_OF(node, struct access_file, node);
		int one = logfile_reopen(&file->file, err);
		rc = one != 0 ? one : rc;
	}
	return rc;
}

void access_files_finish(void)
{
	while (!list_is_empty(&sets))
		destroy_set(list_first(&sets, struct access_set, node));
}

uint64_t access_files_lost(void)
{
	uint64_t lost = lost_before;
	list_each (node, &files)
		lost += CONTAINER_OF(node, struct access_file, node)->file.dropped_lines;
	return lost;
}

void access_files_put(const struct conf *conf, const struct conf_log_file *file, struct slice line)
{
	struct err err;
	struct access_set *set = find_set(conf);
	if (set == NULL) {
		if (access_files_open(conf, &err) != 0)
			log_error("access_log_failed", "why=%s", LOG_QUOTE(err.text));
		set = find_set(conf);
	}
	if (set == NULL || set->files[file->index] == NULL)
		lost_before++;
	else
		put(set->files[file->index], file, line);
}

void access_files_put_path(const char *path, struct slice line)
{
	struct logfile file;
	struct err err;
	if (logfile_open(&file, path, false, &err) == 0)
		logfile_write(&file, line.p, line.n);
	else
		file.dropped_lines++;
	if (file.dropped_lines != 0) {
		lost_before += file.dropped_lines;
		log_error("access_log_failed", "file=%s lost=1", LOG_QUOTE(path));
	}
	logfile_close(&file);
}
