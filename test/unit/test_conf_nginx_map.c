#include "test/unit/conf_help.h"

#include "conf/geo.h"
#include "conf/log_format.h"
#include "conf/map.h"
#include "conf/split.h"
#include "conf/web.h"

static struct conf_help help;

static struct conf *read_http(const char *http, struct conf_problems *problems)
{
	char text[4096];
	(void)snprintf(text, sizeof(text),
		"events { }\nhttp {\n%s\nserver { listen 127.0.0.1:8080; } }\n", http);
	conf_problems_init(problems);
	conf_help_open(&help);
	const char *path = conf_help_file(&help, "n.conf", text, strlen(text));
	struct conf *conf = conf_read(path, NULL, problems);
	conf_help_sweep(&help);
	return conf;
}

/* What nginx 1.22.1 says to the same; 0: it gives no line. */
static const char *const wrong[][2] = {
	{"map a y { }", "3: invalid variable name \"y\"\n"},
	{"map $x $y { }", "0: unknown \"x\" variable\n"},
	{"map a $host { }", "3: the duplicate \"host\" variable\n"},
	{"map a $y { default 1; default 2; }", "3: duplicate default map parameter\n"},
	{"map a $y { a; }", "3: invalid number of the map parameters\n"},
	{"map a $y { a b c; }", "3: invalid number of the map parameters\n"},
	{"map a $y { a b; A c; }", "3: conflicting parameter \"a\"\n"},
	{"map a $y { hostnames; *.foo.* c; }", "3: invalid hostname or wildcard \"*.foo.*\"\n"},
	{"map a $y { ~( b; }", "3: pcre2_compile() failed: missing closing parenthesis in \"(\"\n"},
	{"map a $y { a $; }", "3: invalid variable name\n"},
	{"map a $y { a \"${b\"; }", "3: the closing bracket in \"b\" variable is missing\n"},
	{"map a $y { ~(?<host>x) 2; }", "3: the duplicate \"host\" variable\n"},
	{"map a $y { default $b; }", "0: unknown \"b\" variable\n"},
	{"geo x { }", "3: invalid variable name \"x\"\n"},
	{"geo y $x { }", "3: invalid variable name \"y\"\n"},
	{"geo $x { a; }", "3: invalid number of the geo parameters\n"},
	{"geo $x { foo a; }", "3: invalid network \"foo\"\n"},
	{"geo $x { all a; }", "3: invalid network \"all\"\n"},
	{"geo $x { proxy foo; }", "3: invalid network \"foo\"\n"},
	{"geo $x { 1.2.3.0/24 a; ranges; }",
		"3: the \"ranges\" directive must be the first directive inside \"geo\" block\n"},
	{"geo $x { ranges; 1.2.3.4 a; }", "3: invalid range \"1.2.3.4\"\n"},
	{"geo $x { ranges; 1.2.3.0-1.2.3.10 a; 1.2.3.5-1.2.3.20 b; }",
		"3: range \"1.2.3.5-1.2.3.20\" overlaps \"1.2.3.0-1.2.3.10\"\n"},
	{"split_clients a y { }", "3: invalid variable name \"y\"\n"},
	{"split_clients a $y { 10 a; }", "3: invalid percent value \"10\"\n"},
	{"split_clients a $y { 10% a; 91% b; }", "3: percent total is greater than 100%\n"},
	{"split_clients a $y { 10% a;\n* b;\n1% c;\n}", "6: percent total is greater than 100%\n"},
	{"log_format a;", "3: invalid number of arguments in \"log_format\" directive\n"},
	{"log_format combined x;", "3: duplicate \"log_format\" name \"combined\"\n"},
	{"log_format a escape=foo x;", "3: unknown log format escaping \"foo\"\n"},
	{"log_format a \"x $\";", "3: invalid parameter \"$\"\n"},
	{"log_format a \"$ x\";", "3: invalid parameter \"$ x\"\n"},
	{"log_format a \"${\";", "3: invalid parameter \"${\"\n"},
	{"log_format a \"$1\";", "0: unknown \"1\" variable\n"},
	{"access_log off x;", "3: invalid parameter \"x\"\n"},
	{"access_log l main;", "3: unknown log format \"main\"\n"},
	{"access_log l combined buffer=x;", "3: invalid buffer size \"x\"\n"},
	{"access_log l combined buffer=32k flush=x;", "3: invalid flush time \"x\"\n"},
	{"access_log l combined flush=1s;", "3: no buffer is defined for access_log \"l\"\n"},
	{"access_log l combined buffer=1k; access_log l combined buffer=2k;",
		"3: access_log \"l\" already defined with conflicting parameters\n"},
	{"access_log $host combined buffer=1k;",
		"3: buffered logs cannot have variables in name\n"},
	{"access_log l combined gzip=10;", "3: invalid compression level \"10\"\n"},
	{"access_log l combined foo;", "3: invalid parameter \"foo\"\n"},
	{"open_log_file_cache foo;", "3: invalid \"open_log_file_cache\" parameter \"foo\"\n"},
};

