/* test/unit/test_comfy_defs_union.c: one list of classes out of many. */
#include "test/unit/defs_help.h"

#include <zlib.h>

static struct defs *defs;
static struct defs_worker *a, *b, *c;

static int setup(void **state)
{
	(void)state;
	defs = defs_create();
	assert_non_null(defs);
	a = defs_worker_create(defs);
	b = defs_worker_create(defs);
	c = defs_worker_create(defs);
	return a != NULL && b != NULL && c != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	defs_worker_destroy(a);
	defs_worker_destroy(b);
	defs_worker_destroy(c);
	defs_destroy(defs);
	return 0;
}

static void assert_one(const char *name, const char *expected)
{
	struct asked asked = {0};
	assert_null(defs_union_class(defs, slice_of(name), on_one, &asked));
	assert_int_equal(asked.calls, 1);
	assert_non_null(asked.json);
	assert_string_equal(asked.json->p, expected);
	blob_unref(asked.json);
}

static void test_nothing_is_an_empty_object(void **state)
{
	(void)state;
	assert_union(defs, "{}");
	assert_one("A", "{}");
}

static void test_one_workers_text_is_as_it_was(void **state)
{
	(void)state;
	const char *text = "{" COMBO("A", "x", "1,2", "") ", " COMBO("B\\u00e9", "x", "1", "") "}";
	have(a, text);
	have(b, text);
	assert_union(defs, text);
	assert_one("B\xc3\xa9", "{" COMBO("B\\u00e9", "x", "1", "") "}");
	assert_one("C", "{}");
}

static void test_values_come_in_the_first_workers_order(void **state)
{
	(void)state;
	have(c, "{" COMBO("Only", "x", "1", "") ", " COMBO("Load", "f", "\"q\", \"a\"", "") "}");
	have(b, "{" COMBO("Load", "f", "\"a\", \"c\"", "\"tip\": 1") "}");
	have(a, "{" COMBO("Load", "f", "\"b\", \"a\"", "") "}");
	assert_union(defs, "{" COMBO("Load", "f", "\"b\", \"a\", \"c\", \"q\"", "") ", " COMBO(
				   "Only", "x", "1", "") "}");
	assert_one("Load", "{" COMBO("Load", "f", "\"b\", \"a\", \"c\", \"q\"", "") "}");
	defs_worker_forget(a);
	assert_union(defs, "{" COMBO("Load", "f", "\"a\", \"c\", \"q\"", "\"tip\": 1") ", " COMBO(
				   "Only", "x", "1", "") "}");
}

static void test_old_and_new_style_meet(void **state)
{
	(void)state;
	have(a, "{\"V\": {\"input\": {\"required\": {\"i\": [\"INT\", {}], \"x\": [\"COMBO\", "
		"{\"a\": 1, \"options\": [\"1\"], \"b\": 2}], \"y\": [[], {}]}, \"optional\": "
		"{\"z\": [[\"p\"]]}}, \"name\": \"V\"}}");
	have(b, "{\"V\": {\"input\": {\"required\": {\"x\": [[\"2\", \"\\u0031\"]], \"y\": "
		"[[true, 1, 0]], \"z\": [[\"q\"]]}}}}");
	have(c, "{\"V\": {\"input\": {\"required\": {\"x\": [\"STRING\", {}], \"i\": [[5]]}}}}");
	assert_union(defs,
		"{\"V\": {\"input\": {\"required\": {\"i\": [\"INT\", {}], \"x\": [\"COMBO\", "
		"{\"a\": 1, \"options\": [\"1\", \"2\"], \"b\": 2}], \"y\": [[true, 0], {}]}, "
		"\"optional\": {\"z\": [[\"p\", \"q\"]]}}, \"name\": \"V\"}}");
}

static void test_listings_of_uploads_are_put_together(void **state)
{
	(void)state;
	have(a, "{" COMBO("L", "f", "\"1.png\"", "\"image_upload\": true") "}");
	have(b, "{" COMBO("L", "f", "\"2.png\"", "\"image_upload\": true") "}");
	assert_union(
		defs, "{" COMBO("L", "f", "\"1.png\", \"2.png\"", "\"image_upload\": true") "}");
}

static struct blob *pictures; /* what was uploaded to us */

static struct blob *listing(void *arg, struct slice setting)
{
	assert_ptr_equal(arg, &pictures);
	return slice_is(setting, SLICE("image_upload")) ? pictures : NULL;
}

