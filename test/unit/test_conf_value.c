/*
 * test_conf_value.c - texts with variables, and names that are defined somewhere.
 */
#include "base/regex.h"
#include "conf/value.h"
#include "conf/vars.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct bench {
	struct arena arena;
	struct conf_vars *vars;
	struct conf_users users;
	struct err err;
};

static void begin(struct bench *b)
{
	arena_init(&b->arena, 4096);
	b->vars = conf_vars_create(&b->arena);
	assert_non_null(b->vars);
	b->err.text[0] = '\0';
}

static struct conf_value compiled(struct bench *b, const char *text)
{
	struct conf_value value;
	assert_true(conf_value_compile(&value, text, b->vars, &b->arena, &b->err));
	return value;
}

static struct conf_part defined(struct bench *b, const char *name, enum conf_user_kind kind)
{
	struct conf_part part;
	assert_true(conf_vars_define(b->vars, name, kind, NULL, &b->arena, &part, &b->err));
	return part;
}

static void assert_slice(struct slice slice, const char *text)
{
	assert_int_equal(slice.n, strlen(text));
	assert_memory_equal(slice.p, text, slice.n);
}

static void a_text_without_variables_is_one_part(void **state)
{
	(void)state;
	struct bench b;
	begin(&b);
	struct conf_value value = compiled(&b, "upgrade");
	assert_true(conf_value_is_literal(&value));
	assert_slice(conf_value_literal(&value), "upgrade");
	value = compiled(&b, "");
	assert_int_equal(value.count, 0);
	assert_true(conf_value_is_literal(&value));
	assert_slice(conf_value_literal(&value), "");
	assert_true(conf_value_of_text(&value, SLICE("x"), &b.arena));
	assert_slice(conf_value_literal(&value), "x");
	arena_finish(&b.arena);
}

static void variables_captures_and_text_are_taken_apart(void **state)
{
	(void)state;
	struct bench b;
	begin(&b);
	struct conf_value value = compiled(&b, "$Scheme://${host}_$10$1-$http_X_Foo$args");
	assert_true(conf_vars_check(b.vars, &b.users, &b.err));
	static const struct conf_part want[] = {
		{CONF_PART_VAR, CONF_VAR_SCHEME, {"", 0}},
		{CONF_PART_TEXT, 0, {"://", 3}},
		{CONF_PART_VAR, CONF_VAR_HOST, {"", 0}},
		{CONF_PART_TEXT, 0, {"_", 1}},
		{CONF_PART_CAPTURE, 1, {"", 0}},
		{CONF_PART_TEXT, 0, {"0", 1}},
		{CONF_PART_CAPTURE, 1, {"", 0}},
		{CONF_PART_TEXT, 0, {"-", 1}},
		{CONF_PART_VAR, CONF_VAR_HTTP_X, {"x_foo", 5}},
		{CONF_PART_VAR, CONF_VAR_ARGS, {"", 0}},
	};
	assert_true(conf_value_has_vars(&value));
	assert_int_equal(value.count, COUNT_OF(want));
	for (uint32_t i = 0; i < value.count; i++) {
		assert_int_equal(value.parts[i].kind, want[i].kind);
		assert_int_equal(value.parts[i].n, want[i].n);
		assert_true(slice_is(value.parts[i].text, want[i].text));
	}
	assert_false(b.users.uses_sent_head);
	arena_finish(&b.arena);
}

/* The words are those of `nginx -t` (1.22.1). */
static void what_is_no_variable_is_said_as_nginx_says_it(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"$", "invalid variable name"},
		{"a$", "invalid variable name"},
		{"a$ b", "invalid variable name"},
		{"${", "invalid variable name"},
		{"${}", "invalid variable name"},
		{"$$a", "invalid variable name"},
		{"$\xc3\xa9", "invalid variable name"},
		{"${a", "the closing bracket in \"a\" variable is missing"},
		{"${foo-bar}", "the closing bracket in \"foo\" variable is missing"},
		{"${foo bar}", "the closing bracket in \"foo\" variable is missing"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;
		begin(&b);
		struct conf_value value;
		assert_false(conf_value_compile(&value, cases[i][0], b.vars, &b.arena, &b.err));
		assert_string_equal(b.err.text, cases[i][1]);
		arena_finish(&b.arena);
	}
}

