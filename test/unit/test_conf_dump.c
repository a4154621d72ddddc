#include "test/unit/conf_help.h"

static char *dump_of(const char *text)
{
	struct conf *conf = conf_help_read(text);
	char *dump = conf_dump(conf);
	conf_destroy(conf);
	assert_non_null(dump);
	return dump;
}

/* `part` without its blanks is in `dump` without its blanks. */
static void check_has(const char *dump, const char *part)
{
	static char packed[2][65536];
	for (int i = 0; i < 2; i++) {
		char *to = packed[i];
		for (const char *p = i == 0 ? dump : part; *p != '\0'; p++) {
			if (*p != ' ' && *p != '\n')
				*to++ = *p;
		}
		*to = '\0';
	}
	if (strstr(packed[0], packed[1]) == NULL)
		fail_msg("%s\nis not in\n%s", packed[1], packed[0]);
}

static void shows_what_is_in_effect(void **state)
{
	(void)state;
	char *dump = dump_of(CONF_LISTEN CONF_NODES
		"timeouts = { read = 0.25; }; limits = { body_bytes = \"3G\"; };");
	check_has(dump, "{ \"daemon\": false, \"pid_file\": \"\", \"user\": \"\","
			"\"error_log\": { \"file\": \"stderr\", \"level\": \"info\" },"
			"\"access_log\": { \"file\": \"\", \"format\": \"off\" },"
			"\"admin\": { \"listen\": \"\" },"
			"\"timeouts\": { \"header\": 30, \"body\": 60, \"send\": 60,"
			" \"keepalive\": 75, \"connect\": 5, \"read\": 0.25, \"tunnel\": 3600,"
			" \"drain\": 300 },"
			"\"limits\": { \"max_connections\": 10000, \"header_bytes\": 65536,"
			" \"header_fields\": 100, \"target_bytes\": 8192,"
			" \"body_bytes\": 3221225472, \"buffer_body\": 1048576 }, \"pools\": [");
	check_has(dump, "\"sticky\": { \"keys\": [ \"cookie\", \"client_id\", \"prompt_id\","
			" \"ip\" ], \"cookie\": \"comfymux\", \"ttl\": 3600,"
			" \"max_entries\": 100000 }");
	check_has(dump, "\"static_nodes\": [ { \"node_id\": \"a\", \"host\": \"10.0.0.1\","
			" \"port\": 8188, \"max_concurrent\": 1, \"weight\": 1,"
			" \"backup\": false, \"drain\": false, \"capabilities\": [],"
			" \"metadata\": { \"location\": \"\", \"gpu_model\": \"\","
			" \"priority\": 0, \"description\": \"\" } } ]");
	check_has(dump, "\"servers\": [ { \"listen\": [ \"127.0.0.1:0\" ], \"names\": [],"
			" \"locations\": [ { \"path\": \"/\", \"timeouts\": {");
	check_has(dump, "\"pool\": \"nodes\" } ] } ] }");
	assert_string_equal(dump + strlen(dump) - 3, "\n}\n");
	free(dump);
}

static void a_location_shows_its_own(void **state)
{
	struct conf_help help;
	char text[1000], expected[1000];
	(void)state;
	conf_help_open(&help);
	const char *pem = conf_help_file(&help, "a.pem", "secret", 6);
	(void)snprintf(text, sizeof(text),
		CONF_NODES "servers = ( { listen = [\"127.0.0.1:0\"]; names = [\"A\"];"
			   "proxy_protocol = [\"10.0.0.0/8\", \"unix:\"];"
			   "tls = { certificate = \"%s\"; key = \"%s\"; min_version = \"1.3\"; };"
			   "locations = ( { path = \"/x\"; respond = { status = 404; body = "
			   "\"\\xff\\\"\"; }; timeouts = { read = 0.001; }; } ); } );",
		pem, pem);
	char *dump = dump_of(text);
	(void)snprintf(expected, sizeof(expected),
		"\"tls\": { \"certificate\": \"%s\", \"key\": \"%s\", \"min_version\": \"1.3\","
		" \"ciphers\": \"\" }",
		pem, pem);
	check_has(dump, expected);
	check_has(dump, "\"names\": [ \"a\" ]");
	check_has(dump, "\"proxy_protocol\": [ \"10.0.0.0/8\", \"unix:\" ]");
	check_has(dump, "\"read\": 0.001");
	/* What is not UTF-8 cannot be shown in JSON as it is. */
	check_has(dump, "\"respond\": { \"status\": 404, \"type\": \"text/plain\","
			" \"body\": \"?\\\"\" }");
	assert_null(strstr(dump, "secret"));
	free(dump);
	conf_help_sweep(&help);
}

static void is_the_same_each_time(void **state)
{
	(void)state;
	char *one = dump_of(CONF_NODES CONF_LISTEN);
	char *other = dump_of(CONF_LISTEN CONF_NODES "timeouts = { read = 600; };");
	assert_string_equal(one, other);
	free(one);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_what_is_in_effect),
		cmocka_unit_test(a_location_shows_its_own),
		cmocka_unit_test(is_the_same_each_time),
	};
	return cmocka_run_group_tests_name("conf/dump", tests, NULL, NULL);
}