static void test_what_was_uploaded_to_us_is_listed_last(void **state)
{
	(void)state;
	pictures = blob_copy("[\"0.png\",\"2.png\"]", 17);
	assert_non_null(pictures);
	/* One worker, two, and a class alone. */
	have(a, "{" COMBO("L", "f", "\"1.png\"", "\"image_upload\": true") ", " COMBO(
			"M", "f", "1", "\"audio_upload\": true") "}");
	uint64_t tag = defs_union_tag(defs);
	defs_set_listing(defs, listing, &pictures);
	defs_uploads_changed(defs, 1);
	assert_true(defs_union_tag(defs) != tag);
	assert_union(defs, "{" COMBO("L", "f", "\"1.png\", \"0.png\", \"2.png\"",
				   "\"image_upload\": true") ", " COMBO("M", "f", "1",
				   "\"audio_upload\": true") "}");
	have(b, "{" COMBO("L", "f", "\"2.png\", \"3.png\"", "\"image_upload\": true") "}");
	assert_one("L", "{" COMBO("L", "f", "\"1.png\", \"2.png\", \"3.png\", \"0.png\"",
				"\"image_upload\": true") "}");
	uint64_t epoch = defs_epoch(defs);
	defs_uploads_changed(defs, 1);
	assert_true(defs_epoch(defs) == epoch);
	defs_uploads_changed(defs, 2);
	assert_true(defs_epoch(defs) != epoch);
	blob_unref(pictures);
}

static struct blob *inflated(const struct blob *gzip, size_t room)
{
	struct blob *out = blob_create(room);
	z_stream stream = {.next_in = (Bytef *)gzip->p,
		.avail_in = (uInt)gzip->n,
		.next_out = (Bytef *)out->p,
		.avail_out = (uInt)room};
	assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_int_equal(stream.total_out, room);
	assert_int_equal(inflateEnd(&stream), Z_OK);
	return out;
}

/* A long text with something of everything; `skew` makes workers differ. */
static void have_much(struct defs_worker *worker, int skew)
{
	struct text text;
	char piece[256];
	text_init(&text, 0);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(piece, sizeof(piece),
			"%s\"C%d\": {\"input\": {\"required\": {\"f\": [[", i == 0 ? "{" : ", ",
			i % 7 == 0 ? i + skew : i);
		text_puts(&text, piece);
		for (int k = 0; k < i; k++) {
			(void)snprintf(piece, sizeof(piece), "%s\"v%d\"", k == 0 ? "" : ", ",
				i % 5 == 0 ? k * skew : k);
			text_puts(&text, piece);
		}
		text_puts(&text, "], {\"a\": 1}], \"g\": [\"COMBO\", {\"options\": [1, 2]}]}}}");
	}
	text_puts(&text, "}");
	struct blob *body = blob_of_text(&text);
	have(worker, body->p);
	blob_unref(body);
}

static void test_the_slices_make_no_difference(void **state)
{
	(void)state;
	static const size_t slices[] = {1, 2, 7, 64, 1000, 1000000};
	struct blob *json = NULL;
	struct blob *gzip = NULL;
	for (size_t i = 0; i < COUNT_OF(slices); i++) {
		struct asked asked[2];
		defs_worker_forget(a);
		defs_worker_forget(b);
		defs_worker_forget(c);
		defs->reading.slice = defs->made.units = defs->made.octets = slices[i];
		have_much(a, 1);
		have_much(b, 2);
		have_much(c, 3);
		ask(defs, &asked[0], true);
		ask(defs, &asked[1], false);
		make_all(defs);
		assert_true(asked[0].calls == 1 && asked[1].calls == 1);
		ensure(asked[0].json != NULL && asked[1].json != NULL);
		if (json == NULL) {
			struct json_value value;
			json = blob_ref(asked[1].json);
			gzip = blob_ref(asked[0].json);
			assert_true(json_read(blob_slice(json), &value));
		}
		ensure(json != NULL);
		assert_string_equal(asked[1].json->p, json->p);
		struct blob *plain = inflated(asked[0].json, json->n);
		assert_string_equal(plain->p, json->p);
		assert_true(asked[0].wait.tag == asked[1].wait.tag);
		blob_unref(plain);
		blob_unref(asked[0].json);
		blob_unref(asked[1].json);
	}
	assert_true(gzip != NULL && gzip->n < json->n);
	blob_unref(json);
	blob_unref(gzip);
}

static void test_who_asks_while_it_is_made_waits_for_the_same(void **state)
{
	(void)state;
	struct asked asked[3];
	have_much(a, 1);
	have_much(b, 2);
	defs->made.units = 10;
	ask(defs, &asked[0], false);
	assert_true(union_step(defs));
	ask(defs, &asked[1], false);
	assert_int_equal(asked[0].calls + asked[1].calls, 0);
	make_all(defs);
	assert_true(asked[0].calls == 1 && asked[1].calls == 1);
	assert_ptr_equal(asked[0].json, asked[1].json);
	/* It is kept: the answer comes at once. */
	ask(defs, &asked[2], false);
	assert_int_equal(asked[2].calls, 1);
	assert_ptr_equal(asked[0].json, asked[2].json);
	for (size_t i = 0; i < COUNT_OF(asked); i++)
		blob_unref(asked[i].json);
}

