/* test/unit/test_comfy_defs.c: what workers have, and what is asked of it. */
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

/* -- allows -- */

static void test_an_unknown_worker_allows_everything(void **state)
{
	(void)state;
	assert_false(defs_worker_is_known(a));
	assert_false(defs_is_known(defs));
	assert_true(allows(a, "Whatever", NULL, NULL));
	assert_int_equal(defs_worker_kind(a), 0);
	have(b, "{" COMBO("Load", "ckpt", "\"x\"", "") "}");
	assert_true(defs_is_known(defs));
	assert_true(allows(a, "Whatever", NULL, NULL));
	assert_false(allows(b, "Whatever", NULL, NULL));
}

static void test_a_body_that_is_not_read_yet_does_not_count(void **state)
{
	(void)state;
	have(a, "{" COMBO("Load", "ckpt", "\"x\"", "") "}");
	give(a, "{" COMBO("Other", "ckpt", "\"x\"", "") "}");
	assert_true(allows(a, "Load", NULL, NULL));
	read_all(defs);
	assert_false(allows(a, "Load", NULL, NULL));
	assert_true(allows(a, "Other", NULL, NULL));
}

static void test_values_must_be_in_the_workers_own_list(void **state)
{
	(void)state;
	have(a, "{" COMBO("Load", "ckpt", "\"x\", \"y\"", "") "}");
	have(b, "{" COMBO("Load", "ckpt", "\"y\", \"z\"", "") "}");
	assert_true(allows(a, "Load", "ckpt", "\"x\""));
	assert_false(allows(b, "Load", "ckpt", "\"x\""));
	assert_true(allows(b, "Load", "ckpt", "\"y\""));
	assert_false(allows(a, "Load", "ckpt", "\"\""));
	assert_false(allows(a, "Load", "ckpt", "null"));
	assert_true(allows(a, "Load", "unknown", "\"x\""));
}

static void test_the_new_style_is_a_combo_too(void **state)
{
	(void)state;
	have(a, "{\"V\": {\"input\": {\"required\": {"
		"\"codec\": [\"COMBO\", {\"multiselect\": false, \"options\": [\"h264\"]}],"
		"\"open\": [\"COMBO\", {}], \"bare\": [\"COMBO\"], \"text\": [\"STRING\", {}],"
		"\"far\": [\"COMBO\", {\"options\": [], \"remote\": {\"route\": \"/x\"}}],"
		"\"near\": [\"COMBO\", {\"options\": [], \"remote\": null}]}}}}");
	assert_true(allows(a, "V", "codec", "\"h264\""));
	assert_false(allows(a, "V", "codec", "\"vp9\""));
	assert_true(allows(a, "V", "open", "\"any\""));
	assert_true(allows(a, "V", "bare", "\"any\""));
	assert_true(allows(a, "V", "text", "\"any\""));
	assert_true(allows(a, "V", "far", "\"any\""));
	assert_false(allows(a, "V", "near", "\"any\""));
}

static void test_several_may_be_selected_where_that_is_said(void **state)
{
	(void)state;
	have(a, "{" COMBO("M", "many", "\"x\", \"y\"", "\"multiselect\": true") ", " COMBO(
			"S", "one", "\"x\", \"y\"", "") "}");
	assert_true(allows(a, "M", "many", "[\"x\", \"y\"]"));
	assert_true(allows(a, "M", "many", "{\"__value__\": [\"y\"]}"));
	assert_true(allows(a, "M", "many", "\"y\""));
	assert_false(allows(a, "M", "many", "[\"x\", \"z\"]"));
	assert_false(allows(a, "S", "one", "[\"x\"]"));
	assert_true(allows(a, "S", "one", "{\"__value__\": \"x\"}"));
}

static void test_lists_of_uploads_do_not_count(void **state)
{
	(void)state;
	have(a, "{" COMBO("LoadImage", "image", "\"a.png\"", "\"image_upload\": true") ", " COMBO(
			"LoadThing", "file", "\"a\"", "\"mesh_upload\": true") ", " COMBO("Plain",
			"file", "\"a\"", "\"image_upload\": false") "}");
	assert_true(allows(a, "LoadImage", "image", "\"new.png\""));
	assert_true(allows(a, "LoadThing", "file", "\"new\""));
	assert_false(allows(a, "Plain", "file", "\"new\""));
	const struct defs_class *class_ = defs_find(defs, SLICE("LoadImage"));
	assert_true(defs_class_is_upload(class_, SLICE("image")));
	assert_false(defs_class_is_upload(class_, SLICE("other")));
}

