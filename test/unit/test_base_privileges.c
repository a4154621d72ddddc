/* test/unit/test_base_privileges.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/privileges.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/comfymux-test-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *in_folder(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *out = path[next++ % 4];
	(void)snprintf(out, sizeof(path[0]), "%s/%s", folder, name);
	return out;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(in_folder("log"));
	(void)unlink(in_folder("link"));
	(void)unlink(in_folder("secret"));
	return rmdir(folder);
}

static struct privileges nobody(void)
{
	struct privileges privileges;
	struct err err = {""};
	if (privileges_find(&privileges, "nobody", &err) != 0)
		fail_msg("%s", err.text);
	return privileges;
}

static void needs_root(void)
{
	if (privileges_is_root())
		return;
	print_message("skipped: only root can become somebody else\n");
	skip();
}

static void an_unknown_user_is_named(void **state)
{
	(void)state;
	struct privileges privileges;
	struct err err = {""};
	assert_int_equal(privileges_find(&privileges, "no-such-user", &err), -ENOENT);
	assert_non_null(strstr(err.text, "no-such-user"));
}

static void a_log_is_made_and_given(void **state)
{
	(void)state;
	struct stat is;
	needs_root();
	struct privileges to = nobody();
	assert_int_equal(privileges_give_file(&to, in_folder("log"), NULL), 0);
	assert_int_equal(stat(in_folder("log"), &is), 0);
	assert_int_equal(is.st_uid, to.uid);
	assert_int_equal(is.st_mode & 07777, 0640);
	assert_int_equal(privileges_give_file(&to, in_folder("log"), NULL), 0);
}

static void nothing_is_given_through_a_link(void **state)
{
	(void)state;
	struct stat is;
	needs_root();
	struct privileges to = nobody();
	int fd = open(in_folder("secret"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(symlink(in_folder("secret"), in_folder("link")), 0);
	assert_int_equal(privileges_give_file(&to, in_folder("link"), NULL), 0);
	assert_int_equal(link(in_folder("secret"), in_folder("log")), 0);
	assert_int_equal(privileges_give_file(&to, in_folder("log"), NULL), 0);
	assert_int_equal(stat(in_folder("secret"), &is), 0);
	assert_int_equal(is.st_uid, 0);
}

/* Runs `body` in a child, which may give up what it has; its result is the child's exit code. */
static int in_child(int (*body)(void))
{
	int status = -1;
	pid_t child = fork();
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* Each step has its own exit code. */
static int drop_and_look(void)
{
	struct privileges to = nobody();
	gid_t groups[64];
	if (privileges_drop(&to, NULL) != 0)
		return 1;
	if (getuid() != to.uid || geteuid() != to.uid || getgid() != to.gid || getegid() != to.gid)
		return 2;
	int count = getgroups(COUNT_OF(groups), groups);
	for (int i = 0; i < count; i++) {
		if (groups[i] == 0)
			return 3;
	}
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 5;
	if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0)
		return 6;
	return 0;
}

/* The file is root's alone. */
static int drop_and_read(void)
{
	struct privileges to = nobody();
	to.keeps_reading = true;
	if (privileges_drop(&to, NULL) != 0)
		return 1;
	if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0)
		return 2;
	privileges_raise();
	if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0)
		return 3;
	if (open("/etc/shadow", O_WRONLY | O_CLOEXEC) >= 0)
		return 4;
	privileges_lower();
	if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0)
		return 5;
	return privileges_was_root() && !privileges_is_root() ? 0 : 6;
}

/* Who did not ask for it cannot have it. */
static int drop_and_try_to_read(void)
{
	struct privileges to = nobody();
	if (privileges_drop(&to, NULL) != 0)
		return 1;
	privileges_raise();
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0 ? 2 : 0;
}

static void root_s_files_are_read_only_meanwhile(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(in_child(drop_and_read), 0);
	assert_int_equal(in_child(drop_and_try_to_read), 0);
}

static void there_is_no_way_back(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(in_child(drop_and_look), 0);
}

/* Not below 1024 by chance: the first port there that is free. */
static int bind_low(void)
{
	struct privileges to = nobody();
	if (privileges_drop(&to, NULL) != 0)
		return 1;
	for (uint16_t port = 1023; port > 500; port--) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc = bind(fd, (struct sockaddr *)&at, sizeof(at));
		int error = errno;
		(void)close(fd);
		if (rc == 0)
			return 0;
		if (error != EADDRINUSE)
			return 2;
	}
	return 3;
}

static void low_ports_stay_within_reach(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(in_child(bind_low), 0);
}

static int lend_and_return(void)
{
	struct privileges to = nobody();
	if (privileges_lend(&to, NULL) != 0 || geteuid() != to.uid)
		return 1;
	if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0)
		return 2;
	privileges_return();
	return geteuid() == 0 && getegid() == 0 ? 0 : 3;
}

static void what_is_lent_comes_back(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(in_child(lend_and_return), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_user_is_named),
		cmocka_unit_test_setup_teardown(a_log_is_made_and_given, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_given_through_a_link, setup, teardown),
		cmocka_unit_test(there_is_no_way_back),
		cmocka_unit_test(root_s_files_are_read_only_meanwhile),
		cmocka_unit_test(low_ports_stay_within_reach),
		cmocka_unit_test(what_is_lent_comes_back),
	};
	return cmocka_run_group_tests_name("base/privileges", tests, NULL, NULL);
}
