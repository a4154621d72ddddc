/* test/unit/test_comfy_defs_memory.c: memory that runs out anywhere: told, the old counts on, and
 * nothing leaks. */
#include "test/unit/defs_help.h"
#include "test/unit/memory_help.h"

static const char first_text[] = "{" COMBO("A", "x", "1, 2", "") ", " COMBO(
	"\\u0042", "\\u0078", "\"a\\\\b\"", "") "}";
static const char second_text[] = "{" COMBO("A", "x", "2, 3", "") ", " COMBO("C", "x", "1", "") "}";
static const char both[] = "{" COMBO("A", "x", "1, 2, 3", "") ", " COMBO(
	"\\u0042", "\\u0078", "\"a\\\\b\"", "") ", " COMBO("C", "x", "1", "") "}";

static void on_read(void *arg, int error)
{
	*(int *)arg = error;
}

static void test_reading(void **state)
{
	(void)state;
	for (long nth = 0;; nth++) {
		int error = 1;
		struct defs *defs = defs_create();
		struct defs_worker *worker = defs_worker_create(defs);
		have(worker, "{" COMBO("Old", "x", "1", "") "}");
		defs_worker_on_read(worker, on_read, &error);
		give(worker, first_text);
		fail_at(nth);
		read_all(defs);
		bool was_failed = has_failed;
		fail_at(-1);
		assert_int_equal(error, was_failed ? -ENOMEM : 0);
		assert_int_equal(allows(worker, "Old", NULL, NULL), was_failed);
		assert_int_equal(allows(worker, "B", "x", "\"a\\\\b\""), !was_failed);
		assert_int_equal(defs->class_count, was_failed ? 1 : 2);
		defs_worker_destroy(worker);
		defs_destroy(defs);
		if (!was_failed) {
			assert_true(nth > 5);
			return;
		}
	}
}

static void check_union(bool is_gzip)
{
	for (long nth = 0;; nth++) {
		struct asked asked;
		struct defs *defs = defs_create();
		struct defs_worker *a = defs_worker_create(defs);
		struct defs_worker *b = defs_worker_create(defs);
		have(a, first_text);
		have(b, second_text);
		fail_at(nth);
		ask(defs, &asked, is_gzip);
		make_all(defs);
		bool was_failed = has_failed;
		fail_at(-1);
		assert_int_equal(asked.calls, 1);
		assert_int_equal(asked.json == NULL, was_failed);
		blob_unref(asked.json);
		/* The next one is well. */
		assert_union(defs, both);
		defs_worker_destroy(a);
		defs_worker_destroy(b);
		defs_destroy(defs);
		if (!was_failed) {
			assert_true(nth > 2);
			return;
		}
	}
}

static void test_the_union(void **state)
{
	(void)state;
	check_union(false);
	check_union(true);
}

static void test_one_class(void **state)
{
	(void)state;
	struct defs *defs = defs_create();
	struct defs_worker *a = defs_worker_create(defs);
	struct defs_worker *b = defs_worker_create(defs);
	struct asked asked = {0};
	have(a, first_text);
	have(b, second_text);
	for (long nth = 0; asked.json == NULL; nth++) {
		asked.calls = 0;
		fail_at(nth);
		assert_null(defs_union_class(defs, SLICE("A"), on_one, &asked));
		assert_int_equal(asked.calls, 1);
		assert_int_equal(asked.json == NULL, has_failed);
		fail_at(-1);
	}
	blob_unref(asked.json);
	defs_worker_destroy(a);
	defs_worker_destroy(b);
	defs_destroy(defs);
}

static void test_a_list_without_its_set_is_walked(void **state)
{
	(void)state;
	struct text text;
	struct defs *defs = defs_create();
	struct defs_worker *a = defs_worker_create(defs);
	text_init(&text, 0);
	text_puts(&text, "{\"A\": {\"input\": {\"required\": {\"x\": [[");
	for (int i = 0; i < 500; i++)
		text_puts(&text, "\"a\", ");
	text_puts(&text, "\"b\"]]}}}}");
	struct blob *body = blob_of_text(&text);
	have(a, body->p);
	blob_unref(body);
	fail_at(0);
	assert_true(allows(a, "A", "x", "\"b\""));
	assert_true(has_failed);
	fail_at(0);
	assert_false(allows(a, "A", "x", "\"c\""));
	fail_at(-1);
	assert_true(allows(a, "A", "x", "\"b\""));
	defs_worker_destroy(a);
	defs_destroy(defs);
}

static void test_creation(void **state)
{
	(void)state;
	fail_at(0);
	assert_null(defs_create());
	fail_at(-1);
	struct defs *defs = defs_create();
	fail_at(0);
	assert_null(defs_worker_create(defs));
	fail_at(-1);
	defs_destroy(defs);
	defs_destroy(NULL);
	defs_worker_destroy(NULL);
}

int main(void)
{
	ensure(hash_start() == 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_the_union),
		cmocka_unit_test(test_one_class),
		cmocka_unit_test(test_a_list_without_its_set_is_walked),
		cmocka_unit_test(test_creation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
