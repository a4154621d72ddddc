/* test/unit/test_conf_nginx_tls.c - ssl_* and proxy_ssl_*, as they are read. */
#include "test/unit/conf_help.h"

#include "conf/tls_tree.h"
#include "conf/web.h"

#define PAIR "ssl_certificate a.pem; ssl_certificate_key a.key; "

static struct conf_help help;
static struct conf *conf;

/* Lines: http's own directives are on 3, the first server begins on 4, the second on 6. */
static const char *list_of(const char *http, const char *first, const char *second)
{
	static char text[4096];
	struct conf_problems problems;
	(void)snprintf(text, sizeof(text),
		"events { }\nhttp {\n%s\nserver {\nlisten 127.0.0.1:8443 ssl; %s }\nserver {\n"
		"listen 127.0.0.1:8444; server_name two; %s }\n}\n",
		http, first, second);
	conf_problems_init(&problems);
	conf_help_open(&help);
	const char *path = conf_help_file(&help, "n.conf", text, strlen(text));
	(void)conf_help_file(&help, "words", "word\n", 5);
	conf_destroy(conf);
	conf = conf_read(path, NULL, &problems);
	conf_help_sweep(&help);
	const char *list = conf_help_list(&problems, false);
	conf_problems_finish(&problems);
	return list;
}

static const struct conf_ssl *read_ssl(const char *http, const char *first)
{
	assert_string_equal(list_of(http, first, ""), "");
	assert_non_null(conf);
	assert_int_equal(conf->server_count, 2);
	return &conf->servers[0].srv->ssl;
}

static int end(void **state)
{
	(void)state;
	conf_destroy(conf);
	conf = NULL;
	return 0;
}

/* What nginx 1.22.1 says to the same. */
static const struct {
	const char *first, *second, *want;
} rows[] = {
	{"", "", "4: no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive\n"},
	{"ssl_certificate_key a.key;", "",
		"4: no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive\n"},
	{"ssl_certificate a.pem;", "",
		"0: no \"ssl_certificate_key\" is defined for certificate \"a.pem\"\n"},
	{PAIR "ssl_certificate b.pem;", "",
		"0: no \"ssl_certificate_key\" is defined for certificate \"b.pem\"\n"},
	{PAIR, "ssl_certificate b.pem;",
		"0: no \"ssl_certificate_key\" is defined for certificate \"b.pem\"\n"},
	{PAIR, "ssl on;", "7: no \"ssl_certificate\" is defined for the \"ssl\" directive\n"},
	{"ssl on; ssl_certificate a.pem;", "",
		"5: no \"ssl_certificate_key\" is defined for the \"ssl\" directive\n"},
	{"ssl_reject_handshake on;", "listen 127.0.0.1:8443 ssl;",
		"6: no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive\n"},
	{PAIR "ssl_protocols TLSv1.4;", "", "5: invalid value \"TLSv1.4\"\n"},
	{PAIR "ssl_protocols;", "",
		"5: invalid number of arguments in \"ssl_protocols\" directive\n"},
	{PAIR "ssl_ciphers a; ssl_ciphers a;", "", "5: \"ssl_ciphers\" directive is duplicate\n"},
	{PAIR "ssl_session_cache foo;", "", "5: invalid session cache \"foo\"\n"},
	{PAIR "ssl_session_cache builtin:x;", "", "5: invalid session cache \"builtin:x\"\n"},
	{PAIR "ssl_session_cache builtin:;", "", "5: invalid session cache \"builtin:\"\n"},
	{PAIR "ssl_session_cache shared;", "", "5: invalid session cache \"shared\"\n"},
	{PAIR "ssl_session_cache shared:;", "", "5: invalid session cache \"shared:\"\n"},
	{PAIR "ssl_session_cache shared:a;", "", "5: invalid session cache \"shared:a\"\n"},
	{PAIR "ssl_session_cache shared::1m;", "", "5: invalid session cache \"shared::1m\"\n"},
	{PAIR "ssl_session_cache shared:a:1x;", "", "5: invalid session cache \"shared:a:1x\"\n"},
	{PAIR "ssl_session_cache shared:a:1k;", "",
		"5: session cache \"shared:a:1k\" is too small\n"},
	{PAIR "ssl_session_cache shared:a:1m;", "ssl_session_cache shared:a:2m;",
		"7: the size 2097152 of shared memory zone \"a\" conflicts with already declared "
		"size 1048576\n"},
	{PAIR "ssl_session_timeout foo;", "",
		"5: \"ssl_session_timeout\" directive invalid value\n"},
	{PAIR "ssl_session_timeout 1m; ssl_session_timeout 1m;", "",
		"5: \"ssl_session_timeout\" directive is duplicate\n"},
	{PAIR "ssl_session_tickets foo;", "",
		"5: invalid value \"foo\" in \"ssl_session_tickets\" directive, it must be \"on\" "
		"or \"off\"\n"},
	{PAIR "ssl_verify_client foo;", "", "5: invalid value \"foo\"\n"},
	{PAIR "ssl_verify_depth x;", "", "5: \"ssl_verify_depth\" directive invalid number\n"},
	{PAIR "ssl_buffer_size x;", "", "5: \"ssl_buffer_size\" directive invalid value\n"},
	{PAIR "ssl_early_data x;", "",
		"5: invalid value \"x\" in \"ssl_early_data\" directive, it must be \"on\" or "
		"\"off\"\n"},
	{PAIR "ssl_conf_command Options;", "",
		"5: invalid number of arguments in \"ssl_conf_command\" directive\n"},
	{PAIR "ssl_dhparam a; ssl_dhparam a;", "", "5: \"ssl_dhparam\" directive is duplicate\n"},
	{PAIR "ssl_ocsp foo;", "", "5: invalid value \"foo\"\n"},
	{PAIR "location / { ssl_protocols TLSv1.2; }", "",
		"5: \"ssl_protocols\" directive is not allowed here\n"},
	{PAIR "proxy_ssl_name a; proxy_ssl_name b;", "",
		"5: \"proxy_ssl_name\" directive is duplicate\n"},
	{PAIR "proxy_ssl_name $nope;", "", "0: unknown \"nope\" variable\n"},
	{PAIR "proxy_ssl_protocols foo;", "", "5: invalid value \"foo\"\n"},
	{PAIR "proxy_ssl_verify_depth x;", "",
		"5: \"proxy_ssl_verify_depth\" directive invalid number\n"},
	{PAIR "location / { limit_except GET { proxy_ssl_verify off; } }", "",
		"5: \"proxy_ssl_verify\" directive is not allowed here\n"},
};

