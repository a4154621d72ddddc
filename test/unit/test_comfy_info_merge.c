/* test/unit/test_comfy_info_merge.c: many answers as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "comfy/info_merge.h"

static void assert_json(struct blob *json, const char *expected)
{
	struct json_value value;
	assert_non_null(json);
	assert_string_equal(json->p, expected);
	assert_true(json_read(blob_slice(json), &value));
	blob_unref(json);
}

/* -- lists -- */

static void assert_list(const char *const *bodies, size_t count, const char *expected)
{
	struct list_merge merge;
	list_merge_init(&merge);
	for (size_t i = 0; i < count; i++)
		assert_true(list_merge_add(&merge, slice_of(bodies[i])));
	assert_int_equal(merge.lists, count);
	assert_json(list_merge_end(&merge), expected);
}

#define ASSERT_LIST(expected, ...)                                                                 \
	assert_list((const char *const[]){__VA_ARGS__},                                            \
		COUNT_OF(((const char *const[]){__VA_ARGS__})), expected)

static void test_each_text_comes_once_and_where_it_was_first(void **state)
{
	(void)state;
	ASSERT_LIST("[]", "[]");
	ASSERT_LIST(
		"[\"b\", \"a\", \"c\"]", "[\"b\",\"a\"]", "[\"b\",\"a\"]", "[\"c\",\"a\",\"c\"]");
	ASSERT_LIST("[\"a\\\\b\"]", "[\"a\\\\b\"]", " [\"a\\u005cb\"] ");
	ASSERT_LIST("[\"a\", {\"x\": 1}, 5]", "[]", "[\"a\", {\"x\": 1}]", "[{\"x\": 1}, 5]");
}

static void test_objects_with_a_name_are_the_same_by_it(void **state)
{
	(void)state;
	ASSERT_LIST("[{\"name\": \"a\", \"folders\": [\"/x\"]}, {\"name\": \"b\"}]",
		"[{\"name\": \"a\", \"folders\": [\"/x\"]}]",
		"[{\"name\": \"a\", \"folders\": [\"/y\"]}, {\"name\": \"b\"}]");
	ASSERT_LIST("[{\"name\": \"a\", \"pathIndex\": 0, \"size\": 1}, {\"name\": \"a\", "
		    "\"pathIndex\": 1}]",
		"[{\"name\": \"a\", \"pathIndex\": 0, \"size\": 1}]",
		"[{\"name\": \"a\", \"pathIndex\": 1}, {\"pathIndex\": 0, \"name\": \"a\"}]");
}

static void test_what_is_no_list_is_told(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "{}", "[", "[1}", "null", "[1] x"};
	struct list_merge merge;
	list_merge_init(&merge);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(list_merge_add(&merge, slice_of(bad[i])));
	assert_int_equal(merge.lists, 0);
	assert_true(list_merge_add(&merge, SLICE("[1]")));
	assert_false(list_merge_add(&merge, SLICE("[2")));
	assert_json(list_merge_end(&merge), "[1]");
}

/* -- devices -- */

#define DEVICE(name, index) "{\"name\": \"" name "\", \"type\": \"cuda\", \"index\": " index "}"

static void test_devices_of_all_behind_the_first_ones_system(void **state)
{
	(void)state;
	struct stats_merge merge;
	stats_merge_init(&merge);
	assert_true(stats_merge_add(&merge, "gpu-1",
		SLICE("{\"system\": {\"os\": \"posix\"}, \"devices\": [" DEVICE(
			"L40S", "0") ", " DEVICE("L40S", "1") "], \"more\": [1]}\n")));
	assert_true(stats_merge_add(&merge, "w \"2\"",
		SLICE("{\"devices\": [" DEVICE("A\\\"B", "null") ", 5], \"system\": 7}")));
	assert_json(stats_merge_end(&merge),
		"{\"system\": {\"os\": \"posix\"}, \"devices\": [" DEVICE(
			"L40S (gpu-1)", "0") ", " DEVICE("L40S (gpu-1)",
			"1") ", " DEVICE("A\\\"B (w \\\"2\\\")", "2") "], \"more\": [1]}");
}

