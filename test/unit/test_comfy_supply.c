#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "test/unit/ask_help.h"
#include "test/unit/loop_help.h"

static struct supply_wait waits[4];
static int told[4]; /* 1: not told; else 0 or -errno */

static void on_done(struct supply_wait *wait, int error)
{
	size_t i = (size_t)(wait - waits);
	assert_int_equal(told[i], 1);
	told[i] = error;
}

static int setup(void **state)
{
	(void)state;
	(void)clock_tick();
	if (loop_start() != 0)
		return -1;
	memset(waits, 0, sizeof(waits));
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		waits[i].on_done = on_done;
		told[i] = 1;
	}
	fleet_help_begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fleet_help_end();
	loop_finish();
	return 0;
}

/* What a graph with these texts names. */
static struct supply_names *names_of(const char *json)
{
	struct arena arena;
	struct prompt_body body;
	struct supply_names *names;
	arena_init(&arena, 4096);
	assert_int_equal(prompt_body_read(&body, slice_of(json), &arena), 0);
	assert_int_equal(supply_names(&fleet, &body, &names), 0);
	arena_finish(&arena);
	return names;
}

#define GRAPH(inputs) "{\"prompt\": {\"1\": {\"class_type\": \"A\", \"inputs\": {" inputs "}}}}"

static void a_file_is_copied_once(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	struct supply_names *names = names_of(GRAPH("\"image\": \"cat.png\""));
	assert_int_equal(cat->holds, 1);
	assert_false(supply_job(names, &workers[0], &waits[0]));
	assert_int_equal(ask_count, 1);
	assert_string_equal(asks[0].method, "POST");
	assert_string_equal(asks[0].path, "/upload/image");
	assert_non_null(strstr(asks[0].body, "name=\"overwrite\"\r\n\r\ntrue\r\n"));
	assert_non_null(strstr(asks[0].body, "filename=\"cat.png\""));
	assert_non_null(strstr(asks[0].body, "\r\n\r\nmiau\r\n--"));
	ask_answer(0, 200, "{\"name\": \"cat.png\", \"subfolder\": \"\", \"type\": \"input\"}");
	assert_int_equal(told[0], 0);
	assert_true(supply_worker_has(workers[0].supply, cat));
	assert_false(supply_worker_has(workers[1].supply, cat));
	assert_true(supply_job(names, &workers[0], &waits[1]));
	assert_int_equal(ask_count, 1);
	supply_names_release(names);
	assert_int_equal(cat->holds, 0);
}

static void who_waits_for_the_same_copy_shares_it(void **state)
{
	(void)state;
	(void)fleet_upload("cat.png", "miau");
	struct supply_names *names = names_of(GRAPH("\"image\": \"cat.png\""));
	for (size_t i = 0; i < 3; i++)
		assert_false(supply_job(names, &workers[0], &waits[i]));
	assert_false(supply_job(names, &workers[1], &waits[3]));
	assert_int_equal(ask_count, 2);
	supply_wait_cancel(&waits[1]);
	ask_answer(0, 200, "{\"name\": \"cat.png\"}");
	assert_int_equal(told[0], 0);
	assert_int_equal(told[1], 1);
	assert_int_equal(told[2], 0);
	assert_int_equal(told[3], 1);
	ask_fail(1, -ECONNREFUSED);
	assert_int_equal(told[3], -ECONNREFUSED);
	supply_names_release(names);
}

static void several_files_go_one_after_the_other(void **state)
{
	(void)state;
	(void)fleet_upload("a.png", "1");
	(void)fleet_upload("b.png", "2");
	struct supply_names *names = names_of(
		GRAPH("\"x\": \"a.png\", \"y\": \"b.png\", \"z\": \"a.png\""));
	assert_false(supply_job(names, &workers[0], &waits[0]));
	assert_int_equal(ask_count, 1);
	ask_answer(0, 200, "{\"name\": \"a.png\"}");
	assert_int_equal(told[0], 1);
	assert_int_equal(ask_count, 2);
	ask_answer(1, 200, "{\"name\": \"b.png\"}");
	assert_int_equal(told[0], 0);
	supply_names_release(names);
}

static void a_name_that_means_another_file_is_copied_again(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "old");
	struct supply_names *names = names_of(GRAPH("\"image\": \"cat.png\""));
	assert_false(supply_job(names, &workers[0], &waits[0]));
	assert_ptr_equal(fleet_upload("cat.png", "new"), cat);
	/* No second copy beside the first: the older one could come last. */
	assert_false(supply_job(names, &workers[0], &waits[1]));
	assert_int_equal(ask_count, 1);
	ask_answer(0, 200, "{\"name\": \"cat.png\"}");
	assert_int_equal(told[0], 1);
	assert_int_equal(ask_count, 2);
	assert_non_null(strstr(asks[1].body, "new"));
	ask_answer(1, 200, "{\"name\": \"cat.png\"}");
	assert_int_equal(told[0], 0);
	assert_int_equal(told[1], 0);
	supply_names_release(names);
}

