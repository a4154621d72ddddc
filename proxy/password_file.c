/*
 * proxy/password_file.c - the texts of password files, as they are on disk now.
 *
 * A file is asked for its time and size each time, and read again when they, or the file itself,
 * changed. At most FILES_KEPT are kept; the one not used for longest goes.
 */
#include "proxy/guard_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_KEPT 32
#define FILE_MOST ((off_t)16 * 1024 * 1024)

struct kept_file {
	char *path, *text; /* owned; NULL: an empty slot */
	struct stat stat;
	uint64_t used;
};

static struct kept_file files[FILES_KEPT];
static uint64_t turn;

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void drop(struct kept_file *file)
{
	if (file->text != NULL)
		explicit_bzero(file->text, strlen(file->text));
	free(file->path);
	free(file->text);
	*file = (struct kept_file){0};
}

/* NULL with errno. What stands behind a NUL is not there. */
static char *read_all(int fd, const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode) || stat->st_size > FILE_MOST) {
		errno = S_ISDIR(stat->st_mode) ? EISDIR : EFBIG;
		return NULL;
	}
	size_t all = (size_t)stat->st_size, n = 0;
	char *text = malloc(all + 1);
	if (text == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	while (n < all) {
		ssize_t got = read(fd, text + n, all - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	return text;
}

static struct kept_file *slot_for(const char *path)
{
	struct kept_file *oldest = &files[0];
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		if (files[i].path != NULL && strcmp(files[i].path, path) == 0)
			return &files[i];
		if (files[i].used < oldest->used)
			oldest = &files[i];
	}
	drop(oldest);
	return oldest;
}

static const char *read_file(struct kept_file *file, const char *path)
{
	struct stat now;
	/* A pipe in its place would hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	drop(file);
	if (fd < 0)
		return NULL;
	char *text = fstat(fd, &now) == 0 ? read_all(fd, &now) : NULL;
	int error = errno;
	(void)close(fd);
	char *copy = text == NULL ? NULL : strdup(path);
	if (copy == NULL) {
		errno = text == NULL ? error : ENOMEM;
		free(text);
		return NULL;
	}
	*file = (struct kept_file){.path = copy, .text = text, .stat = now, .used = ++turn};
	return text;
}

const char *password_file(const char *path)
{
	struct stat now;
	struct kept_file *file = slot_for(path);
	if (file->path == NULL || stat(path, &now) != 0 || !is_same_file(&now, &file->stat))
		return read_file(file, path);
	file->used = ++turn;
	return file->text;
}

void password_file_trim(void)
{
	for (size_t i = 0; i < COUNT_OF(files); i++)
		drop(&files[i]);
}
