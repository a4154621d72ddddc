#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "comfy/files.h"
#include "comfy/fleet.h"

#include <errno.h>
#include <stdio.h>

static struct files *files;
static const struct file_name picture = {{"output", 6}, {"", 0}, {"a.png", 5}};
static struct file_client ann, bob, nobody;

static int setup(void **state)
{
	(void)state;
	ann = file_client_of(SLICE("ann's cookie"), SLICE("10.0.0.1"));
	bob = file_client_of(SLICE("bob's cookie"), SLICE("10.0.0.1"));
	nobody = file_client_of(SLICE(""), SLICE("10.0.0.9"));
	files = files_create();
	return files == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	files_destroy(files);
	return 0;
}

static void assert_maker(const struct file_client *client, const char *expected)
{
	bool is_made;
	const char *node_id = files_find(files, &picture, client, &is_made);
	if (expected == NULL) {
		assert_null(node_id);
	} else {
		assert_non_null(node_id);
		assert_string_equal(node_id, expected);
	}
}

static void a_file_is_found_at_its_maker(void **state)
{
	(void)state;
	bool is_made = false;
	assert_maker(&ann, NULL);
	files_add(files, &picture, "w1", &ann);
	assert_maker(&ann, "w1");
	assert_maker(&nobody, "w1");
	const struct file_name others[] = {{SLICE("temp"), SLICE(""), SLICE("a.png")},
		{SLICE("output"), SLICE("a"), SLICE(".png")},
		{SLICE("output"), SLICE(""), SLICE("a.pn")}};
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_null(files_find(files, &others[i], &ann, &is_made));
	files_remove(files, &picture, "w2");
	assert_maker(&ann, "w1");
	files_remove(files, &picture, "w1");
	assert_maker(&ann, NULL);
}

static void without_a_tag_everybody_gets_their_own(void **state)
{
	(void)state;
	files_add(files, &picture, "w1", &ann);
	files_add(files, &picture, "w2", &bob);
	assert_maker(&ann, "w1");
	assert_maker(&bob, "w2");
	/* The one that has the name. */
	assert_maker(&nobody, "w1");
	struct file_client no_cookie = {.ip = ann.ip};
	assert_maker(&no_cookie, "w1");
}

static void of_ones_own_files_the_untagged_one_has_the_name(void **state)
{
	(void)state;
	files_add(files, &picture, "w1", &ann);
	files_add(files, &picture, "w2", &ann);
	assert_maker(&ann, "w1");
	files_add(files, &picture, "w2", &ann);
	assert_maker(&ann, "w1");
}

static void a_place_that_was_asked_for_is_nobodys(void **state)
{
	(void)state;
	bool is_made = true;
	files_add(files, &picture, "w3", NULL);
	assert_non_null(files_find(files, &picture, &ann, &is_made));
	assert_false(is_made);
	files_add(files, &picture, "w3", &ann);
	assert_non_null(files_find(files, &picture, &ann, &is_made));
	assert_true(is_made);
}

static void the_longest_unused_is_forgotten(void **state)
{
	(void)state;
	char text[16];
	bool is_made;
	files_add(files, &picture, "w1", &ann);
	for (int i = 0; i < FILES_MOST; i++) {
		struct file_name name = picture;
		(void)snprintf(text, sizeof(text), "%d", i);
		name.filename = slice_of(text);
		files_add(files, &name, "w1", &ann);
		if (i == 0)
			assert_maker(&ann, "w1");
	}
	assert_int_equal(files_count(files), FILES_MOST);
	assert_maker(&ann, "w1");
	struct file_name first = {picture.type, picture.subfolder, SLICE("0")};
	assert_null(files_find(files, &first, &ann, &is_made));
}

static void names_without_end_are_not_kept(void **state)
{
	(void)state;
	static char big[70000];
	bool is_made;
	memset(big, 'x', sizeof(big));
	struct file_name name = {SLICE("output"), SLICE(""), {big, sizeof(big)}};
	files_add(files, &name, "w1", &ann);
	assert_null(files_find(files, &name, &ann, &is_made));
	assert_int_equal(files_count(files), 0);
}

static void assert_renamed(const char *node_id, const char *json, const char *expected)
{
	struct blob *blob = files_rename(files, node_id, slice_of(json));
	assert_int_equal(errno, 0);
	if (expected == NULL) {
		assert_null(blob);
		return;
	}
	assert_non_null(blob);
	assert_string_equal(blob->p, expected);
	blob_unref(blob);
}

#define IMAGE(subfolder)                                                                           \
	"{\"filename\": \"a.png\", \"subfolder\": \"" subfolder "\", \"type\": \"output\"}"