static bool is_clip(void *arg, struct slice file)
{
	*(int *)arg += 1;
	return slice_is(file, SLICE("clip.mp4"));
}

static void test_uploaded_files_are_in_every_list(void **state)
{
	(void)state;
	int calls = 0;
	struct json_value value;
	have(a, "{" COMBO("LoadVideo", "video", "\"a.mp4\"", "") "}");
	defs_set_uploads(defs, is_clip, &calls);
	assert_true(allows(a, "LoadVideo", "video", "\"a.mp4\""));
	assert_int_equal(calls, 0);
	assert_true(allows(a, "LoadVideo", "video", "\"clip.mp4\""));
	assert_false(allows(a, "LoadVideo", "video", "\"b.mp4\""));
	assert_int_equal(calls, 2);
	assert_true(json_read(SLICE("\"clip.mp4\""), &value));
	assert_true(defs_class_has_value(
		defs, defs_find(defs, SLICE("LoadVideo")), SLICE("video"), value));
}

static void test_values_are_equal_as_in_python(void **state)
{
	(void)state;
	have(a, "{" COMBO("N", "n", "1, 2.5, \"a\\\\b\\u00e9\", -0.0", "") "}");
	assert_true(allows(a, "N", "n", "1.0"));
	assert_true(allows(a, "N", "n", "true"));
	assert_true(allows(a, "N", "n", "false"));
	assert_true(allows(a, "N", "n", "25e-1"));
	assert_false(allows(a, "N", "n", "\"1\""));
	assert_true(allows(a, "N", "n", "\"a\\u005cb\xc3\xa9\""));
}

static void test_long_lists_are_looked_up_alike(void **state)
{
	(void)state;
	struct text text;
	char name[32];
	text_init(&text, 0);
	text_puts(&text, "{\"Load\": {\"input\": {\"required\": {\"ckpt\": [[");
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "%s\"m\\\\%d\"", i == 0 ? "" : ", ", i);
		text_puts(&text, name);
	}
	text_puts(&text, "], {}]}}}}");
	struct blob *body = blob_of_text(&text);
	have(a, body->p);
	blob_unref(body);
	for (int i = 0; i < 5010; i++) {
		(void)snprintf(name, sizeof(name), "\"m\\u005c%d\"", i);
		assert_int_equal(allows(a, "Load", "ckpt", name), i < 5000);
	}
}

static void test_links_and_broken_nodes_are_not_its_business(void **state)
{
	(void)state;
	have(a, "{" COMBO("Load", "ckpt", "\"x\"", "") "}");
	struct graph_input link = {.name = SLICE("ckpt"), .is_link = true};
	struct graph_node nodes[] = {
		{.is_object = true, .class_type = SLICE("Load"), .inputs = &link, .input_count = 1},
		{.is_object = false},
		{.is_object = true},
	};
	struct prompt_body body = {.nodes = nodes, .node_count = COUNT_OF(nodes)};
	assert_true(defs_worker_allows(a, &body));
}

static bool passes(const char *class_type, const char *name, const char *value)
{
	struct graph_input input = {.name = slice_of(name)};
	struct graph_node node = {.is_object = true,
		.class_type = slice_of(class_type),
		.inputs = &input,
		.input_count = 1};
	struct prompt_body body = {.nodes = &node, .node_count = 1};
	assert_true(json_read(slice_of(value), &input.value));
	defs_pass_unknown(defs, &body);
	return input.is_link;
}

static void test_values_in_nobodys_list_tell_no_worker_from_another(void **state)
{
	(void)state;
	have(a, "{" COMBO("Load", "ckpt", "\"x\"", "") ", " COMBO("Empty", "e", "", "") "}");
	have(b, "{" COMBO("Load", "ckpt", "\"y\"", "") ", " COMBO("Mine", "m", "\"z\"", "") "}");
	assert_false(passes("Load", "ckpt", "\"x\""));
	assert_false(passes("Load", "ckpt", "\"y\""));
	assert_true(passes("Load", "ckpt", "\"z\""));
	assert_true(passes("Empty", "e", "\"z\""));
	assert_false(passes("Mine", "m", "\"z\""));
	assert_false(passes("Nobodys", "m", "\"z\""));
	assert_false(passes("Load", "other", "\"z\""));
	defs_worker_forget(b);
	assert_true(passes("Load", "ckpt", "\"y\""));
}

