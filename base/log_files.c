#include "base/log_files.h"

#include "base/clock.h"
#include "base/logfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* One path, open once however many targets name it. */
struct open_file {
	const char *path; /* owned */
	struct logfile file;
};

/* NULL and 0 while the other form is in use. */
static struct {
	struct open_file *files; /* owned, [count] */
	uint32_t file_count;
	struct log_target *targets; /* owned, [target_count]; the paths are those of `files` */
	uint32_t target_count;
	uint64_t lost; /* by files that are closed */
} set;

bool log_is_nginx(void)
{
	return set.files != NULL;
}

static struct open_file *find(struct open_file *files, uint32_t count, const char *path)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	}
	return NULL;
}

static void close_one(struct open_file *one)
{
	set.lost += one->file.dropped_lines;
	logfile_close(&one->file);
	free((char *)(uintptr_t)one->path);
	one->path = NULL;
}

/* nginx's words for what logfile_open failed with. */
static int fail(struct err *err, const char *path, int rc)
{
	err_set(err, "open() \"%s\" failed (%d: %s)", path, -rc, strerrordesc_np(-rc));
	return rc;
}

/* Those that are open move over. */
static int open_all(struct open_file *files, const char *const *paths, uint32_t count,
	uint32_t *ret_opened, struct err *err)
{
	for (uint32_t i = 0; i < count; i++) {
		struct open_file *had = find(set.files, set.file_count, paths[i]);
		*ret_opened = i;
		if (had != NULL)
			continue;
		files[i].path = strdup(paths[i]);
		if (files[i].path == NULL)
			return fail(err, paths[i], -ENOMEM);
		int rc = logfile_open(&files[i].file, paths[i], false, NULL);
		if (rc != 0) {
			close_one(&files[i]);
			return fail(err, paths[i], rc);
		}
	}
	*ret_opened = count;
	return 0;
}

static void undo(struct open_file *files, uint32_t opened, struct log_target *targets)
{
	for (uint32_t i = 0; files != NULL && i < opened; i++) {
		if (files[i].path != NULL)
			close_one(&files[i]);
	}
	free(files);
	free(targets);
}

int log_open_nginx(const struct log_target *targets, uint32_t count, const char *const *paths,
	uint32_t path_count, struct err *err)
{
	struct open_file *files = calloc(path_count + 1, sizeof(*files));
	struct log_target *copies = calloc(count + 1, sizeof(*copies));
	uint32_t opened = 0;
	int rc = files == NULL || copies == NULL ? fail(err, "", -ENOMEM)
						 : open_all(files, paths, path_count, &opened, err);
	if (rc != 0) {
		undo(files, opened, copies);
		return rc;
	}
	for (uint32_t i = 0; i < path_count; i++) {
		struct open_file *had = find(set.files, set.file_count, paths[i]);
		if (files[i].path != NULL)
			continue;
		files[i] = *had;
		/* Found once more, and moved no more. */
		had->file = (struct logfile){.fd = -1};
		had->path = NULL;
		*had = set.files[--set.file_count];
	}
	for (uint32_t i = 0; i < set.file_count; i++)
		close_one(&set.files[i]);
	free(set.files);
	free(set.targets);
	set.files = files;
	set.file_count = path_count;
	set.targets = copies;
	set.target_count = count;
	log_level = LOG_EMERG;
	for (uint32_t i = 0; i < count; i++) {
		const struct open_file *one = find(files, path_count, targets[i].path);
		ensure(one != NULL);
		copies[i] = (struct log_target){one->path, targets[i].level};
		if (targets[i].level > log_level)
			log_level = targets[i].level;
	}
	return 0;
}

int log_files_reopen(struct err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < set.file_count; i++) {
		int one = logfile_reopen(&set.files[i].file, NULL);
		if (one != 0)
			rc = fail(err, set.files[i].path, one);
	}
	return rc;
}

void log_files_close(void)
{
	for (uint32_t i = 0; i < set.file_count; i++)
		close_one(&set.files[i]);
	free(set.files);
	free(set.targets);
	set.files = NULL;
	set.targets = NULL;
	set.file_count = set.target_count = 0;
}

uint64_t log_files_lost(void)
{
	uint64_t lost = set.lost;
	for (uint32_t i = 0; i < set.file_count; i++)
		lost += set.files[i].file.dropped_lines;
	return lost;
}

bool log_has_target(const struct log_target *targets, uint32_t count, enum log_level level)
{
	if (targets == NULL)
		return set.files != NULL && level <= log_level;
	for (uint32_t i = 0; i < count; i++) {
		if (level <= targets[i].level)
			return true;
	}
	return false;
}

size_t log_files_head(char line[LOG_LINE], enum log_level level)
{
	static time_t second = -1;
	static char when[32];
	time_t now = (time_t)(clock_wall_us() / 1000000);
	long pid = (long)getpid();
	if (now != second) {
		struct tm parts;
		second = now;
		if (localtime_r(&now, &parts) == NULL ||
			strftime(when, sizeof(when), "%Y/%m/%d %H:%M:%S", &parts) == 0)
			when[0] = '\0';
	}
	return (size_t)snprintf(
		line, LOG_LINE, "%s [%s] %ld#%ld: ", when, log_level_name(level), pid, pid);
}

size_t log_files_text(char line[LOG_LINE], size_t n, const char *format, va_list args)
{
	int more = vsnprintf(line + n, LOG_LINE - n, format, args);
	n += more > 0 ? (size_t)more : 0;
	if (n > LOG_LINE - 2)
		n = LOG_LINE - 2;
	line[n++] = '\n';
	return n;
}

/* False when none of the targets' files is open. */
static bool write_to(const struct log_target *targets, uint32_t count, enum log_level level,
	const char *line, size_t n)
{
	bool is_any_open = false;
	for (uint32_t i = 0; i < count; i++) {
		struct open_file *one = find(set.files, set.file_count, targets[i].path);
		if (one == NULL)
			continue;
		is_any_open = true;
		if (level <= targets[i].level)
			logfile_write(&one->file, line, n);
	}
	return is_any_open;
}

void log_files_write(const struct log_target *targets, uint32_t count, enum log_level level,
	const char *line, size_t n)
{
	/* An old generation's own files may be closed. */
	if (targets == NULL || !write_to(targets, count, level, line, n))
		(void)write_to(set.targets, set.target_count, level, line, n);
}

PRINTF_LIKE(4, 0)
static void write_text(const struct log_target *targets, uint32_t count, enum log_level level,
	const char *format, va_list args)
{
	char line[LOG_LINE];
	if (!log_is_nginx() || !log_has_target(targets, count, level))
		return;
	size_t n = log_files_head(line, level);
	n = log_files_text(line, n, format, args);
	log_files_write(targets, count, level, line, n);
}

void log_nginx_to(const struct log_target *targets, uint32_t count, enum log_level level,
	const char *format, ...)
{
	va_list args;
	va_start(args, format);
	write_text(targets, count, level, format, args);
	va_end(args);
}

void log_nginx(enum log_level level, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	write_text(NULL, 0, level, format, args);
	va_end(args);
}
