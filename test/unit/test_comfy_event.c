/* test/unit/test_comfy_event.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/event.h"

#include <stdlib.h>

#define ID "5f0a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b"
#define OTHER_ID "00000000-3d4e-4f50-8a6b-7c8d9e0f1a2b"

static struct comfy_event read_text(const char *text)
{
	struct comfy_event event;
	event_read_text(&event, slice_of(text));
	return event;
}

static void assert_slice(struct slice got, const char *want)
{
	if (want == NULL)
		assert_null(got.p);
	else if (!slice_is(got, slice_of(want)))
		fail_msg("%.*s instead of %s", (int)got.n, got.p, want);
}

static void every_event_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum event_kind kind;
		const char *type, *prompt_id, *node;
	} cases[] = {
		{"{\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "
		 "{\"queue_remaining\": 3}}, \"sid\": \"ab\"}}",
			EVENT_STATUS, "status", NULL, NULL},
		{"{\"type\": \"feature_flags\", \"data\": {\"max_upload_size\": 104857600}}",
			EVENT_FEATURE_FLAGS, "feature_flags", NULL, NULL},
		{"{\"type\": \"execution_start\", \"data\": {\"prompt_id\": \"" ID
		 "\", \"timestamp\": 1763750000000}}",
			EVENT_EXECUTION_START, "execution_start", ID, NULL},
		{"{\"type\": \"execution_cached\", \"data\": {\"nodes\": [\"4\", \"5\"], "
		 "\"prompt_id\": \"" ID "\", \"timestamp\": 1}}",
			EVENT_EXECUTION_CACHED, "execution_cached", ID, NULL},
		{"{\"type\": \"execution_success\", \"data\": {\"prompt_id\": \"" ID
		 "\", \"timestamp\": 1}}",
			EVENT_SUCCESS, "execution_success", ID, NULL},
		{"{\"type\": \"execution_error\", \"data\": {\"prompt_id\": \"" ID
		 "\", \"node_id\": \"3\", \"node_type\": \"KSampler\", \"executed\": [\"4\"], "
		 "\"exception_message\": \"\\\"node\\\": 7\", \"exception_type\": \"ValueError\", "
		 "\"traceback\": [\"  File \\\"x\\\"\\n\"], \"current_inputs\": "
		 "{\"node\": [1], \"prompt_id\": [\"x\"]}, \"current_outputs\": []}}",
			EVENT_ERROR, "execution_error", ID, "3"},
		{"{\"type\": \"execution_interrupted\", \"data\": {\"prompt_id\": \"" ID
		 "\", \"node_id\": \"3\", \"node_type\": \"KSampler\", \"executed\": []}}",
			EVENT_INTERRUPTED, "execution_interrupted", ID, "3"},
		{"{\"type\": \"executing\", \"data\": {\"node\": \"3\", \"display_node\": \"3\", "
		 "\"prompt_id\": \"" ID "\"}}",
			EVENT_EXECUTING, "executing", ID, "3"},
		{"{\"type\": \"executing\", \"data\": {\"node\": null, \"prompt_id\": \"" ID "\"}}",
			EVENT_EXECUTING, "executing", ID, NULL},
		{"{\"type\": \"executing\", \"data\": {\"node\": null}}", EVENT_EXECUTING,
			"executing", NULL, NULL},
		{"{\"type\": \"executed\", \"data\": {\"node\": \"12:9\", \"display_node\": "
		 "\"12\", \"output\": {\"images\": [{\"filename\": \"a.png\", \"subfolder\": "
		 "\"\", \"type\": \"output\"}]}, \"prompt_id\": \"" ID "\"}}",
			EVENT_EXECUTED, "executed", ID, "12:9"},
		{"{\"type\": \"progress\", \"data\": {\"value\": 3, \"max\": 20, "
		 "\"prompt_id\": \"" ID "\", \"node\": \"3\"}}",
			EVENT_PROGRESS, "progress", ID, "3"},
		{"{\"type\": \"progress\", \"data\": {\"value\": 3, \"max\": 20}}", EVENT_PROGRESS,
			"progress", NULL, NULL},
		{"{\"type\": \"progress_state\", \"data\": {\"prompt_id\": \"" ID
		 "\", \"nodes\": {\"3\": {\"value\": 3.0, \"max\": 20.0, \"state\": "
		 "\"running\", \"node_id\": \"3\", \"prompt_id\": \"" OTHER_ID
		 "\", \"display_node_id\": \"3\", \"parent_node_id\": null, "
		 "\"real_node_id\": \"3\"}}}}",
			EVENT_PROGRESS_STATE, "progress_state", ID, NULL},
		{"{\"type\": \"logs\", \"data\": {\"entries\": [], \"size\": null}}", EVENT_LOGS,
			"logs", NULL, NULL},
		{"{\"type\": \"assets.seed.started\", \"data\": {}}", EVENT_OTHER,
			"assets.seed.started", NULL, NULL},
		{"{\"data\": {\"node\": \"3\", \"prompt_id\": \"" ID "\"}, \"type\": \"my.event\"}",
			EVENT_OTHER, "my.event", ID, "3"},
		{"{\"type\": \"crystools.monitor\", \"data\": [1, 2]}", EVENT_OTHER,
			"crystools.monitor", NULL, NULL},
		{"{\"type\": \"bare\"}", EVENT_OTHER, "bare", NULL, NULL},
		{"{\"type\": \"x\", \"data\": {\"node\": 7, \"prompt_id\": 8}}", EVENT_OTHER, "x",
			NULL, "7"},
		{"{\"type\": \"x\", \"data\": {\"node_id\": \"a\", \"node\": \"b\"}}", EVENT_OTHER,
			"x", NULL, "b"},
		{"{\"type\": \"x\", \"data\": {\"node\": \"b\", \"node_id\": \"a\"}}", EVENT_OTHER,
			"x", NULL, "b"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct comfy_event event = read_text(cases[i].text);
		assert_int_equal(event.kind, cases[i].kind);
		assert_slice(event.type, cases[i].type);
		assert_slice(event.prompt_id, cases[i].prompt_id);
		assert_slice(event.node, cases[i].node);
		assert_int_equal(event.has_node, cases[i].node != NULL);
	}
}

static void what_is_no_event_is_broken(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "pong", "[]", "{}", "{\"data\": {}}",
		"{\"type\": 1, \"data\": {}}", "{\"type\": \"status\", \"data\": {}",
		"{\"type\": \"status\", \"data\": {]}", "{\"type\": \"status\"} x",
		"{\"type\": \"status\", \"data\": }"};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct comfy_event event = read_text(cases[i]);
		assert_int_equal(event.kind, EVENT_BROKEN);
		assert_null(event.type.p);
		assert_int_equal(event.data.kind, JSON_KIND_NULL);
	}
}

static void the_data_is_spanned(void **state)
{
	(void)state;
	struct comfy_event event = read_text("{\"data\" :  {\"a\": [1]} , \"type\":\"x\"}");
	assert_int_equal(event.data.kind, JSON_KIND_OBJECT);
	assert_slice(event.data.raw, "{\"a\": [1]}");
	event = read_text("{\"type\":\"x\",\"data\": [{}] }");
	assert_int_equal(event.data.kind, JSON_KIND_ARRAY);
	assert_slice(event.data.raw, "[{}]");
	event = read_text("{\"type\":\"x\",\"data\":null}");
	assert_int_equal(event.data.kind, JSON_KIND_NULL);
}

static void of_two_datas_the_last_counts(void **state)
{
	(void)state;
	struct comfy_event event = read_text(
		"{\"type\":\"x\",\"data\":{\"node\":\"1\",\"prompt_id\":\"a\"},"
		"\"data\":{\"sid\":\"b\"},\"type\":\"logs\"}");
	assert_int_equal(event.kind, EVENT_LOGS);
	assert_slice(event.data.raw, "{\"sid\":\"b\"}");
	assert_null(event.prompt_id.p);
	assert_false(event.has_node);
}

static void what_waits_is_read_from_a_status(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int32_t remaining;
	} cases[] = {
		{"{\"type\":\"status\",\"data\":{\"status\":{\"exec_info\":{\"queue_remaining\":"
		 "17}}}}",
			17},
		{"{\"type\":\"status\",\"data\":{\"status\":{\"exec_info\":{\"queue_remaining\":-"
		 "1}}}}",
			-1},
		{"{\"type\":\"status\",\"data\":{\"status\":{\"exec_info\":{\"queue_remaining\":"
		 "99999999999}}}}",
			-1},
		{"{\"type\":\"status\",\"data\":{\"status\":{\"exec_info\":{\"queue_remaining\":"
		 "\"2\"}}}}",
			-1},
		{"{\"type\":\"status\",\"data\":{\"status\":[]}}", -1},
		{"{\"type\":\"status\"}", -1},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct comfy_event event = read_text(cases[i].text);
		assert_int_equal(event_queue_remaining(&event), cases[i].remaining);
	}
}

static struct comfy_event read_binary(struct slice message)
{
	/* A block of exactly the size, so that the sanitizer sees a read behind it. The event's
	 * spans are not looked at by who uses this. */
	struct comfy_event event;
	char *copy = malloc(message.n != 0 ? message.n : 1);
	assert_non_null(copy);
	memcpy(copy, message.p, message.n);
	event_read_binary(&event, (struct slice){copy, message.n});
	free(copy);
	return event;
}

