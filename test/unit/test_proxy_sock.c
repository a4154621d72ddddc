/* test/unit/test_proxy_sock.c - what a socket's event tells, on the real loop and real TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/sock.h"
#include "test/unit/loop_help.h"

#include <signal.h>

static struct sock sock;
static int far; /* the other end; -1 once closed */
static unsigned steps;
static bool closes_in_step;

static void on_step(struct sock *self)
{
	assert_ptr_equal(self, &sock);
	steps++;
	if (closes_in_step)
		sock_close(self);
}

static bool is_later;

static void on_later(struct deadline *deadline)
{
	(void)deadline;
	is_later = true;
}

static int setup(void **state)
{
	(void)state;
	int fd;
	(void)signal(SIGPIPE, SIG_IGN);
	steps = 0;
	closes_in_step = false;
	if (loop_start() != 0)
		return -1;
	tcp_pair(&fd, &far);
	if (sock_init(&sock, fd, on_step) != 0)
		return -1;
	TURN_UNTIL(sock.can_write);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sock_close(&sock);
	if (far >= 0)
		(void)close(far);
	sock_short_io = false;
	loop_finish();
	return 0;
}

static void say(const char *text)
{
	assert_int_equal(send(far, text, strlen(text), 0), strlen(text));
}

/* Reads as an owner does, whenever something can be read, to the end. Returns how it ended. */
static ssize_t read_all(char *out, size_t room, size_t *ret_n)
{
	ssize_t got;
	*ret_n = 0;
	do {
		TURN_UNTIL(sock.can_read);
		got = sock_read(&sock, out + *ret_n, room - *ret_n);
		*ret_n += got > 0 ? (size_t)got : 0;
		assert_true(*ret_n < room);
	} while (got > 0 || got == -EAGAIN);
	return got;
}

static void octets_are_told_once_and_stay_readable_until_they_are_read(void **state)
{
	(void)state;
	char p[16];
	assert_false(sock.can_read);
	say("hello");
	TURN_UNTIL(sock.can_read);
	assert_int_equal(sock_read(&sock, p, 3), 3);
	assert_true(sock.can_read);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), 2);
	/* Less than asked for: the kernel has no more, as far as one can know. */
	assert_false(sock.can_read);
	say("again");
	TURN_UNTIL(sock.can_read);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), 5);
}

static void a_fin_behind_octets_is_not_missed(void **state)
{
	(void)state;
	char p[16];
	size_t n;
	say("hello");
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	assert_int_equal(read_all(p, sizeof(p), &n), 0);
	assert_int_equal(n, 5);
	assert_true(sock.is_eof);
}

/* Both come with one event, which looks as if only octets had come. */
static void a_reset_behind_octets_is_not_missed(void **state)
{
	(void)state;
	char p[16];
	size_t n;
	say("hello");
	close_with_reset(far);
	far = -1;
	assert_int_equal(read_all(p, sizeof(p), &n), -ECONNRESET);
	assert_int_equal(n, 5);
}

/* One more look is all that a short read costs. */
static void a_doubt_is_looked_into_once(void **state)
{
	(void)state;
	char p[16];
	say("hello");
	TURN_UNTIL(sock.can_read);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), 5);
	unsigned before = steps;
	TURN_UNTIL(sock.can_read);
	assert_int_equal(steps, before + 1);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), -EAGAIN);
	sock_doubt(&sock);
	sock_doubt(&sock);
	TURN_UNTIL(sock.can_read);
	assert_int_equal(steps, before + 2);
}

static void a_doubt_about_what_is_known_to_be_readable_is_none(void **state)
{
	(void)state;
	struct deadline later;
	say("hello");
	TURN_UNTIL(sock.can_read);
	sock_doubt(&sock);
	unsigned before = steps;
	is_later = false;
	deadline_init(&later, on_later);
	deadline_set(&later, SOCK_DOUBT_MS + 1);
	TURN_UNTIL(is_later);
	assert_int_equal(steps, before);
}

static void a_reset_alone_can_be_read(void **state)
{
	(void)state;
	char p[16];
	close_with_reset(far);
	far = -1;
	TURN_UNTIL(sock.can_read);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), -ECONNRESET);
	assert_false(sock.can_read);
}

static void a_reset_is_noticed_behind_what_was_not_read(void **state)
{
	(void)state;
	assert_false(sock_is_broken(&sock));
	say("hello");
	TURN_UNTIL(sock.can_read);
	assert_false(sock_is_broken(&sock));
	close_with_reset(far);
	far = -1;
	TURN_UNTIL(sock_is_broken(&sock));
}

static void a_reset_is_noticed_behind_a_fin(void **state)
{
	(void)state;
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	TURN_UNTIL(sock.peer_closed);
	assert_false(sock_is_broken(&sock));
	close_with_reset(far);
	far = -1;
	TURN_UNTIL(sock_is_broken(&sock));
}

