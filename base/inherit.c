#include "base/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSTEMD_FIRST 3
#define SOCKETS_MOST 1024
#define NUMBER_ROOM 12

static const char variable[] = "NGINX";
static const char *const variables[] = {"NGINX", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"};

struct inherited {
	int fd; /* -1: taken */
	struct addr addr;
};

static struct {
	struct inherited *items; /* owned */
	uint32_t count;
	bool has_parent;
} all;

static int flag_of(int fd, int option)
{
	int value = 0;
	socklen_t n = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, option, &value, &n) != 0 ? -1 : value;
}

/* What is no listening stream socket is left alone. */
static void add(int fd)
{
	struct inherited one = {.fd = fd, .addr = {.len = sizeof(one.addr.u)}};
	if (flag_of(fd, SO_TYPE) != SOCK_STREAM || flag_of(fd, SO_ACCEPTCONN) != 1 ||
		getsockname(fd, &one.addr.u.any, &one.addr.len) != 0)
		return;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return;
	struct inherited *items = realloc(all.items, (all.count + 1) * sizeof(*items));
	if (items == NULL)
		return;
	all.items = items;
	items[all.count++] = one;
}

/* "6;7;", or with ':' between them. */
static void add_listed(const char *list)
{
	while (*list >= '0' && *list <= '9' && all.count < SOCKETS_MOST) {
		char *end;
		unsigned long fd = strtoul(list, &end, 10);
		if (fd > INT32_MAX || (*end != ';' && *end != ':' && *end != '\0'))
			return;
		add((int)fd);
		list = *end == '\0' ? end : end + 1;
	}
}

/* There is one thread. NOLINTBEGIN(concurrency-mt-unsafe) */

static long number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	long value = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' ? -1 : value;
}

void inherit_start(void)
{
	const char *list = getenv(variable);
	long count = number_of("LISTEN_FDS");
	if (list != NULL) {
		all.has_parent = true;
		add_listed(list);
	}
	if (count > 0 && count <= SOCKETS_MOST && number_of("LISTEN_PID") == (long)getpid()) {
		for (int i = 0; i < (int)count; i++)
			add(SYSTEMD_FIRST + i);
	}
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		(void)unsetenv(variables[i]);
}

bool inherit_has_parent(void)
{
	return all.has_parent;
}

/* NOLINTEND(concurrency-mt-unsafe) */

/* `wanted` is as configured. */
static bool is_there(const struct addr *wanted, const struct addr *bound)
{
	struct addr other = *bound;
	if (wanted->u.any.sa_family != bound->u.any.sa_family)
		return false;
	if (wanted->u.any.sa_family == AF_UNIX)
		return strncmp(wanted->u.un.sun_path, bound->u.un.sun_path,
			       sizeof(wanted->u.un.sun_path)) == 0;
	if (addr_port(wanted) == 0)
		addr_set_port(&other, 0);
	return addr_is_same(wanted, &other);
}

int inherit_take(const struct addr *addr)
{
	for (uint32_t i = 0; i < all.count; i++) {
		struct inherited *one = &all.items[i];
		if (one->fd < 0 || !is_there(addr, &one->addr))
			continue;
		int fd = one->fd;
		one->fd = -1;
		return fd;
	}
	return -1;
}

uint32_t inherit_finish(void)
{
	uint32_t closed = 0;
	for (uint32_t i = 0; i < all.count; i++) {
		if (all.items[i].fd < 0)
			continue;
		(void)close(all.items[i].fd);
		closed++;
	}
	free(all.items);
	all.items = NULL;
	all.count = 0;
	return closed;
}

/* -- who follows -- */

static bool is_ours(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		size_t n = strlen(variables[i]);
		if (strncmp(word, variables[i], n) == 0 && word[n] == '=')
			return true;
	}
	return false;
}

/* The environment with `word` in the place of ours. Caller frees the array alone. */
static char **make_environment(char *word)
{
	size_t n = 0, used = 0;
	while (environ[n] != NULL)
		n++;
	char **made = calloc(n + 2, sizeof(*made));
	if (made == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (!is_ours(environ[i]))
			made[used++] = environ[i];
	}
	made[used] = word;
	return made;
}

static char *make_word(const int *fds, uint32_t count)
{
	size_t room = sizeof(variable) + 1 + (size_t)count * NUMBER_ROOM;
	char *word = malloc(room);
	if (word == NULL)
		return NULL;
	size_t n = (size_t)snprintf(word, room, "%s=", variable);
	for (uint32_t i = 0; i < count; i++)
		n += (size_t)snprintf(word + n, room - n, "%d;", fds[i]);
	return word;
}

/* Between fork and exec: only what signal handlers may call, too. */
NORETURN static void run(const char *program, char *const *argv, char *const *words,
	const char *folder, const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		(void)fcntl(fds[i], F_SETFD, 0);
	if (chdir(folder) != 0)
		_exit(127);
	(void)execve(program, argv, words);
	_exit(127);
}

int inherit_spawn(pid_t *ret_child, const char *program, char *const *argv, const char *folder,
	const int *fds, uint32_t count, struct err *err)
{
	char *word = make_word(fds, count);
	char **words = word == NULL ? NULL : make_environment(word);
	pid_t child = words == NULL ? -1 : fork();
	int rc = child < 0 ? -errno : 0;
	if (words == NULL)
		rc = -ENOMEM;
	if (child == 0)
		run(program, argv, words, folder, fds, count);
	free(words);
	free(word);
	if (rc != 0) {
		err_set(err, "cannot start %s: %s", program, strerrordesc_np(-rc));
		return rc;
	}
	*ret_child = child;
	return 0;
}
