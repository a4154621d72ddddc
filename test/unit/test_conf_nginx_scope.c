#include "test/unit/conf_help.h"

#include "conf/web.h"

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

static const struct conf_location *read_root(const char *text)
{
	struct conf_problems problems;
	conf = read_text(text, &problems);
	assert_string_equal(conf_help_list(&problems, false), "");
	conf_problems_finish(&problems);
	assert_non_null(conf);
	return conf->servers[0].srv->root;
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

static void what_is_not_said_is_taken_over(void **state)
{
	(void)state;
	const struct conf_location *root = read_root(
		"events {}\nhttp { server { listen 127.0.0.1:8080;\n"
		"location /a { client_max_body_size 5; location /a/b { send_timeout 3; } }\n"
		"client_max_body_size 7; keepalive_timeout 9s 4; }\nsend_timeout 2m; }\n");
	const struct conf_location *a = root->inner[0], *b = a->inner[0];
	assert_int_equal(root->loc->client_max_body_size, 7);
	assert_int_equal(root->loc->send_timeout_ms, 120000);
	assert_int_equal(a->loc->client_max_body_size, 5);
	assert_int_equal(b->loc->client_max_body_size, 5);
	assert_int_equal(b->loc->send_timeout_ms, 3000);
	assert_int_equal(b->loc->keepalive_timeout_ms, 9000);
	assert_int_equal(b->loc->keepalive_header_s, 4);
	/* As the data plane wants it. */
	assert_int_equal(b->timeouts.send_ms, 3000);
	assert_int_equal(b->limits.body_bytes, 5);
}

static void a_list_is_taken_over_as_a_whole_or_not_at_all(void **state)
{
	(void)state;
	const struct conf_location *root = read_root(
		"events {}\nhttp { add_header A a; add_header B b;\n"
		"server { listen 127.0.0.1:8080; location /a { add_header C c; } location /b { } } "
		"}\n");
	assert_int_equal(root->inner_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct conf_loc *loc = root->inner[i]->loc;
		bool is_a = root->inner[i]->path[1] == 'a';
		assert_int_equal(loc->add_header.count, is_a ? 1 : 2);
		assert_int_equal(loc->add_header.items[0].name.p[0], is_a ? 'C' : 'A');
	}
}

static void locations_stand_in_the_order_of_the_search(void **state)
{
	(void)state;
	const struct conf_location *root = read_root(
		"events {}\nhttp { server { listen 127.0.0.1:8080;\n"
		"location ~ r1 {} location / {} location ^~ /long/ {} location ~* r2 {} location = "
		"/x {}\n"
		"location @n {} } }\n");
	static const char *const paths[] = {"/x", "/long/", "/", "r1", "r2"};
	assert_int_equal(root->inner_count, COUNT_OF(paths));
	for (uint32_t i = 0; i < COUNT_OF(paths); i++)
		assert_string_equal(root->inner[i]->path, paths[i]);
	assert_true(root->inner[1]->stops_regex);
	assert_int_equal(conf->servers[0].srv->named_count, 1);
}

/* nginx 1.22.1's words. */
static void what_is_wrong_is_told_in_nginxs_words(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"foo on;", "unknown directive \"foo\""},
		{"daemon off;", "\"daemon\" directive is not allowed here"},
		{"root a b;", "invalid number of arguments in \"root\" directive"},
		{"root a; root b;", "\"root\" directive is duplicate"},
		{"etag maybe;", "invalid value \"maybe\" in \"etag\" directive, it must be \"on\" "
				"or \"off\""},
		{"send_timeout soon;", "\"send_timeout\" directive invalid value"},
		{"location / { } location / { }", "duplicate location \"/\""},
		{"location /a { location /b { } }", "location \"/b\" is outside location \"/a\""},
		{"location = /a { location /a/b { } }",
			"location \"/a/b\" cannot be inside the exact location \"/a\""},
		{"error_page 200 /x;", "value \"200\" must be between 300 and 599"},
		{"return 1000;", "invalid return code \"1000\""},
		{"if (x) { }", "invalid condition \"x\""},
		{"location /", "directive \"location\" has no opening \"{\""},
		{"root {}", "directive \"root\" is not terminated by \";\""},
		{"listen 127.0.0.1:99999;",
			"invalid port in \"127.0.0.1:99999\" of the \"listen\" directive"},
		{"listen 127.0.0.1:8080;", "a duplicate listen 127.0.0.1:8080"},
		{"server_name *a.b;", "server name \"*a.b\" is invalid"},
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		char text[512];
		struct conf_problems problems;
		(void)snprintf(text, sizeof(text),
			"events {}\nhttp { server { listen 127.0.0.1:8080;\n%s%s\n} }\n",
			pairs[i][0], strcmp(pairs[i][0], "location /") == 0 ? ";" : "");
		assert_null(read_text(text, &problems));
		assert_non_null(strstr(conf_help_list(&problems, false), pairs[i][1]));
		assert_int_equal(problems.count, 1);
		conf_problems_finish(&problems);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_said_is_taken_over),
		TEST(a_list_is_taken_over_as_a_whole_or_not_at_all),
		TEST(locations_stand_in_the_order_of_the_search),
		TEST(what_is_wrong_is_told_in_nginxs_words),
	};
	return cmocka_run_group_tests_name("conf/nginx/scope", tests, NULL, NULL);
}