static void what_is_readable_is_stale(void **state)
{
	(void)state;
	assert_false(sock_is_stale(&sock));
	say("x");
	TURN_UNTIL(sock.can_read);
	assert_true(sock_is_stale(&sock));
	char p[4];
	assert_int_equal(sock_read(&sock, p, sizeof(p)), 1);
	assert_false(sock_is_stale(&sock));
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	TURN_UNTIL(sock.peer_closed);
	assert_true(sock_is_stale(&sock));
	sock_close(&sock);
	assert_true(sock_is_stale(&sock));
}

static void who_takes_nothing_stops_writing_until_there_is_room(void **state)
{
	(void)state;
	static char block[65536], drain[65536];
	struct iovec iov[2] = {{block, 1000}, {block, sizeof(block)}};
	ssize_t put;
	while ((put = sock_write(&sock, iov, 2)) > 0)
		continue;
	assert_int_equal(put, -EAGAIN);
	assert_false(sock.can_write);
	while (!sock.can_write) {
		assert_true(recv(far, drain, sizeof(drain), MSG_DONTWAIT) != 0);
		turn_once();
	}
}

static void writing_to_who_has_gone_is_an_error_and_no_signal(void **state)
{
	(void)state;
	struct iovec iov = {(void *)(uintptr_t) "x", 1};
	(void)signal(SIGPIPE, SIG_DFL);
	close_with_reset(far);
	far = -1;
	TURN_UNTIL(sock.can_read);
	ssize_t first = sock_write(&sock, &iov, 1);
	assert_true(first == -ECONNRESET || first == -EPIPE);
	assert_int_equal(sock_write(&sock, &iov, 1), -EPIPE);
}

static void an_end_is_a_fin_behind_what_was_written(void **state)
{
	(void)state;
	char p[16];
	struct iovec iov = {(void *)(uintptr_t) "bye", 3};
	assert_int_equal(sock_write(&sock, &iov, 1), 3);
	sock_end(&sock);
	sock_end(&sock);
	assert_int_equal(recv(far, p, sizeof(p), MSG_WAITALL), 3);
	assert_int_equal(recv(far, p, sizeof(p), 0), 0);
	/* The other way is open. */
	say("x");
	TURN_UNTIL(sock.can_read);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), 1);
}

static void a_reset_is_one_for_the_other_side(void **state)
{
	(void)state;
	char p[4];
	sock_reset(&sock);
	assert_false(sock_is_open(&sock));
	assert_int_equal(recv(far, p, sizeof(p), 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void it_may_be_closed_in_its_own_step_and_twice(void **state)
{
	(void)state;
	closes_in_step = true;
	unsigned before = steps;
	sock_step_again(&sock);
	say("x");
	TURN_UNTIL(!sock_is_open(&sock));
	turn_once();
	assert_int_equal(steps, before + 1);
	sock_close(&sock);
	sock_reset(&sock);
	sock_end(&sock);
	sock_step_again(&sock);
	turn_once();
	assert_int_equal(steps, before + 1);
}

static void who_asks_again_is_stepped_in_the_next_turn_once(void **state)
{
	(void)state;
	unsigned before = steps;
	sock_step_again(&sock);
	sock_step_again(&sock);
	assert_int_equal(steps, before);
	turn_once();
	assert_int_equal(steps, before + 1);
	turn_once();
	assert_int_equal(steps, before + 1);
}

static void short_io_is_one_octet_each(void **state)
{
	(void)state;
	char p[16];
	struct iovec iov[2] = {{(void *)(uintptr_t) "ab", 2}, {(void *)(uintptr_t) "cd", 2}};
	sock_short_io = true;
	say("hello");
	TURN_UNTIL(sock.can_read);
	for (int i = 0; i < 5; i++)
		assert_int_equal(sock_read(&sock, p, sizeof(p)), 1);
	assert_true(sock.can_read);
	assert_int_equal(sock_read(&sock, p, sizeof(p)), -EAGAIN);
	assert_int_equal(sock_write(&sock, iov, 2), 1);
	assert_true(sock.can_write);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(octets_are_told_once_and_stay_readable_until_they_are_read),
		TEST(a_fin_behind_octets_is_not_missed),
		TEST(a_reset_behind_octets_is_not_missed),
		TEST(a_doubt_is_looked_into_once),
		TEST(a_doubt_about_what_is_known_to_be_readable_is_none),
		TEST(a_reset_alone_can_be_read),
		TEST(a_reset_is_noticed_behind_what_was_not_read),
		TEST(a_reset_is_noticed_behind_a_fin),
		TEST(what_is_readable_is_stale),
		TEST(who_takes_nothing_stops_writing_until_there_is_room),
		TEST(writing_to_who_has_gone_is_an_error_and_no_signal),
		TEST(an_end_is_a_fin_behind_what_was_written),
		TEST(a_reset_is_one_for_the_other_side),
		TEST(it_may_be_closed_in_its_own_step_and_twice),
		TEST(who_asks_again_is_stepped_in_the_next_turn_once),
		TEST(short_io_is_one_octet_each),
	};
	return cmocka_run_group_tests_name("proxy/sock", tests, NULL, NULL);
}
