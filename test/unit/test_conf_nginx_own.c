/* test/unit/test_conf_nginx_own.c: conf/nginx/set_own.c, set_upstream_own.c, own_keys.c, and the
 * file beside the main one. */
#include "test/unit/conf_help.h"

#include "conf/web.h"

static bool is_strategy(const char *name)
{
	return strcmp(name, "least_loaded") == 0;
}

static const struct conf_rules rules = {.is_strategy = is_strategy, .strategies = "least_loaded"};

/* `main` on line 1; then http { HTTP on line 2; upstreams u (two servers) and v; a server with
 * SERVER on line 5 }. `beside`: the text of the file beside it, or NULL. */
static struct conf *read_file(const char *main, const char *http, const char *server,
	const char *beside, struct conf_problems *problems)
{
	static char text[8192];
	struct conf_help help;
	(void)snprintf(text, sizeof(text),
		"events { } %s\nhttp { %s\n"
		"upstream u { server 127.0.0.1:1; server 127.0.0.1:2; %s\n"
		"upstream v { server 127.0.0.1:3; comfymux { max_jobs 9; } }\nserver { %s }\n}\n",
		main, strchr(http, '|') == NULL ? http : "",
		strchr(http, '|') == NULL ? "}" : strchr(http, '|') + 1, server);
	conf_problems_init(problems);
	conf_help_open(&help);
	const char *path = conf_help_file(&help, "n.conf", text, strlen(text));
	if (beside != NULL)
		(void)conf_help_file(&help, "comfymux.conf", beside, strlen(beside));
	struct conf *conf = conf_read(path, &rules, problems);
	conf_help_sweep(&help);
	return conf;
}

static struct conf *read_good(
	const char *main, const char *http, const char *server, const char *beside)
{
	struct conf_problems problems;
	struct conf *conf = read_file(main, http, server, beside, &problems);
	assert_string_equal(conf_help_list(&problems, false), "");
	conf_problems_finish(&problems);
	assert_non_null(conf);
	return conf;
}

static void says(const char *main, const char *http, const char *server, const char *beside,
	const char *want)
{
	struct conf_problems problems;
	struct conf *conf = read_file(main, http, server, beside, &problems);
	assert_string_equal(conf_help_list(&problems, false), want);
	conf_problems_finish(&problems);
	assert_null(conf);
}

static const struct conf_pool *pool_of(const struct conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		if (strcmp(conf->pools[i].name, name) == 0)
			return &conf->pools[i];
	}
	fail_msg("no pool %s", name);
	return NULL;
}

static void http_gives_defaults_to_all(void **state)
{
	(void)state;
	struct conf *conf = read_good("",
		"comfymux: { mode fleet; max_jobs 2; admin 127.0.0.1:0; max_queue 7; "
		"journal { path j.db; sync full; } }",
		"location / { proxy_pass http://127.0.0.1:4; }",
		"comfymux { upstream v { mode sticky; strategy off; journal { path \"\"; } } "
		"upstream 127.0.0.1:4 { journal { path k.db; } } }");
	const struct conf_pool *u = pool_of(conf, "u"), *v = pool_of(conf, "v");
	assert_int_equal(u->mode, CONF_MODE_FLEET);
	assert_string_equal(u->balancing.strategy, "score");
	assert_int_equal(u->nodes[0].max_concurrent, 2);
	assert_int_equal(u->nodes[1].max_concurrent, 2);
	assert_int_equal(u->fleet.max_queue, 7);
	assert_int_equal(u->fleet.journal.sync, CONF_SYNC_FULL);
	assert_int_equal(u->fleet.journal.path[0], '/');
	/* A fleet has to know who is there. */
	assert_int_equal(u->health.interval_ms, 5000);
	assert_int_equal(v->mode, CONF_MODE_STICKY);
	assert_int_equal(v->nodes[0].max_concurrent, 9);
	assert_int_equal(v->health.interval_ms, 0);
	assert_int_equal(pool_of(conf, "127.0.0.1:4")->mode, CONF_MODE_FLEET);
	assert_string_equal(conf->admin_listen, "127.0.0.1:0");
	assert_true(conf->admin_addr.len != 0);
	conf_destroy(conf);
}

