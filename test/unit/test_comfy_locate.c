#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "comfy/locate.h"
#include "test/unit/ask_help.h"
#include "test/unit/loop_help.h"

static struct locate locate;
static struct fleet_worker *found;
static int found_error;
static bool is_told;

static void on_found(struct locate *self, struct fleet_worker *worker, int error)
{
	assert_ptr_equal(self, &locate);
	assert_false(is_told);
	is_told = true;
	found = worker;
	found_error = error;
}

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	if (loop_start() != 0)
		return -1;
	fleet_help_begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	locate_cancel(&locate);
	fleet_help_end();
	loop_finish();
	return 0;
}

static void look_for(const char *type, const char *subfolder, const char *filename)
{
	locate_cancel(&locate);
	assert_true(locate_init(&locate, &fleet, type, subfolder, filename));
	locate.on_found = on_found;
	is_told = false;
	found = NULL;
	locate_start(&locate);
}

static void made(const char *node_id, const char *type, const char *filename)
{
	struct file_name name = {slice_of(type), SLICE(""), slice_of(filename)};
	struct file_client nobody = {0};
	files_add(fleet.files, &name, node_id, &nobody);
}

static void a_tag_names_the_worker(void **state)
{
	(void)state;
	look_for("output", "@w2/a/b", "x.png");
	assert_true(is_told);
	assert_ptr_equal(found, &workers[2]);
	assert_true(locate.was_tagged);
	assert_string_equal(locate.subfolder, "a/b");
	look_for("output", "@w2", "x.png");
	assert_ptr_equal(found, &workers[2]);
	assert_string_equal(locate.subfolder, "");
}

static void the_maker_has_it(void **state)
{
	(void)state;
	made("w1", "output", "x.png");
	look_for("output", "", "x.png");
	assert_ptr_equal(found, &workers[1]);
	assert_false(locate.was_tagged);
	worker_is_up[1] = false;
	look_for("output", "", "x.png");
	assert_null(found);
	assert_int_equal(found_error, -EHOSTDOWN);
	assert_int_equal(ask_count, 0);
}

static void what_nobody_made_is_asked_for(void **state)
{
	(void)state;
	worker_is_up[3] = false;
	look_for("temp", "s", "x y.png");
	assert_false(is_told);
	assert_int_equal(ask_count, 3);
	assert_string_equal(asks[0].method, "HEAD");
	assert_string_equal(asks[0].path, "/view?filename=x%20y.png&type=temp&subfolder=s");
	ask_answer(0, 404, "");
	assert_false(is_told);
	ask_answer(2, 200, "");
	assert_ptr_equal(found, &workers[2]);
	assert_int_equal(asks_open(), 0);
	/* Remembered, until that worker is gone. */
	look_for("temp", "s", "x y.png");
	assert_ptr_equal(found, &workers[2]);
	assert_int_equal(ask_count, 3);
	worker_is_up[2] = false;
	look_for("temp", "s", "x y.png");
	assert_false(is_told);
	assert_int_equal(ask_count, 5);
}

static void what_nobody_has_is_not_found(void **state)
{
	(void)state;
	look_for("output", "", "x.png");
	ask_answer(0, 404, "");
	ask_answer(3, 500, "");
	ask_fail(1, -ETIMEDOUT);
	assert_false(is_told);
	ask_answer(2, 404, "");
	assert_true(is_told);
	assert_null(found);
	assert_int_equal(found_error, -ENOENT);
	for (size_t i = 0; i < COUNT_OF(worker_is_up); i++)
		worker_is_up[i] = false;
	look_for("output", "", "x.png");
	assert_true(is_told);
	assert_int_equal(found_error, -ENOENT);
}

static void an_uploaded_file_is_brought_to_a_worker(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	workers[0].job_count = workers[1].job_count = workers[3].job_count = 1;
	look_for("input", "", "cat.png");
	assert_false(is_told);
	assert_int_equal(ask_count, 1);
	assert_ptr_equal(asks[0].worker, &workers[2]);
	assert_string_equal(asks[0].path, "/upload/image");
	ask_answer(0, 200, "{\"name\": \"cat.png\"}");
	assert_ptr_equal(found, &workers[2]);
	assert_int_equal(cat->holds, 0);
	/* The one that has it, though others are idler now. */
	workers[2].job_count = 9;
	look_for("input", "", "cat.png");
	assert_ptr_equal(found, &workers[2]);
	assert_int_equal(ask_count, 1);
	worker_is_up[2] = false;
	look_for("input", "", "cat.png");
	assert_int_equal(ask_count, 2);
	ask_fail(1, -ECONNREFUSED);
	assert_int_equal(found_error, -ECONNREFUSED);
}

static void a_search_that_is_given_up_asks_no_more(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	look_for("output", "", "x.png");
	assert_int_equal(asks_open(), 4);
	locate_cancel(&locate);
	assert_int_equal(asks_open(), 0);
	look_for("input", "", "cat.png");
	locate_cancel(&locate);
	locate_cancel(&locate);
	/* The copy goes on: it will be of use. */
	assert_int_equal(asks_open(), 1);
	ask_answer(4, 200, "{\"name\": \"cat.png\"}");
	assert_false(is_told);
	assert_int_equal(cat->holds, 0);
}

#define LOCATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOCATE_TEST(a_tag_names_the_worker),
		LOCATE_TEST(the_maker_has_it),
		LOCATE_TEST(what_nobody_made_is_asked_for),
		LOCATE_TEST(what_nobody_has_is_not_found),
		LOCATE_TEST(an_uploaded_file_is_brought_to_a_worker),
		LOCATE_TEST(a_search_that_is_given_up_asks_no_more),
	};
	if (hash_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
