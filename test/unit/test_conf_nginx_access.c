#include "test/unit/conf_help.h"

#include "conf/web_access.h"

/* Lines: http's own directives are on 3, the server's on 4, the location's on 5. */
static const char *text_of(const char *http, const char *server, const char *location)
{
	static char text[4096];
	(void)snprintf(text, sizeof(text),
		"events { }\nhttp {\n%s\nserver { listen 127.0.0.1:8080; %s\nlocation / { %s } } "
		"}\n",
		http, server, location);
	return text;
}

static struct conf_help help;
static struct conf *conf;

static struct conf *read_text(const char *text, struct conf_problems *problems)
{
	conf_problems_init(problems);
	conf_help_open(&help);
	const char *path = conf_help_file(&help, "n.conf", text, strlen(text));
	struct conf *read = conf_read(path, NULL, problems);
	conf_help_sweep(&help);
	return read;
}

static const char *wrong(const char *http, const char *location)
{
	struct conf_problems problems;
	assert_null(read_text(text_of(http, "", location), &problems));
	const char *list = conf_help_list(&problems, false);
	conf_problems_finish(&problems);
	return list;
}

static const struct conf_loc *read_loc(const char *http, const char *server, const char *location)
{
	struct conf_problems problems;
	conf = read_text(text_of(http, server, location), &problems);
	assert_string_equal(conf_help_list(&problems, false), "");
	conf_problems_finish(&problems);
	assert_non_null(conf);
	assert_int_equal(conf->server_count, 1);
	const struct conf_location *root = conf->servers[0].srv->root;
	assert_int_equal(root->inner_count, 1);
	assert_non_null(root->inner[0]->loc);
	return root->inner[0]->loc;
}

static int begin(void **state)
{
	(void)state;
	conf = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	conf_destroy(conf);
	return 0;
}

static bool is_text(const struct conf_value *value, const char *text)
{
	return conf_value_is_literal(value) && slice_is(conf_value_literal(value), slice_of(text));
}

#define REQ "limit_req_zone $binary_remote_addr zone=one:10m rate=1r/s; "
#define CONN "limit_conn_zone $binary_remote_addr zone=addr:10m; "

