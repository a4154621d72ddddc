#include "test/unit/http_help.h"

#include "http/basic.h"

static bool parses(const char *field, const char *user, const char *password)
{
	struct http_basic basic;
	size_t n = strlen(field);
	/* Exactly the room that was promised, so that the sanitizer sees what goes beyond. */
	char *out = malloc(HTTP_BASIC_ROOM(n));
	assert_non_null(out);
	bool is_good = http_basic_parse(slice_of(field), out, &basic);
	if (is_good) {
		assert_true(slice_is(basic.user, slice_of(user)));
		assert_true(slice_is(basic.password, slice_of(password)));
	}
	free(out);
	return is_good;
}

static void name_and_password_are_found(void **state)
{
	(void)state;
	assert_true(parses("Basic dXNlcjpzZWNyZXQ=", "user", "secret"));
	assert_true(parses("bAsIc    dXNlcjpzZWNyZXQ", "user", "secret"));
	assert_true(parses("Basic dXNlcjo=", "user", ""));
	assert_true(parses("Basic dTphOmI=", "u", "a:b"));
	assert_true(parses("Basic dTo/Pz8+Pj4=", "u", "\?\?\?>>>"));
	assert_true(parses("Basic dTo_Pz8-Pj4=", "u", "\?\?\?>>>"));
	assert_true(parses("Basic dXNlcjpzZWNyZXQ=ignored", "user", "secret"));
}

static void anything_else_is_refused(void **state)
{
	static const char *const wrong[] = {"", "Basic", "Basic ", "Basic    ", "Bearer dTph",
		"Basicx dTph", "Basic dXNlcg==", "Basic OnNlY3JldA==", "Basic dXNlcjp!", "Basic d",
		"Basic dXNlcjpzZ", "Basic ====", "Basic dTp h"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(parses(wrong[i], "", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_and_password_are_found),
		cmocka_unit_test(anything_else_is_refused),
	};
	return cmocka_run_group_tests_name("http/basic", tests, NULL, NULL);
}