static void test_the_kind_tells_who_allows_the_same(void **state)
{
	(void)state;
	have(a, "{" COMBO("L", "f", "\"1.png\"", "\"image_upload\": true") ", " COMBO(
			"C", "c", "\"x\"", "") "}");
	uint64_t kind = defs_worker_kind(a);
	uint64_t epoch = defs_allows_epoch(defs);
	assert_int_not_equal(kind, 0);
	/* Another listing, another order. */
	have(b, "{" COMBO("C", "c", "\"x\"", "") ", " COMBO(
			"L", "f", "\"1.png\", \"2.png\"", "\"image_upload\": true") "}");
	assert_int_equal(defs_worker_kind(b), kind);
	have(b, "{" COMBO("C", "c", "\"y\"", "") ", " COMBO(
			"L", "f", "\"1.png\"", "\"image_upload\": true") "}");
	assert_int_not_equal(defs_worker_kind(b), kind);
	have(b, "{" COMBO("C", "c", "\"x\"", "") "}");
	assert_int_not_equal(defs_worker_kind(b), kind);
	assert_int_not_equal(defs_allows_epoch(defs), epoch);
	epoch = defs_allows_epoch(defs);
	have(a, "{" COMBO("L", "f", "\"3.png\"", "\"image_upload\": true") ", " COMBO(
			"C", "c", "\"x\"", "") "}");
	assert_int_equal(defs_allows_epoch(defs), epoch);
	defs_worker_forget(a);
	assert_int_not_equal(defs_allows_epoch(defs), epoch);
}

/* -- what is kept -- */

static void test_equal_lists_and_classes_are_kept_once(void **state)
{
	(void)state;
	const char *text = "{" COMBO("A", "x", "1", "") ", " COMBO("B", "x", "1", "") "}";
	have(a, text);
	have(b, text);
	assert_ptr_equal(a->list, b->list);
	have(b, "{" COMBO("A", "x", "1", "") ", " COMBO("B", "x", "2", "") "}");
	assert_ptr_not_equal(a->list, b->list);
	assert_ptr_equal(a->list->variants[0], b->list->variants[0]);
	assert_ptr_not_equal(a->list->variants[1], b->list->variants[1]);
	assert_int_equal(defs->class_count, 2);
}

static void test_what_nobody_has_is_forgotten(void **state)
{
	(void)state;
	have(a, "{" COMBO("A", "x", "1", "") ", " COMBO("B", "x", "1", "") "}");
	have(b, "{" COMBO("B", "x", "2", "") "}");
	assert_non_null(defs_find(defs, SLICE("A")));
	defs_worker_forget(a);
	assert_null(defs_find(defs, SLICE("A")));
	assert_non_null(defs_find(defs, SLICE("B")));
	assert_true(allows(a, "Z", NULL, NULL));
	assert_true(defs_is_known(defs));
	/* Its place is given to another class, which the old list does not have. */
	have(a, "{" COMBO("C", "x", "1", "") "}");
	assert_true(allows(a, "C", NULL, NULL));
	assert_false(allows(b, "C", NULL, NULL));
	defs_worker_forget(a);
	defs_worker_forget(b);
	assert_false(defs_is_known(defs));
	assert_int_equal(defs->class_count, 0);
}

static void test_the_epoch_tells_changes_and_nothing_else(void **state)
{
	(void)state;
	const char *text = "{" COMBO("A", "x", "1", "") "}";
	uint64_t epoch = defs_epoch(defs);
	give(a, text);
	assert_int_equal(defs_epoch(defs), epoch);
	read_all(defs);
	assert_int_not_equal(defs_epoch(defs), epoch);
	epoch = defs_epoch(defs);
	have(a, text);
	assert_int_equal(defs_epoch(defs), epoch);
	have(b, text);
	assert_int_not_equal(defs_epoch(defs), epoch);
	epoch = defs_epoch(defs);
	defs_worker_forget(b);
	assert_int_not_equal(defs_epoch(defs), epoch);
	epoch = defs_epoch(defs);
	defs_worker_forget(b);
	assert_int_equal(defs_epoch(defs), epoch);
}