static void a_location_speaks_of_where_it_leads(void **state)
{
	(void)state;
	struct conf *conf = read_good("comfymux { max_jobs 1; }", "",
		"comfymux { max_jobs 3; websocket off; } location / { proxy_pass http://u; "
		"location /a { comfymux { max_jobs 4; websocket on; } proxy_pass http://u; } } "
		"location /v { proxy_pass http://v; }",
		NULL);
	const struct conf_pool *u = pool_of(conf, "u"), *v = pool_of(conf, "v");
	assert_int_equal(u->nodes[0].max_concurrent, 4);
	assert_int_equal(v->nodes[0].max_concurrent, 9);
	const struct conf_srv *srv = conf->servers[0].srv;
	assert_false(srv->root->loc->proxy.websocket);
	conf_destroy(conf);
}

static void an_upstream_has_the_last_word(void **state)
{
	(void)state;
	struct conf *conf = read_good("",
		"| comfymux { health_check { interval 7s; path /h; } sticky off; "
		"server 127.0.0.1:2 { max_jobs 5; capabilities a b; metadata { priority -3; "
		"gpu_model X; } } "
		"max_jobs 2; page_ping 1m; bulk_weight 2.5; prompt_bytes 2m; rerun_lost off; } }",
		"comfymux { health_check fails=9 uri=/x; sticky ip; max_jobs 1; } "
		"location / { proxy_pass http://u; }",
		NULL);
	const struct conf_pool *u = pool_of(conf, "u");
	assert_int_equal(u->health.interval_ms, 7000);
	assert_string_equal(u->health.path, "/h");
	assert_int_equal(u->health.fall, 3);
	assert_int_equal(u->balancing.sticky.key_count, 0);
	assert_int_equal(u->nodes[0].max_concurrent, 2);
	assert_int_equal(u->nodes[1].max_concurrent, 5);
	assert_int_equal(u->nodes[1].capability_count, 2);
	assert_int_equal(u->nodes[1].metadata.priority, -3);
	assert_string_equal(u->nodes[1].metadata.gpu_model, "X");
	assert_int_equal(u->fleet.page_ping_ms, 60000);
	assert_int_equal(u->fleet.bulk_weight, 2500);
	assert_int_equal(u->fleet.prompt_bytes, 2097152);
	assert_false(u->fleet.rerun_lost);
	conf_destroy(conf);
}

static void the_file_beside_it_is_read_once_and_only_if_it_is_meant(void **state)
{
	(void)state;
	struct conf *conf = read_good("", "include comfymux.conf;",
		"location / { proxy_pass http://u; }", "comfymux { max_jobs 6; max_queue 3; }");
	assert_int_equal(pool_of(conf, "u")->nodes[0].max_concurrent, 6);
	conf_destroy(conf);
	conf = read_good("", "", "return 200;", "listen = [\"127.0.0.1:0\"];\n");
	conf_destroy(conf);
	says("", "", "return 200;", "comfymux {\nfoo; }", "2: unknown directive \"foo\"\n");
	says("", "", "return 200;", "comfymux {\n", "2: unexpected end of file, expecting \"}\"\n");
}