static void a_restarted_worker_has_nothing(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	supply_worker_learn(workers[0].supply, cat);
	assert_true(supply_file(cat, &workers[0], &waits[0]));
	supply_worker_forget(workers[0].supply);
	assert_false(supply_file(cat, &workers[0], &waits[0]));
	/* Restarted while the copy was under way: nobody knows whether it stayed. */
	supply_worker_forget(workers[0].supply);
	ask_answer(0, 200, "{\"name\": \"cat.png\"}");
	assert_int_equal(told[0], 1);
	ask_answer(1, 200, "{\"name\": \"cat.png\"}");
	assert_int_equal(told[0], 0);
}

static void what_a_worker_misses_is_copied_again(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "1");
	struct spool_file *dog = fleet_upload("dog.png", "2");
	struct supply_names *names = names_of(GRAPH("\"image\": \"cat.png\""));
	supply_worker_learn(workers[0].supply, cat);
	supply_worker_learn(workers[0].supply, dog);
	assert_true(supply_forget_names(workers[0].supply, names));
	assert_false(supply_worker_has(workers[0].supply, cat));
	assert_true(supply_worker_has(workers[0].supply, dog));
	assert_true(supply_forget_names(workers[1].supply, names));
	assert_false(supply_forget_names(workers[0].supply, NULL));
	supply_names_release(names);
}

static void what_a_worker_refuses_is_told(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	static const struct {
		uint16_t status;
		const char *body;
	} answers[] = {{413, ""}, {200, "{\"name\": \"cat (1).png\"}"}, {200, "[]"}, {200, ""}};
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		assert_false(supply_file(cat, &workers[0], &waits[i]));
		ask_answer(i, answers[i].status, answers[i].body);
		assert_int_equal(told[i], -EREMOTEIO);
	}
	assert_false(supply_worker_has(workers[0].supply, cat));
}

static void what_cannot_be_sent_is_told_later(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	ask_error = EMFILE;
	assert_false(supply_file(cat, &workers[0], &waits[0]));
	assert_int_equal(told[0], 1);
	TURN_UNTIL(told[0] != 1);
	assert_int_equal(told[0], -EMFILE);
}

static void a_worker_that_goes_tells_nobody(void **state)
{
	(void)state;
	struct spool_file *cat = fleet_upload("cat.png", "miau");
	assert_false(supply_file(cat, &workers[3], &waits[0]));
	supply_worker_destroy(workers[3].supply);
	workers[3].supply = NULL;
	assert_int_equal(asks_open(), 0);
	assert_int_equal(told[0], 1);
	supply_wait_cancel(&waits[0]);
	assert_int_equal(cat->holds, 0);
}

static void names_are_found_in_any_text(void **state)
{
	(void)state;
	struct spool_want want = {"temp", "clip/space", "m.png", .overwrite = true};
	struct spool_write *write = spool_write_begin(fleet.spool);
	struct spool_file *mask;
	assert_non_null(write);
	assert_int_equal(spool_write_end(write, &want, &mask), 0);
	struct spool_file *cat = fleet_upload("c\xc3\xa9.png", "1");
	assert_null(
		names_of(GRAPH("\"a\": \"dog.png\", \"b\": 1, \"c\": [\"2\", 0], \"d\": \"\"")));
	assert_null(names_of(GRAPH("\"a\": \"clip/space/m.png\"")));
	assert_null(names_of(GRAPH("\"a\": \"clip/space/m.png [output]\"")));
	assert_null(names_of(GRAPH("\"a\": \"../c\xc3\xa9.png\"")));
	struct supply_names *names = names_of(
		GRAPH("\"a\": \"clip/space/m.png [temp]\", \"text\": \"c\\u00e9.png [input]\""));
	assert_int_equal(mask->holds, 1);
	assert_int_equal(cat->holds, 1);
	assert_true(supply_is_uploaded(&fleet, SLICE("clip/space/m.png [temp]")));
	assert_false(supply_is_uploaded(&fleet, SLICE("m.png")));
	supply_names_release(names);
	supply_names_release(NULL);
}