static void what_is_wrong_is_said_as_nginx_says_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct conf_problems problems;
		struct conf *conf = read_http(wrong[i][0], &problems);
		assert_null(conf);
		assert_string_equal(conf_help_list(&problems, false), wrong[i][1]);
		conf_problems_finish(&problems);
	}
}

static struct conf *good(const char *http)
{
	struct conf_problems problems;
	struct conf *conf = read_http(http, &problems);
	assert_string_equal(conf_help_list(&problems, false), "");
	conf_problems_finish(&problems);
	assert_non_null(conf);
	return conf;
}

static const struct conf_user *user(const struct conf *conf, const char *name)
{
	const struct conf_users *users = &conf->web->users;
	uint32_t i = 0;
	while (i < users->count && strcmp(users->users[i].name, name) != 0)
		i++;
	assert_true(i < users->count);
	return &users->users[i];
}

static void a_map_is_read(void **state)
{
	(void)state;
	struct conf *conf = good(
		"map $http_upgrade $connection_upgrade {\n"
		"  default upgrade; '' close; \\default x; ~*^re(.) \"$1\"; volatile; }");
	const struct conf_user *found = user(conf, "connection_upgrade");
	const struct conf_map *map = found->rule;
	assert_int_equal(found->kind, CONF_USER_MAP);
	assert_true(found->is_volatile);
	assert_true(slice_is(conf_value_literal(&map->value), SLICE("upgrade")));
	assert_true(slice_is(conf_value_literal(conf_map_find(map, SLICE(""))), SLICE("close")));
	assert_true(slice_is(conf_value_literal(conf_map_find(map, SLICE("default"))), SLICE("x")));
	assert_int_equal(map->regex_count, 1);
	conf_destroy(conf);
}

static uint32_t note_count(const struct conf *conf)
{
	uint32_t n = 0;
	for (const struct conf_note *note = conf->notes; note != NULL; note = note->next)
		n++;
	return n;
}

static void a_geo_is_read_and_warns(void **state)
{
	(void)state;
	struct conf *conf = good("geo $g { default d; 10.1.2.3/8 ten; 10.0.0.0/8 again;\n"
				 "  delete 9.0.0.0/8; proxy 127.0.0.1; proxy_recursive; }");
	const struct conf_geo *geo = user(conf, "g")->rule;
	assert_string_equal(conf_geo_find(geo, SLICE("\x0a\x01\x01\x01")).p, "again");
	assert_string_equal(conf_geo_find(geo, SLICE("\x01\x01\x01\x01")).p, "d");
	assert_int_equal(geo->proxy_count, 1);
	assert_true(geo->is_recursive);
	/* Low bits, a duplicate, nothing to delete; the same counts in nginx. */
	assert_int_equal(note_count(conf), 3);
	assert_string_equal(conf->notes->text, "low address bits of 10.1.2.3/8 are meaningless");
	conf_destroy(conf);
}

static void clients_are_split(void **state)
{
	(void)state;
	struct conf *conf = good("split_clients \"$remote_addr\" $v { 50% a; * b; }");
	const struct conf_split *split = user(conf, "v")->rule;
	assert_int_equal(split->count, 2);
	assert_int_equal(split->parts[0].below, 0x7fffffff);
	conf_destroy(conf);
}

static void logs_share_files_and_are_taken_over(void **state)
{
	(void)state;
	struct conf *conf = good(
		"log_format j escape=json '{\"s\":$status}' '!';\n"
		"access_log /tmp/a j if=$arg_x; access_log /tmp/b combined buffer=4k "
		"flush=1s; access_log /tmp/a;");
	const struct conf_loc_logs *logs = conf->servers[0].srv->root->loc->logs;
	assert_ptr_equal(logs, conf->web->loc->logs);
	assert_int_equal(logs->count, 3);
	assert_false(logs->is_off);
	assert_true(logs->items[0].has_condition);
	assert_int_equal(logs->items[0].format->escape, CONF_ESCAPE_JSON);
	assert_int_equal(logs->items[0].format->line.count, 4);
	assert_ptr_equal(logs->items[0].file, logs->items[2].file);
	assert_int_equal(logs->items[1].file->buffer_bytes, 4096);
	assert_int_equal(logs->items[1].file->flush_ms, 1000);
	assert_string_equal(logs->items[1].format->name, "combined");
	assert_int_equal(conf->web->formats->file_count, 2);
	conf_destroy(conf);
	conf = good("access_log off;");
	assert_true(conf->web->loc->logs->is_off);
	assert_int_equal(conf->web->formats->file_count, 0);
	conf_destroy(conf);
	conf = good("");
	assert_int_equal(conf->web->formats->file_count, 1);
	assert_true(conf->web->formats->files[0]->is_default);
	conf_destroy(conf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_said_as_nginx_says_it),
		cmocka_unit_test(a_map_is_read),
		cmocka_unit_test(a_geo_is_read_and_warns),
		cmocka_unit_test(clients_are_split),
		cmocka_unit_test(logs_share_files_and_are_taken_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
