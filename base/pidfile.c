#include "base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int pidfile_find(pid_t *ret_pid, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		int error = errno;
		if (error == ENOENT) {
			err_set(err, "not running: there is no pid file %s", path);
			return -ESRCH;
		}
		err_set(err, "cannot open the pid file %s: %s", path, strerrordesc_np(error));
		return -error;
	}
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	int rc = fcntl(fd, F_GETLK, &lock);
	int error = errno;
	(void)close(fd);
	if (rc != 0) {
		err_set(err, "cannot look at the pid file %s: %s", path, strerrordesc_np(error));
		return -error;
	}
	if (lock.l_type == F_UNLCK || lock.l_pid <= 0) {
		err_set(err, "not running: nobody holds the pid file %s", path);
		return -ESRCH;
	}
	*ret_pid = lock.l_pid;
	return 0;
}

/* Locked and written, under a name that nobody looks for. -errno. */
static int write_aside(int *ret_fd, const char *aside)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	/* One that is there has been left by a crashed process with our number. */
	(void)unlink(aside);
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETLK, &lock) != 0 || write(fd, text, (size_t)n) != n) {
		int error = errno != 0 ? errno : EIO;
		(void)unlink(aside);
		(void)close(fd);
		return -error;
	}
	*ret_fd = fd;
	return 0;
}

int pidfile_write(struct pidfile *file, const char *path, struct err *err)
{
	char aside[4096];
	pid_t holder = 0;

	*file = (struct pidfile){.fd = -1};
	if (pidfile_find(&holder, path, NULL) == 0) {
		err_set(err, "already running: process %ld holds the pid file %s", (long)holder,
			path);
		return -EEXIST;
	}
	int n = snprintf(aside, sizeof(aside), "%s.%ld", path, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(aside)) {
		err_set(err, "the pid file's path is too long");
		return -ENAMETOOLONG;
	}
	int fd = -1;
	errno = 0;
	int rc = write_aside(&fd, aside);
	if (rc == 0 && rename(aside, path) != 0) {
		rc = -errno;
		(void)unlink(aside);
	}
	char *copy = rc == 0 ? strdup(path) : NULL;
	if (rc == 0 && copy == NULL) {
		rc = -ENOMEM;
		(void)unlink(path);
	}
	if (rc != 0) {
		if (fd >= 0)
			(void)close(fd);
		err_set(err, "cannot write the pid file %s: %s", path, strerrordesc_np(-rc));
		return rc;
	}
	*file = (struct pidfile){.path = copy, .fd = fd};
	return 0;
}

int pidfile_move(struct pidfile *file, const char *path, struct err *err)
{
	char *copy = strdup(path);
	if (copy == NULL || rename(file->path, path) != 0) {
		int error = copy == NULL ? ENOMEM : errno;
		free(copy);
		err_set(err, "rename() \"%s\" to \"%s\" failed (%d: %s)", file->path, path, error,
			strerrordesc_np(error));
		return -error;
	}
	free(file->path);
	file->path = copy;
	return 0;
}

void pidfile_remove(struct pidfile *file)
{
	struct stat there;
	struct stat ours;
	if (file->path == NULL)
		return;
	if (stat(file->path, &there) == 0 && fstat(file->fd, &ours) == 0 &&
		there.st_ino == ours.st_ino && there.st_dev == ours.st_dev &&
		unlink(file->path) != 0 && ftruncate(file->fd, 0) != 0) {
		/* It stays as it is; the lock goes, and that is what counts. */
	}
	(void)close(file->fd);
	free(file->path);
	*file = (struct pidfile){.fd = -1};
}