/* What nginx 1.22.1 says to the same, with 6 for its line. */
static const struct {
	const char *http, *location, *want;
} rows[] = {
	{"", "allow foo;", "5: invalid parameter \"foo\"\n"},
	{"", "deny 1.2.3.4/33;", "5: invalid parameter \"1.2.3.4/33\"\n"},
	{"", "deny [::1];", "5: invalid parameter \"[::1]\"\n"},
	{"", "allow all all;", "5: invalid number of arguments in \"allow\" directive\n"},
	{"", "satisfy foo;", "5: invalid value \"foo\"\n"},
	{"", "satisfy any; satisfy all;", "5: \"satisfy\" directive is duplicate\n"},
	{"", "auth_basic a; auth_basic b;", "5: \"auth_basic\" directive is duplicate\n"},
	{"", "auth_basic_user_file f; auth_basic_user_file g;",
		"5: \"auth_basic_user_file\" directive is duplicate\n"},
	{"", "auth_request off; auth_request /x;", "5: \"auth_request\" directive is duplicate\n"},
	{"", "auth_request_set a b;", "5: invalid variable name \"a\"\n"},
	{"", "auth_request_set $host x;", "5: the duplicate \"host\" variable\n"},
	{"", "auth_request_set $a $nosuch;", "0: unknown \"nosuch\" variable\n"},
	{"", "set_real_ip_from 1.2.3.4/40;",
		"5: host not found in set_real_ip_from \"1.2.3.4/40\"\n"},
	{"", "real_ip_header X-Foo; real_ip_header X-Bar;",
		"5: \"real_ip_header\" directive is duplicate\n"},
	{"", "real_ip_recursive x;",
		"5: invalid value \"x\" in \"real_ip_recursive\" directive, it must be "
		"\"on\" or \"off\"\n"},
	{"", "limit_except GET { satisfy any; }", "5: \"satisfy\" directive is not allowed here\n"},
	{"", "limit_except GET { auth_request /x; }",
		"5: \"auth_request\" directive is not allowed here\n"},
	{"", "if ($host) { deny all; }", "5: \"deny\" directive is not allowed here\n"},
	{"", "limit_req_zone $host zone=one:1m rate=1r/s;",
		"5: \"limit_req_zone\" directive is not allowed here\n"},
	{REQ, "limit_req zone=two;", "0: zero size shared memory zone \"two\"\n"},
	{REQ, "limit_req burst=5;", "5: \"limit_req\" must have \"zone\" parameter\n"},
	{REQ, "limit_req zone=one burst=x;", "5: invalid burst value \"burst=x\"\n"},
	{REQ, "limit_req zone=one burst=0;", "5: invalid burst value \"burst=0\"\n"},
	{REQ, "limit_req zone=one delay=x;", "5: invalid delay value \"delay=x\"\n"},
	{REQ, "limit_req zone=one delay=0;", "5: invalid delay value \"delay=0\"\n"},
	{REQ, "limit_req zone=one foo;", "5: invalid parameter \"foo\"\n"},
	{REQ, "limit_req zone=one; limit_req zone=one;",
		"5: \"limit_req\" directive is duplicate\n"},
	{REQ REQ, "",
		"3: limit_req_zone \"one\" is already bound to key "
		"\"$binary_remote_addr\"\n"},
	{"limit_req_zone $host zone=one:10k rate=1r/s;", "",
		"3: zone \"zone=one:10k\" is too small\n"},
	{"limit_req_zone $host zone=one:10x rate=1r/s;", "",
		"3: invalid zone size \"zone=one:10x\"\n"},
	{"limit_req_zone $host zone=one rate=1r/s;", "", "3: invalid zone size \"zone=one\"\n"},
	{"limit_req_zone $host zone=:10m rate=1r/s;", "",
		"3: \"limit_req_zone\" must have \"zone\" parameter\n"},
	{"limit_req_zone $host zone=one:10m rate=0r/s;", "", "3: invalid rate \"rate=0r/s\"\n"},
	{"limit_req_zone $host zone=one:10m rate=xr/m;", "", "3: invalid rate \"rate=xr/m\"\n"},
	{"limit_req_zone $host zone=one:10m foo=1;", "", "3: invalid parameter \"foo=1\"\n"},
	{"limit_req_zone $host zone=one:10m;", "",
		"3: invalid number of arguments in \"limit_req_zone\" directive\n"},
	{"", "limit_req_status 399;", "5: value must be between 400 and 599\n"},
	{"", "limit_req_status 600;", "5: value must be between 400 and 599\n"},
	{"", "limit_req_status x;", "5: \"limit_req_status\" directive invalid number\n"},
	{"", "limit_req_status 500; limit_req_status 501;",
		"5: \"limit_req_status\" directive is duplicate\n"},
	{"", "limit_req_log_level debug;", "5: invalid value \"debug\"\n"},
	{"", "limit_req_dry_run maybe;",
		"5: invalid value \"maybe\" in \"limit_req_dry_run\" directive, it must be "
		"\"on\" or \"off\"\n"},
	{CONN, "limit_conn addr 1; limit_conn addr 2;",
		"5: \"limit_conn\" directive is duplicate\n"},
	{CONN, "limit_conn addr 0;", "5: invalid number of connections \"0\"\n"},
	{CONN, "limit_conn addr x;", "5: invalid number of connections \"x\"\n"},
	{CONN, "limit_conn addr 65536;", "5: connection limit must be less 65536\n"},
	{CONN, "limit_conn nope 1;", "0: zero size shared memory zone \"nope\"\n"},
	{CONN, "limit_req zone=addr;",
		"5: the shared memory zone \"addr\" is already declared for a different "
		"use\n"},
	{CONN CONN, "",
		"3: limit_conn_zone \"addr\" is already bound to key "
		"\"$binary_remote_addr\"\n"},
	{"limit_conn_zone $host foo=addr:10m;", "", "3: invalid parameter \"foo=addr:10m\"\n"},
	{"limit_conn_zone $host zone=addr:0;", "", "3: zone \"zone=addr:0\" is too small\n"},
};

static void what_is_wrong_is_told_in_the_words_of_nginx(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(wrong(rows[i].http, rows[i].location), rows[i].want);
}

static void an_address_speaks_the_proxy_protocol_if_one_listen_says_so(void **state)
{
	(void)state;
	struct conf_problems problems;
	conf = read_text("events { }\nhttp { real_ip_header proxy_protocol;\n"
			 "server { listen 127.0.0.1:7000; }\n"
			 "server { listen 127.0.0.1:7000 proxy_protocol; }\n"
			 "server { listen 127.0.0.1:7001; } }\n",
		&problems);
	conf_problems_finish(&problems);
	assert_non_null(conf);
	assert_int_equal(conf->servers[0].srv->root->loc->realip->kind, CONF_REALIP_PROXY_PROTOCOL);
	assert_true(conf->servers[0].listens[0].is_proxy_protocol);
	assert_true(conf->servers[1].listens[0].is_proxy_protocol);
	assert_false(conf->servers[2].listens[0].is_proxy_protocol);
	assert_int_equal(conf->servers[0].listens[0].proxy_count, 0);
}

static void rules_are_in_order_and_replace_those_above(void **state)
{
	(void)state;
	const struct conf_loc *loc = read_loc(
		"deny 1.1.1.1;", "deny 2.2.2.2;", "allow ::1; deny 1.2.3.4/8; deny all;");
	const struct conf_access *access = loc->access;
	assert_int_equal(access->rules.count, 3);
	assert_false(access->rules.items[0].is_denied);
	assert_int_equal(access->rules.items[0].net.kind, CIDR_V6);
	assert_int_equal(access->rules.items[1].net.bits, 8);
	assert_int_equal(access->rules.items[1].net.octets[1], 0);
	assert_true(access->rules.items[2].is_denied);
	assert_int_equal(access->rules.items[2].net.kind, CIDR_ALL);
	assert_true(access->has_v4);
	assert_non_null(conf->notes);
	assert_string_equal(conf->notes->text, "low address bits of 1.2.3.4/8 are meaningless");
	assert_int_equal(conf->servers[0].srv->root->loc->access->rules.count, 1);
}