static void what_is_wrong_is_told_in_the_words_of_nginx(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(list_of("", rows[i].first, rows[i].second), rows[i].want);
}

static void a_password_file_has_to_be_there(void **state)
{
	char want[256];
	(void)state;
	const char *list = list_of("", PAIR "ssl_password_file none;", "");
	(void)snprintf(want, sizeof(want),
		"5: open() \"%s/none\" failed (2: No such file or directory)\n", help.folder);
	assert_string_equal(list, want);
	assert_string_equal(list_of("", PAIR "ssl_password_file words;", ""), "");
}

static void what_would_let_others_in_is_refused(void **state)
{
	(void)state;
	assert_non_null(strstr(list_of("", PAIR "ssl_ocsp on;", ""), "not supported"));
	assert_non_null(strstr(list_of("", PAIR "ssl_ocsp leaf;", ""), "not supported"));
	assert_string_equal(list_of("", PAIR "ssl_ocsp off;", ""), "");
	assert_string_equal(
		list_of("", "ssl_certificate $ssl_server_name.pem; ssl_certificate_key a;", ""),
		"5: variables in \"ssl_certificate\" are not supported: "
		"\"$ssl_server_name.pem\"\n");
}

static void without_a_word_it_is_as_in_nginx(void **state)
{
	(void)state;
	const struct conf_ssl *ssl = read_ssl("", PAIR);
	assert_int_equal(ssl->protocols, CONF_TLS_1_0 | CONF_TLS_1_1 | CONF_TLS_1_2);
	assert_string_equal(ssl->ciphers, "HIGH:!aNULL:!MD5");
	assert_int_equal(ssl->session_cache.kind, CONF_TLS_CACHE_NONE);
	assert_int_equal(ssl->session_timeout_s, 300);
	assert_true(ssl->session_tickets);
	assert_false(ssl->prefer_server_ciphers);
	assert_int_equal(ssl->verify_client, CONF_VERIFY_OFF);
	assert_int_equal(ssl->verify_depth, 1);
	const struct conf_upstream_tls *tls = &conf->web->loc->upstream_tls;
	assert_string_equal(tls->ciphers, "DEFAULT");
	assert_true(tls->session_reuse);
	assert_false(tls->verify);
	assert_false(tls->server_name);
	assert_false(tls->name.is_given);
}