static void a_name_that_nothing_defines_is_told_at_the_end(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"$Foo-bar", "unknown \"foo\" variable"},
		{"$0", "unknown \"0\" variable"},
		{"${1}", "unknown \"1\" variable"},
		{"$a$b", "unknown \"a\" variable"},
		{"$host $connection_upgrade $http_x", "unknown \"connection_upgrade\" variable"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;
		begin(&b);
		compiled(&b, cases[i][0]);
		assert_false(conf_vars_check(b.vars, &b.users, &b.err));
		assert_string_equal(b.err.text, cases[i][1]);
		arena_finish(&b.arena);
	}
}

static void a_definition_may_stand_behind_its_use(void **state)
{
	(void)state;
	struct bench b;
	begin(&b);
	struct conf_value value = compiled(&b, "$connection_upgrade");
	struct conf_part part = defined(&b, "$Connection_Upgrade", CONF_USER_MAP);
	assert_true(conf_vars_check(b.vars, &b.users, &b.err));
	assert_int_equal(part.kind, CONF_PART_USER);
	assert_int_equal(value.parts[0].kind, CONF_PART_USER);
	assert_int_equal(value.parts[0].n, part.n);
	assert_string_equal(b.users.users[part.n].name, "connection_upgrade");
	arena_finish(&b.arena);
}

static void some_names_cannot_be_defined(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"x", "invalid variable name \"x\""},
		{"$", "invalid variable name \"$\""},
		{"$host", "the duplicate \"host\" variable"},
		{"$HTTP_HOST", "the duplicate \"HTTP_HOST\" variable"},
		{"$sent_http_location", "the duplicate \"sent_http_location\" variable"},
	};
	struct bench b;
	begin(&b);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_false(conf_vars_define(
			b.vars, cases[i][0], CONF_USER_SET, NULL, &b.arena, NULL, &b.err));
		assert_string_equal(b.err.text, cases[i][1]);
	}
	struct conf_part part = defined(&b, "$args", CONF_USER_SET);
	assert_int_equal(part.kind, CONF_PART_VAR);
	assert_int_equal(part.n, CONF_VAR_ARGS);
	/* They can be defined, and never be used. */
	defined(&b, "$a-b", CONF_USER_SET);
	defined(&b, "$1", CONF_USER_SET);
	arena_finish(&b.arena);
}

static void what_computes_a_value_goes_before_a_set(void **state)
{
	(void)state;
	struct bench b;
	begin(&b);
	uint32_t x = defined(&b, "$x", CONF_USER_SET).n;
	assert_int_equal(defined(&b, "$x", CONF_USER_MAP).n, x);
	assert_int_equal(defined(&b, "$x", CONF_USER_SET).n, x);
	uint32_t header = defined(&b, "$sent_http_x", CONF_USER_SET).n;
	assert_true(conf_vars_check(b.vars, &b.users, &b.err));
	assert_int_equal(b.users.users[x].kind, CONF_USER_MAP);
	assert_int_equal(b.users.users[header].kind, CONF_USER_SET);
	assert_true(b.users.users[header].has_family);
	assert_int_equal(b.users.users[header].family.n, CONF_VAR_SENT_HTTP_X);
	assert_true(b.users.uses_sent_head);
	arena_finish(&b.arena);
}

static void named_groups_are_variables(void **state)
{
	(void)state;
	struct bench b;
	begin(&b);
	struct regex *regex = regex_create("^(?<first>.)(.)(?<last>.)$", false, &b.err);
	assert_non_null(regex);
	struct conf_value value = compiled(&b, "$last");
	assert_true(conf_vars_define_groups(b.vars, regex, &b.arena, &b.err));
	assert_true(conf_vars_check(b.vars, &b.users, &b.err));
	assert_int_equal(b.users.named_count, 2);
	assert_int_equal(b.users.named[1].group, 3);
	assert_int_equal(b.users.named[1].user, value.parts[0].n);
	assert_int_equal(b.users.users[value.parts[0].n].kind, CONF_USER_FOUND);
	regex_destroy(regex);
	regex = regex_create("(?<host>.)", false, &b.err);
	assert_false(conf_vars_define_groups(b.vars, regex, &b.arena, &b.err));
	assert_string_equal(b.err.text, "the duplicate \"host\" variable");
	regex_destroy(regex);
	arena_finish(&b.arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_without_variables_is_one_part),
		cmocka_unit_test(variables_captures_and_text_are_taken_apart),
		cmocka_unit_test(what_is_no_variable_is_said_as_nginx_says_it),
		cmocka_unit_test(a_name_that_nothing_defines_is_told_at_the_end),
		cmocka_unit_test(a_definition_may_stand_behind_its_use),
		cmocka_unit_test(some_names_cannot_be_defined),
		cmocka_unit_test(what_computes_a_value_goes_before_a_set),
		cmocka_unit_test(named_groups_are_variables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