static void each_part_is_inherited_by_itself(void **state)
{
	(void)state;
	const struct conf_loc *loc = read_loc("auth_basic_user_file conf.d/users; satisfy any; "
					      "auth_request_set $a x; " REQ CONN
					      "limit_req zone=one burst=3; limit_req_dry_run on;",
		"auth_basic Realm; auth_request /auth; limit_conn addr 7; limit_req_log_level "
		"warn;",
		"limit_req_status 429;");
	assert_true(is_text(&loc->auth->realm, "Realm"));
	struct slice file = conf_value_literal(&loc->auth->file);
	assert_true(slice_starts(file, slice_of(help.folder)));
	assert_string_equal(file.p + strlen(help.folder), "/conf.d/users");
	assert_true(loc->satisfy_any);
	assert_true(slice_is(loc->auth_request->uri, SLICE("/auth")));
	assert_int_equal(loc->auth_request->sets.count, 1);
	const struct conf_limits_used *limits = loc->limits;
	assert_int_equal(limits->reqs.count, 1);
	assert_int_equal(limits->reqs.items[0].burst, 3000);
	assert_int_equal(limits->conns.count, 1);
	assert_int_equal(limits->conns.items[0].most, 7);
	assert_int_equal(limits->req_status, 429);
	assert_int_equal(limits->conn_status, 503);
	assert_true(limits->is_req_dry);
	assert_false(limits->is_conn_dry);
	assert_int_equal(limits->req_level, LOG_WARN);
	assert_int_equal(limits->delay_level, LOG_NOTICE);
	assert_int_equal(limits->conn_level, LOG_ERROR);
	const struct conf_zones *zones = conf->web->zones;
	assert_int_equal(zones->zones.count, 2);
	assert_int_equal(zones->zones.items[0]->rate, 1000);
	assert_int_equal(zones->zones.items[0]->bytes, 10485760);
	assert_string_equal(zones->zones.items[limits->conns.items[0].zone]->name, "addr");
}

static void off_switches_off(void **state)
{
	(void)state;
	const struct conf_loc *loc = read_loc(
		"", "auth_basic x; auth_request /auth;", "auth_basic off; auth_request off;");
	assert_true(is_text(&loc->auth->realm, "off"));
	assert_int_equal(loc->auth_request->uri.n, 0);
}

static void a_zone_may_be_defined_behind_its_use(void **state)
{
	(void)state;
	const struct conf_loc *loc = read_loc(
		"limit_req zone=one nodelay; limit_req zone=two delay=3 burst=9;"
		"limit_req_zone $host zone=two:1m rate=30r/m; limit_req_zone $uri zone=one:1m "
		"rate=5;",
		"", "");
	assert_int_equal(loc->limits->reqs.count, 2);
	assert_int_equal(loc->limits->reqs.items[0].delay, CONF_LIMIT_NODELAY);
	assert_int_equal(loc->limits->reqs.items[1].delay, 3000);
	const struct conf_zones *zones = conf->web->zones;
	assert_int_equal(zones->zones.items[loc->limits->reqs.items[0].zone]->rate, 5000);
	assert_int_equal(zones->zones.items[loc->limits->reqs.items[1].zone]->rate, 500);
}

static void whose_word_about_the_address_counts(void **state)
{
	(void)state;
	const struct conf_loc *loc = read_loc("real_ip_recursive on; set_real_ip_from 10.0.0.0/8;",
		"set_real_ip_from unix:; set_real_ip_from 2001:db8::/32; "
		"set_real_ip_from localhost;",
		"real_ip_header X-Forwarded-For;");
	const struct conf_realip *realip = loc->realip;
	assert_true(realip->from.count >= 3);
	assert_int_equal(realip->from.items[0].kind, CIDR_UNIX);
	assert_int_equal(realip->from.items[1].bits, 32);
	assert_true(realip->is_recursive);
	assert_int_equal(realip->kind, CONF_REALIP_X_FORWARDED_FOR);
	assert_true(slice_is(conf->servers[0].srv->root->loc->realip->field, SLICE("X-Real-IP")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_wrong_is_told_in_the_words_of_nginx, begin, end),
		cmocka_unit_test_setup_teardown(
			an_address_speaks_the_proxy_protocol_if_one_listen_says_so, begin, end),
		cmocka_unit_test_setup_teardown(
			rules_are_in_order_and_replace_those_above, begin, end),
		cmocka_unit_test_setup_teardown(each_part_is_inherited_by_itself, begin, end),
		cmocka_unit_test_setup_teardown(off_switches_off, begin, end),
		cmocka_unit_test_setup_teardown(a_zone_may_be_defined_behind_its_use, begin, end),
		cmocka_unit_test_setup_teardown(whose_word_about_the_address_counts, begin, end),
	};
	return cmocka_run_group_tests_name("conf/nginx/set_access", tests, NULL, NULL);
}