static void servers_take_over_what_http_says(void **state)
{
	(void)state;
	const struct conf_ssl *ssl = read_ssl(PAIR
		"ssl_session_cache shared:SSL:10m; ssl_protocols TLSv1.2 TLSv1.3; "
		"ssl_ciphers A; ssl_session_timeout 1d;",
		"ssl_certificate b.pem; ssl_certificate_key b.key; ssl_protocols TLSv1.3; "
		"ssl_verify_client optional_no_ca;");
	assert_int_equal(ssl->certificate.count, 1);
	assert_string_equal(ssl->certificate.items[0].text, "b.pem");
	assert_true(slice_starts(slice_of(ssl->certificate.items[0].path), slice_of(help.folder)));
	assert_int_equal(ssl->protocols, CONF_TLS_1_3);
	assert_string_equal(ssl->ciphers, "A");
	assert_string_equal(ssl->session_cache.shared, "SSL");
	assert_int_equal(ssl->session_cache.shared_bytes, 10 * 1024 * 1024);
	assert_int_equal(ssl->session_timeout_s, 86400);
	assert_int_equal(ssl->verify_client, CONF_VERIFY_OPTIONAL_NO_CA);
	assert_ptr_equal(conf->servers[0].tls->web, ssl);
	assert_string_equal(conf->servers[1].tls->web->certificate.items[0].text, "a.pem");
}

static void caches_are_read(void **state)
{
	(void)state;
	const struct conf_tls_cache *cache =
		&read_ssl("", PAIR "ssl_session_cache builtin:100 shared:a:1m;")->session_cache;
	assert_int_equal(cache->kind, CONF_TLS_CACHE_ON);
	assert_true(cache->has_builtin);
	assert_int_equal(cache->builtin, 100);
	assert_string_equal(cache->shared, "a");
	cache = &read_ssl("", PAIR "ssl_session_cache builtin;")->session_cache;
	assert_int_equal(cache->builtin, CONF_TLS_BUILTIN_DEFAULT);
	cache = &read_ssl("", PAIR "ssl_session_cache off shared:a:1m;")->session_cache;
	assert_int_equal(cache->kind, CONF_TLS_CACHE_OFF);
	cache = &read_ssl("", PAIR "ssl_session_cache off none;")->session_cache;
	assert_int_equal(cache->kind, CONF_TLS_CACHE_NONE);
}

static void only_some_servers_speak_tls(void **state)
{
	(void)state;
	(void)read_ssl("", PAIR);
	assert_true(conf->servers[0].listens[0].is_tls);
	assert_false(conf->servers[1].listens[0].is_tls);
	assert_null(conf->servers[1].tls);
	assert_string_equal(list_of("", PAIR, PAIR "ssl on;"), "");
	assert_true(conf->servers[1].listens[0].is_tls);
	assert_string_equal(conf->notes->text, "the \"ssl\" directive is deprecated, use the "
					       "\"listen ... ssl\" directive instead");
	assert_string_equal(list_of("", "ssl_reject_handshake on;", ""), "");
	assert_true(conf->servers[0].tls->web->reject_handshake);
	assert_string_equal(list_of("", PAIR, "listen 127.0.0.1:8443 ssl;"), "");
	assert_null(conf->servers[1].tls);
}

static void an_empty_name_takes_back_what_was_said_further_out(void **state)
{
	(void)state;
	(void)read_ssl("proxy_ssl_certificate a.pem; proxy_ssl_certificate_key a.key;",
		PAIR "proxy_ssl_certificate \"\"; proxy_ssl_certificate_key \"\";");
	assert_non_null(conf->web->loc->upstream_tls.certificate.path);
	assert_null(conf->servers[0].srv->root->loc->upstream_tls.certificate.text);
	assert_non_null(conf->servers[1].srv->root->loc->upstream_tls.certificate.text);
}

static void pem_may_stand_in_the_file_itself(void **state)
{
	(void)state;
	const struct conf_ssl *ssl = read_ssl(
		"", "ssl_certificate \"data:abc\"; ssl_certificate_key data:def;");
	assert_string_equal(ssl->certificate.items[0].text, "data:abc");
	assert_null(ssl->certificate.items[0].path);
	assert_string_equal(conf->servers[0].tls->key, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_wrong_is_told_in_the_words_of_nginx, end),
		cmocka_unit_test_teardown(a_password_file_has_to_be_there, end),
		cmocka_unit_test_teardown(what_would_let_others_in_is_refused, end),
		cmocka_unit_test_teardown(without_a_word_it_is_as_in_nginx, end),
		cmocka_unit_test_teardown(servers_take_over_what_http_says, end),
		cmocka_unit_test_teardown(caches_are_read, end),
		cmocka_unit_test_teardown(only_some_servers_speak_tls, end),
		cmocka_unit_test_teardown(an_empty_name_takes_back_what_was_said_further_out, end),
		cmocka_unit_test_teardown(pem_may_stand_in_the_file_itself, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
