/* test/unit/test_proxy_pipe_pool.c - pipes that are lent, kept and closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/pipe_pool.h"
#include "proxy/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static struct pipe_pair *lent[PIPES_MOST];

static int teardown(void **state)
{
	(void)state;
	pipe_pool_trim();
	assert_int_equal(proxy_stats.pipes_open, 0);
	return 0;
}

static void take_all(void)
{
	for (size_t i = 0; i < PIPES_MOST; i++) {
		lent[i] = pipe_pool_take();
		assert_non_null(lent[i]);
	}
}

static void give_all(void)
{
	for (size_t i = 0; i < PIPES_MOST; i++)
		pipe_pool_give(lent[i], true);
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	char got[8];
	struct pipe_pair *pipe = pipe_pool_take();
	assert_non_null(pipe);
	assert_int_equal(write(pipe->in, "hello", 5), 5);
	assert_int_equal(read(pipe->out, got, sizeof(got)), 5);
	assert_memory_equal(got, "hello", 5);
	pipe_pool_give(pipe, true);
}

static void neither_end_blocks_or_is_inherited(void **state)
{
	(void)state;
	struct pipe_pair *pipe = pipe_pool_take();
	assert_non_null(pipe);
	const int fds[] = {pipe->in, pipe->out};
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		assert_int_not_equal(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
		assert_int_not_equal(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
	}
	pipe_pool_give(pipe, true);
}

static void its_room_is_what_the_kernel_gave(void **state)
{
	(void)state;
	struct pipe_pair *pipe = pipe_pool_take();
	assert_non_null(pipe);
	assert_int_equal(pipe->room, fcntl(pipe->in, F_GETPIPE_SZ));
	pipe_pool_give(pipe, true);
}

static void an_empty_pipe_is_lent_again(void **state)
{
	(void)state;
	struct pipe_pair *first = pipe_pool_take();
	assert_non_null(first);
	pipe_pool_give(first, true);
	assert_ptr_equal(pipe_pool_take(), first);
	assert_int_equal(proxy_stats.pipes_open, 1);
	pipe_pool_give(first, true);
}

static void a_pipe_with_octets_in_it_is_never_lent_again(void **state)
{
	(void)state;
	char octet;
	struct pipe_pair *pipe = pipe_pool_take();
	assert_non_null(pipe);
	assert_int_equal(write(pipe->in, "secret", 6), 6);
	pipe_pool_give(pipe, false);
	assert_int_equal(proxy_stats.pipes_open, 0);
	pipe = pipe_pool_take();
	assert_non_null(pipe);
	assert_int_equal(read(pipe->out, &octet, 1), -1);
	assert_int_equal(errno, EAGAIN);
	pipe_pool_give(pipe, true);
}

static void no_more_are_lent_than_may_be(void **state)
{
	(void)state;
	uint64_t refused = proxy_stats.pipes_refused;
	take_all();
	assert_null(pipe_pool_take());
	assert_int_equal(proxy_stats.pipes_refused, refused + 1);
	pipe_pool_give(lent[0], true);
	lent[0] = pipe_pool_take();
	assert_non_null(lent[0]);
	give_all();
}

static void only_a_few_are_kept(void **state)
{
	(void)state;
	take_all();
	assert_int_equal(proxy_stats.pipes_open, PIPES_MOST);
	give_all();
	assert_int_equal(proxy_stats.pipes_open, PIPES_KEPT);
}

static void nothing_is_given_back_without_harm(void **state)
{
	(void)state;
	pipe_pool_give(NULL, true);
	pipe_pool_give(NULL, false);
	take_all();
	give_all();
}

static void without_descriptors_there_is_none_and_nothing_is_lost(void **state)
{
	(void)state;
	struct rlimit before, none;
	uint64_t refused = proxy_stats.pipes_refused;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct pipe_pair *pipe = pipe_pool_take();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_null(pipe);
	assert_int_equal(proxy_stats.pipes_refused, refused + 1);
	/* That one counts for nothing. */
	take_all();
	give_all();
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out),
		TEST(neither_end_blocks_or_is_inherited),
		TEST(its_room_is_what_the_kernel_gave),
		TEST(an_empty_pipe_is_lent_again),
		TEST(a_pipe_with_octets_in_it_is_never_lent_again),
		TEST(no_more_are_lent_than_may_be),
		TEST(only_a_few_are_kept),
		TEST(nothing_is_given_back_without_harm),
		TEST(without_descriptors_there_is_none_and_nothing_is_lost),
	};
	return cmocka_run_group_tests_name("proxy/pipe_pool", tests, NULL, NULL);
}
