/* test/unit/test_comfy_inspect.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/comfy.h"

#include <stdio.h>

#define JOB (INSPECT_IS_JOB | INSPECT_BODY | INSPECT_ANSWER)
#define ID "0f3b5a52-6a5e-4c5e-9d39-0b7a3b2f8a11"

static struct arena arena;
static struct lb_keys keys;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1024);
	keys = (struct lb_keys){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static unsigned look_at(const char *method, const char *target)
{
	static const struct http_limits limits = {
		.head_bytes = 65536, .target_bytes = 65536, .fields = 100};
	static struct http_head head;
	char text[4096];
	int n = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, target);
	keys = (struct lb_keys){0};
	http_head_init(&head, HTTP_REQUEST);
	assert_int_equal(http_head_feed(&head, text, (size_t)n, &limits), HTTP_DONE);
	return comfy_inspector.on_head(&head, text, &arena, &keys);
}

static void assert_keys(const char *client_id, const char *prompt_id)
{
	const char *want[CONF_KEY_COUNT] = {
		[CONF_KEY_CLIENT_ID] = client_id, [CONF_KEY_PROMPT_ID] = prompt_id};
	for (int i = 0; i < CONF_KEY_COUNT; i++) {
		struct slice got = keys.value[i];
		if (want[i] == NULL) {
			assert_null(got.p);
			continue;
		}
		assert_non_null(got.p);
		assert_true(slice_is(got, slice_of(want[i])));
	}
}

static void a_posted_prompt_is_a_job(void **state)
{
	(void)state;
	assert_int_equal(look_at("POST", "/prompt"), JOB);
	assert_int_equal(look_at("POST", "/api/prompt"), JOB);
	assert_int_equal(look_at("POST", "/prompt?x=y"), JOB);
	assert_int_equal(look_at("POST", "http://a/api/prompt"), JOB);
	assert_keys(NULL, NULL);
}

static void nothing_else_is_a_job(void **state)
{
	static const char *const others[][2] = {{"GET", "/prompt"}, {"HEAD", "/prompt"},
		{"PUT", "/prompt"}, {"OPTIONS", "/prompt"}, {"POST", "/prompt/"},
		{"POST", "/prompts"}, {"POST", "//prompt"}, {"POST", "/api"}, {"POST", "/api/"},
		{"POST", "/apiprompt"}, {"POST", "/API/prompt"}, {"POST", "/api/api/prompt"},
		{"POST", "/"}, {"POST", "/queue"}, {"POST", "/upload/image"}, {"POST", "/history"},
		{"GET", "/"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(look_at(others[i][0], others[i][1]), 0);
		assert_keys(NULL, NULL);
	}
}

static void a_socket_names_its_client(void **state)
{
	(void)state;
	assert_int_equal(look_at("GET", "/ws?clientId=abc"), 0);
	assert_keys("abc", NULL);
	(void)look_at("GET", "/api/ws?token=1&clientId=a%2Fb+c&clientId=second");
	assert_keys("a/b c", NULL);
	(void)look_at("GET", "/ws");
	assert_keys(NULL, NULL);
	(void)look_at("GET", "/ws?clientId=");
	assert_keys(NULL, NULL);
	(void)look_at("GET", "/ws?clientid=abc");
	assert_keys(NULL, NULL);
	(void)look_at("GET", "/wss?clientId=abc");
	assert_keys(NULL, NULL);
	(void)look_at("POST", "/ws?clientId=abc");
	assert_keys(NULL, NULL);
}

static void ids_are_bounded(void **state)
{
	char target[512];
	(void)state;
	for (int n = 199; n <= 201; n++) {
		(void)snprintf(target, sizeof(target), "/ws?clientId=%0*d", n, 7);
		(void)look_at("GET", target);
		assert_int_equal(keys.value[CONF_KEY_CLIENT_ID].n, n <= 200 ? n : 0);
		(void)snprintf(target, sizeof(target), "/history/%0*d", n, 7);
		(void)look_at("GET", target);
		assert_int_equal(keys.value[CONF_KEY_PROMPT_ID].n, n <= 200 ? n : 0);
	}
}

static void paths_name_their_prompt(void **state)
{
	static const char *const yes[][2] = {{"GET", "/history/" ID}, {"GET", "/api/history/" ID},
		{"HEAD", "/history/" ID}, {"GET", "/history/" ID "?x=1"}, {"GET", "/jobs/" ID},
		{"GET", "/api/jobs/" ID}, {"GET", "/api/api/jobs/" ID},
		{"POST", "/api/jobs/" ID "/cancel"}, {"POST", "/jobs/" ID "/cancel"},
		{"GET", "/history/0f3b5a52%2D6a5e-4c5e-9d39-0b7a3b2f8a1%31"}};
	static const char *const no[][2] = {{"GET", "/history"}, {"GET", "/history/"},
		{"GET", "/history/" ID "/x"}, {"GET", "/history/" ID "/"}, {"POST", "/history/" ID},
		{"GET", "/api/api/history/" ID}, {"GET", "/jobs"}, {"GET", "/jobs/"},
		{"POST", "/jobs/" ID}, {"POST", "/api/jobs/cancel"}, {"POST", "/api/jobs//cancel"},
		{"GET", "/api/jobs/" ID "/cancel"}, {"POST", "/api/jobs/a/b/cancel"},
		{"DELETE", "/history/" ID}, {"GET", "/history/%zz"}, {"GET", "/history/a%00b"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		assert_int_equal(look_at(yes[i][0], yes[i][1]), 0);
		assert_keys(NULL, ID);
	}
	for (size_t i = 0; i < COUNT_OF(no); i++) {
		assert_int_equal(look_at(no[i][0], no[i][1]), 0);
		assert_keys(NULL, NULL);
	}
}

static void a_body_names_client_and_prompt(void **state)
{
	(void)state;
	comfy_inspector.on_body(SLICE("{\"client_id\":\"abc\",\"prompt\":{\"client_id\":\"no\"},"
				      "\"prompt_id\":\"" ID "\"}"),
		&arena, &keys);
	assert_keys("abc", ID);
	keys = (struct lb_keys){0};
	comfy_inspector.on_body(SLICE("{\"prompt\":{},\"prompt_id\":null}"), &arena, &keys);
	assert_keys(NULL, NULL);
	comfy_inspector.on_body(SLICE("{\"client_id\":\"abc\""), &arena, &keys);
	assert_keys(NULL, NULL);
	comfy_inspector.on_body((struct slice){NULL, 0}, &arena, &keys);
	assert_keys(NULL, NULL);
}

static void a_body_leaves_other_keys(void **state)
{
	(void)state;
	keys.value[CONF_KEY_COOKIE] = SLICE("cookie");
	comfy_inspector.on_body(SLICE("{\"client_id\":\"abc\"}"), &arena, &keys);
	assert_true(slice_is(keys.value[CONF_KEY_COOKIE], SLICE("cookie")));
}

static void an_answer_names_its_prompt(void **state)
{
	(void)state;
	comfy_inspector.on_answer(
		SLICE("{\"prompt_id\": \"" ID "\", \"number\": 3, \"node_errors\": {}}"), &arena,
		&keys);
	assert_keys(NULL, ID);
	keys = (struct lb_keys){0};
	comfy_inspector.on_answer(SLICE("{\"prompt_id\": \"" ID "\", \"numb"), &arena, &keys);
	assert_keys(NULL, NULL);
	comfy_inspector.on_answer(SLICE("\x1f\x8b\x08"), &arena, &keys);
	assert_keys(NULL, NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_posted_prompt_is_a_job),
		TEST(nothing_else_is_a_job),
		TEST(a_socket_names_its_client),
		TEST(ids_are_bounded),
		TEST(paths_name_their_prompt),
		TEST(a_body_names_client_and_prompt),
		TEST(a_body_leaves_other_keys),
		TEST(an_answer_names_its_prompt),
	};
	return cmocka_run_group_tests_name("comfy/inspect", tests, NULL, NULL);
}
