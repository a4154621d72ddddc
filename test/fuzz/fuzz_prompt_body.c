/*
 * test/fuzz/fuzz_prompt_body.c - the body of a POST /prompt, and the answer to it.
 *
 * Whatever jansson takes for an object, our scanner takes, too, and finds the same ids in it. A
 * value that is found is one, and a piece of a text is never taken for the whole.
 */
#include "comfy/comfy.h"
#include "comfy/load.h"
#include "comfy/top_keys.h"
#include "test/fuzz/fuzz.h"

#include <jansson.h>

static void check_same(const json_t *root, const struct top_key *key)
{
	const json_t *value = json_object_get(root, key->name);
	size_t length = json_string_length(value);
	if (!json_is_string(value) || length > TOP_KEY_MOST)
		length = 0;
	ensure(key->length == length);
	ensure(length == 0 || memcmp(key->value, json_string_value(value), length) == 0);
}

/* The scanner reads front to back; so a text that is whole has no whole beginning, unless only
 * blanks follow. */
static void check_beginnings(struct slice text)
{
	struct top_key key = {.name = "prompt_id"};
	while (text.n != 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	for (size_t n = 0, step = 1 + text.n / 64; n < text.n; n += step)
		ensure(!top_keys_find((struct slice){text.p, n}, &key, 1) && key.length == 0);
}

static void check_keys(struct slice text)
{
	struct top_key keys[] = {{.name = "client_id"}, {.name = "prompt_id"}};
	bool is_whole = top_keys_find(text, keys, COUNT_OF(keys));
	json_t *root = json_loadb(text.p, text.n, 0, NULL);
	if (json_is_object(root)) {
		ensure(is_whole);
		for (size_t i = 0; i < COUNT_OF(keys); i++)
			check_same(root, &keys[i]);
	}
	json_decref(root);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		ensure(keys[i].length <= TOP_KEY_MOST);
		ensure(keys[i].length == 0 || is_whole);
		ensure(memchr(keys[i].value, '\0', keys[i].length) == NULL);
	}
	if (is_whole)
		check_beginnings(text);
}

/* What the hooks give is what the scanner found. */
static void check_hooks(struct slice text)
{
	struct arena arena;
	struct lb_keys of_body = {0};
	struct lb_keys of_answer = {0};
	arena_init(&arena, 1024);
	comfy_inspector.on_body(text, &arena, &of_body);
	comfy_inspector.on_answer(text, &arena, &of_answer);
	ensure(slice_is(of_body.value[CONF_KEY_PROMPT_ID], of_answer.value[CONF_KEY_PROMPT_ID]));
	ensure(of_answer.value[CONF_KEY_CLIENT_ID].p == NULL);
	arena_finish(&arena);
}

/* The other two bodies that are read: nothing to compare with, but they must not hurt. */
static void check_answers(struct slice text)
{
	struct backend_report report = {.vram_total = 1};
	if (!comfy_read_system_stats(text, &report))
		ensure(report.vram_total == 1);
	ensure(memchr(report.version, '\0', sizeof(report.version)) != NULL);
	ensure(memchr(report.device, '\0', sizeof(report.device)) != NULL);
	ensure(comfy_read_queue(text) >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	check_keys(text);
	check_hooks(text);
	check_answers(text);
	return 0;
}
