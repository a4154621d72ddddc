/* test/unit/test_comfy_graph_memory.c: memory that runs out while a graph is read, checked or
 * copied: told, and nothing leaks. */
#include "test/unit/check_help.h"
#include "test/unit/memory_help.h"

#include <errno.h>

/* Names with escapes, many inputs, twice the same: all that takes memory. */
static char *big_text(void)
{
	struct text text;
	text_init(&text, 1 << 16);
	text_puts(&text, "{\"prompt\": {\"a\\nb\": {\"class_type\": \"L\\u006f\", \"inputs\": {");
	for (unsigned i = 0; i < 100; i++) {
		text_puts(&text, i == 0 ? "\"x" : ", \"x");
		text_u64(&text, i / 2);
		text_puts(&text, "\\t\": \"\\u0041\"");
	}
	text_puts(&text, "}}");
	for (unsigned i = 0; i < 200; i++) {
		text_puts(&text, ", \"");
		text_u64(&text, i);
		text_puts(&text, "\": {\"inputs\": {\"in\": [\"a\\nb\", 0]}}");
	}
	text_puts(&text, "}, \"client_id\": \"\\u0063\"}");
	char *copy = arena_copy(&arena, text.p, text.n);
	text_finish(&text);
	assert_non_null(copy);
	return copy;
}

static void reading_says_so(void **state)
{
	(void)state;
	struct slice text = slice_of(big_text());
	for (long nth = 0;; nth++) {
		struct prompt_body body;
		struct arena own;
		arena_init(&own, 512);
		fail_at(nth);
		int rc = prompt_body_read(&body, text, &own);
		bool was_failed = has_failed;
		fail_at(-1);
		assert_int_equal(rc, was_failed ? -ENOMEM : 0);
		arena_finish(&own);
		if (!was_failed) {
			assert_true(nth > 10);
			return;
		}
	}
}

static void checking_says_so(void **state)
{
	(void)state;
	static const char *const graphs[] = {
		"{\"prompt\": " PICTURE("\"seed\": \"a\", \"steps\": 0, \"name\": \"?\"") "}",
		"{\"prompt\": {" LOADER
		", " SAMPLER(SETTINGS) ", " DECODE ", " SAVE ", \"10\": {\"class_type\": \"Save\", "
				       "\"inputs\": {\"images\": [\"4\", 0]}}}}",
		"{\"prompt\": {\"1\": {\"class_type\": \"Any\", \"inputs\": {\"value\": [\"1\", "
		"0]}}, "
		"\"2\": {\"class_type\": \"Save\", \"inputs\": {\"images\": [\"1\", 0]}}}}",
		"{\"prompt\": {\"1\": {}}}",
		"{\"prompt\": {\"1\": {\"class_type\": \"Nope\"}}}",
		"{}",
	};
	for (size_t i = 0; i < COUNT_OF(graphs); i++) {
		struct prompt_body body;
		struct check_result usual;
		bool was_failed = true;
		assert_int_equal(prompt_body_read(&body, slice_of(graphs[i]), &arena), 0);
		assert_int_equal(check_graph(defs, &body, &usual), 0);
		for (long nth = 0; was_failed; nth++) {
			struct check_result result;
			fail_at(nth);
			int rc = check_graph(defs, &body, &result);
			was_failed = has_failed;
			fail_at(-1);
			/* What was not needed may have failed. */
			assert_true(rc == 0 || (rc == -ENOMEM && was_failed));
			assert_int_equal(result.answer == NULL, rc != 0);
			if (rc == 0)
				assert_string_equal(result.answer->p, usual.answer->p);
			drop(&result);
		}
		drop(&usual);
	}
}

static void copying_says_so(void **state)
{
	(void)state;
	struct prompt_body body;
	bool was_failed = true;
	assert_int_equal(prompt_body_read(&body, slice_of(big_text()), &arena), 0);
	for (long nth = 0; was_failed; nth++) {
		bool had_secrets;
		struct slice graph, targets;
		fail_at(nth);
		struct blob *made[] = {
			prompt_body_for_worker(&body, &graph, &targets),
			prompt_body_for_journal(&body, SLICE("{}")),
			prompt_extra_data(&body, SLICE("a"), 1, &had_secrets),
		};
		was_failed = has_failed;
		fail_at(-1);
		int missing = 0;
		for (size_t i = 0; i < COUNT_OF(made); i++) {
			missing += made[i] == NULL;
			blob_unref(made[i]);
		}
		assert_int_equal(missing, was_failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading_says_so),
		TEST(checking_says_so),
		TEST(copying_says_so),
	};
	return cmocka_run_group_tests_name("comfy/graph memory", tests, NULL, NULL);
}