static void outputs_are_learned_wherever_they_stand(void **state)
{
	(void)state;
	files_learn_from(files, "w1", &ann,
		SLICE("{\"9\": {\"images\": [" IMAGE("") ", " IMAGE(
			"d\\u00e9") "], \"animated\": [false]}, \"12\": {\"ui\": {\"x\": "
				    "[[" IMAGE("x") "]]}, \"text\": [\"filename\"]}}"));
	assert_int_equal(files_count(files), 3);
	assert_maker(&ann, "w1");
	struct file_name name = {SLICE("output"), SLICE("d\xc3\xa9"), SLICE("a.png")};
	bool is_made;
	assert_non_null(files_find(files, &name, &ann, &is_made));
	/* No files, no JSON. */
	files_learn_from(files, "w1", &ann, SLICE("{\"filename\": 1, \"type\": \"output\"}"));
	files_learn_from(files, "w1", &ann, SLICE("{\"filename\": \"b.png\"}"));
	files_learn_from(files, "w1", &ann, SLICE("{\"filename\": \"b.png\", \"type\""));
	files_learn_from(files, "w1", &ann, SLICE(""));
	assert_int_equal(files_count(files), 3);
}

static void the_second_ones_names_get_a_tag(void **state)
{
	(void)state;
	static const char one[] = "{\"images\": [" IMAGE("") "]}";
	static const char sub[] = "{\"images\": [" IMAGE("s\\/t") "], \"n\": 1}";
	files_learn_from(files, "w1", &ann, SLICE(one));
	assert_renamed("w1", one, NULL);
	/* Learned or not. */
	assert_renamed("w2", one, "{\"images\": [" IMAGE("@w2") "]}");
	files_learn_from(files, "w2", &bob, SLICE(one));
	assert_renamed("w2", one, "{\"images\": [" IMAGE("@w2") "]}");
	assert_renamed("w1", one, NULL);
	assert_renamed("w2", sub, NULL);
	files_learn_from(files, "w2", &bob, SLICE(sub));
	assert_renamed("w2", sub, NULL);
	assert_renamed("w\"1", sub, "{\"images\": [" IMAGE("@w\\\"1/s\\/t") "], \"n\": 1}");
	/* What is shown with a tag keeps it. */
	files_remove(files, &picture, "w1");
	assert_renamed("w2", one, "{\"images\": [" IMAGE("@w2") "]}");
}

static void several_names_are_tagged_in_one_go(void **state)
{
	(void)state;
	files_learn_from(files, "w1", &ann, SLICE("[" IMAGE("") "," IMAGE("x") "]"));
	assert_renamed("w2", " [" IMAGE("") "," IMAGE("new") ", {\"a\":[" IMAGE("x") "]}] ",
		" [" IMAGE("@w2") "," IMAGE("new") ", {\"a\":[" IMAGE("@w2/x") "]}] ");
	assert_renamed("w2", "{\"type\":\"output\",\"filename\":\"a.png\"}",
		"{\"subfolder\": \"@w2\", \"type\":\"output\",\"filename\":\"a.png\"}");
}

static void a_folder_that_looks_like_a_tag_gets_one(void **state)
{
	(void)state;
	assert_renamed("w1", IMAGE("@w2"), IMAGE("@w1/@w2"));
}

static void a_tag_leads_to_its_worker(void **state)
{
	(void)state;
	struct fleet fleet;
	struct fleet_worker workers[3];
	static const char *const ids[] = {"w", "w/x", "w1"};
	struct slice rest;
	list_init(&fleet.workers);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		(void)snprintf(workers[i].node_id, sizeof(workers[i].node_id), "%s", ids[i]);
		list_push_back(&fleet.workers, &workers[i].node);
	}
	assert_ptr_equal(files_tagged_worker(&fleet, SLICE("@w"), &rest), &workers[0]);
	assert_true(slice_is(rest, SLICE("")));
	assert_ptr_equal(files_tagged_worker(&fleet, SLICE("@w1/a/b"), &rest), &workers[2]);
	assert_true(slice_is(rest, SLICE("a/b")));
	assert_ptr_equal(files_tagged_worker(&fleet, SLICE("@w/x/y"), &rest), &workers[1]);
	assert_true(slice_is(rest, SLICE("y")));
	assert_ptr_equal(files_tagged_worker(&fleet, SLICE("@w/y"), &rest), &workers[0]);
	assert_null(files_tagged_worker(&fleet, SLICE("@w2"), &rest));
	assert_null(files_tagged_worker(&fleet, SLICE("@"), &rest));
	assert_null(files_tagged_worker(&fleet, SLICE("w"), &rest));
	assert_null(files_tagged_worker(&fleet, SLICE(""), &rest));
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES_TEST(a_file_is_found_at_its_maker),
		FILES_TEST(without_a_tag_everybody_gets_their_own),
		FILES_TEST(of_ones_own_files_the_untagged_one_has_the_name),
		FILES_TEST(a_place_that_was_asked_for_is_nobodys),
		FILES_TEST(the_longest_unused_is_forgotten),
		FILES_TEST(names_without_end_are_not_kept),
		FILES_TEST(outputs_are_learned_wherever_they_stand),
		FILES_TEST(the_second_ones_names_get_a_tag),
		FILES_TEST(several_names_are_tagged_in_one_go),
		FILES_TEST(a_folder_that_looks_like_a_tag_gets_one),
		FILES_TEST(a_tag_leads_to_its_worker),
	};
	if (hash_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
