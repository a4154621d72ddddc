#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/ws_accept.h"

static void the_example_of_the_standard_comes_out(void **state)
{
	char out[WS_ACCEPT_CHARS + 1];
	(void)state;
	memset(out, 'x', sizeof(out));
	assert_true(ws_accept_for(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), out));
	assert_memory_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WS_ACCEPT_CHARS);
	assert_int_equal(out[WS_ACCEPT_CHARS], 'x');
}

static void another_key_gives_another_answer(void **state)
{
	char out[WS_ACCEPT_CHARS];
	(void)state;
	assert_true(ws_accept_for(SLICE("x3JJHMbDL1EzLkh9GBhXDw=="), out));
	assert_memory_equal(out, "HSmrc0sMlYUkAGmm5OPpG2HaGWk=", WS_ACCEPT_CHARS);
	assert_true(ws_accept_for(SLICE(""), out));
	assert_memory_equal(out, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=", WS_ACCEPT_CHARS);
}

static void a_key_is_the_base64_of_what_was_drawn(void **state)
{
	char out[WS_KEY_CHARS + 1];
	(void)state;
	memset(out, 'x', sizeof(out));
	ws_key_for((const uint8_t *)"the sample nonce", out);
	assert_memory_equal(out, "dGhlIHNhbXBsZSBub25jZQ==", WS_KEY_CHARS);
	assert_int_equal(out[WS_KEY_CHARS], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_standard_comes_out),
		cmocka_unit_test(another_key_gives_another_answer),
		cmocka_unit_test(a_key_is_the_base64_of_what_was_drawn),
	};
	return cmocka_run_group_tests_name("http/ws_accept", tests, NULL, NULL);
}
