#include "base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_fd = -1;

NORETURN static void wait_until_ready(int fd, pid_t child)
{
	char octet;
	ssize_t n;
	do {
		n = read(fd, &octet, 1);
	} while (n < 0 && errno == EINTR);
	(void)waitpid(child, NULL, 0);
	_exit(n == 1 ? 0 : 1);
}

/* The leader of the new session may get a terminal again, its child may not. */
static void become_grandchild(void)
{
	if (setsid() < 0)
		_exit(1);
	pid_t child = fork();
	if (child != 0)
		_exit(child < 0 ? 1 : 0);
}

static int leave_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ? -errno : 0;
	if (fd > STDERR_FILENO)
		(void)close(fd);
	return rc;
}

void daemon_drop_stderr(void)
{
	if (ready_fd >= 0)
		(void)dup2(STDOUT_FILENO, STDERR_FILENO);
}

int daemon_start(struct err *err)
{
	int ends[2];
	(void)fflush(NULL); /* or both would write what waits */
	pid_t child = -1;
	if (pipe2(ends, O_CLOEXEC) == 0) {
		child = fork();
		if (child < 0) {
			(void)close(ends[0]);
			(void)close(ends[1]);
		}
	}
	if (child < 0) {
		int error = errno;
		err_set(err, "cannot become a daemon: %s", strerrordesc_np(error));
		return -error;
	}
	if (child != 0) {
		(void)close(ends[1]);
		wait_until_ready(ends[0], child);
	}
	(void)close(ends[0]);
	become_grandchild();
	ready_fd = ends[1];
	int rc = chdir("/") != 0 ? -errno : leave_descriptors();
	if (rc != 0)
		err_set(err, "cannot become a daemon: %s", strerrordesc_np(-rc));
	return rc;
}

void daemon_ready(void)
{
	if (ready_fd < 0)
		return;
	/* Who waited may be gone; SIGPIPE is ignored, and nobody is left to be told. */
	ssize_t n;
	do {
		n = write(ready_fd, "", 1);
	} while (n < 0 && errno == EINTR);
	(void)close(ready_fd);
	ready_fd = -1;
}
