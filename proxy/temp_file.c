#include "proxy/temp_file.h"

#include "proxy/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600
#define FOLDER_MODE 0700
#define NUMBER_DIGITS 10
#define TRIES_MOST 100 /* names that exist already: another process uses the folder */

static int counted(int fd)
{
	if (fd < 0) {
		proxy_stats.temp_failures++;
		return -errno;
	}
	proxy_stats.temp_files++;
	proxy_stats.temp_files_now++;
	return fd;
}

/* For file systems without O_TMPFILE. */
static int open_and_unlink(const char *path)
{
	char name[TEMP_PATH_ROOM];
	int n = snprintf(name, sizeof(name), "%s/comfymux-XXXXXX", path);
	if (n < 0 || n >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(name);
	return fd;
}

static int open_nameless(const char *path)
{
	int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, FILE_MODE);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = open_and_unlink(path);
	return fd;
}

int temp_file_open(const struct temp_folder *folder)
{
	int fd = open_nameless(folder->path);
	if (fd < 0 && errno == ENOENT && mkdir(folder->path, FOLDER_MODE) == 0)
		fd = open_nameless(folder->path);
	return counted(fd);
}

/* Each level takes its digits from the end of the number. False: it does not fit. */
static bool make_name(const struct temp_folder *folder, uint64_t number, char out[TEMP_PATH_ROOM])
{
	char digits[24];
	int n = snprintf(
		digits, sizeof(digits), "%0*llu", NUMBER_DIGITS, (unsigned long long)number);
	size_t at = strlen(folder->path);
	size_t end = (size_t)n;
	if (at + 32 >= TEMP_PATH_ROOM)
		return false;
	memcpy(out, folder->path, at);
	for (size_t i = 0; i < COUNT_OF(folder->levels) && folder->levels[i] != 0; i++) {
		size_t width = min_size(folder->levels[i], end);
		out[at++] = '/';
		end -= width;
		memcpy(out + at, digits + end, width);
		at += width;
	}
	out[at++] = '/';
	memcpy(out + at, digits, (size_t)n + 1);
	return true;
}

/* The folders above a file, outermost first; those that exist already are no error. */
static void make_folders(const struct temp_folder *folder, char *path)
{
	(void)mkdir(folder->path, FOLDER_MODE);
	for (char *p = path + strlen(folder->path) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(path, FOLDER_MODE);
		*p = '/';
	}
}

static int create(const char *path)
{
	return open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

int temp_file_open_named(const struct temp_folder *folder, char ret_path[TEMP_PATH_ROOM])
{
	static uint64_t last;
	int fd = -1;
	for (int i = 0; i < TRIES_MOST && fd < 0; i++) {
		if (!make_name(folder, ++last, ret_path)) {
			errno = ENAMETOOLONG;
			break;
		}
		fd = create(ret_path);
		if (fd < 0 && errno == ENOENT) {
			make_folders(folder, ret_path);
			fd = create(ret_path);
		}
		if (fd < 0 && errno != EEXIST)
			break;
		/* Far away from where the other process counts. */
		if (fd < 0)
			last += (uint64_t)getpid() + (uint64_t)i * 7919;
	}
	return counted(fd);
}

void temp_file_close(int fd)
{
	if (fd < 0)
		return;
	(void)close(fd);
	proxy_stats.temp_files_now--;
}

int temp_file_write(int fd, uint64_t at, const char *p, size_t n, size_t *ret_n)
{
	*ret_n = 0;
	while (*ret_n < n) {
		ssize_t put = pwrite(fd, p + *ret_n, n - *ret_n, (off_t)(at + *ret_n));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			int error = put == 0 ? ENOSPC : errno;
			proxy_stats.temp_failures++;
			return -error;
		}
		*ret_n += (size_t)put;
		proxy_stats.temp_bytes += (uint64_t)put;
	}
	return 0;
}

ssize_t temp_file_read(int fd, uint64_t at, char *p, size_t n)
{
	ssize_t got;
	do {
		got = pread(fd, p, n, (off_t)at);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}