static void test_odd_devices_are_taken_as_they_are(void **state)
{
	(void)state;
	struct stats_merge merge;
	stats_merge_init(&merge);
	assert_false(stats_merge_add(&merge, "a", SLICE("{\"system\": {}}")));
	assert_false(stats_merge_add(&merge, "a", SLICE("[]")));
	assert_false(stats_merge_add(&merge, "a", SLICE("{\"devices\": {}}")));
	assert_false(stats_merge_add(&merge, "a", SLICE("{\"devices\": []")));
	assert_null(stats_merge_end(&merge));
	stats_merge_init(&merge);
	assert_true(stats_merge_add(&merge, "a", SLICE("{\"devices\": []}")));
	assert_true(stats_merge_add(&merge, "b", SLICE("{\"devices\": [{}, {\"name\": null}]}")));
	assert_json(stats_merge_end(&merge), "{\"devices\": [{}, {\"name\": null}]}");
}

/* -- features -- */

static void assert_features(const char *a, const char *b, const char *expected)
{
	struct features_merge merge;
	features_merge_init(&merge);
	features_merge_add(&merge, slice_of(a));
	features_merge_add(&merge, slice_of(b));
	assert_json(features_merge_end(&merge), expected);
}

static void test_features_are_what_all_have(void **state)
{
	(void)state;
	struct features_merge merge;
	features_merge_init(&merge);
	assert_json(features_merge_end(&merge), "{}");
	assert_features(
		"{\"a\": true, \"b\": 1}", "{\"a\": true, \"b\": 1}", "{\"a\": true, \"b\": 1}");
	assert_features("{\"a\": true, \"b\": 1, \"c\": \"x\"}", "{\"c\": \"\\u0078\", \"b\": 2}",
		"{\"c\": \"x\"}");
	assert_features("{\"a\": true}", "{}", "{}");
	assert_features("{}", "{\"a\": true}", "{}");
	assert_features("{\"a\": true}", "[1]", "{}");
	assert_features("{\"a\": true}", "", "{}");
}

static void test_of_upload_sizes_the_least(void **state)
{
	(void)state;
	assert_features("{\"max_upload_size\": 200, \"a\": 1}",
		"{\"a\": 1, \"max_upload_size\": 104}", "{\"max_upload_size\": 104, \"a\": 1}");
	assert_features("{\"max_upload_size\": 5}", "{\"max_upload_size\": 104}",
		"{\"max_upload_size\": 5}");
	assert_features("{\"max_upload_size\": 5}", "{\"max_upload_size\": null}", "{}");
	assert_features("{\"other\": 5}", "{\"other\": 104}", "{}");
}

static void test_inner_objects_are_compared_alike(void **state)
{
	(void)state;
	assert_features("{\"extension\": {\"manager\": {\"supports_v4\": true, \"x\": 1}}}",
		"{\"extension\": {\"manager\": {\"supports_v4\": true}}, \"y\": 1}",
		"{\"extension\": {\"manager\": {\"supports_v4\": true}}}");
	assert_features("{\"a\": {\"b\": 1}}", "{\"a\": 1}", "{}");
	/* Deeper than anybody goes. */
	struct text deep[2];
	for (size_t k = 0; k < 2; k++) {
		text_init(&deep[k], 0);
		for (int i = 0; i < 60; i++)
			text_puts(&deep[k], "{\"a\": ");
		text_u64(&deep[k], k);
		for (int i = 0; i < 60; i++)
			text_puts(&deep[k], "}");
		text_put(&deep[k], "", 1);
	}
	assert_features(deep[0].p, deep[1].p,
		"{\"a\": {\"a\": {\"a\": {\"a\": {\"a\": {\"a\": {\"a\": {\"a\": {}}}}}}}}}");
	text_finish(&deep[0]);
	text_finish(&deep[1]);
}

int main(void)
{
	ensure(hash_start() == 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_text_comes_once_and_where_it_was_first),
		cmocka_unit_test(test_objects_with_a_name_are_the_same_by_it),
		cmocka_unit_test(test_what_is_no_list_is_told),
		cmocka_unit_test(test_devices_of_all_behind_the_first_ones_system),
		cmocka_unit_test(test_odd_devices_are_taken_as_they_are),
		cmocka_unit_test(test_features_are_what_all_have),
		cmocka_unit_test(test_of_upload_sizes_the_least),
		cmocka_unit_test(test_inner_objects_are_compared_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
