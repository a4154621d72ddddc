/* test/unit/test_comfy_defs_read.c: bodies of GET /object_info, good and bad. */
#include "test/unit/defs_help.h"

static struct defs *defs;
static struct defs_worker *a, *b;

static int setup(void **state)
{
	(void)state;
	defs = defs_create();
	assert_non_null(defs);
	a = defs_worker_create(defs);
	b = defs_worker_create(defs);
	assert_true(a != NULL && b != NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	defs_worker_destroy(a);
	defs_worker_destroy(b);
	assert_int_equal(defs->class_count, 0);
	defs_destroy(defs);
	return 0;
}

struct told {
	int calls, error;
};

static void on_read(void *arg, int error)
{
	struct told *told = arg;
	told->calls++;
	told->error = error;
}

static void test_what_is_no_object_info_leaves_the_old_list(void **state)
{
	(void)state;
	static const char *const late[] = {
		"{\"A\": 1}",
		"{\"A\": {}, }",
		"{\"A\" {}}",
		"{\"A\": {}} }",
		"{\"A\": {]}}",
		"{\"A\": {}, \"B\": []}",
		"{}{}",
		"{\"A\": {\"input\": {\"x\": }}}",
		"{\"error\": \"no\"}",
	};
	static const char *const early[] = {"", "[]", "<html>", "{", "null", " "};
	struct told told = {0};
	have(a, "{" COMBO("Old", "x", "1", "") "}");
	uint64_t epoch = defs_epoch(defs);
	defs_worker_on_read(a, on_read, &told);
	for (size_t i = 0; i < COUNT_OF(late); i++) {
		told.error = 0;
		give(a, late[i]);
		read_all(defs);
		assert_int_equal(told.error, -EINVAL);
		assert_int_equal(told.calls, i + 1);
	}
	for (size_t i = 0; i < COUNT_OF(early); i++) {
		struct blob *body = blob_copy(early[i], strlen(early[i]));
		assert_int_equal(defs_worker_set(a, body), -EINVAL);
		blob_unref(body);
	}
	assert_int_equal(defs_epoch(defs), epoch);
	assert_true(allows(a, "Old", NULL, NULL));
	assert_int_equal(defs->class_count, 1);
	give(a, " {} \n");
	read_all(defs);
	assert_int_equal(told.error, 0);
	assert_false(allows(a, "Old", NULL, NULL));
}

static void test_odd_shapes_have_no_inputs(void **state)
{
	(void)state;
	have(a, "{\"A\": {}, \"B\": {\"input\": 5}, \"C\": {\"input\": {\"required\": null, "
		"\"optional\": {\"x\": 5, \"y\": [], \"z\": [[1], null]}, \"extra\": [1]}, "
		"\"output\": \"IMAGE\", \"output_node\": 1}, \"\": {}}");
	assert_true(allows(a, "A", "x", "1"));
	assert_true(allows(a, "C", "x", "1"));
	assert_true(allows(a, "C", "y", "1"));
	assert_true(allows(a, "C", "z", "1"));
	assert_false(allows(a, "C", "z", "2"));
	assert_true(allows(a, "", NULL, NULL));
	const struct defs_class *class_ = defs_find(defs, SLICE("C"));
	assert_false(defs_class_is_output(class_));
	assert_true(slice_is(defs_class_outputs(class_).raw, SLICE("[]")));
}

static void test_a_body_is_let_go_when_it_was_read_or_replaced(void **state)
{
	(void)state;
	struct blob *body = blob_copy("{\"A\": {}, \"B\": {}}", 18);
	defs->reading.slice = 1;
	assert_int_equal(defs_worker_set(a, body), 0);
	assert_int_equal(defs_worker_set(b, body), 0);
	assert_int_equal(body->refs, 3);
	assert_true(reading_step(defs));
	assert_ptr_equal(defs->reading.worker, a);
	give(a, "{\"C\": {}}");
	assert_int_equal(body->refs, 2);
	assert_true(reading_step(defs));
	assert_ptr_equal(defs->reading.worker, b);
	defs_worker_forget(b);
	assert_int_equal(body->refs, 1);
	read_all(defs);
	assert_true(allows(a, "C", NULL, NULL));
	assert_false(defs_worker_is_known(b));
	assert_int_equal(defs->class_count, 1);
	blob_unref(body);
}

static void on_read_destroys(void *arg, int error)
{
	assert_int_equal(error, 0);
	defs_worker_destroy(arg);
}

static void test_a_worker_may_go_when_it_is_told(void **state)
{
	(void)state;
	struct defs_worker *gone = defs_worker_create(defs);
	defs_worker_on_read(gone, on_read_destroys, gone);
	give(gone, "{\"A\": {}}");
	give(a, "{\"A\": {}}");
	read_all(defs);
	assert_true(allows(a, "A", NULL, NULL));
	struct defs_worker *unread = defs_worker_create(defs);
	give(unread, "{\"A\": {}}");
	defs_worker_destroy(unread);
	assert_false(reading_step(defs));
}

int main(void)
{
	ensure(hash_start() == 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_no_object_info_leaves_the_old_list),
		TEST(test_odd_shapes_have_no_inputs),
		TEST(test_a_body_is_let_go_when_it_was_read_or_replaced),
		TEST(test_a_worker_may_go_when_it_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