#define TOLD(type)                                                                                 \
	SLICE("\0\0\0\4\0\0\0\x61"                                                                 \
	      "{\"node_id\": \"3\", \"prompt_id\": \"" ID "\", \"image_type\": \"image/" type      \
	      "\"}"                                                                                \
	      "picture")

static void pictures_are_told_from_previews(void **state)
{
	(void)state;
	static const struct {
		struct slice message;
		enum event_kind kind;
	} cases[] = {
		{SLICE("\0\0\0\1\0\0\0\1\xff\xd8"), EVENT_PREVIEW},
		{SLICE("\0\0\0\1\0\0\0\1"), EVENT_PREVIEW},
		{SLICE("\0\0\0\1\0\0\0\2\x89PNG"), EVENT_IMAGE},
		{SLICE("\0\0\0\1\0\0\0\7webp"), EVENT_IMAGE},
		{SLICE("\0\0\0\2\0\0\0\1raw"), EVENT_OTHER},
		{SLICE("\0\0\0\7"), EVENT_OTHER},
		{SLICE("\1\0\0\1\0\0\0\1"), EVENT_OTHER},
		{SLICE("\0\0\0\3\0\0\0\2"
		       "12text"),
			EVENT_TEXT},
		{SLICE("\0\0\0\3\0\0\0\2"
		       "12"),
			EVENT_TEXT},
		{SLICE("\0\0\0\3\0\0\0\2"
		       "1"),
			EVENT_BROKEN},
		{SLICE("\0\0\0\3\xff\xff\xff\xff"
		       "12"),
			EVENT_BROKEN},
		{TOLD("jpeg"), EVENT_PREVIEW},
		{SLICE("\0\0\0\4\0\0\0\2{}x"), EVENT_IMAGE},
		{SLICE("\0\0\0\4\0\0\0\2[]x"), EVENT_BROKEN},
		{SLICE("\0\0\0\4\0\0\0\3{}x"), EVENT_BROKEN},
		{SLICE("\0\0\0\4\0\0\0\3{}"), EVENT_BROKEN},
		{SLICE("\0\0\0\4\0\0"), EVENT_BROKEN},
		{SLICE("\0\0\0\1\0\0\0"), EVENT_BROKEN},
		{SLICE("\0\0\0"), EVENT_BROKEN},
		{SLICE(""), EVENT_BROKEN},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(read_binary(cases[i].message).kind, cases[i].kind);
}

static void a_preview_says_whose_it_is(void **state)
{
	(void)state;
	struct comfy_event event;
	event_read_binary(&event, TOLD("jpeg"));
	assert_slice(event.prompt_id, ID);
	assert_slice(event.node, "3");
	assert_true(event.has_node);
	event_read_binary(&event, SLICE("\0\0\0\3\0\0\0\2"
					"12text"));
	assert_slice(event.node, "12");
	assert_null(event.prompt_id.p);
}

static void a_png_with_metadata_is_kept(void **state)
{
	(void)state;
	struct comfy_event event;
	event_read_binary(&event, SLICE("\0\0\0\4\0\0\0\x1b{\"image_type\":\"image/png\"} x"));
	assert_int_equal(event.kind, EVENT_IMAGE);
}

static uint32_t rename_in(char *message, size_t n)
{
	return event_rename(message, n, SLICE(ID), SLICE(OTHER_ID));
}

static void whole_strings_are_renamed(void **state)
{
	(void)state;
	char text[] = "{\"prompt_id\": \"" ID "\", \"" ID "\": [\"" ID "\"], \"file\": \"" ID
		      ".png\", \"trace\": \"\\\"" ID "\\\" x" ID "\"}";
	assert_int_equal(rename_in(text, sizeof(text) - 1), 3);
	assert_string_equal(text,
		"{\"prompt_id\": \"" OTHER_ID "\", \"" OTHER_ID "\": [\"" OTHER_ID
		"\"], \"file\": \"" ID ".png\", \"trace\": \"\\\"" ID "\\\" x" ID "\"}");
	char end[] = "\"" ID;
	assert_int_equal(rename_in(end, sizeof(end) - 1), 0);
	char begin[] = ID "\"";
	assert_int_equal(rename_in(begin, sizeof(begin) - 1), 0);
	assert_int_equal(rename_in(begin, 0), 0);
	assert_int_equal(event_rename(text, sizeof(text) - 1, SLICE(OTHER_ID), SLICE("short")), 0);
	assert_int_equal(event_rename(text, sizeof(text) - 1, SLICE(""), SLICE("")), 0);
}

static void pictures_are_not_renamed(void **state)
{
	(void)state;
	char told[] = "\0\0\0\4\0\0\0\x28[\"" ID "\"]\"" ID "\"";
	assert_int_equal(rename_in(told, sizeof(told) - 1), 1);
	assert_memory_equal(told, "\0\0\0\4\0\0\0\x28[\"" OTHER_ID "\"]\"" ID "\"", sizeof(told));
	char preview[] = "\0\0\0\1\0\0\0\1\"" ID "\"";
	assert_int_equal(rename_in(preview, sizeof(preview) - 1), 0);
	char cut[] = "\0\0\0\4\0\0\xff\x28[\"" ID "\"]";
	assert_int_equal(rename_in(cut, sizeof(cut) - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_is_told),
		cmocka_unit_test(what_is_no_event_is_broken),
		cmocka_unit_test(the_data_is_spanned),
		cmocka_unit_test(of_two_datas_the_last_counts),
		cmocka_unit_test(what_waits_is_read_from_a_status),
		cmocka_unit_test(pictures_are_told_from_previews),
		cmocka_unit_test(a_preview_says_whose_it_is),
		cmocka_unit_test(a_png_with_metadata_is_kept),
		cmocka_unit_test(whole_strings_are_renamed),
		cmocka_unit_test(pictures_are_not_renamed),
	};
	return cmocka_run_group_tests_name("comfy/event", tests, NULL, NULL);
}
