#include "base/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int open_append(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd >= 0)
		return fd;
	int error = errno;
	err_set(err, "cannot open %s: %s", path, strerrordesc_np(error));
	return -error;
}

int logfile_open(struct logfile *file, const char *path, bool is_buffered, struct err *err)
{
	*file = (struct logfile){.fd = -1};
	if (is_buffered) {
		file->wait = malloc(LOGFILE_WAIT);
		if (file->wait == NULL) {
			err_set(err, "out of memory");
			return -ENOMEM;
		}
	}
	if (strcmp(path, "stderr") == 0) {
		file->fd = STDERR_FILENO;
		return 0;
	}
	file->path = strdup(path);
	if (file->path == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	int fd = open_append(path, err);
	if (fd < 0)
		return fd;
	file->fd = fd;
	return 0;
}

int logfile_reopen(struct logfile *file, struct err *err)
{
	if (file->path == NULL)
		return 0;
	logfile_flush(file);
	int fd = open_append(file->path, err);
	if (fd < 0)
		return fd;
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = fd;
	return 0;
}

static uint64_t count_lines(const char *p, size_t n)
{
	uint64_t lines = 0;
	const char *end = p + n;
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

static void write_out(struct logfile *file, const char *p, size_t n)
{
	while (n != 0) {
		ssize_t put = file->fd < 0 ? -1 : write(file->fd, p, n);
		if (put < 0 && file->fd >= 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			file->last_errno = file->fd < 0 ? EBADF : put < 0 ? errno : EIO;
			file->dropped_lines += count_lines(p, n);
			return;
		}
		file->written_bytes += (uint64_t)put;
		p += put;
		n -= (size_t)put;
	}
	file->last_errno = 0;
}

void logfile_write(struct logfile *file, const char *line, size_t n)
{
	if (file->wait == NULL || n > LOGFILE_WAIT) {
		logfile_flush(file);
		write_out(file, line, n);
		return;
	}
	if (n > LOGFILE_WAIT - file->used)
		logfile_flush(file);
	memcpy(file->wait + file->used, line, n);
	file->used += n;
}

void logfile_flush(struct logfile *file)
{
	if (file->used == 0)
		return;
	size_t n = file->used;
	file->used = 0;
	write_out(file, file->wait, n);
}

void logfile_close(struct logfile *file)
{
	logfile_flush(file);
	if (file->path != NULL && file->fd >= 0)
		(void)close(file->fd);
	free(file->path);
	free(file->wait);
	*file = (struct logfile){.fd = -1};
}