static const struct {
	const char *main, *http, *server, *want;
} wrong[] = {
	{"comfymux { max_jobs 0; }", "", "", "1: \"max_jobs\" directive invalid number\n"},
	{"", "comfymux { max_jobs 1; max_jobs 1; }", "",
		"2: \"max_jobs\" directive is duplicate\n"},
	{"", "", "comfymux { admin 127.0.0.1:1; }", "5: \"admin\" directive is not allowed here\n"},
	{"comfymux { websocket on; }", "", "", "1: \"websocket\" directive is not allowed here\n"},
	{"", "", "comfymux { upstream u { } }", "5: \"upstream\" directive is not allowed here\n"},
	{"", "comfymux { server a { } }", "", "2: \"server\" directive is not allowed here\n"},
	{"", "comfymux { admin 10.0.0.1:1; }", "",
		"2: \"admin\" must be a loopback address or unix:PATH, not \"10.0.0.1:1\"\n"},
	{"", "comfymux { upstream w { } }", "", "2: no upstream \"w\"\n"},
	{"", "comfymux { mode both; }", "",
		"2: \"mode\" must be \"sticky\" or \"fleet\", not \"both\"\n"},
	{"", "comfymux { max_queue 0; }", "", "2: \"max_queue\" must be 1 to 1000000, not 0\n"},
	{"", "comfymux { max_queue x; }", "", "2: \"max_queue\" directive invalid value\n"},
	{"", "comfymux { rerun_lost maybe; }", "",
		"2: invalid value \"maybe\" in \"rerun_lost\" directive, it must be \"on\" or "
		"\"off\"\n"},
	{"", "comfymux { journal x; }", "", "2: directive \"journal\" has no opening \"{\"\n"},
	{"", "comfymux { journal { paht x; } }", "", "2: unknown directive \"paht\"\n"},
	{"", "comfymux { keepalive 3; }", "", "2: unknown directive \"keepalive\"\n"},
	{"", "comfymux { static_nodes 3; }", "", "2: unknown directive \"static_nodes\"\n"},
	{"", "comfymux { load_balancing { strategy best; } }", "",
		"2: unknown strategy \"best\", known are least_loaded\n"},
	{"", "comfymux { mode fleet; journal { path /j; } }", "",
		"0: \"/j\" is the file of upstream \"u\" already, not of \"v\", too\n"},
	{"", "",
		"location /a { comfymux { max_jobs 1; } proxy_pass http://u; } "
		"location /b { comfymux { max_jobs 2; } proxy_pass http://u; }",
		"5: \"max_jobs\" of upstream \"u\" is another in FILE:5\n"},
	{"} comfymux { ", "", "", "1: unexpected \"}\"\n"},
	{"", "} comfymux { max_jobs 1; } http {", "",
		"2: \"comfymux\" directive has to stand in front of \"http\"\n"},
};

static void says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct conf_problems problems;
		struct conf *conf = read_file(
			wrong[i].main, wrong[i].http, wrong[i].server, NULL, &problems);
		char told[1024];
		(void)snprintf(told, sizeof(told), "%s", conf_help_list(&problems, false));
		/* The folder's name is made up. */
		char *from = strstr(told, "/tmp/comfymux-test-"), *to = strstr(told, "n.conf:");
		if (from != NULL && to != NULL) {
			memmove(from + 4, to + 6, strlen(to + 6) + 1);
			memcpy(from, "FILE", 4);
		}
		assert_string_equal(told, wrong[i].want);
		assert_null(conf);
		conf_problems_finish(&problems);
	}
}

static void the_same_said_twice_is_no_contradiction(void **state)
{
	(void)state;
	struct conf *conf = read_good("", "",
		"location /a { comfymux { health_check { interval 1s; } } proxy_pass http://u; } "
		"location /b { comfymux { health_check { interval 1s; } } proxy_pass http://u; }",
		NULL);
	assert_int_equal(pool_of(conf, "u")->health.interval_ms, 1000);
	conf_destroy(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_gives_defaults_to_all),
		cmocka_unit_test(a_location_speaks_of_where_it_leads),
		cmocka_unit_test(an_upstream_has_the_last_word),
		cmocka_unit_test(the_file_beside_it_is_read_once_and_only_if_it_is_meant),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(the_same_said_twice_is_no_contradiction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