static void test_who_asks_after_a_change_gets_the_new_one(void **state)
{
	(void)state;
	struct asked asked[2];
	have(a, "{" COMBO("L", "f", "1, 2, 3, 4", "") "}");
	have(b, "{" COMBO("L", "f", "4, 5", "") "}");
	defs->made.units = 1;
	ask(defs, &asked[0], false);
	assert_true(union_step(defs));
	assert_true(union_step(defs));
	/* What the one that is being made is made of goes away meanwhile. */
	have(a, "{" COMBO("L", "f", "7", "") "}");
	defs_worker_forget(b);
	ask(defs, &asked[1], false);
	make_all(defs);
	assert_string_equal(asked[0].json->p, "{" COMBO("L", "f", "1, 2, 3, 4, 5", "") "}");
	assert_string_equal(asked[1].json->p, "{" COMBO("L", "f", "7", "") "}");
	assert_int_equal(asked[0].calls + asked[1].calls, 2);
	blob_unref(asked[0].json);
	blob_unref(asked[1].json);
}

static void test_one_class_alone_may_take_several_turns(void **state)
{
	(void)state;
	struct asked asked = {0};
	assert_int_equal(loop_start(), 0);
	have(a, "{" COMBO("L", "f", "1, 2, 3", "") "}");
	have(b, "{" COMBO("L", "f", "3, 4", "") "}");
	defs->made.units = 1;
	assert_non_null(defs_union_class(defs, SLICE("L"), on_one, &asked));
	defs_worker_forget(a);
	defs_worker_forget(b);
	assert_null(defs_find(defs, SLICE("L")));
	TURN_UNTIL(asked.calls == 1);
	assert_string_equal(asked.json->p, "{" COMBO("L", "f", "1, 2, 3, 4", "") "}");
	blob_unref(asked.json);
	assert_int_equal(defs->class_count, 0);
	have(a, "{" COMBO("L", "f", "1, 2, 3", "") "}");
	have(b, "{" COMBO("L", "f", "3, 4", "") "}");
	struct defs_one *one = defs_union_class(defs, SLICE("L"), on_one, &asked);
	turn_once();
	turn_once();
	assert_int_equal(asked.calls, 1);
	defs_one_cancel(one);
	defs_one_cancel(NULL);
	turn_once();
	assert_int_equal(asked.calls, 1);
	loop_finish();
}

static void test_who_does_not_wait_any_more_is_not_told(void **state)
{
	(void)state;
	struct asked asked[2];
	have_much(a, 1);
	ask(defs, &asked[0], false);
	ask(defs, &asked[1], true);
	defs_union_cancel(&asked[0].wait);
	defs_union_cancel(&asked[1].wait);
	make_all(defs);
	assert_int_equal(asked[0].calls + asked[1].calls, 0);
	assert_null(defs->made.json);
}

static void test_one_that_is_being_made_may_be_abandoned(void **state)
{
	(void)state;
	struct asked asked[2];
	have_much(a, 1);
	have_much(b, 2);
	defs->made.units = 100;
	defs->made.octets = 100;
	ask(defs, &asked[0], true);
	for (int i = 0; i < 10; i++)
		assert_true(union_step(defs));
	defs_union_cancel(&asked[0].wait);
	/* teardown ends it in the middle */
}

static void test_the_tag_follows_what_is_there(void **state)
{
	(void)state;
	have_much(a, 1);
	uint64_t tag = defs_union_tag(defs);
	have_much(b, 1);
	assert_true(defs_union_tag(defs) == tag);
	have_much(b, 2);
	assert_true(defs_union_tag(defs) != tag);
	struct asked asked;
	ask(defs, &asked, false);
	make_all(defs);
	assert_true(asked.wait.tag == defs_union_tag(defs));
	blob_unref(asked.json);
	defs_worker_forget(b);
	assert_true(defs_union_tag(defs) == tag);
}

static void test_on_the_loop_it_makes_itself(void **state)
{
	(void)state;
	struct asked asked;
	assert_int_equal(loop_start(), 0);
	struct blob *body = blob_copy("{\"A\": {}}", 9);
	assert_int_equal(defs_worker_set(a, body), 0);
	blob_unref(body);
	TURN_UNTIL(defs_worker_is_known(a));
	ask(defs, &asked, true);
	TURN_UNTIL(asked.calls == 1);
	blob_unref(asked.json);
	loop_finish();
}

int main(void)
{
	ensure(hash_start() == 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_an_empty_object),
		TEST(test_one_workers_text_is_as_it_was),
		TEST(test_values_come_in_the_first_workers_order),
		TEST(test_old_and_new_style_meet),
		TEST(test_listings_of_uploads_are_put_together),
		TEST(test_what_was_uploaded_to_us_is_listed_last),
		TEST(test_the_slices_make_no_difference),
		TEST(test_who_asks_while_it_is_made_waits_for_the_same),
		TEST(test_who_asks_after_a_change_gets_the_new_one),
		TEST(test_one_class_alone_may_take_several_turns),
		TEST(test_who_does_not_wait_any_more_is_not_told),
		TEST(test_one_that_is_being_made_may_be_abandoned),
		TEST(test_the_tag_follows_what_is_there),
		TEST(test_on_the_loop_it_makes_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