static void a_result_of_another_worker_is_fetched_once(void **state)
{
	(void)state;
	struct supply_names *names = names_of(
		GRAPH("\"a\": \"@w2/s/r.png [output]\", \"b\": \"@w2/s/r.png [output]\""));
	assert_non_null(names);
	assert_true(supply_allows(names, &workers[0]));
	assert_false(supply_job(names, &workers[0], &waits[0]));
	assert_false(supply_job(names, &workers[1], &waits[1]));
	assert_int_equal(ask_count, 1);
	assert_ptr_equal(asks[0].worker, &workers[2]);
	assert_string_equal(asks[0].path, "/view?filename=r.png&type=output&subfolder=s");
	ask_fill(0, "result");
	TURN_UNTIL(ask_count == 3);
	for (size_t i = 1; i < 3; i++) {
		assert_ptr_equal(asks[i].worker, &workers[i - 1]);
		assert_non_null(strstr(asks[i].body, "name=\"subfolder\"\r\n\r\n@w2/s\r\n"));
		assert_non_null(strstr(asks[i].body, "name=\"type\"\r\n\r\noutput\r\n"));
		assert_non_null(strstr(asks[i].body, "\r\n\r\nresult\r\n--"));
		ask_answer(i, 200, "{\"name\": \"r.png\"}");
		assert_int_equal(told[i - 1], 0);
	}
	/* It is in the spool now. */
	assert_false(supply_job(names, &workers[3], &waits[2]));
	assert_string_equal(asks[3].path, "/upload/image");
	supply_wait_cancel(&waits[2]);
	supply_names_release(names);
	names = names_of(GRAPH("\"a\": \"@w2/s/r.png [output]\""));
	assert_true(supply_job(names, &workers[0], &waits[3]));
	supply_names_release(names);
}

static void a_result_that_is_gone_is_for_the_worker_to_miss(void **state)
{
	(void)state;
	(void)fleet_upload("cat.png", "miau");
	struct supply_names *names = names_of(
		GRAPH("\"a\": \"@w2/r.png [temp]\", \"b\": \"cat.png\""));
	assert_false(supply_job(names, &workers[0], &waits[0]));
	ask_answer(0, 404, "");
	assert_int_equal(ask_count, 2);
	assert_string_equal(asks[1].path, "/upload/image");
	ask_answer(1, 200, "{\"name\": \"cat.png\"}");
	assert_int_equal(told[0], 0);
	supply_names_release(names);
	worker_is_up[2] = false;
	names = names_of(GRAPH("\"a\": \"@w2/r.png [temp]\""));
	assert_true(supply_job(names, &workers[0], &waits[1]));
	supply_names_release(names);
}

static void who_waits_for_a_result_may_leave(void **state)
{
	(void)state;
	struct supply_names *names = names_of(GRAPH("\"a\": \"@w2/r.png [output]\""));
	assert_false(supply_job(names, &workers[0], &waits[0]));
	assert_false(supply_job(names, &workers[1], &waits[1]));
	assert_false(supply_job(names, &workers[3], &waits[2]));
	supply_wait_cancel(&waits[0]);
	supply_worker_destroy(workers[3].supply);
	workers[3].supply = NULL;
	ask_fail(0, -ETIMEDOUT);
	assert_int_equal(told[0], 1);
	assert_int_equal(told[1], -ETIMEDOUT);
	assert_int_equal(told[2], 1);
	supply_names_release(names);
}

static void a_result_without_a_tag_is_its_makers(void **state)
{
	(void)state;
	struct file_name name = {SLICE("output"), SLICE(""), SLICE("r.png")};
	struct file_client nobody = {0};
	files_add(fleet.files, &name, "w1", &nobody);
	files_add(fleet.files, &name, "w2", &nobody);
	struct supply_names *names = names_of(GRAPH("\"a\": \"r.png [output]\""));
	assert_non_null(names);
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		assert_int_equal(supply_allows(names, &workers[i]), i == 1);
		assert_true(supply_job(names, &workers[i], &waits[i]));
	}
	backends[1].is_draining = true;
	assert_true(supply_allows(names, &workers[0]));
	supply_names_release(names);
	assert_null(names_of(GRAPH("\"a\": \"r.png\", \"b\": \"s.png [output]\"")));
	assert_true(supply_allows(NULL, &workers[0]));
}

#define SUPPLY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SUPPLY_TEST(a_file_is_copied_once),
		SUPPLY_TEST(who_waits_for_the_same_copy_shares_it),
		SUPPLY_TEST(several_files_go_one_after_the_other),
		SUPPLY_TEST(a_name_that_means_another_file_is_copied_again),
		SUPPLY_TEST(a_restarted_worker_has_nothing),
		SUPPLY_TEST(what_a_worker_misses_is_copied_again),
		SUPPLY_TEST(what_a_worker_refuses_is_told),
		SUPPLY_TEST(what_cannot_be_sent_is_told_later),
		SUPPLY_TEST(a_worker_that_goes_tells_nobody),
		SUPPLY_TEST(names_are_found_in_any_text),
		SUPPLY_TEST(a_result_of_another_worker_is_fetched_once),
		SUPPLY_TEST(a_result_that_is_gone_is_for_the_worker_to_miss),
		SUPPLY_TEST(who_waits_for_a_result_may_leave),
		SUPPLY_TEST(a_result_without_a_tag_is_its_makers),
	};
	if (hash_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
