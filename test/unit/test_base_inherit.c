#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/inherit.h"

#include <fcntl.h>
#include <sys/wait.h>

static int listen_at(const char *host, struct addr *ret_addr)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(addr_from_ip(ret_addr, host, 0), 0);
	assert_int_equal(bind(fd, &ret_addr->u.any, ret_addr->len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, &ret_addr->u.any, &ret_addr->len), 0);
	return fd;
}

#define SET(name, ...)                                                                             \
	do {                                                                                       \
		char value[64];                                                                    \
		(void)snprintf(value, sizeof(value), __VA_ARGS__);                                 \
		assert_int_equal(setenv(name, value, 1), 0);                                       \
	} while (0)

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void without_words_there_is_nothing(void **state)
{
	struct addr addr;
	(void)state;
	assert_int_equal(addr_from_ip(&addr, "127.0.0.1", 0), 0);
	inherit_start();
	assert_int_equal(inherit_take(&addr), -1);
	assert_int_equal(inherit_finish(), 0);
}

static void nginx_s_sockets_are_found_by_their_address(void **state)
{
	struct addr one, two, any;
	int first = listen_at("127.0.0.1", &one), second = listen_at("127.0.0.2", &two);
	(void)state;
	SET("NGINX", "%d;%d;", first, second);
	inherit_start();
	assert_true(inherit_has_parent());
	assert_null(getenv("NGINX"));
	assert_int_equal(inherit_take(&two), second);
	assert_int_equal(inherit_take(&two), -1);
	assert_true(fcntl(second, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(second, F_GETFL) & O_NONBLOCK);
	assert_int_equal(addr_from_ip(&any, "127.0.0.3", 0), 0);
	assert_int_equal(inherit_take(&any), -1);
	assert_int_equal(addr_from_ip(&any, "127.0.0.1", 0), 0);
	assert_int_equal(inherit_take(&any), first);
	assert_int_equal(inherit_finish(), 0);
	assert_true(is_open(first) && is_open(second));
	(void)close(first);
	(void)close(second);
}

static void what_nobody_took_is_closed(void **state)
{
	struct addr addr;
	int fd = listen_at("127.0.0.1", &addr);
	(void)state;
	SET("NGINX", "%d", fd);
	inherit_start();
	assert_int_equal(inherit_finish(), 1);
	assert_false(is_open(fd));
}

static void what_is_no_listening_socket_is_left_alone(void **state)
{
	int plain = socket(AF_INET, SOCK_STREAM, 0);
	(void)state;
	SET("NGINX", "%d;0;x", plain);
	inherit_start();
	assert_int_equal(inherit_finish(), 0);
	assert_true(is_open(plain) && is_open(0));
	(void)close(plain);
}

static void systemd_s_sockets_are_those_from_3_on(void **state)
{
	struct addr addr;
	int fd = listen_at("127.0.0.1", &addr);
	int saved = dup(3);
	(void)state;
	assert_int_equal(dup2(fd, 3), 3);
	SET("LISTEN_FDS", "1");
	SET("LISTEN_PID", "%ld", (long)getpid() + 1);
	inherit_start();
	assert_int_equal(inherit_take(&addr), -1);
	SET("LISTEN_FDS", "1");
	SET("LISTEN_PID", "%ld", (long)getpid());
	inherit_start();
	assert_int_equal(inherit_take(&addr), 3);
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_PID"));
	if (saved >= 0)
		(void)dup2(saved, 3);
	(void)close(saved);
	if (fd != 3)
		(void)close(fd);
}

/* What a shell says that was started so. */
static int status_of(const char *program, char *const *argv, const int *fds, uint32_t count)
{
	struct err err = {""};
	pid_t child;
	int status;
	assert_int_equal(inherit_spawn(&child, program, argv, "/", fds, count, &err), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void who_follows_has_the_sockets_and_their_numbers(void **state)
{
	struct addr addr;
	char script[256];
	int fd = listen_at("127.0.0.1", &addr);
	(void)state;
	assert_int_equal(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	(void)snprintf(script, sizeof(script),
		"test \"$NGINX\" = '%d;' && test \"$PWD\" = / && test -e /proc/self/fd/%d", fd, fd);
	char shell[] = "sh", option[] = "-c";
	char *const argv[] = {shell, option, script, NULL};
	assert_int_equal(status_of("/bin/sh", argv, &fd, 1), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	(void)close(fd);
}

static void a_program_that_is_not_there_ends_with_127(void **state)
{
	char name[] = "x";
	char *const argv[] = {name, NULL};
	(void)state;
	assert_int_equal(status_of("/nonexistent/x", argv, NULL, 0), 127);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_words_there_is_nothing),
		cmocka_unit_test(nginx_s_sockets_are_found_by_their_address),
		cmocka_unit_test(what_nobody_took_is_closed),
		cmocka_unit_test(what_is_no_listening_socket_is_left_alone),
		cmocka_unit_test(systemd_s_sockets_are_those_from_3_on),
		cmocka_unit_test(who_follows_has_the_sockets_and_their_numbers),
		cmocka_unit_test(a_program_that_is_not_there_ends_with_127),
	};
	return cmocka_run_group_tests_name("base/inherit", tests, NULL, NULL);
}