static void test_of_two_classes_with_one_name_the_last_counts(void **state)
{
	(void)state;
	have(a, "{" COMBO("A", "x", "1", "") ", " COMBO("B", "x", "1", "") ", " COMBO(
			"\\u0041", "x", "2", "") "}");
	assert_int_equal(a->list->count, 2);
	assert_false(allows(a, "A", "x", "1"));
	assert_true(allows(a, "A", "x", "2"));
}

/* -- classes of the union -- */

static void count_input(
	void *arg, struct slice section, struct slice name, struct json_value definition)
{
	struct text *text = arg;
	text_put(text, section.p, section.n);
	text_puts(text, ".");
	text_put(text, name.p, name.n);
	text_puts(text, "=");
	text_put(text, definition.raw.p, definition.raw.n);
	text_puts(text, ";");
}

static void test_a_class_tells_its_inputs(void **state)
{
	(void)state;
	struct text text;
	have(a, "{\"K\": {\"input\": {\"required\": {\"st\\u0065ps\": [\"INT\", {\"min\": 1}]}, "
		"\"optional\": {\"mask\": [\"MASK\"]}, \"hidden\": {\"p\": \"PROMPT\"}}, "
		"\"output\": [\"LATENT\"], \"output_node\": true}}");
	const struct defs_class *class_ = defs_find(defs, SLICE("K"));
	assert_true(defs_class_is_output(class_));
	assert_true(slice_is(defs_class_outputs(class_).raw, SLICE("[\"LATENT\"]")));
	text_init(&text, 0);
	defs_class_inputs(class_, count_input, &text);
	text_put(&text, "", 1);
	assert_string_equal(text.p,
		"required.steps=[\"INT\", {\"min\": 1}];optional.mask=[\"MASK\"];"
		"hidden.p=\"PROMPT\";");
	text_finish(&text);
}

static void test_a_value_is_known_when_one_worker_has_it(void **state)
{
	(void)state;
	struct json_value x = {0};
	struct json_value z = {0};
	struct json_value other = {0};
	assert_true(json_read(SLICE("\"x\""), &x) && json_read(SLICE("\"z\""), &z) &&
		    json_read(SLICE("\"o\""), &other));
	have(a, "{" COMBO("Load", "ckpt", "\"x\"", "") "}");
	have(b, "{" COMBO("Load", "ckpt", "\"z\"", "") "}");
	const struct defs_class *class_ = defs_find(defs, SLICE("Load"));
	assert_true(defs_class_has_value(defs, class_, SLICE("ckpt"), x));
	assert_true(defs_class_has_value(defs, class_, SLICE("ckpt"), z));
	assert_false(defs_class_has_value(defs, class_, SLICE("ckpt"), other));
	defs_worker_forget(b);
	assert_false(defs_class_has_value(defs, class_, SLICE("ckpt"), z));
}

int main(void)
{
	ensure(hash_start() == 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_unknown_worker_allows_everything),
		TEST(test_a_body_that_is_not_read_yet_does_not_count),
		TEST(test_values_must_be_in_the_workers_own_list),
		TEST(test_the_new_style_is_a_combo_too),
		TEST(test_several_may_be_selected_where_that_is_said),
		TEST(test_lists_of_uploads_do_not_count),
		TEST(test_uploaded_files_are_in_every_list),
		TEST(test_values_are_equal_as_in_python),
		TEST(test_long_lists_are_looked_up_alike),
		TEST(test_links_and_broken_nodes_are_not_its_business),
		TEST(test_values_in_nobodys_list_tell_no_worker_from_another),
		TEST(test_the_kind_tells_who_allows_the_same),
		TEST(test_equal_lists_and_classes_are_kept_once),
		TEST(test_what_nobody_has_is_forgotten),
		TEST(test_the_epoch_tells_changes_and_nothing_else),
		TEST(test_of_two_classes_with_one_name_the_last_counts),
		TEST(test_a_class_tells_its_inputs),
		TEST(test_a_value_is_known_when_one_worker_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
