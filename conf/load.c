#include "conf/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, char **ret_text, size_t *ret_n, struct err *err)
{
	struct stat about;
	if (fstat(fd, &about) != 0) {
		int error = errno;
		err_set(err, "cannot be read: %s", strerrordesc_np(error));
		return -error;
	}
	if (!S_ISREG(about.st_mode)) {
		err_set(err, "cannot be read: it is %s, not a file",
			S_ISDIR(about.st_mode) ? "a folder" : "a pipe, a socket or a device");
		return -EINVAL;
	}
	if (about.st_size > CONF_FILE_MOST) {
		err_set(err, "is larger than %u MiB", CONF_FILE_MOST >> 20);
		return -EFBIG;
	}
	size_t room = (size_t)about.st_size, n = 0;
	char *text = malloc(room + 1);
	if (text == NULL) {
		err_set(err, "cannot be read: out of memory");
		return -ENOMEM;
	}
	while (n < room) {
		ssize_t got = read(fd, text + n, room - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = errno;
			free(text);
			err_set(err, "cannot be read: %s", strerrordesc_np(error));
			return -error;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	*ret_text = text;
	*ret_n = n;
	return 0;
}

int conf_load_file(char **ret_text, size_t *ret_n, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		int error = errno;
		err_set(err, "cannot be read: %s", strerrordesc_np(error));
		return -error;
	}
	int result = read_all(fd, ret_text, ret_n, err);
	(void)close(fd);
	return result;
}

static const char *join(struct arena *arena, const char *folder, size_t n, const char *path)
{
	size_t path_n = strlen(path);
	bool needs_slash = n != 0 && folder[n - 1] != '/';
	char *whole = arena_take(arena, n + needs_slash + path_n + 1);
	if (whole == NULL)
		return NULL;
	if (n != 0)
		memcpy(whole, folder, n);
	if (needs_slash)
		whole[n] = '/';
	memcpy(whole + n + needs_slash, path, path_n + 1);
	return whole;
}

const char *conf_path_beside(struct arena *arena, const char *beside, const char *path)
{
	const char *slash = strrchr(beside, '/');
	if (path[0] == '/' || slash == NULL)
		return arena_copy(arena, path, strlen(path));
	return join(arena, beside, (size_t)(slash - beside) + 1, path);
}

const char *conf_path_absolute(struct arena *arena, const char *folder, const char *path)
{
	if (path[0] == '/')
		return arena_copy(arena, path, strlen(path));
	if (strcmp(folder, ".") == 0)
		folder = "";
	const char *whole = join(arena, folder, strlen(folder), path);
	if (whole == NULL || whole[0] == '/')
		return whole;
	char here[PATH_MAX];
	/* A working directory that was deleted: the relative path is the best there is. */
	if (getcwd(here, sizeof(here)) == NULL)
		return whole;
	return join(arena, here, strlen(here), whole);
}
