#include "conf/nginx/source.h"

#include "conf/load.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(struct err *err, const char *call, const char *path, int error)
{
	err_set(err, "%s \"%s\" failed (%d: %s)", call, path, error, strerrordesc_np(error));
}

static const struct ngx_file *keep(struct ngx_file **files, struct ngx_file *file)
{
	while (*files != NULL && strcmp((*files)->name, file->name) != 0)
		files = &(*files)->next;
	if (*files == NULL)
		*files = file;
	return file;
}

static struct ngx_file *make(struct arena *arena, const char *name, size_t n)
{
	struct ngx_file *file = arena_zero(arena, sizeof(*file));
	char *text = arena_take(arena, n + 1);
	if (file == NULL || text == NULL)
		return NULL;
	text[n] = '\0';
	file->name = arena_copy(arena, name, strlen(name));
	file->text = text;
	file->n = n;
	return file->name == NULL ? NULL : file;
}

/* -errno of the call that failed. Fewer octets than expected are all there are. */
static int read_all(int fd, char *text, size_t *n)
{
	size_t used = 0;
	while (used < *n) {
		ssize_t got = read(fd, text + used, *n - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	text[used] = '\0';
	*n = used;
	return 0;
}

/* 0, or what reading it would fail with. A device has no octets (/dev/null); a pipe has no size,
 * and nginx cannot read it either. */
static int judge(int fd, const struct stat *about)
{
	char c;
	if (S_ISFIFO(about->st_mode) || S_ISSOCK(about->st_mode))
		return ESPIPE;
	return S_ISDIR(about->st_mode) && read(fd, &c, 1) < 0 ? errno : 0;
}

const struct ngx_file *ngx_load_file(struct arena *arena, struct ngx_file **files, const char *path,
	bool *ret_is_open_error, struct err *err)
{
	struct stat about;
	/* A reload reads on the loop, and a pipe without a writer would stop it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	*ret_is_open_error = fd < 0;
	if (fd < 0) {
		fail(err, "open()", path, errno);
		return NULL;
	}
	int error = fstat(fd, &about) != 0 ? errno : judge(fd, &about);
	if (error == 0 && S_ISREG(about.st_mode) && about.st_size > CONF_FILE_MOST)
		error = EFBIG;
	if (error != 0) {
		fail(err, "pread()", path, error);
		(void)close(fd);
		return NULL;
	}
	struct ngx_file *file = make(
		arena, path, S_ISREG(about.st_mode) ? (size_t)about.st_size : 0);
	int rc = file == NULL ? 0 : read_all(fd, (char *)(uintptr_t)file->text, &file->n);
	(void)close(fd);
	if (file == NULL) {
		err_set(err, "%s", "");
		return NULL;
	}
	if (rc != 0) {
		fail(err, "pread()", path, -rc);
		return NULL;
	}
	return keep(files, file);
}

const struct ngx_file *ngx_keep_text(
	struct arena *arena, struct ngx_file **files, const char *name, const char *text, size_t n)
{
	struct ngx_file *file = make(arena, name, n);
	if (file == NULL)
		return NULL;
	if (n != 0)
		memcpy((char *)(uintptr_t)file->text, text, n);
	return keep(files, file);
}
