/*
 * Memory that runs out anywhere while nginx's language is read: told, and nothing leaks.
 */
#include "test/unit/conf_help.h"

#include "conf/nginx/native.h"
#include "conf/nginx/parse.h"

static long left = -1; /* allocations until one fails; -1: none does */
static bool has_failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails_now(void)
{
	if (left < 0 || left-- != 0)
		return false;
	left = -1;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails_now() ? NULL : __real_realloc(p, n);
}

/* Small blocks, so that many of what is taken from the arena is asked of malloc. */
#define BLOCK 16

/* Runs `try` with each allocation failing in turn, until none is left to fail. It says whether it
 * had a result. */
static void sweep(bool (*try)(struct arena *arena))
{
	for (long n = 0; n < 10000; n++) {
		struct arena arena;
		arena_init(&arena, BLOCK);
		left = n;
		has_failed = false;
		bool is_done = try(&arena);
		left = -1;
		arena_finish(&arena);
		assert_int_equal(is_done, !has_failed);
		if (!has_failed) {
			assert_true(n > 5);
			return;
		}
	}
	fail_msg("it never came to an end");
}

static const char text[] = "a b 'c d'; e { f { g; } h i; } map x y { z 1; include /nowhere/*; } j "
			   "\"k\\t\" l m n o p q r "
			   "s t u v w x y z; include /nowhere/none?;";

static bool read_text(struct arena *arena)
{
	const struct ngx_tree *tree = ngx_read_text(
		arena, text, sizeof(text) - 1, "/nowhere/n.conf", "a;");
	/* A glob that has no memory is told like no memory, and it is not ours to make fail. */
	return tree != NULL && !tree->has_error && tree->count == 5;
}

static bool read_file(struct arena *arena)
{
	const struct ngx_tree *tree = ngx_read_file(arena, "/nowhere/n.conf", NULL);
	return tree != NULL && tree->has_error;
}

static bool read_native(struct arena *arena)
{
	struct conf_raw words[] = {{.kind = CONF_RAW_TEXT, .u.text = "x"},
		{.kind = CONF_RAW_INT, .u.whole = 5}, {.kind = CONF_RAW_BOOL}};
	struct conf_raw inner[] = {
		{.name = "args", .kind = CONF_RAW_LIST, .count = 3, .u.members = words},
		{.name = "a", .kind = CONF_RAW_LIST, .count = 3, .u.members = words}};
	struct conf_raw outer[] = {
		{.name = "b", .kind = CONF_RAW_GROUP, .count = 2, .u.members = inner},
		{.name = "c", .kind = CONF_RAW_TEXT, .u.text = "y"}};
	const struct conf_raw root = {.kind = CONF_RAW_GROUP, .count = 2, .u.members = outer};
	const struct ngx_tree *tree = ngx_of_native(arena, &root);
	return tree != NULL && tree->count == 2;
}

static void reading_a_text(void **state)
{
	(void)state;
	sweep(read_text);
}

static void reading_a_file_that_is_not_there(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, BLOCK);
	assert_true(read_file(&arena));
	arena_finish(&arena);
	for (long n = 0; n < 5; n++) {
		arena_init(&arena, BLOCK);
		left = n;
		const struct ngx_tree *tree = ngx_read_file(&arena, "/nowhere/n.conf", "a { ");
		left = -1;
		assert_true(tree == NULL || tree->has_error);
		arena_finish(&arena);
	}
}

static void reading_directives_in_libconfig(void **state)
{
	(void)state;
	sweep(read_native);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_a_text),
		cmocka_unit_test(reading_a_file_that_is_not_there),
		cmocka_unit_test(reading_directives_in_libconfig),
	};
	return cmocka_run_group_tests_name("conf/nginx/memory", tests, NULL, NULL);
}
